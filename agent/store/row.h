/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A span as the store keeps it: typed values by field, and the rest as JSON. It shares
 * nothing with the span, so that another thread may write it down. Pure.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "arena.h"
#include "fields.h"
#include "span.h"

#define ROW_MAX (4 * 1024 * 1024) /* bytes of one row; a span with more is not stored */

struct row_resource {
	uint32_t pid; /* 0: no process */
	uint64_t start_ns;
	struct slice comm, exe, cmdline, cwd, owner, cgroup, container_id, service_name, attributes;
};

/* A portion for the coverage ledger: see ledger.h. */
struct row_connection {
	struct slice exe, comm, endpoint; /* the key: never absent */
	struct slice library, reason, remedy;
	int64_t numbers[7]; /* pid, calls, bytes decoded, partial, opaque, first and last time */
	bool withdrawn;
};

struct row {
	struct arena arena; /* holds the row itself, too */
	struct row *next;
	uint64_t present;	     /* bit per field */
	int64_t values[F_COUNT];     /* of every kind but words and ids */
	struct slice words[F_COUNT]; /* text of FIELD_WORD, bytes of FIELD_ID */
	struct slice status_message; /* absent: none */
	struct slice task;	     /* what was asked, with content only; absent: none */
	struct slice version;	     /* of the agent; absent: not told */
	struct slice rest;	     /* JSON object; absent: nothing is left */
	struct row_resource resource;
	const struct row_connection *connection; /* all else is empty then; NULL: a span */
};

static inline bool row_has(const struct row *r, enum field_id f)
{
	return r->present >> f & 1;
}

/* 0, -ENOMEM or -E2BIG. */
int row_new(struct row **ret, const struct span *s, struct slice host_name);
void row_free(struct row *r); /* NULL is fine */

/* Fields that no attribute of the span stands behind: derived, or of the span itself. */
bool row_derived(enum field_id f, int64_t span_class);

#endif
