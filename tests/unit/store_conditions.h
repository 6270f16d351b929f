/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up conditions on made-up spans: as text for the parser, and as a plain test. */
#ifndef TESTS_STORE_CONDITIONS_H
#define TESTS_STORE_CONDITIONS_H

#include "buf.h"
#include "store_spans.h"

/* A number of a span in the database's unit; MADE_UNKNOWN. */
static int64_t number_of(const struct made *s, int which)
{
	const int64_t of[] = {
		s->input,
		s->output,
		s->cached,
		s->cost_pd,
		s->ttft_ns,
		s->duration_ns,
		s->max_tokens,
		s->op > 1 || s->cost_pd == MADE_UNKNOWN ? MADE_UNKNOWN : s->guessed ? s->cost_pd : 0
	};

	return of[which];
}

static const struct {
	const char *name;
	bool usage;   /* counted on requests, or on runs when nothing else is left */
	bool request; /* only requests have it */
	double scale; /* from what is written in conditions */
} numbers[] = {
	{ "gen_ai.usage.input_tokens", true, false, 1 },
	{ "gen_ai.usage.output_tokens", true, false, 1 },
	{ "gen_ai.usage.input_tokens.cached", true, false, 1 },
	{ "gentap.cost.total", true, false, 1e12 },
	{ "ttft", false, true, 1e9 },
	{ "duration", false, false, 1e9 },
	{ "gen_ai.request.max_tokens", false, false, 1 },
	{ "gentap.cost.guessed", false, true, 1e12 },
};

static int word_of(const struct made *s, int which)
{
	const int of[] = { s->model, s->agent, s->tool,	      s->user,
			   s->team,  s->repo,  s->error_type, s->finish };

	return of[which];
}

static const struct {
	const char *name, *kind;
} words[] = {
	{ "model", "model" },		{ "gen_ai.agent.name", "agent" },
	{ "gen_ai.tool.name", "tool" }, { "user.id", "user" },
	{ "gentap.team", "team" },	{ "vcs.repository.name", "repo" },
	{ "error.type", "error" },	{ "gen_ai.response.finish_reasons", "finish" },
};

/* 0 request, 1 tool, 2 agent, 3 mcp */
static int class_of(const struct made *s)
{
	static const int classes[] = { 0, 0, 1, 2, 3 };

	return classes[s->op];
}
static const char *const class_names[] = { "gen_ai.request", "gen_ai.execute_tool",
					   "gen_ai.invoke_agent", "mcp" };

/* ---- A condition as text and as a test ---- */

enum test_op { T_AND, T_OR, T_NOT, T_WORD, T_PREFIX, T_KNOWN, T_NUMBER, T_CLASS, T_ERROR };

struct cond {
	enum test_op op;
	int which, value, compare;
	int64_t number;
	struct cond *left, *right;
};

static struct cond pool[64];
static size_t used;

/* Numbers to compare with are those of one of the n spans. */
static struct cond *random_cond(struct maker *m, const struct made *spans, size_t n, int depth)
{
	struct cond *c = &pool[used++];

	c->op = depth && made_chance(m, 40) ? made_random(m) % 3 : T_WORD + made_random(m) % 6;
	if (c->op <= T_NOT) {
		c->left = random_cond(m, spans, n, depth - 1);
		c->right = c->op == T_NOT ? NULL : random_cond(m, spans, n, depth - 1);
		return c;
	}
	c->which =
		(int)(made_random(m) % (c->op == T_NUMBER ? ARRAY_LEN(numbers) : ARRAY_LEN(words)));
	c->value = made_pick(m, c->op == T_CLASS ? 4 : c->op == T_ERROR ? 2 : 12);
	c->compare = (int)(made_random(m) % 4);
	c->number = number_of(&spans[made_random(m) % n], c->which % (int)ARRAY_LEN(numbers));
	if (c->number == MADE_UNKNOWN)
		c->number = 1000;
	return c;
}

static const char *const compares[] = { "<", "<=", ">", ">=" };

static void cond_text(const struct cond *c, struct buf *b)
{
	switch (c->op) {
	case T_AND:
	case T_OR:
		buf_add_str(b, "(");
		cond_text(c->left, b);
		buf_add_str(b, c->op == T_OR ? " or " : c->compare & 1 ? " and " : " ");
		cond_text(c->right, b);
		buf_add_str(b, ")");
		break;
	case T_NOT:
		buf_add_str(b, "not (");
		cond_text(c->left, b);
		buf_add_str(b, ")");
		break;
	case T_WORD:
		if (c->compare == 0)
			buf_printf(b, "%s in (%s-%d, nothing)", words[c->which].name,
				   words[c->which].kind, c->value);
		else
			buf_printf(b, "%s%s%s-%d", words[c->which].name,
				   c->compare == 1 ? "=" : ":", words[c->which].kind, c->value);
		break;
	case T_PREFIX:
		if (c->compare & 1)
			buf_printf(b, "%s:%s-%d*", words[c->which].name, words[c->which].kind,
				   c->value);
		else
			buf_printf(b, "%s ~ '^%s-%d'", words[c->which].name, words[c->which].kind,
				   c->value);
		break;
	case T_KNOWN:
		buf_printf(b, "%s:*", words[c->which].name);
		break;
	case T_NUMBER:
		buf_printf(b, "%s %s %.17g", numbers[c->which].name, compares[c->compare],
			   (double)c->number / numbers[c->which].scale);
		break;
	case T_CLASS:
		buf_printf(b, "span.op:%s", class_names[c->value]);
		break;
	case T_ERROR:
		buf_printf(b, "error:%s", c->value ? "true" : "false");
		break;
	}
}

static bool starts_with_number(int index, int prefix)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), "%d", index);
	snprintf(b, sizeof(b), "%d", prefix);
	return !strncmp(a, b, strlen(b));
}

static bool cond_fits(const struct cond *c, const struct made *s)
{
	int64_t v;
	int word;

	switch (c->op) {
	case T_AND:
		return cond_fits(c->left, s) && cond_fits(c->right, s);
	case T_OR:
		return cond_fits(c->left, s) || cond_fits(c->right, s);
	case T_NOT:
		return !cond_fits(c->left, s);
	case T_WORD:
		return word_of(s, c->which) == c->value;
	case T_PREFIX:
		word = word_of(s, c->which);
		return word >= 0 && starts_with_number(word, c->value);
	case T_KNOWN:
		return word_of(s, c->which) >= 0;
	case T_NUMBER:
		v = number_of(s, c->which);
		if (v == MADE_UNKNOWN)
			return false;
		return c->compare == 0	 ? v < c->number
		       : c->compare == 1 ? v <= c->number
		       : c->compare == 2 ? v > c->number
					 : v >= c->number;
	case T_CLASS:
		return class_of(s) == c->value;
	case T_ERROR:
		return s->error == (c->value != 0);
	}
	return false;
}

/* Could a span of this class fit, as far as span.op decides? */
static bool class_possible(const struct cond *c, int class)
{
	if (!c)
		return true;
	if (c->op == T_AND)
		return class_possible(c->left, class) && class_possible(c->right, class);
	if (c->op == T_OR)
		return class_possible(c->left, class) || class_possible(c->right, class);
	return c->op != T_CLASS || c->value == class;
}

#endif
