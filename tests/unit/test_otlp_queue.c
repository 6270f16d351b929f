/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "queue.h"
#include "test.h"

static const struct otlp_host host = { .host_name = SLICE("h"), .version = SLICE("1") };

/* The spans of a queue as letters. */
static const char *letters(const struct otlp_queue *q)
{
	static char text[100];
	size_t n = 0, bytes = 0;

	for (const struct queued *s = q->head; s; s = s->next) {
		text[n++] = s->data[0];
		bytes += QUEUED_SIZE(s->len);
		CHECK((s == q->tail) == !s->next);
	}
	text[n] = '\0';
	CHECK_INT(q->count, n);
	CHECK_INT(q->bytes, bytes);
	return text;
}

static void add_letters(struct otlp_queue *q, const char *text, struct process *p)
{
	for (; *text; text++)
		CHECK_INT(otlp_queue_add(q, (struct slice){ text, 1 }, 1, p, 0), 0);
}

TEST(queue_moves_by_count_and_bytes)
{
	static const struct {
		size_t count, bytes;
		const char *want_to, *want_from;
	} rows[] = {
		{ 0, SIZE_MAX, "", "abcd" },
		{ 1, SIZE_MAX, "a", "bcd" },
		{ 4, SIZE_MAX, "abcd", "" },
		{ 9, SIZE_MAX, "abcd", "" },
		{ 9, 2 * QUEUED_SIZE(1), "ab", "cd" },
		{ 9, 3 * QUEUED_SIZE(1) - 1, "ab", "cd" },
		{ 9, 0, "a", "bcd" }, /* one goes always */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct otlp_queue to = { 0 }, from = { 0 };

		test_row("%zu", i);
		add_letters(&from, "abcd", NULL);
		otlp_queue_move(&to, &from, rows[i].count, rows[i].bytes);
		CHECK_STR(slice_from(letters(&to)), rows[i].want_to);
		CHECK_STR(slice_from(letters(&from)), rows[i].want_from);
		otlp_queue_release(&to);
		otlp_queue_release(&from);
	}
}

TEST(queue_takes_back)
{
	struct otlp_queue a = { 0 }, b = { 0 };

	otlp_queue_unget(&a, &b);
	CHECK_STR(slice_from(letters(&a)), "");
	add_letters(&b, "ab", NULL);
	otlp_queue_unget(&a, &b);
	CHECK_STR(slice_from(letters(&a)), "ab");
	add_letters(&b, "xyz", NULL);
	otlp_queue_unget(&a, &b);
	CHECK_STR(slice_from(letters(&a)), "xyzab");
	CHECK_STR(slice_from(letters(&b)), "");
	add_letters(&a, "c", NULL);
	CHECK_STR(slice_from(letters(&a)), "xyzabc");
	otlp_queue_release(&a);
	CHECK_STR(slice_from(letters(&a)), "");
}

static size_t count_of(struct slice text, const char *needle)
{
	size_t n = 0;
	ssize_t at;

	while ((at = slice_find(text, slice_from(needle))) >= 0) {
		n++;
		text = slice_sub(text, (size_t)at + 1, text.len);
	}
	return n;
}

TEST(queue_groups_by_process)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100000);
	struct process *p[2] = { 0 };
	struct otlp_queue q = { 0 };

	for (uint32_t i = 0; i < 2; i++) {
		CHECK_INT(process_new(&p[i]), 0);
		p[i]->pid = 10 + i;
	}
	add_letters(&q, "1", p[0]);
	add_letters(&q, "2", p[1]);
	add_letters(&q, "3", p[0]);
	add_letters(&q, "4", NULL);
	add_letters(&q, "5", p[0]);
	CHECK_INT(p[0]->refs, 4);
	otlp_queue_encode(&b, &q, OTLP_TRACES, OTLP_JSON, SEMCONV_V1_41, &host);
	CHECK_INT(buf_error(&b), 0);
	CHECK_INT(count_of(buf_slice(&b), "\"resource\":"), 3);
	CHECK_INT(count_of(buf_slice(&b), "\"spans\":[1,3,5]"), 1);
	CHECK_INT(count_of(buf_slice(&b), "\"spans\":[2]"), 1);
	CHECK_INT(count_of(buf_slice(&b), "\"spans\":[4]"), 1);
	otlp_queue_release(&q);
	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(p[i]->refs, 1);
		process_unref(p[i]);
	}
}

TEST(queue_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100000);
		struct otlp_queue q = { 0 };
		size_t n = 0;

		for (size_t i = 0; i < 5; i++)
			n += !otlp_queue_add(&q, SLICE("{}"), 1, NULL, i);
		CHECK_INT(q.count, n);
		otlp_queue_encode(&b, &q, OTLP_TRACES, OTLP_JSON, SEMCONV_V1_41, &host);
		CHECK(buf_error(&b) || count_of(buf_slice(&b), "{}") >= n);
		otlp_queue_release(&q);
	}
}
