/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_context.h"

#include "buf.h"
#include "http.h"

#define TRACEPARENT_LEN 55 /* of version 00: 2-32-16-2 hex digits and three dashes */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `len` bytes from twice as many lower-case digits. */
static bool hex_bytes(const char *from, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(from[2 * i]), low = hex_digit(from[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	while (len)
		if (bytes[--len])
			return false;
	return true;
}

bool trace_parent_parse(struct slice value, struct trace_parent *ret)
{
	struct trace_parent p = { .valid = true };
	uint8_t version;

	value = slice_trim(value);
	if (value.len < TRACEPARENT_LEN || !hex_bytes(value.data, &version, 1) || version == 0xff)
		return false;
	if (value.len > TRACEPARENT_LEN && (!version || value.data[TRACEPARENT_LEN] != '-'))
		return false;
	if (value.data[2] != '-' || value.data[35] != '-' || value.data[52] != '-')
		return false;
	if (!hex_bytes(value.data + 3, p.trace_id, sizeof(p.trace_id)) ||
	    !hex_bytes(value.data + 36, p.span_id, sizeof(p.span_id)) ||
	    !hex_bytes(value.data + 53, &p.flags, 1))
		return false;
	if (all_zero(p.trace_id, sizeof(p.trace_id)) || all_zero(p.span_id, sizeof(p.span_id)))
		return false;
	*ret = p;
	return true;
}

bool trace_b3_parse(struct slice trace_id, struct slice span_id, struct trace_parent *ret)
{
	struct trace_parent p = { .valid = true };

	trace_id = slice_trim(trace_id);
	span_id = slice_trim(span_id);
	if ((trace_id.len != 16 && trace_id.len != 32) || span_id.len != 16 ||
	    !hex_bytes(trace_id.data, p.trace_id + 16 - trace_id.len / 2, trace_id.len / 2) ||
	    !hex_bytes(span_id.data, p.span_id, sizeof(p.span_id)))
		return false;
	if (all_zero(p.trace_id, sizeof(p.trace_id)) || all_zero(p.span_id, sizeof(p.span_id)))
		return false;
	*ret = p;
	return true;
}

/* TRACE-SPAN[-SAMPLED[-PARENT]]; sampled is "1", or "d" for debug. */
bool trace_b3_single_parse(struct slice value, struct trace_parent *ret)
{
	struct slice rest = slice_trim(value), trace_id = slice_cut(&rest, '-');
	struct slice span_id = slice_cut(&rest, '-'), sampled = slice_cut(&rest, '-');

	if (!trace_b3_parse(trace_id, span_id, ret))
		return false;
	ret->flags = slice_eq(sampled, SLICE("1")) || slice_eq(sampled, SLICE("d"));
	return true;
}

/* TRACE/SPAN[;o=1], the span in decimal. */
bool trace_cloud_parse(struct slice value, struct trace_parent *ret)
{
	struct slice options = slice_trim(value), rest = slice_cut(&options, ';');
	struct slice trace_id = slice_cut(&rest, '/');
	struct trace_parent p = { .valid = true, .flags = slice_eq(options, SLICE("o=1")) };
	uint64_t span;

	if (trace_id.len != 32 || !hex_bytes(trace_id.data, p.trace_id, sizeof(p.trace_id)) ||
	    slice_u64(rest, &span) || !span || all_zero(p.trace_id, sizeof(p.trace_id)))
		return false;
	for (size_t i = sizeof(p.span_id); i; span >>= 8)
		p.span_id[--i] = (uint8_t)span;
	*ret = p;
	return true;
}

/* TRACE-SPAN[-SAMPLED] */
bool trace_sentry_parse(struct slice value, struct trace_parent *ret)
{
	return slice_trim(value).len >= 49 && slice_trim(value).data[32] == '-' &&
	       trace_b3_single_parse(value, ret);
}

/* Of a request without a traceparent: the first of these that is valid. */
static void read_older(struct call *c, const struct http_head *head)
{
	struct slice b3 = http_head_get(head, SLICE("b3"));
	struct slice cloud = http_head_get(head, SLICE("x-cloud-trace-context"));
	struct slice sentry = http_head_get(head, SLICE("sentry-trace"));
	struct slice trace_id = http_head_get(head, SLICE("x-b3-traceid"));
	struct slice sampled = http_head_get(head, SLICE("x-b3-sampled"));

	if (trace_b3_single_parse(b3, &c->parent))
		return;
	if (trace_b3_parse(trace_id, http_head_get(head, SLICE("x-b3-spanid")), &c->parent)) {
		c->parent.flags = slice_eq(slice_trim(sampled), SLICE("1"));
		return;
	}
	if (!trace_cloud_parse(cloud, &c->parent))
		trace_sentry_parse(sentry, &c->parent);
}

void trace_context_read(struct call *c, const struct http_head *head)
{
	struct buf state = BUF_INIT(TRACE_STATE_MAX);
	struct trace_parent parent = { 0 };
	size_t parents = 0, wanted = 0;

	for (size_t i = 0; i < head->n_fields; i++) {
		const struct http_field *f = &head->fields[i];

		if (slice_eq_nocase(f->name, SLICE("traceparent"))) {
			parents++;
			trace_parent_parse(f->value, &parent);
		} else if (slice_eq_nocase(f->name, SLICE("tracestate"))) {
			/* A field sent in several lines is one list. */
			if (state.len)
				buf_add_char(&state, ',');
			buf_add_slice(&state, slice_trim(f->value));
			wanted += f->value.len + 1;
		}
	}
	if (parents == 1 && parent.valid) {
		c->parent = parent;
		if (state.len && !buf_error(&state))
			c->trace_state = arena_copy(&c->arena, buf_slice(&state));
	}
	if (!parents)
		read_older(c, head);
	/* Not too long, so there was no memory. */
	if (buf_error(&state) && wanted <= TRACE_STATE_MAX)
		c->arena.failed = true;
	buf_release(&state);
}
