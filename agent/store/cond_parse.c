/* SPDX-License-Identifier: Apache-2.0 */
#include "query_cond.h"

#include "cleanup.h"
#include "clock.h"
#include "pattern.h"

#include <errno.h>
#include <stdarg.h>

struct parser {
	struct query *q;
	enum query_source source; /* of the names */
	struct query_error *error;
	struct slice text;
	size_t at; /* behind what was read */
	unsigned int nodes, depth;
};

/* (, ), and the like, an operator, or a word (quoted or not). */
struct token {
	size_t at, len;
	struct slice text; /* without quotes */
	bool quoted;
};

__attribute__((format(printf, 4, 5))) static int fail(struct parser *p, size_t at, size_t len,
						      const char *fmt, ...)
{
	va_list ap;

	*p->error = (struct query_error){ .text = p->text, .at = at, .len = len };
	va_start(ap, fmt);
	vsnprintf(p->error->message, sizeof(p->error->message), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void skip_spaces(struct parser *p)
{
	while (p->at < p->text.len && strchr(" \t\r\n", p->text.data[p->at]))
		p->at++;
}

static bool at_end(struct parser *p)
{
	skip_spaces(p);
	return p->at >= p->text.len;
}

static bool peek_char(struct parser *p, char c)
{
	return !at_end(p) && p->text.data[p->at] == c;
}

/* Words of letters, for and/or/not/in: the whole word, in any case. */
static bool take_keyword(struct parser *p, struct slice word)
{
	struct slice rest;

	skip_spaces(p);
	rest = slice_sub(p->text, p->at, p->text.len);
	if (!slice_starts_nocase(rest, word))
		return false;
	if (rest.len > word.len && !strchr(" \t\r\n(", rest.data[word.len]))
		return false;
	p->at += word.len;
	return true;
}

/* Up to one of `stops` or a space, or what stands in quotes. */
static int take_word(struct parser *p, const char *stops, struct token *ret)
{
	const char *s = p->text.data;
	size_t start;

	skip_spaces(p);
	start = p->at;
	*ret = (struct token){ .at = start };
	if (p->at < p->text.len && (s[p->at] == '"' || s[p->at] == '\'')) {
		char quote = s[p->at++];
		size_t from = p->at;

		while (p->at < p->text.len && s[p->at] != quote)
			p->at++;
		if (p->at == p->text.len)
			return fail(p, start, p->at - start, "a quote is not closed");
		ret->text = slice_sub(p->text, from, p->at++ - from);
		ret->quoted = true;
	} else {
		/* A pattern has brackets of its own; one that it did not open ends it. */
		for (int open = 0; p->at < p->text.len && !strchr(" \t\r\n", s[p->at]); p->at++) {
			open += s[p->at] == '(';
			if (strchr(stops, s[p->at]) || (s[p->at] == ')' && !open--))
				break;
		}
		ret->text = slice_sub(p->text, start, p->at - start);
	}
	ret->len = p->at - start;
	return 0;
}

static struct query_cond *node(struct parser *p, enum cond_op op)
{
	struct query_cond *c;

	if (++p->nodes > COND_NODES_MAX) {
		fail(p, 0, p->text.len, "too many conditions, at most %d", COND_NODES_MAX);
		return NULL;
	}
	c = arena_alloc(&p->q->arena, sizeof(*c));
	if (c)
		c->op = op;
	return c;
}

static int no_node(const struct parser *p)
{
	return p->q->arena.failed ? -ENOMEM : -EINVAL;
}

/* The units that a number may have behind it, by kind of attribute. */
static const struct {
	const char *suffix;
	double factor; /* to seconds, or plain */
	bool time;
} units[] = {
	{ "ns", 1e-9, true }, { "us", 1e-6, true },  { "µs", 1e-6, true }, { "ms", 1e-3, true },
	{ "s", 1, true },     { "min", 60, true },   { "m", 60, true },	   { "h", 3600, true },
	{ "d", 86400, true }, { "w", 604800, true }, { "k", 1e3, false },  { "M", 1e6, false },
	{ "G", 1e9, false },  { "", 1, false },
};

int cond_number(struct slice text, enum field_kind kind, int64_t *ret, double *ret_double)
{
	char copy[64], *end;
	double v, scale = 1;

	if (kind == FIELD_USD && text.len && *text.data == '$')
		text = slice_sub(text, 1, text.len);
	if (!text.len || text.len >= sizeof(copy) || strchr(" \t+iInN", *text.data))
		return -EINVAL;
	snprintf(copy, sizeof(copy), "%.*s", SLICE_FMT(text));
	errno = 0;
	v = strtod(copy, &end);
	if (end == copy || copy[1] == 'x' || copy[1] == 'X')
		return -EINVAL;
	for (size_t i = 0;; i++) {
		if (i == ARRAY_LEN(units))
			return -EINVAL;
		if (strcmp(end, units[i].suffix))
			continue;
		if (units[i].time && kind != FIELD_SECONDS)
			return -EINVAL;
		scale = units[i].factor;
		break;
	}
	v *= scale;
	*ret_double = v;
	v *= kind == FIELD_SECONDS ? 1e9 : kind == FIELD_USD ? 1e12 : 1;
	if (!(fabs(v) < 9.2e18))
		return -EINVAL;
	/* Whole numbers stay exact beyond 2^53. */
	if (kind == FIELD_INT && scale == 1 && !strpbrk(copy, ".eE")) {
		*ret = (int64_t)strtoll(copy, NULL, 10);
		return 0;
	}
	/* A bound between two whole numbers is no bound at either of them. */
	if (kind == FIELD_INT && v != floor(v))
		return -EDOM;
	*ret = llround(v);
	return 0;
}

static int class_value(struct parser *p, const struct token *t, struct cond_value *v)
{
	for (int c = 0; c < CLASSES; c++)
		if (slice_eq(v->text, slice_from(span_class_name(c)))) {
			v->integer = c;
			v->is_number = true;
			return 0;
		}
	if (v->wildcard)
		return 0;
	return fail(p, t->at, t->len,
		    "no such operation: gen_ai.request, gen_ai.invoke_agent, "
		    "gen_ai.execute_tool, mcp, http.server, effect, other");
}

static int bool_value(struct parser *p, const struct token *t, struct cond_value *v)
{
	bool yes = slice_eq_nocase(v->text, SLICE("true")) || slice_eq(v->text, SLICE("1")) ||
		   slice_eq_nocase(v->text, SLICE("yes"));
	bool no = slice_eq_nocase(v->text, SLICE("false")) || slice_eq(v->text, SLICE("0")) ||
		  slice_eq_nocase(v->text, SLICE("no"));

	if (!yes && !no)
		return fail(p, t->at, t->len, "true or false");
	v->integer = yes;
	v->is_number = true;
	return 0;
}

static int id_value(struct parser *p, const struct token *t, const struct cond_value *v)
{
	for (size_t i = 0; i < v->text.len; i++)
		if (!strchr("0123456789abcdefABCDEF", v->text.data[i]))
			return fail(p, t->at, t->len, "an id is hex digits");
	return v->text.len % 2 ? fail(p, t->at, t->len, "half an id: an even number of digits") : 0;
}

static int check_regex(struct parser *p, const struct token *t, const struct cond_value *v)
{
	struct pattern *pattern = NULL;
	char why[100];
	int r = pattern_new(&pattern, v->text, true, why, sizeof(why));

	pattern_free(pattern);
	return r == -ENOMEM ? r : r ? fail(p, t->at, t->len, "no regular expression: %s", why) : 0;
}

static int check_value(struct parser *p, const struct query_cond *c, const struct token *t,
		       struct cond_value *v)
{
	bool json = c->attr->field == F_NONE && c->attr->json_path.data;
	enum field_kind kind = c->attr->kind;
	int r;

	if (c->op == COND_MATCH) {
		if (!json && kind != FIELD_WORD)
			return fail(p, t->at, t->len, "~ is for words; this is a number");
		return check_regex(p, t, v);
	}
	switch (kind) {
	case FIELD_WORD:
		return 0;
	case FIELD_CLASS:
		return c->op == COND_EQ ? class_value(p, t, v)
					: fail(p, t->at, t->len, "span.op has no order");
	case FIELD_BOOL:
		return bool_value(p, t, v);
	case FIELD_ID:
		return id_value(p, t, v);
	default:
		break;
	}
	r = cond_number(v->text, kind, &v->integer, &v->number);
	v->is_number = !r;
	if (!r || json)
		return 0;
	if (r == -EDOM)
		return fail(p, t->at, t->len, "a whole number is asked for");
	return fail(p, t->at, t->len, "'%.*s' is no number%s", SLICE_FMT(v->text),
		    kind == FIELD_SECONDS ? " of seconds (2s, 150ms)"
		    : kind == FIELD_USD	  ? " of dollars"
					  : "");
}

static int add_value(struct parser *p, struct query_cond *c, const struct token *t)
{
	struct cond_value *v;

	if (c->n_values == COND_VALUES_MAX)
		return fail(p, t->at, t->len, "too many values, at most %d", COND_VALUES_MAX);
	if (!t->len)
		return fail(p, t->at, 0, "a value is missing");
	v = arena_push(&p->q->arena, &c->values, &c->n_values, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->text = arena_copy(&p->q->arena, t->text.data ? t->text : SLICE(""));
	if (!v->text.data)
		return -ENOMEM;
	v->wildcard = !t->quoted && slice_find_char(t->text, '*') >= 0;
	return check_value(p, c, t, v);
}

static int parse_list(struct parser *p, struct query_cond *c)
{
	struct token t;
	int r;

	if (!peek_char(p, '('))
		return fail(p, p->at, p->at < p->text.len, "in needs a list: in (a, b)");
	p->at++;
	do {
		r = take_word(p, ",)", &t);
		if (!r)
			r = add_value(p, c, &t);
		if (r)
			return r;
	} while (peek_char(p, ',') && p->at++ < p->text.len);
	if (!peek_char(p, ')'))
		return fail(p, p->at, p->at < p->text.len, "the list is not closed by )");
	p->at++;
	return 0;
}

static const struct {
	const char *text;
	enum cond_op op;
	bool negated;
} operators[] = {
	{ "!=", COND_EQ, true },    { "!~", COND_MATCH, true }, { "<=", COND_LE, false },
	{ ">=", COND_GE, false },   { "=", COND_EQ, false },	{ ":", COND_EQ, false },
	{ "~", COND_MATCH, false }, { "<", COND_LT, false },	{ ">", COND_GT, false },
};

static int negate(struct parser *p, struct query_cond **c)
{
	struct query_cond *n = node(p, COND_NOT);

	if (!n)
		return no_node(p);
	n->left = *c;
	*c = n;
	return 0;
}

/* What follows the key. */
static int parse_test(struct parser *p, struct query_cond *c, bool *ret_negated)
{
	struct slice rest;
	struct token t;
	int r;

	*ret_negated = false;
	if (take_keyword(p, SLICE("not")))
		*ret_negated = true;
	if (take_keyword(p, SLICE("in")))
		return parse_list(p, c);
	skip_spaces(p);
	if (*ret_negated)
		return fail(p, p->at, p->at < p->text.len, "not here means 'not in'");
	rest = slice_sub(p->text, p->at, p->text.len);
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (!slice_starts(rest, slice_from(operators[i].text)))
			continue;
		c->op = operators[i].op;
		*ret_negated = operators[i].negated;
		p->at += strlen(operators[i].text);
		if (p->at < p->text.len && strchr("=<>~", p->text.data[p->at]))
			return fail(p, p->at - strlen(operators[i].text),
				    strlen(operators[i].text) + 1, "there is no operator '%s%c'",
				    operators[i].text, p->text.data[p->at]);
		r = take_word(p, c->op == COND_MATCH ? "" : "()", &t);
		if (r)
			return r;
		if (c->op == COND_EQ && !t.quoted && slice_eq(t.text, SLICE("*"))) {
			c->op = COND_KNOWN;
			return 0;
		}
		return add_value(p, c, &t);
	}
	return fail(p, p->at, p->at < p->text.len,
		    "an operator is missing: one of : = != ~ !~ < <= > >= in");
}

static int parse_leaf(struct parser *p, struct query_cond **ret)
{
	struct query_cond *c = node(p, COND_EQ);
	bool negated;
	struct token key;
	int r;

	if (!c)
		return no_node(p);
	r = take_word(p, ":=!~<>()", &key);
	if (r)
		return r;
	if (!key.len)
		return fail(p, key.at, key.at < p->text.len, "a condition is missing here");
	c->attr = query_attr_new(&p->q->arena, p->source, key.text);
	if (!c->attr)
		return p->q->arena.failed
			       ? -ENOMEM
			       : fail(p, key.at, key.len,
				      p->source == QUERY_SPANS ? "'%.*s' is no name of an attribute"
							       : "there is no column '%.*s' here",
				      SLICE_FMT(key.text));
	r = parse_test(p, c, &negated);
	*ret = c;
	return r ? r : negated ? negate(p, ret) : 0;
}

static int parse_or(struct parser *p, struct query_cond **ret);

static int parse_not(struct parser *p, struct query_cond **ret)
{
	size_t open;
	int r;

	if (++p->depth > COND_DEPTH_MAX)
		return fail(p, p->at, 1, "brackets too deep, at most %d", COND_DEPTH_MAX);
	if (take_keyword(p, SLICE("not"))) {
		r = parse_not(p, ret);
		if (!r)
			r = negate(p, ret);
	} else if (peek_char(p, '(')) {
		open = p->at++;
		r = parse_or(p, ret);
		if (!r && !peek_char(p, ')'))
			r = fail(p, open, 1, "this bracket is not closed");
		p->at += !r;
	} else {
		r = parse_leaf(p, ret);
	}
	p->depth--;
	return r;
}

static int join(struct parser *p, enum cond_op op, struct query_cond **left,
		struct query_cond *right)
{
	struct query_cond *c = node(p, op);

	if (!c)
		return no_node(p);
	c->left = *left;
	c->right = right;
	*left = c;
	return 0;
}

static int parse_and(struct parser *p, struct query_cond **ret)
{
	struct query_cond *right = NULL;
	int r = parse_not(p, ret);
	size_t before;

	for (;;) {
		if (r || at_end(p) || peek_char(p, ')'))
			return r;
		before = p->at;
		if (take_keyword(p, SLICE("or"))) {
			p->at = before;
			return 0;
		}
		take_keyword(p, SLICE("and"));
		r = parse_not(p, &right);
		if (!r)
			r = join(p, COND_AND, ret, right);
	}
}

static int parse_or(struct parser *p, struct query_cond **ret)
{
	struct query_cond *right = NULL;
	int r = parse_and(p, ret);

	while (!r && take_keyword(p, SLICE("or"))) {
		r = parse_and(p, &right);
		if (!r)
			r = join(p, COND_OR, ret, right);
	}
	return r;
}

int cond_parse(struct query *q, enum query_source source, struct slice text, struct query_cond **to,
	       struct query_error *error)
{
	struct parser p = { .q = q, .source = source, .error = error, .text = text };
	struct query_cond *c = NULL;
	int r;

	if (at_end(&p))
		return 0;
	r = parse_or(&p, &c);
	if (!r && !at_end(&p))
		r = fail(&p, p.at, 1, "nothing is open that this could close");
	if (!r && *to)
		r = join(&p, COND_AND, &c, *to);
	if (!r)
		*to = c;
	return r;
}
