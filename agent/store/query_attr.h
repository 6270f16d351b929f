/* SPDX-License-Identifier: Apache-2.0 */
/* What a name in a query stands for. Pure. */
#ifndef STORE_QUERY_ATTR_H
#define STORE_QUERY_ATTR_H

#include "query.h"

struct query_attr {
	enum field_id field;	/* of spans; F_NONE: see the others */
	struct slice json_path; /* of spans' other attributes: $."name" */
	enum field_kind kind;	/* of json: FIELD_INT means "as it comes" */
	enum field_unit unit;
	const char *sql;       /* the expression, of the table `s` */
	const char *known_sql; /* of sums of runs: how many calls told it; NULL */
	const char *of_sql;    /* and how many could: of all sums the same */
	const char *sum_sql;   /* `sql`, where some told it */
	bool text;	       /* a word that stands in the column itself */
	unsigned int classes;
};

/* NULL: no memory, or (runs, sessions, connections) no such column, or a name that cannot
 * be (longer than 256 bytes, with a quote or a control character). */
struct query_attr *query_attr_new(struct arena *arena, enum query_source source, struct slice name);
/* Column `i` of a table that is not spans, by name; NULL behind the last. */
const char *query_attr_name(enum query_source source, size_t i);

#endif
