/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP POST at a time over libcurl's multi interface, driven by the agent's loop; for
 * gRPC one call, over libcurl's HTTP/2 (OTLP specification and gRPC's PROTOCOL-HTTP2.md);
 * connections are kept open between requests. Never blocks: names are resolved in a
 * thread of libcurl's. Redirects are not followed.
 */
#ifndef OTLP_SENDER_H
#define OTLP_SENDER_H

#include "exporter.h"

#define SENDER_ANSWER_MAX (4 * 1024 * 1024) /* bytes of an answer's body, as OTLP says */
#define SENDER_HEAD_MAX (256 * 1024)	    /* bytes of its head */

struct sender_answer {
	int status;		   /* 0: none came, or not whole */
	int grpc_status;	   /* of gRPC; -1: it does not say */
	struct slice grpc_message; /* percent-encoded; lent for the callback */
	int64_t retry_after_ms;	   /* -1: it does not say */
	struct slice body;	   /* lent for the callback; of gRPC the message in it */
	bool too_large;		   /* it was longer than SENDER_ANSWER_MAX; status is set */
	bool tls;		   /* none came because a certificate or key does not do */
	const char *problem;	   /* why none came; static */
};

typedef void (*sender_fn)(void *ctx, const struct sender_answer *answer);

struct sender;

/* options are lent until sender_free. 0, -ENOMEM, or -EIO: libcurl. */
int sender_new(struct sender **ret, struct loop *loop, const struct otlp_options *options);
void sender_free(struct sender *s); /* a request under way ends without its callback */
/* body (of gRPC a message with its prefix) is lent until done() is called, which is always later
 * and from the loop. 0, -EBUSY while one is under way, -EIO. */
int sender_post(struct sender *s, struct slice body, sender_fn done, void *ctx);

#endif
