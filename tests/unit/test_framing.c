/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstream_make.h"
#include "framing.h"
#include "splits.h"

#define EVENT_MAX 200

static enum framing_kind kind;

static void on_event(void *ctx, const struct event *event)
{
	buf_printf(ctx, "%s%.*s|", event->exception ? "!" : "", SLICE_FMT(event->type));
	buf_add_char(ctx, '[');
	buf_add_slice(ctx, event->data);
	buf_add_char(ctx, ']');
}

static void run(struct buf *log, struct cutter *c)
{
	struct framing f;
	struct slice piece;
	uint64_t hole;

	framing_init(&f, EVENT_MAX, on_event, log);
	framing_start(&f, kind, SLICE_NONE);
	while (cutter_next(c, &piece, &hole)) {
		if (!piece.data)
			framing_hole(&f, hole);
		else
			framing_feed(&f, piece.data, piece.len);
	}
	framing_eof(&f);
	buf_add_str(log, framing_lost(&f) ? "lost" : "");
	framing_release(&f);
}

TEST(framing_kinds)
{
	static const struct {
		enum framing_kind kind;
		struct slice text;
		const char *want;
	} rows[] = {
		{ FRAMING_SSE, SLICE("event: a\ndata: 1\n\ndata:\n\ndata: 2\n\n"), "a|[1]|[2]" },
		{ FRAMING_NDJSON, SLICE("{\"a\":1}\n\n{\"b\":2}"), "|[{\"a\":1}]|[{\"b\":2}]" },
		{ FRAMING_ARRAY, SLICE("[{\"a\":1},\n{\"b\":[2]}]"), "|[{\"a\":1}]|[{\"b\":[2]}]" },
		{ FRAMING_GRPC, SLICE("\0\0\0\0\2hi\0\0\0\0\0"), "|[hi]|[]" },
		{ FRAMING_NONE, SLICE("{}"), "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("kind %d", rows[i].kind);
		kind = rows[i].kind;
		check_splits(run, rows[i].text, rows[i].want);
		if (kind != FRAMING_NONE)
			check_without_memory(run, rows[i].text, 1);
	}
	test_row(NULL);
}

TEST(framing_of_event_streams)
{
	struct buf text = BUF_INIT(4096);
	size_t third;

	kind = FRAMING_EVENTSTREAM;
	add_message(&text, "messageStart", SLICE("{\"p\":1}"));
	add_message(&text, "chunk", SLICE("{\"bytes\":\"eyJ4IjoxfQ==\",\"p\":\"ab\"}"));
	third = text.len;
	add_message(&text, "chunk", SLICE("{\"bytes\":\"\"}"));
	add_message(&text, "chunk", SLICE("no JSON"));
	add_message_with(&text, ":message-type", "exception", ":exception-type", "throttled",
			 SLICE("{\"message\":\"m\"}"));
	add_message_with(&text, ":message-type", "error", ":error-code", "Internal", SLICE(""));
	check_splits(run, buf_slice(&text),
		     "messageStart|[{\"p\":1}]chunk|[{\"x\":1}]chunk|[]chunk|[no JSON]"
		     "!throttled|[{\"message\":\"m\"}]!Internal|[]");
	check_without_memory(run, buf_slice(&text), third + 5);
	text.data[third - 1] ^= 1; /* the second message's CRC */
	check_splits(run, buf_slice(&text),
		     "messageStart|[{\"p\":1}]chunk|[]chunk|[no JSON]"
		     "!throttled|[{\"message\":\"m\"}]!Internal|[]lost");
	buf_release(&text);
}

TEST(framing_holes)
{
	kind = FRAMING_NDJSON;
	check_splits_hole(run, SLICE("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"), 9, 3,
			  "|[{\"a\":1}]|[{\"c\":3}]lost");
	kind = FRAMING_SSE;
	check_splits_hole(run, SLICE("data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n"), 11, 3,
			  "|[1]|[3]|[4]lost");
}

TEST(framing_types)
{
	static const struct {
		struct slice type;
		enum framing_kind kind;
	} rows[] = {
		{ SLICE("text/event-stream; charset=utf-8"), FRAMING_SSE },
		{ SLICE("Application/X-NDJSON"), FRAMING_NDJSON },
		{ SLICE("application/stream+json"), FRAMING_NDJSON },
		{ SLICE("application/vnd.amazon.eventstream"), FRAMING_EVENTSTREAM },
		{ SLICE("application/grpc+proto"), FRAMING_GRPC },
		{ SLICE("application/grpc-web+proto"), FRAMING_NONE },
		{ SLICE("application/json"), FRAMING_NONE },
		{ SLICE(""), FRAMING_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].type.data);
		CHECK_INT(framing_by_type(rows[i].type), rows[i].kind);
	}
	test_row(NULL);
}
