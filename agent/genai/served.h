/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP request that a process was answering when it made a call. It names its span, which
 * leaves when the request is answered, after those of the calls.
 */
#ifndef GENAI_SERVED_H
#define GENAI_SERVED_H

#include "call.h"

struct served {
	uint64_t conn_hash, exchange, start_ns; /* as of struct call */
	struct trace_parent parent;		/* what the request itself came with */
	bool by_text;				/* known by what the call says */
};

#define SERVED_BY_TEXT "request_text" /* gentap.inferred */

/* All of it is lent. */
struct served_request {
	struct served as;
	struct process *process; /* or NULL */
	struct slice method;
	struct slice path;   /* without the query string */
	struct slice reason; /* why it is not known to its end; absent: it is */
	int status;	     /* 0: no response was seen */
	uint64_t end_ns;
	uint64_t calls; /* that were made for it */
};

#endif
