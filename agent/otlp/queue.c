/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include "cleanup.h"

#include <errno.h>

#define RESOURCE_BYTES_MAX (4 * 1024 * 1024)

static void append(struct otlp_queue *q, struct queued *s)
{
	s->next = NULL;
	if (q->tail)
		q->tail->next = s;
	else
		q->head = s;
	q->tail = s;
	q->count++;
	q->bytes += QUEUED_SIZE(s->len);
	q->units += s->units;
}

static struct queued *take(struct otlp_queue *q)
{
	struct queued *s = q->head;

	q->head = s->next;
	if (!q->head)
		q->tail = NULL;
	q->count--;
	q->bytes -= QUEUED_SIZE(s->len);
	q->units -= s->units;
	return s;
}

int otlp_queue_add(struct otlp_queue *q, struct slice encoded, uint32_t units,
		   struct process *process, uint64_t now_ns)
{
	struct queued *s = malloc(QUEUED_SIZE(encoded.len));

	if (!s)
		return -ENOMEM;
	*s = (struct queued){
		.process = process_ref(process),
		.at_ns = now_ns,
		.number = q->added++,
		.units = units,
		.len = encoded.len,
	};
	memcpy(s->data, encoded.data, encoded.len);
	append(q, s);
	return 0;
}

void otlp_queue_move(struct otlp_queue *to, struct otlp_queue *from, size_t count, size_t bytes)
{
	size_t used = 0;

	while (from->count && count) {
		size_t size = QUEUED_SIZE(from->head->len);

		if (used && (size > bytes || used > bytes - size))
			break;
		used += size;
		count--;
		append(to, take(from));
	}
}

void otlp_queue_unget(struct otlp_queue *to, struct otlp_queue *from)
{
	struct otlp_queue all = *from;

	if (!all.count)
		return;
	all.tail->next = to->head;
	if (to->count)
		all.tail = to->tail;
	all.count += to->count;
	all.bytes += to->bytes;
	all.units += to->units;
	all.added = to->added;
	*to = all;
	*from = (struct otlp_queue){ 0 };
}

void otlp_queue_release(struct otlp_queue *q)
{
	while (q->count) {
		struct queued *s = take(q);

		process_unref(s->process);
		free(s);
	}
}

static int by_process(const void *pa, const void *pb)
{
	const struct queued *a = *(struct queued *const *)pa, *b = *(struct queued *const *)pb;
	uintptr_t x = (uintptr_t)a->process, y = (uintptr_t)b->process;

	if (x != y)
		return x < y ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* The items sorted by process, and one group with an encoded resource per process. */
struct grouping {
	const struct queued **items;
	struct slice *encoded;
	struct otlp_group *groups;
	size_t n_groups;
	struct buf *resources; /* one per group */
};

static void grouping_release(struct grouping *g)
{
	for (size_t i = 0; g->resources && i < g->n_groups; i++)
		buf_release(&g->resources[i]);
	free(g->items);
	free(g->encoded);
	free(g->groups);
	free(g->resources);
}

static int grouping_init(struct grouping *g, const struct otlp_queue *q)
{
	size_t n = 0;

	g->items = calloc(q->count, sizeof(*g->items));
	g->encoded = calloc(q->count, sizeof(*g->encoded));
	g->groups = calloc(q->count, sizeof(*g->groups));
	g->resources = calloc(q->count, sizeof(*g->resources));
	if (!g->items || !g->encoded || !g->groups || !g->resources)
		return -ENOMEM;
	for (const struct queued *s = q->head; s; s = s->next)
		g->items[n++] = s;
	qsort(g->items, n, sizeof(*g->items), by_process);
	return 0;
}

void otlp_queue_encode(struct buf *b, const struct otlp_queue *q, enum otlp_signal signal,
		       enum otlp_encoding e, enum semconv_profile profile,
		       const struct otlp_host *host)
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

		g.encoded[i] = (struct slice){ g.items[i]->data, g.items[i]->len };
		if (!i || g.items[i]->process != g.items[i - 1]->process) {
			struct buf *resource = &g.resources[g.n_groups];

			buf_init(resource, RESOURCE_BYTES_MAX);
			otlp_encode_resource(resource, e, g.items[i]->process, host);
			if (buf_error(resource))
				b->error = buf_error(resource);
			g.groups[g.n_groups++] = (struct otlp_group){
				.resource = buf_slice(resource),
				.items = &g.encoded[i],
			};
		}
		group = &g.groups[g.n_groups - 1];
		group->n_items++;
	}
	otlp_encode_request(b, signal, e, g.groups, g.n_groups, profile, host->version);
}
