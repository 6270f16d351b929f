/* SPDX-License-Identifier: Apache-2.0 */
#include "tracefile.h"

#include "buf.h"
#include "cleanup.h"
#include "masker.h"
#include "stream.h"
#include "table.h"
#include "tracefile_format.h"

#include <errno.h>

#define PROCESS_JSON_MAX (4 * 1024 * 1024)

struct trace_side {
	struct trace_conn *conn;
	enum gentap_dir dir;
	struct stream stream; /* what was observed */
	uint64_t pos;	      /* of the next byte that is written */
	uint32_t seq;
};

/* One object in one process. */
struct trace_conn {
	struct tracefile_writer *writer;
	struct gentap_event ev; /* of its latest record */
	struct trace_side sides[2];
	struct masker *masker;
};

struct trace_key {
	uint64_t ptr;
	uint64_t tgid;
};

struct tracefile_writer {
	FILE *file;
	int error;
	struct table conns; /* struct trace_key → struct trace_conn */
	struct tracefile_end end;
	struct masker_context masking;
	char scratch[GENTAP_CHUNK_MAX];
};

static int put(struct tracefile_writer *w, const void *data, size_t len)
{
	if (!w->error && len && fwrite(data, len, 1, w->file) != 1)
		w->error = errno ? -errno : -EIO;
	return w->error;
}

static int put_frame_head(struct tracefile_writer *w, enum tracefile_frame type, size_t len)
{
	const struct tracefile_frame_head head = { .type = type, .len = (uint32_t)len };

	return put(w, &head, sizeof(head));
}

int tracefile_writer_new(struct tracefile_writer **ret, FILE *file, int64_t boot_to_wall_ns)
{
	const struct tracefile_header header = {
		.magic = TRACEFILE_MAGIC,
		.version = TRACEFILE_VERSION,
		.abi = GENTAP_ABI_VERSION,
		.boot_to_wall_ns = boot_to_wall_ns,
	};
	struct tracefile_writer *w = calloc(1, sizeof(*w));

	if (!w) {
		fclose(file);
		return -ENOMEM;
	}
	w->file = file;
	w->masking.scratch = w->scratch;
	table_init(&w->conns, TRACEFILE_CONNS_MAX);
	put(w, &header, sizeof(header));
	*ret = w;
	return 0;
}

void tracefile_writer_ask(struct tracefile_writer *w, bool (*asks)(void *ctx, uint32_t tgid),
			  void *ctx)
{
	w->masking.asks = asks;
	w->masking.ctx = ctx;
}

static void conn_end(struct trace_conn *c);

int tracefile_writer_close(struct tracefile_writer *w)
{
	struct trace_conn *c;
	int r;

	if (!w)
		return 0;
	while ((c = table_take_oldest(&w->conns)))
		conn_end(c);
	put_frame_head(w, TRACEFILE_END, sizeof(w->end));
	put(w, &w->end, sizeof(w->end));
	r = w->error;
	if (fclose(w->file) && !r)
		r = errno ? -errno : -EIO;
	table_release(&w->conns, NULL);
	free(w);
	return r;
}

/* ---- Connections -------------------------------------------------------------------------- */

static void put_record(struct tracefile_writer *w, const struct gentap_event *ev, const void *data)
{
	w->end.records++;
	put_frame_head(w, TRACEFILE_RECORD, sizeof(*ev) + ev->data_len);
	put(w, ev, sizeof(*ev));
	put(w, data, ev->data_len);
}

/* A record of `len` bytes of the connection as it is written. */
static void put_bytes(struct trace_side *s, const char *data, uint64_t len, unsigned int flags,
		      uint64_t ts_ns)
{
	const struct trace_conn *c = s->conn;
	struct gentap_event ev = c->ev;
	uint64_t end;

	/* Where it begins does not matter, but that it was not the beginning does. */
	if (!s->pos && !s->seq && s->stream.rejoined)
		s->seq = STREAM_HELD_MAX + 1;
	if (__builtin_add_overflow(s->pos, len, &end))
		return;
	ev.type = GENTAP_EV_DATA;
	ev.dir = (uint8_t)s->dir;
	ev.flags = (uint8_t)(flags | (ev.flags & (GENTAP_F_MIDSTREAM | GENTAP_F_KERNEL_TLS)) |
			     GENTAP_F_REDACTED);
	ev.ts_ns = ts_ns;
	ev.seq = s->seq++;
	ev.pos = s->pos;
	ev.call_len = len;
	ev.data_len = data ? (uint32_t)len : 0;
	s->pos = end;
	put_record(c->writer, &ev, data);
}

static void masked_data(void *ctx, enum gentap_dir dir, struct slice data, bool call_start,
			uint64_t ts_ns)
{
	struct trace_conn *c = ctx;

	for (size_t at = 0; at < data.len; at += GENTAP_CHUNK_MAX) {
		struct slice part = slice_sub(data, at, GENTAP_CHUNK_MAX);

		put_bytes(&c->sides[dir], part.data, part.len,
			  call_start && !at ? GENTAP_F_FIRST | GENTAP_F_LAST : 0, ts_ns);
	}
}

static void masked_hole(void *ctx, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct trace_conn *c = ctx;

	c->writer->end.bare++;
	put_bytes(&c->sides[dir], NULL, len, GENTAP_F_FIRST | GENTAP_F_LAST | GENTAP_F_NOCOPY,
		  ts_ns);
}

static void side_data(void *ctx, struct slice data, bool call_start, uint64_t ts_ns)
{
	const struct trace_side *s = ctx;

	if (s->stream.rejoined)
		masker_join(s->conn->masker, s->dir);
	masker_data(s->conn->masker, s->dir, data, call_start, ts_ns);
}

static void side_hole(void *ctx, uint64_t len, uint64_t ts_ns)
{
	const struct trace_side *s = ctx;

	masker_hole(s->conn->masker, s->dir, len, ts_ns);
}

static struct trace_conn *conn_new(struct tracefile_writer *w, const struct gentap_event *ev)
{
	struct trace_conn *c = calloc(1, sizeof(*c));
	const struct masker_sink masked = { c, masked_data, masked_hole };

	if (!c || masker_new(&c->masker, &w->masking, ev->tgid, &masked)) {
		free(c);
		return NULL;
	}
	c->writer = w;
	c->ev = *ev;
	for (int dir = 0; dir < 2; dir++) {
		struct trace_side *s = &c->sides[dir];

		s->conn = c;
		s->dir = dir;
		stream_init(&s->stream, &(struct stream_sink){ s, side_data, side_hole });
	}
	return c;
}

/* Writes what was held back. */
static void conn_end(struct trace_conn *c)
{
	struct stream *a, *b;

	if (!c)
		return;
	a = &c->sides[0].stream;
	b = &c->sides[1].stream;
	stream_flush_both(a, b);
	masker_free(c->masker);
	c->writer->end.lost_records += a->lost_records + b->lost_records;
	stream_release(a);
	stream_release(b);
	free(c);
}

/* No room to go on with it: to a reader it ends here, and begins anew in the middle. */
static void conn_forget(struct trace_conn *c)
{
	struct tracefile_writer *w = c->writer;
	struct gentap_event ev = c->ev;

	conn_end(c);
	ev.type = GENTAP_EV_CLOSE;
	ev.flags = 0;
	ev.pos = ev.call_len = ev.data_len = 0;
	w->end.lost++;
	put_record(w, &ev, NULL);
}

/* The record's connection, made when it is new. NULL: of an earlier life of the object,
 * or no memory. */
static struct trace_conn *find_conn(struct tracefile_writer *w, const struct gentap_event *ev)
{
	const struct trace_key key = { .ptr = ev->ptr, .tgid = ev->tgid };
	struct trace_conn *c = table_get(&w->conns, &key, sizeof(key));

	if (c && c->ev.gen == ev->gen)
		return c;
	if (c && c->ev.gen > ev->gen)
		return NULL;
	conn_end(table_take(&w->conns, &key, sizeof(key)));
	if (w->conns.count == w->conns.max)
		conn_forget(table_take_oldest(&w->conns));
	c = conn_new(w, ev);
	if (c && table_add(&w->conns, &key, sizeof(key), c)) {
		conn_end(c);
		return NULL;
	}
	return c;
}

static void write_data(struct tracefile_writer *w, const struct gentap_event *ev, struct slice data)
{
	struct trace_conn *c = find_conn(w, ev);
	struct gentap_event bare = *ev;
	struct stream *other;

	if (!c) {
		bare.data_len = 0;
		bare.flags |= GENTAP_F_NOCOPY | GENTAP_F_REDACTED;
		w->end.lost++;
		w->end.bare++;
		put_record(w, &bare, NULL);
		return;
	}
	c->ev = *ev;
	if (ev->flags & GENTAP_F_MIDSTREAM) {
		masker_join(c->masker, GENTAP_WRITE);
		masker_join(c->masker, GENTAP_READ);
	}
	/* As conn_record() does. */
	other = &c->sides[!ev->dir].stream;
	if (stream_waits_since(other) <= ev->ts_ns)
		stream_flush(other);
	stream_record(&c->sides[ev->dir].stream, ev, data);
}

/* What is missing at the end is written as a record; positions are those of the file. */
static void end_conn(struct tracefile_writer *w, struct gentap_event *ev)
{
	const struct trace_key key = { .ptr = ev->ptr, .tgid = ev->tgid };
	struct trace_conn *c = table_get(&w->conns, &key, sizeof(key));

	if (c && c->ev.gen == ev->gen)
		stream_end_both((struct stream *[]){ &c->sides[0].stream, &c->sides[1].stream },
				ev);
	if (c && c->ev.gen <= ev->gen)
		conn_end(table_take(&w->conns, &key, sizeof(key)));
	ev->pos = ev->call_len = 0;
}

/* ---- Frames ------------------------------------------------------------------------------ */

int tracefile_write_record(struct tracefile_writer *w, const void *record, size_t len)
{
	struct gentap_event ev;
	const char *payload = (const char *)record + sizeof(ev);

	if (len < sizeof(ev))
		return -EBADMSG;
	memcpy(&ev, record, sizeof(ev));
	if (!stream_sound(&ev, len))
		return -EBADMSG;
	if (ev.type == GENTAP_EV_DATA) {
		write_data(w, &ev, (struct slice){ payload, ev.data_len });
		return w->error;
	}
	if (ev.type == GENTAP_EV_CLOSE)
		end_conn(w, &ev);
	put_record(w, &ev, payload);
	return w->error;
}

static void add_str(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_add_json(b, slice_from(value));
}

int tracefile_write_process(struct tracefile_writer *w, const struct process *p)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(PROCESS_JSON_MAX);

	buf_printf(&b, "{\"pid\":%u,\"ppid\":%u,\"uid\":%u,\"start_ns\":%" PRIu64, p->pid, p->ppid,
		   p->uid, p->start_ns);
	for (size_t i = 0; i < p->n_ancestors; i++)
		buf_printf(&b, "%s%u", i ? "," : ",\"ancestors\":[", p->ancestors[i]);
	buf_add_str(&b, p->n_ancestors ? "]" : "");
	add_str(&b, "comm", p->comm);
	add_str(&b, "exe", p->exe);
	add_str(&b, "cmdline", p->cmdline);
	add_str(&b, "cwd", p->cwd);
	add_str(&b, "owner", p->owner);
	add_str(&b, "cgroup", p->cgroup);
	add_str(&b, "container_id", p->container_id);
	add_str(&b, "service_name", p->service_name);
	add_str(&b, "resource_attributes", p->resource_attributes);
	add_str(&b, "traceparent", p->traceparent);
	buf_add_char(&b, '}');
	if (buf_error(&b)) {
		w->end.lost++;
		return buf_error(&b);
	}
	put_frame_head(w, TRACEFILE_PROCESS, b.len);
	return put(w, b.data, b.len);
}

struct leaving {
	uint32_t tgid;
	bool exec;
};

static int leave(void *value, void *arg)
{
	const struct leaving *l = arg;
	struct trace_conn *c = value;

	if (c->ev.tgid != l->tgid ||
	    (l->exec && (c->ev.source == GENTAP_SRC_SOCKET || c->ev.source == GENTAP_SRC_PIPE)))
		return 0;
	conn_end(c);
	return 1;
}

int tracefile_write_exit(struct tracefile_writer *w, uint32_t tgid, uint64_t ts_ns, bool exec)
{
	const struct tracefile_exit exit = { .tgid = tgid, .ts_ns = ts_ns };
	struct leaving l = { .tgid = tgid, .exec = exec };

	table_sweep(&w->conns, leave, &l);
	put_frame_head(w, exec ? TRACEFILE_EXEC : TRACEFILE_EXIT, sizeof(exit));
	return put(w, &exit, sizeof(exit));
}
