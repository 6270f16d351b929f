/* SPDX-License-Identifier: Apache-2.0 */
#include "query_flow.h"

#include "cleanup.h"
#include "query_attr.h"
#include "query_cond.h"
#include "query_run.h"
#include "query_scan.h"
#include "query_slab.h"

#include <errno.h>

#define PAIRS_MAX 65536
#define PAIRS_RECENT 256
#define MEMORY_MAX (64u * 1024 * 1024)
#define IN_ORDER_MAX 65536 /* as query_scan.c has it: so few spans are read by number */

/* One call. Those of a run are linked. */
struct step {
	int64_t run, start_ns, tool; /* tool: number of the word; 0: not told */
	size_t next;		     /* place of the run's one before, plus 1 */
};

struct gathering {
	struct step *steps;
	size_t n, size;
	bool cut;
};

static int add_step(void *arg, const int64_t *values, const bool *known)
{
	struct gathering *g = arg;
	struct step *grown;

	if (!known[1])
		return 0;
	if (g->n == FLOW_CALLS_MAX) {
		g->cut = true;
		return 0;
	}
	if (g->n == g->size) {
		size_t size = g->size ? 2 * g->size : 4096;

		grown = reallocarray(g->steps, size, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		g->steps = grown;
		g->size = size;
	}
	g->steps[g->n++] = (struct step){ .start_ns = values[0],
					  .run = values[1],
					  .tool = known[2] ? values[2] : 0 };
	return 0;
}

static int add_rows(sqlite3 *db, const struct query *q, const struct scan_range *range,
		    struct gathering *g)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r, rc = SQLITE_DONE;
	struct sql sql;

	sql_init(&sql);
	buf_add_str(&sql.text, "SELECT s.start_ns,s.run_id,s.tool");
	scan_add_from(&sql, q, range);
	r = sql_prepare(&sql, db, &s);
	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t values[] = { sqlite3_column_int64(s, 0), 0, sqlite3_column_int64(s, 2) };
		bool known[] = { true, sqlite3_column_bytes(s, 1) == sizeof(values[1]),
				 sqlite3_column_type(s, 2) != SQLITE_NULL };

		if (known[1])
			memcpy(&values[1], sqlite3_column_blob(s, 1), sizeof(values[1]));
		r = add_step(g, values, known);
	}
	sql_release(&sql);
	return r ? r : db_errno(rc);
}

static int gather(sqlite3 *db, const struct query *q, struct gathering *g)
{
	static const enum field_id columns[] = { F_START, F_RUN, F_TOOL };
	struct scan_range range = {
		.from_ns = (int64_t)q->since_ns,
		.to_ns = q->until_ns ? (int64_t)q->until_ns : PLAN_OPEN_NS,
		.classes = cond_classes(q->where),
	};
	int64_t unsealed = 0;
	struct slab_visitor visitor = {
		.fields = columns, .n = ARRAY_LEN(columns), .visit = add_step, .arg = g
	};
	int r = query_slab_each(db, q, &range, &visitor, &range.above, &unsealed);

	if (r)
		return r;
	range.in_order = range.above && unsealed < IN_ORDER_MAX;
	return add_rows(db, q, &range, g);
}

/* Of those that start at once, the one that was stored first. */
static int by_start(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	int r = (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);

	return r ? r : (x->next > y->next) - (x->next < y->next);
}

struct counting {
	struct query_db *db;
	struct query_flow *flow;
	struct table pairs; /* by the numbers of both words */
	struct {
		int64_t from, to;
		size_t pair;	/* its place, plus 1 */
	} recent[PAIRS_RECENT]; /* the table is too slow to be asked for each call */
	struct step *run;	/* of one run, in order */
	size_t run_size;
};

/* 0 stands for the run's start and end, -1 for a tool that is not told. */
static struct slice name_of(struct counting *c, int64_t tool)
{
	return !tool	  ? SLICE_NONE
	       : tool < 0 ? SLICE("not known")
			  : query_word(c->db, &c->flow->arena, tool);
}

static int count_pair(struct counting *c, int64_t from, int64_t to)
{
	size_t slot = ((uint64_t)from * 31 + (uint64_t)to) % PAIRS_RECENT;
	const int64_t key[] = { from, to };
	struct flow_pair *pair;
	uintptr_t at;

	if (c->recent[slot].pair && c->recent[slot].from == from && c->recent[slot].to == to) {
		c->flow->pairs[c->recent[slot].pair - 1].count++;
		return 0;
	}
	at = (uintptr_t)table_get(&c->pairs, key, sizeof(key));
	if (at) {
		c->recent[slot].from = from;
		c->recent[slot].to = to;
		c->recent[slot].pair = at;
		c->flow->pairs[at - 1].count++;
		return 0;
	}
	pair = arena_push(&c->flow->arena, &c->flow->pairs, &c->flow->n_pairs, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	*pair = (struct flow_pair){ name_of(c, from), name_of(c, to), 1 };
	return table_add(&c->pairs, key, sizeof(key), (void *)(uintptr_t)c->flow->n_pairs);
}

static int count_run(struct counting *c, const struct gathering *g, size_t last)
{
	int64_t before = 0;
	size_t n = 0;
	int r = 0;

	for (size_t at = last; at; at = g->steps[at - 1].next, n++) {
		if (n == c->run_size) {
			size_t size = c->run_size ? 2 * c->run_size : 64;
			struct step *grown = reallocarray(c->run, size, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			c->run = grown;
			c->run_size = size;
		}
		c->run[n] = g->steps[at - 1];
		c->run[n].next = at; /* its place, from here on */
	}
	qsort(c->run, n, sizeof(*c->run), by_start);
	for (size_t i = 0; !r && i < n; i++) {
		int64_t tool = c->run[i].tool ? c->run[i].tool : -1;

		r = count_pair(c, before, tool);
		before = tool;
	}
	return r ? r : count_pair(c, before, 0);
}

/* A run's latest step: its place, plus 1; 0: the slot is free. */
struct latest {
	int64_t run;
	size_t step;
};

/* The latest step of each run by a hash of the run; steps of one run get linked. */
static int link_runs(struct gathering *g, struct latest **ret, size_t *ret_size)
{
	struct latest *last;
	size_t size = 64;

	while (size < 2 * g->n)
		size *= 2;
	last = calloc(size, sizeof(*last));
	if (!last)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		uint64_t h = (uint64_t)g->steps[i].run * 0x9e3779b97f4a7c15u;
		size_t at = (h ^ h >> 32) & (size - 1);

		while (last[at].step && last[at].run != g->steps[i].run)
			at = (at + 1) & (size - 1);
		g->steps[i].next = last[at].step;
		last[at] = (struct latest){ g->steps[i].run, i + 1 };
	}
	*ret = last;
	*ret_size = size;
	return 0;
}

static int count_all(struct query_db *db, struct gathering *g, struct query_flow *flow)
{
	struct counting c = { .db = db, .flow = flow };
	_cleanup_free_ struct latest *last = NULL;
	size_t size = 0;
	int r = link_runs(g, &last, &size);

	table_init(&c.pairs, PAIRS_MAX);
	for (size_t i = 0; !r && i < size; i++)
		if (last[i].step)
			r = count_run(&c, g, last[i].step);
	table_release(&c.pairs, NULL);
	free(c.run);
	return r;
}

int query_flow(struct query_db *db, const struct query *q, struct query_flow *ret)
{
	struct query_flow flow = { 0 };
	struct gathering g = { 0 };
	int r;

	arena_init(&flow.arena, MEMORY_MAX);
	r = db_exec(db->db, "BEGIN");
	if (!r) {
		r = gather(db->db, q, &g);
		if (!r)
			r = count_all(db, &g, &flow);
		db_exec(db->db, "COMMIT");
	}
	flow.calls = g.n;
	flow.cut = g.cut;
	free(g.steps);
	if (r) {
		query_flow_release(&flow);
		return r;
	}
	*ret = flow;
	return 0;
}

void query_flow_release(struct query_flow *f)
{
	arena_release(&f->arena);
}
