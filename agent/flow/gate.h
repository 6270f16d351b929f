/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose bodies may be kept in a recording? Those of calls of models and of MCP's, as the decoder
 * judges them, and what spans are told by of the requests around them: the words of a request to
 * a process that asks models (inbound.h), and the spans that such a process exports (exported.h).
 * Of everything else there are heads alone: bodies, and what could not be read, are overwritten.
 *
 * As long as an exchange has not shown what it is, its bodies and all that comes behind them on
 * the connection are held back, in order. Who holds too much is told as if it was not wanted, and
 * so is what memory fails for. Pairing of responses is the caller's.
 */
#ifndef FLOW_GATE_H
#define FLOW_GATE_H

#include "decoder.h"
#include "list.h"
#include "masker.h"
#include "sse.h"

#define GATE_HELD_MAX (256 * 1024) /* bytes that one connection holds back */
#define GATE_ALL_HELD_MAX (64 * 1024 * 1024)

enum gate_part { GATE_REQUEST, GATE_RESPONSE };
enum gate_fate { GATE_HELD, GATE_KEPT, GATE_DROPPED };

/* One exchange; counted. */
struct gated {
	unsigned int refs;
	struct decoder *decoder; /* until it has told */
	enum gate_fate fate[2];	 /* of the bodies, by enum gate_part */
	bool server_side, wanted, head_only;
	struct sse *events; /* its answer may be MCP's stream of answers; NULL: it is none */
};

struct gate {
	struct masker_sink sink;
	struct masker_context *context; /* lent */
	uint32_t tgid;
	struct list pieces;
	size_t held;
};

void gate_init(struct gate *g, const struct masker_sink *sink, struct masker_context *context,
	       uint32_t tgid);
/* Gives out what is held; all exchanges are to be given back before. */
void gate_release(struct gate *g);

/* NULL without memory: its bodies are dropped. */
struct gated *gated_new(bool server_side);
struct gated *gated_ref(struct gated *x);
void gated_unref(struct gated *x);

/* What its reader finds; x may be NULL. */
void gated_head(struct gate *g, struct gated *x, const struct http_head *head, uint64_t ts_ns);
void gated_body(struct gate *g, struct gated *x, enum gate_part part, struct slice data,
		uint64_t ts_ns);
void gated_hole(struct gate *g, struct gated *x, enum gate_part part, uint64_t len);
void gated_end(struct gate *g, struct gated *x, enum gate_part part, enum http_end how,
	       uint64_t ts_ns);
/* Nothing more will be seen of it. */
void gated_give_up(struct gate *g, struct gated *x);

enum gate_fate gated_fate(const struct gated *x, enum gate_part part);

/* What is written: not of a body. Lends. */
void gate_data(struct gate *g, enum gentap_dir dir, struct slice data, bool call_start,
	       uint64_t ts_ns);
void gate_hole(struct gate *g, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);
/* And of a body: overwrites the data where it is dropped. */
void gate_body(struct gate *g, enum gentap_dir dir, char *data, size_t len, bool call_start,
	       uint64_t ts_ns, struct gated *x, enum gate_part part);

#endif
