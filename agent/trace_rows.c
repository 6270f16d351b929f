/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_rows.h"

#include "arena.h"

#include <errno.h>

#define TRACE_MAX (256u * 1024 * 1024)

struct collect {
	struct arena arena;
	struct waterfall_row *rows;
	size_t n;
};

static enum waterfall_kind kind_of(enum span_class class)
{
	static const enum waterfall_kind kinds[CLASSES] = {
		[CLASS_REQUEST] = WATERFALL_CALL,
		[CLASS_AGENT] = WATERFALL_AGENT,
		[CLASS_TOOL] = WATERFALL_TOOL,
		[CLASS_MCP] = WATERFALL_MCP,
	};

	return (unsigned int)class < CLASSES ? kinds[class] : WATERFALL_OTHER;
}

static void add_row(void *ctx, const struct query_span *s)
{
	struct collect *c = ctx;
	struct waterfall_row *row = arena_push(&c->arena, &c->rows, &c->n, sizeof(*row));

	if (!row)
		return;
	memcpy(row->trace_id, s->trace_id, sizeof(row->trace_id));
	memcpy(row->id, s->span_id, sizeof(row->id));
	memcpy(row->parent, s->parent_id, sizeof(row->parent));
	row->kind = kind_of(s->class);
	row->name = arena_copy(&c->arena, s->name);
	row->start_ns = s->start_ns;
	row->end_ns = s->end_ns;
	row->first_token_ns = s->ttft_ns >= 0 ? s->start_ns + (uint64_t)s->ttft_ns : 0;
	/* A run's tokens and cost are those of its calls: told there. */
	row->input = s->class == CLASS_AGENT ? -1 : s->input;
	row->output = s->class == CLASS_AGENT ? -1 : s->output;
	row->cost = s->cost_pd >= 0 ? (double)s->cost_pd / 1e12 : NAN;
	if (s->error)
		row->error =
			s->error_type.data ? arena_copy(&c->arena, s->error_type) : SLICE("error");
	row->inferred = arena_copy(&c->arena, s->inferred);
	row->partial = s->completeness.data && !slice_eq(s->completeness, SLICE("full"));
}

int trace_rows_print(struct query_db *db, struct slice id, const struct waterfall_style *style,
		     struct buf *to)
{
	struct collect c = { 0 };
	uint8_t trace_id[16];
	int r = query_find_trace(db, id, trace_id);

	if (r)
		return r;
	arena_init(&c.arena, TRACE_MAX);
	r = query_trace(db, trace_id, add_row, &c);
	if (r >= 0)
		r = c.arena.failed ? -ENOMEM : waterfall_print(to, c.rows, c.n, style);
	arena_release(&c.arena);
	return r;
}
