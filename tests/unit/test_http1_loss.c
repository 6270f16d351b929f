/* SPDX-License-Identifier: Apache-2.0 */
/* Holes, ceilings and want of memory; test_http1.c has the messages. */
#include "http1_listener.h"

TEST(http1_holes)
{
	static const struct {
		const char *name;
		struct slice before;
		uint64_t hole;
		struct slice after;
		const char *want;
		int r;
	} holes[] = {
		{ "in a body", SLICE(OK "Content-Length: 9\r\n\r\nab"), 3, SLICE("fghi" OK "\r\nx"),
		  "200 v11 [Content-Length=9]\nbody ab\nhole 3\nbody fghi\ncomplete\n200 v11\nbody "
		  "x\n"
		  "closed\n",
		  0 },
		{ "up to a body's end", SLICE(OK "Content-Length: 9\r\n\r\nab"), 7,
		  SLICE(OK "\r\n"),
		  "200 v11 [Content-Length=9]\nbody ab\nhole 7\ncomplete\n200 v11\nclosed\n", 0 },
		{ "over a body's end", SLICE(OK "Content-Length: 9\r\n\r\nab"), 8, SLICE(""),
		  "200 v11 [Content-Length=9]\nbody ab\nhole 7\nlost\n", -EBADMSG },
		{ "in a chunk", SLICE(OK CHUNKED "\r\n5\r\na"), 3, SLICE("e\r\n0\r\n\r\n"),
		  "200 v11 [Transfer-Encoding=chunked]\nbody a\nhole 3\nbody e\ncomplete\n", 0 },
		{ "up to a chunk's end", SLICE(OK CHUNKED "\r\n5\r\na"), 4,
		  SLICE("\r\n1\r\nx\r\n0\r\n\r\n"),
		  "200 v11 [Transfer-Encoding=chunked]\nbody a\nhole 4\nbody x\ncomplete\n", 0 },
		{ "over a chunk's end", SLICE(OK CHUNKED "\r\n5\r\na"), 5, SLICE(""),
		  "200 v11 [Transfer-Encoding=chunked]\nbody a\nhole 4\nlost\n", -EBADMSG },
		{ "in a chunk size", SLICE(OK CHUNKED "\r\n"), 1, SLICE(""),
		  "200 v11 [Transfer-Encoding=chunked]\nlost\n", -EBADMSG },
		{ "until close", SLICE(OK "\r\na"), 1000, SLICE("b"),
		  "200 v11\nbody a\nhole 1000\nbody b\nclosed\n", 0 },
		{ "in a head", SLICE("HTTP/1.1 2"), 1, SLICE(""), "", -EBADMSG },
		{ "between messages", SLICE(""), 1, SLICE(""), "", -EBADMSG },
		{ "of unknown size until close", SLICE(OK "\r\na"), 0, SLICE("b"),
		  "200 v11\nbody a\nhole 0\nbody b\nclosed\n", 0 },
		{ "of unknown size in a body", SLICE(OK "Content-Length: 9\r\n\r\nab"), 0,
		  SLICE(""), "200 v11 [Content-Length=9]\nbody ab\nlost\n", -EBADMSG },
		{ "of unknown size between messages", SLICE(""), 0, SLICE(""), "", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
		struct listener l;
		struct http1 h;

		test_row("%s", holes[i].name);
		listen_to(&h, &l, true, HTTP_BODY_FRAMED);
		CHECK_INT(http1_feed(&h, holes[i].before.data, holes[i].before.len), 0);
		CHECK_INT(http1_hole(&h, holes[i].hole), holes[i].r);
		CHECK_INT(http1_lost(&h), holes[i].r != 0);
		CHECK_INT(http1_feed(&h, holes[i].after.data, holes[i].after.len), 0);
		http1_eof(&h);
		CHECK_STR(buf_slice(&l.log), holes[i].want);
		release(&h, &l);
	}
}

TEST(http1_raw_holes_are_passed_on)
{
	struct listener l;
	struct http1 h;

	listen_to(&h, &l, true, HTTP_BODY_RAW);
	CHECK_INT(http1_feed(&h, "HTTP/1.1 101 S\r\n\r\nx", 19), 0);
	CHECK_INT(http1_hole(&h, 7), 0);
	CHECK_INT(http1_feed(&h, "y", 1), 0);
	http1_eof(&h);
	CHECK_STR(buf_slice(&l.log), "101 v11\nraw x\nhole 7\nraw y\nclosed\n");
	release(&h, &l);
}

TEST(http1_resync_finds_the_next_message)
{
	struct listener l;
	struct http1 h;

	listen_to(&h, &l, false, HTTP_BODY_FRAMED);
	CHECK(http1_idle(&h));
	CHECK_INT(http1_feed(&h, GET "Ho", 18), 0);
	CHECK(!http1_idle(&h));
	CHECK_INT(http1_hole(&h, 3), -EBADMSG);
	CHECK(http1_lost(&h));
	CHECK_INT(http1_feed(&h, GET "\r\n", 18), -EBADMSG);
	http1_resync(&h);
	CHECK(http1_idle(&h));
	CHECK_INT(http1_feed(&h, GET "Content-Length: 2\r\n\r\na", 38), 0);
	http1_resync(&h);
	CHECK_INT(http1_feed(&h, GET "\r\n", 18), 0);
	CHECK_STR(buf_slice(&l.log),
		  "GET / v11 [Content-Length=2]\nbody a\nlost\nGET / v11\ncomplete\n");
	release(&h, &l);
}

/* A head of `fields` fields with values of `len` bytes. */
static int feed_big_head(size_t fields, size_t len, size_t step)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(4 * HTTP_HEAD_MAX);
	struct listener l;
	struct http1 h;
	int r = 0;

	buf_add_str(&b, GET);
	for (size_t i = 0; i < fields; i++) {
		buf_add_str(&b, "A: ");
		for (size_t k = 0; k < len; k++)
			buf_add_char(&b, 'x');
		buf_add_str(&b, "\r\n");
	}
	buf_add_str(&b, "\r\n");
	listen_to(&h, &l, false, HTTP_BODY_FRAMED);
	for (size_t at = 0; at < b.len && !r; at += step)
		r = http1_feed(&h, b.data + at, MIN(step, b.len - at));
	CHECK_INT(http1_lost(&h), r != 0);
	CHECK_INT(l.heads, r == 0);
	release(&h, &l);
	return r;
}

TEST(http1_heads_have_ceilings)
{
	static const size_t steps[] = { SIZE_MAX / 2, 4000, 7 };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		test_row("%zu at a time", steps[i]);
		CHECK_INT(feed_big_head(HTTP_FIELDS_MAX, 10, steps[i]), 0);
		CHECK_INT(feed_big_head(HTTP_FIELDS_MAX + 1, 10, steps[i]), -ENOBUFS);
		CHECK_INT(feed_big_head(1, HTTP_HEAD_MAX - 23, steps[i]), 0);
		CHECK_INT(feed_big_head(1, HTTP_HEAD_MAX - 22, steps[i]), -ENOBUFS);
	}
}

TEST(http1_chunk_noise_has_ceilings)
{
	static const char *const starts[] = { OK CHUNKED "\r\n1;", OK CHUNKED "\r\n0\r\n" };
	char noise[1000];

	memset(noise, 'x', sizeof(noise));
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct listener l;
		struct http1 h;
		int r = 0;

		listen_to(&h, &l, true, HTTP_BODY_FRAMED);
		CHECK_INT(http1_feed(&h, starts[i], strlen(starts[i])), 0);
		for (size_t n = 0; n < HTTP_HEAD_MAX && !r; n += sizeof(noise))
			r = http1_feed(&h, noise, sizeof(noise));
		CHECK_INT(r, -ENOBUFS);
		release(&h, &l);
	}
}

TEST(http1_without_memory)
{
	int oom = 0, fine = 0;

	EACH_MALLOC_FAILURE
	{
		size_t ends = 0;
		struct listener l;
		struct http1 h;
		int r;

		listen_to(&h, &l, false, HTTP_BODY_FRAMED);
		/* The listener's own memory is not what is tested. */
		buf_reserve(&l.log, 1000);
		buf_reserve(&l.bodies, 1000);
		if (!buf_error(&l.log) && !buf_error(&l.bodies)) {
			r = http1_feed(&h, GET "A: b", 20);
			r = r ? r : http1_feed(&h, "\r\n c\r\n\r\n", 8);
			r = r ? r : http1_feed(&h, GET "A: b\r\n c\r\n\r\n", 28);
			oom += r == -ENOMEM && http1_lost(&h);
			fine += !r && l.heads == 2;
			ends += (size_t)l.ends;
			CHECK(ends <= 2);
		}
		release(&h, &l);
	}
	CHECK(oom >= 1);
	CHECK_INT(fine, 1);
}
