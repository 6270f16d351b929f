/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a connection: what the frames of h2.c mean for them. */
#ifndef WIRE_H2_STREAM_H
#define WIRE_H2_STREAM_H

#include "h2.h"

/* A whole field block; an empty one when `readable` is false (it was lost). */
void h2_stream_head(struct h2 *h, int dir, uint32_t id, struct http_head *head, bool readable,
		    bool end_stream);
void h2_stream_data(struct h2 *h, int dir, uint32_t id, struct slice data);
void h2_stream_hole(struct h2 *h, int dir, uint32_t id, uint64_t len);
void h2_stream_end(struct h2 *h, int dir, uint32_t id);
void h2_stream_reset(struct h2 *h, uint32_t id);
/* GOAWAY from `dir`: what the other side began after `last` is not processed. */
void h2_stream_goaway(struct h2 *h, int dir, uint32_t last);
/* The place in a direction is lost: each open stream may miss something there. */
void h2_stream_all_damaged(struct h2 *h, int dir);
void h2_stream_all_end(struct h2 *h);
void h2_stream_release(struct h2 *h);
/* Stream 1 after an upgrade. */
int h2_stream_adopt(struct h2 *h, void *user);

#endif
