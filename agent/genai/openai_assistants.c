/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI's Assistants and vector stores (genai.md 4.1): an assistant is an agent that is
 * made once, a run of a thread is its invocation, and a store is searched by itself. A run
 * goes on in the background, is polled or streamed, and stops where it needs results of
 * tools; its tokens are told when it is done, and asked for again as often as one likes:
 * trace/pending.h sees to it that they count once. A step's own tokens are a part of them.
 */
#include "dialect.h"

#include "api_error.h"
#include "cleanup.h"
#include "messages.h"
#include "openai_chat.h"
#include "openai_usage.h"

struct assistants_state {
	struct text text; /* of the run's messages */
	bool tools_asked;
	bool done; /* the stream's last event */
	struct slice incomplete_reason;
};

/* What stands behind a run's id: absent for the run itself. */
static enum operation run_operation(bool post, struct slice path)
{
	ssize_t at = slice_find(path, SLICE("/runs/"));
	struct slice rest = slice_sub(path, (size_t)at + 6, path.len);

	slice_cut(&rest, '/');
	if (!rest.data)
		return post ? OP_NONE : OP_FETCH_RESPONSE; /* a change of its metadata */
	return post && slice_eq(rest, SLICE("submit_tool_outputs")) ? OP_INVOKE_AGENT : OP_NONE;
}

static enum operation assistants_path(struct slice method, struct slice path, bool *known)
{
	bool post = slice_eq_nocase(method, SLICE("POST"));
	bool get = slice_eq_nocase(method, SLICE("GET"));
	struct slice store = slice_segment(path, SLICE("/vector_stores/"));

	*known = true;
	if (slice_find(path, SLICE("/threads/")) >= 0) {
		if (slice_ends(path, SLICE("/runs")))
			return post ? OP_INVOKE_AGENT : OP_NONE;
		if (slice_find(path, SLICE("/runs/")) >= 0 && (post || get))
			return run_operation(post, path);
	}
	if (store.len && slice_ends(path, SLICE("/search")))
		return post ? OP_RETRIEVAL : OP_NONE;
	if (slice_ends(path, SLICE("/assistants")))
		return post ? OP_CREATE_AGENT : OP_NONE;
	*known = false;
	return OP_NONE;
}

static void read_search(struct call *c, const struct decoder_config *config, struct json_val root)
{
	c->data_source_id = arena_copy(&c->arena, slice_segment(c->path, SLICE("/vector_stores/")));
	c->top_k = call_json_i64(json_get(root, "max_num_results"));
	message_add_content(c, config, json_get(root, "query"));
}

static void add_results(struct call *c, const struct decoder_config *config, struct json_val list)
{
	struct message *m =
		json_len(list) ? message_add(c, &c->input, &c->n_input, SLICE("tool")) : NULL;

	for (struct json_val i = json_first(list); m && i.doc; i = json_next(i)) {
		struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_RESPONSE);

		if (!p)
			break;
		p->id = call_json_str(c, json_get(i, "tool_call_id"));
		part_set_string(c, p, json_get(i, "output"), messages_text_max(config));
	}
	if (m)
		message_seal(m);
}

static void assistants_request(struct call *c, const struct decoder_config *config,
			       struct json_val root)
{
	static const char *const lists[] = { "thread.messages", "additional_messages" };

	if (c->op == OP_RETRIEVAL) {
		read_search(c, config, root);
		return;
	}
	c->conversation_id = arena_copy(&c->arena, slice_segment(c->path, SLICE("/threads/")));
	if (slice_eq(c->conversation_id, SLICE("runs"))) /* the thread is made with the run */
		c->conversation_id = SLICE_NONE;
	openai_request_common(c, root);
	c->max_tokens = call_json_i64(json_get(root, "max_completion_tokens"));
	call_update(c, &c->reasoning_level, json_get(root, "reasoning_effort"));
	call_update(c, &c->agent_id, json_get(root, "assistant_id"));
	call_update(c, &c->agent_name, json_get(root, "name"));
	call_update(c, &c->agent_description, json_get(root, "description"));
	messages_add_content(c, config, &c->system, &c->n_system, json_get(root, "instructions"));
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		openai_add_tool(c, config, i);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (struct json_val i = json_first(json_path(root, lists[l])); i.doc;
		     i = json_next(i))
			openai_add_message(c, config, i);
	add_results(c, config, json_get(root, "tool_outputs"));
}

/* Tools of the client's that the run waits for. */
static void read_required(struct call *c, struct assistants_state *st, struct json_val calls,
			  uint64_t ts_ns)
{
	struct message *m;

	if (!json_len(calls) || st->tools_asked)
		return;
	st->tools_asked = true;
	m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));
	for (struct json_val i = json_first(calls); m && i.doc; i = json_next(i)) {
		struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_CALL);

		if (!p)
			break;
		p->id = call_json_str(c, json_get(i, "id"));
		p->name = call_json_str(c, json_path(i, "function.name"));
		part_set_arguments_string(c, p, json_path(i, "function.arguments"),
					  MESSAGES_ARGUMENTS_MAX);
		messages_add_tool_call(c, p, SLICE("function"), ts_ns, json_cut(i));
	}
	if (m)
		message_seal(m);
}

/* The run object: a body, or the data of an event thread.run.*. */
static void read_run(struct call *c, struct assistants_state *st, struct json_val run,
		     uint64_t ts_ns)
{
	struct json_val failed = json_get(run, "last_error");

	call_update(c, &c->response_id, json_get(run, "id"));
	call_update(c, &c->response_model, json_get(run, "model"));
	call_update(c, &c->response_status, json_get(run, "status"));
	call_update(c, &c->agent_id, json_get(run, "assistant_id"));
	call_update(c, &c->conversation_id, json_get(run, "thread_id"));
	call_update(c, &st->incomplete_reason, json_path(run, "incomplete_details.reason"));
	openai_usage_read(&c->usage, json_get(run, "usage"), 0);
	read_required(c, st, json_path(run, "required_action.submit_tool_outputs.tool_calls"),
		      ts_ns);
	if (json_type(failed) == JSON_OBJECT)
		api_error_set(c, failed);
}

static void assistants_response(struct call *c, const struct decoder_config *config, void *state,
				struct json_val root)
{
	(void)config;
	if (c->op == OP_CREATE_AGENT) {
		call_update(c, &c->agent_id, json_get(root, "id"));
		call_update(c, &c->agent_name, json_get(root, "name"));
	} else if (c->op != OP_RETRIEVAL) {
		read_run(c, state, root, 0);
	}
}

static void assistants_event(struct call *c, const struct decoder_config *config, void *state,
			     const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct assistants_state *st = state;

	if (slice_eq(event->type, SLICE("done"))) {
		st->done = true;
	} else if (json_is(json_get(root, "object"), "thread.run")) {
		read_run(c, st, root, ts_ns);
	} else if (json_is(json_get(root, "object"), "thread.message.delta")) {
		for (struct json_val i = json_first(json_path(root, "delta.content")); i.doc;
		     i = json_next(i))
			text_add_json(c, &st->text, json_path(i, "text.value"),
				      messages_text_max(config));
	} else if (slice_eq(event->type, SLICE("error")) && !json_get(root, "error").doc) {
		api_error_set(c, root);
	}
}

static void set_finish(struct call *c, const struct assistants_state *st)
{
	static const struct {
		struct slice status, reason;
	} reasons[] = {
		{ SLICE("completed"), SLICE("stop") },
		{ SLICE("requires_action"), SLICE("tool_calls") },
		{ SLICE("failed"), SLICE("failed") },
		{ SLICE("cancelled"), SLICE("cancelled") },
		{ SLICE("expired"), SLICE("expired") },
		{ SLICE("incomplete"), SLICE("incomplete") },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (slice_eq(c->response_status, reasons[i].status))
			call_set_finish(c, 0,
					st->incomplete_reason.len ? st->incomplete_reason
								  : reasons[i].reason);
	if (slice_eq(c->response_status, SLICE("failed")))
		call_set_error(c, SLICE("_OTHER"), SLICE_NONE);
}

static void assistants_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct assistants_state *st = state;

	(void)config;
	set_finish(c, st);
	message_add_answer(c, &st->text);
}

static bool assistants_ended(const void *state)
{
	const struct assistants_state *st = state;

	return st->done;
}

static bool assistants_response_shape(struct json_val response)
{
	struct json_val object = json_get(response, "object");

	return json_is(object, "assistant") || json_is(object, "thread.run") ||
	       json_is(object, "thread.created") || json_is(object, "thread") ||
	       json_is(object, "vector_store.search_results.page");
}

const struct dialect dialect_openai_assistants = {
	.name = "openai-assistants",
	.provider = "openai",
	.op = OP_INVOKE_AGENT,
	.state_size = sizeof(struct assistants_state),
	.path = assistants_path,
	.response_shape = assistants_response_shape,
	.request = assistants_request,
	.response = assistants_response,
	.event = assistants_event,
	.finish = assistants_finish,
	.ended = assistants_ended,
	.confirm = true, /* threads, runs and assistants are anybody's words */
};
