/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the database (runs, models, …), for the command line and for top. */
#ifndef TABLES_H
#define TABLES_H

#include "reader.h"

/* The question of a table, narrowed by the flags. 0, or 2 after saying what is wrong. */
int table_build(struct query *q, enum command command, const struct options *o);
/* Its columns; static. */
const struct view_column *table_view(enum command command, size_t *ret_n);

#endif
