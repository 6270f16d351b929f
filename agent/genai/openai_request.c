/* SPDX-License-Identifier: Apache-2.0 */
#include "openai_chat.h"

#include "cleanup.h"
#include "messages.h"

/* The format that was asked for, if any. */
static void read_output_type(struct call *c, struct json_val root)
{
	struct json_val format = json_path(root, "response_format.type");

	if (json_is(format, "json_object") || json_is(format, "json_schema"))
		c->output_type = SLICE("json");
	else if (json_is(format, "text"))
		c->output_type = SLICE("text");
	for (struct json_val i = json_first(json_get(root, "modalities")); i.doc; i = json_next(i))
		if (json_is(i, "audio"))
			c->output_type = SLICE("speech");
		else if (json_is(i, "image"))
			c->output_type = SLICE("image");
}

void openai_request_common(struct call *c, struct json_val root)
{
	static const char *const users[] = { "user", "safety_identifier" };

	call_update(c, &c->request_model, json_get(root, "model"));
	json_bool(json_get(root, "stream"), &c->stream);
	json_bool(json_path(root, "stream_options.include_usage"), &c->usage_asked);
	c->temperature = call_json_f64(json_get(root, "temperature"));
	c->top_p = call_json_f64(json_get(root, "top_p"));
	c->frequency_penalty = call_json_f64(json_get(root, "frequency_penalty"));
	c->presence_penalty = call_json_f64(json_get(root, "presence_penalty"));
	call_update(c, &c->request_service_tier, json_get(root, "service_tier"));
	read_output_type(c, root);
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		call_update(c, &c->user, json_get(root, users[i]));
}

void openai_add_tool(struct call *c, const struct decoder_config *config, struct json_val tool)
{
	struct json_val what = json_get(tool, "function");
	struct tool_definition *t;
	struct part parameters = { 0 };

	if (json_type(what) != JSON_OBJECT)
		what = json_get(tool, "custom");
	if (json_type(what) != JSON_OBJECT)
		what = tool;
	t = messages_add_tool(c, call_json_str(c, json_get(tool, "type")),
			      call_json_str(c, json_get(what, "name")));
	if (!t)
		return;
	if (!t->type.data)
		t->type = SLICE("function");
	/* Built-in tools have no name but their type. */
	if (!t->name.data)
		t->name = t->type;
	if (!config->content)
		return;
	t->description = call_json_str(c, json_get(what, "description"));
	part_set_json(c, &parameters, json_get(what, "parameters"), config->content_max);
	if (parameters.text.len == parameters.len)
		t->parameters = parameters.text;
}

static void add_tool_call(struct call *c, struct message *m, struct json_val tool, size_t max)
{
	struct json_val what = json_get(tool, "function");
	struct json_val arguments = json_get(what, "arguments");
	struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_CALL);

	if (!p)
		return;
	if (json_type(what) != JSON_OBJECT) {
		what = json_get(tool, "custom");
		arguments = json_get(what, "input");
	}
	p->id = call_json_str(c, json_get(tool, "id"));
	p->name = call_json_str(c, json_get(what, "name"));
	if (json_type(arguments) == JSON_OBJECT)
		part_set_json(c, p, arguments, max);
	else
		part_set_arguments_string(c, p, arguments, max);
}

static void add_tool_result(struct call *c, struct message *m, struct json_val from, size_t max)
{
	struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_RESPONSE);

	if (!p)
		return;
	p->id = call_json_str(c, json_get(from, "tool_call_id"));
	p->name = call_json_str(c, json_get(from, "tool_name")); /* Ollama's, which has no ids */
	part_set_json(c, p, json_get(from, "content"), max);
}

void openai_add_message(struct call *c, const struct decoder_config *config, struct json_val from)
{
	size_t max = messages_text_max(config);
	struct json_val role = json_get(from, "role"), thoughts, function;
	struct message *m;

	if (!json_has_text(role))
		return;
	m = message_add(c, &c->input, &c->n_input, call_json_str(c, role));
	if (!m)
		return;
	m->name = call_json_str(c, json_get(from, "name"));
	if (json_is(role, "tool") || json_is(role, "function")) {
		add_tool_result(c, m, from, max);
		message_seal(m);
		return;
	}
	thoughts = json_get(from, "reasoning_content");
	if (json_type(thoughts) != JSON_STRING)
		thoughts = json_get(from, "reasoning");
	if (json_has_text(thoughts))
		part_set_string(c, part_add(c, &m->parts, &m->n_parts, PART_REASONING), thoughts,
				max);
	messages_add_content(c, config, &m->parts, &m->n_parts, json_get(from, "content"));
	if (json_type(json_get(from, "refusal")) == JSON_STRING)
		part_set_string(c, part_add(c, &m->parts, &m->n_parts, PART_TEXT),
				json_get(from, "refusal"), max);
	for (struct json_val i = json_first(json_get(from, "tool_calls")); i.doc; i = json_next(i))
		add_tool_call(c, m, i, max);
	function = json_get(from, "function_call");
	if (json_has_text(json_get(function, "name"))) {
		struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_CALL);

		part_set_arguments_string(c, p, json_get(function, "arguments"), max);
		if (p)
			p->name = call_json_str(c, json_get(function, "name"));
	}
	message_seal(m);
}

/* The legacy API's prompt: a string or several; lists of token numbers say nothing. */
static void add_prompt(struct call *c, const struct decoder_config *config, struct json_val prompt)
{
	for (struct json_val i = json_first(json_type(prompt) == JSON_ARRAY ? prompt : JSON_NONE);
	     i.doc; i = json_next(i))
		if (json_type(i) == JSON_STRING)
			message_add_content(c, config, i);
	if (json_type(prompt) == JSON_STRING)
		message_add_content(c, config, prompt);
}

void openai_chat_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	struct json_val effort = json_get(root, "reasoning_effort");

	openai_request_common(c, root);
	c->max_tokens = call_json_i64(json_get(root, "max_completion_tokens"));
	if (c->max_tokens < 0)
		c->max_tokens = call_json_i64(json_get(root, "max_tokens"));
	c->choice_count = call_json_i64(json_get(root, "n"));
	c->top_k = call_json_i64(json_get(root, "top_k"));
	/* Mistral calls it random_seed. */
	c->has_seed = !json_i64(json_get(root, "seed"), &c->seed) ||
		      !json_i64(json_get(root, "random_seed"), &c->seed);
	call_json_strs(c, json_get(root, "stop"), &c->stop_sequences, &c->n_stop_sequences);
	/* OpenRouter's reasoning object. */
	if (json_type(effort) != JSON_STRING)
		effort = json_path(root, "reasoning.effort");
	call_update(c, &c->reasoning_level, effort);
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		openai_add_tool(c, config, i);
	for (struct json_val i = json_first(json_get(root, "functions")); i.doc; i = json_next(i))
		openai_add_tool(c, config, i);
	for (struct json_val i = json_first(json_get(root, "messages")); i.doc; i = json_next(i))
		openai_add_message(c, config, i);
	add_prompt(c, config, json_get(root, "prompt"));
}
