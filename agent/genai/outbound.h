/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP request that a process made of others than models, seen because a tool was open then.
 * Only what is safe to show: no query string, no body.
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
	struct slice method;
	struct slice path; /* without the query string */
	int status;	   /* 0: no answer was seen */
};

#endif
