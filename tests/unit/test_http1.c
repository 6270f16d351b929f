/* SPDX-License-Identifier: Apache-2.0 */
#include "http1_listener.h"

struct row {
	const char *name;
	bool response;
	enum http_body answer;
	struct slice in;
	const char *want;
	int r; /* of the feed that fails */
};

static const struct row rows[] = {
	{ "request without a body", false, 0, SLICE(GET "Host: a.b\r\n\r\n"),
	  "GET / v11 authority=a.b [Host=a.b]\ncomplete\n", 0 },
	{ "request with a length", false, 0,
	  SLICE("POST /v1/x?y=z HTTP/1.1\r\ncontent-length:  5 \r\n\r\nhello"),
	  "POST /v1/x?y=z v11 [content-length=5]\nbody hello\ncomplete\n", 0 },
	{ "pipelined, empty lines between", false, 0,
	  SLICE("POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nab\r\n\r\n" GET "\r\n\n" GET "\n"),
	  "POST /a v11 [Content-Length=2]\nbody ab\ncomplete\nGET / v11\ncomplete\nGET / v11\n"
	  "complete\n",
	  0 },
	{ "bare line feeds", false, 0, SLICE("GET / HTTP/1.0\nA: b\n\n"),
	  "GET / v10 [A=b]\ncomplete\n", 0 },
	{ "folded field", false, 0, SLICE(GET "A: b\r\n  c\r\n\td\r\nE:\r\n f\r\nG: h\n i\r\n\r\n"),
	  "GET / v11 [A=b    c  \td] [E=f] [G=h  i]\ncomplete\n", 0 },
	{ "absolute form", false, 0, SLICE("GET http://h:8080/p?q HTTP/1.1\r\nHost: other\r\n\r\n"),
	  "GET /p?q v11 scheme=http authority=h:8080 [Host=other]\ncomplete\n", 0 },
	{ "absolute form without a path", false, 0, SLICE("GET https://h HTTP/1.1\r\n\r\n"),
	  "GET / v11 scheme=https authority=h\ncomplete\n", 0 },
	{ "asterisk", false, 0, SLICE("OPTIONS * HTTP/1.1\r\n\r\n"), "OPTIONS * v11\ncomplete\n",
	  0 },
	{ "CONNECT", false, HTTP_BODY_RAW,
	  SLICE("CONNECT api.x:443 HTTP/1.1\r\nHost: api.x:443\r\n\r\n\x16\x03\x01GET"),
	  "CONNECT api.x:443 v11 authority=api.x:443 [Host=api.x:443]\nraw "
	  "\x16\x03\x01GET\nclosed\n",
	  0 },
	{ "response with a length", true, 0,
	  SLICE(OK "Content-Length: 3\r\n\r\nabc" OK "Content-Length: 0\r\n\r\n"),
	  "200 v11 [Content-Length=3]\nbody abc\ncomplete\n200 v11 [Content-Length=0]\ncomplete\n",
	  0 },
	{ "response until close", true, 0, SLICE("HTTP/1.0 200\r\n\r\nabc\r\n\r\nHTTP/1.1 200 OK"),
	  "200 v10\nbody abc\r\n\r\nHTTP/1.1 200 OK\nclosed\n", 0 },
	{ "response with nothing until close", true, 0, SLICE(OK "\r\n"), "200 v11\nclosed\n", 0 },
	{ "empty reason", true, 0, SLICE("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"),
	  "404 v11 [Content-Length=0]\ncomplete\n", 0 },
	{ "204 and 304 have no body", true, 0,
	  SLICE("HTTP/1.1 204 x\r\nContent-Length: 9\r\n\r\nHTTP/1.1 304 x\r\n" CHUNKED "\r\n"),
	  "204 v11 [Content-Length=9]\ncomplete\n304 v11 [Transfer-Encoding=chunked]\ncomplete\n",
	  0 },
	{ "answer to HEAD", true, HTTP_BODY_NONE,
	  SLICE(OK "Content-Length: 9\r\n\r\n" OK CHUNKED "\r\n"),
	  "200 v11 [Content-Length=9]\ncomplete\n200 v11 [Transfer-Encoding=chunked]\ncomplete\n",
	  0 },
	{ "100 and 103 are passed over", true, 0,
	  SLICE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OK
		"Content-Length: 1\r\n\r\na"),
	  "200 v11 [Content-Length=1]\nbody a\ncomplete\n", 0 },
	{ "101 as it is", true, 0, SLICE("HTTP/1.1 101 S\r\n\r\n"), "101 v11\ncomplete\n", 0 },
	{ "101, then another protocol", true, HTTP_BODY_RAW,
	  SLICE("HTTP/1.1 101 S\r\n\r\n\x81\x02hi"), "101 v11\nraw \x81\x02hi\nclosed\n", 0 },
	{ "chunked", true, 0,
	  SLICE(OK CHUNKED "\r\n5\r\nhello\r\n1\r\n \r\n00a\r\n0123456789\r\n0\r\n\r\n" OK
			   "Content-Length: 0\r\n\r\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody hello 0123456789\ncomplete\n"
	  "200 v11 [Content-Length=0]\ncomplete\n",
	  0 },
	{ "chunk extensions and trailers", true, 0,
	  SLICE(OK CHUNKED
		"\r\n2;a=b;c=\"d\"\r\nab\r\n1 ; x\r\nc\r\n0;end\r\nT: v\r\n U: w\r\n\r\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody abc\ncomplete\n", 0 },
	{ "chunks with bare line feeds", true, 0, SLICE(OK CHUNKED "\r\n2\nab\n1\nc\n0\nT: v\n\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody abc\ncomplete\n", 0 },
	{ "chunked wins over the length", false, 0,
	  SLICE("POST / HTTP/1.1\r\nContent-Length: 99\r\n" CHUNKED "\r\n1\r\na\r\n0\r\n\r\n" GET
		"\r\n"),
	  "POST / v11 [Content-Length=99] [Transfer-Encoding=chunked]\nbody a\ncomplete\nGET / "
	  "v11\n"
	  "complete\n",
	  0 },
	{ "chunked as the last of several codings", true, 0,
	  SLICE(OK "Transfer-Encoding: gzip\r\ntransfer-encoding: , "
		   "CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n"),
	  "200 v11 [Transfer-Encoding=gzip] [transfer-encoding=, CHUNKED]\nbody a\ncomplete\n", 0 },
	{ "identity says nothing", true, 0,
	  SLICE(OK "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na"),
	  "200 v11 [Transfer-Encoding=identity] [Content-Length=1]\nbody a\ncomplete\n", 0 },
	{ "another coding ends with the connection", true, 0,
	  SLICE(OK "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nabc"),
	  "200 v11 [Transfer-Encoding=gzip] [Content-Length=1]\nbody abc\nclosed\n", 0 },
	{ "equal lengths", true, 0, SLICE(OK "Content-Length: 1, 1\r\nContent-Length: 1\r\n\r\na"),
	  "200 v11 [Content-Length=1, 1] [Content-Length=1]\nbody a\ncomplete\n", 0 },
	{ "eof in a head", false, 0, SLICE(GET "Host: a"), "", 0 },
	{ "eof in a body", true, 0, SLICE(OK "Content-Length: 5\r\n\r\nab"),
	  "200 v11 [Content-Length=5]\nbody ab\ntruncated\n", 0 },
	{ "eof in a chunk", true, 0, SLICE(OK CHUNKED "\r\n5\r\nab"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody ab\ntruncated\n", 0 },
	{ "eof between chunks", true, 0, SLICE(OK CHUNKED "\r\n2\r\nab\r\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody ab\ntruncated\n", 0 },
	{ "eof in the trailer", true, 0, SLICE(OK CHUNKED "\r\n2\r\nab\r\n0\r\nT: v"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody ab\ncomplete\n", 0 },

	{ "different lengths", true, 0,
	  SLICE(OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "", -EBADMSG },
	{ "different lengths in a list", true, 0, SLICE(OK "Content-Length: 1, 2\r\n\r\nab"), "",
	  -EBADMSG },
	{ "signed length", true, 0, SLICE(OK "Content-Length: +1\r\n\r\na"), "", -EBADMSG },
	{ "no length", true, 0, SLICE(OK "Content-Length:\r\n\r\na"), "", -EBADMSG },
	{ "length over 64 bits", true, 0, SLICE(OK "Content-Length: 18446744073709551616\r\n\r\na"),
	  "", -EBADMSG },
	{ "request with another coding", false, 0, SLICE(GET "Transfer-Encoding: gzip\r\n\r\n"), "",
	  -EBADMSG },
	{ "coding behind chunked", true, 0, SLICE(OK "Transfer-Encoding: chunked, gzip\r\n\r\n"),
	  "", -EBADMSG },
	{ "chunked twice", true, 0, SLICE(OK CHUNKED CHUNKED "\r\n"), "", -EBADMSG },
	{ "space before the colon", false, 0, SLICE(GET "Content-Length : 1\r\n\r\na"), "",
	  -EBADMSG },
	{ "no colon", false, 0, SLICE(GET "Host\r\n\r\n"), "", -EBADMSG },
	{ "no field name", false, 0, SLICE(GET ": x\r\n\r\n"), "", -EBADMSG },
	{ "fold in front of the first field", false, 0, SLICE(GET " A: b\r\n\r\n"), "", -EBADMSG },
	{ "CR in a field", false, 0, SLICE(GET "A: b\rC: d\r\n\r\n"), "", -EBADMSG },
	{ "CR on a line of its own", false, 0, SLICE(GET "A: b\r\n\r\r\n\r\n"), "", -EBADMSG },
	{ "NUL in a field", false, 0, SLICE(GET "A: b\0c\r\n\r\n"), "", -EBADMSG },
	{ "HTTP/2 preface", false, 0, SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "", -EBADMSG },
	{ "HTTP/0.9", false, 0, SLICE("GET /\r\n\r\n"), "", -EBADMSG },
	{ "space in the target", false, 0, SLICE("GET /a b HTTP/1.1\r\n\r\n"), "", -EBADMSG },
	{ "no target", false, 0, SLICE("GET  HTTP/1.1\r\n\r\n"), "", -EBADMSG },
	{ "target of no known form", false, 0, SLICE("GET a/b HTTP/1.1\r\n\r\n"), "", -EBADMSG },
	{ "TLS", false, 0, SLICE("\x16\x03\x01\x02"), "", -EBADMSG },
	{ "request where responses should be", true, 0, SLICE(GET "\r\n"), "", -EBADMSG },
	{ "status of two digits", true, 0, SLICE("HTTP/1.1 20 \r\n\r\n"), "", -EBADMSG },
	{ "status of four digits", true, 0, SLICE("HTTP/1.1 2000\r\n\r\n"), "", -EBADMSG },
	{ "status below 100", true, 0, SLICE("HTTP/1.1 099 x\r\n\r\n"), "", -EBADMSG },
	{ "garbage behind a message", false, 0, SLICE(GET "\r\n{}"), "GET / v11\ncomplete\n",
	  -EBADMSG },
	{ "no chunk size", true, 0, SLICE(OK CHUNKED "\r\n\r\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nlost\n", -EBADMSG },
	{ "chunk size with a prefix", true, 0, SLICE(OK CHUNKED "\r\n0x5\r\nhello"),
	  "200 v11 [Transfer-Encoding=chunked]\nlost\n", -EBADMSG },
	{ "chunk size over 64 bits", true, 0, SLICE(OK CHUNKED "\r\n00000000000000005\r\nhello"),
	  "200 v11 [Transfer-Encoding=chunked]\nlost\n", -EBADMSG },
	{ "CR in a chunk extension", true, 0, SLICE(OK CHUNKED "\r\n1;\rx\r\na\r\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nlost\n", -EBADMSG },
	{ "chunk longer than its size", true, 0, SLICE(OK CHUNKED "\r\n1\r\nab\r\n"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody a\nlost\n", -EBADMSG },
	{ "CR without LF behind a chunk", true, 0, SLICE(OK CHUNKED "\r\n1\r\na\rb"),
	  "200 v11 [Transfer-Encoding=chunked]\nbody a\nlost\n", -EBADMSG },
};

/* Feeds a copy that ends with its last byte, so that ASan sees a read past it. */
static int feed(struct http1 *h, const char *data, size_t len)
{
	_cleanup_free_ char *copy = malloc(len ? len : 1);

	memcpy(copy, data, len);
	return http1_feed(h, copy, len);
}

/* Feeds a row in pieces of `step` bytes after a first one of `first`. */
static void run(const struct row *row, size_t first, size_t step)
{
	struct listener l;
	struct http1 h;
	int r = 0;

	test_row("%s, split at %zu", row->name, first);
	listen_to(&h, &l, row->response, row->answer);
	for (size_t at = 0, len = first; at < row->in.len && !r; at += len, len = step)
		r = feed(&h, row->in.data + at, MIN(len ? len : 1, row->in.len - at));
	CHECK_INT(r, row->r);
	CHECK_INT(http1_lost(&h), row->r != 0);
	http1_eof(&h);
	CHECK_STR(buf_slice(&l.log), row->want);
	CHECK_INT(buf_error(&l.log), 0);
	release(&h, &l);
}

TEST(http1_messages_at_every_split)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t split = 1; split <= rows[i].in.len; split++)
			run(&rows[i], split, rows[i].in.len);
		run(&rows[i], 1, 1);
		run(&rows[i], 3, 3);
	}
}

/* Cuts `len` bytes out of a row at `from`. What is passed on must be the truth, in its
 * place: no invented byte, no more bytes than there were. */
static void run_hole(const struct row *row, struct slice truth, size_t from, size_t len)
{
	struct listener l;
	struct http1 h;
	struct slice got;

	test_row("%s, hole of %zu at %zu", row->name, len, from);
	listen_to(&h, &l, row->response, row->answer);
	http1_feed(&h, row->in.data, from);
	http1_hole(&h, len);
	http1_feed(&h, row->in.data + from + len, row->in.len - from - len);
	http1_eof(&h);
	got = buf_slice(&l.bodies);
	CHECK(got.len <= truth.len);
	for (size_t i = 0; i < got.len && i < truth.len; i++)
		CHECK(got.data[i] == '?' || got.data[i] == truth.data[i]);
	release(&h, &l);
}

TEST(http1_hole_at_every_position)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct listener l;
		struct http1 h;

		listen_to(&h, &l, rows[i].response, rows[i].answer);
		http1_feed(&h, rows[i].in.data, rows[i].in.len);
		http1_eof(&h);
		for (size_t from = 0; !rows[i].r && from < rows[i].in.len; from++)
			for (size_t len = 1; len <= rows[i].in.len - from; len++)
				run_hole(&rows[i], buf_slice(&l.bodies), from, len);
		release(&h, &l);
	}
}

TEST(http1_plausible_heads)
{
	static const struct {
		const char *in;
		bool request, response;
	} starts[] = {
		{ "", true, true },
		{ "P", true, false },
		{ "POST /v1", true, false },
		{ "POSTER /", false, false },
		{ "DELETE /", true, false },
		{ "OPTIONS ", true, false },
		{ "H", true, true },
		{ "HEAD / H", true, false },
		{ "HTTP/1.1", false, true },
		{ "HTTP/1.x", false, false },
		{ "HTTP/2 2", false, false },
		{ "PRI * HT", false, false },
		{ "{\"a\":1}", false, false },
		{ "get / ht", false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		size_t len = strlen(starts[i].in);

		test_row("%s", starts[i].in);
		CHECK_INT(http1_plausible_head(false, starts[i].in, len), starts[i].request);
		CHECK_INT(http1_plausible_head(true, starts[i].in, len), starts[i].response);
	}
	test_row(NULL);
	CHECK(http1_plausible_head(false, NULL, 0));
}

TEST(http_head_fields)
{
	static const struct http_field fields[] = {
		{ SLICE("Accept"), SLICE("a") },
		{ SLICE("connection"), SLICE("keep-alive , Upgrade") },
		{ SLICE("ACCEPT"), SLICE("b") },
		{ SLICE("Connection"), SLICE("x") },
		{ SLICE("Empty"), SLICE("") },
	};
	struct http_head h = { .fields = fields, .n_fields = ARRAY_LEN(fields) };

	CHECK_STR(http_head_get(&h, SLICE("accept")), "a");
	CHECK_STR(http_head_get(&h, SLICE("empty")), "");
	CHECK(!http_head_get(&h, SLICE("accep")).data);
	CHECK(http_head_has_token(&h, SLICE("Connection"), SLICE("upgrade")));
	CHECK(http_head_has_token(&h, SLICE("Connection"), SLICE("keep-alive")));
	CHECK(http_head_has_token(&h, SLICE("Connection"), SLICE("x")));
	CHECK(!http_head_has_token(&h, SLICE("Connection"), SLICE("keep")));
	CHECK(!http_head_has_token(&h, SLICE("none"), SLICE("x")));
}
