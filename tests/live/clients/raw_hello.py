#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A process whose TLS is its own: raw_hello.py PORT SERVER-NAME SECONDS. Sends a ClientHello that it made
by hand, and waits; no TLS library is in it."""
import socket
import struct
import sys
import time

u16 = lambda data: struct.pack(">H", len(data)) + data
sni = b"\0\0" + u16(u16(b"\0" + u16(sys.argv[2].encode())))
body = b"\3\3" + bytes(32) + b"\0" + u16(b"\x13\1") + b"\1\0" + u16(sni)
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(time.time(), flush=True)
connection.sendall(b"\x16\3\1" + u16(b"\1\0" + u16(body)))
time.sleep(float(sys.argv[3]))
