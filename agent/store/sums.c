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

static void rollup_init(struct rollup *u)
{
	*u = (struct rollup){ .min_duration = INT64_MAX,
			      .max_duration = INT64_MIN,
			      .min_ttft = INT64_MAX,
			      .max_ttft = INT64_MIN };
}

static void rollup_release(struct rollup *u)
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
	memset(b->recent, 0, sizeof(b->recent));
}

void batch_reset(struct batch *b)
{
	table_release(&b->rollups, free_rollup);
	memset(b->recent, 0, sizeof(b->recent));
	table_release(&b->runs, free);
	table_release(&b->sessions, free);
}

static struct rollup *new_rollup(struct batch *b, const struct rollup_key *key)
{
	struct rollup *u = malloc(sizeof(*u));

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

static struct rollup *get_rollup(struct batch *b, const struct rollup_key *key)
{
	uint64_t at = ((uint64_t)key->value * CLASSES + (uint64_t)key->class) * GRANS +
		      (uint64_t)key->gran;
	struct rollup **near = &b->recent[key->dim][at % RECENT];
	struct rollup *u = *near;

	if (u && !memcmp(&u->key, key, sizeof(*key)))
		return u;
	u = table_get(&b->rollups, key, sizeof(*key));
	if (!u)
		u = new_rollup(b, key);
	*near = u;
	return u;
}

static void add_sums(struct sums *to, const struct sums *from)
{
	for (size_t i = 0; i < MEASURES; i++) {
		to->known[i] += from->known[i];
		to->sum[i] += from->sum[i];
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

/* What a row adds to each of its roll-ups and groups. */
struct addend {
	int64_t error, partial, refused;
	int64_t duration, ttft;
	bool has_ttft;
	struct sums sums;
};

static struct addend addend_of(const struct row *r)
{
	struct addend a = {
		.error = r->values[F_ERROR],
		.partial = is_partial(r),
		.refused = is_refused(r),
		.duration = r->values[F_DURATION],
		.ttft = r->values[F_TTFT],
		.has_ttft = row_has(r, F_TTFT),
	};

	for (size_t i = 0; i < MEASURES; i++) {
		if (!row_has(r, measures[i]))
			continue;
		a.sums.known[i] = 1;
		a.sums.sum[i] = r->values[measures[i]];
	}
	return a;
}

static int rollup_add(struct rollup *u, const struct addend *a)
{
	int e;

	u->n++;
	u->errors += a->error;
	u->partial += a->partial;
	u->refused += a->refused;
	add_sums(&u->sums, &a->sums);
	u->min_duration = MIN(u->min_duration, a->duration);
	u->max_duration = MAX(u->max_duration, a->duration);
	e = histogram_add(&u->duration, a->duration, 1);
	if (e || !a->has_ttft)
		return e;
	u->min_ttft = MIN(u->min_ttft, a->ttft);
	u->max_ttft = MAX(u->max_ttft, a->ttft);
	return histogram_add(&u->ttft, a->ttft, 1);
}

static int add_rollups(struct batch *b, const struct row *r, const struct addend *a,
		       const int64_t words[F_COUNT])
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
			if (!u || rollup_add(u, a))
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
	add_sums(&to->sums, &from->sums);
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
		     const struct addend *a, const int64_t words[F_COUNT])
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
	g->partial += a->partial;
	if (r->task.data && !*g->task && r->task.len < sizeof(g->task))
		memcpy(g->task, r->task.data, r->task.len);
	if (class == CLASS_AGENT) {
		g->ended = 1;
		g->runs++;
		g->error |= a->error;
		return 0;
	}
	g->errors += a->error;
	g->calls += class == CLASS_REQUEST;
	g->refused += a->refused;
	g->tools += class == CLASS_TOOL;
	if (class == CLASS_REQUEST)
		add_sums(&g->sums, &a->sums);
	return 0;
}

int batch_add(struct batch *b, const struct row *r, const int64_t words[F_COUNT])
{
	int64_t session = words[F_CONVERSATION];
	struct addend a = addend_of(r);
	int e = add_rollups(b, r, &a, words);

	if (!e && row_has(r, F_RUN))
		e = add_group(&b->runs, r->words[F_RUN].data, 8, r, &a, words);
	if (!e && session)
		e = add_group(&b->sessions, &session, sizeof(session), r, &a, words);
	return e;
}
