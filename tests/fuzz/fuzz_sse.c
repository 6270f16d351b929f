/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sse: any split of the input gives the same events and counts; with a hole in it, each
 * event that comes is one that was sent. First byte: the ceiling of an event.
 */
#include "fuzz.h"
#include "sse.h"

#define LOG_MAX (16 << 20)

struct log {
	struct buf text;
	size_t starts[4096]; /* of each event in `text` */
	size_t n;
	size_t event_max;
};

static void note(struct log *log, struct slice s)
{
	buf_printf(&log->text, "%d:", s.data ? (int)s.len : -1);
	buf_add_slice(&log->text, s);
}

static void on_event(void *ctx, const struct sse_event *e)
{
	struct log *log = ctx;

	REQUIRE(e->data.data);
	REQUIRE(!e->type.data || e->type.len);
	REQUIRE(e->data.len + e->type.len + e->id.len <= log->event_max);
	if (log->n < sizeof(log->starts) / sizeof(*log->starts))
		log->starts[log->n++] = log->text.len;
	note(log, e->data);
	note(log, e->type);
	note(log, e->id);
}

static struct slice event_at(const struct log *log, size_t i)
{
	size_t end = i + 1 < log->n ? log->starts[i + 1] : log->text.len;

	return slice_sub(buf_slice(&log->text), log->starts[i], end - log->starts[i]);
}

static int feed(void *parser, const void *data, size_t len)
{
	return sse_feed(parser, data, len);
}

static void start(struct sse *s, struct log *log, size_t event_max)
{
	log->text = BUF_INIT(LOG_MAX);
	log->n = 0;
	log->event_max = event_max;
	sse_init(s, event_max, on_event, log);
}

static struct log whole, other;

static void compare_split(struct slice in, uint64_t *chain, const struct sse *want)
{
	struct sse s;

	start(&s, &other, whole.event_max);
	REQUIRE(fuzz_feed_split(chain, in.data, in.len, feed, &s) == 0);
	sse_eof(&s);
	REQUIRE(s.oversized == want->oversized && s.damaged == 0);
	REQUIRE(slice_eq(buf_slice(&other.text), buf_slice(&whole.text)));
	sse_release(&s);
	buf_release(&other.text);
}

static void compare_hole(struct slice in, uint64_t *chain)
{
	size_t from = fuzz_pick(chain, in.len), len = 1 + fuzz_pick(chain, in.len - from), k = 0;
	struct sse s;

	start(&s, &other, whole.event_max);
	sse_feed(&s, in.data, from);
	sse_hole(&s, len);
	REQUIRE(fuzz_feed_split(chain, in.data + from + len, in.len - from - len, feed, &s) == 0);
	sse_eof(&s);
	for (size_t i = 0; i < other.n; i++, k++) {
		while (k < whole.n && !slice_eq(event_at(&other, i), event_at(&whole, k)))
			k++;
		REQUIRE(k < whole.n);
	}
	sse_release(&s);
	buf_release(&other.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t chain = fuzz_seed(data, len);
	struct slice in;
	struct sse s;

	if (len < 2 || len > sizeof(whole.starts) / sizeof(*whole.starts))
		return 0;
	in = (struct slice){ (const char *)data + 1, len - 1 };
	start(&s, &whole, 4 * (size_t)data[0]);
	REQUIRE(sse_feed(&s, in.data, in.len) == 0);
	sse_eof(&s);
	for (int i = 0; i < 3; i++)
		compare_split(in, &chain, &s);
	for (int i = 0; i < 3; i++)
		compare_hole(in, &chain);
	sse_release(&s);
	buf_release(&whole.text);
	return 0;
}
