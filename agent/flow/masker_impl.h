/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the masker share. */
#ifndef FLOW_MASKER_IMPL_H
#define FLOW_MASKER_IMPL_H

#include "conn.h"
#include "gate.h"
#include "http1.h"
#include "mask.h"
#include "ws.h"

#define MASKER_ASKED_MAX 64 /* requests whose answers are to come */

enum spoken { NOTHING_YET, HTTP1, HTTP2, WEBSOCKET, UNKNOWN };

struct masker_side {
	struct masker *masker;
	enum gentap_dir dir;
	bool whole;
	/* First bytes of a call, until they are enough to tell what it is. */
	char head[CONN_SNIFF_MAX];
	size_t head_len;
	uint64_t head_ns;
	/* HTTP/1 */
	bool begun; /* `mask` and `reader` know where they are */
	bool again; /* they did once */
	struct mask mask;
	struct http1 reader; /* tells where messages begin, and of upgrades */
	struct slice todo;   /* bytes that the reader is given, still to be masked */
	bool call_start;     /* of todo */
	bool body;	     /* the message has one */
	bool raw;	     /* todo is not HTTP any more */
	struct gated *now;   /* whose message it is; NULL: nobody's */
	uint64_t now_ns;
};

struct masker {
	struct gate gate;
	struct masker_side sides[2];
	enum spoken spoken;
	enum gentap_dir client; /* the direction of requests */
	enum spoken next;	/* after an upgrade */
	struct ws_extensions extensions;
	struct mask_h2 *h2;
	struct mask_ws *ws[2];
	struct gated *asked[MASKER_ASKED_MAX]; /* oldest first */
	size_t n_asked;
	bool lossy;	/* HTTP/1: a message may have been missed … */
	bool pipelined; /* … and more than one answer was owed */
};

void masker_put_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);
/* Bytes that are nobody's. Once HTTP/1 is spoken, they are the rest of a message whose
 * head was not seen: that something passed is part of what a reader must know. */
void masker_put_nothing(struct masker *m, enum gentap_dir dir, size_t len, bool call_start,
			uint64_t ts_ns);

/* masker_http1.c */
void masker_open_http1(struct masker *m);
void masker_end_http1(struct masker *m);
/* Sets m->next where it led to another protocol; what follows is in todo. */
void masker_read_http1(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		       uint64_t ts_ns);
void masker_http1_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);
/* A message begins with the next byte. */
void masker_http1_begin(struct masker_side *s);

#endif
