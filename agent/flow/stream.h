/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a connection: records in order of arrival → bytes in order of
 * position, with holes of known size. Positions, not arrival, say what is missing.
 *
 * Records mostly arrive in order; two CPUs may swap a few. One that leaves a gap in
 * both seq and pos is therefore kept back until the gap closes, or until waiting is
 * pointless: STREAM_HELD_MAX records or STREAM_HELD_BYTES are waiting, a record of
 * this direction is STREAM_HELD_NS younger, or the owner calls stream_flush(). Then
 * the gap is a hole. A gap in pos alone is a hole at once: the kernel chose not to
 * send those bytes. What comes twice is dropped; seq may wrap.
 */
#ifndef FLOW_STREAM_H
#define FLOW_STREAM_H

#include "gentap_event.h"
#include "slice.h"

#define STREAM_HELD_MAX 16
#define STREAM_HELD_BYTES (64 * 1024)
#define STREAM_HELD_NS UINT64_C(10000000)

struct stream_sink {
	void *ctx;
	/* Lends. call_start: data[0] is the first byte of a call. */
	void (*data)(void *ctx, struct slice data, bool call_start, uint64_t ts_ns);
	/* len > 0 bytes are missing here. */
	void (*hole)(void *ctx, uint64_t len, uint64_t ts_ns);
};

struct stream_held;

struct stream {
	struct stream_sink sink;
	uint64_t pos; /* of the next byte to deliver */
	uint32_t seq; /* of the next record */
	bool started;
	bool rejoined; /* the first record was far in: what came before is not lost, just not known
			*/
	bool in_call;  /* call_end is known */
	uint64_t call_end;	  /* position after the call that is being delivered */
	struct stream_held *held; /* by seq */
	unsigned int n_held;
	size_t held_bytes;
	uint64_t lost_records; /* gaps in seq */
};

void stream_init(struct stream *s, const struct stream_sink *sink);
void stream_release(struct stream *s); /* drops what is held; call stream_flush() first */

/* Is this header, of a record of len bytes with it, one that the kernel could have made?
 * Every other function here may rely on that. */
bool stream_sound(const struct gentap_event *ev, size_t len);
/* Takes one DATA record; the sink is called from here. Never fails: without memory to
 * keep a record back, the gap before it becomes a hole. */
void stream_record(struct stream *s, const struct gentap_event *ev, struct slice data);
/* Delivers what is held; gaps become holes. */
void stream_flush(struct stream *s);
/* Both directions of a connection, the one that waits longer first. */
void stream_flush_both(struct stream *a, struct stream *b);
/* The connection's end: also what is missing behind the last record becomes a hole. `sides` by
 * direction, `close` its CLOSE record. */
void stream_end_both(struct stream *const sides[2], const struct gentap_event *close);
/* Time of the first record that is kept back; UINT64_MAX: none is. */
uint64_t stream_waits_since(const struct stream *s);

#endif
