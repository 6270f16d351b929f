/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications that tell of their model calls themselves: which of our spans are theirs, too?
 * Those in a trace that the application has exported spans of that kind in; and, since it
 * exports later than we do, those of a call with a sampled traceparent, once its process was
 * seen to export a trace that a call of it had named. They are marked with
 * gentap.duplicate = "sdk_trace". A call without a traceparent is in a trace of its own: where
 * the response's id showed that its process exports such calls, it is marked "sdk_process",
 * which is no proof, as applications may export some of them only.
 */
#ifndef TRACE_SDK_H
#define TRACE_SDK_H

#include "call.h"
#include "sdk_span.h"
#include "span.h"
#include "table.h"

/* Remembered at most, of each; the oldest is forgotten. */
#define SDK_CALLS_MAX 4096
#define SDK_TRACES_MAX 4096
#define SDK_PROCESSES_MAX 1024

struct sdk {
	struct table calls; /* traces, and responses, that calls have named */
	struct table traces;
	struct table processes;
	uint64_t spans;	  /* that applications exported */
	uint64_t matched; /* of them, those whose call was seen */
};

void sdk_init(struct sdk *s);
void sdk_release(struct sdk *s);
/* One that was exported by this process. */
void sdk_exported(struct sdk *s, const struct process *p, const struct sdk_span *span);
/* Marks a span, and remembers the call that it is, if it is one. */
void sdk_mark(struct sdk *s, struct span *span);

#endif
