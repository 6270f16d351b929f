/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which call goes on where another one ended? Every answered call leaves a point behind:
 * the ids and the history that a later call, which continues it, will show. Looked up, in
 * this order, are the request itself (a retry of one that failed), the ids of tool calls
 * whose results come back, previous_response_id, the conversation's id, and the longest
 * beginning of the message list that is a known one, be it with other ids or (under the same
 * system text) another answer than was given: clients edit. A history that was rewritten from
 * its beginning is a new branch of the conversation whose summary, or last messages, it shows.
 * A point of the same process counts
 * before others, one with the same history before one with the same id only, one that
 * nobody continued yet before one that somebody did. Where two are equally good the
 * answer is none, which is counted: a wrong join is worse than no join.
 *
 * Memory is bounded: conversations, points per conversation and points in all have
 * ceilings; the least recently used go first, and are counted. What a call costs does not
 * depend on how many conversations are open.
 */
#ifndef TRACE_CONVERSATION_H
#define TRACE_CONVERSATION_H

#include "history.h"
#include "index.h"

#define POINTS_PER_CONVERSATION 32
#define POINT_TOOL_IDS 64 /* tool calls of one answer that are remembered */

enum join_rule {
	JOIN_NONE,
	JOIN_RETRY,	      /* the same request again after it had failed */
	JOIN_TOOL_CALL,	      /* the result of a tool call */
	JOIN_RESPONSE_ID,     /* previous_response_id, or the id of a fetched response */
	JOIN_CONVERSATION_ID, /* the API's own */
	JOIN_HISTORY,	      /* the message list begins with a known one */
	JOIN_HISTORY_EDITED,  /* the same, but for the answer, which the client changed */
	JOIN_COMPACTED,	      /* it stands on a summary of what went before */
	JOIN_TAIL,	      /* its oldest messages were left out */
	JOIN_RULES
};
/* gentap.inferred; NULL for those that are exact. */
const char *join_rule_name(enum join_rule rule);

struct run;

struct conversation {
	struct list link;   /* least recently used first */
	struct list points; /* oldest first */
	size_t n_points;
	char *id; /* the provider's, or ours */
	struct index_node by_id;
	uint64_t calls;
	uint64_t branches; /* histories that were rewritten */
	bool had_run;	   /* its calls are an agent's */
};

/* One answered (or failed) call, to be continued. */
struct point {
	struct list link;   /* in its conversation */
	struct list in_run; /* in run->points */
	struct list in_all; /* oldest first */
	struct conversation *conversation;
	struct run *run;  /* that it belongs to, while that is open */
	uint64_t request; /* history of the request */
	uint64_t history; /* with the answer behind it */
	uint64_t system;
	uint64_t before; /* hash of the request's last message but one; 0: there is none */
	uint64_t answer_len;
	uint64_t end_ns;
	uint64_t process_start;
	uint32_t process_pid;
	bool server_side;
	bool failed;
	bool tools;	   /* asked for */
	bool asks_in_text; /* for a tool, in its own words */
	bool paused;	   /* the model is to go on without a new message */
	bool whole;	   /* the request had all that went before: nothing is kept for it */
	bool continued;	   /* by a call that did not fail */
	size_t n_nodes;
	struct index_node nodes[];
};

struct join {
	enum join_rule rule;
	struct point *point;
	size_t first_new; /* the first message that the point does not know */
	bool ambiguous;	  /* several were equally good */
	bool branch;	  /* goes on where another call had gone on already */
	bool rewritten;	  /* what went before stands there changed, or not at all */
	bool gap;	  /* answers were missed in between */
};

struct conversations_config {
	size_t conversations_max;
	size_t points_max;
};

struct conversations_stats {
	uint64_t opened;
	uint64_t evicted;
	uint64_t points_evicted; /* of open conversations */
	uint64_t joined[JOIN_RULES];
	uint64_t ambiguous;
	uint64_t no_memory;
};

struct conversations {
	struct conversations_config config;
	struct index index;
	struct list all;
	struct list points;
	size_t count;
	size_t n_points;
	struct history history; /* of the call that is being looked at */
	struct conversations_stats stats;
};

void conversations_init(struct conversations *cs, const struct conversations_config *config);
void conversations_release(struct conversations *cs);

/* Reads the call's history, which stays in cs->history until the next one, and finds what
 * it continues; rule JOIN_NONE when nothing does. 0 or -ENOMEM. */
int conversations_join(struct conversations *cs, const struct call *c, struct join *ret);
/* Was the answer seen that asked for this tool call? */
bool conversations_asked(const struct conversations *cs, struct slice id);
/* The call's conversation: that of the join, or a new one, whose id is the provider's or
 * is derived with the key. NULL without memory. */
struct conversation *conversations_open(struct conversations *cs, const struct call *c,
					const struct join *j, const uint8_t key[16]);
/* Leaves a point behind, of this run (or NULL). NULL without memory: it cannot be
 * continued. After conversations_join() of the same call. */
struct point *conversations_add(struct conversations *cs, struct conversation *conv,
				const struct call *c, const struct join *j);

/* Are these two of one process? Unknown processes (of a HAR file) are one. */
bool point_same_process(const struct point *p, const struct call *c);

#endif
