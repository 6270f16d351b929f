/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstream_make.h"
#include "splits.h"

#include <errno.h>

#define MESSAGE_MAX 200

static void on_message(void *ctx, const struct eventstream_message *m)
{
	buf_add_slice(ctx, eventstream_get(m, SLICE(":event-type")));
	buf_add_char(ctx, '=');
	log_item(ctx, m->payload);
}

static void run(struct buf *log, struct cutter *c)
{
	struct eventstream e;
	struct slice piece;
	uint64_t hole;

	eventstream_init(&e, MESSAGE_MAX, on_message, log);
	while (cutter_next(c, &piece, &hole)) {
		if (!piece.data)
			eventstream_hole(&e, hole);
		else
			eventstream_feed(&e, piece.data, piece.len);
	}
	buf_printf(log, "%llu %llu %llu %llu", (unsigned long long)e.bad_crc,
		   (unsigned long long)e.bad_prelude, (unsigned long long)e.oversized,
		   (unsigned long long)e.damaged);
	eventstream_release(&e);
}

static void add_four(struct buf *b)
{
	add_message(b, "one", SLICE("{\"a\":1}"));
	add_message(b, "two", SLICE(""));
	add_message(b, "three", SLICE("third payload"));
	add_message(b, "four", SLICE("end"));
}

TEST(eventstream_messages)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	add_four(&b);
	check_splits(run, buf_slice(&b), "one={\"a\":1}|two=|three=third payload|four=end|0 0 0 0");
}

TEST(eventstream_damage)
{
	static const struct {
		size_t message; /* a byte of which is changed, or where the hole begins */
		size_t at;
		size_t hole;
		const char *want;
	} rows[] = {
		{ 1, 20, 0, "one={\"a\":1}|three=third payload|four=end|1 0 0 0" },
		{ 1, 0, 0, "one={\"a\":1}|three=third payload|four=end|0 1 0 0" },
		{ 1, 9, 0, "one={\"a\":1}|three=third payload|four=end|0 1 0 0" },
		{ 1, 33, 0, "one={\"a\":1}|three=third payload|four=end|1 0 0 0" },
		{ 1, 20, 5, "one={\"a\":1}|three=third payload|four=end|0 0 0 1" },
		{ 1, 12, 22, "one={\"a\":1}|three=third payload|four=end|0 0 0 1" },
		{ 1, 12, 23, "one={\"a\":1}|four=end|0 0 0 1" },
		{ 1, 5, 3, "one={\"a\":1}|three=third payload|four=end|0 0 0 1" },
		{ 1, 0, 1, "one={\"a\":1}|three=third payload|four=end|0 0 0 1" },
		{ 0, 3, 50, "three=third payload|four=end|0 0 0 1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
		size_t at = rows[i].at;

		test_row("row %zu", i);
		add_four(&b);
		if (rows[i].message)
			at += 7 + 3 + 15 + EVENTSTREAM_OVERHEAD;
		if (!rows[i].hole)
			b.data[at] ^= 0x40;
		check_splits_hole(run, buf_slice(&b), at, rows[i].hole, rows[i].want);
	}
}

TEST(eventstream_hole_of_unknown_size)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	add_four(&b);
	/* Within the second message: the place is found again where the third begins. */
	check_splits_unsized(run, buf_slice(&b), 7 + 3 + 15 + EVENTSTREAM_OVERHEAD + 20, 5,
			     "one={\"a\":1}|three=third payload|four=end|0 0 0 1");
}

TEST(eventstream_too_large)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	static char big[300];

	memset(big, 'x', sizeof(big));
	add_message(&b, "big", (struct slice){ big, sizeof(big) });
	add_message(&b, "fits", (struct slice){ big, 165 });
	b.len--; /* and one that is cut off */
	big[165] = '\0';
	check_splits(run, buf_slice(&b), "0 0 1 0");
	b.len++;
	buf_add(&b, "\xff\xff\xff\xff garbage that is no prelude", 32);
	add_message(&b, "four", SLICE("end"));
	{
		char want[400];

		snprintf(want, sizeof(want), "fits=%s|four=end|0 1 1 0", big);
		check_splits(run, buf_slice(&b), want);
	}
}

TEST(eventstream_header_types)
{
	struct slice rest = SLICE("\x01"
				  "a\x00\x01"
				  "b\x01\x01"
				  "c\x02\xfe\x01"
				  "d\x03\x01\x02\x01"
				  "e\x04\xff\xff\xff\xff\x01"
				  "f\x05\0\0\0\0\0\0\1\0\x01"
				  "g\x06\0\x03"
				  "abc\x01"
				  "h\x07\0\0\x01"
				  "i\x08\0\0\1\0\0\0\0\0\x01"
				  "j\x09"
				  "0123456789abcdef");
	static const struct {
		enum eventstream_type type;
		int64_t number;
		const char *bytes;
	} want[] = {
		{ EVENTSTREAM_TRUE, 1, NULL },	       { EVENTSTREAM_FALSE, 0, NULL },
		{ EVENTSTREAM_I8, -2, NULL },	       { EVENTSTREAM_I16, 258, NULL },
		{ EVENTSTREAM_I32, -1, NULL },	       { EVENTSTREAM_I64, 256, NULL },
		{ EVENTSTREAM_BYTES, 0, "abc" },       { EVENTSTREAM_STRING, 0, "" },
		{ EVENTSTREAM_TIME, 1LL << 40, NULL }, { EVENTSTREAM_UUID, 0, "0123456789abcdef" },
	};
	struct eventstream_header h;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		test_row("header %zu", i);
		CHECK_INT(eventstream_header_next(&rest, &h), 1);
		CHECK_INT(h.name.data[0], 'a' + (int)i);
		CHECK_INT(h.type, want[i].type);
		CHECK_INT(h.number, want[i].number);
		CHECK_STR(h.bytes, want[i].bytes);
	}
	CHECK_INT(eventstream_header_next(&rest, &h), 0);
}

TEST(eventstream_bad_headers)
{
	static const struct slice rows[] = {
		SLICE("\x05"
		      "ab"),
		SLICE("\x01"
		      "a"),
		SLICE("\x01"
		      "a\x0a"),
		SLICE("\x01"
		      "a\x04\0\0\0"),
		SLICE("\x01"
		      "a\x07\0\x05"
		      "abcd"),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i];
		struct eventstream_header h;

		test_row("row %zu", i);
		CHECK_INT(eventstream_header_next(&rest, &h), -EBADMSG);
	}
}

TEST(eventstream_without_memory)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	add_four(&b);
	check_without_memory(run, buf_slice(&b), SIZE_MAX);
	check_without_memory(run, buf_slice(&b), 20);
}
