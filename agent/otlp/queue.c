/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include "cleanup.h"

#include <errno.h>

#define RESOURCE_BYTES_MAX (4 * 1024 * 1024)

static void append(struct span_queue *q, struct queued_span *s)
{
	s->next = NULL;
	if (q->tail)
		q->tail->next = s;
	else
		q->head = s;
	q->tail = s;
	q->count++;
	q->bytes += QUEUED_SPAN_SIZE(s->len);
}

static struct queued_span *take(struct span_queue *q)
{
	struct queued_span *s = q->head;

	q->head = s->next;
	if (!q->head)
		q->tail = NULL;
	q->count--;
	q->bytes -= QUEUED_SPAN_SIZE(s->len);
	return s;
}

int span_queue_add(struct span_queue *q, struct slice encoded, struct process *process,
		   uint64_t now_ns)
{
	struct queued_span *s = malloc(QUEUED_SPAN_SIZE(encoded.len));

	if (!s)
		return -ENOMEM;
	*s = (struct queued_span){
		.process = process_ref(process),
		.at_ns = now_ns,
		.number = q->added++,
		.len = encoded.len,
	};
	memcpy(s->data, encoded.data, encoded.len);
	append(q, s);
	return 0;
}

void span_queue_move(struct span_queue *to, struct span_queue *from, size_t count, size_t bytes)
{
	size_t used = 0;

	while (from->count && count) {
		size_t size = QUEUED_SPAN_SIZE(from->head->len);

		if (used && (size > bytes || used > bytes - size))
			break;
		used += size;
		count--;
		append(to, take(from));
	}
}

void span_queue_unget(struct span_queue *to, struct span_queue *from)
{
	struct span_queue all = *from;

	if (!all.count)
		return;
	all.tail->next = to->head;
	if (to->count)
		all.tail = to->tail;
	all.count += to->count;
	all.bytes += to->bytes;
	all.added = to->added;
	*to = all;
	*from = (struct span_queue){ 0 };
}

void span_queue_release(struct span_queue *q)
{
	while (q->count) {
		struct queued_span *s = take(q);

		process_unref(s->process);
		free(s);
	}
}

static int by_process(const void *pa, const void *pb)
{
	const struct queued_span *a = *(struct queued_span *const *)pa,
				 *b = *(struct queued_span *const *)pb;
	uintptr_t x = (uintptr_t)a->process, y = (uintptr_t)b->process;

	if (x != y)
		return x < y ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* The spans sorted by process, and one group with an encoded resource per process. */
struct grouping {
	const struct queued_span **spans;
	struct slice *encoded;
	struct otlp_group *groups;
	size_t n_groups;
	struct buf *resources; /* one per group */
};

static void grouping_release(struct grouping *g)
{
	for (size_t i = 0; g->resources && i < g->n_groups; i++)
		buf_release(&g->resources[i]);
	free(g->spans);
	free(g->encoded);
	free(g->groups);
	free(g->resources);
}

static int grouping_init(struct grouping *g, const struct span_queue *q)
{
	size_t n = 0;

	g->spans = calloc(q->count, sizeof(*g->spans));
	g->encoded = calloc(q->count, sizeof(*g->encoded));
	g->groups = calloc(q->count, sizeof(*g->groups));
	g->resources = calloc(q->count, sizeof(*g->resources));
	if (!g->spans || !g->encoded || !g->groups || !g->resources)
		return -ENOMEM;
	for (const struct queued_span *s = q->head; s; s = s->next)
		g->spans[n++] = s;
	qsort(g->spans, n, sizeof(*g->spans), by_process);
	return 0;
}

void span_queue_encode(struct buf *b, const struct span_queue *q, enum otlp_encoding e,
		       enum semconv_profile profile, const struct otlp_host *host)
{
	_cleanup_(grouping_release) struct grouping g = { 0 };

	if (!q->count)
		return;
	if (grouping_init(&g, q)) {
		b->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < q->count; i++) {
		struct otlp_group *group;

		g.encoded[i] = (struct slice){ g.spans[i]->data, g.spans[i]->len };
		if (!i || g.spans[i]->process != g.spans[i - 1]->process) {
			struct buf *resource = &g.resources[g.n_groups];

			buf_init(resource, RESOURCE_BYTES_MAX);
			otlp_encode_resource(resource, e, g.spans[i]->process, host);
			if (buf_error(resource))
				b->error = buf_error(resource);
			g.groups[g.n_groups++] = (struct otlp_group){
				.resource = buf_slice(resource),
				.spans = &g.encoded[i],
			};
		}
		group = &g.groups[g.n_groups - 1];
		group->n_spans++;
	}
	otlp_encode_request(b, e, g.groups, g.n_groups, profile, host->version);
}
