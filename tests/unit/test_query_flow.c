/* SPDX-License-Identifier: Apache-2.0 */
/* Which tool follows which, against brute force: from spans, from slabs, from both. */
#include "query_flow.h"

#include "schema.h"
#include "slab_attrs.h"
#include "store.h"
#include "store_spans.h"
#include "test.h"

#include <errno.h>
#include <unistd.h>

#define SPANS 3000
#define TOOLS 12
#define EDGE TOOLS /* the run's start, its end */

static struct made all[SPANS];
static char folder[] = "/tmp/test-flow-XXXXXX", path[64];

static int fill(void)
{
	struct maker m = maker_init(11, SPANS, (int64_t)86400 * 1000000000);
	struct store_config config = { .path = path, .must_open = true };
	struct store *store;
	int r;

	if (!mkdtemp(folder))
		return -errno;
	snprintf(path, sizeof(path), "%s/gentap.db", folder);
	r = store_new(&store, &config);
	for (size_t i = 0; !r && i < SPANS; i++) {
		struct span *s;

		all[i] = made_next(&m);
		/* Tools that start at once, and one that is told after a later one. */
		if (i && made_chance(&m, 20))
			all[i].start_ns = all[i - 1].start_ns - (i % 3 == 0);
		s = made_span(&all[i]);
		store_span(store, s);
		span_free(s);
	}
	if (!r)
		r = store_flush(store, 30000);
	if (!r)
		store_free(store);
	return r;
}

static int by_run(const void *a, const void *b)
{
	const struct made *x = *(struct made *const *)a, *y = *(struct made *const *)b;

	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

static uint64_t brute_force(int agent, int64_t from, uint64_t counts[TOOLS + 1][TOOLS + 1])
{
	static const struct made *calls[SPANS];
	size_t n = 0;

	memset(counts, 0, (TOOLS + 1) * sizeof(*counts));
	for (size_t i = 0; i < SPANS; i++)
		if (all[i].op == 2 && (agent < 0 || all[i].agent == agent) &&
		    all[i].start_ns >= from)
			calls[n++] = &all[i];
	qsort(calls, n, sizeof(*calls), by_run);
	for (size_t i = 0; i < n; i++) {
		bool first = !i || calls[i - 1]->run != calls[i]->run;

		counts[first ? EDGE : calls[i - 1]->tool][calls[i]->tool]++;
		if (i + 1 == n || calls[i + 1]->run != calls[i]->run)
			counts[calls[i]->tool][EDGE]++;
	}
	return n;
}

static int number_of_tool(struct slice name)
{
	uint64_t n = EDGE;

	if (name.data && slice_u64(slice_sub(name, strlen("tool-"), name.len), &n))
		return -1;
	return (int)n;
}

static void check(const char *where, int agent, int64_t from)
{
	uint64_t want[TOOLS + 1][TOOLS + 1], n = brute_force(agent, from, want), pairs = 0;
	struct query_flow flow = { 0 };
	struct query_error error = { 0 };
	struct query_db *db = NULL;
	struct query q;

	query_init(&q, MADE_BASE_NS);
	CHECK_INT(query_open(&db, path), 0);
	CHECK_INT(query_set(&q, SLICE("where"), slice_from(where), &error), 0);
	q.since_ns = (uint64_t)from;
	CHECK_INT(query_flow(db, &q, &flow), 0);
	CHECK_INT(flow.calls, n);
	CHECK(!flow.cut);
	for (size_t i = 0; i < flow.n_pairs; i++) {
		int a = number_of_tool(flow.pairs[i].from), b = number_of_tool(flow.pairs[i].to);

		CHECK(a >= 0 && b >= 0);
		if (a >= 0 && b >= 0)
			CHECK_INT(flow.pairs[i].count, want[a][b]);
	}
	for (size_t a = 0; a <= TOOLS; a++)
		for (size_t b = 0; b <= TOOLS; b++)
			pairs += want[a][b] > 0;
	CHECK_INT(flow.n_pairs, pairs);
	query_flow_release(&flow);
	query_release(&q);
	query_close(db);
}

static void check_all(const char *stage)
{
	static const struct {
		const char *where;
		int agent;
		bool half; /* of the time */
	} rows[] = {
		{ "span.op:gen_ai.execute_tool", -1, false },
		{ "span.op:gen_ai.execute_tool", -1, true },
		{ "span.op:gen_ai.execute_tool agent:agent-1", 1, false },
		{ "span.op:gen_ai.execute_tool agent:nobody", 99, false },
		/* Slabs do not have what stands in the JSON; it may stand beside them. */
		{ "span.op:gen_ai.execute_tool not nothing.like.it:1", -1, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s: %s", stage, rows[i].where);
		check(rows[i].where, rows[i].agent, rows[i].half ? all[SPANS / 2].start_ns : 0);
	}
	test_row(NULL);
}

TEST(tools_in_their_order)
{
	sqlite3 *db = NULL;
	bool more = true;

	CHECK_INT(fill(), 0);
	check_all("spans");
	CHECK_INT(schema_open(&db, path), 0);
	CHECK_INT(slab_seal(db, SPANS / 3 + 10, &more), 0);
	check_all("a slab and spans");
	CHECK_INT(slab_seal(db, SPANS / 3 + 10, &more), 0);
	check_all("slabs and spans");
	for (more = true; more;)
		CHECK_INT(slab_attrs_seal(db, &more), 0);
	sqlite3_close(db);
	check_all("slabs with attributes");
	unlink(path);
	rmdir(folder);
}
