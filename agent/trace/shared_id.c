/* SPDX-License-Identifier: Apache-2.0 */
#include "shared_id.h"

#include "cleanup.h"
#include "siphash.h"

#include <errno.h>
#include <string.h>

const uint8_t shared_id_key[16] = "gentap shared 1";

enum key_of { KEY_RESPONSE = 1, KEY_REQUEST, KEY_PARENT };

struct key {
	uint64_t kind, op, a, b; /* no padding */
};

void shared_ids_init(struct shared_ids *s)
{
	*s = (struct shared_ids){ 0 };
	table_init(&s->seen, SHARED_IDS_MAX);
}

void shared_ids_release(struct shared_ids *s)
{
	table_release(&s->seen, NULL);
}

static void hash(struct key *k, enum key_of kind, const void *data, size_t len)
{
	uint8_t sum[16];

	siphash128(shared_id_key, data, len, sum);
	k->kind = kind;
	memcpy(&k->a, sum, sizeof(k->a));
	memcpy(&k->b, sum + 8, sizeof(k->b));
}

static bool key_of(const struct call *c, struct key *k)
{
	uint64_t messages = SLICE_HASH;
	uint8_t parent[24];

	*k = (struct key){ .op = (uint64_t)c->op };
	/* Of one response there may be many fetches. */
	if (c->op == OP_FETCH_RESPONSE)
		return false;
	if (c->response_id.len >= SHARED_ID_MIN) {
		hash(k, KEY_RESPONSE, c->response_id.data, c->response_id.len);
	} else if (c->request_id.len >= SHARED_ID_MIN) {
		hash(k, KEY_REQUEST, c->request_id.data, c->request_id.len);
	} else if (c->parent.valid && c->n_input) {
		/* One parent may have asked for several. */
		memcpy(parent, c->parent.trace_id, 16);
		memcpy(parent + 16, c->parent.span_id, 8);
		hash(k, KEY_PARENT, parent, sizeof(parent));
		for (size_t i = 0; i < c->n_input; i++)
			messages = messages * 31 + c->input[i].hash;
		k->b ^= messages;
	} else {
		return false;
	}
	return true;
}

bool shared_ids_claim(struct shared_ids *s, const uint8_t span_id[8])
{
	int r = -ENOSPC;

	while (r == -ENOSPC) {
		r = table_add(&s->seen, span_id, 8, s);
		if (r == -ENOSPC)
			table_take_oldest(&s->seen);
	}
	if (r == -EEXIST)
		table_touch(&s->seen, span_id, 8);
	return !r;
}

bool shared_id_trace(const struct call *c, uint8_t ret[16])
{
	struct key k;
	uint64_t parts[4];

	if (!key_of(c, &k))
		return false;
	memcpy(parts, &k, sizeof(parts));
	id_derive(shared_id_key, ID_TRACE, parts, ARRAY_LEN(parts), ret, 16);
	return true;
}

bool shared_ids_set(struct shared_ids *s, const struct call *c, struct span *span)
{
	static const uint8_t none[8];
	struct key k;
	uint64_t parts[4];
	uint8_t id[8];

	if (!key_of(c, &k))
		return false;
	memcpy(parts, &k, sizeof(parts));
	id_derive(shared_id_key, ID_SPAN, parts, ARRAY_LEN(parts), id, sizeof(id));
	if (!shared_ids_claim(s, id)) {
		s->repeated++;
		return false;
	}
	memcpy(span->span_id, id, sizeof(id));
	span->own_id = false;
	if (memcmp(span->parent_id, none, sizeof(none)))
		return true;
	shared_id_trace(c, span->trace_id);
	span->own_trace = false;
	return true;
}
