/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a query; its conditions are read in cond_parse.c. */
#include "query_cond.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>

/* Up to here spans answer in a few dozen milliseconds, and percentiles exactly. */
#define RAW_SPANS_MAX 60000

static const char *const fn_names[] = {
	[QUERY_COUNT] = "count",
	[QUERY_SUM] = "sum",
	[QUERY_AVG] = "avg",
	[QUERY_MIN] = "min",
	[QUERY_MAX] = "max",
	[QUERY_P50] = "p50",
	[QUERY_P75] = "p75",
	[QUERY_P90] = "p90",
	[QUERY_P95] = "p95",
	[QUERY_P99] = "p99",
	[QUERY_RATE] = "rate",
	[QUERY_UNIQ] = "uniq",
	[QUERY_FAILURE_RATE] = "failure_rate",
	[QUERY_PARTIAL] = "partial",
	[QUERY_REFUSED] = "refused",
	[QUERY_BELOW] = "below",
};

void query_init(struct query *q, uint64_t now_ns)
{
	*q = (struct query){ .now_ns = now_ns, .raw_max = RAW_SPANS_MAX };
	arena_init(&q->arena, 4 * 1024 * 1024);
}

void query_release(struct query *q)
{
	arena_release(&q->arena);
}

__attribute__((format(printf, 5, 6))) static int fail(struct query_error *e, struct slice text,
						      size_t at, size_t len, const char *fmt, ...)
{
	va_list ap;

	*e = (struct query_error){ .text = text, .at = at, .len = len };
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int no_attr(struct query *q, struct query_error *e, struct slice text, size_t at,
		   struct slice name)
{
	if (q->arena.failed)
		return -ENOMEM;
	return fail(e, text, at, name.len,
		    q->source == QUERY_SPANS ? "'%.*s' is no name of an attribute"
					     : "there is no column '%.*s' here",
		    SLICE_FMT(name));
}

static enum query_fn find_fn(struct slice name)
{
	for (size_t i = QUERY_COUNT; i < ARRAY_LEN(fn_names); i++)
		if (slice_eq(name, slice_from(fn_names[i])))
			return i;
	return QUERY_VALUE;
}

static bool numeric(const struct query_attr *a)
{
	return a->kind == FIELD_INT || a->kind == FIELD_SECONDS || a->kind == FIELD_USD ||
	       a->kind == FIELD_TIME || a->kind == FIELD_BOOL;
}

static enum field_unit unit_of(enum query_fn fn, const struct query_attr *a)
{
	if (fn == QUERY_COUNT || fn == QUERY_UNIQ || fn == QUERY_PARTIAL || fn == QUERY_REFUSED ||
	    fn == QUERY_BELOW)
		return UNIT_COUNT;
	if (fn == QUERY_FAILURE_RATE)
		return UNIT_RATIO;
	return a ? a->unit : UNIT_COUNT;
}

/* Of "below:duration:2s": takes the last part off *rest, once the attribute is known. */
static int read_below(struct query_column *c, struct slice word, struct slice number,
		      struct query_error *error)
{
	double unused;

	if (cond_number(number, c->attr->kind, &c->below, &unused))
		return fail(error, word, (size_t)(number.data - word.data), number.len,
			    "below what? write below:ATTRIBUTE:NUMBER, such as below:duration:2s");
	return 0;
}

static struct slice cut_last(struct slice *rest)
{
	size_t at = rest->len;
	struct slice last;

	while (at && rest->data[at - 1] != ':')
		at--;
	last = slice_sub(*rest, at, rest->len);
	*rest = slice_sub(*rest, 0, at ? at - 1 : rest->len);
	return at ? last : slice_sub(*rest, rest->len, 0);
}

int query_add_aggregate(struct query *q, struct slice word, struct query_error *error)
{
	struct slice rest = word, name = slice_cut(&rest, ':');
	struct query_column *c = &q->aggs[q->n_aggs];
	enum query_fn fn = find_fn(name);
	bool alone = fn == QUERY_COUNT || fn == QUERY_FAILURE_RATE || fn == QUERY_PARTIAL ||
		     fn == QUERY_REFUSED;
	struct slice number = SLICE_NONE;
	int r;

	if (q->n_aggs == QUERY_COLUMNS_MAX)
		return fail(error, word, 0, word.len, "too many aggregates, at most %d",
			    QUERY_COLUMNS_MAX);
	if (fn == QUERY_VALUE)
		return fail(error, word, 0, name.len,
			    "no aggregate '%.*s': count, sum, avg, min, max, p50, p75, p90, p95, "
			    "p99, rate, uniq, failure_rate, partial, refused, below",
			    SLICE_FMT(name));
	if (!rest.len && !alone && fn != QUERY_RATE)
		return fail(error, word, 0, word.len, "%.*s of what? write %.*s:ATTRIBUTE",
			    SLICE_FMT(name), SLICE_FMT(name));
	*c = (struct query_column){ .fn = fn, .name = arena_copy(&q->arena, word) };
	c->per_second = fn == QUERY_RATE;
	if (fn == QUERY_BELOW)
		number = cut_last(&rest);
	if (rest.len && !alone) {
		c->attr = query_attr_new(&q->arena, q->source, rest);
		if (!c->attr)
			return no_attr(q, error, word, name.len + 1, rest);
		if (fn != QUERY_UNIQ && !numeric(c->attr))
			return fail(error, word, name.len + 1, rest.len,
				    "'%.*s' is no number; uniq counts what is not",
				    SLICE_FMT(rest));
		r = fn == QUERY_BELOW ? read_below(c, word, number, error) : 0;
		if (r)
			return r;
	} else if (rest.data) {
		return fail(error, word, name.len, word.len - name.len, "%.*s stands alone",
			    SLICE_FMT(name));
	}
	c->unit = unit_of(fn, c->attr);
	q->n_aggs++;
	return c->name.data ? 0 : -ENOMEM;
}

static int add_keys(struct query *q, struct slice value, struct query_error *error)
{
	struct slice rest = value;

	while (rest.data) {
		struct slice name = slice_trim(slice_cut(&rest, ','));
		struct query_column *c = &q->keys[q->n_keys];

		if (!name.len)
			continue;
		if (q->n_keys == QUERY_COLUMNS_MAX)
			return fail(error, value, (size_t)(name.data - value.data), name.len,
				    "too many columns, at most %d", QUERY_COLUMNS_MAX);
		*c = (struct query_column){ .name = arena_copy(&q->arena, name) };
		c->attr = query_attr_new(&q->arena, q->source, name);
		if (!c->attr)
			return no_attr(q, error, value, (size_t)(name.data - value.data), name);
		c->unit = c->attr->unit;
		q->n_keys++;
	}
	return q->arena.failed ? -ENOMEM : 0;
}

static int set_sort(struct query *q, struct slice value, struct query_error *error)
{
	struct slice rest = value;

	q->n_sorts = 0;
	while (rest.data) {
		struct slice name = slice_trim(slice_cut(&rest, ','));
		struct query_sort *s = &q->sorts[q->n_sorts];

		if (!name.len)
			continue;
		if (q->n_sorts == QUERY_SORTS_MAX)
			return fail(error, value, (size_t)(name.data - value.data), name.len,
				    "too many, at most %d", QUERY_SORTS_MAX);
		s->descending = *name.data == '-';
		if (*name.data == '-' || *name.data == '+')
			name = slice_sub(name, 1, name.len);
		s->name = arena_copy(&q->arena, name);
		if (!s->name.data)
			return -ENOMEM;
		q->n_sorts++;
	}
	return 0;
}

static int parse_date(struct slice text, int64_t *ret_ns)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	char copy[64];
	bool utc = text.len && text.data[text.len - 1] == 'Z';

	if (text.len - utc >= sizeof(copy))
		return -EINVAL;
	snprintf(copy, sizeof(copy), "%.*s", (int)(text.len - utc), text.data);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(copy, forms[i], &tm);

		if (!end || *end)
			continue;
		*ret_ns = (int64_t)(utc ? timegm(&tm) : mktime(&tm)) * (int64_t)NSEC_PER_SEC;
		return 0;
	}
	return -EINVAL;
}

static int64_t midnight_ns(uint64_t now_ns, int days_before)
{
	time_t now = (time_t)(now_ns / NSEC_PER_SEC);
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_mday -= days_before;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * (int64_t)NSEC_PER_SEC;
}

/* "1h" ago, a date and time (this zone's; UTC with Z), today, yesterday, now. */
static int set_time(struct query *q, struct slice value, uint64_t *to, struct query_error *error)
{
	int64_t ns;
	double unused;

	if (slice_eq(value, SLICE("now"))) {
		*to = q->now_ns;
	} else if (slice_eq(value, SLICE("today"))) {
		*to = (uint64_t)midnight_ns(q->now_ns, 0);
	} else if (slice_eq(value, SLICE("yesterday"))) {
		*to = (uint64_t)midnight_ns(q->now_ns, 1);
	} else if (slice_eq(value, SLICE("all"))) {
		*to = 0;
	} else if (!parse_date(value, &ns) && ns > 0) {
		*to = (uint64_t)ns;
	} else if (!cond_number(value, FIELD_SECONDS, &ns, &unused) && ns >= 0 &&
		   (uint64_t)ns < q->now_ns) {
		*to = q->now_ns - (uint64_t)ns;
	} else {
		return fail(error, value, 0, value.len,
			    "no time: write 90m, 24h, 7d, today, or 2026-01-31T12:00");
	}
	return 0;
}

static int set_interval(struct query *q, struct slice value, struct query_error *error)
{
	int64_t ns;
	double unused;

	if (cond_number(value, FIELD_SECONDS, &ns, &unused) || ns < (int64_t)NSEC_PER_SEC)
		return fail(error, value, 0, value.len,
			    "no interval: write 1m, 15m, 1h, 1d (a second at least)");
	q->interval_ns = (uint64_t)ns;
	return 0;
}

static int set_choice(struct slice value, const char *const *names, size_t n, int *to,
		      struct query_error *error)
{
	char list[128] = "";

	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(list);

		if (slice_eq(value, slice_from(names[i]))) {
			*to = (int)i;
			return 0;
		}
		snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", names[i]);
	}
	return fail(error, value, 0, value.len, "one of %s", list);
}

int query_set(struct query *q, struct slice option, struct slice value, struct query_error *error)
{
	static const char *const displays[] = { "table", "bar", "line", "big", "heatmap" };
	static const char *const sources[] = { "spans", "runs", "sessions", "connections" };
	int choice = 0, r;

	if (slice_eq(option, SLICE("where")) || slice_eq(option, SLICE("filter")))
		return cond_parse(q, q->source, value, &q->where, error);
	if (slice_eq(option, SLICE("having")))
		return q->source != QUERY_RUNS
			       ? fail(error, option, 0, option.len, "--having asks --from runs")
			       : cond_parse(q, QUERY_SPANS, value, &q->having, error);
	if (slice_eq(option, SLICE("group-by")) || slice_eq(option, SLICE("by")) ||
	    slice_eq(option, SLICE("fields")))
		return add_keys(q, value, error);
	if (slice_eq(option, SLICE("sort")))
		return set_sort(q, value, error);
	if (slice_eq(option, SLICE("interval")))
		return set_interval(q, value, error);
	if (slice_eq(option, SLICE("since")))
		return set_time(q, value, &q->since_ns, error);
	if (slice_eq(option, SLICE("until")))
		return set_time(q, value, &q->until_ns, error);
	if (slice_eq(option, SLICE("limit")))
		return slice_u64(value, &q->limit)
			       ? fail(error, value, 0, value.len, "no whole number")
			       : 0;
	if (slice_eq(option, SLICE("display"))) {
		r = set_choice(value, displays, ARRAY_LEN(displays), &choice, error);
		q->display = (enum query_display)choice;
		return r;
	}
	if (slice_eq(option, SLICE("from"))) {
		if (q->n_keys || q->n_aggs || q->where || q->having)
			return fail(error, value, 0, value.len, "--from comes first");
		r = set_choice(value, sources, ARRAY_LEN(sources), &choice, error);
		q->source = (enum query_source)choice;
		return r;
	}
	return fail(error, option, 0, option.len,
		    "no option '%.*s': --where, --having, --group-by, --fields, --interval, "
		    "--sort, --limit, "
		    "--since, --until, --display, --from",
		    SLICE_FMT(option));
}

/* The next word, without its quotes; *ret_at is where it starts in the line. False: none. */
static bool next_word(struct arena *arena, struct slice line, size_t *at, struct slice *ret,
		      size_t *ret_at, bool *ret_open)
{
	char *word, quote = '\0';
	size_t len = 0;

	while (*at < line.len && strchr(" \t\r\n", line.data[*at]))
		++*at;
	if (*at >= line.len)
		return false;
	*ret_at = *at;
	word = arena_alloc(arena, line.len - *at + 1);
	for (; word && *at < line.len; ++*at) {
		char c = line.data[*at];

		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? '\0' : c;
		else if (!quote && strchr(" \t\r\n", c))
			break;
		else
			word[len++] = c;
	}
	*ret_open = quote;
	*ret = (struct slice){ word, len };
	return true;
}

/* Where in the line the offending part is: behind its quotes, which may shift it by one. */
static int shift_error(struct query_error *e, struct slice line, size_t at)
{
	if (at < line.len && (line.data[at] == '\'' || line.data[at] == '"'))
		at++;
	e->at = MIN(e->at + at, line.len);
	e->len = MIN(e->len, line.len - e->at);
	e->text = line;
	return -EINVAL;
}

/* One pass over the words. The source decides what names mean, so --from is read in a pass
 * of its own, wherever it stands. */
static int parse_words(struct query *q, struct slice line, bool from_only,
		       struct query_error *error)
{
	struct slice word, value;
	size_t at = 0, word_at, value_at;
	bool open = false;
	int r;

	while (next_word(&q->arena, line, &at, &word, &word_at, &open)) {
		if (!word.data)
			return -ENOMEM;
		if (open)
			return fail(error, line, word_at, line.len - word_at,
				    "a quote is not closed");
		if (!slice_starts(word, SLICE("--"))) {
			if (from_only || slice_eq(word, SLICE("gentap")) ||
			    slice_eq(word, SLICE("query")))
				continue; /* pasted with its command */
			r = query_add_aggregate(q, word, error);
			if (r)
				return r == -EINVAL ? shift_error(error, line, word_at) : r;
			continue;
		}
		value = slice_sub(word, 2, word.len);
		word = slice_cut(&value, '=');
		value_at = word_at + 2 + word.len + 1;
		if (!value.data && !next_word(&q->arena, line, &at, &value, &value_at, &open))
			return fail(error, line, word_at, word.len + 2, "--%.*s needs a value",
				    SLICE_FMT(word));
		if (!value.data)
			return -ENOMEM;
		if (open)
			return fail(error, line, value_at, line.len - value_at,
				    "a quote is not closed");
		if (from_only != slice_eq(word, SLICE("from")))
			continue;
		r = query_set(q, word, value, error);
		if (r)
			return r != -EINVAL
				       ? r
				       : shift_error(error, line,
						     error->text.data == word.data ? word_at + 2
										   : value_at);
	}
	return 0;
}

int query_parse(struct query *q, struct slice line, struct query_error *error)
{
	int r = parse_words(q, line, true, error);

	if (!r)
		r = parse_words(q, line, false, error);
	if (!r)
		r = query_check(q, error);
	else
		return r;
	if (r && error->text.len) {
		ssize_t found = slice_find(line, error->text);

		error->at = found < 0 ? 0 : (size_t)found;
		error->text = line;
	}
	return r;
}
