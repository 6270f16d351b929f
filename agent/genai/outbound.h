/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process asked of others than models: an HTTP request or a statement to a database, seen
 * because a tool was open then. Only what is safe to show: no query string, no body, of a
 * statement its shape.
 */
#ifndef GENAI_OUTBOUND_H
#define GENAI_OUTBOUND_H

#include "call.h"

struct process;

/* All of it is lent. */
struct outbound {
	struct process *process; /* or NULL */
	uint64_t conn_hash, exchange;
	uint64_t start_ns, end_ns; /* Unix time */
	bool whole;		   /* the answer was seen to its end */
	bool secured;		   /* by TLS */
	struct endpoint server;
	/* HTTP */
	struct slice method;
	struct slice path; /* without the query string */
	int status;	   /* 0: no answer was seen */
	/* A database: its system as the conventions name it. Its end is where the answer began. */
	const char *system;   /* static; NULL: it is none */
	struct slice summary; /* "SELECT users"; absent: what ran was prepared before it was seen */
	struct slice statement; /* its shape: no values */
	bool failed;
	struct slice error; /* the answer's code; absent: it has none */
};

#endif
