/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the store: what the terminal commands and the web page ask.
 *
 *   gentap query 'sum:gen_ai.usage.total_tokens' count --where 'span.op:gen_ai.request'
 *       --group-by user.id --sort '-sum:gen_ai.usage.total_tokens' --limit 20
 *
 * Aggregates: count, sum, avg, min, max, p50, p75, p90, p95, p99, rate (a second), uniq,
 * failure_rate, partial (spans that were not wholly seen), refused (calls that the provider
 * refused), below:duration:2s (how many values are less than that). Attributes: any that a span
 * has, by its name on the span, an alias of fields.c or a column (model, cost, duration, ttft, …).
 * Without an aggregate the answer is a list: one row for each span (or run, session, connection),
 * newest first, its columns named by --fields.
 *
 * Conditions: key:value (= the same; `*` in the value stands for anything, `key:*` for
 * "is known"), !=, ~ and !~ (extended regular expression, any case), <, <=, >, >=,
 * key in (a, b), not, and, or, brackets; side by side means and. An unknown value fits
 * no condition, so `not` and `!=` find it. Numbers may have units: 2s, 150ms, 12k, $0.5.
 *
 * `--from runs --having 'tool:Bash'`: the runs with a span that fits such conditions.
 *
 * Unknown is not 0: each sum says on how many spans it rests and how many of those that
 * could have the value do not tell it (a refused call has no usage and no cost). Usage and cost are
 * summed over requests alone, unless the conditions leave only agent runs: no token counts twice.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "arena.h"
#include "buf.h"
#include "fields.h"

#define QUERY_COLUMNS_MAX 36
#define QUERY_SORTS_MAX 4
#define QUERY_MEMORY_MAX (512u * 1024 * 1024)
#define QUERY_GROUPS_MAX (1u << 18)

enum query_source { QUERY_SPANS, QUERY_RUNS, QUERY_SESSIONS, QUERY_CONNECTIONS };

enum query_fn {
	QUERY_VALUE,  /* no aggregate: a key, or a column of a list */
	QUERY_BUCKET, /* the time of --interval */
	QUERY_COUNT,
	QUERY_SUM,
	QUERY_AVG,
	QUERY_MIN,
	QUERY_MAX,
	QUERY_P50,
	QUERY_P75,
	QUERY_P90,
	QUERY_P95,
	QUERY_P99,
	QUERY_RATE,
	QUERY_UNIQ,
	QUERY_FAILURE_RATE,
	QUERY_PARTIAL,
	QUERY_REFUSED,
	QUERY_BELOW,
};

enum query_display { QUERY_TABLE, QUERY_BAR, QUERY_LINE, QUERY_BIG, QUERY_HEATMAP };

struct query_attr; /* query_attr.h */
struct query_cond; /* query_cond.h */

struct query_column {
	struct slice name; /* as written: "sum:gen_ai.usage.total_tokens", "user.id" */
	enum query_fn fn;
	struct query_attr *attr; /* NULL: count, rate, failure_rate, the bucket */
	enum field_unit unit;
	bool per_second; /* rate */
	int64_t below;	 /* in the attribute's column's unit */
};

struct query_sort {
	struct slice name;
	bool descending;
};

/* Everything that is asked; owned by its arena. */
struct query {
	struct arena arena;
	enum query_source source;
	struct query_column keys[QUERY_COLUMNS_MAX];
	size_t n_keys;
	struct query_column aggs[QUERY_COLUMNS_MAX];
	size_t n_aggs;		     /* 0: a list of `keys` */
	struct query_cond *where;    /* NULL: all */
	struct query_cond *having;   /* of runs: they have a span that fits; NULL: all */
	uint64_t since_ns, until_ns; /* Unix time; 0: open */
	uint64_t interval_ns;	     /* 0: no series */
	struct query_sort sorts[QUERY_SORTS_MAX];
	size_t n_sorts;	 /* 0: by the first aggregate or by time, falling */
	uint64_t limit;	 /* rows; of a series: how many lines. 0: all */
	bool fold_other; /* a series: what is beyond the limit becomes one more line, "other" */
	enum query_display display;
	uint64_t now_ns;  /* what "1 h ago" was taken from */
	uint64_t raw_max; /* above so many spans, roll-ups answer where they can: exact but for
			     percentiles, and fast */
};

/* What is wrong, and where: `text` is the word or condition that was being read. */
struct query_error {
	struct slice text; /* lent by the caller of the parser, or the query's */
	size_t at, len;	   /* the offending part of it */
	char message[200];
};

void query_init(struct query *q, uint64_t now_ns);
void query_release(struct query *q);

/* Each takes one word of the command line: 0, -EINVAL (with *error filled), -ENOMEM. */
int query_add_aggregate(struct query *q, struct slice word, struct query_error *error);
/* where, having, group-by, fields, interval, sort, limit, since, until, display, from.
 * Calling "where" again narrows further. */
int query_set(struct query *q, struct slice option, struct slice value, struct query_error *error);
/* The whole line, split as a shell would: aggregates and --options. `error->text` is the
 * whole line then, and `at` counts from its start. */
int query_parse(struct query *q, struct slice line, struct query_error *error);

/* What only the whole query shows: a --sort that names no column. query_parse() has done it. */
int query_check(const struct query *q, struct query_error *error);

enum query_type { QUERY_NULL, QUERY_INT, QUERY_DOUBLE, QUERY_TEXT };

/* Money stands in picodollars, time in nanoseconds, whatever the type. QUERY_NULL is
 * "unknown". */
struct query_cell {
	enum query_type type;
	union {
		int64_t integer;
		double number;
		struct slice text;
	};
	/* Aggregates of an attribute, and sums of a run: from how many it comes, and how many
	 * do not tell. unknown > 0 makes a sum a lower bound. */
	uint64_t known, unknown;
};

struct query_result {
	struct arena arena;
	struct query_column *columns; /* bucket (with an interval), keys, aggregates */
	size_t n_columns;
	struct query_cell *cells; /* row by row */
	size_t n_rows;
	uint64_t matched; /* spans that the answer rests on */
	uint64_t groups;  /* before the limit */
	bool approximate; /* percentiles come from histograms: within 1 % */
	bool rounded;	  /* the range was widened to whole hours or days: what lies before
			     retention is kept only as sums */
	uint64_t since_ns, until_ns; /* as answered; 0: open */
};

struct query_db;

/* For reading; one handle, one thread. -ENOENT, -EACCES, -EPROTO (made by another version),
 * -EBADMSG (no database). */
int query_open(struct query_db **ret, const char *path);
void query_close(struct query_db *db); /* NULL is fine */
/* Changes whenever somebody wrote to the file; cheap. */
uint64_t query_version(struct query_db *db);

/* How many spans there are, and when the first and the last of them started (0: none). */
struct query_extent {
	uint64_t spans;
	int64_t first_ns, last_ns;
};
int query_extent(struct query_db *db, struct query_extent *ret);

/* 0, or -ENOSPC (too many groups or values: narrow it), -ENOMEM, -EBUSY, … */
int query_run(struct query_db *db, const struct query *q, struct query_result *ret);
void query_result_release(struct query_result *r);
const struct query_cell *query_cell(const struct query_result *r, size_t row, size_t column);

/* {"columns":[{"name":…,"unit":…}],"rows":[{…}],…}: values in USD and seconds, unknown is
 * null; beside each sum that has unknown parts "NAME?": how many. */
void query_result_json(const struct query_result *r, struct buf *b);
/* One row of it. */
void query_row_json(const struct query_result *r, size_t row, struct buf *b);
/* One value in the column's outer unit (USD, seconds, RFC 3339 times as strings). */
void query_cell_json(const struct query_column *c, const struct query_cell *cell, struct buf *b);

/* A span as it was stored. Lent while it is handed on. */
struct query_span {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_id[8]; /* zeros: none */
	uint8_t run_id[8];    /* zeros: none */
	uint64_t start_ns, end_ns;
	int kind; /* OTLP's number */
	enum span_class class;
	bool error;
	struct slice name, op, model, provider, agent, tool, error_type, completeness, finish,
		cost_source, inferred;
	struct slice status_message;
	int64_t input, output, cached, cache_write, reasoning; /* -1: unknown, as those below */
	int64_t cost_pd, ttft_ns;
	struct slice attributes; /* JSON object, all of them */
	struct slice resource;	 /* JSON object: the process */
};

typedef void (*query_span_fn)(void *ctx, const struct query_span *span);
/* All spans of a trace by start. The number of them, or -errno. */
int query_trace(struct query_db *db, const uint8_t trace_id[16], query_span_fn fn, void *ctx);
/* The trace that an id (32 hex digits of a trace, 16 of a span or run, or the first 4 or
 * more of either) or "last" names: 0, -ENOENT, -EINVAL, -ENOTUNIQ. */
int query_find_trace(struct query_db *db, struct slice id, uint8_t ret_trace_id[16]);

#endif
