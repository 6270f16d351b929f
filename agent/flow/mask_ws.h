/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a WebSocket connection written anew without its secrets: each message
 * becomes one frame, not compressed and, where a mask is due, masked with zeros. Text is
 * masked by the rules of mask.h; binary messages stay as they are. Ping and pong are
 * dropped. What a reader would miss, it misses of this too: in place of a lost message
 * stands a hole.
 */
#ifndef FLOW_MASK_WS_H
#define FLOW_MASK_WS_H

#include "masker.h"
#include "ws.h"

struct mask_ws {
	struct ws ws;
	struct masker_sink sink;
	enum gentap_dir dir;
	struct buf out;
	uint64_t now_ns;
	uint64_t missed; /* messages and places lost so far */
};

/* The object may not be moved afterwards. */
void mask_ws_init(struct mask_ws *m, enum gentap_dir dir, bool client,
		  const struct ws_extensions *extensions, const struct masker_sink *sink);
void mask_ws_release(struct mask_ws *m);

void mask_ws_data(struct mask_ws *m, struct slice data, bool call_start, uint64_t ts_ns);
void mask_ws_hole(struct mask_ws *m, uint64_t len, uint64_t ts_ns);

#endif
