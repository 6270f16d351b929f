/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls in, spans out, by the GenAI semantic conventions. The parent of a call is the
 * agent run that it belongs to; of a run, or of a call that belongs to none, best first:
 * the traceparent of the request, TRACEPARENT in the process's environment, the tool call
 * of another run that opened it, none (it is then the root of a trace of its own). Ids are
 * derived from what other observers see too (shared_id.h), or failing that from what the call is
 * (process, connection, exchange, start), so that the same recording always gives the same ids.
 *
 * A call's own span leaves at once, and names a parent that leaves when it ends.
 *
 * One call is one span: an SDK's automatic retries are calls of their own, told apart
 * by gentap.retry_count.
 */
#ifndef TRACE_TRACER_H
#define TRACE_TRACER_H

#include "outbound.h"
#include "sdk_span.h"
#include "semconv.h"
#include "served.h"
#include "span.h"

struct tracer_config {
	enum semconv_profile profile;
	bool content;	  /* put message text on spans */
	uint8_t seed[16]; /* mixed into ids: host identity */
	/* Ceilings; 0: the default. Beyond them the least recently used go, and are counted; of
	 * runs those first that have ended, which are not. */
	size_t runs_max;
	size_t conversations_max;
	size_t points_max; /* answers that can be continued */
};

#define TRACER_RUNS_MAX 10000
#define TRACER_CONVERSATIONS_MAX 16384 /* those of open runs, and others that may go on */
#define TRACER_POINTS_MAX 65536
#define SERVED_TRACES_MAX                                                                          \
	4096 /* open requests whose trace is that of a call; the oldest is forgotten */

struct tracer_stats {
	uint64_t calls;
	uint64_t spans;
	uint64_t not_operations; /* calls that the conventions have no operation for */
	uint64_t dropped_attrs;	 /* attributes left out of spans for want of room */
	uint64_t no_memory;	 /* spans, or what joins them, that there was no memory for */
	uint64_t runs;
	uint64_t runs_evicted;	/* emitted before their end: too many were open */
	uint64_t tools_dropped; /* more of one run were open than it may have */
	uint64_t ambiguous;	/* calls with several parents that were equally likely */
	uint64_t conversations_evicted;
	uint64_t points_evicted;
	uint64_t relayed;	    /* calls that only passed another one on */
	uint64_t relays_failed;	    /* that failed to */
	uint64_t ids_repeated;	    /* calls whose provider's id had been another's: theirs are not
				       shared */
	uint64_t sdk_spans;	    /* that applications have exported themselves … */
	uint64_t sdk_matched;	    /* … and whose call was seen */
	uint64_t effects_dropped;   /* beyond what a tool may have */
	uint64_t effects_ambiguous; /* of several tools that were equally likely: of none */
};

/* What a tool did, seen outside of any call: a process that it started, which has ended. */
struct effect {
	const struct process *process; /* as it was when it began */
	uint64_t start_ns, end_ns;     /* Unix time */
	int status;		       /* -1: not known */
	int signal;		       /* that ended it; 0: none */
};

struct tracer;

int tracer_new(struct tracer **ret, const struct tracer_config *config,
	       const struct span_sink *sink);
void tracer_free(struct tracer *t); /* emits what is still open */
/* A call that was told in an earlier life: none that is to come has its id. Oldest first. */
void tracer_told(struct tracer *t, const uint8_t span_id[8]);
void tracer_call(struct tracer *t, struct call *call); /* takes the call */
/* The request that calls said they were made for is answered: its span. */
void tracer_served(struct tracer *t, const struct served_request *r);
/* A span below the tool that it belongs to, if it can be told. After the calls that came
 * before its end. */
void tracer_effect(struct tracer *t, const struct effect *e);
/* The same of what a process asked of others. */
void tracer_outbound(struct tracer *t, const struct outbound *o);
/* A span that the process has exported itself. */
void tracer_sdk_span(struct tracer *t, const struct process *p, const struct sdk_span *span);
/* Tells when a run of a process begins to have open tools. */
void tracer_on_acting(struct tracer *t, void (*fn)(void *ctx, uint32_t pid), void *ctx);
/* Is a tool open that this process may work for: of a run in it or above it? */
bool tracer_acts(const struct tracer *t, const struct process *p);
/* Emits the runs whose time is over; now_ns is Unix time. Calls do the same with theirs. */
void tracer_sweep(struct tracer *t, uint64_t now_ns);
/* The process is gone: its runs are over. */
void tracer_process_exit(struct tracer *t, uint32_t pid);
const struct tracer_stats *tracer_stats(struct tracer *t); /* lends */

#endif
