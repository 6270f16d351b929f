/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "sse.h"
#include "test.h"

#include <errno.h>

#define LOG_MAX (1 << 20)
#define EVENT_MAX 40

static void add_field(struct buf *log, const char *name, struct slice value)
{
	if (!value.data)
		return;
	buf_add_str(log, name);
	buf_add_json(log, value);
}

/* One line per event: data="…" type="…" id="…" */
static void on_event(void *ctx, const struct sse_event *e)
{
	add_field(ctx, "data=", e->data);
	add_field(ctx, " type=", e->type);
	add_field(ctx, " id=", e->id);
	buf_add_char(ctx, '\n');
}

struct row {
	const char *name;
	struct slice in;
	const char *want;
	uint64_t oversized;
};

static const struct row rows[] = {
	{ "one", SLICE("data: a\n\n"), "data=\"a\"\n", 0 },
	{ "CRLF", SLICE("data: a\r\n\r\ndata: b\r\n\r\n"), "data=\"a\"\ndata=\"b\"\n", 0 },
	{ "CR", SLICE("data: a\r\rdata: b\r\r"), "data=\"a\"\ndata=\"b\"\n", 0 },
	{ "all line ends", SLICE("data: a\r\ndata: b\rdata: c\n\r\n"), "data=\"a\\nb\\nc\"\n", 0 },
	{ "LF, CR is two ends", SLICE("data: a\n\rdata: b\n\r"), "data=\"a\"\ndata=\"b\"\n", 0 },
	{ "all fields", SLICE("event: t\nid: 7\nretry: 10\ndata: a\n\ndata: b\n\n"),
	  "data=\"a\" type=\"t\" id=\"7\"\ndata=\"b\"\n", 0 },
	{ "no space, two spaces", SLICE("data:a\ndata:  b\n\n"), "data=\"a\\n b\"\n", 0 },
	{ "colons in data", SLICE("data: {\"a\":1}\n\n"), "data=\"{\\\"a\\\":1}\"\n", 0 },
	{ "empty data", SLICE("data\n\ndata:\n\ndata\ndata\n\n"),
	  "data=\"\"\ndata=\"\"\ndata=\"\\n\"\n", 0 },
	{ "no data, no event", SLICE("event: t\n\ndata: a\n\n"), "data=\"a\"\n", 0 },
	{ "empty type is none", SLICE("event: t\nevent\ndata: a\n\n"), "data=\"a\"\n", 0 },
	{ "last type and id win", SLICE("event: t\nid: 1\nevent: u\nid:\ndata: a\n\n"),
	  "data=\"a\" type=\"u\" id=\"\"\n", 0 },
	{ "id with NUL", SLICE("id: 1\nid: a\0b\ndata: a\n\n"), "data=\"a\" id=\"1\"\n", 0 },
	{ "comments", SLICE(": hi\n\n:\ndata: a\n: x\ndata: b\n\n"), "data=\"a\\nb\"\n", 0 },
	{ "unknown fields", SLICE("Data: x\n data: y\ndatax: z\nx\ndata: a\n\n"), "data=\"a\"\n",
	  0 },
	{ "BOM",
	  SLICE("\xef\xbb\xbf"
		"data: a\n\n\xef\xbb\xbf"
		"data: b\n\n"),
	  "data=\"a\"\n", 0 },
	{ "BOM alone on its line", SLICE("\xef\xbb\xbf\ndata: a\n\n"), "data=\"a\"\n", 0 },
	{ "blank lines", SLICE("\n\r\n\rdata: a\n\n\n\n"), "data=\"a\"\n", 0 },
	{ "no blank line at the end", SLICE("data: a\n\nid: 1\ndata: b\n"),
	  "data=\"a\"\ndata=\"b\" id=\"1\"\n", 0 },
	{ "no line end at the end", SLICE("data: a\n\ndata: [DONE]"),
	  "data=\"a\"\ndata=\"[DONE]\"\n", 0 },
	{ "nothing", SLICE("\n\n"), "", 0 },
	{ "as large as can be", SLICE("data: 0123456789012345678901234567890123\n\ndata: a\n\n"),
	  "data=\"0123456789012345678901234567890123\"\ndata=\"a\"\n", 0 },
	{ "one byte too large",
	  SLICE("data: a\n\ndata: 01234567890123456789012345678901234\n\ndata: b\n\n"),
	  "data=\"a\"\ndata=\"b\"\n", 1 },
	{ "too large with all lines",
	  SLICE("id: 2345678901\ndata: 0123456789012345678901234567890\r\ndata: x\r\n\r\ndata: "
		"b\r\r"),
	  "data=\"b\"\n", 1 },
	{ "too large twice, unfinished",
	  SLICE("data: 012345678901234567890123456789012345\n: "
		"01234567890123456789012345678901234567890\n"
		"\ndata: 01234567890123456789012345678901234"),
	  "", 2 },
};

static int feed(struct sse *s, const char *data, size_t len)
{
	_cleanup_free_ char *copy = malloc(len ? len : 1); /* ASan sees a read past its end */

	memcpy(copy, data, len);
	return sse_feed(s, copy, len);
}

static void run(const struct row *row, size_t first, size_t step)
{
	_cleanup_(buf_cleanup) struct buf log = BUF_INIT(LOG_MAX);
	struct sse s;

	test_row("%s, split at %zu", row->name, first);
	sse_init(&s, EVENT_MAX, on_event, &log);
	for (size_t at = 0, len = first; at < row->in.len; at += len, len = step)
		CHECK_INT(feed(&s, row->in.data + at, MIN(len, row->in.len - at)), 0);
	sse_eof(&s);
	CHECK_STR(buf_slice(&log), row->want);
	CHECK_INT(s.oversized, row->oversized);
	CHECK_INT(s.damaged, 0);
	sse_release(&s);
}

TEST(sse_events_at_every_split)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t split = 1; split <= rows[i].in.len; split++)
			run(&rows[i], split, rows[i].in.len);
		run(&rows[i], 1, 1);
		run(&rows[i], 3, 3);
	}
}

/* Is every line of `part` a line of `all`, in the same order? */
static bool is_subset(struct slice part, struct slice all)
{
	while (part.len) {
		struct slice line = slice_cut(&part, '\n');

		while (!slice_eq(line, slice_cut(&all, '\n')))
			if (!all.data)
				return false;
	}
	return true;
}

TEST(sse_hole_at_every_position)
{
	static const char in[] = "event: t\r\ndata: a\r\ndata: b\r\n\r\n: c\n\ndata: d\n\nid: "
				 "1\rdata: e\r\rdata: f\n"
				 "data: g\n\ndata: last\n\n";
	_cleanup_(buf_cleanup) struct buf all = BUF_INIT(LOG_MAX);
	struct sse s;

	sse_init(&s, EVENT_MAX, on_event, &all);
	sse_feed(&s, in, sizeof(in) - 1);
	sse_release(&s);
	for (size_t from = 0; from < sizeof(in) - 1; from++) {
		for (size_t len = 1; len <= sizeof(in) - 1 - from; len++) {
			_cleanup_(buf_cleanup) struct buf log = BUF_INIT(LOG_MAX);

			test_row("hole of %zu at %zu", len, from);
			sse_init(&s, EVENT_MAX, on_event, &log);
			feed(&s, in, from);
			sse_hole(&s, len);
			feed(&s, in + from + len, sizeof(in) - 1 - from - len);
			sse_eof(&s);
			CHECK(is_subset(buf_slice(&log), buf_slice(&all)));
			CHECK_INT(s.damaged, 1);
			CHECK_INT(s.oversized, 0);
			sse_release(&s);
		}
	}
}

TEST(sse_goes_on_behind_a_hole)
{
	static const struct {
		const char *before, *after, *want;
	} holes[] = {
		{ "data: a\n\ndata: b", "c\ndata: d\n\ndata: e\n\n", "data=\"a\"\ndata=\"e\"\n" },
		{ "data: a\n\n", "\ndata: b\n\ndata: c\n\n", "data=\"a\"\ndata=\"c\"\n" },
		{ "data: a\r", "\n\r\ndata: c\n\n", "data=\"c\"\n" },
		{ "", "x\n\ndata: c", "data=\"c\"\n" },
		{ "data: a", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(LOG_MAX);
		struct sse s;

		test_row("%s…%s", holes[i].before, holes[i].after);
		sse_init(&s, EVENT_MAX, on_event, &log);
		feed(&s, holes[i].before, strlen(holes[i].before));
		sse_hole(&s, i % 2 ? 5 : 0); /* of known and of unknown size */
		feed(&s, holes[i].after, strlen(holes[i].after));
		sse_eof(&s);
		CHECK_STR(buf_slice(&log), holes[i].want);
		CHECK_INT(s.damaged, 1);
		sse_release(&s);
	}
}

TEST(sse_second_hole_in_what_is_dropped)
{
	_cleanup_(buf_cleanup) struct buf log = BUF_INIT(LOG_MAX);
	struct sse s;

	sse_init(&s, EVENT_MAX, on_event, &log);
	feed(&s, "data: a", 7);
	sse_hole(&s, 5);
	feed(&s, "b\nc\n", 4);
	sse_hole(&s, 5);
	feed(&s, "\ndata: d\n\ndata: e\n\n", 19);
	CHECK_STR(buf_slice(&log), "data=\"e\"\n");
	CHECK_INT(s.damaged, 1);
	sse_release(&s);
}

static void in_input(void *ctx, const struct sse_event *e)
{
	const struct slice *input = ctx;

	CHECK(e->data.data >= input->data && e->data.data < input->data + input->len);
	CHECK(e->type.data >= input->data && e->type.data < input->data + input->len);
}

TEST(sse_whole_events_are_not_copied)
{
	struct slice in = SLICE("event: t\ndata: a\n\nevent: u\ndata: b\n\n");
	struct sse s;

	sse_init(&s, EVENT_MAX, in_input, &in);
	sse_feed(&s, in.data, in.len);
	CHECK_INT(s.data.size + s.type.size + s.line.size, 0);
	sse_release(&s);
}

static void count_event(void *ctx, const struct sse_event *e)
{
	size_t *seen = ctx;

	CHECK(slice_eq(e->data, SLICE("a\nb")) || slice_eq(e->data, SLICE("c")));
	++*seen;
}

TEST(sse_without_memory)
{
	int oom = 0, fine = 0;

	EACH_MALLOC_FAILURE
	{
		static const char *const feeds[] = {
			"event: t\nid: 1\ndata: a\n", "da",   "ta: b\n\n", "data: ", "c\n\n",
			"data: a\ndata: b\n\nda",     "ta: c"
		};
		size_t seen = 0;
		struct sse s;
		int failed = 0;

		sse_init(&s, EVENT_MAX, count_event, &seen);
		for (size_t i = 0; i < ARRAY_LEN(feeds); i++)
			failed += sse_feed(&s, feeds[i], strlen(feeds[i])) == -ENOMEM;
		sse_eof(&s);
		/* One failed allocation costs one event, and it is counted. */
		CHECK(seen + s.damaged == 4);
		oom += s.damaged == 1;
		fine += !failed && !s.damaged;
		sse_release(&s);
	}
	CHECK(oom >= 4);
	CHECK_INT(fine, 1);
}

/* Linear in the input whatever the line ends are: a search to the end of the feed for
 * every line would not come back from this for minutes. */
TEST(sse_many_short_lines)
{
	size_t len = 16 << 20;
	_cleanup_free_ char *text = malloc(len);
	_cleanup_(buf_cleanup) struct buf log = BUF_INIT(LOG_MAX);
	struct sse s;

	memset(text, '\r', len);
	sse_init(&s, EVENT_MAX, on_event, &log);
	CHECK_INT(sse_feed(&s, text, len), 0);
	memset(text, '\n', len);
	CHECK_INT(sse_feed(&s, text, len), 0);
	CHECK_INT(log.len, 0);
	sse_release(&s);
}
