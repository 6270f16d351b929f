/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC messages in the body of an HTTP/2 stream (gRPC over HTTP2, "Length-Prefixed-
 * Message"), one direction, push style: u8 compressed | u32 length, big-endian | bytes.
 * The status is in the trailers, which are h2.h's.
 *
 * A message over the ceiling, before or after decompression, is dropped (`oversized`).
 * A hole within a message costs that message (`lost`); any other one, or a prefix that
 * is none, ends reading: nothing in the format shows where a message begins.
 */
#ifndef WIRE_GRPC_H
#define WIRE_GRPC_H

#include "unpack.h"

#define GRPC_PREFIX 5

/* The message, decompressed, is lent until it returns. */
typedef void (*grpc_message_fn)(void *ctx, struct slice message);

struct grpc {
	grpc_message_fn message;
	void *ctx;
	bool packed_known; /* the stream's coding is one that can be undone */
	struct buf part;   /* prefix and message, as far as they have come */
	struct buf plain;
	uint64_t skip; /* bytes of a dropped message still to come */
	bool ended;    /* the place is lost */
	uint64_t messages;
	uint64_t oversized;
	uint64_t lost;
};

/* coding: the value of grpc-encoding; absent: identity. */
void grpc_init(struct grpc *g, struct slice coding, size_t message_max, grpc_message_fn message,
	       void *ctx);
void grpc_release(struct grpc *g);
/* 0; -ENOMEM: a message was lost; -EBADMSG: this is no gRPC, nothing more is read. */
int grpc_feed(struct grpc *g, const void *data, size_t len);
void grpc_hole(struct grpc *g, uint64_t len);

#endif
