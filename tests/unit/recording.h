/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds one connection to a pipeline and to a recorder at once, cut into records in some
 * way, and replays what was recorded: both must make the same calls, to the nanosecond.
 */
#ifndef TESTS_RECORDING_H
#define TESTS_RECORDING_H

#include "exchange.h"
#include "test.h"
#include "tracefile.h"

#define RECORDING_CALLS_MAX 512

/* What single calls of the observed process carry, in order. */
struct recording {
	struct buf bytes;
	struct {
		int dir;
		size_t at, len;
	} calls[RECORDING_CALLS_MAX];
	size_t n;
	uint8_t flags; /* of every record */
	size_t first;  /* joined at this call */
};

struct recording_cut {
	size_t at;     /* cut there; SIZE_MAX: everywhere */
	size_t lose;   /* the record of that number is lost; SIZE_MAX: none is */
	bool no_copy;  /* it is seen, its bytes are not */
	bool reversed; /* each pair of records of one direction comes in the wrong order */
};

static inline void recording_add(struct recording *r, int dir, struct slice data)
{
	if (r->n == RECORDING_CALLS_MAX)
		abort();
	r->calls[r->n].dir = dir;
	r->calls[r->n].at = r->bytes.len;
	r->calls[r->n++].len = data.len;
	buf_add_slice(&r->bytes, data);
}

static inline void recording_text(struct recording *r, int dir, const char *text)
{
	recording_add(r, dir, slice_from(text));
}

struct recorder {
	struct pipeline *p;
	struct tracefile_writer *w;
	uint64_t ptr; /* of the connection; 0: the only one */
	uint64_t pos[2], now_ns;
	uint32_t seq[2];
	size_t records;
	uint8_t flags;
	struct recording_cut cut;
	size_t held_len;
	_Alignas(8) char record[sizeof(struct gentap_event) + GENTAP_CHUNK_MAX];
	_Alignas(8) char held[sizeof(struct gentap_event) + GENTAP_CHUNK_MAX];
};

static inline void recorder_put(struct recorder *r, const void *record, size_t len)
{
	if (r->p)
		pipeline_record(r->p, record, len);
	if (r->w)
		tracefile_write_record(r->w, record, len);
}

static inline void recorder_flush(struct recorder *r)
{
	if (r->held_len)
		recorder_put(r, r->held, r->held_len);
	r->held_len = 0;
}

static inline void recorder_send(struct recorder *r, int dir, struct slice data)
{
	struct gentap_event ev = {
		.type = GENTAP_EV_DATA,
		.dir = (uint8_t)dir,
		.source = GENTAP_SRC_OPENSSL,
		.flags = (uint8_t)(r->flags | GENTAP_F_FIRST | GENTAP_F_LAST),
		.ts_ns = r->now_ns += 1000,
		.ptr = r->ptr ? r->ptr : 0x1000,
		.tgid = 7,
		.seq = r->seq[dir]++,
		.pos = r->pos[dir],
		.call_len = data.len,
		.data_len = (uint32_t)data.len,
	};
	bool lost = r->records++ == r->cut.lose;

	r->pos[dir] += data.len;
	if (lost && !r->cut.no_copy)
		return;
	if (lost) {
		ev.flags |= GENTAP_F_NOCOPY;
		ev.data_len = 0;
	}
	memcpy(r->record, &ev, sizeof(ev));
	memcpy(r->record + sizeof(ev), data.data, ev.data_len);
	if (!r->cut.reversed) {
		recorder_put(r, r->record, sizeof(ev) + ev.data_len);
		return;
	}
	if (r->held_len && ((struct gentap_event *)r->held)->dir == dir) {
		recorder_put(r, r->record, sizeof(ev) + ev.data_len);
		recorder_flush(r);
		return;
	}
	recorder_flush(r);
	r->held_len = sizeof(ev) + ev.data_len;
	memcpy(r->held, r->record, r->held_len);
}

/* A call becomes as many records as the cut makes of it. */
static inline void recorder_call(struct recorder *r, int dir, struct slice data, size_t at)
{
	size_t cut = r->cut.at;

	while (data.len) {
		size_t n = MIN(data.len, (size_t)GENTAP_CHUNK_MAX);

		if (cut == SIZE_MAX)
			n = 1;
		else if (cut > at && cut < at + data.len)
			n = MIN(n, cut - at);
		recorder_send(r, dir, slice_sub(data, 0, n));
		data = slice_sub(data, n, data.len);
		at += n;
	}
}

static inline void recording_dump(void *ctx, struct call *c)
{
	struct buf *to = ctx;

	dump_call(to, c);
	buf_printf(to, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n\n",
		   c->start_ns, c->response_start_ns, c->first_chunk_ns, c->last_chunk_ns,
		   c->end_ns);
	call_free(c);
}

/* Number of records; *ret_file is to be freed, NULL without memory. */
static inline size_t recording_run(const struct recording *what, struct recording_cut cut,
				   struct buf *live, struct buf *replayed, char **ret_file,
				   size_t *ret_file_len)
{
	const struct pipeline_sink to_live = { .ctx = live, .call = recording_dump };
	const struct pipeline_sink to_replayed = { .ctx = replayed, .call = recording_dump };
	struct pipeline_stats stats = { 0 };
	struct recorder r = { .cut = cut, .now_ns = 1000, .flags = what->flags };
	const char *error = NULL;
	FILE *file = open_memstream(ret_file, ret_file_len);

	if (!file)
		return 0;
	if (pipeline_new(&r.p, &pipeline_config_default, &to_live))
		r.p = NULL;
	if (tracefile_writer_new(&r.w, file, 0))
		r.w = NULL;
	for (size_t i = what->first; i < what->n; i++)
		recorder_call(
			&r, what->calls[i].dir,
			slice_sub(buf_slice(&what->bytes), what->calls[i].at, what->calls[i].len),
			what->calls[i].at);
	recorder_flush(&r);
	pipeline_free(r.p);
	if (r.w)
		tracefile_writer_close(r.w);
	file = *ret_file_len ? fmemopen(*ret_file, *ret_file_len, "r") : NULL;
	if (file) {
		tracefile_replay(file, &pipeline_config_default, &to_replayed, &stats, &error);
		fclose(file);
	}
	return r.records;
}

#define SECRET "t0psecret"

/* As live, and without a secret; false at the first difference. */
static inline bool recording_check(const struct recording *what, struct recording_cut cut,
				   struct buf *live)
{
	_cleanup_(buf_cleanup) struct buf replayed = BUF_INIT(1 << 24);
	char *file = NULL;
	size_t file_len = 0;
	const char *secret;
	bool same;

	recording_run(what, cut, live, &replayed, &file, &file_len);
	same = slice_eq((struct slice){ live->data, live->len },
			(struct slice){ replayed.data, replayed.len });
	secret = file ? memmem(file, file_len, SECRET, strlen(SECRET)) : NULL;
	if (secret)
		test_fail(__FILE__, __LINE__, "a secret is in the file: ...%.*s",
			  (int)MIN((size_t)(secret - file), (size_t)40) + (int)strlen(SECRET),
			  secret - MIN((size_t)(secret - file), (size_t)40));
	if (secret && getenv("KEEP")) {
		FILE *f = fopen(getenv("KEEP"), "w");
		fwrite(file, file_len, 1, f);
		fclose(f);
	}
	free(file);
	if (!same)
		test_fail(__FILE__, __LINE__, "live: %.*s\nreplayed: %.*s", (int)live->len,
			  live->len ? live->data : "", (int)replayed.len,
			  replayed.len ? replayed.data : "");
	return same && !secret;
}

#endif
