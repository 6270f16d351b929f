# SPDX-License-Identifier: Apache-2.0
"""Writes trace files as agent/flow/tracefile.h defines them, of records as
include/gentap_event.h defines them."""
import ipaddress
import json
import struct

MAGIC = b"gentap\n\0"
VERSION, ABI = 1, 1
CHUNK_MAX = 16384
DATA, CLOSE, BIND, HELLO = 1, 2, 3, 4
WRITE, READ = 0, 1
OPENSSL, SOCKET = 1, 8
FIRST, LAST, NOCOPY = 1, 2, 4
RECORD, PROCESS, EXIT, EXEC, END = 1, 2, 3, 4, 5


class Connection:
    """Records of one TLS object. Each has (ts_ns, order, bytes) and goes to `out`."""

    def __init__(self, out, tgid, ptr, gen=1, source=OPENSSL):
        self.out, self.tgid, self.ptr, self.gen, self.source = out, tgid, ptr, gen, source
        self.seq = [0, 0]
        self.pos = [0, 0]

    def call(self, direction, data, ts_ns, tid=None, lose=None):
        """One SSL_write or SSL_read: a chain of records. lose(n) true: record n is refused,
        as by a full ring."""
        pieces = [data[i:i + CHUNK_MAX] for i in range(0, len(data), CHUNK_MAX)]
        for n, piece in enumerate(pieces):
            flags = (FIRST if n == 0 else 0) | (LAST if n == len(pieces) - 1 else 0)
            if not (lose and lose(n)):
                self._put(DATA, direction, flags, ts_ns, tid, len(data), piece)
            self.seq[direction] += 1
            self.pos[direction] += len(piece)

    def hole(self, direction, length, ts_ns):
        """Bytes that could not be read: a record without payload."""
        self._put(DATA, direction, FIRST | LAST | NOCOPY, ts_ns, None, length, b"")
        self.seq[direction] += 1
        self.pos[direction] += length

    def bind(self, peer_port, ts_ns, peer="127.0.0.1"):
        """Which socket carries it."""
        address = lambda a: ipaddress.ip_address(a).packed.ljust(16, b"\0")
        data = struct.pack("<QB3xHH16s16s", self.ptr + 8, 2, 40000, peer_port, address("127.0.0.1"), address(peer))
        self._put(BIND, WRITE, 0, ts_ns, None, 0, data)

    def hello(self, name, ts_ns):
        """Its socket begins TLS: a ClientHello (RFC 8446 section 4.1.2) with a server's name."""
        u16 = lambda data: struct.pack(">H", len(data)) + data
        sni = b"\0\0" + u16(u16(b"\0" + u16(name.encode())))
        body = b"\3\3" + bytes(32) + b"\0" + u16(b"\x13\1") + b"\1\0" + u16(sni)
        data = b"\x16\3\1" + u16(b"\1\0" + u16(body))
        sock = Connection(self.out, self.tgid, self.ptr + 8, self.gen, SOCKET)
        sock._put(HELLO, WRITE, FIRST | LAST, ts_ns, None, len(data), data)

    def close(self, ts_ns):
        """With where both directions end; pos of WRITE, as any record's."""
        self._put(CLOSE, WRITE, 0, ts_ns, None, self.pos[READ], b"")

    def _put(self, kind, direction, flags, ts_ns, tid, call_len, data):
        head = struct.pack("<BBBBIQQQIIQQII", kind, direction, self.source, flags, tid or self.tgid, ts_ns,
                           self.ptr, self.gen, self.tgid, self.seq[direction], self.pos[direction],
                           call_len, len(data), 0)
        self.out.append((ts_ns, len(self.out), head + data))


def write(file, records, processes=(), boot_to_wall_ns=0, exits=()):
    """records: what Connections put out, in any order; exits: (ts_ns, tgid)."""
    frame = lambda kind, payload: file.write(struct.pack("<II", kind, len(payload)) + payload)
    file.write(MAGIC + struct.pack("<IIq", VERSION, ABI, boot_to_wall_ns) + bytes(16))
    for p in processes:
        frame(PROCESS, json.dumps(p).encode())
    timeline = [(ts, n, RECORD, data) for ts, n, data in records]
    timeline += [(ts, 1 << 60, EXIT, struct.pack("<IIQ", tgid, 0, ts)) for ts, tgid in exits]
    for _, _, kind, data in sorted(timeline):
        frame(kind, data)
    frame(END, struct.pack("<QQ", len(records), 0))
