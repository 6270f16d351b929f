/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"
#include "cleanup.h"
#include "stream.h"
#include "test.h"

static void on_data(void *ctx, struct slice data, bool call_start, uint64_t ts_ns)
{
	(void)ts_ns;
	buf_printf(ctx, "%s%.*s", call_start ? "|" : "", SLICE_FMT(data));
}

static void on_hole(void *ctx, uint64_t len, uint64_t ts_ns)
{
	(void)ts_ns;
	buf_printf(ctx, "[%llu]", (unsigned long long)len);
}

/* One record, short to write: `text` at `pos`. call: the length of its call, 0: that of the
 * text, and it is first and last. */
struct rec {
	uint32_t seq;
	uint64_t pos;
	const char *text; /* NULL ends the list */
	uint64_t call;
	uint8_t flags;
	uint64_t ts_ns;
};

static void put(struct stream *s, const struct rec *r)
{
	size_t len = strlen(r->text);
	const struct gentap_event ev = {
		.type = GENTAP_EV_DATA,
		.flags = r->call ? r->flags : GENTAP_F_FIRST | GENTAP_F_LAST,
		.seq = r->seq,
		.pos = r->pos,
		.call_len = r->call ? r->call : len,
		.data_len = (uint32_t)len,
		.ts_ns = r->ts_ns,
	};
	/* A copy of its own, so that keeping a pointer to it shows. */
	_cleanup_free_ char *copy = malloc(len + 1);

	if (!copy)
		return;
	memcpy(copy, r->text, len + 1);
	CHECK(stream_sound(&ev, sizeof(ev) + len));
	stream_record(s, &ev, (struct slice){ copy, len });
}

#define WHOLE(n, at, what)                                                                         \
	{                                                                                          \
		.seq = n, .pos = at, .text = what                                                  \
	}
#define PART(n, at, what, len, flag)                                                               \
	{                                                                                          \
		.seq = n, .pos = at, .text = what, .call = len, .flags = flag                      \
	}
#define FIRST GENTAP_F_FIRST
#define LAST GENTAP_F_LAST

static const struct {
	const char *name;
	struct rec recs[8];
	const char *want;  /* before the flush */
	const char *after; /* what the flush adds */
	uint64_t lost;
} rows[] = {
	{ "in order", { WHOLE(0, 0, "ab"), WHOLE(1, 2, "cd") }, "|ab|cd", "", 0 },
	{ "a chain of one call",
	  { PART(0, 0, "ab", 5, FIRST), PART(1, 2, "cd", 5, 0), PART(2, 4, "e", 5, LAST) },
	  "|abcde",
	  "",
	  0 },
	{ "swapped",
	  { WHOLE(0, 0, "ab"), WHOLE(2, 4, "ef"), WHOLE(1, 2, "cd") },
	  "|ab|cd|ef",
	  "",
	  0 },
	{ "swapped at the start", { WHOLE(1, 2, "cd"), WHOLE(0, 0, "ab") }, "|ab|cd", "", 0 },
	{ "lost", { WHOLE(0, 0, "ab"), WHOLE(2, 4, "ef") }, "|ab", "[2]|ef", 1 },
	{ "lost at the start", { WHOLE(1, 2, "cd") }, "", "[2]|cd", 1 },
	{ "lost, and younger ones show that it will not come",
	  { WHOLE(0, 0, "ab"),
	    WHOLE(2, 4, "ef"),
	    { .seq = 3, .pos = 6, .text = "gh", .ts_ns = STREAM_HELD_NS + 2 } },
	  "|ab[2]|ef|gh",
	  "",
	  1 },
	{ "bytes that the kernel did not send: a hole at once",
	  { WHOLE(0, 0, "ab"), WHOLE(1, 9, "cd") },
	  "|ab[7]|cd",
	  "",
	  0 },
	{ "the rest of a call was not copied",
	  { PART(0, 0, "ab", 9, FIRST | LAST), WHOLE(1, 9, "cd") },
	  "|ab[7]|cd",
	  "",
	  0 },
	{ "nothing of it was", { PART(0, 0, "", 4, FIRST | LAST) }, "[4]", "", 0 },
	{ "twice", { WHOLE(0, 0, "ab"), WHOLE(0, 0, "ab"), WHOLE(1, 2, "cd") }, "|ab|cd", "", 0 },
	{ "twice while it waits",
	  { WHOLE(0, 0, "ab"), WHOLE(2, 4, "ef"), WHOLE(2, 4, "ef"), WHOLE(1, 2, "cd") },
	  "|ab|cd|ef",
	  "",
	  0 },
	{ "overlapping: what is known already is dropped",
	  { WHOLE(0, 0, "abcd"), WHOLE(1, 2, "cdef") },
	  "|abcdef",
	  "",
	  0 },
	{ "joined far in", { WHOLE(1000, 5000, "ab"), WHOLE(1001, 5002, "cd") }, "|ab|cd", "", 0 },
	{ "seq wraps", { WHOLE(UINT32_MAX, 500, "ab"), WHOLE(0, 502, "cd") }, "|ab|cd", "", 0 },
	{ "a gap too wide to wait for",
	  { WHOLE(0, 0, "ab"), WHOLE(99, 500, "cd") },
	  "|ab[498]|cd",
	  "",
	  98 },
};

TEST(stream_records)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(4096);
		const struct stream_sink sink = { &log, on_data, on_hole };
		struct stream s;

		test_row("%s", rows[i].name);
		stream_init(&s, &sink);
		for (const struct rec *r = rows[i].recs; r->text; r++)
			put(&s, r);
		CHECK_STR(buf_slice(&log), rows[i].want);
		buf_reset(&log, 0);
		stream_flush(&s);
		CHECK_STR(buf_slice(&log), rows[i].after);
		CHECK_INT(s.lost_records, rows[i].lost);
		CHECK_INT(s.n_held, 0);
		CHECK_INT(s.held_bytes, 0);
		CHECK(stream_waits_since(&s) == UINT64_MAX);
		stream_release(&s);
	}
	test_row(NULL);
}

/* In whatever order they arrive, what comes out is what went in. */
TEST(stream_every_order_of_five)
{
	static const char *const texts[] = { "a", "bb", "ccc", "d", "ee" };

	for (int order = 0; order < 3125; order++) {
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(4096);
		const struct stream_sink sink = { &log, on_data, on_hole };
		bool used[5] = { false }, permutation = true;
		struct stream s;

		for (int i = 0, rest = order; i < 5; i++, rest /= 5) {
			permutation &= !used[rest % 5];
			used[rest % 5] = true;
		}
		if (!permutation)
			continue;
		stream_init(&s, &sink);
		for (int i = 0, rest = order; i < 5; i++, rest /= 5) {
			struct rec r = { .seq = (uint32_t)(rest % 5), .text = texts[rest % 5] };

			for (int k = 0; k < rest % 5; k++)
				r.pos += strlen(texts[k]);
			put(&s, &r);
		}
		CHECK_STR(buf_slice(&log), "|a|bb|ccc|d|ee");
		CHECK_INT(s.lost_records, 0);
		stream_release(&s);
	}
}

TEST(stream_holds_no_more_than_it_may)
{
	static char big[GENTAP_CHUNK_MAX + 1];
	_cleanup_(buf_cleanup) struct buf log = BUF_INIT(1 << 22);
	const struct stream_sink sink = { &log, on_data, on_hole };
	struct stream s;

	memset(big, 'x', sizeof(big) - 1);
	stream_init(&s, &sink);
	put(&s, &(struct rec)WHOLE(0, 0, "ab"));
	for (uint32_t i = 0; i < 40; i++) {
		put(&s, &(struct rec)WHOLE(2 + 2 * i, 4 + 4 * (uint64_t)i, "y"));
		CHECK(s.n_held <= STREAM_HELD_MAX);
	}
	stream_release(&s);
	stream_init(&s, &sink);
	put(&s, &(struct rec)WHOLE(0, 0, "ab"));
	for (uint32_t i = 0; i < 10; i++) {
		put(&s, &(struct rec)WHOLE(2 + i, 4 + (uint64_t)i * GENTAP_CHUNK_MAX, big));
		CHECK(s.held_bytes <= STREAM_HELD_BYTES);
	}
	stream_release(&s); /* with records waiting */
}

TEST(stream_sound_records)
{
	const struct gentap_event good = { .type = GENTAP_EV_DATA, .data_len = 4, .call_len = 4 };
	struct gentap_event ev = good;

	CHECK(stream_sound(&ev, sizeof(ev) + 4));
	CHECK(!stream_sound(&ev, sizeof(ev) + 3));
	ev = good, ev.type = 0;
	CHECK(!stream_sound(&ev, sizeof(ev) + 4));
	ev = good, ev.type = GENTAP_EV_HOT;
	CHECK(!stream_sound(&ev, sizeof(ev) + 4));
	ev = good, ev.dir = 2;
	CHECK(!stream_sound(&ev, sizeof(ev) + 4));
	ev = good, ev.data_len = GENTAP_CHUNK_MAX + 1;
	CHECK(!stream_sound(&ev, sizeof(ev) + GENTAP_CHUNK_MAX + 1));
	ev = good, ev.flags = GENTAP_F_NOCOPY;
	CHECK(!stream_sound(&ev, sizeof(ev) + 4));
	ev = good, ev.pos = UINT64_MAX - 3;
	CHECK(!stream_sound(&ev, sizeof(ev) + 4));
	ev = good, ev.pos = 2, ev.call_len = UINT64_MAX;
	CHECK(!stream_sound(&ev, sizeof(ev) + 4));
}

/* Without memory to wait, the gap is a hole at once. */
TEST(stream_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		char text[64] = "";
		struct buf log = { .data = text, .size = sizeof(text), .max = sizeof(text) - 1 };
		const struct stream_sink sink = { &log, on_data, on_hole };
		struct stream s;

		stream_init(&s, &sink);
		put(&s, &(struct rec)WHOLE(0, 0, "ab"));
		put(&s, &(struct rec)WHOLE(2, 4, "ef"));
		put(&s, &(struct rec)WHOLE(1, 2, "cd"));
		stream_flush(&s);
		CHECK(s.pos <= 6);
		stream_release(&s);
	}
}

/* What was lost behind the last record shows at the end, and there alone. */
TEST(stream_end_tells_what_is_missing)
{
	static const struct {
		const char *name;
		struct rec recs[3];
		uint64_t end;
		const char *want;
		uint64_t lost;
	} cases[] = {
		{ "nothing", { WHOLE(0, 0, "ab") }, 2, "|ab", 0 },
		{ "the last record", { WHOLE(0, 0, "ab") }, 7, "|ab[5]", 1 },
		{ "all of it", { { 0 } }, 7, "[7]", 1 },
		{ "one in the middle",
		  { WHOLE(0, 0, "ab"), WHOLE(2, 4, "ef") },
		  6,
		  "|ab[2]|ef",
		  1 },
		{ "an end that is not told", { WHOLE(0, 0, "ab") }, 0, "|ab", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int dir = 0; dir < 2; dir++) {
			_cleanup_(buf_cleanup) struct buf log = BUF_INIT(4096);
			const struct stream_sink sink = { &log, on_data, on_hole };
			const struct gentap_event close = {
				.type = GENTAP_EV_CLOSE,
				.pos = dir == GENTAP_WRITE ? cases[i].end : 0,
				.call_len = dir == GENTAP_READ ? cases[i].end : 0,
			};
			struct stream sides[2];

			test_row("%s (%s)", cases[i].name, dir ? "read" : "write");
			stream_init(&sides[0], &sink);
			stream_init(&sides[1], &sink);
			for (const struct rec *r = cases[i].recs; r->text; r++)
				put(&sides[dir], r);
			stream_end_both((struct stream *[]){ &sides[0], &sides[1] }, &close);
			CHECK_STR(buf_slice(&log), cases[i].want);
			CHECK_INT(sides[dir].lost_records, cases[i].lost);
			CHECK_INT(sides[!dir].lost_records, 0);
			stream_release(&sides[0]);
			stream_release(&sides[1]);
		}
	}
	test_row(NULL);
}
