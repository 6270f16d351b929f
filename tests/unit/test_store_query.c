/* SPDX-License-Identifier: Apache-2.0 */
/* Queries against brute force: made-up spans in a database and in an array, made-up
 * queries as text and as a loop over the array, from spans, from roll-ups and from slabs. */
#include "query.h"
#include "schema.h"
#include "slab.h"
#include "store.h"
#include "store_conditions.h"
#include "test.h"

#include <errno.h>
#include <unistd.h>

#define SPANS 4000
#define DAYS 12
#define QUERIES 250
#define KEYS_MAX 3
#define AGGS_MAX 4

static struct made all[SPANS];
static char folder[] = "/tmp/gentap-query-XXXXXX", path[64];

/* ---- A query as text and as a loop ---- */

struct question {
	struct cond *where;
	int keys[KEYS_MAX], n_keys;
	int fns[AGGS_MAX], attrs[AGGS_MAX], n_aggs;
	int64_t since, until, interval;
	bool raw;
};

enum {
	COUNT,
	FAILURES,
	PARTIAL,
	REFUSED,
	SUM,
	AVG,
	LOWEST,
	HIGHEST,
	P50,
	P95,
	RATE,
	UNIQ,
	BELOW,
	FNS
};
static const char *const fn_names[] = { "count", "failure_rate", "partial", "refused", "sum",
					"avg",	 "min",		 "max",	    "p50",     "p95",
					"rate",	 "uniq",	 "below" };
#define LIMIT_NS INT64_C(5000000000) /* that below asks for */

static struct question random_question(struct maker *m)
{
	struct question q = { .raw = made_chance(m, 40) };
	int64_t span = (int64_t)DAYS * 86400 * 1000000000;

	used = 0;
	/* What roll-ups can answer comes up often enough by itself only when it is small. */
	if (made_chance(m, 60))
		q.where = random_cond(m, all, SPANS, made_chance(m, 50) ? 0 : 3);
	q.n_keys =
		made_chance(m, 70) ? (int)(made_random(m) % 2) : (int)(made_random(m) % KEYS_MAX);
	for (int i = 0; i < q.n_keys; i++)
		q.keys[i] = (int)((made_random(m) % 3 + (unsigned int)i * 3) % ARRAY_LEN(words));
	q.n_aggs = 1 + (int)(made_random(m) % AGGS_MAX);
	for (int i = 0; i < q.n_aggs; i++) {
		q.fns[i] = (int)(made_random(m) % FNS);
		q.attrs[i] = (int)(made_random(m) % ARRAY_LEN(numbers));
		if (q.fns[i] >= LOWEST && q.fns[i] != RATE && made_chance(m, 70))
			q.attrs[i] = 4 + (int)(made_random(m) % 2);
		if (q.fns[i] == BELOW)
			q.attrs[i] = 4 + (int)(made_random(m) % 2);
	}
	q.since = (int64_t)MADE_BASE_NS + (int64_t)(made_random(m) % (uint64_t)span);
	q.until = q.since + (int64_t)(made_random(m) % (uint64_t)span) + 1;
	if (made_chance(m, 30))
		q.since = 0;
	if (made_chance(m, 30))
		q.until = 0;
	if (made_chance(m, 30))
		q.interval =
			((int64_t[]){ 60, 3600, 7200, 86400, 97 })[made_random(m) % 5] * 1000000000;
	return q;
}

static void question_text(const struct question *q, struct buf *b)
{
	for (int i = 0; i < q->n_aggs; i++) {
		bool alone = q->fns[i] <= REFUSED;

		buf_printf(b, "%s%s%s%s ", fn_names[q->fns[i]], alone ? "" : ":",
			   alone ? "" : numbers[q->attrs[i]].name, q->fns[i] == BELOW ? ":5s" : "");
	}
	for (int i = 0; i < q->n_keys; i++)
		buf_printf(b, "--group-by %s ", words[q->keys[i]].name);
	if (q->where) {
		buf_add_str(b, "--where \"");
		cond_text(q->where, b);
		buf_add_str(b, "\" ");
	}
	if (q->interval)
		buf_printf(b, "--interval %llds", (long long)(q->interval / 1000000000));
}

struct expected {
	int64_t bucket;
	int key[KEYS_MAX];
	int64_t count, errors, partial, refused, first;
	int64_t of[AGGS_MAX], known[AGGS_MAX];
	__int128 sum[AGGS_MAX];
	int64_t *values[AGGS_MAX]; /* of the known */
	bool found;
};

static struct expected groups[SPANS];
static size_t n_groups;

static bool counts_for(const struct question *q, int attr, const struct made *s)
{
	int class = class_of(s);

	if (s->refused && (numbers[attr].request || numbers[attr].usage))
		return false;
	if (numbers[attr].request)
		return class == 0;
	if (!numbers[attr].usage)
		return true;
	return class_possible(q->where, 0) ? class == 0 : class == 0 || class == 2;
}

static struct expected *find_group(const struct question *q, const struct made *s)
{
	struct expected e = { .bucket = q->interval ? s->start_ns - s->start_ns % q->interval : 0 };

	for (int i = 0; i < q->n_keys; i++)
		e.key[i] = word_of(s, q->keys[i]);
	for (size_t i = 0; i < n_groups; i++)
		if (groups[i].bucket == e.bucket && !memcmp(groups[i].key, e.key, sizeof(e.key)))
			return &groups[i];
	groups[n_groups] = e;
	for (int i = 0; i < q->n_aggs; i++)
		groups[n_groups].values[i] = malloc(SPANS * sizeof(int64_t));
	return &groups[n_groups++];
}

static int64_t brute_force(const struct question *q)
{
	int64_t first = INT64_MAX;

	n_groups = 0;
	for (size_t n = 0; n < SPANS; n++) {
		const struct made *s = &all[n];
		struct expected *e;

		if (s->start_ns < q->since || (q->until && s->start_ns >= q->until) ||
		    (q->where && !cond_fits(q->where, s)))
			continue;
		e = find_group(q, s);
		first = MIN(first, s->start_ns);
		e->count++;
		e->errors += s->error;
		e->partial += s->partial;
		e->refused += s->refused;
		for (int i = 0; i < q->n_aggs; i++) {
			int64_t v = number_of(s, q->attrs[i]);

			if (!counts_for(q, q->attrs[i], s))
				continue;
			e->of[i]++;
			if (v == MADE_UNKNOWN)
				continue;
			e->values[i][e->known[i]++] = v;
			e->sum[i] += v;
		}
	}
	return first;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* NAN: unknown. */
static double expected_value(const struct question *q, struct expected *e, int i, double seconds)
{
	int64_t *v = e->values[i], n = e->known[i], distinct = 0, below = 0;

	if (q->fns[i] == COUNT)
		return (double)e->count;
	if (q->fns[i] == FAILURES)
		return e->count ? (double)e->errors / (double)e->count : NAN;
	if (q->fns[i] == PARTIAL)
		return (double)e->partial;
	if (q->fns[i] == REFUSED)
		return (double)e->refused;
	qsort(v, (size_t)n, sizeof(*v), by_value);
	for (int64_t k = 0; k < n; k++)
		distinct += !k || v[k] != v[k - 1];
	if (q->fns[i] == UNIQ)
		return (double)distinct;
	if (!n)
		return NAN;
	for (int64_t k = 0; k < n; k++)
		below += v[k] < LIMIT_NS;
	switch (q->fns[i]) {
	case BELOW:
		return (double)below;
	case SUM:
		return (double)e->sum[i];
	case AVG:
		return (double)e->sum[i] / (double)n;
	case LOWEST:
		return (double)v[0];
	case HIGHEST:
		return (double)v[n - 1];
	case P50:
		return (double)v[(n + 1) / 2 - 1];
	case P95:
		return (double)v[(int64_t)ceil(0.95 * (double)n) - 1];
	default:
		return (double)e->sum[i] / seconds;
	}
}

static double cell_number(const struct query_cell *c)
{
	return c->type == QUERY_NULL ? NAN : c->type == QUERY_INT ? (double)c->integer : c->number;
}

static bool close_to(double got, double want, double by)
{
	if (isnan(want) || isnan(got))
		return isnan(want) && isnan(got);
	return fabs(got - want) <= by * fabs(want) + 1e-9;
}

/* How many values lie so near to the limit that a histogram cannot tell. */
static double unsure(const struct expected *e, int i)
{
	int64_t near = LIMIT_NS / 100, n = 0;

	for (int64_t k = 0; k < e->known[i]; k++)
		n += llabs(e->values[i][k] - LIMIT_NS) <= near;
	return (double)n;
}

static void check_row(const struct question *q, const struct query_result *r, size_t row,
		      double seconds)
{
	bool series = q->interval;
	struct expected *e = NULL;
	int key[KEYS_MAX] = { 0 };

	for (int i = 0; i < q->n_keys; i++) {
		const struct query_cell *c = query_cell(r, row, (size_t)(series + i));
		uint64_t index = 0;

		key[i] = -1;
		if (c->type != QUERY_TEXT)
			continue;
		slice_u64(slice_sub(c->text, strlen(words[q->keys[i]].kind) + 1, c->text.len),
			  &index);
		key[i] = (int)index;
	}
	for (size_t i = 0; !e && i < n_groups; i++)
		if (!memcmp(groups[i].key, key, sizeof(key)) &&
		    (!series || groups[i].bucket == query_cell(r, row, 0)->integer))
			e = &groups[i];
	CHECK(e && !e->found);
	if (!e)
		return;
	e->found = true;
	for (int i = 0; i < q->n_aggs; i++) {
		const struct query_cell *c = query_cell(r, row, (size_t)(series + q->n_keys + i));
		double want = expected_value(q, e, i, seconds), got = cell_number(c);
		bool quantile = q->fns[i] == P50 || q->fns[i] == P95;
		double by = quantile && r->approximate ? 0.01 : 1e-12;

		if (q->fns[i] == BELOW && r->approximate && fabs(got - want) <= unsure(e, i))
			continue;
		if (!close_to(got, want, by))
			test_fail(__FILE__, __LINE__, "%s:%s: got %.17g, want %.17g",
				  fn_names[q->fns[i]], numbers[q->attrs[i]].name, got, want);
		if (q->fns[i] == SUM && c->type == QUERY_INT)
			CHECK_INT(c->integer, (int64_t)e->sum[i]);
		if (q->fns[i] <= REFUSED)
			continue;
		CHECK_INT(c->known, e->known[i]);
		CHECK_INT(c->unknown, e->of[i] - e->known[i]);
	}
}

static void ask(struct query_db *db, const struct question *question, struct slice text)
{
	uint64_t now = MADE_BASE_NS + (uint64_t)DAYS * 86400 * 1000000000;
	struct query_result r = { 0 };
	struct query_error error = { 0 };
	struct query q;
	int64_t first;
	double seconds;
	int e;

	query_init(&q, now);
	e = query_parse(&q, text, &error);
	if (e)
		test_fail(__FILE__, __LINE__, "%d: %s", e, error.message);
	q.since_ns = (uint64_t)question->since;
	q.until_ns = (uint64_t)question->until;
	q.raw_max = question->raw ? UINT64_MAX / 2 : 0;
	if (!e)
		e = query_run(db, &q, &r);
	CHECK_INT(e, 0);
	if (!e) {
		first = brute_force(question);
		seconds = question->interval
				  ? (double)question->interval / 1e9
				  : (double)((question->until ? question->until : (int64_t)now) -
					     (question->since ? question->since : first)) /
					    1e9;
		/* Without a beginning, the roll-up that the first span is in is the beginning. */
		for (int i = 0; i < question->n_aggs; i++)
			if (question->fns[i] == RATE && !question->since && !question->interval)
				seconds = NAN;
		CHECK(!r.rounded);
		if (!n_groups && !question->n_keys && !question->interval) {
			CHECK_INT(r.n_rows, 1);
		} else if (!isnan(seconds)) {
			CHECK_INT(r.n_rows, n_groups);
			for (size_t i = 0; i < r.n_rows; i++)
				check_row(question, &r, i, MAX(seconds, 1.0));
		}
		for (size_t i = 0; i < n_groups; i++)
			for (int k = 0; k < question->n_aggs; k++)
				free(groups[i].values[k]);
	}
	query_result_release(&r);
	query_release(&q);
}

static int fill(void)
{
	struct maker m = maker_init(7, SPANS, (int64_t)DAYS * 86400 * 1000000000);
	struct store_config config = { .path = path, .must_open = true };
	struct store *store;
	int r;

	if (!mkdtemp(folder))
		return -errno;
	snprintf(path, sizeof(path), "%s/gentap.db", folder);
	r = store_new(&store, &config);
	for (size_t i = 0; !r && i < SPANS; i++) {
		struct span *s;

		all[i] = made_next(&m);
		s = made_span(&all[i]);
		store_span(store, s);
		span_free(s);
		/* Several batches: the same hour is added to more than once. */
		if (i % 1500 == 0)
			r = store_flush(store, 30000);
	}
	if (!r)
		r = store_flush(store, 30000);
	if (!r)
		store_free(store);
	return r;
}

static void ask_all(uint64_t seed, int slabs)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(64 * 1024);
	struct maker m = { .state = seed };
	struct query_db *db = NULL;

	CHECK_INT(query_open(&db, path), 0);
	for (int i = 0; db && i < QUERIES; i++) {
		struct question q = random_question(&m);

		buf_reset(&text, 64 * 1024);
		question_text(&q, &text);
		test_row("%d %s since=%lld until=%lld raw=%d, %d slabs", i, text.data,
			 (long long)q.since, (long long)q.until, q.raw, slabs);
		ask(db, &q, buf_slice(&text));
	}
	test_row(NULL);
	query_close(db);
}

/* Some slabs, and spans that stand in none. */
static int seal(void)
{
	sqlite3 *db = NULL;
	bool more = true;
	int n = 0;

	CHECK_INT(schema_open(&db, path), 0);
	while (db && more) {
		CHECK_INT(slab_seal(db, SPANS / 5 - 10, &more), 0);
		n += more;
	}
	sqlite3_close(db);
	return n;
}

TEST(queries_equal_brute_force)
{
	int slabs;

	CHECK_INT(fill(), 0);
	ask_all(4711, 0);
	slabs = seal();
	CHECK_INT(slabs, 5);
	ask_all(4712, slabs);
	unlink(path);
	rmdir(folder);
}
