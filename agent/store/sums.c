/* SPDX-License-Identifier: Apache-2.0 */
#include "sums.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>

const int64_t gran_ns[GRANS] = {
	[GRAN_MINUTE] = 60 * (int64_t)NSEC_PER_SEC,
	[GRAN_HOUR] = 3600 * (int64_t)NSEC_PER_SEC,
	[GRAN_DAY] = 86400 * (int64_t)NSEC_PER_SEC,
};

bool rollup_kept(unsigned int dim, enum rollup_gran gran)
{
	return dim < DIMS && (gran != GRAN_MINUTE || !dim);
}

void rollup_init(struct rollup *u)
{
	*u = (struct rollup){ .min_duration = INT64_MAX,
			      .max_duration = INT64_MIN,
			      .min_ttft = INT64_MAX,
			      .max_ttft = INT64_MIN };
}

void rollup_release(struct rollup *u)
{
	histogram_release(&u->duration);
	histogram_release(&u->ttft);
}

static void free_rollup(void *value)
{
	rollup_release(value);
	free(value);
}

void batch_init(struct batch *b)
{
	table_init(&b->rollups, SUMS_MAX);
	table_init(&b->runs, SUMS_MAX);
	table_init(&b->sessions, SUMS_MAX);
}

void batch_reset(struct batch *b)
{
	table_release(&b->rollups, free_rollup);
	table_release(&b->runs, free);
	table_release(&b->sessions, free);
}

static struct rollup *get_rollup(struct batch *b, const struct rollup_key *key)
{
	struct rollup *u = table_get(&b->rollups, key, sizeof(*key));

	if (u)
		return u;
	u = malloc(sizeof(*u));
	if (!u)
		return NULL;
	rollup_init(u);
	u->key = *key;
	if (table_add(&b->rollups, key, sizeof(*key), u)) {
		free(u);
		return NULL;
	}
	return u;
}

static void add_sums(struct sums *to, const struct row *r)
{
	for (size_t i = 0; i < MEASURES; i++) {
		if (!row_has(r, measures[i]))
			continue;
		to->known[i]++;
		to->sum[i] += r->values[measures[i]];
	}
}

static bool is_partial(const struct row *r)
{
	return row_has(r, F_COMPLETENESS) && !slice_eq(r->words[F_COMPLETENESS], SLICE("full"));
}

static bool is_refused(const struct row *r)
{
	return r->values[F_CLASS] == CLASS_REQUEST && row_has(r, F_COST_SOURCE) &&
	       slice_eq(r->words[F_COST_SOURCE], SLICE(COST_REFUSED));
}

int rollup_add(struct rollup *u, const struct row *r)
{
	int64_t duration = r->values[F_DURATION], ttft = r->values[F_TTFT];
	int e;

	u->n++;
	u->errors += r->values[F_ERROR];
	u->partial += is_partial(r);
	u->refused += is_refused(r);
	add_sums(&u->sums, r);
	u->min_duration = MIN(u->min_duration, duration);
	u->max_duration = MAX(u->max_duration, duration);
	e = histogram_add(&u->duration, duration, 1);
	if (e || !row_has(r, F_TTFT))
		return e;
	u->min_ttft = MIN(u->min_ttft, ttft);
	u->max_ttft = MAX(u->max_ttft, ttft);
	return histogram_add(&u->ttft, ttft, 1);
}

static int add_rollups(struct batch *b, const struct row *r, const int64_t words[F_COUNT])
{
	struct rollup_key key = { .class = r->values[F_CLASS] };
	struct rollup *u;

	for (unsigned int dim = 0; dim < DIMS; dim++) {
		enum field_id f = dim_field(dim);

		key.dim = (int32_t)dim;
		key.value = dim ? words[f] : 0;
		for (enum rollup_gran g = GRAN_MINUTE; g <= GRAN_HOUR; g++) {
			if (!rollup_kept(dim, g))
				continue;
			key.gran = (int32_t)g;
			key.bucket = r->values[F_START] / gran_ns[g];
			u = get_rollup(b, &key);
			if (!u || rollup_add(u, r))
				return -ENOMEM;
		}
	}
	return 0;
}

static int merge_rollup(struct rollup *to, const struct rollup *from)
{
	int r;

	to->n += from->n;
	to->errors += from->errors;
	to->partial += from->partial;
	to->refused += from->refused;
	for (size_t i = 0; i < MEASURES; i++) {
		to->sums.known[i] += from->sums.known[i];
		to->sums.sum[i] += from->sums.sum[i];
	}
	to->min_duration = MIN(to->min_duration, from->min_duration);
	to->max_duration = MAX(to->max_duration, from->max_duration);
	to->min_ttft = MIN(to->min_ttft, from->min_ttft);
	to->max_ttft = MAX(to->max_ttft, from->max_ttft);
	r = histogram_add_all(&to->duration, &from->duration);
	return r ? r : histogram_add_all(&to->ttft, &from->ttft);
}

struct rollup_list {
	struct rollup **items;
	size_t n;
};

static int list_hour(void *value, void *arg)
{
	struct rollup_list *l = arg;
	struct rollup *u = value;

	if (u->key.gran == GRAN_HOUR)
		l->items[l->n++] = u;
	return 0;
}

int batch_add_days(struct batch *b)
{
	_cleanup_free_ struct rollup **items =
		calloc(b->rollups.count + 1, sizeof(struct rollup *));
	struct rollup_list hours = { items, 0 };

	if (!items)
		return -ENOMEM;
	table_each(&b->rollups, list_hour, &hours);
	for (size_t i = 0; i < hours.n; i++) {
		struct rollup_key key = items[i]->key;
		struct rollup *day;

		key.gran = GRAN_DAY;
		key.bucket /= gran_ns[GRAN_DAY] / gran_ns[GRAN_HOUR];
		day = get_rollup(b, &key);
		if (!day || merge_rollup(day, items[i]))
			return -ENOMEM;
	}
	return 0;
}

static struct group *get_group(struct table *t, const void *key, size_t len)
{
	struct group *g = table_get(t, key, len);

	if (g)
		return g;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	memcpy(g->key, key, len);
	g->start_ns = INT64_MAX;
	g->end_ns = INT64_MIN;
	if (table_add(t, key, len, g)) {
		free(g);
		return NULL;
	}
	return g;
}

static int add_group(struct table *t, const void *key, size_t len, const struct row *r,
		     const int64_t words[F_COUNT])
{
	struct group *g = get_group(t, key, len);
	int64_t class = r->values[F_CLASS];

	if (!g)
		return -ENOMEM;
	memcpy(g->trace_id, r->words[F_TRACE].data, sizeof(g->trace_id));
	g->has_trace = true;
	for (int f = 0; f < F_COUNT; f++)
		if (words[f])
			g->words[f] = words[f];
	if (row_has(r, F_PID))
		g->pid = r->values[F_PID];
	g->start_ns = MIN(g->start_ns, r->values[F_START]);
	g->end_ns = MAX(g->end_ns, r->values[F_START] + r->values[F_DURATION]);
	g->partial += is_partial(r);
	if (r->task.data && !*g->task && r->task.len < sizeof(g->task))
		memcpy(g->task, r->task.data, r->task.len);
	if (class == CLASS_AGENT) {
		g->ended = 1;
		g->runs++;
		g->error |= r->values[F_ERROR];
		return 0;
	}
	g->errors += r->values[F_ERROR];
	g->calls += class == CLASS_REQUEST;
	g->refused += is_refused(r);
	g->tools += class == CLASS_TOOL;
	if (class == CLASS_REQUEST)
		add_sums(&g->sums, r);
	return 0;
}

int batch_add(struct batch *b, const struct row *r, const int64_t words[F_COUNT])
{
	int64_t session = words[F_CONVERSATION];
	int e = add_rollups(b, r, words);

	if (!e && row_has(r, F_RUN))
		e = add_group(&b->runs, r->words[F_RUN].data, 8, r, words);
	if (!e && session)
		e = add_group(&b->sessions, &session, sizeof(session), r, words);
	return e;
}
