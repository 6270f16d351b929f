# SPDX-License-Identifier: Apache-2.0
"""Just enough of Protocol Buffers to say what the mock providers over gRPC say."""
import struct


def varint(n):
    out = b""
    while n > 0x7f:
        out, n = out + bytes([n & 0x7f | 0x80]), n >> 7
    return out + bytes([n])


def message(*fields):
    """Of (number, value): an int, a float (as double), text, or a message's bytes."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 1) + struct.pack("<d", value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def first(data, number):
    """The bytes of the first such field of a message of varints and bytes."""
    at = 0

    def read():
        nonlocal at
        n = shift = 0
        while True:
            byte, at = data[at], at + 1
            n |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return n
    while at < len(data):
        key = read()
        size = {0: 0, 1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            read()
            continue
        size = read() if size is None else size
        if key >> 3 == number:
            return data[at:at + size]
        at += size
    return b""
