/* SPDX-License-Identifier: Apache-2.0 */
#include "mcp.h"

#include "cleanup.h"
#include "dialect.h"
#include "messages.h"
#include "trace_context.h"

static const struct slice methods[] = {
	SLICE("initialize"),	  SLICE("ping"),
	SLICE("tools/"),	  SLICE("resources/"),
	SLICE("prompts/"),	  SLICE("logging/"),
	SLICE("sampling/"),	  SLICE("completion/"),
	SLICE("roots/"),	  SLICE("elicitation/"),
	SLICE("server/discover"), SLICE("subscriptions/"),
};

static const struct slice a2a_methods[] = {
	SLICE("SendMessage"),
	SLICE("SendStreamingMessage"),
	SLICE("GetTask"),
	SLICE("ListTasks"),
	SLICE("CancelTask"),
	SLICE("SubscribeToTask"),
	SLICE("message/send"),
	SLICE("message/stream"),
	SLICE("tasks/get"),
	SLICE("tasks/list"),
	SLICE("tasks/cancel"),
	SLICE("tasks/resubscribe"),
	SLICE("GetExtendedAgentCard"),
};

bool mcp_method_known(struct slice method, bool *ret_a2a)
{
	*ret_a2a = false;
	for (size_t i = 0; i < ARRAY_LEN(a2a_methods); i++)
		if (slice_eq(method, a2a_methods[i])) {
			*ret_a2a = true;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		bool group = slice_ends(methods[i], SLICE("/"));

		if (group ? slice_starts(method, methods[i]) : slice_eq(method, methods[i]))
			return true;
	}
	return false;
}

static enum operation mcp_path(struct slice method, struct slice path, bool *known)
{
	/* Servers choose their path: only the body tells. */
	(void)method;
	(void)path;
	*known = false;
	return OP_NONE;
}

static bool is_request(struct json_val v)
{
	bool a2a;

	return json_is(json_get(v, "jsonrpc"), "2.0") && json_get(v, "id").doc &&
	       mcp_method_known(json_raw(json_get(v, "method")), &a2a);
}

static bool mcp_shape(struct json_val request)
{
	return is_request(request);
}

static bool is_answer(struct json_val v)
{
	return json_is(json_get(v, "jsonrpc"), "2.0") &&
	       (json_get(v, "result").doc || json_get(v, "error").doc ||
		/* What a server says before it answers. */
		slice_starts(json_raw(json_get(v, "method")), SLICE("notifications/")));
}

static bool mcp_response_shape(struct json_val response)
{
	return is_answer(response);
}

static struct slice text_of(struct call *c, struct json_val v)
{
	if (json_type(v) == JSON_NUMBER)
		return arena_copy(&c->arena, json_raw(v));
	return call_json_str(c, v);
}

static void read_meta(struct call *c, struct mcp *m, struct json_val meta)
{
	struct slice parent = call_json_str(c, json_get(meta, "traceparent"));

	trace_parent_parse(parent, &m->parent);
	for (struct json_val i = json_first(meta); i.doc; i = json_next(i))
		if (slice_eq(json_key(i), SLICE("io.modelcontextprotocol/protocolVersion")))
			m->protocol_version = call_json_str(c, i);
}

static void read_params(struct call *c, const struct decoder_config *config, struct mcp *m,
			struct json_val params)
{
	struct slice name = call_json_str(c, json_get(params, "name"));
	struct json_val arguments = json_get(params, "arguments");

	if (slice_eq(m->method, SLICE("tools/call")))
		m->tool = name;
	else if (slice_starts(m->method, SLICE("prompts/")))
		m->prompt = name;
	m->resource = call_json_str(c, json_get(params, "uri"));
	if (m->a2a)
		m->context = call_json_str(c, json_path(params, "message.contextId"));
	m->protocol_version = call_json_str(c, json_get(params, "protocolVersion"));
	read_meta(c, m, json_get(params, "_meta"));
	part_set_json(c, &m->arguments, arguments, messages_text_max(config));
	if (!arguments.doc)
		m->arguments = (struct part){ .text = SLICE("{}"), .len = 2, .json = true };
	m->arguments_ok = !json_cut(params);
}

static void mcp_request(struct call *c, const struct decoder_config *config,
			struct json_val request)
{
	struct mcp *m = arena_alloc(&c->arena, sizeof(*m));

	if (!m)
		return;
	c->mcp = m;
	m->method = call_json_str(c, json_get(request, "method"));
	mcp_method_known(m->method, &m->a2a);
	m->id = text_of(c, json_get(request, "id"));
	read_params(c, config, m, json_get(request, "params"));
	if (!m->protocol_version.data)
		m->protocol_version = c->mcp_protocol;
}

/* The members of a tool's result that say how it went. */
static void read_result(struct call *c, const struct decoder_config *config, struct mcp *m,
			struct json_val result)
{
	struct json_val text = json_get(json_first(json_get(result, "content")), "text");

	json_bool(json_get(result, "isError"), &m->is_error);
	if (!m->protocol_version.data)
		m->protocol_version = call_json_str(c, json_get(result, "protocolVersion"));
	if (m->a2a && !m->context.data)
		m->context = call_json_str(c, json_get(result, "contextId"));
	part_set_json(c, &m->result, json_type(text) == JSON_STRING ? text : result,
		      messages_text_max(config));
}

static void read_message(struct call *c, const struct decoder_config *config, struct json_val v)
{
	struct json_val error = json_get(v, "error");
	struct mcp *m = c->mcp;
	struct slice id;

	if (!m || m->answered)
		return;
	if (json_get(v, "method").doc) {
		m->progress++;
		return;
	}
	id = text_of(c, json_get(v, "id"));
	/* An error that came before the id could be read has none. */
	if (!slice_eq(id, m->id) && !(error.doc && !id.data))
		return;
	m->answered = true;
	m->has_code = !json_i64(json_get(error, "code"), &m->code);
	m->error_message = call_json_str(c, json_get(error, "message"));
	read_result(c, config, m, json_get(v, "result"));
}

static void mcp_response(struct call *c, const struct decoder_config *config, void *state,
			 struct json_val root)
{
	(void)state;
	read_message(c, config, root);
}

static void mcp_event(struct call *c, const struct decoder_config *config, void *state,
		      const struct event *event, struct json_val root, uint64_t ts_ns)
{
	(void)event;
	(void)ts_ns;
	mcp_response(c, config, state, root);
}

static void mcp_finish(struct call *c, const struct decoder_config *config, void *state)
{
	(void)config;
	(void)state;
	/* An answer to what nobody saw asked; and a subscription is no operation: it lasts. */
	if (!c->mcp || !c->mcp->method.len || slice_starts(c->mcp->method, SLICE("subscriptions/")))
		c->op = OP_NONE;
}

static bool mcp_ended(const void *state)
{
	(void)state;
	return true; /* mcp->answered tells */
}

const struct dialect dialect_mcp = {
	.name = "mcp",
	.op = OP_MCP,
	.path = mcp_path,
	.shape = mcp_shape,
	.response_shape = mcp_response_shape,
	.request = mcp_request,
	.response = mcp_response,
	.event = mcp_event,
	.finish = mcp_finish,
	.ended = mcp_ended,
};
