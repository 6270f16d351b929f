/* SPDX-License-Identifier: Apache-2.0 */
#include "price_table.h"

#include "cleanup.h"
#include "table.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define NAME_MAX_BYTES 1024
#define PICO 12 /* a dollar is 10^12 picodollars */

/* Cuts an exponent off; it is small, or the number is none that is a price. */
static int cut_exponent(struct slice *text, int *ret)
{
	ssize_t e = slice_find_char(*text, 'e');
	struct slice digits;
	uint64_t v;

	if (e < 0)
		e = slice_find_char(*text, 'E');
	*ret = 0;
	if (e < 0)
		return 0;
	digits = slice_sub(*text, (size_t)e + 1, text->len);
	if (digits.len && (digits.data[0] == '-' || digits.data[0] == '+'))
		digits = slice_sub(digits, 1, digits.len);
	if (slice_u64(digits, &v) || v > 40)
		return -EINVAL;
	*ret = text->data[e + 1] == '-' ? -(int)v : (int)v;
	text->len = (size_t)e;
	return 0;
}

int price_decimal(struct slice text, int scale, int64_t *ret)
{
	uint64_t v = 0;
	int exponent, places = 0;
	bool point = false, digits = false, round = false;

	if (!text.data || cut_exponent(&text, &exponent))
		return -EINVAL;
	scale += exponent;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int digit = (unsigned char)text.data[i] - '0';

		if (text.data[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (digit > 9)
			return -EINVAL;
		digits = true;
		if (point && places == scale) { /* the first digit that does not fit decides */
			round = digit >= 5;
			places++;
		}
		if (point && places > scale)
			continue;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
			return -ERANGE;
		places += point;
	}
	if (!digits || scale < 0)
		return digits ? -ERANGE : -EINVAL;
	for (; places < scale; places++)
		if (__builtin_mul_overflow(v, 10, &v))
			return -ERANGE;
	v += round;
	if (v > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

int price_table_pd(struct json_val v, int shift, int64_t *ret)
{
	return price_decimal(json_raw(v), PICO + shift, ret);
}

int price_table_str(struct price_table *t, struct json_val v, struct slice *ret)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(NAME_MAX_BYTES);
	int r = json_str(v, &b);

	if (r == -ENOMEM)
		return r;
	if (r)
		return 0; /* what is no string is not there */
	*ret = arena_copy(&t->arena, b.len ? buf_slice(&b) : SLICE(""));
	return ret->data ? 0 : -ENOMEM;
}

struct price_provider *price_table_provider(struct price_table *t, struct slice id)
{
	for (size_t i = 0; i < t->n_providers; i++)
		if (slice_eq(t->providers[i].id, id))
			return &t->providers[i];
	return NULL;
}

/* A price, or {"base": …, "tiers": [{"start", "price"}]}. */
static int read_rate(struct price_table *t, struct price_rate *rate, struct json_val v)
{
	struct json_val base = json_get(v, "base");
	int r;

	if (json_type(v) != JSON_OBJECT)
		return price_table_pd(v, 0, &rate->pd);
	r = price_table_pd(base, 0, &rate->pd);
	for (struct json_val i = json_first(json_get(v, "tiers")); !r && i.doc; i = json_next(i)) {
		struct price_step *step =
			arena_push(&t->arena, &rate->steps, &rate->n_steps, sizeof(*step));
		int64_t start;

		if (!step)
			return -ENOMEM;
		r = json_i64(json_get(i, "start"), &start);
		if (!r && start < 0)
			r = -ERANGE;
		if (!r)
			r = price_table_pd(json_get(i, "price"), 0, &step->pd);
		if (!r)
			step->start = (uint64_t)start;
		if (!r && rate->n_steps > 1 && step[-1].start > step->start)
			r = -EINVAL;
	}
	return r;
}

static int read_rates(struct price_table *t, struct price_set *set, struct json_val prices)
{
	for (struct json_val i = json_first(prices); i.doc; i = json_next(i)) {
		int unit = price_unit_by_price_key(json_key(i));
		struct price_rate *rate;
		int r;

		/* A price for what we cannot count is a price that is missing: the model
		 * stays, and the list says that something was left out. */
		if (unit < 0) {
			t->skipped++;
			continue;
		}
		rate = arena_push(&t->arena, &set->rates, &set->n_rates, sizeof(*rate));
		if (!rate)
			return -ENOMEM;
		rate->unit = unit;
		r = read_rate(t, rate, i);
		if (r)
			return r;
	}
	return json_type(prices) == JSON_OBJECT ? 0 : -EBADMSG;
}

/* YYYY-MM-DD, midnight UTC. */
int price_date(struct slice s, int64_t *ret)
{
	uint64_t y, m, d;
	struct tm tm;

	if (s.len != 10 || s.data[4] != '-' || s.data[7] != '-' ||
	    slice_u64(slice_sub(s, 0, 4), &y) || slice_u64(slice_sub(s, 5, 2), &m) ||
	    slice_u64(slice_sub(s, 8, 2), &d) || m < 1 || m > 12 || d < 1 || d > 31)
		return -EINVAL;
	tm = (struct tm){ .tm_year = (int)y - 1900, .tm_mon = (int)m - 1, .tm_mday = (int)d };
	*ret = (int64_t)timegm(&tm);
	return 0;
}

/* HH:MM:SS, with Z or +HH:MM behind: seconds of the UTC day. */
static int parse_time(struct slice s, uint32_t *ret)
{
	uint64_t h, m, sec, oh = 0, om = 0;
	int64_t t;

	if (s.len < 9 || slice_u64(slice_sub(s, 0, 2), &h) || slice_u64(slice_sub(s, 3, 2), &m) ||
	    slice_u64(slice_sub(s, 6, 2), &sec) || h > 23 || m > 59 || sec > 59)
		return -EINVAL;
	if (s.data[8] != 'Z' && (s.len != 14 || slice_u64(slice_sub(s, 9, 2), &oh) ||
				 slice_u64(slice_sub(s, 12, 2), &om) || oh > 23 || om > 59))
		return -EINVAL;
	t = (int64_t)(h * 3600 + m * 60 + sec);
	t -= (s.data[8] == '-' ? -1 : 1) * (int64_t)(oh * 3600 + om * 60);
	*ret = (uint32_t)((t + 2 * 86400) % 86400);
	return 0;
}

static int read_condition(struct price_set *set, struct json_val v)
{
	struct json_val date = json_get(v, "start_date");

	if (json_type(v) == JSON_ABSENT || json_type(v) == JSON_NULL)
		return 0;
	if (json_type(date) == JSON_STRING) {
		set->when = PRICE_FROM_DATE;
		return price_date(json_raw(date), &set->from_s);
	}
	set->when = PRICE_TIME_OF_DAY;
	if (json_type(json_get(v, "start_time")) != JSON_STRING ||
	    json_type(json_get(v, "end_time")) != JSON_STRING)
		return -EINVAL;
	return parse_time(json_raw(json_get(v, "start_time")), &set->day_from) ||
			       parse_time(json_raw(json_get(v, "end_time")), &set->day_to)
		       ? -EINVAL
		       : 0;
}

static int add_set(struct price_table *t, struct price_model *m, struct json_val prices,
		   struct json_val condition)
{
	struct price_set *set = arena_push(&t->arena, &m->sets, &m->n_sets, sizeof(*set));
	int r = set ? read_condition(set, condition) : -ENOMEM;

	return r ? r : read_rates(t, set, prices);
}

static int read_prices(struct price_table *t, struct price_model *m, struct json_val prices)
{
	if (json_type(prices) != JSON_ARRAY)
		return add_set(t, m, prices, JSON_NONE);
	for (struct json_val i = json_first(prices); i.doc; i = json_next(i)) {
		int r = add_set(t, m, json_get(i, "prices"), json_get(i, "constraint"));

		if (r)
			return r;
	}
	return m->n_sets ? 0 : -EBADMSG;
}

static int read_model(struct price_table *t, struct price_provider *p, struct json_val v)
{
	struct price_model *m = arena_push(&t->arena, &p->models, &p->n_models, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	r = price_table_str(t, json_get(v, "id"), &m->id);
	if (!r)
		r = price_match_read(&m->match, &t->arena, json_get(v, "match"));
	if (!r)
		r = read_prices(t, m, json_get(v, "prices"));
	if (!r && json_i64(json_get(v, "context_window"), &m->context_window))
		m->context_window = 0;
	if (r && r != -ENOMEM) { /* one model that cannot be read costs only itself */
		price_match_release(&m->match);
		p->n_models--;
		*m = (struct price_model){ 0 };
		t->skipped++;
		r = 0;
	}
	return r;
}

/* Optional matchers: one that cannot be read matches nothing. */
static int read_matchers(struct price_table *t, struct price_provider *p, struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf url = BUF_INIT(NAME_MAX_BYTES);
	int r;

	buf_add_str(&url, "^(?:");
	if (!json_str(json_get(v, "api_pattern"), &url) && !buf_add_str(&url, ")")) {
		r = price_match_regex(&p->api_pattern, buf_slice(&url));
		if (r == -ENOMEM)
			return r;
	}
	r = price_match_read(&p->provider_match, &t->arena, json_get(v, "provider_match"));
	if (r != -ENOMEM)
		r = price_match_read(&p->model_match, &t->arena, json_get(v, "model_match"));
	return r == -ENOMEM ? r : 0;
}

static int read_provider(struct price_table *t, struct json_val v)
{
	struct price_provider *p =
		arena_push(&t->arena, &t->providers, &t->n_providers, sizeof(*p));
	int r = p ? price_table_str(t, json_get(v, "id"), &p->id) : -ENOMEM;

	if (!r)
		r = price_table_str(t, json_get(v, "name"), &p->name);
	if (!r)
		r = read_matchers(t, p, v);
	for (struct json_val i = json_first(json_get(v, "fallback_model_providers")); !r && i.doc;
	     i = json_next(i)) {
		struct slice *id =
			arena_push(&t->arena, &p->fallbacks, &p->n_fallbacks, sizeof(*id));

		r = id ? price_table_str(t, i, id) : -ENOMEM;
	}
	for (struct json_val i = json_first(json_get(v, "models")); !r && i.doc; i = json_next(i))
		r = read_model(t, p, i);
	return r;
}

static int read_table(struct price_table *t, struct json_val root)
{
	struct json_val providers =
		json_type(root) == JSON_ARRAY ? root : json_get(root, "providers");
	int r = 0;

	if (json_type(root) == JSON_OBJECT && json_type(providers) == JSON_ABSENT) {
		r = price_table_read_litellm(t, root);
	} else {
		r = price_table_str(t, json_get(root, "version"), &t->version);
		if (!r)
			r = price_table_str(t, json_get(root, "price_date"), &t->date);
		for (struct json_val i = json_first(providers); !r && i.doc; i = json_next(i))
			r = read_provider(t, i);
	}
	for (size_t i = 0; i < t->n_providers; i++)
		t->n_models += t->providers[i].n_models;
	return r ? r : t->n_models ? 0 : -EBADMSG;
}

int price_table_new(struct price_table **ret, struct slice text, struct slice date)
{
	struct price_table *t = calloc(1, sizeof(*t));
	struct json json;
	int r;

	if (!t)
		return -ENOMEM;
	arena_init(&t->arena, PRICE_TABLE_BYTES_MAX);
	json_init(&json);
	r = json_parse(&json, text);
	if (!r && json_truncated(&json))
		r = -EBADMSG;
	if (!r)
		r = read_table(t, json_root(&json));
	json_release(&json);
	if (!r && !t->date.data && date.data) {
		t->date = arena_copy(&t->arena, date);
		r = t->date.data ? 0 : -ENOMEM;
	}
	if (r) {
		price_table_free(t);
		return r == -ENOMEM ? r : -EBADMSG;
	}
	*ret = t;
	return 0;
}

void price_table_free(struct price_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_providers; i++) {
		struct price_provider *p = &t->providers[i];

		price_match_release(&p->api_pattern);
		price_match_release(&p->provider_match);
		price_match_release(&p->model_match);
		for (size_t k = 0; k < p->n_models; k++)
			price_match_release(&p->models[k].match);
	}
	arena_release(&t->arena);
	free(t);
}
