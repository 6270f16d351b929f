/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests and statements to databases as spans under the tool that they were made for, by
 * the conventions for HTTP and database clients.
 */
#include "effect.h"

#include "buf.h"
#include "call_span.h"
#include "cleanup.h"

#define NAME_MAX_LEN 256
#define RUNS_TRIED 64

static bool has_open_tool(const struct tracer *t, uint32_t pid)
{
	void *runs[RUNS_TRIED];
	size_t n = index_find(&t->processes, parent_process_key(pid), runs, RUNS_TRIED);

	for (size_t i = 0; i < MIN(n, (size_t)RUNS_TRIED); i++)
		if (((const struct run *)runs[i])->open_tools)
			return true;
	return false;
}

void tracer_on_acting(struct tracer *t, void (*fn)(void *ctx, uint32_t pid), void *ctx)
{
	t->on_acting = fn;
	t->acting_ctx = ctx;
}

bool tracer_acts(const struct tracer *t, const struct process *p)
{
	if (!p)
		return false;
	if (has_open_tool(t, p->pid))
		return true;
	for (size_t a = 0; a < p->n_ancestors; a++)
		if (has_open_tool(t, p->ancestors[a]))
			return true;
	return !p->n_ancestors && p->ppid && has_open_tool(t, p->ppid);
}

/* What telemetry an application sends is not what its tool does. */
static bool is_telemetry(const struct outbound *o)
{
	return slice_ends(o->path, SLICE("/v1/traces")) ||
	       slice_ends(o->path, SLICE("/v1/metrics")) ||
	       slice_ends(o->path, SLICE("/v1/logs")) ||
	       slice_starts(o->path, SLICE("/opentelemetry.proto.collector."));
}

static void set_http(struct span *s, const struct outbound *o)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(NAME_MAX_LEN);
	char code[16];

	buf_add_slice(&name, o->method);
	buf_add_char(&name, ' ');
	route_add(&name, o->path);
	s->name = name.error ? SLICE("HTTP") : arena_copy(&s->arena, buf_slice(&name));
	span_set_str(s, "http.request.method", o->method);
	if (!name.error)
		span_set_str(s, "url.template", slice_sub(s->name, o->method.len + 1, s->name.len));
	span_set_str(s, "url.scheme", o->secured ? SLICE("https") : SLICE("http"));
	if (!o->status)
		return;
	span_set_int(s, "http.response.status_code", o->status);
	if (o->status < 400)
		return;
	snprintf(code, sizeof(code), "%d", o->status);
	s->error = true;
	span_set_str(s, ATTR_ERROR_TYPE, slice_from(code));
}

/* The summary is what is done, and to which tables. */
static void set_database(struct span *s, const struct outbound *o)
{
	struct slice tables = o->summary, operation = slice_cut(&tables, ' ');

	s->name = o->summary.len ? arena_copy(&s->arena, o->summary) : slice_from(o->system);
	span_set_str(s, "db.system.name", slice_from(o->system));
	span_set_str(s, "db.operation.name", operation);
	if (tables.len && slice_find_char(tables, ' ') < 0)
		span_set_str(s, "db.collection.name", tables);
	span_set_str(s, "db.query.summary", o->summary);
	span_set_str(s, "db.query.text", o->statement);
	if (!o->failed)
		return;
	s->error = true;
	span_set_str(s, "db.response.status_code", o->error);
	span_set_str(s, ATTR_ERROR_TYPE, o->error.len ? o->error : SLICE("_OTHER"));
}

void tracer_outbound(struct tracer *t, const struct outbound *o)
{
	const struct effect_seen seen = { .process = o->process,
					  .start_ns = o->start_ns,
					  .own = true,
					  .text = o->system ? o->statement : o->path,
					  .place = o->server.address };
	struct tool *tool;
	struct span *s;

	if (!o->process || is_telemetry(o))
		return;
	tool = effect_tool(t, &seen);
	s = tool ? effect_span_new(t, tool, (uint64_t[]){ o->conn_hash, o->exchange, o->start_ns })
		 : NULL;
	if (!s)
		return;
	s->start_ns = o->start_ns;
	s->end_ns = MAX(o->end_ns, o->start_ns);
	if (o->system)
		set_database(s, o);
	else
		set_http(s, o);
	span_set_str(s, ATTR_SERVER_ADDRESS, o->server.address);
	if (o->server.port)
		span_set_int(s, ATTR_SERVER_PORT, o->server.port);
	span_set_str(s, ATTR_PEER_ADDRESS, o->server.peer_ip);
	/* That it was made by the process meanwhile is all that is known. */
	span_set_str(s, ATTR_GENTAP_INFERRED, SLICE("tool_window"));
	span_set_str(s, ATTR_GENTAP_COMPLETENESS, o->whole ? SLICE("full") : SLICE("partial"));
	if (!o->whole)
		span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, SLICE("answer_not_seen"));
	tracer_emit(t, s);
}
