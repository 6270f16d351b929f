/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1 from records to exchanges: conn.c, http1_conn.c, pairing.c, early.c together. */
#include "cleanup.h"
#include "fake_decoder.h"
#include "h2_feeder.h"

#define POST(path, body_len)                                                                       \
	"POST " path " HTTP/1.1\r\nHost: h\r\nContent-Length: " #body_len "\r\n\r\n"
#define OK(body_len) "HTTP/1.1 200 OK\r\nContent-Length: " #body_len "\r\n\r\n"

static unsigned int verdicts[3];
static enum gentap_verdict verdict;

static void on_call(void *ctx, struct call *call)
{
	(void)ctx, (void)call;
}

static void on_verdict(void *ctx, struct conn_id id, enum gentap_verdict v)
{
	(void)ctx, (void)id;
	verdicts[v]++;
	verdict = v;
}

static void begin(struct feeder *f)
{
	const struct pipeline_sink sink = { .call = on_call, .verdict = on_verdict };

	memset(verdicts, 0, sizeof(verdicts));
	verdict = GENTAP_UNKNOWN;
	buf_reset(&fake_log, 0);
	feeder_open(f, &pipeline_config_default, &sink);
}

/* The kernel's rule for an ignored connection: only a call that looks like a request. */
static bool kernel_drops(struct slice data)
{
	static const char *const methods[] = { "GET ", "POST ", "PUT ", "HEAD ", "OPTIONS " };

	if (verdict != GENTAP_IGNORED)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (slice_starts(data, slice_from(methods[i]))) {
			verdict = GENTAP_UNKNOWN;
			return false;
		}
	return true;
}

struct line {
	char dir; /* '>' from the client, '<' to it; 0 ends */
	const char *text;
};

struct row {
	const char *name;
	struct line lines[8]; /* single calls, in order */
	const char *want;
};

static struct slice bytes_of(const struct line *l)
{
	return slice_from(l->text);
}

/* cut: of all bytes; SIZE_MAX: everywhere. kernel: it drops what it would drop; else all is
 * there, as in a recording. */
static void run(const struct row *row, size_t cut, bool server_side, bool kernel)
{
	struct feeder f;
	size_t at = 0;

	begin(&f);
	f.server_side = server_side;
	for (const struct line *l = row->lines; f.p && l->dir; l++) {
		struct slice rest = bytes_of(l);

		while (rest.len) {
			size_t n = cut == SIZE_MAX		     ? 1
				   : cut > at && cut < at + rest.len ? cut - at
								     : rest.len;
			struct slice part = slice_sub(rest, 0, n);

			feed_at(&f, l->dir == '>' ? CLIENT : SERVER, part, f.now_ns += 1000,
				kernel && kernel_drops(part));
			rest = slice_sub(rest, n, rest.len);
			at += n;
		}
	}
	pipeline_free(f.p);
}

static const struct row rows[] = {
	{ "keep-alive",
	  { { '>', POST("/v1/a", 2) "hi" },
	    { '<', OK(2) "ok" },
	    { '>', POST("/v1/b", 2) },
	    { '>', "hi" },
	    { '<', OK(2) },
	    { '<', "ok" } },
	  "#0 POST /v1/a hi > 200 ok : complete\n#1 POST /v1/b hi > 200 ok : complete\n" },
	{ "pipelined",
	  { { '>', POST("/v1/a", 1) "a" POST("/v1/b", 1) "b" POST("/v1/c", 1) "c" },
	    { '<', OK(1) "A" OK(1) "B" },
	    { '<', OK(1) "C" } },
	  "#0 POST /v1/a a > 200 A : complete\n#1 POST /v1/b b > 200 B : complete\n"
	  "#2 POST /v1/c c > 200 C : complete\n" },
	{ "pipelined behind one that is not wanted",
	  { { '>', POST("/x", 1) "a" },
	    { '>', POST("/v1/b", 1) "b" },
	    { '<', OK(1) "A" },
	    { '<', OK(1) "B" } },
	  "#1 POST /v1/b b > 200 B : complete\n" },
	{ "pipelined behind two, one of them a HEAD",
	  { { '>', "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" },
	    { '>', "GET /y HTTP/1.1\r\nHost: h\r\n\r\n" },
	    { '>', POST("/v1/c", 1) "c" },
	    { '<', OK(9) },
	    { '<', OK(1) "Y" },
	    { '<', OK(1) "C" } },
	  "#2 POST /v1/c c > 200 C : complete\n" },
	{ "after one that is not wanted, whose answer is there",
	  { { '>', POST("/x", 1) "a" },
	    { '<', OK(1) "A" },
	    { '>', POST("/v1/b", 1) "b" },
	    { '<', OK(1) "B" } },
	  "#1 POST /v1/b b > 200 B : complete\n" },
	{ "1xx answers, and a response that begins while the request goes on",
	  { { '>', "POST /v1/a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n" },
	    { '<', "HTTP/1.1 100 Continue\r\n\r\n" },
	    { '>', "bo" },
	    { '<', "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" OK(2) "n" },
	    { '>', "dy" },
	    { '<', "o" } },
	  "#0 POST /v1/a bo > 200 ndyo : complete\n" }, /* as it came */
	{ "HEAD, 204, and chunks with a trailer",
	  { { '>', "HEAD /v1/a HTTP/1.1\r\nHost: h\r\n\r\n" },
	    { '<', OK(5) },
	    { '>', "DELETE /v1/b HTTP/1.1\r\nHost: h\r\n\r\n" },
	    { '<', "HTTP/1.1 204 No Content\r\n\r\n" },
	    { '>', "GET /v1/c HTTP/1.1\r\nHost: h\r\n\r\n" },
	    { '<', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=1\r\nok\r\n0\r\n"
		   "t: 1\r\n\r\n" } },
	  "#0 HEAD /v1/a  > 200  : complete\n#1 DELETE /v1/b  > 204  : complete\n"
	  "#2 GET /v1/c  > 200 ok : complete\n" },
	{ "until the connection closes",
	  { { '>', "GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n" },
	    { '<', "HTTP/1.0 200 OK\r\n\r\nall of it" } },
	  "#0 GET /v1/a  > 200 all of it : closed\n" },
	{ "closed in the middle",
	  { { '>', "GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n" }, { '<', OK(9) "half" } },
	  "#0 GET /v1/a  > 200 half : truncated\n" },
	{ "no answer", { { '>', POST("/v1/a", 2) "hi" } }, "#0 POST /v1/a hi : abort\n" },
	{ "a response that nobody asked for",
	  { { '>', POST("/v1/a", 1) "a" },
	    { '<', OK(1) "A" },
	    { '<', "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n" } },
	  "#0 POST /v1/a a > 200 A : complete\n" },
};

TEST(http1_conn_every_split)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = 0;

		for (const struct line *l = rows[i].lines; l->dir; l++)
			len += strlen(l->text);
		for (size_t cut = 0; cut <= 2 * len + 1; cut++) {
			test_row("%s, cut at %zd, side %zu", rows[i].name,
				 cut / 2 == len ? (ssize_t)-1 : (ssize_t)(cut / 2), cut & 1);
			run(&rows[i], cut / 2 == len ? SIZE_MAX : cut / 2, cut & 1, false);
			CHECK_INT(fake_open, 0);
			if (!slice_eq(buf_slice(&fake_log), slice_from(rows[i].want))) {
				CHECK_STR(buf_slice(&fake_log), rows[i].want);
				break;
			}
		}
	}
	test_row(NULL);
}

/* Where the kernel does not send what nobody wanted. */
TEST(http1_conn_ignored_by_the_kernel)
{
	static const struct row kernel[] = {
		{ "one, and its answer, and one that is",
		  { { '>', POST("/x", 9) },
		    { '>', "some text" },
		    { '<', OK(6) "answer" },
		    { '>', POST("/v1/b", 1) "b" },
		    { '<', OK(1) "B" } },
		  "#1 POST /v1/b b > 200 B : complete\n" },
		{ "pipelined: nothing of the response has passed",
		  { { '>', POST("/x", 1) "a" },
		    { '>', POST("/v1/b", 1) "b" },
		    { '<', OK(1) "A" OK(1) "B" } },
		  "#1 POST /v1/b b > 200 B : complete\n" },
		{ "no HTTP",
		  { { '>', "EHLO x\r\n" }, { '<', "250 y\r\n" }, { '>', "POST x\r\n" } },
		  "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(kernel); i++) {
		test_row("%s", kernel[i].name);
		run(&kernel[i], 0, false, true);
		buf_add_str(&fake_log, "");
		CHECK_STR(buf_slice(&fake_log), kernel[i].want);
		CHECK(verdicts[GENTAP_IGNORED] >= 1);
	}
	test_row(NULL);
}

/* Every record lost in turn, cut into small ones: what is told of a call is its own. */
TEST(http1_conn_lost_records)
{
	static const struct row talk = {
		"",
		{ { '>', POST("/v1/a", 4) "aaaa" },
		  { '<', OK(4) "AAAA" },
		  { '>', POST("/v1/b", 4) "bbbb" },
		  { '<', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "2\r\nBB\r\n2\r\nBB\r\n0\r\n\r\n" },
		  { '>', POST("/v1/c", 4) "cccc" },
		  { '<', OK(4) "CCCC" } },
		NULL,
	};

	for (size_t size = 3; size < 40; size += 6)
		for (size_t lost = 0, n = 1; lost < n; lost++) {
			struct feeder f;

			begin(&f);
			n = 0;
			for (const struct line *l = talk.lines; l->dir; l++)
				for (struct slice rest = bytes_of(l); rest.len;
				     rest = slice_sub(rest, MIN(size, rest.len), rest.len))
					feed_at(&f, l->dir == '>' ? CLIENT : SERVER,
						slice_sub(rest, 0, size), f.now_ns += 1000,
						n++ == lost);
			pipeline_free(f.p);
			test_row("record %zu of %zu bytes", lost, size);
			CHECK_INT(fake_open, 0);
			for (struct slice rest = buf_slice(&fake_log); rest.len;) {
				struct slice line = slice_cut(&rest, '\n');

				/* A letter of one call and the capital of another. */
				for (char c = 'a'; c <= 'c'; c++)
					for (char d = 'A'; d <= 'C'; d++)
						CHECK(d - 'A' == c - 'a' ||
						      slice_find(line,
								 (struct slice){ (char[]){ c, c },
										 2 }) < 0 ||
						      slice_find(line,
								 (struct slice){ (char[]){ d, d },
										 2 }) < 0);
			}
			/* What a loss in the first two left alone. */
			if (lost < n * 6 / 10)
				CHECK(slice_find(buf_slice(&fake_log),
						 SLICE("POST /v1/c cccc > 200 CCCC : complete")) >=
				      0);
		}
	test_row(NULL);
}

/* The answer's record overtakes that of its request's last piece. */
TEST(http1_conn_overtaken_request)
{
	struct feeder f;

	begin(&f);
	feed_at(&f, CLIENT, SLICE(POST("/v1/a", 1) "a"), 1000, false);
	feed_at(&f, SERVER, SLICE(OK(1) "A"), 2000, false);
	feed_at(&f, SERVER, SLICE(OK(1) "B"), 4000, false);
	feed_at(&f, CLIENT, SLICE(POST("/v1/b", 1) "b"), 3000, false);
	pipeline_free(f.p);
	CHECK_STR(buf_slice(&fake_log),
		  "#0 POST /v1/a a > 200 A : complete\n#1 POST /v1/b b > 200 B : complete\n");
}

TEST(http1_conn_joined_midway)
{
	struct feeder f;

	begin(&f);
	f.flags = GENTAP_F_MIDSTREAM;
	feed_at(&f, CLIENT, SLICE("rest of a body"), 1000, false);
	feed_at(&f, SERVER, SLICE(OK(1) "A"), 2000, false);
	feed_at(&f, CLIENT, SLICE(POST("/v1/b", 1) "b"), 3000, false);
	feed_at(&f, SERVER, SLICE(OK(1) "B"), 4000, false);
	pipeline_free(f.p);
	CHECK(slice_find(buf_slice(&fake_log), SLICE("POST /v1/b b > 200 B : complete")) >= 0);
	CHECK(slice_find(buf_slice(&fake_log), SLICE("> 200 A")) < 0);
}

/* 100 requests without an answer, a head that never ends, bytes of nothing. */
TEST(http1_conn_hostile)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 24);
	struct feeder f;

	begin(&f);
	for (int i = 0; i < 100; i++)
		feed_at(&f, CLIENT, SLICE(POST("/v1/a", 1) "a"), f.now_ns += 10, false);
	CHECK(fake_open <= 64);
	pipeline_free(f.p);
	begin(&f);
	for (int i = 0; i < 100; i++)
		feed_at(&f, CLIENT,
			i ? SLICE("x-y: z\r\nx-y: z\r\n") : SLICE("POST /v1/a HTTP/1.1\r\n"),
			f.now_ns += 10, false);
	for (int i = 0; i < 65536; i++)
		buf_add_str(&b, "h: v\r\n");
	for (size_t at = 0; at < b.len; at += GENTAP_CHUNK_MAX)
		feed_at(&f, CLIENT, slice_sub(buf_slice(&b), at, GENTAP_CHUNK_MAX), f.now_ns += 10,
			false);
	CHECK(pipeline_stats(f.p)->parse_errors[PIPELINE_HTTP1] > 0);
	feed_at(&f, SERVER, SLICE("\0\0\0\0\0\0\0\0\0"), f.now_ns += 10, false);
	pipeline_free(f.p);
	CHECK_INT(fake_open, 0);
}

TEST(http1_conn_without_memory)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EACH_MALLOC_FAILURE
		{
			run(&rows[i], 30, false, false);
			CHECK_INT(fake_open, 0);
		}
}
