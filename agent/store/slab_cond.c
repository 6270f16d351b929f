/* SPDX-License-Identifier: Apache-2.0 */
#include "slab_cond.h"

#include "cleanup.h"
#include "value_test.h"

#include <errno.h>

#define WORDS_MAX (INT64_C(1) << 31)

struct slab_cond {
	const struct query_cond *of;
	struct slab_cond *left, *right;
	bool *other;	      /* SLAB_SPANS, of OR and NOT: what fits below */
	unsigned char *words; /* a bit for each number of a word: it fits */
	int64_t n_words;
	struct slab_attr *attr; /* one without a column */
	struct value_test *test;
};

bool slab_cond_fits(const struct query_cond *c)
{
	if (!c)
		return true;
	if (c->op == COND_AND || c->op == COND_OR)
		return slab_cond_fits(c->left) && slab_cond_fits(c->right);
	if (c->op == COND_NOT)
		return slab_cond_fits(c->left);
	if (c->attr->field == F_NONE)
		return slab_attrs_have(c->attr->json_path);
	return slab_has(c->attr->field) && c->attr->kind != FIELD_ID;
}

/* "SELECT id FROM strings WHERE …" as the condition has it. */
static int select_words(sqlite3 *db, const struct query_cond *c, sqlite3_stmt **ret)
{
	struct sql sql;
	int r;

	sql_init(&sql);
	buf_add_str(&sql.text, "SELECT id FROM strings WHERE ");
	sql_add_words(&sql, c);
	r = sql_prepare(&sql, db, ret);
	sql_release(&sql);
	return r;
}

static int find_words(struct slab_cond *c, sqlite3 *db)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int64_t most = 0;
	int rc = SQLITE_DONE;
	int r = db_get_int(db, "SELECT max(id) FROM strings", 0, &most);

	if (!r && most >= WORDS_MAX)
		r = -ENOSPC;
	if (r)
		return r;
	c->n_words = most + 1;
	c->words = calloc((size_t)c->n_words / 8 + 1, 1);
	r = c->words ? select_words(db, c->of, &s) : -ENOMEM;
	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);

		if (id >= 0 && id < c->n_words)
			c->words[id / 8] |= (unsigned char)(1 << id % 8);
	}
	return r ? r : db_errno(rc);
}

static int prepare_attr(struct slab_cond *c, sqlite3 *db, struct slab_attrs *attrs)
{
	c->attr = slab_attrs_need(attrs, c->of->attr->json_path);
	return c->attr ? value_test_new(&c->test, db, c->of) : -ENOMEM;
}

static bool has_parts(const struct query_cond *c)
{
	return c->op == COND_AND || c->op == COND_OR || c->op == COND_NOT;
}

int slab_cond_new(struct slab_cond **ret, sqlite3 *db, struct slab_attrs *attrs,
		  const struct query_cond *of)
{
	struct slab_cond *c;
	int r = 0;

	*ret = NULL;
	if (!of)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->of = of;
	if (has_parts(of)) {
		c->other = malloc(SLAB_SPANS * sizeof(*c->other));
		r = c->other ? slab_cond_new(&c->left, db, attrs, of->left) : -ENOMEM;
		if (!r && of->op != COND_NOT)
			r = slab_cond_new(&c->right, db, attrs, of->right);
	} else if (of->attr->field == F_NONE) {
		r = prepare_attr(c, db, attrs);
	} else if (of->attr->kind == FIELD_WORD && of->op != COND_KNOWN) {
		r = find_words(c, db);
	}
	if (r) {
		slab_cond_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void slab_cond_free(struct slab_cond *c)
{
	if (!c)
		return;
	slab_cond_free(c->left);
	slab_cond_free(c->right);
	value_test_free(c->test);
	free(c->other);
	free(c->words);
	free(c);
}

void slab_cond_fields(const struct slab_cond *c, bool needed[F_COUNT])
{
	if (!c)
		return;
	slab_cond_fields(c->left, needed);
	slab_cond_fields(c->right, needed);
	if (!c->left && !c->attr)
		needed[c->of->attr->field] = true;
}

static bool word_fits(const struct slab_cond *c, int64_t v)
{
	return v >= 0 && v < c->n_words && c->words[v / 8] >> v % 8 & 1;
}

static bool number_fits(const struct query_cond *c, int64_t v)
{
	switch (c->op) {
	case COND_LT:
		return v < c->values[0].integer;
	case COND_LE:
		return v <= c->values[0].integer;
	case COND_GT:
		return v > c->values[0].integer;
	case COND_GE:
		return v >= c->values[0].integer;
	default:
		for (size_t i = 0; i < c->n_values; i++)
			if (v == c->values[i].integer)
				return true;
		return false;
	}
}

static void filter_leaf(const struct slab_cond *c, const struct slab_column *of, size_t n,
			bool *pass)
{
	unsigned int classes = c->of->attr->kind == FIELD_CLASS ? cond_classes(c->of) : 0;

	if (c->of->op == COND_KNOWN)
		for (size_t i = 0; i < n; i++)
			pass[i] &= of->known[i];
	else if (c->words)
		for (size_t i = 0; i < n; i++)
			pass[i] = pass[i] && of->known[i] && word_fits(c, of->values[i]);
	else if (c->of->attr->kind == FIELD_CLASS)
		for (size_t i = 0; i < n; i++)
			pass[i] = pass[i] && classes & CLASS_BIT(of->values[i]);
	else if (c->of->attr->kind == FIELD_BOOL)
		for (size_t i = 0; i < n; i++)
			pass[i] = pass[i] && of->known[i] && number_fits(c->of, of->values[i] != 0);
	else
		for (size_t i = 0; i < n; i++)
			pass[i] = pass[i] && of->known[i] && number_fits(c->of, of->values[i]);
}

int slab_cond_filter(const struct slab_cond *c, struct slab_column *const columns[F_COUNT],
		     size_t n, bool *pass)
{
	int r;

	if (!c)
		return 0;
	switch (c->of->op) {
	case COND_AND:
		r = slab_cond_filter(c->left, columns, n, pass);
		return r ? r : slab_cond_filter(c->right, columns, n, pass);
	case COND_OR:
		memcpy(c->other, pass, n * sizeof(*pass));
		r = slab_cond_filter(c->left, columns, n, pass);
		if (!r)
			r = slab_cond_filter(c->right, columns, n, c->other);
		for (size_t i = 0; i < n; i++)
			pass[i] |= c->other[i];
		return r;
	case COND_NOT:
		memcpy(c->other, pass, n * sizeof(*pass));
		r = slab_cond_filter(c->left, columns, n, c->other);
		for (size_t i = 0; i < n; i++)
			pass[i] &= !c->other[i];
		return r;
	default:
		if (c->attr)
			return value_test_filter(c->test, c->attr, n, pass);
		filter_leaf(c, columns[c->of->attr->field], n, pass);
		return 0;
	}
}
