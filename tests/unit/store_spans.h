/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans as an agent host would see them, made up from a seed: what the store's tests and
 * its bench fill databases with, and the same in the plainest form to compare with.
 */
#ifndef TESTS_STORE_SPANS_H
#define TESTS_STORE_SPANS_H

#include "cleanup.h"
#include "semconv.h"
#include "span.h"

#define MADE_BASE_NS (UINT64_C(1790000000) * 1000000000) /* 2026-09-21 */
#define MADE_UNKNOWN INT64_MIN

/* Index of a name; -1: unknown. Names are "KIND-INDEX". */
struct made {
	int op; /* 0 chat, 1 embeddings, 2 execute_tool, 3 invoke_agent, 4 mcp */
	int64_t start_ns, duration_ns;
	bool error, partial, refused, guessed; /* guessed: what it costs, by a likely price */
	int model, provider, agent, tool, user, tier, team, repo, error_type, finish;
	int64_t input, output, cached, reasoning, cost_pd, ttft_ns;
	int64_t max_tokens; /* stands in the JSON */
	uint64_t id, run, conversation;
};

struct maker {
	uint64_t state;
	uint64_t spans, run, run_left;
	int64_t now_ns, step_ns;
	int agent, user, team, repo;
};

static inline uint64_t made_random(struct maker *m)
{
	uint64_t z = m->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 … n-1, the lower the likelier. */
static inline int made_pick(struct maker *m, int n)
{
	int a = (int)(made_random(m) % (uint64_t)n), b = (int)(made_random(m) % (uint64_t)n);

	return MIN(a, b);
}

static inline bool made_chance(struct maker *m, int percent)
{
	return made_random(m) % 100 < (uint64_t)percent;
}

/* `count` spans over `span_ns` of time. */
static inline struct maker maker_init(uint64_t seed, uint64_t count, int64_t span_ns)
{
	return (struct maker){ .state = seed,
			       .now_ns = (int64_t)MADE_BASE_NS,
			       .step_ns = span_ns / (int64_t)count };
}

static inline void made_usage(struct maker *m, struct made *s)
{
	bool told = !made_chance(m, 6);

	s->input = told ? (int64_t)(made_random(m) % 60000) : MADE_UNKNOWN;
	s->output = told && s->op == 0 ? (int64_t)(made_random(m) % 4000) : MADE_UNKNOWN;
	s->cached = told && made_chance(m, 60) ? s->input / 2 : MADE_UNKNOWN;
	s->reasoning = told && s->op == 0 && made_chance(m, 30) ? s->output / 3 : MADE_UNKNOWN;
	s->cost_pd = told && !made_chance(m, 5)
			     ? s->input * 3000000 + (int64_t)(made_random(m) % 77)
			     : MADE_UNKNOWN;
	s->ttft_ns = s->op == 0 && made_chance(m, 70) ? s->duration_ns / 4 + 1 : MADE_UNKNOWN;
}

static inline struct made made_next(struct maker *m)
{
	struct made s = { .id = ++m->spans, .tool = -1, .model = -1, .provider = -1, .finish = -1 };

	if (!m->run_left--) {
		m->run = m->spans;
		m->run_left = 3 + made_random(m) % 16;
		m->agent = made_chance(m, 10) ? -1 : made_pick(m, 8);
		m->user = made_chance(m, 10) ? -1 : made_pick(m, 200);
		m->team = m->user < 0 ? -1 : m->user % 12;
		m->repo = made_chance(m, 30) ? -1 : made_pick(m, 30);
	}
	m->now_ns += (int64_t)(made_random(m) % (uint64_t)(2 * m->step_ns + 1));
	s.op = m->run_left ? (int)((int[]){ 0, 0, 0, 0, 0, 0, 1, 2, 2, 4 }[made_random(m) % 10])
			   : 3;
	s.start_ns = m->now_ns;
	s.duration_ns = (int64_t)(1000000 + made_random(m) % UINT64_C(20000000000));
	s.run = m->run;
	s.conversation = m->run / 64;
	s.agent = m->agent;
	s.user = m->user;
	s.tier = m->user < 0 ? -1 : m->user % 3;
	s.team = m->team;
	s.repo = m->repo;
	s.error = made_chance(m, 5);
	s.error_type = s.error ? made_pick(m, 4) : -1;
	s.partial = made_chance(m, 2);
	s.input = s.output = s.cached = s.reasoning = s.cost_pd = s.ttft_ns = MADE_UNKNOWN;
	s.max_tokens = MADE_UNKNOWN;
	if (s.op == 2 || s.op == 4) {
		s.tool = made_pick(m, 12);
	} else {
		s.model = made_pick(m, 20);
		s.provider = s.model % 4;
		s.finish = made_pick(m, 3);
		s.max_tokens =
			made_chance(m, 50) ? (int64_t)(made_random(m) % 5) * 1000 : MADE_UNKNOWN;
		made_usage(m, &s);
	}
	s.refused = s.op < 2 && s.error && made_chance(m, 50);
	if (s.refused)
		s.input = s.output = s.cached = s.reasoning = s.cost_pd = s.ttft_ns = MADE_UNKNOWN;
	s.guessed = s.op < 2 && s.cost_pd != MADE_UNKNOWN && s.id % 7 == 0;
	if (s.op == 3) { /* a run has no model and no first chunk of its own */
		s.model = s.provider = s.finish = -1;
		s.ttft_ns = MADE_UNKNOWN;
	}
	return s;
}

static inline void made_set_name(struct span *s, const char *key, const char *kind, int index)
{
	char text[48];

	if (index < 0)
		return;
	snprintf(text, sizeof(text), "%s-%d", kind, index);
	span_set_str(s, key, slice_from(text));
}

static inline void made_set_int(struct span *s, const char *key, int64_t v)
{
	if (v != MADE_UNKNOWN)
		span_set_int(s, key, v);
}

static inline void made_set_usage(struct span *s, const struct made *from)
{
	bool run = from->op == 3;

	made_set_int(s, run ? "gentap.run.input_tokens" : ATTR_USAGE_INPUT, from->input);
	made_set_int(s, run ? "gentap.run.output_tokens" : ATTR_USAGE_OUTPUT, from->output);
	made_set_int(s, run ? "gentap.run.cache_read_tokens" : ATTR_USAGE_CACHE_READ, from->cached);
	made_set_int(s, run ? "gentap.run.reasoning_tokens" : ATTR_USAGE_REASONING,
		     from->reasoning);
	if (from->cost_pd != MADE_UNKNOWN)
		span_set_double(s, run ? "gentap.run.cost" : "gentap.cost.total",
				(double)from->cost_pd / 1e12);
	if (from->ttft_ns != MADE_UNKNOWN)
		span_set_double(s, ATTR_RESPONSE_TTFC, (double)from->ttft_ns / 1e9);
}

static inline struct span *made_span(const struct made *from)
{
	static const char *const ops[] = { "chat", "embeddings", "execute_tool", "invoke_agent",
					   "execute_tool" };
	struct span *s;
	char text[48];

	if (span_new(&s))
		return NULL;
	s->name = slice_from(ops[from->op]);
	s->start_ns = (uint64_t)from->start_ns;
	s->end_ns = (uint64_t)(from->start_ns + from->duration_ns);
	s->error = from->error;
	memcpy(s->trace_id, &(uint64_t){ from->run * UINT64_C(0x9e3779b97f4a7c15) }, 8);
	memcpy(s->trace_id + 8, &from->run, 8);
	memcpy(s->span_id, &(uint64_t){ from->id * UINT64_C(0x9e3779b97f4a7c15) }, 8);
	span_set_str(s, ATTR_OPERATION_NAME, slice_from(ops[from->op]));
	if (from->op == 4)
		span_set_str(s, "mcp.method.name", SLICE("tools/call"));
	made_set_name(s, ATTR_REQUEST_MODEL, "model", from->model);
	made_set_name(s, ATTR_RESPONSE_MODEL, "model", from->model);
	made_set_name(s, ATTR_PROVIDER_NAME, "provider", from->provider);
	made_set_name(s, "gen_ai.agent.name", "agent", from->agent);
	made_set_name(s, "gen_ai.tool.name", "tool", from->tool);
	made_set_name(s, "user.id", "user", from->user);
	made_set_name(s, "gentap.user.tier", "tier", from->tier);
	made_set_name(s, "gentap.team", "team", from->team);
	made_set_name(s, "vcs.repository.name", "repo", from->repo);
	made_set_name(s, ATTR_ERROR_TYPE, "error", from->error_type);
	if (from->finish >= 0) {
		snprintf(text, sizeof(text), "finish-%d", from->finish);
		span_set_strs(s, ATTR_RESPONSE_FINISH_REASONS,
			      &(struct slice){ text, strlen(text) }, 1);
		snprintf(text, sizeof(text), "resp_%016llx", (unsigned long long)from->id);
		span_set_str(s, ATTR_RESPONSE_ID, slice_from(text));
		span_set_double(s, ATTR_REQUEST_TEMPERATURE, 0.7);
		span_set_str(s, ATTR_GENTAP_CAPTURE_SOURCE, SLICE("openssl"));
		span_set_str(s, ATTR_SERVER_ADDRESS, SLICE("api.example.com"));
		span_set_int(s, ATTR_SERVER_PORT, 443);
	}
	made_set_int(s, ATTR_REQUEST_MAX_TOKENS, from->max_tokens);
	made_set_usage(s, from);
	span_set_str(s, ATTR_GENTAP_COMPLETENESS, from->partial ? SLICE("partial") : SLICE("full"));
	if (from->refused || from->guessed)
		span_set_str(s, "gentap.cost.source",
			     from->refused ? SLICE("refused") : SLICE("fallback"));
	snprintf(text, sizeof(text), "%016llx",
		 (unsigned long long)(from->run * UINT64_C(0x9e3779b97f4a7c15)));
	span_set_str(s, "gentap.run.id", slice_from(text));
	snprintf(text, sizeof(text), "conv-%llu", (unsigned long long)from->conversation);
	span_set_str(s, ATTR_CONVERSATION_ID, slice_from(text));
	return s;
}

#endif
