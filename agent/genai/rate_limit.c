/* SPDX-License-Identifier: Apache-2.0 */
#include "rate_limit.h"

#include "call.h"
#include "cleanup.h"
#include "clock.h"
#include "http.h"

#include <time.h>

#define MILLIS_MIN 1e12	  /* from here on a date in milliseconds */
#define DATE_SEC_MAX 1e10 /* in the year 2286: no limit is reset later */

static const char *const names[] = {
#define NAME(kind, name) [RATE_LIMIT_##kind] = name,
	RATE_LIMIT_NAMES(NAME)
#undef NAME
};

/* A header's name is `before`, the word for one number (see words), `after`. */
static const struct {
	struct slice before;
	struct slice after;
	enum rate_limit_kind kind;
} rows[] = {
#define X(after, kind)                                                                             \
	{                                                                                          \
		SLICE("x-ratelimit-"), SLICE(after), RATE_LIMIT_##kind                             \
	}
#define ANTHROPIC(what, kind)                                                                      \
	{                                                                                          \
		SLICE("anthropic-" what "-"), SLICE(""), RATE_LIMIT_##kind                         \
	}
	/* OpenAI, Azure, Groq, xAI, and who copies them. */
	X("-requests", REQUESTS),
	X("-tokens", TOKENS),
	X("-input-images", IMAGES),
	X("-project-requests", PROJECT_REQUESTS),
	X("-project-tokens", PROJECT_TOKENS),
	/* Fireworks. */
	X("-tokens-prompt", INPUT_TOKENS),
	X("-tokens-generated", OUTPUT_TOKENS),
	/* Mistral, */
	X("-req-10-second", REQUESTS_10S),
	X("-req-minute", REQUESTS_MINUTE),
	X("-req-month", REQUESTS_MONTH),
	X("-tokens-minute", TOKENS_MINUTE),
	X("-tokens-month", TOKENS_MONTH),
	/* Cerebras, SambaNova. */
	X("-requests-minute", REQUESTS_MINUTE),
	X("-requests-hour", REQUESTS_HOUR),
	X("-requests-day", REQUESTS_DAY),
	X("-tokens-hour", TOKENS_HOUR),
	X("-tokens-day", TOKENS_DAY),
	/* Without a word for what is counted it is requests: OpenRouter, Together, gateways;
	 * the second is the IETF's draft-ietf-httpapi-ratelimit-headers, to version 7. */
	X("", REQUESTS),
	{ SLICE("ratelimit-"), SLICE(""), RATE_LIMIT_REQUESTS },
	{ SLICE("x-tokenlimit-"), SLICE(""), RATE_LIMIT_TOKENS },
	ANTHROPIC("ratelimit-requests", REQUESTS),
	ANTHROPIC("ratelimit-tokens", TOKENS),
	ANTHROPIC("ratelimit-input-tokens", INPUT_TOKENS),
	ANTHROPIC("ratelimit-output-tokens", OUTPUT_TOKENS),
	ANTHROPIC("priority-input-tokens", PRIORITY_INPUT_TOKENS),
	ANTHROPIC("priority-output-tokens", PRIORITY_OUTPUT_TOKENS),
	ANTHROPIC("fast-input-tokens", FAST_INPUT_TOKENS),
	ANTHROPIC("fast-output-tokens", FAST_OUTPUT_TOKENS),
	ANTHROPIC("ratelimit-unified-5h", PLAN_5H),
	ANTHROPIC("ratelimit-unified-7d", PLAN_7D),
	{ SLICE("x-codex-primary-"), SLICE(""), RATE_LIMIT_PLAN_PRIMARY },
	{ SLICE("x-codex-secondary-"), SLICE(""), RATE_LIMIT_PLAN_SECONDARY },
	/* Cohere's trial keys. */
	{ SLICE("x-trial-endpoint-call-"), SLICE(""), RATE_LIMIT_REQUESTS_MINUTE },
	{ SLICE("x-endpoint-monthly-call-"), SLICE(""), RATE_LIMIT_REQUESTS_MONTH },
#undef X
#undef ANTHROPIC
};

enum number { LIMIT, REMAINING, RESET, USED, USED_PERCENT };

static const struct {
	struct slice word;
	enum number number;
} words[] = {
	{ SLICE("limit"), LIMIT },
	{ SLICE("remaining"), REMAINING },
	{ SLICE("reset"), RESET },
	{ SLICE("reset-at"), RESET },
	{ SLICE("reset-after-seconds"), RESET },
	{ SLICE("utilization"), USED },
	{ SLICE("used-percent"), USED_PERCENT },
};

const char *rate_limit_name(enum rate_limit_kind kind)
{
	return (unsigned int)kind < ARRAY_LEN(names) ? names[kind] : "";
}

struct rate_limit *rate_limit_get(struct call *c, enum rate_limit_kind kind)
{
	struct rate_limit *l;

	for (size_t i = 0; i < c->n_rate_limits; i++)
		if (c->rate_limits[i].kind == kind)
			return &c->rate_limits[i];
	l = arena_push(&c->arena, &c->rate_limits, &c->n_rate_limits, sizeof(*l));
	if (l)
		*l = (struct rate_limit){ kind, .limit = -1, .remaining = -1, .used = NAN };
	return l;
}

struct rate_limit *rate_limit_get_named(struct call *c, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(name, slice_from(names[i])))
			return rate_limit_get(c, (enum rate_limit_kind)i);
	return NULL;
}

double rate_limit_used(const struct rate_limit *l)
{
	if (!isnan(l->used))
		return l->used;
	if (l->limit <= 0 || l->remaining < 0 || l->remaining > l->limit)
		return NAN;
	return (double)(l->limit - l->remaining) / (double)l->limit;
}

/* "1h2m3.5s", "6ms": Go's durations. Negative: it is none. */
static double parse_duration(struct slice s)
{
	static const struct {
		struct slice unit;
		double seconds;
	} units[] = {
		{ SLICE("ms"), 1e-3 }, { SLICE("us"), 1e-6 }, { SLICE("ns"), 1e-9 },
		{ SLICE("d"), 86400 }, { SLICE("h"), 3600 },  { SLICE("m"), 60 },
		{ SLICE("s"), 1 },
	};
	double sum = 0, n;

	while (s.len) {
		size_t digits = 0, i;

		while (digits < s.len &&
		       (s.data[digits] == '.' || (s.data[digits] >= '0' && s.data[digits] <= '9')))
			digits++;
		if (slice_f64(slice_sub(s, 0, digits), &n))
			return -1;
		s = slice_sub(s, digits, s.len);
		for (i = 0; i < ARRAY_LEN(units) && !slice_starts(s, units[i].unit); i++)
			;
		if (i == ARRAY_LEN(units))
			return -1;
		sum += n * units[i].seconds;
		s = slice_sub(s, units[i].unit.len, s.len);
	}
	return sum;
}

/* "2025-06-23T10:26:53Z" (RFC 3339, whole seconds, UTC) as Unix time; negative: it is none. */
static double parse_date(struct slice s)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	uint64_t n[6];
	struct tm tm;

	if (s.len != sizeof(form) - 1)
		return -1;
	for (size_t i = 0; i < s.len; i++)
		if (form[i] != '0' && s.data[i] != form[i])
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(n); i++)
		if (slice_u64(slice_sub(s, i ? 2 + 3 * i : 0, i ? 2 : 4), &n[i]))
			return -1;
	tm = (struct tm){ .tm_year = (int)n[0] - 1900,
			  .tm_mon = (int)n[1] - 1,
			  .tm_mday = (int)n[2],
			  .tm_hour = (int)n[3],
			  .tm_min = (int)n[4],
			  .tm_sec = (int)n[5] };
	return (double)timegm(&tm);
}

/* The forms in use cannot be mistaken for each other. 0: none of them. */
static uint64_t parse_reset(struct slice s, uint64_t now_ns)
{
	double n, date = parse_date(s);

	if (date < 0 && !slice_f64(s, &n))
		date = n >= MILLIS_MIN ? n / 1e3 : n >= RATE_LIMIT_RESET_MAX ? n : -1;
	else
		n = date < 0 && s.len ? parse_duration(s) : -1;
	if (date >= 0)
		return date < DATE_SEC_MAX ? (uint64_t)(date * (double)NSEC_PER_SEC) : 0;
	if (n < 0 || n >= RATE_LIMIT_RESET_MAX)
		return 0;
	return now_ns + (uint64_t)(n * (double)NSEC_PER_SEC);
}

static void set_count(int64_t *to, struct slice s)
{
	uint64_t n;

	if (!slice_u64(s, &n) && n <= INT64_MAX)
		*to = (int64_t)n;
}

static void set_used(double *to, struct slice s, double whole)
{
	double n;

	/* More than all can be used: of an allowance that was overdrawn. */
	if (!slice_f64(s, &n) && n >= 0)
		*to = n / whole;
}

static void set_number(struct rate_limit *l, enum number number, struct slice value,
		       uint64_t now_ns)
{
	switch (number) {
	case LIMIT:
		set_count(&l->limit, value);
		break;
	case REMAINING:
		set_count(&l->remaining, value);
		break;
	case RESET:
		l->reset_ns = parse_reset(value, now_ns);
		break;
	case USED:
		set_used(&l->used, value, 1);
		break;
	case USED_PERCENT:
		set_used(&l->used, value, 100);
		break;
	}
}

static bool ends_nocase(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       slice_eq_nocase(slice_sub(s, s.len - suffix.len, suffix.len), suffix);
}

static void read_field(struct call *c, const struct http_field *f, uint64_t now_ns)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice word = f->name;
		struct rate_limit *l;

		if (!slice_starts_nocase(word, rows[i].before) || !ends_nocase(word, rows[i].after))
			continue;
		if (word.len <= rows[i].before.len + rows[i].after.len)
			continue;
		word = slice_sub(word, rows[i].before.len,
				 word.len - rows[i].before.len - rows[i].after.len);
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			if (!slice_eq_nocase(word, words[k].word))
				continue;
			l = rate_limit_get(c, rows[i].kind);
			if (l)
				set_number(l, words[k].number, slice_trim(f->value), now_ns);
			return;
		}
	}
}

/* A header that is there and says nothing ("X-RATELIMIT-LIMIT") makes no limit. */
static void drop_empty(struct call *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_rate_limits; i++) {
		const struct rate_limit *l = &c->rate_limits[i];

		if (l->limit >= 0 || l->remaining >= 0 || l->reset_ns || !isnan(l->used))
			c->rate_limits[kept++] = *l;
	}
	c->n_rate_limits = kept;
}

void rate_limits_read(struct call *c, const struct http_head *head, uint64_t now_ns)
{
	struct slice ms = http_head_get(head, SLICE("retry-after-ms"));
	double wait;

	for (size_t i = 0; i < head->n_fields; i++)
		read_field(c, &head->fields[i], now_ns);
	drop_empty(c);
	if (!slice_f64(slice_trim(ms), &wait))
		wait /= 1e3;
	else if (slice_f64(slice_trim(http_head_get(head, SLICE("retry-after"))), &wait))
		return; /* none, or the date of an HTTP intermediary */
	if (wait >= 0)
		c->retry_after_s = wait;
}
