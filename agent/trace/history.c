/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"

#include "cleanup.h"

#include <errno.h>

uint64_t history_add(uint64_t h, uint64_t message)
{
	h = (h ^ message) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

bool message_is_system(const struct message *m)
{
	return slice_eq(m->role, SLICE("system")) || slice_eq(m->role, SLICE("developer"));
}

bool message_is_assistant(const struct message *m)
{
	return slice_eq(m->role, SLICE("assistant")) || slice_eq(m->role, SLICE("model"));
}

const struct part *message_part(const struct message *m, enum part_type type)
{
	for (size_t i = 0; i < m->n_parts; i++)
		if (m->parts[i].type == type)
			return &m->parts[i];
	return NULL;
}

static uint64_t hash_parts(uint64_t h, const struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		h = history_add(h, parts[i].hash);
	return h;
}

int history_read(struct history *h, const struct call *c)
{
	uint64_t rolling = HISTORY_EMPTY, without_ids = HISTORY_EMPTY;

	if (c->n_input >= h->size) {
		size_t size = 2 * c->n_input + 64;
		uint64_t *both = realloc(h->after, 2 * size * sizeof(*both));

		if (!both)
			return -ENOMEM;
		h->after = both;
		h->without_ids = both + size;
		h->size = size;
	}
	h->n = c->n_input;
	h->system = hash_parts(0, c->system, c->n_system);
	h->after[0] = rolling;
	h->without_ids[0] = without_ids;
	for (size_t i = 0; i < c->n_input; i++) {
		const struct message *m = &c->input[i];

		if (message_is_system(m)) {
			h->system = hash_parts(h->system, m->parts, m->n_parts);
		} else {
			rolling = history_add(rolling, m->hash);
			without_ids = history_add(without_ids, m->hash_without_ids);
		}
		h->after[i + 1] = rolling;
		h->without_ids[i + 1] = without_ids;
	}
	return 0;
}

void history_release(struct history *h)
{
	free(h->after);
	*h = (struct history){ 0 };
}
