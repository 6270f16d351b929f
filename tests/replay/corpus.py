# SPDX-License-Identifier: Apache-2.0
"""Recorded exchanges of ../shared/corpus, and HAR files made of them."""
import base64
import dataclasses
import datetime
import gzip
import json
import os
import zlib
from urllib.parse import urlsplit

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAMILIES = ("openai", "openai-responses", "anthropic", "azure", "bedrock", "cohere", "deepseek", "gemini", "groq",
            "mistral", "ollama", "openrouter", "vertex", "other")
FAMILIES = tuple(os.environ["FAMILIES"].split()) if os.environ.get("FAMILIES") else FAMILIES


def folder():
    """The corpus lies beside the project; None when it does not."""
    for path in (os.environ.get("GENTAP_CORPUS"), os.path.join(ROOT, "..", "shared", "corpus")):
        if path and os.path.exists(os.path.join(path, "openai.jsonl.gz")):
            return path
    return None


@dataclasses.dataclass
class Exchange:
    family: str
    cassette: str
    number: int
    method: str
    url: str
    req_headers: list
    req_body: bytes  # as it was sent
    status: int
    res_headers: list
    res_body: bytes  # as it was sent, unless the recorder had decoded it
    before: list = dataclasses.field(default_factory=list, repr=False)  # of the same cassette

    def header(self, name, of="res"):
        for k, v in self.req_headers if of == "req" else self.res_headers:
            if k.lower() == name:
                return v
        return None

    @property
    def path(self):
        return urlsplit(self.url).path

    @property
    def host(self):
        return urlsplit(self.url).netloc

    @property
    def plain(self):
        """The response body without its content coding."""
        if self.header("content-encoding") == "gzip" and self.res_body[:2] == b"\x1f\x8b":
            return zlib.decompress(self.res_body, 31)
        return self.res_body

    @property
    def sse(self):
        return self.plain.lstrip()[:6] in (b"data: ", b"event:", b": OPEN")

    @property
    def label(self):
        return "%s/%s#%d %s %s" % (self.family, self.cassette, self.number, self.method, self.path)


def _headers(h):
    out = []
    for k, v in h.items() if isinstance(h, dict) else h:
        out += [(k, x) for x in (v if isinstance(v, list) else [v])]
    return out


def _body(e, prefix):
    if prefix + "_b64" in e:
        return base64.b64decode(e[prefix + "_b64"])
    return (e.get(prefix) or "").encode()


def load(family):
    """Cassettes of one family: lists of exchanges in the order they happened."""
    with gzip.open(os.path.join(folder(), family + ".jsonl.gz"), "rt", encoding="utf-8") as f:
        for line in f:
            c, found = json.loads(line), []
            for n, e in enumerate(c["exchanges"]):
                found.append(Exchange(family, c["id"], n, e["method"].upper(), e["url"], _headers(e["req_headers"]),
                                      _body(e, "req_body"), e["status"], _headers(e["res_headers"]),
                                      _body(e, "res_body"), found[:]))
            yield found


def _content(body):
    """Text where it is text, base64 where not, as browsers save it."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def har_entry(x, start_ns, time_ms):
    when = datetime.datetime.fromtimestamp(start_ns // 10**9, datetime.timezone.utc)
    started = when.strftime("%Y-%m-%dT%H:%M:%S") + ".%03dZ" % (start_ns // 10**6 % 1000)
    headers = lambda hs: [{"name": k, "value": v} for k, v in hs]
    request = {"method": x.method, "url": x.url, "httpVersion": "HTTP/1.1", "cookies": [],
               "headers": headers(x.req_headers), "queryString": [], "headersSize": -1,
               "bodySize": len(x.req_body)}
    if x.req_body:
        request["postData"] = {"mimeType": x.header("content-type", "req") or "application/json",
                               "text": x.req_body.decode()}
    content = dict(_content(x.res_body), size=len(x.plain),
                   mimeType=x.header("content-type") or "application/json")
    return {"startedDateTime": started, "time": time_ms, "cache": {},
            "timings": {"send": 1, "wait": time_ms - 2, "receive": 1},
            "request": request,
            "response": {"status": x.status, "statusText": "", "httpVersion": "HTTP/1.1",
                         "cookies": [], "headers": headers(x.res_headers), "content": content,
                         "redirectURL": "", "headersSize": -1, "bodySize": len(x.res_body)}}


def har(entries):
    return {"log": {"version": "1.2", "creator": {"name": "gentap tests", "version": "1"},
                    "entries": entries}}
