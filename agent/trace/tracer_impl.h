/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the tracer share. */
#ifndef TRACE_TRACER_IMPL_H
#define TRACE_TRACER_IMPL_H

#include "pending.h"
#include "relay.h"
#include "run.h"
#include "sdk.h"
#include "shared_id.h"
#include "tracer.h"

struct tracer {
	struct tracer_config config;
	struct span_sink sink;
	struct tracer_stats stats;
	struct conversations conversations;
	struct pending pending;
	struct shared_ids shared_ids;
	struct relays relays;
	struct sdk sdk;
	struct table served;  /* requests → struct served_trace: served_span.c */
	uint8_t call_id[8];   /* span id of the call that is being placed … */
	bool call_own;	      /* … which no other observer gives it */
	struct run *call_run; /* and the run that it was found to be of; NULL: none */
	struct list runs;     /* least recently active first */
	struct list finished; /* ended, to be emitted soon */
	struct list failed;   /* ended, but may be tried again */
	size_t n_runs;
	struct index texts;			    /* of tool arguments → struct tool */
	struct index processes;			    /* pid → struct run */
	void (*on_acting)(void *ctx, uint32_t pid); /* NULL: nobody wants to know */
	void *acting_ctx;
	uint64_t now_ns;
};

/* run.c */
/* A run that begins with this call, hung into `place`; NULL without memory. Others may have to
 * go for it, but not `outer`. */
struct run *run_new(struct tracer *t, const struct call *c, const struct span_place *place,
		    const struct run *outer);
/* Counts the call and moves the run's end; `side`: it is not of the main line. */
void run_add_call(struct tracer *t, struct run *run, const struct call *c, const struct join *j,
		  bool side);
void run_name(struct run *run, enum name_source source, struct slice name, struct slice version);
/* It is over, for the time being when a retry may come. */
void run_finish(struct tracer *t, struct run *run, enum run_end end);
/* Emits it and what is open of its tools, and frees it. */
void run_emit(struct tracer *t, struct run *run, enum run_end end);
/* run_limits.c: what the run had left of the provider's limits, at the least. */
void run_limits_add(struct run *run, const struct call *c);
void run_limits_fill(struct span *s, const struct run *run);
/* A string's copy, or NULL; replaces what was there. */
void str_set(char **field, struct slice value);

/* tool.c */
/* Opens a tool for each client tool call of an answer. */
void tools_open(struct tracer *t, struct run *run, struct call *c);
/* The same for answers that were missed: what they asked for is known from the history only. */
void tools_open_missed(struct tracer *t, struct run *run, struct call *c, const struct join *j);
/* Closes, and emits, the open tools of the run whose results the call sends. How many. */
size_t tools_close(struct tracer *t, struct run *run, struct call *c, const struct join *j);
/* It has no result: emits it, ending at `end_ns`, if it is open and something was seen
 * below it. */
void tool_abandon(struct tracer *t, struct tool *tool, uint64_t end_ns, const char *reason);
/* Emits a hand-off whose agent is done, or (reason: static) was not seen to be. */
void tool_close_handoff(struct tracer *t, struct tool *tool, uint64_t end_ns, const char *reason);
void tool_free(struct tracer *t, struct tool *tool);
/* A tool of the run that hands over and whose result stands in the call's new messages;
 * NULL: none. *ret_agent: the agent that the result names. */
struct tool *tools_find_handoff(struct run *run, struct call *c, const struct join *j,
				struct slice *ret_agent);

/* parent.c */
/* The tool that opened the conversation which this call begins; NULL, and *ambiguous, when
 * there are several. *ret_rule: static, how it was found; *ret_off_wire: by the process tree. */
struct tool *parent_find(struct tracer *t, const struct call *c, const char **ret_rule,
			 bool *ret_off_wire, bool *ambiguous);
uint64_t parent_process_key(uint32_t pid);
/* How many processes above it? 1: its parent; 0: it did not start it. */
size_t parent_distance(const struct process *p, const struct process *ancestor);
bool parent_is_process(const struct process *p, const struct process *of);
/* The open run that a call beside the main line belongs to; NULL: none, or several. */
struct run *parent_find_main(struct tracer *t, const struct call *c, bool *ambiguous);

/* place.c */
/* Finds the call's place, tells its span, and remembers how it can be continued. */
void tracer_place(struct tracer *t, struct call *c, struct span *s);

/* served_span.c */
/* Of a span that hangs below the request which its call was made for; shared: its id is. */
void served_join(struct tracer *t, const struct call *c, struct span *s, bool shared);

/* mcp_span.c */
void mcp_call(struct tracer *t, struct call *c);

/* tracer.c */
/* Tells it, at once; takes it. */
void tracer_handle(struct tracer *t, struct call *call);
struct span *tracer_span_new(struct tracer *t, const struct span_place *place, const uint8_t id[8],
			     struct process *process);
void tracer_emit(struct tracer *t, struct span *span); /* takes it */
/* Which of its ids no other observer gives it. */
void tracer_set_own(struct span *span);
/* What every span of a run says of it. */
void tracer_set_run(struct span *span, const struct run *run);

#endif
