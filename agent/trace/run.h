/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent runs (invoke_agent) and the tools that they call (execute_tool), while they are
 * open. A run begins with the first call that answers a user, and ends with the first
 * answer that asks for no tool, with an error, when the user says something else, when
 * its process ends, or when nothing happens for RUN_IDLE_NS. It stays for a moment, since
 * calls beside the main line end late and what failed is tried again.
 *
 * Ids are derived when a thing begins, so that its children may leave before it does.
 */
#ifndef TRACE_RUN_H
#define TRACE_RUN_H

#include "agent_name.h"
#include "conversation.h"
#include "span.h"

#define RUN_IDLE_NS UINT64_C(1800000000000) /* 30 min without a call */
#define RUN_LINGER_NS UINT64_C(2000000000)  /* after an answer without tool calls */
#define RUN_RETRY_NS UINT64_C(120000000000) /* after a failure that may be tried again */
#define RUN_TOOLS_MAX 512		    /* tools of one run that are remembered */
#define TOOL_TEXTS_MAX 4		    /* texts of its arguments that are looked up */
#define TOOL_TEXT_MIN 12		    /* bytes; shorter ones prove nothing */
#define RUN_DEPTH_MAX 16
#define TOOL_EFFECTS_MAX 64	 /* spans below one tool of what it started; the rest is counted */
#define RUN_USER_HEAD 64	 /* bytes kept of the text that a run answers */
#define TOOL_ARGUMENTS_HEAD 1024 /* bytes kept of its arguments */

enum run_end {
	RUN_END_NONE, /* it goes on */
	RUN_END_FINAL,
	RUN_END_ERROR,
	RUN_END_INTERRUPTED,
	RUN_END_EXIT,
	RUN_END_IDLE,
	RUN_END_EVICTED,
	RUN_END_SHUTDOWN,
};

/* Sums over its own calls; those of nested runs are theirs. */
struct run_totals {
	int64_t calls;
	int64_t turns; /* of the main line, answered */
	int64_t side_calls;
	int64_t errors; /* calls that failed */
	int64_t tools;
	int64_t tool_errors;
	int64_t unanswered;   /* asked for, but no result was sent */
	int64_t server_tools; /* run by the provider */
	int64_t retries;
	int64_t rate_limited; /* 429 and 529 */
	int64_t gaps;	      /* places where calls were missed */
	int64_t branches;
	int64_t rewritten; /* of them, what went before was changed or left out */
	int64_t no_usage;  /* calls whose tokens the wire did not tell */
	int64_t partial;
	uint64_t wait_ns; /* between failures and the next try */
	struct usage usage;
};

/* Where a span hangs. */
struct span_place {
	uint8_t trace_id[16];
	uint8_t parent_id[8];
	bool remote;
	bool own; /* no other observer knows the trace: shared_id.h */
	uint8_t flags;
};

struct run {
	struct list link;      /* least recently active first */
	struct list ending;    /* by deadline, when it ended */
	struct list points;    /* of its calls */
	struct list tools;     /* that are open; oldest first */
	struct list closed;    /* that are not, for what they opened */
	struct list children;  /* nested runs */
	struct list in_parent; /* in the children of */
	struct index_node by_process;
	struct process *process;
	struct span_place place;
	char *trace_state;
	uint8_t id[8];
	bool own_id;
	struct tool *opener;  /* that it runs under, while that is remembered */
	bool handed_off;      /* by a tool that leads over to it, rather than calls it */
	const char *inferred; /* static: how its parent was found */
	char *conversation;
	char *session;	 /* that the request names beside the conversation */
	char *user_head; /* of the text that it answers */
	uint64_t user_hash;
	char *name, *version, *model, *provider, *error;
	enum name_source name_source;
	uint64_t system; /* hash of the system prompt */
	uint64_t start_ns, end_ns;
	uint64_t active_ns; /* the last call, of it or of what it opened */
	uint64_t failed_ns; /* end of the last failure; 0: it went well since */
	uint64_t deadline_ns;
	enum run_end end;
	unsigned int depth; /* of nesting */
	bool cli;	    /* of a program that runs one agent for one user */
	bool began_before;  /* its first calls were not seen */
	bool main_line;	    /* a call other than a side call was seen */
	bool server_side;
	bool interrupted;
	size_t n_tools, open_tools;
	struct rate_limit *limits; /* the least that its calls had left of each */
	size_t n_limits;
	struct run_totals totals;
};

struct tool {
	struct list link;
	struct run *run;
	uint8_t id[8];
	bool own_id;
	char *call_id, *name, *type, *agent;
	char *arguments;	 /* head of them, as sent; for looking up */
	char *content_arguments; /* masked JSON; only with content on */
	uint64_t start_ns, end_ns;
	uint64_t exact_start_ns, exact_end_ns; /* of what served it, as far as it was seen */
	bool failed;			       /* says what served it */
	bool closed;
	bool hands_off;
	bool missed; /* known from the history only: who asked for it was not seen */
	bool used;   /* something hangs below it */
	int64_t n_effects, effects_dropped;
	size_t n_texts;
	struct index_node texts[TOOL_TEXTS_MAX + 1];
};

#endif
