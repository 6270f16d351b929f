/* SPDX-License-Identifier: Apache-2.0 */
#include "tracer_impl.h"

#include "cleanup.h"

/* Keys have to be static. */
static const struct {
	const char *limit;
	const char *remaining;
	const char *used;
} keys[RATE_LIMIT_KINDS] = {
#define KEYS(kind, name)                                                                           \
	[RATE_LIMIT_##kind] = { "gentap.run.rate_limit." name ".limit",                            \
				"gentap.run.rate_limit." name ".remaining",                        \
				"gentap.run.rate_limit." name ".used" },
	RATE_LIMIT_NAMES(KEYS)
#undef KEYS
};

static struct rate_limit *find(struct run *run, enum rate_limit_kind kind)
{
	for (size_t i = 0; i < run->n_limits; i++)
		if (run->limits[i].kind == kind)
			return &run->limits[i];
	return NULL;
}

static struct rate_limit *add(struct run *run, const struct rate_limit *l)
{
	struct rate_limit *all = reallocarray(run->limits, run->n_limits + 1, sizeof(*run->limits));

	if (!all)
		return NULL;
	run->limits = all;
	all[run->n_limits] = *l;
	return &all[run->n_limits++];
}

/* Each call tells what is left after it; other users of the account take from it too. */
void run_limits_add(struct run *run, const struct call *c)
{
	for (size_t i = 0; i < c->n_rate_limits; i++) {
		const struct rate_limit *l = &c->rate_limits[i];
		struct rate_limit *least = find(run, l->kind);

		if ((unsigned int)l->kind >= RATE_LIMIT_KINDS)
			continue;
		if (!least)
			least = add(run, l);
		if (!least)
			continue;
		if (l->limit >= 0)
			least->limit = l->limit;
		if (l->remaining >= 0 && (least->remaining < 0 || l->remaining < least->remaining))
			least->remaining = l->remaining;
		if (!isnan(l->used) && !(least->used >= l->used))
			least->used = l->used;
	}
}

void run_limits_fill(struct span *s, const struct run *run)
{
	for (size_t i = 0; i < run->n_limits; i++) {
		const struct rate_limit *l = &run->limits[i];

		if (l->limit >= 0)
			span_set_int(s, keys[l->kind].limit, l->limit);
		if (l->remaining >= 0)
			span_set_int(s, keys[l->kind].remaining, l->remaining);
		span_set_double(s, keys[l->kind].used, rate_limit_used(l));
	}
}
