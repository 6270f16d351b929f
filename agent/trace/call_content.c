/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"

#include "cleanup.h"
#include "content.h"

#include <errno.h>

/* Of one attribute. Collectors take requests of 4 MiB by default: a call's four stay
 * below that even where JSON has to escape them again. */
#define CONTENT_BYTES_MAX (512 * 1024)
#define TASK_BYTES_MAX 160

static const struct {
	const char *key;
	int (*render)(const struct call *c, size_t max, struct buf *to);
} parts[] = {
	{ ATTR_SYSTEM_INSTRUCTIONS, content_system_instructions },
	{ ATTR_INPUT_MESSAGES, content_input_messages },
	{ ATTR_OUTPUT_MESSAGES, content_output_messages },
	{ ATTR_TOOL_DEFINITIONS, content_tool_definitions },
};

void call_content_unset(struct span *s)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		span_unset(s, parts[i].key);
	span_unset(s, ATTR_GENTAP_TASK);
}

static void fill_task(struct span *s, const struct call *c)
{
	_cleanup_(buf_cleanup) struct buf task = BUF_INIT(2 * TASK_BYTES_MAX);
	int r = content_task(c, TASK_BYTES_MAX, &task);

	if (!r)
		span_set_str(s, ATTR_GENTAP_TASK, buf_slice(&task));
	else if (r != -ENODATA)
		s->dropped_attrs++;
}

void call_content_fill(struct span *s, const struct call *c)
{
	/* The conventions have content attributes for these only; a fetched response's
	 * request was made by another call. */
	if (c->op == OP_EMBEDDINGS || c->op == OP_RETRIEVAL || c->op == OP_CREATE_AGENT)
		return;
	if (c->op != OP_FETCH_RESPONSE)
		fill_task(s, c);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		_cleanup_(buf_cleanup) struct buf json = BUF_INIT(CONTENT_BYTES_MAX);
		int r;

		if (c->op == OP_FETCH_RESPONSE && parts[i].render == content_input_messages)
			continue;
		r = parts[i].render(c, CONTENT_BYTES_MAX, &json);
		if (!r)
			span_set_str(s, parts[i].key, buf_slice(&json));
		else if (r != -ENODATA)
			s->dropped_attrs++;
	}
}
