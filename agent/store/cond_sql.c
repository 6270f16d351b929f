/* SPDX-License-Identifier: Apache-2.0 */
#include "query_cond.h"

#include "cleanup.h"
#include "pattern.h"

#include <errno.h>

#define SQL_MAX (256 * 1024)

void sql_init(struct sql *s)
{
	*s = (struct sql){ .text = BUF_INIT(SQL_MAX) };
	arena_init(&s->arena, 1024 * 1024);
}

void sql_release(struct sql *s)
{
	buf_release(&s->text);
	arena_release(&s->arena);
}

static void add_param(struct sql *s, const char *text, struct sql_param value)
{
	struct sql_param *p = arena_push(&s->arena, &s->params, &s->n_params, sizeof(*p));

	if (p)
		*p = value;
	buf_add_str(&s->text, text);
}

void sql_add_int(struct sql *s, int64_t v)
{
	add_param(s, "?", (struct sql_param){ .type = PARAM_INT, .integer = v });
}

void sql_add_text(struct sql *s, struct slice text)
{
	add_param(s, "?", (struct sql_param){ .type = PARAM_TEXT, .bytes = text });
}

void sql_add_pointer(struct sql *s, const void *p, const char *type)
{
	add_param(s, "?",
		  (struct sql_param){ .type = PARAM_POINTER, .pointer = p, .pointer_type = type });
}

static void add_number(struct sql *s, double v)
{
	add_param(s, "?", (struct sql_param){ .type = PARAM_DOUBLE, .number = v });
}

static void add_blob(struct sql *s, struct slice bytes)
{
	add_param(s, "?", (struct sql_param){ .type = PARAM_BLOB, .bytes = bytes });
}

static bool is_json(const struct query_attr *a)
{
	return a->field == F_NONE && a->json_path.data;
}

void sql_add_attr(struct sql *s, const struct query_attr *a)
{
	if (is_json(a) && s->on_value) {
		buf_add_str(&s->text, "v.value");
	} else if (is_json(a)) {
		s->needs_details = true;
		buf_add_str(&s->text, "json_extract(d.attributes,");
		sql_add_text(s, a->json_path);
		buf_add_char(&s->text, ')');
	} else if (a->field == F_NONE) {
		buf_printf(&s->text, "(%s)", a->sql);
	} else if (s->on_rollups && a->kind == FIELD_WORD) {
		buf_add_str(&s->text, "nullif(s.value,0)");
	} else {
		buf_printf(&s->text, "s.%s", a->sql);
	}
}

static const char *comparison(enum cond_op op)
{
	static const char *const names[] = {
		[COND_LT] = "<", [COND_LE] = "<=", [COND_GT] = ">", [COND_GE] = ">="
	};

	return names[op];
}

/* A test of a text that stands between `before` and `after`, both of which name it. */
static void add_text_test(struct sql *s, const struct query_cond *c, const struct cond_value *v,
			  const char *name)
{
	if (c->op == COND_MATCH || (c->op == COND_EQ && v->wildcard)) {
		buf_add_str(&s->text, c->op == COND_MATCH ? "regex_match(" : "wildcard_match(");
		sql_add_text(s, v->text);
		buf_printf(&s->text, ",%s)", name);
		return;
	}
	buf_printf(&s->text, "%s%s", name, c->op == COND_EQ ? "=" : comparison(c->op));
	sql_add_text(s, v->text);
}

void sql_add_words(struct sql *s, const struct query_cond *c)
{
	for (size_t i = 0; i < c->n_values; i++) {
		buf_add_str(&s->text, i ? " OR " : "");
		add_text_test(s, c, &c->values[i], "value");
	}
}

static void add_word(struct sql *s, const struct query_cond *c, const struct cond_value *v)
{
	if (c->attr->text) {
		add_text_test(s, c, v, c->attr->sql);
		return;
	}
	sql_add_attr(s, c->attr);
	buf_add_str(&s->text, " IN (SELECT id FROM strings WHERE ");
	add_text_test(s, c, v, "value");
	buf_add_char(&s->text, ')');
}

static void add_json_type(struct sql *s, const struct query_attr *a)
{
	if (s->on_value) {
		buf_add_str(&s->text, "v.type");
		return;
	}
	buf_add_str(&s->text, "json_type(d.attributes,");
	sql_add_text(s, a->json_path);
	buf_add_char(&s->text, ')');
}

static void add_json(struct sql *s, const struct query_cond *c, const struct cond_value *v)
{
	if (c->op == COND_MATCH || (c->op == COND_EQ && v->wildcard)) {
		buf_add_str(&s->text, c->op == COND_MATCH ? "regex_match(" : "wildcard_match(");
		sql_add_text(s, v->text);
		buf_add_char(&s->text, ',');
		sql_add_attr(s, c->attr);
		buf_add_char(&s->text, ')');
		return;
	}
	sql_add_attr(s, c->attr);
	buf_add_str(&s->text, c->op == COND_EQ ? "=" : comparison(c->op));
	if (v->is_number && c->op != COND_EQ) {
		add_number(s, v->number);
		/* In SQLite's order every text is greater than every number. */
		buf_add_str(&s->text, " AND typeof(");
		sql_add_attr(s, c->attr);
		buf_add_str(&s->text, ") IN ('integer','real')");
		return;
	}
	sql_add_text(s, v->text);
	if (c->op != COND_EQ)
		return;
	if (v->is_number) {
		buf_add_str(&s->text, " OR ");
		sql_add_attr(s, c->attr);
		buf_add_char(&s->text, '=');
		add_number(s, v->number);
	} else if (slice_eq(v->text, SLICE("true")) || slice_eq(v->text, SLICE("false"))) {
		buf_add_str(&s->text, " OR ");
		add_json_type(s, c->attr);
		buf_add_char(&s->text, '=');
		sql_add_text(s, v->text);
	}
}

static bool wildcard_match(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.len && pattern.data[p] == text.data[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

static void add_class(struct sql *s, const struct cond_value *v)
{
	bool first = true;

	if (!v->wildcard) {
		buf_add_str(&s->text, "s.cls=");
		sql_add_int(s, v->integer);
		return;
	}
	buf_add_str(&s->text, "s.cls IN (");
	for (int c = 0; c < CLASSES; c++)
		if (wildcard_match(v->text, slice_from(span_class_name(c)))) {
			buf_printf(&s->text, "%s%d", first ? "" : ",", c);
			first = false;
		}
	buf_add_char(&s->text, ')');
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void add_id(struct sql *s, const struct query_cond *c, const struct cond_value *v)
{
	size_t n = v->text.len / 2;
	char *bytes = arena_alloc(&s->arena, n + 1);

	for (size_t i = 0; bytes && i < n; i++)
		bytes[i] = (char)(hex_digit(v->text.data[2 * i]) << 4 |
				  hex_digit(v->text.data[2 * i + 1]));
	sql_add_attr(s, c->attr);
	buf_add_str(&s->text, c->op == COND_EQ ? "=" : comparison(c->op));
	add_blob(s, (struct slice){ bytes, n });
}

static void add_test(struct sql *s, const struct query_cond *c, const struct cond_value *v)
{
	switch (c->attr->kind) {
	case FIELD_WORD:
		add_word(s, c, v);
		break;
	case FIELD_CLASS:
		add_class(s, v);
		break;
	case FIELD_ID:
		add_id(s, c, v);
		break;
	default:
		if (is_json(c->attr)) {
			add_json(s, c, v);
			break;
		}
		sql_add_attr(s, c->attr);
		buf_add_str(&s->text, c->op == COND_EQ ? "=" : comparison(c->op));
		/* Spelled out: an index of the errors alone serves only what is known to ask
		 * for them. */
		if (c->attr->kind == FIELD_BOOL)
			buf_printf(&s->text, "%d", v->integer != 0);
		else
			sql_add_int(s, v->integer);
	}
}

/* `a AND b AND c` without brackets within, on either side (each --where puts those before it on
 * the right): a hundred of them overflow SQLite's parser. */
static void add_chain(struct sql *s, const struct query_cond *c, enum cond_op op)
{
	if (c->op != op) {
		sql_add_cond(s, c);
		return;
	}
	add_chain(s, c->left, op);
	buf_add_str(&s->text, op == COND_AND ? " AND " : " OR ");
	add_chain(s, c->right, op);
}

void sql_add_cond(struct sql *s, const struct query_cond *c)
{
	buf_add_char(&s->text, '(');
	switch (c->op) {
	case COND_AND:
	case COND_OR:
		add_chain(s, c, c->op);
		break;
	case COND_NOT:
		/* What is unknown fits no condition, so it fits the opposite. */
		sql_add_cond(s, c->left);
		buf_add_str(&s->text, " IS NOT TRUE");
		break;
	case COND_KNOWN:
		sql_add_attr(s, c->attr);
		buf_add_str(&s->text, " IS NOT NULL");
		break;
	default:
		for (size_t i = 0; i < c->n_values; i++) {
			buf_add_str(&s->text, i ? " OR " : "");
			add_test(s, c, &c->values[i]);
		}
	}
	buf_add_char(&s->text, ')');
}

int sql_prepare(struct sql *s, sqlite3 *db, sqlite3_stmt **ret)
{
	int r = buf_error(&s->text);

	if (r || s->arena.failed)
		return r ? r : -ENOMEM;
	r = db_prepare(db, buf_slice(&s->text), ret);
	for (size_t i = 0; !r && i < s->n_params; i++) {
		const struct sql_param *p = &s->params[i];
		int at = (int)i + 1;

		if (p->type == PARAM_INT)
			r = db_errno(sqlite3_bind_int64(*ret, at, p->integer));
		else if (p->type == PARAM_DOUBLE)
			r = db_errno(sqlite3_bind_double(*ret, at, p->number));
		else if (p->type == PARAM_POINTER) /* read only: the type has no const */
			r = db_errno(sqlite3_bind_pointer(*ret, at, (void *)(uintptr_t)p->pointer,
							  p->pointer_type, NULL));
		else if (p->type == PARAM_TEXT)
			db_bind_text(*ret, at, p->bytes);
		else
			db_bind_blob(*ret, at, p->bytes.data, p->bytes.len);
	}
	return r;
}

bool cond_needs_details(const struct query_cond *c)
{
	if (!c)
		return false;
	if (c->op == COND_AND || c->op == COND_OR)
		return cond_needs_details(c->left) || cond_needs_details(c->right);
	if (c->op == COND_NOT)
		return cond_needs_details(c->left);
	return c->attr->json_path.data;
}

unsigned int cond_classes(const struct query_cond *c)
{
	unsigned int bits = 0;

	if (!c)
		return CLASS_ALL;
	if (c->op == COND_AND)
		return cond_classes(c->left) & cond_classes(c->right);
	if (c->op == COND_OR)
		return cond_classes(c->left) | cond_classes(c->right);
	if (c->op != COND_EQ || c->attr->kind != FIELD_CLASS)
		return CLASS_ALL;
	for (size_t i = 0; i < c->n_values; i++)
		for (int k = 0; k < CLASSES; k++)
			if (wildcard_match(c->values[i].text, slice_from(span_class_name(k))))
				bits |= CLASS_BIT(k);
	return bits;
}

static int join_dims(int a, int b)
{
	return a < 0 || b < 0 || (a && b && a != b) ? -1 : a ? a : b;
}

int cond_dim(const struct query_cond *c)
{
	if (!c)
		return 0;
	if (c->op == COND_AND || c->op == COND_OR)
		return join_dims(cond_dim(c->left), cond_dim(c->right));
	if (c->op == COND_NOT)
		return cond_dim(c->left);
	if (c->attr->field == F_CLASS && c->op == COND_EQ)
		return 0;
	if (c->attr->field == F_NONE || !fields[c->attr->field].dim)
		return -1;
	return (int)fields[c->attr->field].dim;
}

static void sql_wildcard(sqlite3_context *context, int n, sqlite3_value **args)
{
	struct slice s[2];

	(void)n;
	for (int i = 0; i < 2; i++) {
		s[i].data = (const char *)sqlite3_value_text(args[i]);
		s[i].len = (size_t)sqlite3_value_bytes(args[i]);
	}
	if (s[1].data)
		sqlite3_result_int(context, wildcard_match(s[0], s[1]));
}

static void free_pattern(void *p)
{
	pattern_free(p);
}

/* Compiled once a statement. NULL: the error is told. */
static struct pattern *get_pattern(sqlite3_context *context, sqlite3_value *value)
{
	struct slice text = { (const char *)sqlite3_value_text(value),
			      (size_t)sqlite3_value_bytes(value) };
	struct pattern *p = sqlite3_get_auxdata(context, 0);

	if (p)
		return p;
	if (pattern_new(&p, text, true, NULL, 0)) {
		sqlite3_result_error_nomem(context);
		return NULL;
	}
	sqlite3_set_auxdata(context, 0, p, free_pattern);
	return sqlite3_get_auxdata(context, 0);
}

static void sql_regex(sqlite3_context *context, int n, sqlite3_value **args)
{
	struct slice text = { (const char *)sqlite3_value_text(args[1]),
			      (size_t)sqlite3_value_bytes(args[1]) };
	struct pattern *p;
	int r;

	(void)n;
	if (!text.data)
		return;
	p = get_pattern(context, args[0]);
	if (!p)
		return;
	r = pattern_match(p, text);
	if (r < 0)
		sqlite3_result_error(context, "the regular expression takes too long", -1);
	else
		sqlite3_result_int(context, r);
}

int cond_register(sqlite3 *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int r = db_errno(sqlite3_create_function(db, "wildcard_match", 2, flags, NULL, sql_wildcard,
						 NULL, NULL));

	return r ? r
		 : db_errno(sqlite3_create_function(db, "regex_match", 2, flags, NULL, sql_regex,
						    NULL, NULL));
}
