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
#define MOVES_MAX 16		    /* for each step of a run, on average */
#define RUNS_RECENT 4096	    /* runs */
#define TOOL_MAX (INT64_C(1) << 31) /* as slab_cond.c has it of words */
#define MEMORY_MAX (64u * 1024 * 1024)
#define IN_ORDER_MAX 65536 /* as query_scan.c has it: so few spans are read by number */

/* One call. Those of a run are linked. */
struct step {
	int64_t start_ns;
	uint32_t tool; /* number of the word; 0: not told */
	uint32_t run;  /* place in `runs` */
	uint32_t next; /* place of the run's one before, plus 1 */
};

struct run {
	int64_t id;
	uint32_t last; /* place of its latest step, plus 1 */
};

struct gathering {
	struct step *steps;
	size_t n, size;
	struct run *runs;
	size_t n_runs, runs_size;
	uint32_t *slots; /* places in `runs`, plus 1, by a hash of the id; 0: free */
	size_t n_slots;	 /* a power of two, twice the runs at least */
	/* Calls of one run come close together: these few are found without leaving the cache. */
	struct {
		int64_t id;
		uint32_t place; /* plus 1 */
	} recent[RUNS_RECENT];
	bool cut;
};

static size_t hash_of(int64_t run)
{
	uint64_t h = (uint64_t)run * 0x9e3779b97f4a7c15u;

	return (size_t)(h ^ h >> 32);
}

/* Room for twice as many, or for some, in an array whose pointer stands at `array`. */
static int grow(void *array, size_t *size, size_t element, size_t some)
{
	size_t more = *size ? 2 * *size : some;
	void *grown;

	memcpy(&grown, array, sizeof(grown));
	grown = reallocarray(grown, more, element);
	if (!grown)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	*size = more;
	return 0;
}

static uint32_t *slot_of(struct gathering *g, int64_t id)
{
	size_t at = hash_of(id) & (g->n_slots - 1);

	while (g->slots[at] && g->runs[g->slots[at] - 1].id != id)
		at = (at + 1) & (g->n_slots - 1);
	return &g->slots[at];
}

static int grow_slots(struct gathering *g)
{
	free(g->slots);
	g->n_slots = g->n_slots ? 2 * g->n_slots : 4096;
	g->slots = calloc(g->n_slots, sizeof(*g->slots));
	if (!g->slots)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_runs; i++)
		*slot_of(g, g->runs[i].id) = (uint32_t)i + 1;
	return 0;
}

/* Its place in `runs`. */
static int find_run(struct gathering *g, int64_t id, uint32_t *ret)
{
	size_t at = hash_of(id) % RUNS_RECENT;
	uint32_t *slot;
	int r = 0;

	if (g->recent[at].place && g->recent[at].id == id) {
		*ret = g->recent[at].place - 1;
		return 0;
	}
	if (2 * (g->n_runs + 1) > g->n_slots)
		r = grow_slots(g);
	if (!r && g->n_runs == g->runs_size)
		r = grow(&g->runs, &g->runs_size, sizeof(*g->runs), 2048);
	if (r)
		return r;
	slot = slot_of(g, id);
	if (!*slot) {
		g->runs[g->n_runs] = (struct run){ .id = id };
		*slot = (uint32_t)++g->n_runs;
	}
	g->recent[at].id = id;
	g->recent[at].place = *slot;
	*ret = *slot - 1;
	return 0;
}

/* start, run, tool */
static int add_step(void *arg, const int64_t *values, const bool *known)
{
	struct gathering *g = arg;
	struct step *step;
	uint32_t run;
	int r = 0;

	if (!known[1])
		return 0;
	if (g->n == FLOW_CALLS_MAX) {
		g->cut = true;
		return 0;
	}
	if (known[2] && (values[2] <= 0 || values[2] >= TOOL_MAX))
		return -ERANGE;
	if (g->n == g->size)
		r = grow(&g->steps, &g->size, sizeof(*g->steps), 4096);
	if (!r)
		r = find_run(g, values[1], &run);
	if (r)
		return r;
	step = &g->steps[g->n++];
	*step = (struct step){ .start_ns = values[0],
			       .tool = known[2] ? (uint32_t)values[2] : 0,
			       .run = run,
			       .next = g->runs[run].last };
	g->runs[run].last = (uint32_t)g->n;
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

struct counting {
	struct query_db *db;
	struct query_flow *flow;
	struct table pairs; /* by the numbers of both words */
	struct {
		int64_t from, to;
		size_t pair;	 /* its place, plus 1 */
	} recent[PAIRS_RECENT];	 /* the table is too slow to be asked for each call */
	const struct step **run; /* of one run, in order */
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

/* Of those that start at once, the one that was stored first. */
static int by_start(const void *a, const void *b)
{
	const struct step *x = *(struct step *const *)a, *y = *(struct step *const *)b;
	int r = (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);

	return r ? r : (x > y) - (x < y);
}

/* They come as they were stored, which mostly is in order. False: they do not. */
static bool insert_in_order(const struct step **run, size_t n)
{
	size_t moves = 0;

	for (size_t i = 1; i < n; i++) {
		const struct step *moved = run[i];
		size_t to = i;

		for (; to && run[to - 1]->start_ns > moved->start_ns; to--)
			run[to] = run[to - 1];
		run[to] = moved;
		moves += i - to;
		if (moves > MOVES_MAX * n)
			return false;
	}
	return true;
}

/* The steps of the run whose latest is `last`, by their start. */
static int sort_run(struct counting *c, const struct gathering *g, uint32_t last, size_t *ret)
{
	size_t n = 0, from;

	for (uint32_t at = last; at; at = g->steps[at - 1].next)
		n++;
	while (n > c->run_size) {
		int r = grow(&c->run, &c->run_size, sizeof(struct step *), 64);

		if (r)
			return r;
	}
	*ret = from = n;
	for (uint32_t at = last; at; at = g->steps[at - 1].next)
		c->run[--from] = &g->steps[at - 1];
	if (!insert_in_order(c->run, n))
		qsort(c->run, n, sizeof(*c->run), by_start);
	return 0;
}

static int count_run(struct counting *c, const struct gathering *g, uint32_t last)
{
	int64_t before = 0;
	size_t n = 0;
	int r = sort_run(c, g, last, &n);

	for (size_t i = 0; !r && i < n; i++) {
		int64_t tool = c->run[i]->tool ? (int64_t)c->run[i]->tool : -1;

		r = count_pair(c, before, tool);
		before = tool;
	}
	return r ? r : count_pair(c, before, 0);
}

static int count_all(struct query_db *db, struct gathering *g, struct query_flow *flow)
{
	struct counting c = { .db = db, .flow = flow };
	int r = 0;

	table_init(&c.pairs, PAIRS_MAX);
	for (size_t i = 0; !r && i < g->n_runs; i++)
		r = count_run(&c, g, g->runs[i].last);
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
	free(g.runs);
	free(g.slots);
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
