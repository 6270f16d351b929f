/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call's message list as rolling hashes: after[k] stands for its first k messages, so
 * that two calls share a beginning of k messages exactly when their after[k] are equal.
 * System messages do not count there: clients change them from turn to turn (the date,
 * the state of a repository). They have a hash of their own.
 */
#ifndef TRACE_HISTORY_H
#define TRACE_HISTORY_H

#include "call.h"

struct history {
	uint64_t *after;       /* n + 1 of them */
	uint64_t *without_ids; /* the same, of messages whose ids do not count */
	size_t n;
	size_t size;
	uint64_t system; /* of all system text; 0: none */
};

#define HISTORY_EMPTY UINT64_C(0x9ae16a3b2f90404f)

/* The hash of a history and one more message. */
uint64_t history_add(uint64_t h, uint64_t message);
/* Reuses its memory. 0 or -ENOMEM. */
int history_read(struct history *h, const struct call *c);
void history_release(struct history *h);

bool message_is_system(const struct message *m);
bool message_is_assistant(const struct message *m);
/* The first part of that type; NULL when it has none. */
const struct part *message_part(const struct message *m, enum part_type type);

#endif
