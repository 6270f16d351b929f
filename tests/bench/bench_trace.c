/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What joining a call costs, and what is kept for it. Agents of ten turns each talk in turns;
 * who is done is followed by another, so that every row has the same mix of first, later and
 * last calls. The rows with few talking among many open ones say whether the number of open
 * conversations costs anything; where all of them talk, what each call needs has been driven out
 * of the caches by the others', as in the last row it is by other work. The calls are made
 * beforehand; what is timed is tracer_call().
 *
 * Then one conversation of 2,000 turns, and a day of the clock with what is held at its hours.
 */
#include "cleanup.h"
#include "clock.h"
#include "messages.h"
#include "tracer.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>

#define MS UINT64_C(1000000)
#define BASE UINT64_C(1700000000000000000)

static uint64_t spans;

static void on_span(void *ctx, struct span *s)
{
	(void)ctx;
	(void)s;
	spans++;
}

static void add_text(struct call *c, struct message **list, size_t *n, const char *role,
		     const char *format, unsigned int agent, unsigned int turn)
{
	struct message *m = message_add(c, list, n, slice_from(role));
	struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TEXT);
	struct text t = { 0 };
	char text[200];

	snprintf(text, sizeof(text), format, agent, turn);
	text_add(c, &t, slice_from(text), CALL_TEXT_HEAD);
	part_set_text(p, &t);
	message_seal(m);
}

static struct part *add_tool(struct call *c, struct message **list, size_t *n, const char *role,
			     enum part_type type, unsigned int agent, unsigned int turn)
{
	struct message *m = message_add(c, list, n, slice_from(role));
	struct part *p = part_add(c, &m->parts, &m->n_parts, type);
	struct text t = { 0 };
	char id[40];

	snprintf(id, sizeof(id), "call_0123456789ab%06u%06u", agent, turn);
	p->id = arena_copy(&c->arena, slice_from(id));
	p->name = type == PART_TOOL_CALL ? SLICE("read") : SLICE_NONE;
	text_add(c, &t, SLICE("{\"path\":\"/some/where/in/a/file.c\"}"), 4096);
	part_set_text(p, &t);
	message_seal(m);
	return p;
}

enum { TURNS = 10, BATCH = 10, CALLS = 40000, COLD_CALLS = 2000 };

/* The turn-th call of an agent, with its whole history; the last one asks for nothing more. */
static struct call *make(unsigned int agent, unsigned int turn, bool last, uint64_t at_ns)
{
	struct call *c = NULL;
	char id[40];

	if (call_new(&c))
		exit(1);
	snprintf(id, sizeof(id), "resp_0123456789%06u%06u", agent, turn);
	c->op = OP_CHAT;
	c->dialect = "bench";
	c->provider = SLICE("openai");
	c->request_model = SLICE("m");
	c->response_id = arena_copy(&c->arena, slice_from(id));
	c->status = 200;
	c->exchange = agent;
	c->start_ns = at_ns;
	c->end_ns = at_ns + MS;
	messages_add_tool(c, SLICE("function"), SLICE("read"));
	add_text(c, &c->input, &c->n_input, "user", "question of agent %u", agent, 0);
	for (unsigned int i = 0; i < turn; i++) {
		add_tool(c, &c->input, &c->n_input, "assistant", PART_TOOL_CALL, agent, i);
		add_tool(c, &c->input, &c->n_input, "tool", PART_TOOL_RESPONSE, agent, i);
	}
	if (last)
		add_text(c, &c->output, &c->n_output, "assistant", "answer to agent %u", agent, 0);
	else
		messages_add_tool_call(c,
				       add_tool(c, &c->output, &c->n_output, "assistant",
						PART_TOOL_CALL, agent, turn),
				       SLICE_NONE, c->end_ns, false);
	call_complete(c);
	return c;
}

/* Of this thread: others on the machine do not count. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* ---- Many at once -------------------------------------------------------------------------- */

struct crowd {
	struct tracer *tracer;
	uint64_t at_ns, step_ns;
	unsigned int n, last; /* agents at once; number of the newest */
	struct agent {
		unsigned int id, turn;
	} * agents;
};

static void crowd_start(struct crowd *x, unsigned int n)
{
	const struct tracer_config config = { 0 };
	struct span_sink sink = { NULL, on_span };

	*x = (struct crowd){ .n = n, .at_ns = BASE, .step_ns = 2 * MS, .last = n };
	x->agents = calloc(n, sizeof(*x->agents));
	if (!x->agents || tracer_new(&x->tracer, &config, &sink))
		exit(1);
	for (unsigned int a = 0; a < n; a++)
		x->agents[a].id = a;
}

static void crowd_end(struct crowd *x)
{
	tracer_free(x->tracer);
	free(x->agents);
}

static struct call *crowd_next(struct crowd *x, unsigned int at)
{
	struct agent *a = &x->agents[at];
	bool last = a->turn == TURNS - 1;
	struct call *c = make(a->id, a->turn++, last, x->at_ns += x->step_ns);

	if (last)
		*a = (struct agent){ .id = x->last++ };
	return c;
}

/* Each is somewhere between its first and its last turn. Returns how many calls it took. */
static unsigned int crowd_gather(struct crowd *x)
{
	unsigned int n = 0;

	for (unsigned int turn = 0; turn < TURNS - 1; turn++)
		for (unsigned int a = 0; a < x->n; a++)
			if (a % TURNS > turn) {
				tracer_call(x->tracer, crowd_next(x, a));
				n++;
			}
	return n;
}

/* Other work: more than the caches hold. */
static void drive_out(void)
{
	static char other[48 << 20];

	for (size_t i = 0; i < sizeof(other); i += 64)
		other[i]++;
}

static double crowd_talk(struct crowd *x, unsigned int talking, unsigned int calls, bool cold)
{
	struct call *batch[BATCH];
	uint64_t ns = 0;

	for (unsigned int n = 0; n < calls; n += BATCH) {
		uint64_t begin;

		if (cold)
			drive_out();
		for (unsigned int i = 0; i < BATCH; i++)
			batch[i] = crowd_next(x, (n + i) % talking);
		begin = cpu_ns();
		for (unsigned int i = 0; i < BATCH; i++)
			tracer_call(x->tracer, batch[i]);
		ns += cpu_ns() - begin;
	}
	return (double)ns / 1e3 / calls;
}

static void at_once(unsigned int agents, unsigned int talking, bool cold)
{
	struct crowd x;
	unsigned int gathered;
	size_t before, held;
	double us;

	crowd_start(&x, agents);
	before = heap();
	gathered = crowd_gather(&x);
	held = heap() - before;
	us = crowd_talk(&x, talking, cold ? COLD_CALLS : CALLS, cold);
	printf("%6u agents open, %5u talk%s: %6.2f us a call, %6zu bytes kept of each call, "
	       "%llu runs evicted\n",
	       agents, talking, cold ? ", caches cold" : "", us, gathered ? held / gathered : 0,
	       (unsigned long long)tracer_stats(x.tracer)->runs_evicted);
	crowd_end(&x);
}

/* ---- For long ------------------------------------------------------------------------------- */

static size_t text_bytes(const struct call *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_input; i++)
		for (size_t k = 0; k < c->input[i].n_parts; k++)
			n += c->input[i].parts[k].len + c->input[i].parts[k].id.len;
	return n;
}

static void long_run(unsigned int turns)
{
	const struct tracer_config config = { 0 };
	struct span_sink sink = { NULL, on_span };
	struct tracer *t = NULL;
	uint64_t ns = 0, bytes = 0, at = BASE;
	size_t before = heap();

	if (tracer_new(&t, &config, &sink))
		exit(1);
	for (unsigned int turn = 0; turn < turns; turn++) {
		struct call *c = make(1, turn, false, at += 2 * MS);
		uint64_t begin = cpu_ns();

		/* Of what it takes, the last ten of a row are told. */
		if (turn % 10 == 0)
			ns = bytes = 0;
		bytes += text_bytes(c);
		tracer_call(t, c);
		ns += cpu_ns() - begin;
		if (turn + 1 == 10 || turn + 1 == 200 || turn + 1 == turns)
			printf("one agent, turns %4u to %4u: %6.2f us a call, %6.2f ns a byte of "
			       "its messages, %7zu bytes held\n",
			       turn - 8, turn + 1, (double)ns / 1e4, (double)ns / (double)bytes,
			       heap() - before);
	}
	tracer_free(t);
}

/* 200 agents, a call every 100 ms: each of them thinks and works for 20 s a turn. */
static void day(void)
{
	enum { AGENTS = 200, HOURS = 24 };
	const struct tracer_stats *stats;
	struct crowd x;
	uint64_t calls = 0;
	size_t before;

	before = heap();
	crowd_start(&x, AGENTS);
	x.step_ns = 100 * MS;
	for (unsigned int hour = 1; hour <= HOURS; hour++) {
		while (x.at_ns < BASE + hour * 3600 * NSEC_PER_SEC)
			tracer_call(x.tracer, crowd_next(&x, (unsigned int)(calls++ % AGENTS)));
		if (hour == 1 || hour % 6 == 0)
			printf("a day of %d agents, hour %2u: %7llu calls, %9zu bytes held\n",
			       AGENTS, hour, (unsigned long long)calls, heap() - before);
	}
	stats = tracer_stats(x.tracer);
	printf("evicted that day: %llu runs, %llu conversations, %llu points of open ones\n",
	       (unsigned long long)stats->runs_evicted,
	       (unsigned long long)stats->conversations_evicted,
	       (unsigned long long)stats->points_evicted);
	crowd_end(&x);
}

int main(void)
{
	at_once(10, 10, false);
	at_once(10, 10, false);
	at_once(1000, 10, false);
	at_once(10000, 10, false);
	at_once(1000, 1000, false);
	at_once(10000, 10000, false);
	at_once(10, 10, true);
	long_run(2000);
	day();
	return 0;
}
