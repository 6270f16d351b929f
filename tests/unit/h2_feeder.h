/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the records of a made-up HTTP/2 session to a pipeline, as the kernel would. */
#ifndef TESTS_H2_FEEDER_H
#define TESTS_H2_FEEDER_H

#include "h2_session.h"
#include "pipeline.h"
#include "test.h"
#include "tracefile.h"

/* How the records of a session are given to the pipeline. */
struct feeder {
	struct pipeline *p;
	struct tracefile_writer *w; /* records the same; NULL: nobody does */
	bool server_side;	    /* the process is the server */
	uint8_t flags;
	uint64_t pos[2];
	uint32_t seq[2];
	uint64_t now_ns;
};

/* p is NULL without memory. */
static inline void feeder_open(struct feeder *f, const struct pipeline_config *config,
			       const struct pipeline_sink *sink)
{
	*f = (struct feeder){ .now_ns = 1000 };
	if (pipeline_new(&f->p, config, sink))
		f->p = NULL;
}

/* One record at a time of its own; lost: only its place in the stream is counted. */
static inline void feed_at(struct feeder *f, int dir, struct slice data, uint64_t ts_ns, bool lost)
{
	_Alignas(8) static char record[sizeof(struct gentap_event) + GENTAP_CHUNK_MAX];
	int side = dir ^ f->server_side;
	struct gentap_event ev = {
		.type = GENTAP_EV_DATA,
		.dir = (uint8_t)side,
		.source = GENTAP_SRC_OPENSSL,
		.flags = (uint8_t)(f->flags | GENTAP_F_FIRST | GENTAP_F_LAST),
		.ts_ns = ts_ns,
		.ptr = 0x1000,
		.tgid = 7,
		.seq = f->seq[side]++,
		.pos = f->pos[side],
		.call_len = data.len,
		.data_len = (uint32_t)data.len,
	};

	f->pos[side] += data.len;
	if (lost)
		return;
	memcpy(record, &ev, sizeof(ev));
	memcpy(record + sizeof(ev), data.data, data.len);
	CHECK_INT(pipeline_record(f->p, record, sizeof(ev) + data.len), 0);
	if (f->w)
		CHECK_INT(tracefile_write_record(f->w, record, sizeof(ev) + data.len), 0);
}

static inline struct slice record_of(const struct session *s, size_t i)
{
	return slice_sub(buf_slice(&s->bytes), s->records[i].at, s->records[i].len);
}

static inline void feed_one(struct feeder *f, const struct session *s, size_t i, bool lost)
{
	feed_at(f, s->records[i].dir, record_of(s, i), f->now_ns += 1000, lost);
}

static inline void feed_range(struct feeder *f, const struct session *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		feed_one(f, s, i, false);
}

#endif
