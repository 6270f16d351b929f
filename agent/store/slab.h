/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slabs: the columns of some thousand spans side by side, for questions that must look at
 * many spans and at few of their columns. A slab holds spans whose numbers follow one
 * another. Spans are never changed and new ones get higher numbers, so a slab is true as
 * long as its spans are there; those of a higher number than the last slab's stand in
 * `spans` alone. Retention lets the lowest numbers go: slabs of which nothing is left with
 * them, and a slab that begins before the first span that is there is read from there on.
 */
#ifndef STORE_SLAB_H
#define STORE_SLAB_H

#include "db.h"
#include "fields.h"
#include "slab_column.h"

/* All but what finds single spans: their ids. A run's is there, as its eight bytes. */
bool slab_has(enum field_id f);

/* Makes a slab of the first `n` (at most SLAB_SPANS) spans that have none, if there are so
 * many. 0; *ret says whether there were, so that the caller may go on. */
int slab_seal(sqlite3 *db, size_t n, bool *ret);

/* Spans up to this number are gone: so are the slabs of nothing else. */
int slab_let_go(sqlite3 *db, int64_t id);

struct slab {
	int64_t first, last;	   /* numbers of its first and last span */
	int64_t first_ns, last_ns; /* when its spans started */
	size_t n;
	size_t from; /* spans before this one are gone */
};

/* Walks the slabs with spans that started in a range, and reads columns of them. */
struct slab_reader {
	sqlite3_stmt *slabs, *column;
	int64_t first_id; /* of the spans that are there */
	int64_t sealed;	  /* spans up to this number stand in slabs */
	int64_t unsealed; /* how many numbers have been given since */
};

int slab_reader_init(struct slab_reader *r, sqlite3 *db, int64_t from_ns, int64_t to_ns);
void slab_reader_release(struct slab_reader *r);
/* Slabs behind this number are left to those who read span by span. */
void slab_reader_stop_at(struct slab_reader *r, int64_t sealed);
/* 1, 0 at the end, or -errno. */
int slab_reader_next(struct slab_reader *r, struct slab *ret);
int slab_reader_column(struct slab_reader *r, const struct slab *s, enum field_id f,
		       struct slab_column *to);
int slab_reader_ids(struct slab_reader *r, const struct slab *s, struct slab_column *to);
/* Of which process each was. 1; 0: the slab does not know (it is old, or none had any). */
int slab_reader_resources(struct slab_reader *r, const struct slab *s, struct slab_column *to);
/* At these places alone. */
int slab_reader_column_at(struct slab_reader *r, const struct slab *s, enum field_id f,
			  const uint16_t *at, size_t n_at, struct slab_column *to);

#endif
