# SPDX-License-Identifier: Apache-2.0
"""Exchanges as the frames of one HTTP/2 connection (RFC 9113), interleaved at random."""
import dataclasses
import struct

import hpack

import reframe

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 4, 6, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
HEADER_TABLE_SIZE = 1


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@dataclasses.dataclass
class Message:
    """One exchange: fields are (name, value), pseudo-header fields first."""
    tag: object
    request: list
    request_body: bytes
    response: list
    response_body: bytes


class Script:
    """Frames of both directions in the order in which they are sent: (direction, bytes, tag).

    Messages of one lane follow each other, lanes do not wait for each other. `wild` adds
    what servers and clients may do besides: trailers, interim answers, pings, priorities,
    windows, another size of the header table, unknown frames.
    """

    def __init__(self, rng, lanes, at_once, wild=False):
        self.rng, self.out, self.next_id, self.wild = rng, [], 1, wild
        self.encoders = [hpack.Encoder(), hpack.Encoder()]
        self.out += [(0, PREFACE + frame(SETTINGS, 0, 0), None), (1, frame(SETTINGS, 0, 0), None),
                     (0, frame(SETTINGS, ACK, 0), None), (1, frame(SETTINGS, ACK, 0), None)]
        waiting, active = list(lanes), []
        while waiting or active:
            if waiting and len(active) < at_once:
                active.append(self.lane(waiting.pop(0)))
            step = rng.choice(active)
            if next(step, None) is None:
                active.remove(step)
            elif wild and rng.random() < 0.02:
                self.aside()

    def lane(self, messages):
        for m in messages:
            yield from self.play(m)

    def aside(self):
        """Frames that are no part of any message."""
        direction, kind = self.rng.randrange(2), self.rng.randrange(5)
        if kind == 0:
            self.out.append((direction, frame(PING, 0, 0, bytes(8)), None))
        elif kind == 1:
            self.out.append((direction, frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 20)), None))
        elif kind == 2:
            self.out.append((0, frame(PRIORITY, 0, self.next_id + 100, bytes(5)), None))
        elif kind == 3:
            self.out.append((direction, frame(0xbe, 0xff, 0, b"grease"), None))
        else:
            # Who reads announces the size, who writes says it in his next block.
            size = self.rng.choice((0, 100, 4096, 65536))
            self.out += [(direction, frame(SETTINGS, 0, 0, struct.pack(">HI", HEADER_TABLE_SIZE, size)), None),
                         (1 - direction, frame(SETTINGS, ACK, 0), None)]
            self.encoders[1 - direction].header_table_size = size

    def head(self, direction, stream, fields, end=0):
        # Encoded when it is sent: the table follows the order on the wire.
        block = self.encoders[direction].encode(fields)
        if self.rng.random() < 0.2 and len(block) > 4:
            cut = self.rng.randrange(1, len(block))
            return frame(HEADERS, end, stream, block[:cut]) + frame(CONTINUATION, END_HEADERS, stream, block[cut:])
        return frame(HEADERS, END_HEADERS | end, stream, block)

    def body(self, stream, data, end=END_STREAM):
        parts = []
        while data or not parts:
            size = self.rng.choice((50, 700, 9000))
            part, data = data[:size], data[size:]
            flags = 0 if data else end
            if self.rng.random() < 0.1:
                pad = self.rng.randrange(20)
                parts.append(frame(DATA, flags | PADDED, stream, bytes([pad]) + part + bytes(pad)))
            else:
                parts.append(frame(DATA, flags, stream, part))
        return parts

    def play(self, m):
        def put(direction, data):
            self.out.append((direction, data, m.tag))
            return True
        stream, self.next_id = self.next_id, self.next_id + 2
        bare = self.wild and not m.request_body  # as GET: the head ends the stream
        yield put(0, self.head(0, stream, m.request, END_STREAM if bare else 0))
        for part in [] if bare else self.body(stream, m.request_body):
            yield put(0, part)
        if self.wild and self.rng.random() < 0.05:
            yield put(1, self.head(1, stream, [(":status", "103"), ("link", "</x>")]))
        trailers = self.wild and self.rng.random() < 0.1
        yield put(1, self.head(1, stream, m.response))
        for part in self.body(stream, m.response_body, 0 if trailers else END_STREAM):
            yield put(1, part)
        if trailers:
            yield put(1, self.head(1, stream, [("x-trailer", "1")], END_STREAM))


def records(rng, script, heads_alone=False):
    """(direction, bytes, tags): frames cut in two, or joined, as single TLS calls carry them.
    `heads_alone`: nothing is joined to a head, so that each call begins at a time of its own."""
    out, sealed = [], -1
    for direction, data, tag in script:
        head = heads_alone and data[3] == HEADERS
        if out and out[-1][0] == direction and rng.random() < 0.2 and not head and sealed != len(out) - 1:
            out[-1] = (direction, out[-1][1] + data, out[-1][2] | {tag})
        elif rng.random() < 0.2 and len(data) > 1:
            cut = rng.randrange(1, len(data))
            out += [(direction, data[:cut], {tag}), (direction, data[cut:], {tag})]
        else:
            out.append((direction, data, {tag}))
        sealed = len(out) - 1 if head else sealed
    return out


# Fields that HTTP/2 does not have (RFC 9113 section 8.2.2).
HOP = ("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "te", "host", "content-length",
       "content-encoding", "expect", "trailer")


def _fields(headers):
    return [(k.lower(), v.strip()) for k, v in headers if k.lower() not in HOP and not k.startswith(":") and "\n" not in v]


def message(rng, tag, x):
    """A recorded exchange as a server might have sent it: codings and line ends at random."""
    path = x.url.split("://", 1)[1]
    request = [(":method", x.method), (":scheme", "https"), (":authority", x.host), (":path", path[path.index("/"):]),
               *_fields(x.req_headers)]
    if not x.header("content-type", "req"):
        request.append(("content-type", "application/json"))
    body, coding = reframe.sse_variant(rng, x.plain) if x.sse else x.plain, rng.choice(reframe.CODINGS)
    response = [(":status", str(x.status)), *_fields(x.res_headers)]
    if coding != "identity":
        response.append(("content-encoding", coding))
        body = reframe.encode(rng, coding, body)
    return Message(tag, request, b"" if x.method == "GET" else x.req_body, response, body)
