/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in, calls out: the part of the agent that runs alike on a live ring, a
 * recorded trace, a HAR file, in the fuzzers and in the benches. Pure: no clock, no
 * I/O, no log. Time comes with the records.
 *
 *   record → connection (conn.c) → two byte streams with holes (stream.c)
 *          → HTTP messages (wire/) → exchanges (exchange.c) → genai/decoder → call
 */
#ifndef FLOW_PIPELINE_H
#define FLOW_PIPELINE_H

#include "decoder.h"
#include "gentap_event.h"
#include "process.h"
#include "outbound.h"
#include "sdk_span.h"
#include "served.h"

/* Names a connection for the verdict callback. */
struct conn_id {
	uint64_t ptr;
	uint64_t gen;
	uint32_t tgid;
};

enum pipeline_parser { PIPELINE_HTTP1, PIPELINE_HTTP2, PIPELINE_WEBSOCKET, PIPELINE_PARSERS };

struct pipeline_stats {
	uint64_t records;
	uint64_t bytes;
	uint64_t lost_records; /* gaps in seq */
	uint64_t lost_bytes;   /* gaps in pos, and records without payload */
	uint64_t bad_records;  /* malformed: dropped whole */
	uint64_t conns;
	uint64_t conns_evicted; /* ceiling reached: oldest dropped with its open exchange */
	uint64_t not_http;	/* connections whose first bytes are no HTTP */
	uint64_t exchanges;
	uint64_t calls;
	uint64_t calls_partial;
	uint64_t usage_violations; /* calls whose counts contradict each other; told as reported */
	uint64_t calls_twice;	   /* seen on their server's side too: dropped there */
	uint64_t served_ambiguous; /* calls that several open requests may have been for */
	uint64_t served_unread;	   /* pieces of requests' bodies that there was no room for */
	uint64_t parse_errors[PIPELINE_PARSERS]; /* what none of a protocol's rules read */
	uint64_t no_memory;
};

struct pipeline_config {
	size_t conns_max;  /* open connections */
	size_t memory_max; /* bytes held over all connections. Beyond it, what comes for those
			    * that hold much becomes a hole, marked; for all, a quarter later */
	int64_t boot_to_wall_ns;
	struct decoder_config decoder;
};

extern const struct pipeline_config pipeline_config_default;

enum coverage_state {
	COVERAGE_DECODED,
	COVERAGE_PARTIAL, /* some of it is missing, or no call was recognised */
	COVERAGE_OPAQUE,  /* nothing of it could be read */
};

/* A portion of an LLM-related connection's traffic, and whether it could be read; see
 * coverage.h. All is lent. */
struct conn_report {
	struct process *process; /* NULL: not known */
	uint32_t tgid;
	uint8_t source; /* enum gentap_source; 0: not known */
	bool kernel_tls;
	enum coverage_state state;
	const char *reason;    /* a sentence; NULL: it is decoded */
	const char *remedy;    /* a command; NULL: none helps */
	struct slice endpoint; /* host[:port] or address:port; absent: not known */
	uint64_t calls, bytes; /* of LLM traffic, since the connection's last report */
	/* An earlier report of these bytes was premature; the reason is of what was missed
	 * besides, if anything. */
	bool withdrawn;
	bool unread; /* TLS of which no plaintext was seen, begun at since_ns (boot time) */
	uint64_t since_ns;
	uint64_t first_ns, last_ns; /* Unix time */
};

/* All of them optional but `call`. */
struct pipeline_sink {
	void *ctx;
	void (*call)(void *ctx, struct call *call); /* takes it */
	/* The kernel should know: sent once per change. */
	void (*verdict)(void *ctx, struct conn_id id, enum gentap_verdict verdict);
	/* Who is this? Called once per process when its first record arrives; lends. */
	struct process *(*process)(void *ctx, uint32_t tgid);
	/* A process is gone, and all of its calls were handed out. */
	void (*exit)(void *ctx, uint32_t tgid);
	void (*coverage)(void *ctx, const struct conn_report *report);
	/* A request was answered for which calls were made. */
	void (*served)(void *ctx, const struct served_request *request);
	/* Is it of interest what this process asks of others than models? Asked with each
	 * request. Then it is told. */
	bool (*acts)(void *ctx, const struct process *process);
	void (*outbound)(void *ctx, const struct outbound *outbound);
	/* A span of its model calls that a process exports itself. All lent. */
	void (*sdk_span)(void *ctx, struct process *process, const struct sdk_span *span);
};

struct pipeline;

int pipeline_new(struct pipeline **ret, const struct pipeline_config *config,
		 const struct pipeline_sink *sink);
/* Ends every connection; open exchanges are emitted, marked. It may be used again. */
void pipeline_end(struct pipeline *p);
/* The same, and frees. */
void pipeline_free(struct pipeline *p);

/* One record with its payload behind it; `len` is the size of both. 0 or -EBADMSG. */
int pipeline_record(struct pipeline *p, const void *record, size_t len);
/* Has the process a connection on which a model was asked, or may be? */
bool pipeline_may_ask(const struct pipeline *p, uint32_t tgid);
/* Has it asked a model? */
bool pipeline_asks(const struct pipeline *p, uint32_t tgid);
/* The process is gone: its connections end at ts_ns (CLOCK_BOOTTIME). */
void pipeline_process_exit(struct pipeline *p, uint32_t tgid, uint64_t ts_ns);
/* Replaced its program: TLS objects of the old one are gone, its sockets may live on. */
void pipeline_process_exec(struct pipeline *p, uint32_t tgid, uint64_t ts_ns);

/* It is ts_ns (CLOCK_BOOTTIME) and there may be no records: what waits for some is told. */
void pipeline_sweep(struct pipeline *p, uint64_t ts_ns);

/* One exchange whose framing is already undone (HAR). Bodies decoded or coded as the
 * heads say. */
struct pipeline_exchange {
	struct process *process;
	struct http_head request, response;
	struct slice request_body, response_body;
	uint64_t start_ns, response_ns, end_ns; /* Unix time */
	uint64_t number;
};
int pipeline_exchange(struct pipeline *p, const struct pipeline_exchange *x);

const struct pipeline_stats *pipeline_stats(const struct pipeline *p);

#endif
