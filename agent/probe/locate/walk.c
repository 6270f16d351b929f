/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

#include "cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

struct walker {
	const struct elf *e;
	uint32_t with, without;
	walk_fn each;
	void *arg;
	atomic_size_t next; /* step that is to be taken, of all segments together */
	atomic_bool enough;
};

static bool is_walked(const struct walker *w, const struct elf_segment *s)
{
	return (s->flags & w->with) == w->with && !(s->flags & w->without);
}

/* The bytes of the step; absent behind the last one. */
static struct slice step_bytes(const struct walker *w, size_t step, struct walk_part *ret)
{
	for (size_t i = 0; i < w->e->n_segments; i++) {
		const struct elf_segment *s = &w->e->segments[i];
		size_t n = is_walked(w, s) ? (s->len + WALK_STEP - 1) / WALK_STEP : 0;

		if (step >= n) {
			step -= n;
			continue;
		}
		ret->vaddr = s->vaddr + step * WALK_STEP;
		ret->seen = step ? WALK_OVERLAP : 0;
		return slice_sub(elf_segment_bytes(w->e, i), step * WALK_STEP,
				 WALK_STEP + WALK_OVERLAP);
	}
	return SLICE_NONE;
}

static void walk_lane(struct walker *w, void *buffer)
{
	while (!atomic_load_explicit(&w->enough, memory_order_relaxed)) {
		size_t step = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed);
		struct walk_part part;
		struct slice bytes = step_bytes(w, step, &part);

		if (!bytes.len)
			return;
		part.len = bytes.len;
		part.bytes = elf_copy(w->e, bytes, buffer) ? buffer : (const uint8_t *)bytes.data;
		part.seen = MIN(part.seen, part.len);
		if (!w->each(w->arg, &part))
			atomic_store_explicit(&w->enough, true, memory_order_relaxed);
	}
}

/* One that gets no memory leaves the steps to the others. */
static void *helper(void *arg)
{
	_cleanup_free_ void *buffer = malloc(WALK_STEP + WALK_OVERLAP);

	if (buffer)
		walk_lane(arg, buffer);
	return NULL;
}

static size_t count_helpers(const struct walker *w)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t len = 0;

	for (size_t i = 0; i < w->e->n_segments; i++)
		if (is_walked(w, &w->e->segments[i]))
			len += w->e->segments[i].len;
	return MIN(MIN(len / WALK_LANE_MIN, (uint64_t)MAX(cpus, 1) - 1),
		   (uint64_t)WALK_LANES_MAX - 1);
}

static int walk_by(struct walker *w, size_t helpers)
{
	_cleanup_free_ void *buffer = malloc(WALK_STEP + WALK_OVERLAP);
	pthread_t threads[WALK_LANES_MAX - 1];
	size_t n = 0;

	if (!buffer)
		return -ENOMEM;
	while (n < helpers && !pthread_create(&threads[n], NULL, helper, w))
		n++;
	walk_lane(w, buffer);
	while (n)
		pthread_join(threads[--n], NULL);
	return 0;
}

int walk(const struct elf *e, uint32_t with, uint32_t without, walk_fn each, void *arg)
{
	struct walker w = { .e = e, .with = with, .without = without, .each = each, .arg = arg };

	return walk_by(&w, 0);
}

int walk_parallel(const struct elf *e, uint32_t with, uint32_t without, walk_fn each, void *arg)
{
	struct walker w = { .e = e, .with = with, .without = without, .each = each, .arg = arg };

	return walk_by(&w, count_helpers(&w));
}
