/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk.h"

#include "cleanup.h"
#include "tracer_impl.h"

#include <errno.h>
#include <string.h>

enum named { NAMED_TRACE = 1, NAMED_RESPONSE };

/* Of a process: what one of its calls has named. No padding. */
struct call_key {
	uint64_t pid, start_ns, kind, a, b;
};

struct process_key {
	uint64_t pid, start_ns;
};

/* Tables of marks: the value is a set of bits. */
#define PROCESS_BY_RESPONSE 256u /* beside enum sdk_kind: those of its traces */

void sdk_init(struct sdk *s)
{
	*s = (struct sdk){ 0 };
	table_init(&s->calls, SDK_CALLS_MAX);
	table_init(&s->traces, SDK_TRACES_MAX);
	table_init(&s->processes, SDK_PROCESSES_MAX);
}

void sdk_release(struct sdk *s)
{
	table_release(&s->calls, NULL);
	table_release(&s->traces, NULL);
	table_release(&s->processes, NULL);
}

static unsigned int marks(const struct table *t, const void *key, size_t len)
{
	return (unsigned int)(uintptr_t)table_get(t, key, len);
}

/* Without memory they are as if not seen. */
static void add_marks(struct table *t, const void *key, size_t len, unsigned int bits)
{
	unsigned int old = marks(t, key, len);

	if (old == (old | bits)) {
		table_touch(t, key, len);
		return;
	}
	table_take(t, key, len);
	if (t->count == t->max)
		table_take_oldest(t);
	table_add(t, key, len, (void *)(uintptr_t)(old | bits));
}

static struct call_key key_of(const struct process *p, enum named kind)
{
	return (struct call_key){ p ? p->pid : 0, p ? p->start_ns : 0, kind, 0, 0 };
}

static struct call_key trace_key(const struct process *p, const uint8_t trace_id[16])
{
	struct call_key k = key_of(p, NAMED_TRACE);

	memcpy(&k.a, trace_id, 8);
	memcpy(&k.b, trace_id + 8, 8);
	return k;
}

static struct call_key response_key(const struct process *p, struct slice id)
{
	struct call_key k = key_of(p, NAMED_RESPONSE);

	k.a = slice_hash(SLICE_HASH, id);
	k.b = id.len;
	return k;
}

void sdk_exported(struct sdk *s, const struct process *p, const struct sdk_span *span)
{
	const struct process_key by = { p ? p->pid : 0, p ? p->start_ns : 0 };
	const struct call_key trace = trace_key(p, span->trace_id);
	const struct call_key response = response_key(p, span->response_id);
	bool by_trace = marks(&s->calls, &trace, sizeof(trace));
	bool by_response = span->response_id.len && marks(&s->calls, &response, sizeof(response));

	s->spans++;
	s->matched += by_trace || by_response;
	add_marks(&s->traces, span->trace_id, sizeof(span->trace_id), span->kind);
	if (by_trace)
		add_marks(&s->processes, &by, sizeof(by), span->kind);
	else if (by_response)
		add_marks(&s->processes, &by, sizeof(by), PROCESS_BY_RESPONSE);
}

static void mark_call(struct sdk *s, const struct call *c, struct span *span)
{
	const struct process *p = c->process;
	const struct process_key by = { p ? p->pid : 0, p ? p->start_ns : 0 };
	const struct call_key trace = trace_key(p, c->parent.trace_id);
	const struct call_key response = response_key(p, c->response_id);
	unsigned int exports = marks(&s->processes, &by, sizeof(by));
	unsigned int kinds = exports & ~PROCESS_BY_RESPONSE;

	if (c->server_side)
		return;
	if (c->parent.valid)
		add_marks(&s->calls, &trace, sizeof(trace), 1);
	if (c->response_id.len)
		add_marks(&s->calls, &response, sizeof(response), 1);
	if (kinds && c->parent.valid && c->parent.flags & 1)
		add_marks(&s->traces, c->parent.trace_id, sizeof(c->parent.trace_id), kinds);
	if (marks(&s->traces, span->trace_id, sizeof(span->trace_id)) & SDK_CALL)
		span_set_str(span, ATTR_GENTAP_DUPLICATE, SLICE("sdk_trace"));
	else if (exports & PROCESS_BY_RESPONSE && !c->parent.valid)
		span_set_str(span, ATTR_GENTAP_DUPLICATE, SLICE("sdk_process"));
}

void sdk_mark(struct sdk *s, struct span *span)
{
	static const struct {
		struct slice operation;
		enum sdk_kind kind;
	} rows[] = {
		{ SLICE("execute_tool"), SDK_TOOL },
		{ SLICE("invoke_agent"), SDK_AGENT },
	};
	const struct attr *a;

	if (span->call)
		mark_call(s, span->call, span);
	if (span->call || !s->traces.count)
		return;
	a = span_attr(span, ATTR_OPERATION_NAME);
	for (size_t i = 0; a && i < ARRAY_LEN(rows); i++)
		if (slice_eq(a->string, rows[i].operation) &&
		    marks(&s->traces, span->trace_id, sizeof(span->trace_id)) & rows[i].kind)
			span_set_str(span, ATTR_GENTAP_DUPLICATE, SLICE("sdk_trace"));
}

void tracer_sdk_span(struct tracer *t, const struct process *p, const struct sdk_span *span)
{
	sdk_exported(&t->sdk, p, span);
}
