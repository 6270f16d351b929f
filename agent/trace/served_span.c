/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP request to a program that asked models to answer it, by the conventions for HTTP
 * servers. Its ids follow from what names it, since its calls leave before it.
 */
#include "buf.h"
#include "call_span.h"
#include "cleanup.h"
#include "ids.h"
#include "redact.h"
#include "tracer_impl.h"

#define ROUTE_MAX 256
#define PATH_MAX_LEN 4096
#define ID_DIGITS_MIN 8 /* of a path's segment that is hexadecimal: an id */
#define MIXED_MIN 20	/* of digits, capitals and small letters */
#define KEY_MIN 32	/* no name of a thing is so long */
#define UUID_LEN 36

void served_place(const struct served *as, const struct process *p, const uint8_t seed[16],
		  uint8_t ret_trace[16], uint8_t ret_span[8])
{
	const uint64_t parts[] = { p ? p->start_ns : 0, p ? p->pid : 0, as->conn_hash, as->exchange,
				   as->start_ns };

	id_derive(seed, ID_SERVED, parts, ARRAY_LEN(parts), ret_span, 8);
	if (as->parent.valid)
		memcpy(ret_trace, as->parent.trace_id, 16);
	else
		id_derive(seed, ID_TRACE, parts, ARRAY_LEN(parts), ret_trace, 16);
}

struct served_trace {
	uint8_t id[16];
	bool own;
};

struct served_key {
	uint64_t conn_hash, exchange, start_ns; /* no padding */
};

static struct served_key key_of(const struct served *as)
{
	return (struct served_key){ as->conn_hash, as->exchange, as->start_ns };
}

void served_join(struct tracer *t, const struct call *c, struct span *s, bool shared)
{
	struct served_trace *trace;
	struct served_key key;
	uint8_t derived[16], id[8];
	bool first;

	if (!c->served || c->served->parent.valid)
		return;
	served_place(c->served, c->process, t->config.seed, derived, id);
	if (memcmp(s->parent_id, id, sizeof(id)))
		return;
	key = key_of(c->served);
	trace = table_get(&t->served, &key, sizeof(key));
	first = !trace;
	if (first)
		trace = malloc(sizeof(*trace));
	if (!trace) {
		t->stats.no_memory++;
		return;
	}
	if (first) {
		memcpy(trace->id, derived, sizeof(trace->id));
		trace->own = !shared || !shared_id_trace(c, trace->id);
	}
	memcpy(s->trace_id, trace->id, sizeof(s->trace_id));
	s->own_trace = !first || trace->own;
	if (!first)
		return;
	if (t->served.count == t->served.max)
		free(table_take_oldest(&t->served));
	if (!table_add(&t->served, &key, sizeof(key), trace))
		return;
	/* The request will not find it. */
	memcpy(s->trace_id, derived, sizeof(derived));
	s->own_trace = true;
	t->stats.no_memory++;
	free(trace);
}

static bool is_secret(struct slice segment)
{
	_cleanup_(buf_cleanup) struct buf shown = BUF_INIT(PATH_MAX_LEN);

	return redact_add(&shown, segment, false) || !slice_eq(buf_slice(&shown), segment);
}

enum segment { SEGMENT_NAME, SEGMENT_ID, SEGMENT_KEY };

/* Numbers, UUIDs, keys and their like name one thing of many. */
static enum segment what_is(struct slice segment)
{
	size_t digits = 0, hex = 0, upper = 0, lower = 0;

	for (size_t i = 0; i < segment.len; i++) {
		char c = segment.data[i];

		digits += c >= '0' && c <= '9';
		upper += c >= 'A' && c <= 'Z';
		lower += c >= 'a' && c <= 'z';
		hex += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
	}
	if (segment.len == UUID_LEN && hex == segment.len)
		return SEGMENT_ID;
	if (segment.len >= KEY_MIN || (segment.len >= MIXED_MIN && digits && upper && lower) ||
	    is_secret(segment))
		return SEGMENT_KEY;
	return digits && (digits == segment.len || (hex == segment.len && hex >= ID_DIGITS_MIN))
		       ? SEGMENT_ID
		       : SEGMENT_NAME;
}

void route_add(struct buf *to, struct slice path)
{
	struct slice rest = path;

	while (rest.data) {
		struct slice segment = slice_cut(&rest, '/');

		buf_add_slice(to, what_is(segment) ? SLICE("{id}") : segment);
		if (rest.data)
			buf_add_char(to, '/');
	}
}

/* Which thing it was about is told, what gives access to it is not. */
static void set_path(struct span *s, struct slice path)
{
	_cleanup_(buf_cleanup) struct buf shown = BUF_INIT(PATH_MAX_LEN);
	struct slice rest = path;

	while (rest.data) {
		struct slice segment = slice_cut(&rest, '/');

		buf_add_slice(&shown,
			      what_is(segment) == SEGMENT_KEY ? SLICE(REDACT_MASK) : segment);
		if (rest.data)
			buf_add_char(&shown, '/');
	}
	if (!shown.error)
		span_set_str(s, "url.path", buf_slice(&shown));
}

static void set_status(struct span *s, const struct served_request *r)
{
	char text[16];

	if (r->status)
		span_set_int(s, "http.response.status_code", r->status);
	if (r->status < 500)
		return;
	s->error = true;
	snprintf(text, sizeof(text), "%d", r->status);
	span_set_str(s, ATTR_ERROR_TYPE, slice_from(text));
}

void tracer_served(struct tracer *t, const struct served_request *r)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(ROUTE_MAX);
	struct span_place place = { .flags = 1, .remote = r->as.parent.valid };
	_cleanup_free_ struct served_trace *trace = NULL;
	struct served_key key;
	struct slice route;
	uint8_t id[8];
	struct span *s;

	served_place(&r->as, r->process, t->config.seed, place.trace_id, id);
	key = key_of(&r->as);
	trace = table_take(&t->served, &key, sizeof(key));
	if (trace)
		memcpy(place.trace_id, trace->id, sizeof(place.trace_id));
	if (r->as.parent.valid) {
		memcpy(place.parent_id, r->as.parent.span_id, sizeof(place.parent_id));
		place.flags |= r->as.parent.flags;
	}
	s = tracer_span_new(t, &place, id, r->process);
	if (!s)
		return;
	buf_add_slice(&name, r->method);
	buf_add_char(&name, ' ');
	route_add(&name, r->path);
	s->kind = SPAN_SERVER;
	s->name = name.error ? SLICE("HTTP") : arena_copy(&s->arena, buf_slice(&name));
	route = name.error ? SLICE_NONE : slice_sub(s->name, r->method.len + 1, s->name.len);
	s->start_ns = r->as.start_ns;
	s->end_ns = MAX(r->end_ns, r->as.start_ns);
	span_set_str(s, "http.request.method", r->method);
	span_set_str(s, "http.route", route);
	set_path(s, r->path);
	span_set_int(s, "gentap.served.calls", (int64_t)r->calls);
	set_status(s, r);
	span_set_str(s, ATTR_GENTAP_COMPLETENESS,
		     r->reason.data ? SLICE("partial") : SLICE("full"));
	span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, r->reason);
	tracer_emit(t, s);
}
