/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A span after the OpenTelemetry data model, ready for any sink. It owns its strings
 * in its arena; attribute keys are static. Attributes stand in the order they were set.
 */
#ifndef TRACE_SPAN_H
#define TRACE_SPAN_H

#include "arena.h"
#include "process.h"

#define SPAN_ARENA_MAX (32 * 1024 * 1024)

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3 }; /* OTLP's numbers */

enum attr_type { ATTR_STRING, ATTR_BOOL, ATTR_INT, ATTR_DOUBLE, ATTR_STRINGS };

struct attr {
	const char *key; /* static */
	enum attr_type type;
	union {
		struct slice string;
		bool boolean;
		int64_t integer;
		double number;
		struct {
			const struct slice *items;
			size_t count;
		} strings;
	};
};

struct call;

struct span {
	struct arena arena;
	struct process *process; /* its Resource; counted; NULL: the agent does not know */
	const struct call *call; /* the call that it is, lent while it is handed on; NULL: none */
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_id[8]; /* zeros: a root */
	bool parent_remote;   /* the parent came over the wire */
	/* No other observer gives it this id: shared_id.h. */
	bool own_id, own_trace;
	uint8_t trace_flags;
	struct slice trace_state;
	enum span_kind kind;
	struct slice name;
	uint64_t start_ns; /* Unix time */
	uint64_t end_ns;
	bool error;
	struct slice status_message;
	struct attr *attrs; /* keys are unique */
	size_t n_attrs;
	uint32_t dropped_attrs; /* for which there was no room */
};

int span_new(struct span **ret); /* 0 or -ENOMEM; a CLIENT span of nothing yet */
void span_free(struct span *s);	 /* NULL is fine */

/* Each copies its value; absent values set nothing; a key that is set already gets the
 * new value. They do not fail: a value for which there is no room is left out and
 * counted in dropped_attrs. */
void span_set_str(struct span *s, const char *key, struct slice value);
void span_set_int(struct span *s, const char *key, int64_t value);
void span_set_double(struct span *s, const char *key, double value); /* NAN: nothing */
void span_set_bool(struct span *s, const char *key, bool value);
void span_set_strs(struct span *s, const char *key, const struct slice *items, size_t count);
void span_unset(struct span *s, const char *key);
const struct attr *span_attr(const struct span *s, const char *key); /* NULL: not set */

struct span_sink {
	void *ctx;
	void (*span)(void *ctx, struct span *span); /* lends; it may add attributes */
};

#endif
