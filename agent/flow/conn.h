/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: two byte streams, and the protocol that is spoken over them.
 *
 * A protocol is one file with one `const struct conn_proto`, listed in conn.c. It is
 * found by the first bytes of either direction; where a connection is joined in the
 * middle, by the first bytes of a call. It may hand what follows an upgrade to another
 * protocol. Whoever's bytes no protocol knows is ignored at once; the kernel then goes
 * on looking at calls that may begin a request, and such a call opens it anew.
 *
 * Nothing here owns the shared state: struct flow is the pipeline's.
 */
#ifndef FLOW_CONN_H
#define FLOW_CONN_H

#include "coverage.h"
#include "inbound.h"
#include "pipeline.h"
#include "relays.h"
#include "stream.h"
#include "table.h"
#include "twins.h"

#define CONN_SNIFF_MAX 24 /* bytes that tell protocols apart: the length of HTTP/2's preface */

/* What connections share. */
struct flow {
	struct pipeline_config config;
	struct pipeline_sink sink;
	struct pipeline_stats stats;
	struct table hellos;  /* (tgid, socket) → struct tls_hello */
	struct table secured; /* struct flow_sock → struct conn of the TLS object on it */
	struct table unread;  /* struct flow_sock → struct unread of coverage.c */
	uint64_t unread_swept_ns;
	struct twins twins;
	struct inbounds inbounds;
	struct flow_relays relays;
	struct table mcp_streams; /* struct mcp_stream of mcp_sse.c */
	size_t buffered;	  /* bytes that open exchanges hold */
	uint64_t last_ts_ns;	  /* boot time of the latest record */
};

/* A socket of a process. */
struct flow_sock {
	uint64_t ptr;
	uint64_t tgid; /* 64 bits wide: no padding in a key */
};

struct conn;
struct exchange;

/* What a direction's first bytes say. MORE: too few to tell. */
enum sniff { SNIFF_NO, SNIFF_MORE, SNIFF_REQUEST, SNIFF_RESPONSE };

/* Responses that had not begun when a connection was ignored, oldest first. */
struct owed {
	unsigned int count; /* at most 64 */
	uint64_t head_only; /* bit n: the n-th has no body, whatever its head says */
};

struct conn_proto {
	const char *name;
	const char *upgrade; /* token of the Upgrade field that leads here; NULL: none does */
	enum sniff (*sniff)(struct slice head); /* NULL: only by upgrade */
	/* The state, or NULL without memory. `upgraded`: the exchange that led here, which
	 * it takes; NULL when it was found by sniffing. */
	void *(*open)(struct conn *c, struct exchange *upgraded);
	/* Times are Unix nanoseconds. The first data after open() are those sniffed. */
	void (*data)(void *state, enum gentap_dir dir, struct slice data, bool call_start,
		     uint64_t ts_ns);
	void (*hole)(void *state, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);
	/* What is owed, if the place between two responses is known; NULL: never. */
	struct owed (*owed)(const void *state);
	/* The connection is at its end: emits what is open, frees the state. */
	void (*close)(void *state, uint64_t ts_ns);
	bool peeked; /* of calls only the beginning is sent: the rest is no loss */
};

extern const struct conn_proto http1_proto;
extern const struct conn_proto http2_proto;
extern const struct conn_proto ws_proto;
extern const struct conn_proto db_proto;    /* of processes that act alone (pipeline.h) */
extern const struct conn_proto stdio_proto; /* of GENTAP_SRC_PIPE alone, and they have no other */

struct conn_side {
	struct conn *conn;
	struct stream stream;
	enum gentap_dir dir;
	bool broken; /* not seen from its first byte on, or with a hole since */
	bool passed; /* something came, or was lost, since the connection was ignored */
	char head[CONN_SNIFF_MAX];
	size_t head_len;
	uint64_t head_ts_ns;
};

enum conn_role { CONN_ROLE_UNKNOWN, CONN_CLIENT, CONN_SERVER };

struct conn {
	struct flow *flow;
	struct conn_id id;
	struct process *process; /* counted; NULL: not known */
	struct process *peer;	 /* at the other end of standard streams; counted, or NULL */
	uint64_t hash;
	uint8_t source;
	bool midstream;
	bool kernel_tls;
	struct gentap_bind bind; /* family 0: not bound yet */
	char *unix_path;	 /* of the other end, where the family is AF_UNIX; or NULL */
	uint64_t touched_ns;
	uint32_t tid;			/* of the record that is being read */
	struct conn_side sides[2];	/* by enum gentap_dir */
	const struct conn_proto *proto; /* NULL: not known (yet) */
	void *state;
	enum conn_role role;
	enum gentap_verdict verdict;
	struct owed owed;	/* of an ignored one, as long as no response has passed */
	bool ignore;		/* nothing on it is wanted: act when the protocol has returned */
	bool closing;		/* verdicts do not matter any more */
	unsigned int undecided; /* open exchanges without a verdict, or whose end is of interest */
	uint64_t exchanges;
	struct conn_coverage coverage;
};

/* Which protocol do a direction's first bytes begin? *ret: unless it is NO. */
enum sniff conn_sniff(struct slice head, const struct conn_proto **ret);
/* May it be a statement to a database? */
enum sniff db_sniff(const struct conn *c, enum gentap_dir dir, struct slice head);
/* And standard streams? head is not empty. */
enum sniff stdio_sniff(enum gentap_dir dir, struct slice head);

int conn_new(struct conn **ret, struct flow *flow, const struct gentap_event *ev,
	     struct process *process);
/* Its CLOSE record, which tells what is missing at the end. conn_free() is to follow. */
void conn_end(struct conn *c, const struct gentap_event *close);
/* Ends open exchanges (they are emitted, marked) and frees. */
void conn_free(struct conn *c, uint64_t ts_ns);
/* Which socket carries it; path: absent but for AF_UNIX. */
void conn_set_bind(struct conn *c, const struct gentap_bind *bind, struct slice path);
void conn_record(struct conn *c, const struct gentap_event *ev, struct slice data);

/* ---- For protocols ------------------------------------------------------------------ */
/* An exchange was judged; `undecided` is kept by exchange.c. */
void conn_judged(struct conn *c, enum decoder_verdict verdict);
/* What is spoken here is not what it looked like. */
void conn_give_up(struct conn *c);
/* What was owed when it was ignored, and still is; clears it. */
struct owed conn_take_owed(struct conn *c);
/* Was this direction seen from its first byte on, without a hole? */
bool conn_whole(const struct conn *c, enum gentap_dir dir);
const struct conn_proto *conn_proto_for_upgrade(struct slice token);
/* Direction in which requests travel. */
enum gentap_dir conn_request_dir(const struct conn *c);
uint64_t flow_wall_ns(const struct flow *flow, uint64_t boot_ns);
/* What the socket's client said when it began TLS; NULL: not seen. Lends. */
const struct tls_hello *flow_hello(const struct flow *flow, uint32_t tgid, uint64_t sock);

#endif
