/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a batch of rows adds to the roll-ups, runs and sessions, kept in memory until it
 * is written down in one go. Pure.
 *
 * Roll-ups: each hour for every dimension and each minute for the whole, by class of
 * span; days follow from hours when they are written. (Minutes of every dimension would
 * be more rows than the spans they stand for.)
 */
#ifndef STORE_SUMS_H
#define STORE_SUMS_H

#include "histogram.h"
#include "row.h"
#include "table.h"

#define MEASURES 16
#define SUMS_MAX (1u << 20) /* roll-up rows of one batch */

enum rollup_gran { GRAN_MINUTE, GRAN_HOUR, GRAN_DAY, GRANS };
extern const int64_t gran_ns[GRANS];

/* The table keys are these bytes: no padding. */
struct rollup_key {
	int32_t gran, dim;
	int64_t bucket; /* start of the minute, hour or day in units of its length */
	int64_t class;
	int64_t value; /* number of the word; 0: unknown, or the whole */
};

struct sums {
	int64_t known[MEASURES]; /* how many rows had it */
	int64_t sum[MEASURES];
};

struct rollup {
	struct rollup_key key;
	int64_t n, errors, partial, refused;
	struct sums sums;
	int64_t min_duration, max_duration, min_ttft, max_ttft;
	struct histogram duration, ttft;
};

#define TASK_MAX 192 /* bytes */

/* Of a run or a session. */
struct group {
	uint8_t key[8];
	uint8_t trace_id[16];
	bool has_trace;
	int64_t words[F_COUNT]; /* numbers; 0: not known */
	int64_t pid;		/* 0: not known */
	int64_t start_ns, end_ns;
	int64_t ended, error, calls, tools, errors, partial, refused, runs;
	struct sums sums;    /* of requests */
	char task[TASK_MAX]; /* the first that was told; "": none */
};

#define RECENT 256

struct batch {
	struct table rollups, runs, sessions;
	/* Of each dimension, by value and class: spans that follow one another share most of them.
	 */
	struct rollup *recent[DIMS][RECENT];
};

void batch_init(struct batch *b);
void batch_reset(struct batch *b); /* frees what is in it */
/* `words` has the number of each word of the row, 0 where there is none. 0 or -ENOMEM:
 * then the batch is not to be used. */
int batch_add(struct batch *b, const struct row *r, const int64_t words[F_COUNT]);
/* Adds the days to the hours; once, at the end. */
int batch_add_days(struct batch *b);

/* May the roll-ups answer for this dimension of this class at this length? */
bool rollup_kept(unsigned int dim, enum rollup_gran gran);

#endif
