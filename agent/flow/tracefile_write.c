/* SPDX-License-Identifier: Apache-2.0 */
#include "tracefile.h"

#include "cleanup.h"
#include "http1.h"
#include "mask.h"
#include "table.h"
#include "tracefile_format.h"

#include <errno.h>

#define PROBE_MAX 8 /* what http1_plausible_head() needs to be sure */
#define PROCESS_JSON_MAX (4 * 1024 * 1024)

struct trace_side {
	uint64_t pos;	 /* of the next byte */
	bool masking;	 /* it began as HTTP/1: `mask` knows where it is */
	size_t head_len; /* bytes of `head` while that is still being found out */
	char head[PROBE_MAX];
	struct mask mask;
};

/* One object in one process; a new generation starts anew. */
struct trace_conn {
	uint64_t gen;
	uint32_t tgid;
	bool http2;
	struct trace_side sides[2];
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
	char payload[GENTAP_CHUNK_MAX]; /* a copy to mask in */
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
	table_init(&w->conns, TRACEFILE_CONNS_MAX);
	put(w, &header, sizeof(header));
	*ret = w;
	return 0;
}

int tracefile_writer_close(struct tracefile_writer *w)
{
	int r;

	if (!w)
		return 0;
	put_frame_head(w, TRACEFILE_END, sizeof(w->end));
	put(w, &w->end, sizeof(w->end));
	r = w->error;
	if (fclose(w->file) && !r)
		r = errno ? -errno : -EIO;
	table_release(&w->conns, free);
	free(w);
	return r;
}

/* ---- Masking ------------------------------------------------------------------------------ */

static struct trace_conn *find_conn(struct tracefile_writer *w, const struct gentap_event *ev)
{
	const struct trace_key key = { .ptr = ev->ptr, .tgid = ev->tgid };
	struct trace_conn *c = table_get(&w->conns, &key, sizeof(key));

	if (c && c->gen == ev->gen)
		return c;
	free(table_take(&w->conns, &key, sizeof(key)));
	if (w->conns.count == w->conns.max)
		free(table_take_oldest(&w->conns));
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->gen = ev->gen;
	c->tgid = ev->tgid;
	if (table_add(&w->conns, &key, sizeof(key), c)) {
		free(c);
		return NULL;
	}
	return c;
}

static void forget_conn(struct tracefile_writer *w, const struct gentap_event *ev)
{
	const struct trace_key key = { .ptr = ev->ptr, .tgid = ev->tgid };

	free(table_take(&w->conns, &key, sizeof(key)));
}

/* Whether the bytes at hand, the first of a call or those that follow, are an HTTP/1 head
 * as far as can be seen; keeps them in mind until that is sure. */
static bool begins_as_http1(struct trace_conn *c, struct trace_side *s, struct slice data)
{
	static const struct slice preface = SLICE("PRI * HT"); /* RFC 9113, section 3.4 */
	size_t taken = MIN(data.len, PROBE_MAX - s->head_len);
	struct slice head;

	memcpy(s->head + s->head_len, data.data, taken);
	s->head_len += taken;
	head = (struct slice){ s->head, s->head_len };
	if (slice_eq(head, preface)) {
		c->http2 = true;
		return false;
	}
	if (!http1_plausible_head(false, head.data, head.len) &&
	    !http1_plausible_head(true, head.data, head.len))
		return false;
	if (s->head_len == PROBE_MAX) {
		s->masking = true;
		s->head_len = 0;
	}
	return true;
}

/* May the payload be written (after masking)? */
static bool may_write(struct trace_conn *c, const struct gentap_event *ev, struct slice data)
{
	struct trace_side *s = &c->sides[ev->dir];
	bool first = ev->flags & GENTAP_F_FIRST, more;

	if (c->http2 || ev->pos < s->pos)
		return false;
	if (ev->pos > s->pos) {
		mask_hole(&s->mask);
		s->head_len = 0;
	}
	s->pos = ev->pos + data.len;
	if (!data.len || s->masking)
		return true;
	more = s->head_len;
	if (!more && !first)
		return false;
	if (!more)
		mask_init(&s->mask);
	if (begins_as_http1(c, s, data))
		return true;
	s->head_len = 0;
	if (!more || !first || c->http2)
		return false;
	mask_init(&s->mask);
	if (begins_as_http1(c, s, data))
		return true;
	s->head_len = 0;
	return false;
}

/* Fills w->payload with what may be written of it and corrects the record's header. */
static void mask_record(struct tracefile_writer *w, struct gentap_event *ev, struct slice data)
{
	struct trace_conn *c = find_conn(w, ev);

	if (!c || !may_write(c, ev, data)) {
		w->end.lost += !c;
		w->end.bare++;
		ev->data_len = 0;
		ev->flags |= GENTAP_F_NOCOPY | GENTAP_F_REDACTED;
		return;
	}
	memcpy(w->payload, data.data, data.len);
	if (mask_bytes(&c->sides[ev->dir].mask, w->payload, data.len))
		ev->flags |= GENTAP_F_REDACTED;
}

/* ---- Frames ------------------------------------------------------------------------------ */

int tracefile_write_record(struct tracefile_writer *w, const void *record, size_t len)
{
	struct gentap_event ev;
	const char *payload = (const char *)record + sizeof(ev);

	if (len < sizeof(ev))
		return -EBADMSG;
	memcpy(&ev, record, sizeof(ev));
	if (ev.data_len > len - sizeof(ev) || ev.data_len > GENTAP_CHUNK_MAX ||
	    ev.dir > GENTAP_READ)
		return -EBADMSG;
	if (ev.type == GENTAP_EV_DATA) {
		mask_record(w, &ev, (struct slice){ payload, ev.data_len });
		payload = w->payload;
	} else if (ev.type == GENTAP_EV_CLOSE) {
		forget_conn(w, &ev);
	}
	w->end.records++;
	put_frame_head(w, TRACEFILE_RECORD, sizeof(ev) + ev.data_len);
	put(w, &ev, sizeof(ev));
	return put(w, payload, ev.data_len);
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

static int is_of_process(void *value, void *arg)
{
	const struct trace_conn *c = value;

	if (c->tgid != *(const uint32_t *)arg)
		return 0;
	free(value);
	return 1;
}

int tracefile_write_exit(struct tracefile_writer *w, uint32_t tgid, uint64_t ts_ns, bool exec)
{
	const struct tracefile_exit exit = { .tgid = tgid, .ts_ns = ts_ns };

	if (!exec)
		table_sweep(&w->conns, is_of_process, &tgid);
	put_frame_head(w, exec ? TRACEFILE_EXEC : TRACEFILE_EXIT, sizeof(exit));
	return put(w, &exit, sizeof(exit));
}
