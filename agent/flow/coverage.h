/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coverage ledger's reporters: which connections are LLM traffic, and how much of
 * each was read. What speaks to a known LLM host, or was found to carry LLM calls, is
 * told to pipeline_sink.coverage in portions: when it becomes known, with each call, now
 * and then while it streams, and at its end. No byte and no call is told twice.
 *
 * A socket that began TLS with a known LLM host waits for its plaintext. When none comes,
 * it is told as opaque; when some comes after all, that is withdrawn. Which plaintext is
 * the socket's is known where it is bound; else the first of the same process that names
 * the same host is taken for it.
 */
#ifndef FLOW_COVERAGE_H
#define FLOW_COVERAGE_H

#include "gentap_event.h"
#include "slice.h"

struct conn;
struct flow;
struct process;
struct tls_hello;

#define COVERAGE_WAIT_NS UINT64_C(250000000)	  /* for the plaintext of a ClientHello */
#define COVERAGE_PORTION_NS UINT64_C(10000000000) /* of a call that streams on */

/* What a connection keeps for it. */
struct conn_coverage {
	char *host;	/* that its first request names; NULL: none did */
	uint64_t bytes; /* not told yet, as are calls and lost */
	uint64_t calls;
	bool lost;	   /* some of the bytes were not seen */
	bool told;	   /* at least once */
	bool http;	   /* it makes requests */
	bool twin;	   /* its calls are told by the client's side */
	bool met;	   /* its socket waits no more */
	bool ignored;	   /* and looked at since */
	uint64_t first_ns; /* boot time, as all here */
	uint64_t last_ns;
	uint64_t told_ns;
};

/* Of connections. `authority` as a request's head has it. */
void coverage_authority(struct conn *c, struct slice authority);
void coverage_bytes(struct conn *c, uint64_t len, bool lost, uint64_t ts_ns);
/* Something was read, and settled: tells what there is to tell. */
void coverage_look(struct conn *c);
void coverage_conn_end(struct conn *c);

/* Of sockets. `process` is lent and may be NULL. */
void coverage_hello(struct flow *flow, const struct gentap_event *ev, const struct tls_hello *hello,
		    struct process *process);
/* A QUIC connection begins: nothing more is seen of it. */
void coverage_quic(struct flow *flow, const struct gentap_event *ev, const struct tls_hello *hello,
		   struct process *process);
void coverage_sock_end(struct flow *flow, uint32_t tgid, uint64_t sock);
/* Has the process a socket that began TLS with a known LLM host, and was not read yet? */
bool coverage_waits(const struct flow *flow, uint32_t tgid);
void coverage_process_end(struct flow *flow, uint32_t tgid);
/* What has waited too long at ts_ns. */
void coverage_sweep(struct flow *flow, uint64_t ts_ns);
/* Nothing will follow: tells what waits, forgets all. */
void coverage_end(struct flow *flow);

#endif
