/* SPDX-License-Identifier: Apache-2.0 */
/* Questions in the language of `gentap query`, as tables and as series. */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <string.h>

#define LINES_MAX 8
#define VALUES_MAX "60"

/* 0, or the status of the answer that says what is wrong. */
static int set(struct api_context *c, struct query *q, const char *option, struct slice value)
{
	struct query_error e = { 0 };
	int r;

	if (!value.len)
		return 0;
	r = query_set(q, slice_from(option), value, &e);
	return r == -EINVAL ? api_bad_query(c, option, &e) : r ? api_failed(c, r) : 0;
}

/* Unix milliseconds into nanoseconds. */
static int set_time(struct api_context *c, const char *name, uint64_t *to)
{
	struct slice text = api_arg(c, name);
	uint64_t ms;

	if (!text.data)
		return 0;
	if (slice_u64(text, &ms) || ms > UINT64_MAX / NSEC_PER_MSEC / 2)
		return api_problem(c, 400, "'from' and 'to' are Unix times in milliseconds.");
	*to = ms * NSEC_PER_MSEC;
	return 0;
}

int api_limit(struct api_context *c, uint64_t otherwise, uint64_t *ret)
{
	struct slice text = api_arg(c, "limit");
	uint64_t n = otherwise;

	if (text.data && (slice_u64(text, &n) || !n || n > API_ROWS_MAX))
		return api_problem(c, 400, "'limit' is a number from 1 to 5000.");
	*ret = n;
	return 0;
}

int api_flag(struct api_context *c, const char *name, bool *ret)
{
	struct slice text = api_arg(c, name);

	if (text.data && !slice_eq(text, SLICE("1")))
		return api_problem(c, 400, "'stack' and 'full' are 1 or absent.");
	*ret = text.data;
	return 0;
}

int api_range(struct api_context *c, struct query *q)
{
	return set(c, q, "since", api_arg(c, "since")) ?:
	       set(c, q, "until", api_arg(c, "until")) ?:
	       set_time(c, "from", &q->since_ns) ?:
	       set_time(c, "to", &q->until_ns);
}

int api_scope(struct api_context *c, struct query *q)
{
	return set(c, q, "where", api_arg(c, "where")) ?: api_range(c, q);
}

int api_newest(struct api_context *c, const char *shown, const char *where, const char *limit,
	       int (*write)(struct api_context *c, const struct query_result *result))
{
	const char *const options[][2] = { { "fields", shown },
					   { "where", where },
					   { "sort", "-timestamp" },
					   { "limit", limit } };
	struct query_result result = { 0 };
	struct query_error e = { 0 };
	struct query q;
	int r = 0, status = 0;

	query_init(&q, c->now_ns);
	for (size_t i = 0; !r && i < ARRAY_LEN(options); i++)
		r = query_set(&q, slice_from(options[i][0]), slice_from(options[i][1]), &e);
	if (!r)
		status = api_scope(c, &q);
	if (!r && !status) {
		r = query_run(c->db, &q, &result);
		if (!r) {
			r = write(c, &result);
			query_result_release(&result);
		}
	}
	query_release(&q);
	return status ? status : r ? api_failed(c, r) : 200;
}

/* The arguments of /query and /series. */
static int read_query(struct api_context *c, struct query *q)
{
	static const struct {
		const char *argument, *option;
	} options[] = { { "source", "from" },
			{ "group_by", "group-by" },
			{ "fields", "fields" },
			{ "interval", "interval" } };
	struct slice select = api_arg(c, "select"), sort = api_arg(c, "sort");
	struct query_error e = { 0 };
	int r = api_limit(c, 0, &q->limit);

	for (size_t i = 0; !r && i < ARRAY_LEN(options); i++)
		r = set(c, q, options[i].option, api_arg(c, options[i].argument));
	while (!r && select.data && select.len) {
		struct slice word = slice_cut(&select, ' ');

		if (!word.len)
			continue;
		r = query_add_aggregate(q, word, &e);
		if (r)
			r = r == -EINVAL ? api_bad_query(c, "select", &e) : api_failed(c, r);
	}
	if (!r)
		r = api_scope(c, q);
	return r ? r : set(c, q, "sort", sort);
}

const char *api_unit_name(const struct query_column *column)
{
	static const char *const names[] = {
		[UNIT_NONE] = "none",	[UNIT_COUNT] = "count",	    [UNIT_TOKENS] = "tokens",
		[UNIT_USD] = "usd",	[UNIT_SECONDS] = "seconds", [UNIT_TIME] = "time",
		[UNIT_RATIO] = "ratio", [UNIT_BYTES] = "bytes",
	};

	return names[column->unit];
}

static void write_columns(const struct query_result *r, struct buf *to)
{
	buf_add_str(to, "{\"columns\":[");
	for (size_t i = 0; i < r->n_columns; i++) {
		buf_add_str(to, i ? ",{\"name\":" : "{\"name\":");
		buf_add_json(to, r->columns[i].name);
		buf_printf(to, ",\"unit\":\"%s\",\"aggregate\":%s}", api_unit_name(&r->columns[i]),
			   r->columns[i].fn > QUERY_BUCKET ? "true" : "false");
	}
	buf_add_str(to, "],\"rows\":[");
}

/* Of the aggregates of a row (of a list: of all its columns): how many spans do not tell
 * the value. */
static void write_unknown(const struct query_result *r, bool list, struct buf *to)
{
	buf_add_str(to, "],\"unknown\":[");
	for (size_t row = 0; row < r->n_rows; row++) {
		bool first = true;

		buf_add_str(to, row ? ",[" : "[");
		for (size_t i = 0; i < r->n_columns; i++) {
			if (!list && r->columns[i].fn <= QUERY_BUCKET)
				continue;
			buf_printf(to, "%s%llu", first ? "" : ",",
				   (unsigned long long)query_cell(r, row, i)->unknown);
			first = false;
		}
		buf_add_char(to, ']');
	}
}

static void write_result(const struct query *q, const struct query_result *r, struct buf *to)
{
	write_columns(r, to);
	for (size_t row = 0; row < r->n_rows; row++) {
		buf_add_str(to, row ? ",[" : "[");
		for (size_t i = 0; i < r->n_columns; i++) {
			if (i)
				buf_add_char(to, ',');
			query_cell_json(&r->columns[i], query_cell(r, row, i), to);
		}
		buf_add_char(to, ']');
	}
	if (q->n_aggs || q->source == QUERY_RUNS || q->source == QUERY_SESSIONS)
		write_unknown(r, !q->n_aggs, to);
	buf_printf(to, "],\"matched\":%llu,\"groups\":%llu,\"approximate\":%s,\"rounded\":%s",
		   (unsigned long long)r->matched, (unsigned long long)r->groups,
		   r->approximate ? "true" : "false", r->rounded ? "true" : "false");
}

int api_table(struct api_context *c, const struct query *q)
{
	struct query_result result = { 0 };
	int r = query_run(c->db, q, &result);

	if (r)
		return api_failed(c, r);
	write_result(q, &result, c->to);
	query_result_release(&result);
	buf_add_str(c->to, "}\n");
	return 200;
}

static int with_query(struct api_context *c,
		      int (*then)(struct api_context *c, const struct query *q))
{
	struct query q;
	int status;

	query_init(&q, c->now_ns);
	status = read_query(c, &q);
	if (!status)
		status = then(c, &q);
	query_release(&q);
	return status;
}

int api_query(struct api_context *c)
{
	return with_query(c, api_table);
}

static int run_series(struct api_context *c, const struct query *asked)
{
	struct query q = *asked;

	bool stack = false;
	int status = api_flag(c, "stack", &stack);

	if (status)
		return status;
	if (!q.n_aggs || !q.interval_ns)
		return api_problem(c, 400, "A series needs 'select' and 'interval'.");
	if (q.n_keys && (!q.limit || q.limit > LINES_MAX)) {
		q.limit = LINES_MAX;
		q.fold_other = true;
	}
	return api_write_series(c, &q, stack);
}

int api_series(struct api_context *c)
{
	return with_query(c, run_series);
}

/* The whole question as typed in the terminal; the page's range where it has none of its
 * own, its filters always. */
static int run_line(struct api_context *c, struct query *q)
{
	struct slice line = slice_trim(api_arg(c, "q"));
	struct query_error e = { 0 };
	uint64_t since, until;
	bool stack = false;
	int r = api_flag(c, "stack", &stack);

	if (r)
		return r;
	if (slice_starts(line, SLICE("gentap ")))
		line = slice_trim(slice_sub(line, 7, line.len));
	if (slice_starts(line, SLICE("query ")))
		line = slice_sub(line, 6, line.len);
	r = query_parse(q, line, &e);
	if (r)
		return r == -EINVAL ? api_bad_query(c, "q", &e) : api_failed(c, r);
	since = q->since_ns;
	until = q->until_ns;
	r = api_scope(c, q);
	if (r)
		return r;
	if (since) {
		q->since_ns = since;
		q->until_ns = until;
	}
	if (!q->interval_ns && (q->display == QUERY_LINE || q->display == QUERY_HEATMAP) &&
	    q->n_aggs) {
		static const uint64_t steps[] = { 1, 10, 60, 300, 900, 3600, 21600, 86400 };
		uint64_t span = (q->until_ns ? q->until_ns : c->now_ns) - q->since_ns;
		size_t i = 0;

		while (i + 1 < ARRAY_LEN(steps) && span / NSEC_PER_SEC / steps[i] > 60)
			i++;
		q->interval_ns = steps[i] * NSEC_PER_SEC;
	}
	if (!q->interval_ns)
		return api_table(c, q);
	q->fold_other = true;
	return api_write_series(c, q, stack);
}

int api_line(struct api_context *c)
{
	struct query q;
	int status;

	query_init(&q, c->now_ns);
	status = run_line(c, &q);
	query_release(&q);
	return status;
}

/* What a field is in this range, most frequent first: for filters. */
int api_values(struct api_context *c)
{
	struct query_result result = { 0 };
	struct query_error e = { 0 };
	struct query q;
	bool first = true;
	int r, status;

	query_init(&q, c->now_ns);
	r = query_add_aggregate(&q, SLICE("count"), &e);
	status = r ? api_failed(c, r) : 0;
	if (!status)
		status = set(c, &q, "group-by", api_arg(c, "field")) ?:
			 set(c, &q, "limit", SLICE(VALUES_MAX)) ?:
			 api_scope(c, &q);
	if (!status && !q.n_keys)
		status = api_problem(c, 400, "Which field?");
	if (!status) {
		r = query_run(c->db, &q, &result);
		status = r ? api_failed(c, r) : 0;
	}
	query_release(&q);
	if (status)
		return status;
	buf_add_str(c->to, "{\"values\":[");
	for (size_t i = 0; i < result.n_rows; i++) {
		if (query_cell(&result, i, 0)->type == QUERY_NULL)
			continue;
		buf_add_str(c->to, first ? "{\"value\":" : ",{\"value\":");
		query_cell_json(&result.columns[0], query_cell(&result, i, 0), c->to);
		buf_add_str(c->to, ",\"count\":");
		query_cell_json(&result.columns[1], query_cell(&result, i, 1), c->to);
		buf_add_char(c->to, '}');
		first = false;
	}
	buf_add_str(c->to, "]}\n");
	query_result_release(&result);
	return 200;
}
