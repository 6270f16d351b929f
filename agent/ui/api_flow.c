/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /flow: which tool follows which within a run, of all calls of the range; and loops: the
 * same tool with the same arguments three times or more in one run. Arguments are known when
 * content is recorded; without them no loop is claimed. Loops are looked for in the latest
 * calls: their arguments have to be read.
 */
#include "api_impl.h"
#include "query_flow.h"

#include "cleanup.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>

#define TOOLS "span.op:gen_ai.execute_tool"
#define LOOKED_AT_MAX "5000" /* for loops: the latest ones */
#define KEYS_MAX 65536
#define LOOP_LEAST 3
#define LOOPS_SHOWN 200

enum column { RUN, TRACE, TOOL, AGENT, ARGUMENTS };
#define FLOW_FIELDS "run,trace_id,tool,agent,gen_ai.tool.call.arguments"

/* A call with its arguments in a run. */
struct tally {
	size_t row; /* that it was seen in first */
	uint64_t count;
};

struct loops {
	const struct query_result *result;
	struct table calls; /* by run, tool and arguments */
	struct arena arena;
	struct buf key;
	struct buf *to;
	size_t n;
};

static struct slice cell_text(const struct query_result *r, size_t row, enum column c)
{
	const struct query_cell *cell = query_cell(r, row, c);

	return cell->type == QUERY_TEXT ? cell->text : SLICE_NONE;
}

static void add_row(struct loops *l, size_t row)
{
	struct slice part[] = { cell_text(l->result, row, RUN), cell_text(l->result, row, TOOL),
				cell_text(l->result, row, ARGUMENTS) };
	struct tally *y;
	struct slice key;

	if (!part[0].len || !part[2].len)
		return;
	buf_reset(&l->key, 4096);
	buf_printf(&l->key, "%zu:%zu:", part[0].len, part[1].len);
	for (size_t i = 0; i < ARRAY_LEN(part); i++)
		buf_add_slice(&l->key, part[i]);
	key = buf_slice(&l->key);
	y = table_get(&l->calls, key.data, key.len);
	if (!y) {
		y = arena_alloc(&l->arena, sizeof(*y));
		if (!y || table_add(&l->calls, key.data, key.len, y))
			return;
		*y = (struct tally){ .row = row };
	}
	y->count++;
}

static int write_loop(void *value, void *arg)
{
	static const char *const names[] = { "run", "trace_id", "tool", "agent" };
	const struct tally *y = value;
	struct loops *l = arg;

	if (y->count < LOOP_LEAST || l->n >= LOOPS_SHOWN)
		return 0;
	buf_printf(l->to, "%s{\"count\":%" PRIu64, l->n++ ? "," : "", y->count);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_printf(l->to, ",\"%s\":", names[i]);
		query_cell_json(&l->result->columns[i], query_cell(l->result, y->row, i), l->to);
	}
	buf_add_char(l->to, '}');
	return 0;
}

static int write_loops(struct api_context *c, const struct query_result *result)
{
	struct loops l = { .result = result, .key = BUF_INIT(1024 * 1024), .to = c->to };

	table_init(&l.calls, KEYS_MAX);
	arena_init(&l.arena, 64 * 1024 * 1024);
	for (size_t row = result->n_rows; row-- > 0;)
		add_row(&l, row);
	buf_printf(c->to, ",\"looked_at\":%zu,\"loops\":[", result->n_rows);
	table_each(&l.calls, write_loop, &l);
	buf_add_str(c->to, "]}\n");
	table_release(&l.calls, NULL);
	arena_release(&l.arena);
	buf_release(&l.key);
	return 0;
}

static void write_name(struct buf *to, const char *key, struct slice name)
{
	buf_printf(to, "\"%s\":", key);
	if (name.data)
		buf_add_json(to, name);
	else
		buf_add_str(to, "null");
}

static void write_steps(const struct query_flow *flow, struct buf *to)
{
	buf_printf(to, "{\"calls\":%" PRIu64 ",\"cut\":%s,\"steps\":[", flow->calls,
		   flow->cut ? "true" : "false");
	for (size_t i = 0; i < flow->n_pairs; i++) {
		buf_add_str(to, i ? ",{" : "{");
		write_name(to, "from", flow->pairs[i].from);
		buf_add_char(to, ',');
		write_name(to, "to", flow->pairs[i].to);
		buf_printf(to, ",\"count\":%" PRIu64 "}", flow->pairs[i].count);
	}
	buf_add_char(to, ']');
}

static int steps(struct api_context *c)
{
	struct query_flow flow;
	struct query_error e = { 0 };
	struct query q;
	int r, status;

	query_init(&q, c->now_ns);
	r = query_set(&q, SLICE("where"), SLICE(TOOLS), &e);
	status = r ? api_failed(c, r) : api_scope(c, &q);
	if (!status) {
		r = query_flow(c->db, &q, &flow);
		if (r) {
			status = api_failed(c, r);
		} else {
			write_steps(&flow, c->to);
			query_flow_release(&flow);
		}
	}
	query_release(&q);
	return status;
}

int api_flow(struct api_context *c)
{
	int status = steps(c);

	return status ? status : api_newest(c, FLOW_FIELDS, TOOLS, LOOKED_AT_MAX, write_loops);
}
