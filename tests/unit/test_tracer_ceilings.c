/* SPDX-License-Identifier: Apache-2.0 */
/* How much the tracer may keep, what goes when it is full, and that a day of calls needs no more
 * once all is full. The clock is that of the calls. */
#include "runs.h"

#include "clock.h"

/* As <sanitizer/allocator_interface.h> has it, which comes with another compiler. */
size_t __sanitizer_get_current_allocated_bytes(void);

#define HOUR_NS (3600 * NSEC_PER_SEC)

struct seen {
	uint64_t calls, runs, evicted;
	uint64_t first_evicted_ns; /* when the first of them had begun */
	bool unmarked;		   /* an evicted run that does not say so */
};

static void on_span(void *ctx, struct span *s)
{
	const struct attr *end = span_attr(s, "gentap.run.end");
	const struct attr *whole = span_attr(s, "gentap.completeness");
	struct seen *seen = ctx;

	seen->calls += s->call != NULL;
	seen->runs += end != NULL;
	if (!end || !slice_eq(end->string, SLICE("evicted")))
		return;
	if (!seen->evicted++)
		seen->first_evicted_ns = s->start_ns;
	seen->unmarked |= !whole || !slice_eq(whole->string, SLICE("partial"));
}

static struct tracer *start(const struct tracer_config *config, struct seen *seen)
{
	struct span_sink sink = { seen, on_span };
	struct tracer *t = NULL;

	*seen = (struct seen){ 0 };
	CHECK_INT(tracer_new(&t, config, &sink), 0);
	return t;
}

/* The turn-th call of an agent, of `turns`. */
static void feed(struct tracer *t, unsigned int agent, unsigned int turn, unsigned int turns,
		 uint64_t at_ns)
{
	_cleanup_(buf_cleanup) struct buf line = BUF_INIT(1 << 16);
	struct runs r = { .calls = agent * 64 + turn };
	struct call *c;

	buf_printf(&line, "pid=%u tools=1 resp=resp_0123456789%06u%02u u:question_of_agent_%u ",
		   100 + agent % 50, agent, turn, agent);
	for (unsigned int i = 0; i < turn; i++)
		buf_printf(&line,
			   "c:call_0123456789%06u%02u:task:look_into_matter_%u_%u "
			   "r:call_0123456789%06u%02u:ok ",
			   agent, i, agent, i, agent, i);
	if (turn + 1 < turns)
		buf_printf(&line, "-> c:call_0123456789%06u%02u:task:look_into_matter_%u_%u", agent,
			   turn, agent, turn);
	else
		buf_printf(&line, "-> done");
	c = runs_call(&r, buf_slice(&line));
	c->start_ns = at_ns;
	c->end_ns = at_ns + RUNS_MS;
	if (c->n_tool_calls)
		c->tool_calls[0].end_ns = c->end_ns;
	tracer_call(t, c);
}

static void feed_sub_agent(struct tracer *t, unsigned int agent, unsigned int turn, uint64_t at_ns)
{
	struct runs r = { .calls = agent * 64 + 32 + turn };
	char line[200];
	struct call *c;

	snprintf(line, sizeof(line),
		 "pid=%u tools=1 resp=resp_sub3456789%06u%02u u:look_into_matter_%u_%u -> done",
		 100 + agent % 50, agent, turn, agent, turn);
	c = runs_call(&r, slice_from(line));
	c->start_ns = at_ns;
	c->end_ns = at_ns + RUNS_MS;
	tracer_call(t, c);
}

TEST(ceiling_of_open_runs)
{
	struct seen seen;
	struct tracer *t = start(&(struct tracer_config){ 0 }, &seen);
	const struct tracer_stats *stats;

	for (unsigned int i = 0; i < TRACER_RUNS_MAX; i++)
		feed(t, i, 0, 2, RUNS_BASE + i * RUNS_MS);
	stats = tracer_stats(t);
	CHECK_INT(stats->runs, TRACER_RUNS_MAX);
	CHECK_INT(stats->runs_evicted + stats->conversations_evicted + stats->points_evicted, 0);
	CHECK_INT(seen.runs, 0);
	/* One more: the eldest goes, and says why. */
	feed(t, TRACER_RUNS_MAX, 0, 2, RUNS_BASE + TRACER_RUNS_MAX * RUNS_MS);
	CHECK_INT(tracer_stats(t)->runs_evicted, 1);
	CHECK_INT(seen.runs, 1);
	CHECK_INT(seen.evicted, 1);
	CHECK(seen.first_evicted_ns == RUNS_BASE && !seen.unmarked);
	/* All others are still there, and go on. */
	for (unsigned int i = 1; i <= TRACER_RUNS_MAX; i++)
		feed(t, i, 1, 2, RUNS_BASE + (TRACER_RUNS_MAX + i) * RUNS_MS);
	CHECK_INT(tracer_stats(t)->runs, TRACER_RUNS_MAX + 1);
	/* What has ended makes room before what is open does. */
	feed(t, TRACER_RUNS_MAX + 1, 0, 2, RUNS_BASE + (2 * TRACER_RUNS_MAX + 1) * RUNS_MS);
	CHECK_INT(tracer_stats(t)->runs_evicted, 1);
	tracer_free(t);
	CHECK_INT(seen.runs, TRACER_RUNS_MAX + 2);
	CHECK_INT(seen.evicted, 1);
}

/* 24 hours, 60 agents of 8 turns and their sub-agents; with ceilings that are reached, and
 * without. What is held may not grow once all tables are full. */
static void day(const struct tracer_config *config, bool evicts)
{
	enum { AGENTS = 60, TURNS = 8 };
	unsigned int id[AGENTS], turn[AGENTS] = { 0 }, last = AGENTS;
	uint64_t now = RUNS_BASE, calls = 0, begun;
	size_t before = __sanitizer_get_current_allocated_bytes(), early = 0, most = 0;
	struct seen seen;
	struct tracer *t = start(config, &seen);
	const struct tracer_stats *stats;

	for (unsigned int i = 0; i < AGENTS; i++)
		id[i] = i;
	for (unsigned int n = 0; now < RUNS_BASE + 24 * HOUR_NS; n++) {
		unsigned int a = n % AGENTS;
		size_t held;

		now += 3 * NSEC_PER_SEC;
		feed(t, id[a], turn[a], TURNS, now);
		calls++;
		if (turn[a] == 2) {
			feed_sub_agent(t, id[a], turn[a], now + NSEC_PER_SEC);
			calls++;
		}
		/* One in seven is never heard of again. */
		if (++turn[a] == TURNS || (turn[a] == 5 && id[a] % 7 == 0)) {
			id[a] = last++;
			turn[a] = 0;
		}
		held = __sanitizer_get_current_allocated_bytes() - before;
		if (now < RUNS_BASE + 16 * HOUR_NS)
			early = MAX(early, held);
		most = MAX(most, held);
	}
	stats = tracer_stats(t);
	CHECK_INT(seen.calls, calls);
	CHECK_INT(stats->no_memory, 0);
	CHECK_INT(stats->runs_evicted, seen.evicted);
	CHECK(!seen.unmarked);
	CHECK(evicts == (stats->runs_evicted > 0));
	CHECK(stats->conversations_evicted > 0);
	CHECK(most <= early + early / 20);
	printf("# a day: %llu calls, at most %zu bytes held, %zu in its first 16 hours; evicted: "
	       "%llu "
	       "runs, %llu conversations, %llu points\n",
	       (unsigned long long)calls, most, early, (unsigned long long)stats->runs_evicted,
	       (unsigned long long)stats->conversations_evicted,
	       (unsigned long long)stats->points_evicted);
	/* Every run that began is told, once. */
	begun = stats->runs;
	tracer_free(t);
	CHECK_INT(seen.runs, begun);
	CHECK_INT(__sanitizer_get_current_allocated_bytes(), before);
}

TEST(ceilings_hold_for_a_day)
{
	day(&(struct tracer_config){ .conversations_max = 1024, .points_max = 4096 }, false);
	day(&(struct tracer_config){ .runs_max = 32, .conversations_max = 48, .points_max = 200 },
	    true);
}
