/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One MCP or A2A exchange as one span, by the MCP conventions (genai.md 1.8). tools/call
 * hangs below the execute_tool that it serves, and tells that one's times and error.
 */
#include "tracer_impl.h"

#include "call_span.h"
#include "cleanup.h"
#include "content.h"
#include "ids.h"
#include "mcp.h"
#include "redact.h"
#include "tool_text.h"

#define CONTENT_BYTES_MAX (256 * 1024)
#define MESSAGE_MAX 4096
#define TOOLS_TRIED 64

/* Clients put the server's name before the tool's: mcp__docs__search, docs_search. */
static bool is_tool(struct slice asked, struct slice called)
{
	char before;

	if (!called.len || !slice_ends(asked, called))
		return false;
	if (asked.len == called.len)
		return true;
	before = asked.data[asked.len - called.len - 1];
	return before == '_' || before == '-' || before == '.' || before == '/' || before == ':';
}

/* The open tool call that it serves: of this process, with this name and these arguments. Of
 * several equal ones of one run any will do, but not the same twice; of several runs none. */
static struct tool *find_tool(struct tracer *t, const struct call *c, bool *ambiguous)
{
	const struct mcp *m = c->mcp;
	uint64_t key = tool_arguments_key(m->arguments.text);
	struct tool *best = NULL;
	void *tools[TOOLS_TRIED];
	size_t n;

	if (!m->tool.len || !m->arguments_ok || m->arguments.text.len < m->arguments.len)
		return NULL;
	n = index_find(&t->texts, key, tools, TOOLS_TRIED);
	for (size_t i = MIN(n, (size_t)TOOLS_TRIED); i; i--) {
		struct tool *tool = tools[i - 1];
		const struct process *p = tool->run->process;
		bool own = p && c->process ? p->pid == c->process->pid : p == c->process;

		if (!own || tool->exact_end_ns || c->start_ns < tool->start_ns ||
		    (tool->closed && c->start_ns > tool->end_ns) ||
		    !is_tool(slice_from(tool->name), m->tool))
			continue;
		if (best && best->run != tool->run) {
			*ambiguous = true;
			return NULL;
		}
		if (!best)
			best = tool;
	}
	return n > TOOLS_TRIED ? NULL : best;
}

static void set_name(struct span *s, const struct mcp *m)
{
	struct slice what = m->tool.len ? m->tool : m->prompt;
	char *text = arena_alloc(&s->arena, m->method.len + 1 + what.len);

	s->name = SLICE("mcp");
	if (!text)
		return;
	memcpy(text, m->method.data, m->method.len);
	text[m->method.len] = ' ';
	if (what.len)
		memcpy(text + m->method.len + 1, what.data, what.len);
	s->name = (struct slice){ text, m->method.len + (what.len ? 1 + what.len : 0) };
}

static void set_status(struct span *s, const struct call *c)
{
	_cleanup_(buf_cleanup) struct buf message = BUF_INIT(MESSAGE_MAX);
	const struct mcp *m = c->mcp;
	char code[24];

	if (m->has_code) {
		snprintf(code, sizeof(code), "%lld", (long long)m->code);
		span_set_str(s, ATTR_ERROR_TYPE, slice_from(code));
		span_set_str(s, "rpc.response.status_code", slice_from(code));
	} else if (m->is_error) {
		span_set_str(s, ATTR_ERROR_TYPE, SLICE("tool_error"));
	} else if (c->error_type.data) {
		span_set_str(s, ATTR_ERROR_TYPE, c->error_type);
	} else if (c->status >= 400) {
		snprintf(code, sizeof(code), "%d", c->status);
		span_set_str(s, ATTR_ERROR_TYPE, slice_from(code));
	} else if (!m->answered && c->completeness == COMPLETENESS_FULL) {
		span_set_str(s, ATTR_ERROR_TYPE, SLICE("cancelled"));
	} else {
		return;
	}
	s->error = true;
	if (!m->error_message.len)
		return;
	redact_add(&message, slice_sub(m->error_message, 0, MESSAGE_MAX / 2),
		   m->error_message.len > MESSAGE_MAX / 2);
	s->status_message = arena_copy(&s->arena, buf_slice(&message));
}

static void set_content(struct span *s, const char *key, const struct part *p)
{
	_cleanup_(buf_cleanup) struct buf json = BUF_INIT(CONTENT_BYTES_MAX);
	const struct tool_call as = { .arguments = p->text, .truncated = p->text.len < p->len };

	if (!content_tool_arguments(&as, CONTENT_BYTES_MAX, &json))
		span_set_str(s, key, buf_slice(&json));
}

/* What came by no HTTP came over standard streams. */
static bool is_stdio(const struct call *c)
{
	return !c->http_version && !c->method.len;
}

static void set_network(struct span *s, const struct call *c)
{
	if (is_stdio(c)) {
		span_set_str(s, "network.transport", SLICE("pipe"));
		return;
	}
	span_set_str(s, "network.transport", SLICE("tcp"));
	span_set_str(s, "network.protocol.name", SLICE("http"));
	if (c->http_version)
		span_set_str(s, "network.protocol.version",
			     c->http_version == 20   ? SLICE("2")
			     : c->http_version == 10 ? SLICE("1.0")
						     : SLICE("1.1"));
	if (c->server_side || !c->server.address.data)
		return;
	span_set_str(s, ATTR_SERVER_ADDRESS, c->server.address);
	if (c->server.port)
		span_set_int(s, ATTR_SERVER_PORT, c->server.port);
}

static void set_mcp(struct span *s, const struct call *c, bool content)
{
	const struct mcp *m = c->mcp;

	if (m->a2a) {
		if (!m->rest)
			span_set_str(s, "rpc.system.name",
				     m->grpc ? SLICE("grpc") : SLICE("jsonrpc"));
		span_set_str(s, "rpc.method", m->method);
		span_set_str(s, ATTR_CONVERSATION_ID, m->context);
	} else {
		span_set_str(s, "mcp.method.name", m->method);
		span_set_str(s, "mcp.session.id", c->mcp_session);
		span_set_str(s, "mcp.protocol.version", m->protocol_version);
		span_set_str(s, "mcp.resource.uri", m->resource);
	}
	span_set_str(s, "jsonrpc.request.id", m->id);
	if (slice_eq(m->method, SLICE("tools/call")))
		span_set_str(s, ATTR_OPERATION_NAME, SLICE("execute_tool"));
	span_set_str(s, ATTR_TOOL_NAME, m->tool);
	span_set_str(s, "gen_ai.prompt.name", m->prompt);
	set_network(s, c);
	if (m->progress)
		span_set_int(s, "gentap.mcp.progress", (int64_t)m->progress);
	if (content && m->tool.len) {
		set_content(s, ATTR_TOOL_CALL_ARGUMENTS, &m->arguments);
		set_content(s, ATTR_TOOL_CALL_RESULT, &m->result);
	}
	span_set_str(s, ATTR_GENTAP_COMPLETENESS,
		     c->completeness == COMPLETENESS_FULL ? SLICE("full") : SLICE("partial"));
	span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, slice_from(c->partial_reason));
	span_set_str(s, ATTR_GENTAP_CAPTURE_SOURCE, slice_from(call_span_source(c->source)));
}

static struct span *mcp_span_new(struct tracer *t, const struct call *c, enum span_kind kind)
{
	struct span *s = NULL;

	if (span_new(&s)) {
		t->stats.no_memory++;
		return NULL;
	}
	call_span_place(s, c, t->config.seed);
	s->kind = kind;
	s->process = process_ref(kind == SPAN_SERVER && !c->server_side ? c->server_process
									: c->process);
	s->start_ns = c->start_ns;
	s->end_ns = MAX(c->end_ns, c->start_ns);
	set_name(s, c->mcp);
	set_mcp(s, c, t->config.content);
	set_status(s, c);
	return s;
}

/* Of a call over standard streams both ends are known: the server has its span too, below
 * the client's. Over HTTP it is the server's own exchange that tells (flow/twins.h). */
static void emit_server(struct tracer *t, const struct call *c, const struct span *client,
			const struct tool *tool)
{
	struct span *s = mcp_span_new(t, c, SPAN_SERVER);

	if (!s)
		return;
	memcpy(s->trace_id, client->trace_id, sizeof(s->trace_id));
	memcpy(s->parent_id, client->span_id, sizeof(s->parent_id));
	id_derive(t->config.seed, ID_SPAN,
		  (uint64_t[]){ c->conn_hash, c->exchange, c->start_ns, SPAN_SERVER }, 4,
		  s->span_id, sizeof(s->span_id));
	s->parent_remote = true;
	s->trace_flags = client->trace_flags;
	if (tool)
		tracer_set_run(s, tool->run);
	tracer_emit(t, s);
}

void mcp_call(struct tracer *t, struct call *c)
{
	struct tool *tool = NULL;
	bool ambiguous = false;
	struct span *s;

	if (!c->mcp) {
		t->stats.no_memory++;
		return;
	}
	if (c->mcp->parent.valid)
		c->parent = c->mcp->parent;
	s = mcp_span_new(t, c, c->server_side ? SPAN_SERVER : SPAN_CLIENT);
	if (!s)
		return;
	if (!c->server_side)
		tool = find_tool(t, c, &ambiguous);
	if (tool) {
		if (!c->parent.valid) {
			memcpy(s->trace_id, tool->run->place.trace_id, sizeof(s->trace_id));
			memcpy(s->parent_id, tool->id, sizeof(s->parent_id));
			s->parent_remote = false;
		}
		tool->used = true;
		tool->exact_start_ns = s->start_ns;
		tool->exact_end_ns = s->end_ns;
		tool->failed |= s->error;
		tracer_set_run(s, tool->run);
	}
	if (ambiguous) {
		t->stats.ambiguous++;
		span_set_bool(s, ATTR_GENTAP_AMBIGUOUS, true);
	}
	if (is_stdio(c) && !c->server_side && c->server_process)
		emit_server(t, c, s, tool);
	tracer_emit(t, s);
}
