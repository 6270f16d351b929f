/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of conversation.h share, and what makes the keys that they look up. */
#ifndef TRACE_JOIN_IMPL_H
#define TRACE_JOIN_IMPL_H

#include "conversation.h"

#define JOIN_PROOF_LEN 64     /* bytes of a text that is not said twice by chance */
#define JOIN_REWRITTEN_KEYS 3 /* that join_add_rewritten() adds at most */

enum key_kind {
	KEY_REQUEST = 1,
	KEY_HISTORY,
	KEY_TOOL,
	KEY_RESPONSE,
	KEY_CONVERSATION,
	KEY_WITHOUT_IDS,
	KEY_TAIL,
	KEY_SUMMARY,
	KEY_SUMMARY_HEAD,
};

static inline uint64_t join_key(enum key_kind kind, uint64_t value)
{
	return history_add(history_add(HISTORY_EMPTY, kind), value);
}

static inline uint64_t join_key_id(enum key_kind kind, struct slice id)
{
	return join_key(kind, slice_hash(SLICE_HASH, id));
}

/* What is looked for, and what may pass. */
struct wanted {
	uint64_t key;
	const uint64_t *history; /* that the point should have; NULL: any */
	bool weak;		 /* the key alone proves little */
	bool failed;		 /* only failed ones, of this process, not long ago */
	bool own;		 /* only of this process, and not yet continued */
	bool edited;		 /* only with the same system text: it may be an example */
	uint64_t before;	 /* hash of what stood before the question; 0: not asked for */
};

/* NULL: none, or (*ambiguous) several that are equally good. */
struct point *join_pick(const struct conversations *cs, const struct call *c,
			const struct wanted *w, bool *ambiguous);
/* Fills in *j; false when p is NULL. */
bool join_found(struct join *j, enum join_rule rule, struct point *p, size_t first_new);

void conversations_add_key(struct conversations *cs, struct point *p, uint64_t key);

/* join_rewritten.c: JOIN_COMPACTED and JOIN_TAIL. */
bool join_rewritten(const struct conversations *cs, const struct call *c, struct join *j);
/* Does the request show, before the answer, something else than what was answered? */
bool join_is_rewritten(const struct conversations *cs, const struct call *c, const struct join *j);
void join_add_rewritten(struct conversations *cs, struct point *p, const struct call *c);

#endif
