/* SPDX-License-Identifier: Apache-2.0 */
#include "h2_head.h"

#include "cleanup.h"

void h2_head_init(struct h2_head *b)
{
	buf_init(&b->text, HTTP_HEAD_MAX);
	b->n = 0;
	b->refused = false;
}

void h2_head_release(struct h2_head *b)
{
	buf_release(&b->text);
}

void h2_head_add(void *ctx, struct slice name, struct slice value)
{
	struct h2_head *b = ctx;

	if (b->refused)
		return;
	buf_add_slice(&b->text, name);
	buf_add_slice(&b->text, value);
	if (b->n == HTTP_FIELDS_MAX || buf_error(&b->text)) {
		b->refused = true;
		return;
	}
	b->lens[b->n].name_len = (uint32_t)name.len;
	b->lens[b->n++].value_len = (uint32_t)value.len;
}

/* 200 to 599 in three digits, or 0. */
static int parse_status(struct slice s)
{
	uint64_t status;

	return s.len == 3 && slice_u64(s, &status) == 0 ? (int)status : 0;
}

/* True when the field was a pseudo field and has its place in the head. */
static bool set_pseudo(struct http_head *head, const struct http_field *f)
{
	const struct {
		struct slice name;
		struct slice *to;
	} known[] = {
		{ SLICE(":method"), &head->method },
		{ SLICE(":path"), &head->target },
		{ SLICE(":scheme"), &head->scheme },
		{ SLICE(":authority"), &head->authority },
	};

	if (slice_eq(f->name, SLICE(":status"))) {
		head->response = true;
		head->status = parse_status(f->value);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!slice_eq(f->name, known[i].name))
			continue;
		if (!known[i].to->data)
			*known[i].to = f->value;
		return true;
	}
	return false;
}

size_t h2_head_fields(const struct h2_head *b, struct http_field *ret)
{
	const char *at = buf_slice(&b->text).data;

	for (size_t i = 0; i < b->n; i++) {
		ret[i].name = (struct slice){ at, b->lens[i].name_len };
		at += ret[i].name.len;
		ret[i].value = (struct slice){ at, b->lens[i].value_len };
		at += ret[i].value.len;
	}
	return b->n;
}

struct http_head h2_head_finish(struct h2_head *b)
{
	struct http_head head = { .version = 20, .fields = b->fields };

	h2_head_fields(b, b->fields);
	for (size_t i = 0; i < b->n; i++) {
		const struct http_field f = b->fields[i];

		if (!set_pseudo(&head, &f))
			b->fields[head.n_fields++] = f;
	}
	for (size_t i = 0; i < head.n_fields && !head.authority.data; i++)
		if (slice_eq(b->fields[i].name, SLICE("host")))
			head.authority = b->fields[i].value;
	return head;
}

bool h2_head_is_request(const struct http_head *head)
{
	return head->method.data || head->target.data || head->scheme.data;
}
