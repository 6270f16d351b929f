/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /flow: which tool follows which within a run, and loops: the same tool with the same
 * arguments three times or more in one run. Arguments are known when content is
 * recorded; without them no loop is claimed.
 */
#include "api_impl.h"

#include "cleanup.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>

#define SPANS_MAX "5000" /* the latest ones */
#define KEYS_MAX 65536
#define LOOP_LEAST 3
#define LOOPS_SHOWN 200

enum column { RUN, TRACE, TOOL, AGENT, ARGUMENTS };
#define FLOW_FIELDS "run,trace_id,tool,agent,gen_ai.tool.call.arguments"

/* Of a pair of tools, or of a call with its arguments in a run. */
struct tally {
	const struct query_result *result;
	size_t row, next; /* rows that it was seen in first; next: of the pair's second */
	bool has_first, has_next;
	uint64_t count;
};

struct flow {
	const struct query_result *result;
	struct table last;  /* by run: the row of its latest tool */
	struct table pairs; /* by both names */
	struct table calls; /* by run, tool and arguments */
	struct arena arena;
	struct buf key;
};

static struct slice cell_text(const struct query_result *r, size_t row, enum column c)
{
	const struct query_cell *cell = query_cell(r, row, c);

	return cell->type == QUERY_TEXT ? cell->text : SLICE_NONE;
}

static struct tally *tally_of(struct flow *f, struct table *t)
{
	struct slice key = buf_slice(&f->key);
	struct tally *y = table_get(t, key.data, key.len);

	if (y)
		return y;
	y = arena_alloc(&f->arena, sizeof(*y));
	if (!y || table_add(t, key.data, key.len, y))
		return NULL;
	y->result = f->result;
	return y;
}

static void key_start(struct flow *f, struct slice a, struct slice b, struct slice c)
{
	buf_reset(&f->key, 4096);
	buf_printf(&f->key, "%zu:%zu:", a.len, b.len);
	buf_add_slice(&f->key, a);
	buf_add_slice(&f->key, b);
	buf_add_slice(&f->key, c);
}

static void add_pair(struct flow *f, bool has_first, size_t first, bool has_next, size_t next)
{
	struct slice a = has_first ? cell_text(f->result, first, TOOL) : SLICE("\1");
	struct slice b = has_next ? cell_text(f->result, next, TOOL) : SLICE("\1");
	struct tally *y;

	key_start(f, a, b, SLICE(""));
	y = tally_of(f, &f->pairs);
	if (!y)
		return;
	if (!y->count)
		*y = (struct tally){ f->result, first, next, has_first, has_next, 0 };
	y->count++;
}

static void add_row(struct flow *f, size_t row)
{
	struct slice run = cell_text(f->result, row, RUN), arguments;
	struct tally *last, *call;

	if (!run.len)
		return;
	key_start(f, run, SLICE(""), SLICE(""));
	last = tally_of(f, &f->last);
	if (!last)
		return;
	add_pair(f, last->count > 0, last->row, true, row);
	last->row = row;
	last->count++;
	arguments = cell_text(f->result, row, ARGUMENTS);
	if (!arguments.len)
		return;
	key_start(f, run, cell_text(f->result, row, TOOL), arguments);
	call = tally_of(f, &f->calls);
	if (!call)
		return;
	if (!call->count++)
		call->row = row;
}

static int end_run(void *value, void *arg)
{
	const struct tally *last = value;

	add_pair(arg, true, last->row, false, 0);
	return 0;
}

struct writer {
	struct buf *to;
	size_t n;
};

static void write_tool(struct buf *to, const char *name, const struct tally *y, bool has,
		       size_t row)
{
	struct slice tool = has ? cell_text(y->result, row, TOOL) : SLICE_NONE;

	buf_printf(to, "\"%s\":", name);
	if (tool.data)
		buf_add_json(to, tool);
	else
		buf_add_str(to, "null");
}

static int write_pair(void *value, void *arg)
{
	const struct tally *y = value;
	struct writer *w = arg;

	buf_add_str(w->to, w->n++ ? ",{" : "{");
	write_tool(w->to, "from", y, y->has_first, y->row);
	buf_add_char(w->to, ',');
	write_tool(w->to, "to", y, y->has_next, y->next);
	buf_printf(w->to, ",\"count\":%" PRIu64 "}", y->count);
	return 0;
}

static int write_loop(void *value, void *arg)
{
	static const char *const names[] = { "run", "trace_id", "tool", "agent" };
	const struct tally *y = value;
	struct writer *w = arg;

	if (y->count < LOOP_LEAST || w->n >= LOOPS_SHOWN)
		return 0;
	buf_printf(w->to, "%s{\"count\":%" PRIu64, w->n++ ? "," : "", y->count);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_printf(w->to, ",\"%s\":", names[i]);
		query_cell_json(&y->result->columns[i], query_cell(y->result, y->row, i), w->to);
	}
	buf_add_char(w->to, '}');
	return 0;
}

static int write_flow(struct api_context *c, const struct query_result *result)
{
	struct flow f = { .result = result, .key = BUF_INIT(1024 * 1024) };
	struct writer w = { .to = c->to };

	table_init(&f.last, KEYS_MAX);
	table_init(&f.pairs, KEYS_MAX);
	table_init(&f.calls, KEYS_MAX);
	arena_init(&f.arena, 64 * 1024 * 1024);
	for (size_t row = result->n_rows; row-- > 0;)
		add_row(&f, row);
	table_each(&f.last, end_run, &f);
	buf_printf(c->to, "{\"spans\":%zu,\"matched\":%" PRIu64 ",\"steps\":[", result->n_rows,
		   result->matched);
	table_each(&f.pairs, write_pair, &w);
	buf_add_str(c->to, "],\"loops\":[");
	w.n = 0;
	table_each(&f.calls, write_loop, &w);
	buf_add_str(c->to, "]}\n");
	table_release(&f.last, NULL);
	table_release(&f.pairs, NULL);
	table_release(&f.calls, NULL);
	arena_release(&f.arena);
	buf_release(&f.key);
	return 0;
}

int api_flow(struct api_context *c)
{
	return api_newest(c, FLOW_FIELDS, "span.op:gen_ai.execute_tool", SPANS_MAX, write_flow);
}
