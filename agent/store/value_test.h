/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One condition on an attribute that has no column, of the values of a slab: each is looked at
 * once. What is common is compared here, the rest is asked of SQLite, in whose terms all of it is
 * defined (query_cond.h).
 */
#ifndef STORE_VALUE_TEST_H
#define STORE_VALUE_TEST_H

#include "query_cond.h"
#include "slab_attr.h"

struct value_test;

/* The condition has to live as long. */
int value_test_new(struct value_test **ret, sqlite3 *db, const struct query_cond *c);
void value_test_free(struct value_test *t);
/* Clears pass[i] of the first n spans whose value does not fit, or is not known. 0 or -errno. */
int value_test_filter(struct value_test *t, const struct slab_attr *of, size_t n, bool *pass);

#endif
