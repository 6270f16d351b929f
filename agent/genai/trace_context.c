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
	/* Not too long, so there was no memory. */
	if (buf_error(&state) && wanted <= TRACE_STATE_MAX)
		c->arena.failed = true;
	buf_release(&state);
}
