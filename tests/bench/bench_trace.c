/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What joining a call costs, and what an open conversation keeps: µs and bytes per call with
 * 10, 1,000 and 10,000 agents open at once, and along one conversation of 2,000 turns. The
 * calls are made beforehand; what is timed is tracer_call().
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

/* The turn-th call of an agent, with its whole history. */
static struct call *make(unsigned int agent, unsigned int turn, uint64_t at_ns)
{
	struct call *c = NULL;

	if (call_new(&c))
		exit(1);
	c->op = OP_CHAT;
	c->dialect = "bench";
	c->provider = SLICE("openai");
	c->request_model = SLICE("m");
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
	messages_add_tool_call(
		c, add_tool(c, &c->output, &c->n_output, "assistant", PART_TOOL_CALL, agent, turn),
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
	return mallinfo2().uordblks;
}

static void at_once(unsigned int agents)
{
	enum { CALLS = 20000 };
	unsigned int turns = CALLS / agents ? MIN(CALLS / agents, 20u) : 1, n = 0;
	const struct tracer_config config = { 0 };
	struct span_sink sink = { NULL, on_span };
	struct tracer *t = NULL;
	uint64_t ns = 0, at = BASE;
	size_t before = heap();

	if (tracer_new(&t, &config, &sink))
		exit(1);
	for (unsigned int turn = 0; turn < turns; turn++)
		for (unsigned int a = 0; a < agents; a++, n++) {
			struct call *c = make(a, turn, at += 2 * MS);
			uint64_t begin = cpu_ns();

			tracer_call(t, c);
			ns += cpu_ns() - begin;
		}
	printf("%6u agents open, %2u turns each: %6.2f us a call, %7.0f bytes an agent, %llu "
	       "evicted\n",
	       agents, turns, (double)ns / 1e3 / n, (double)(heap() - before) / agents,
	       (unsigned long long)tracer_stats(t)->runs_evicted);
	tracer_free(t);
}

static void long_run(unsigned int turns)
{
	const struct tracer_config config = { 0 };
	struct span_sink sink = { NULL, on_span };
	struct tracer *t = NULL;
	uint64_t ns = 0, at = BASE;
	size_t before = heap();

	if (tracer_new(&t, &config, &sink))
		exit(1);
	for (unsigned int turn = 0; turn < turns; turn++) {
		struct call *c = make(1, turn, at += 2 * MS);
		uint64_t begin = cpu_ns();

		tracer_call(t, c);
		ns += cpu_ns() - begin;
		if (turn + 1 == 10 || turn + 1 == 200 || turn + 1 == turns)
			printf("one agent, up to %4u turns: %6.2f us a call on average, %7zu "
			       "bytes\n",
			       turn + 1, (double)ns / 1e3 / (turn + 1), heap() - before);
	}
	tracer_free(t);
}

int main(void)
{
	at_once(10);
	at_once(10);
	at_once(1000);
	at_once(10000);
	long_run(2000);
	return 0;
}
