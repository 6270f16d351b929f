/* SPDX-License-Identifier: Apache-2.0 */
#include "value_test.h"

#include "cleanup.h"

#include <errno.h>

#define EXACT (INT64_C(1) << 53) /* below it a double is the number itself */

struct value_test {
	const struct query_cond *of;
	sqlite3_stmt *sql; /* of a value and its type */
	enum { NOT_ASKED, FITS, FITS_NOT } verdict[SLAB_SPANS];
};

static int prepare(struct value_test *t, sqlite3 *db)
{
	struct sql sql;
	int r;

	sql_init(&sql);
	sql.on_value = true;
	buf_add_str(&sql.text, "WITH v(value,type) AS (SELECT ");
	sql_add_int(&sql, 0);
	buf_add_char(&sql.text, ',');
	sql_add_int(&sql, 0);
	buf_add_str(&sql.text, ") SELECT ");
	sql_add_cond(&sql, t->of);
	buf_add_str(&sql.text, " FROM v");
	r = sql_prepare(&sql, db, &t->sql);
	sql_release(&sql);
	return r;
}

int value_test_new(struct value_test **ret, sqlite3 *db, const struct query_cond *c)
{
	struct value_test *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->of = c;
	r = prepare(t, db);
	if (r) {
		value_test_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void value_test_free(struct value_test *t)
{
	if (!t)
		return;
	sqlite3_finalize(t->sql);
	free(t);
}

static bool is_text(const struct slab_value *v)
{
	return v->type == SLAB_TEXT || v->type == SLAB_JSON;
}

static bool compare(enum cond_op op, double a, double b)
{
	switch (op) {
	case COND_LT:
		return a < b;
	case COND_LE:
		return a <= b;
	case COND_GT:
		return a > b;
	case COND_GE:
		return a >= b;
	default:
		return a == b;
	}
}

/* 1, 0; -EAGAIN: SQLite has to tell. */
static int look(const struct query_cond *c, const struct cond_value *want,
		const struct slab_value *v)
{
	double number = v->type == SLAB_INT ? (double)v->integer : v->real;

	if (c->op == COND_KNOWN)
		return 1;
	if (c->op == COND_MATCH || (c->op == COND_EQ && want->wildcard))
		return -EAGAIN;
	if (is_text(v))
		return c->op == COND_EQ	 ? slice_eq(v->text, want->text)
		       : want->is_number ? 0
					 : -EAGAIN;
	if (v->type == SLAB_TRUE || v->type == SLAB_FALSE || fabs(number) >= (double)EXACT)
		return -EAGAIN;
	if (want->is_number)
		return compare(c->op, number, want->number);
	return c->op == COND_EQ ? 0 : -EAGAIN;
}

static void bind_value(sqlite3_stmt *s, const struct slab_value *v)
{
	static const char *const types[] = {
		[SLAB_INT] = "integer", [SLAB_REAL] = "real", [SLAB_TRUE] = "true",
		[SLAB_FALSE] = "false", [SLAB_TEXT] = "text", [SLAB_JSON] = "object",
	};

	if (is_text(v))
		db_bind_text(s, 1, v->text);
	else if (v->type == SLAB_REAL)
		sqlite3_bind_double(s, 1, v->real);
	else
		sqlite3_bind_int64(s, 1, v->type == SLAB_INT ? v->integer : v->type == SLAB_TRUE);
	db_bind_text(s, 2, slice_from(types[v->type]));
}

static int ask(struct value_test *t, const struct slab_value *v)
{
	int rc, fits;

	bind_value(t->sql, v);
	rc = sqlite3_step(t->sql);
	fits = rc == SQLITE_ROW && sqlite3_column_int(t->sql, 0);
	sqlite3_reset(t->sql);
	return rc == SQLITE_ROW ? fits : rc == SQLITE_DONE ? -EIO : db_errno(rc);
}

static int judge(struct value_test *t, const struct slab_value *v)
{
	int fits = 0;

	if (t->of->op == COND_KNOWN)
		return 1;
	for (size_t i = 0; !fits && i < t->of->n_values; i++)
		fits = look(t->of, &t->of->values[i], v);
	return fits == -EAGAIN ? ask(t, v) : fits;
}

int value_test_filter(struct value_test *t, const struct slab_attr *of, size_t n, bool *pass)
{
	memset(t->verdict, 0, of->n_values * sizeof(*t->verdict));
	for (size_t i = 0; i < n; i++) {
		size_t code = of->codes[i];

		if (!pass[i])
			continue;
		if (code && t->verdict[code - 1] == NOT_ASKED) {
			int fits = judge(t, &of->values[code - 1]);

			if (fits < 0)
				return fits;
			t->verdict[code - 1] = fits ? FITS : FITS_NOT;
		}
		pass[i] = code && t->verdict[code - 1] == FITS;
	}
	return 0;
}
