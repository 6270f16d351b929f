/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "h2_session.h"
#include "test.h"

#include <errno.h>

#define REQUEST                                                                                    \
	":method: POST\n:scheme: https\n:authority: api.example\n:path: /v1/chat\n"                \
	"content-type: application/json\nuser-agent: test/1\n"
#define REQUEST_SEEN "POST /v1/chat @api.example content-type=application/json user-agent=test/1"
#define ANSWER ":status: 200\ncontent-type: text/event-stream\nx-id: 7\n"
#define ANSWER_SEEN "200 content-type=text/event-stream x-id=7"

/* Feeds all records, each cut at `split` and marked as a record. */
static void feed_session(struct h2 *h, const struct session *s, size_t split)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct session_record *r = &s->records[i];
		const char *data = s->bytes.data + r->at;

		h2_mark(h, r->dir, r->len);
		for (size_t at = 0; at < r->len;) {
			size_t len = split && split < r->len - at ? split : r->len - at;

			h2_feed(h, r->dir, data + at, len);
			at += len;
		}
	}
}

static void check_session(const struct session *s, bool midstream, const char *want)
{
	size_t longest = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->records[i].len > longest)
			longest = s->records[i].len;
	for (size_t split = 0; split <= longest && split < 200; split++) {
		struct transcript t;
		struct h2_sink sink = transcript_sink(&t);
		struct h2 h;

		test_row("split %zu", split);
		h2_init(&h, H2_ROLE_UNKNOWN, midstream, &sink);
		feed_session(&h, s, split);
		CHECK_STR(buf_slice(&t.text), want);
		if (!slice_eq(buf_slice(&t.text), slice_from(want)))
			split = longest;
		h2_release(&h);
		buf_release(&t.text);
	}
	test_row(NULL);
}

TEST(h2_one_exchange)
{
	struct session s;

	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1, REQUEST, 0);
	session_data(&s, CLIENT, 1, "{\"model\":", 0);
	session_data(&s, CLIENT, 1, "\"m\"}", H2_END_STREAM);
	session_head(&s, SERVER, 1, ANSWER, 0);
	session_data(&s, SERVER, 1, "data: 1\n\n", 0);
	session_data(&s, SERVER, 1, "", H2_END_STREAM);
	session_head(&s, CLIENT, 3, REQUEST, H2_END_STREAM);
	session_head(&s, SERVER, 3, ANSWER, H2_END_STREAM);
	check_session(&s, false,
		      "\n1> head " REQUEST_SEEN "\n1> body {\"model\":\"m\"}\n1> complete"
		      "\n1< head " ANSWER_SEEN "\n1< body data: 1\n\n\n1< complete\n1 gone"
		      "\n3> head " REQUEST_SEEN "\n3> complete"
		      "\n3< head " ANSWER_SEEN "\n3< complete\n3 gone");
	session_release(&s);
}

/* Everything that stands between heads and bodies on a real connection. */
TEST(h2_all_frames)
{
	static const uint8_t padded[] = "\x03padded data\0\0\0";
	static const uint8_t goaway[] = "\0\0\0\x05\0\0\0\0debug";
	uint8_t block[4096], prefixed[4096];
	struct session s;
	size_t len;

	session_init(&s);
	session_begin(&s);
	/* Two streams interleaved, the first head in three frames with padding and priority. */
	len = session_block(&s, CLIENT, REQUEST, block, sizeof(block));
	memcpy(prefixed, "\x02\x80\0\0\0\x10", 6);
	memcpy(prefixed + 6, block, 10);
	memset(prefixed + 16, 0, 2);
	session_frame(&s, CLIENT, H2_HEADERS, H2_PADDED | H2_PRIORITIZED, 1, prefixed, 18);
	session_frame(&s, CLIENT, H2_CONTINUATION, 0, 1, block + 10, 5);
	session_frame(&s, CLIENT, H2_CONTINUATION, H2_END_HEADERS, 1, block + 15, len - 15);
	session_frame(&s, CLIENT, H2_PRIORITY, 0, 3, "\0\0\0\0\x10", 5);
	session_head(&s, CLIENT, 3, REQUEST, H2_END_STREAM);
	session_frame(&s, CLIENT, H2_DATA, H2_PADDED | H2_END_STREAM, 1, padded, 15);
	session_frame(&s, SERVER, H2_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4);
	session_frame(&s, SERVER, H2_PING, 0, 0, "12345678", 8);
	session_frame(&s, SERVER, 0xee, 0xff, 77, "extension", 9);
	session_head(&s, SERVER, 3, ":status: 103\nlink: x\n", 0);
	/* A pushed stream: its block changes the table, its body is nobody's. */
	len = session_block(&s, SERVER, REQUEST, block, sizeof(block));
	memmove(block + 4, block, len);
	memcpy(block, "\0\0\0\x02", 4);
	session_frame(&s, SERVER, H2_PUSH_PROMISE, H2_END_HEADERS, 3, block, len + 4);
	session_head(&s, SERVER, 2, ANSWER, 0);
	session_data(&s, SERVER, 2, "pushed", H2_END_STREAM);
	session_head(&s, SERVER, 3, ANSWER, 0);
	session_head(&s, SERVER, 1, ":status: 404\n", 0);
	session_data(&s, SERVER, 3, "a", 0);
	session_data(&s, SERVER, 1, "b", 0);
	session_data(&s, SERVER, 3, "c", 0);
	session_head(&s, SERVER, 3, "grpc-status: 0\ngrpc-message: fine\n", H2_END_STREAM);
	session_head(&s, CLIENT, 5, REQUEST, 0);
	session_head(&s, CLIENT, 7, REQUEST, 0);
	session_frame(&s, CLIENT, H2_RST_STREAM, 0, 1, "\0\0\0\x08", 4);
	session_data(&s, SERVER, 1, "late", H2_END_STREAM);
	session_frame(&s, SERVER, H2_GOAWAY, 0, 0, goaway, 13);
	check_session(&s, false,
		      "\n1> head " REQUEST_SEEN "\n3> head " REQUEST_SEEN "\n3> complete"
		      "\n1> body padded data\n1> complete"
		      "\n3< head " ANSWER_SEEN "\n1< head 404\n3< body a\n1< body b\n3< body c"
		      "\n3< trailers grpc-status=0 grpc-message=fine\n3< complete\n3 gone"
		      "\n5> head " REQUEST_SEEN "\n7> head " REQUEST_SEEN
		      "\n1< truncated\n1 gone\n7> truncated\n7 gone");
	session_release(&s);
}

TEST(h2_ends_with_the_connection)
{
	struct transcript t;
	struct h2_sink sink = transcript_sink(&t);
	struct session s;
	struct h2 h;

	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1, REQUEST, 0);
	session_head(&s, CLIENT, 3, REQUEST, H2_END_STREAM);
	session_head(&s, SERVER, 3, ANSWER, 0);
	h2_init(&h, CLIENT, false, &sink);
	feed_session(&h, &s, 0);
	h2_eof(&h);
	CHECK_STR(buf_slice(&t.text), "\n1> head " REQUEST_SEEN "\n3> head " REQUEST_SEEN
				      "\n3> complete\n3< head " ANSWER_SEEN
				      "\n1> truncated\n1 gone\n3< truncated\n3 gone");
	h2_release(&h);
	session_release(&s);
	buf_release(&t.text);
}

/* The server lowers, then raises the table: updates stand in the blocks after the ACK. */
TEST(h2_table_size_changes)
{
	static const uint32_t sizes[] = { 0, 4096, 128, 65536, 60, 31, 4096, 1 << 20 };
	struct session s;
	_cleanup_(buf_cleanup) struct buf want = BUF_INIT(1 << 20);

	session_init(&s);
	session_begin(&s);
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t id = 4 * i + 1;

		session_head(&s, CLIENT, id, REQUEST, H2_END_STREAM);
		session_setting(&s, SERVER, 1, sizes[i]);
		session_head(&s, CLIENT, id + 2, REQUEST, H2_END_STREAM);
		session_frame(&s, CLIENT, H2_SETTINGS, H2_ACK, 0, NULL, 0);
		nghttp2_hd_deflate_change_table_size(s.deflater[CLIENT], sizes[i]);
		buf_printf(&want, "\n%u> head " REQUEST_SEEN "\n%u> complete", id, id);
		buf_printf(&want, "\n%u> head " REQUEST_SEEN "\n%u> complete", id + 2, id + 2);
	}
	check_session(&s, false, want.data);
	session_release(&s);
}

/* An encoder may not use more than was announced: what it says then is not trusted. */
TEST(h2_table_larger_than_allowed)
{
	static const uint8_t block[] = { 0x3f, 0xe2, 0x1f, 0x83, 0x87, 0x84, 0x41, 1, 'x' };
	struct session s;

	session_init(&s);
	session_begin(&s);
	session_frame(&s, CLIENT, H2_HEADERS, H2_END_HEADERS, 1, block, sizeof(block));
	check_session(&s, false, "\n1> head POST / @x");
	session_release(&s);
}

/* Fields that refer to what was inserted before are left out, all others are there. */
TEST(h2_joined_midway)
{
	struct session s;
	size_t before;

	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1, REQUEST, H2_END_STREAM);
	session_head(&s, SERVER, 1, ANSWER, H2_END_STREAM);
	before = s.n;
	session_data(&s, SERVER, 1, "rest of what is not known", H2_END_STREAM);
	session_head(&s, CLIENT, 3, REQUEST "x-new: 1\n", H2_END_STREAM);
	session_head(&s, SERVER, 3, ANSWER, 0);
	session_data(&s, SERVER, 3, "hello", H2_END_STREAM);
	/* Only the new entry and static ones are referred to. */
	session_head(&s, CLIENT, 5, ":method: GET\n:scheme: https\n:path: /\nx-new: 1\n",
		     H2_END_STREAM);
	nghttp2_hd_deflate_change_table_size(s.deflater[CLIENT], 0);
	nghttp2_hd_deflate_change_table_size(s.deflater[CLIENT], 4096);
	session_head(&s, CLIENT, 7, REQUEST, H2_END_STREAM);
	session_head(&s, CLIENT, 9, REQUEST, H2_END_STREAM);
	memmove(s.records, s.records + before, (s.n - before) * sizeof(*s.records));
	s.n -= before;
	check_session(&s, true,
		      "\n3> head? POST /v1/chat x-new=1\n3> complete"
		      "\n3< head? 200\n3< body hello\n3< complete\n3 gone"
		      "\n5> head GET / x-new=1\n5> complete"
		      "\n7> head " REQUEST_SEEN "\n7> complete\n9> head " REQUEST_SEEN
		      "\n9> complete");
	session_release(&s);
}

/* An entry is added under a name that was not seen: the place counts, the field does not. */
TEST(h2_nameless_entries_keep_their_place)
{
	static const uint8_t first[] = {
		0x83, 0x87, 0x84, 0x40 | 62, 1, 'v', 0x40, 1, 'n', 1, 'w'
	};
	static const uint8_t second[] = { 0x83, 0x87, 0x84, 0x80 | 62, 0x80 | 63, 0x80 | 64 };
	struct session s;

	session_init(&s);
	session_frame(&s, CLIENT, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 1, first,
		      sizeof(first));
	session_frame(&s, CLIENT, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 3, second,
		      sizeof(second));
	check_session(&s, true,
		      "\n1> head? POST / n=w\n1> complete\n3> head? POST / n=w\n3> complete");
	session_release(&s);
}

TEST(h2_upgrade_from_http1)
{
	struct transcript t;
	struct h2_sink sink = transcript_sink(&t);
	struct session s;
	struct h2 h;

	session_init(&s);
	session_head(&s, SERVER, 1, ANSWER, 0);
	session_record(&s, CLIENT, H2_PREFACE.data, H2_PREFACE.len);
	session_data(&s, SERVER, 1, "hi", H2_END_STREAM);
	session_head(&s, CLIENT, 3, REQUEST, H2_END_STREAM);
	h2_init(&h, CLIENT, false, &sink);
	CHECK_INT(h2_upgrade(&h, CLIENT, SLICE("AAEAABAAAAQA"), &t), -EBADMSG);
	CHECK_INT(h2_upgrade(&h, CLIENT, SLICE("AAEAABA*"), &t), -EBADMSG);
	/* Header table 1 MiB, frames up to 32768. */
	CHECK_INT(h2_upgrade(&h, CLIENT, SLICE("AAEAEAAAAAUAAIAA"), &t), 0);
	CHECK_INT(h.dirs[SERVER].hpack.limit, 1 << 20);
	CHECK_INT(h.dirs[SERVER].frame_max, 32768);
	feed_session(&h, &s, 0);
	CHECK_STR(buf_slice(&t.text), "\n1< head " ANSWER_SEEN "\n1< body hi\n1< complete\n1 gone"
				      "\n3> head " REQUEST_SEEN "\n3> complete");
	h2_release(&h);
	session_release(&s);
	buf_release(&t.text);
}

TEST(h2_frames_over_the_limit)
{
	static char big[40000];
	const struct slice tail =
		SLICE("x\n1< head " ANSWER_SEEN "\n1< hole 0\n3> head " REQUEST_SEEN
		      "\n1< body back\n1< complete"
		      "\n3< head? 200\n3< complete");
	struct transcript t;
	struct h2_sink sink = transcript_sink(&t);
	struct session s;
	struct h2 h;

	memset(big, 'x', sizeof(big));
	session_init(&s);
	session_begin(&s);
	session_setting(&s, SERVER, 5, 40000);
	session_head(&s, CLIENT, 1, REQUEST, 0);
	session_frame(&s, CLIENT, H2_DATA, 0, 1, big, 40000);
	session_head(&s, SERVER, 1, ANSWER, 0);
	session_frame(&s, SERVER, H2_DATA, 0, 1, big, 16385);
	session_head(&s, CLIENT, 3, REQUEST, 0);
	session_data(&s, SERVER, 1, "back", H2_END_STREAM);
	session_head(&s, SERVER, 3, ANSWER, H2_END_STREAM);
	h2_init(&h, CLIENT, false, &sink);
	feed_session(&h, &s, 0);
	CHECK_INT(h.stats.bad_frames, 1);
	CHECK_INT(h.stats.resyncs, 1);
	CHECK_STR(slice_sub(buf_slice(&t.text), t.text.len - tail.len, tail.len), tail.data);
	h2_release(&h);
	session_release(&s);
	buf_release(&t.text);
}
