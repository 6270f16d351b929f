/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: their text as a tree, the tree as SQL with parameters. */
#ifndef STORE_QUERY_COND_H
#define STORE_QUERY_COND_H

#include "db.h"
#include "query_attr.h"

#define COND_NODES_MAX 256
#define COND_DEPTH_MAX 32
#define COND_VALUES_MAX 64

enum cond_op {
	COND_AND,
	COND_OR,
	COND_NOT,
	COND_EQ,
	COND_MATCH,
	COND_LT,
	COND_LE,
	COND_GT,
	COND_GE,
	COND_KNOWN
};

struct cond_value {
	struct slice text; /* as written, without quotes */
	bool is_number;	   /* and then in the column's unit: */
	int64_t integer;
	double number; /* for attributes that stand in the JSON */
	bool wildcard; /* has a `*` that was not quoted */
};

struct query_cond {
	enum cond_op op;
	struct query_cond *left, *right; /* of AND, OR; NOT has left alone */
	struct query_attr *attr;
	struct cond_value *values; /* COND_EQ: any of them; the others have one */
	size_t n_values;
};

/* Narrows *to by conditions on `source`. */
int cond_parse(struct query *q, enum query_source source, struct slice text, struct query_cond **to,
	       struct query_error *error);
/* A number with a unit as the attribute has it: 0 or -EINVAL. */
int cond_number(struct slice text, enum field_kind kind, int64_t *ret, double *ret_double);

/* Does it ask about the JSON? */
bool cond_needs_details(const struct query_cond *c);
/* Which classes of span can fit: what the conditions say of span.op at their top. */
unsigned int cond_classes(const struct query_cond *c);
/* The only dimension that the conditions speak of besides span.op: its number, 0 when they
 * speak of none, -1 when roll-ups cannot answer them. */
int cond_dim(const struct query_cond *c);

/* Parameters of a statement in their order. */
struct sql_param {
	enum { PARAM_INT, PARAM_DOUBLE, PARAM_TEXT, PARAM_BLOB, PARAM_POINTER } type;
	int64_t integer;
	double number;
	struct slice bytes;
	const void *pointer;
	const char *pointer_type;
};

struct sql {
	struct buf text;
	struct sql_param *params;
	size_t n_params;
	struct arena arena;
	const struct query_pick *pick; /* takes the place of conditions; NULL: none */
	bool needs_details;	       /* the JSON is joined as `d` */
	bool on_rollups;	       /* a word stands in `s.value` */
	bool on_value;		       /* an attribute of the JSON is `v.value`, of `v.type` */
};

void sql_init(struct sql *s);
void sql_release(struct sql *s);
void sql_add_int(struct sql *s, int64_t v);	     /* "?" with its value */
void sql_add_text(struct sql *s, struct slice text); /* lends the text */
/* For a function of ours, of the type that it asks for. */
void sql_add_pointer(struct sql *s, const void *p, const char *type);
void sql_add_attr(struct sql *s, const struct query_attr *a);
/* Which words fit, as a test of `value` in `strings`. */
void sql_add_words(struct sql *s, const struct query_cond *c);
/* In brackets. */
void sql_add_cond(struct sql *s, const struct query_cond *c);
int sql_prepare(struct sql *s, sqlite3 *db, sqlite3_stmt **ret); /* binds, too */

/* The functions that conditions call. */
int cond_register(sqlite3 *db);

#endif
