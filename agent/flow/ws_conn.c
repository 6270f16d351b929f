/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket on a connection that HTTP/1.1 was upgraded to: the exchange is all there is. */
#include "ws_exchange.h"

#include "cleanup.h"

struct ws_conn {
	struct exchange *x;
	enum gentap_dir client;
};

static enum ws_side side_of(const struct ws_conn *w, enum gentap_dir dir)
{
	return dir == w->client ? WS_CLIENT : WS_SERVER;
}

static void *ws_conn_open(struct conn *c, struct exchange *upgraded)
{
	struct ws_conn *w = upgraded ? malloc(sizeof(*w)) : NULL;

	if (!w) {
		exchange_free(upgraded);
		return NULL;
	}
	*w = (struct ws_conn){ .x = upgraded, .client = conn_request_dir(c) };
	return w;
}

static void ws_conn_data(void *state, enum gentap_dir dir, struct slice data, bool call_start,
			 uint64_t ts_ns)
{
	struct ws_conn *w = state;

	exchange_ws_data(w->x, side_of(w, dir), data, call_start, ts_ns);
}

static void ws_conn_hole(void *state, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct ws_conn *w = state;

	exchange_ws_hole(w->x, side_of(w, dir), len, ts_ns);
}

static void ws_conn_close(void *state, uint64_t ts_ns)
{
	struct ws_conn *w = state;

	exchange_abort(w->x, ts_ns);
	exchange_free(w->x);
	free(w);
}

const struct conn_proto ws_proto = {
	.name = "websocket",
	.upgrade = "websocket",
	.open = ws_conn_open,
	.data = ws_conn_data,
	.hole = ws_conn_hole,
	.close = ws_conn_close,
};
