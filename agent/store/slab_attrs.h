/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of spans that have no columns of their own, beside the slabs: a row of
 * `slab_attrs` for each of a slab (slab_attr.h), so that a question about one of them reads
 * that one instead of every span's JSON. They are made when there is nothing else to do;
 * until then, and where an attribute was too long to be kept, the JSON is read.
 */
#ifndef STORE_SLAB_ATTRS_H
#define STORE_SLAB_ATTRS_H

#include "slab.h"
#include "slab_attr.h"

#define SLAB_NAMES_MAX 256 /* attributes of one slab */

/* Those of the first slab that has none yet. 0; *ret says whether there was one. */
int slab_attrs_seal(sqlite3 *db, bool *ret);

/* Could this be answered? Not `attributes`, which is all of them. */
bool slab_attrs_have(struct slice json_path);

/* What one question reads. */
struct slab_attrs;

int slab_attrs_new(struct slab_attrs **ret, sqlite3 *db);
void slab_attrs_free(struct slab_attrs *a);
/* Lends the one of that path, the same for the same path. NULL: no memory, or too many. */
struct slab_attr *slab_attrs_need(struct slab_attrs *a, struct slice json_path);
/* *ret: slabs whose last span has at most this number can be read. 0: none, for one of the needed
 * attributes was not kept in a slab of that range. */
int slab_attrs_sealed(struct slab_attrs *a, int64_t from_ns, int64_t to_ns, int64_t *ret);
/* Sets all that are needed to what stands beside the slab; lent until the next one. */
int slab_attrs_read(struct slab_attrs *a, const struct slab *s);

#endif
