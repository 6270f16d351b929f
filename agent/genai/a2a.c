/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Agent2Agent protocol over HTTP+JSON and over gRPC (version 1.0, and 0.3 of which the paths
 * begin with /v1); its JSON-RPC binding is MCP's (mcp.c). Both are known by what no other API
 * has: a verb behind a colon, the name of the service; a GET of tasks, whose path is anybody's, by
 * the field that tells the protocol's version (section 3.6 of 1.0). Of protobuf only that it was
 * answered is: field numbers differ between versions.
 */
#include "mcp.h"

#include "cleanup.h"
#include "detect.h"
#include "dialect.h"
#include "messages.h"

#define SERVICE SLICE(".A2AService/")

static const struct {
	struct slice verb;
	struct slice method; /* as the other bindings call it */
} verbs[] = {
	{ SLICE("/message:send"), SLICE("SendMessage") },
	{ SLICE("/message:stream"), SLICE("SendStreamingMessage") },
	{ SLICE(":cancel"), SLICE("CancelTask") },
	{ SLICE(":subscribe"), SLICE("SubscribeToTask") },
};

/* What a GET of it is called. */
static struct slice get_of(struct slice path)
{
	ssize_t at = slice_find(path, SLICE("/tasks/"));
	struct slice id = at < 0 ? SLICE_NONE : slice_sub(path, (size_t)at + 7, path.len);

	if (id.len && slice_find_char(id, '/') < 0)
		return SLICE("GetTask");
	if (slice_ends(path, SLICE("/extendedAgentCard")))
		return SLICE("GetExtendedAgentCard");
	return slice_ends(path, SLICE("/tasks")) ? SLICE("ListTasks") : SLICE_NONE;
}

static struct slice method_of(struct slice method, struct slice path, bool *ret_grpc)
{
	ssize_t at = slice_find(path, SERVICE);

	*ret_grpc = at >= 0;
	if (slice_eq_nocase(method, SLICE("GET")))
		return get_of(path);
	if (at >= 0)
		return slice_sub(path, (size_t)at + SERVICE.len, path.len);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (slice_ends(path, verbs[i].verb) &&
		    (verbs[i].verb.data[0] == '/' || slice_find(path, SLICE("/tasks/")) >= 0))
			return verbs[i].method;
	return SLICE_NONE;
}

static enum operation a2a_path(struct slice method, struct slice path, bool *known)
{
	bool grpc;

	*known = slice_eq_nocase(method, SLICE("POST")) && method_of(method, path, &grpc).len;
	return *known ? OP_MCP : OP_NONE;
}

bool a2a_reads(const struct http_head *head)
{
	return slice_eq_nocase(head->method, SLICE("GET")) &&
	       http_head_get(head, SLICE("a2a-version")).len &&
	       get_of(detect_target_path(head->target)).len;
}

/* Made with the first thing that is told of the call. */
static struct mcp *mcp_of(struct call *c)
{
	struct mcp *m = c->mcp ? c->mcp : arena_alloc(&c->arena, sizeof(*m));

	if (!m || c->mcp)
		return m;
	c->mcp = m;
	m->a2a = true;
	m->method = arena_copy(&c->arena, method_of(c->method, c->path, &m->grpc));
	m->rest = !m->grpc;
	m->arguments = (struct part){ .text = SLICE("{}"), .len = 2, .json = true };
	return m;
}

static void a2a_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	struct mcp *m = mcp_of(c);

	(void)config;
	if (m)
		m->context = call_json_str(c, json_path(root, "message.contextId"));
}

/* {"task": …}, {"message": …} and what a stream has; 0.3 without that wrapping. */
static void a2a_response(struct call *c, const struct decoder_config *config, void *state,
			 struct json_val root)
{
	static const char *const wraps[] = { "task", "message", "statusUpdate", "artifactUpdate" };
	struct mcp *m = mcp_of(c);
	struct json_val v = root;

	(void)state;
	if (!m)
		return;
	for (size_t i = 0; i < ARRAY_LEN(wraps); i++)
		if (json_type(json_get(root, wraps[i])) == JSON_OBJECT)
			v = json_get(root, wraps[i]);
	m->progress += m->answered;
	m->answered = true;
	if (!m->context.data)
		m->context = call_json_str(c, json_get(v, "contextId"));
	part_set_json(c, &m->result, v, messages_text_max(config));
}

static void a2a_event(struct call *c, const struct decoder_config *config, void *state,
		      const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct mcp *m = mcp_of(c);

	(void)event;
	(void)ts_ns;
	if (root.doc)
		a2a_response(c, config, state, root);
	else if (m && m->grpc) {
		m->progress += m->answered;
		m->answered = true;
	}
}

static void a2a_message(struct call *c, const struct decoder_config *config, struct slice message)
{
	(void)config;
	(void)message;
	mcp_of(c);
}

static void a2a_finish(struct call *c, const struct decoder_config *config, void *state)
{
	(void)config;
	(void)state;
	mcp_of(c);
}

const struct dialect dialect_a2a = {
	.name = "a2a",
	.op = OP_MCP,
	.path = a2a_path,
	.request = a2a_request,
	.message = a2a_message,
	.response = a2a_response,
	.event = a2a_event,
	.finish = a2a_finish,
};
