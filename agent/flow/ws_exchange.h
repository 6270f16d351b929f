/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket that an exchange became (RFC 6455, RFC 8441): frames of both directions
 * in, whole messages to its decoder. Both framings of the bytes, the connection itself or
 * the DATA frames of a stream, use it.
 *
 * A message holds at most body_max bytes; when exchange_may_hold() says no, bytes become
 * holes.
 */
#ifndef FLOW_WS_EXCHANGE_H
#define FLOW_WS_EXCHANGE_H

#include "exchange.h"
#include "ws.h"

struct ws_exchange;

/* `answer` agreed to it. NULL without memory, or with an extension that nobody knows. */
struct ws_exchange *ws_exchange_new(struct exchange *x, const struct http_head *answer);
void ws_exchange_free(struct ws_exchange *w);

size_t ws_exchange_held(const struct ws_exchange *w); /* bytes; of NULL: 0 */

/* start: a frame may begin with these bytes. */
void ws_exchange_data(struct ws_exchange *w, enum ws_side side, struct slice data, bool start,
		      uint64_t ts_ns);
void ws_exchange_hole(struct ws_exchange *w, enum ws_side side, uint64_t len, uint64_t ts_ns);

#endif
