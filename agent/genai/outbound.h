/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process asked of others than models: an HTTP request or a statement to a database, seen
 * because a tool was open then. Only what is safe to show: no query strings, no bodies, of a
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
	struct slice method; /* absent: it is none */
	struct slice path;   /* without the query string */
	int status;	     /* 0: no answer was seen */
	/* A database: its system as the conventions name it. */
	const char *system;	/* static; NULL: it is none */
	struct slice summary;	/* "SELECT users" */
	struct slice statement; /* its shape: no values */
	struct slice error;	/* the answer's code; absent: none */
};

#endif
