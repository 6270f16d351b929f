# SPDX-License-Identifier: Apache-2.0
"""Recorded exchanges as the bytes of an HTTP/1.1 connection, in one of the many ways in
which a server might have sent them: framing, codings and splits come from `rng`."""
import zlib

import brotli
import zstandard

CODINGS = ("identity", "gzip", "deflate", "br", "zstd")


def pieces(rng, data, low, high):
    i = 0
    while i < len(data):
        n = rng.randint(low, high)
        yield data[i:i + n]
        i += n


def sse_variant(rng, body):
    """Line ends, comments and BOM that mean the same."""
    if not body.endswith(b"\n\n"):
        return body
    text = body
    if rng.random() < 0.3:
        text = text.replace(b"\n\n", b"\n\n: keep-alive\n\n", 1 + rng.randrange(3))
    if rng.random() < 0.2:
        text = text.replace(b"data: ", b"data:")
    if rng.random() < 0.1:
        text = b"\xef\xbb\xbf" + text
    if b"\r" in text:
        return text
    return text.replace(b"\n", rng.choice((b"\n", b"\n", b"\r\n", b"\r")))


def encode(rng, coding, data):
    """The coded body, flushed here and there as servers of streams do."""
    parts = list(pieces(rng, data, 1, max(1, len(data) // rng.randint(1, 6)))) or [b""]
    if coding in ("gzip", "deflate"):
        z = zlib.compressobj(rng.randint(1, 9), zlib.DEFLATED, 31 if coding == "gzip" else 15)
        return b"".join(z.compress(p) + z.flush(zlib.Z_SYNC_FLUSH) for p in parts) + z.flush()
    if coding == "br":
        b = brotli.Compressor(quality=rng.randint(0, 6))
        return b"".join(b.process(p) + b.flush() for p in parts) + b.finish()
    if coding == "zstd":
        z = zstandard.ZstdCompressor(level=rng.randint(1, 6)).compressobj()
        return b"".join(z.compress(p) + z.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for p in parts) + z.flush()
    return data


def chunked(rng, data):
    out = []
    for p in pieces(rng, data, 1, rng.choice((20, 300, 5000, 70000))):
        extension = b";x=\"y\\\"z\"" if rng.random() < 0.05 else b""
        size = (b"%x" if rng.random() < 0.7 else b"%X") % len(p)
        out.append((b"0" if rng.random() < 0.1 else b"") + size + extension + b"\r\n" + p + b"\r\n")
    trailer = b"x-trailer: 1\r\n" if rng.random() < 0.1 else b""
    return b"".join(out) + b"0\r\n" + trailer + b"\r\n"


def head(rng, first, headers):
    case = rng.choice((str, str.lower, str.title))
    lines = [first] + ["%s:%s%s" % (case(k), rng.choice((" ", " ", "", "  ")), v) for k, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


FRAMING = ("content-length", "transfer-encoding", "content-encoding", "connection", "expect", "trailer")


def _kept(headers):
    return [(k, v) for k, v in headers if k.lower() not in FRAMING and "\n" not in v]


def request(rng, x):
    """(head, body bytes on the wire, whether it waits for 100 Continue)."""
    path = x.url.split("://", 1)[1]
    path = path[path.index("/"):]
    # Recorders replace the host in the URL, and forget its header.
    headers = [("host", x.host)] + [(k, v) for k, v in _kept(x.req_headers) if k.lower() != "host"]
    if not x.header("content-type", "req"):
        headers.append(("content-type", "application/json"))
    body, expect = x.req_body, rng.random() < 0.05
    if x.method == "GET":
        body, expect = b"", False
    elif rng.random() < 0.2:
        headers.append(("transfer-encoding", "chunked"))
        body = chunked(rng, body)
    else:
        headers.append(("content-length", str(len(body))))
    if expect:
        headers.append(("expect", "100-continue"))
    return head(rng, "%s %s HTTP/1.1" % (x.method, path), headers), body, expect


def response(rng, x, last):
    """Bytes of head and body; close-delimited only when it is the connection's last."""
    body = sse_variant(rng, x.plain) if x.sse else x.plain
    coding = rng.choice(CODINGS)
    headers = _kept(x.res_headers)
    if coding != "identity":
        headers.append(("content-encoding", coding))
        body = encode(rng, coding, body)
    framing = rng.choice(("length", "chunked", "chunked", "close" if last else "chunked"))
    if framing == "length":
        headers.append(("content-length", str(len(body))))
    elif framing == "chunked":
        headers.append(("transfer-encoding", "chunked"))
        body = chunked(rng, body)
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" if rng.random() < 0.03 else b""
    return interim + head(rng, "HTTP/1.1 %d %s" % (x.status, rng.choice(("OK", "", "Some Reason"))), headers), body


def splits(rng, data):
    """Cut into what single SSL calls would carry."""
    style = rng.random()
    if style < 0.25 and len(data) < 6000:
        return list(pieces(rng, data, 1, 5))
    if style < 0.6 and len(data) < 200000:
        return list(pieces(rng, data, 1, 600))
    if style < 0.8:
        return list(pieces(rng, data, 1, 16384))
    return list(pieces(rng, data, 1, 3 << 20))
