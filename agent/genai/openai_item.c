/* SPDX-License-Identifier: Apache-2.0 */
/* Items and requests of the Responses API (genai.md 4.3). */
#include "openai_responses.h"

#include "cleanup.h"
#include "messages.h"
#include "openai_chat.h"

/* First match wins; the last row takes what no other does. */
static const struct item_kind kinds[] = {
	{ SLICE("message"), false, PART_TEXT, "content", SLICE("") },
	{ SLICE("reasoning"), false, PART_REASONING, "summary", SLICE("") },
	{ SLICE("function_call"), false, PART_TOOL_CALL, "arguments", SLICE("") },
	{ SLICE("custom_tool_call"), false, PART_TOOL_CALL, "input", SLICE("") },
	{ SLICE("local_shell_call"), false, PART_TOOL_CALL, "action", SLICE("local_shell") },
	{ SLICE("shell_call"), false, PART_TOOL_CALL, "action", SLICE("shell") },
	{ SLICE("computer_call"), false, PART_TOOL_CALL, "action", SLICE("computer") },
	{ SLICE("apply_patch_call"), false, PART_TOOL_CALL, "operation", SLICE("apply_patch") },
	{ SLICE("mcp_call"), false, PART_SERVER_TOOL_CALL, "arguments", SLICE("") },
	{ SLICE("web_search_call"), false, PART_SERVER_TOOL_CALL, "action", SLICE("web_search") },
	{ SLICE("file_search_call"), false, PART_SERVER_TOOL_CALL, "queries",
	  SLICE("file_search") },
	{ SLICE("code_interpreter_call"), false, PART_SERVER_TOOL_CALL, "code",
	  SLICE("code_interpreter") },
	{ SLICE("image_generation_call"), false, PART_SERVER_TOOL_CALL, "",
	  SLICE("image_generation") },
	{ SLICE("_call"), true, PART_SERVER_TOOL_CALL, "arguments", SLICE("") },
	{ SLICE("_call_output"), true, PART_TOOL_RESPONSE, "output", SLICE("") },
	{ SLICE("compaction"), false, PART_COMPACTION, "", SLICE("") },
	{ SLICE(""), true, PART_OTHER, "", SLICE("") },
};

const struct item_kind *item_kind(struct json_val item)
{
	struct slice type = json_raw(json_get(item, "type"));
	const struct item_kind *kind = kinds;

	/* {"role", "content"} alone is a message too. */
	if (!type.data && json_get(item, "role").doc)
		return kind;
	while (kind->suffix ? !slice_ends(type, kind->type) : !slice_eq(type, kind->type))
		kind++;
	return kind;
}

struct slice item_tool_name(struct call *c, const struct item_kind *kind, struct json_val item)
{
	struct slice name = call_json_str(c, json_get(item, "name"));

	if (!name.len)
		name = kind->name;
	/* A function without its name was cut off; its type is not the name. */
	if (!name.len && (kind->part == PART_TOOL_CALL || json_cut(item)))
		return SLICE_NONE;
	return name.len ? name : call_json_str(c, json_get(item, "type"));
}

static void add_reasoning(struct call *c, struct part *p, struct json_val item, size_t max)
{
	static const char *const lists[] = { "summary", "content" };
	struct text text = { 0 };

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (struct json_val i = json_first(json_get(item, lists[l])); i.doc;
		     i = json_next(i))
			text_add_json(c, &text, json_get(i, "text"), max);
	part_set_text(p, &text);
}

void item_add_parts(struct call *c, const struct decoder_config *config, struct part **list,
		    size_t *count, struct json_val item, size_t arguments_max)
{
	const struct item_kind *kind = item_kind(item);
	size_t max = messages_text_max(config);
	struct json_val text = json_get(item, kind->text), id = json_get(item, "call_id");
	struct part *p;

	if (kind->part == PART_TEXT) {
		messages_add_content(c, config, list, count, text);
		return;
	}
	p = part_add(c, list, count, kind->part);
	if (!p)
		return;
	/* Client tools are answered by call_id; the item's own id names only server tools. */
	if (json_type(id) != JSON_STRING && kind->part != PART_TOOL_CALL)
		id = json_get(item, "id");
	switch (kind->part) {
	case PART_REASONING:
		add_reasoning(c, p, item, max);
		break;
	case PART_TOOL_CALL:
	case PART_SERVER_TOOL_CALL:
		p->id = call_json_str(c, id);
		p->name = item_tool_name(c, kind, item);
		if (json_type(text) == JSON_STRING)
			part_set_arguments_string(c, p, text, arguments_max);
		else
			part_set_json(c, p, text, arguments_max);
		break;
	case PART_TOOL_RESPONSE:
		p->id = call_json_str(c, id);
		part_set_json(c, p, text, max);
		break;
	case PART_COMPACTION:
		p->id = call_json_str(c, json_get(item, "id"));
		c->compacted = true;
		break;
	default:
		p->name = call_json_str(c, json_get(item, "type"));
		p->hash = json_hash(SLICE_HASH, item);
	}
}

/* Items of the model that follow each other are one message, as the answer that they
 * were once is one message. */
void openai_add_item(struct call *c, const struct decoder_config *config, struct json_val item)
{
	static const struct slice assistant = SLICE("assistant"), tool = SLICE("tool");
	const struct item_kind *kind = item_kind(item);
	struct message *m = c->n_input ? &c->input[c->n_input - 1] : NULL;
	struct slice role = assistant;

	if (kind->part == PART_TEXT)
		role = call_json_str(c, json_get(item, "role"));
	else if (kind->part == PART_TOOL_RESPONSE)
		role = tool;
	else if (kind->part == PART_OTHER && json_get(item, "role").doc)
		role = call_json_str(c, json_get(item, "role")); /* tools that come midway */
	else if (kind->part == PART_OTHER &&
		 slice_eq(json_raw(json_get(item, "execution")), SLICE("client")) &&
		 slice_ends(json_raw(json_get(item, "type")), SLICE("_output")))
		role = tool;
	if (!m || !slice_eq(role, assistant) || !slice_eq(m->role, assistant))
		m = message_add(c, &c->input, &c->n_input, role);
	if (!m)
		return;
	item_add_parts(c, config, &m->parts, &m->n_parts, item, messages_text_max(config));
	message_seal(m);
}

static void add_input(struct call *c, const struct decoder_config *config, struct json_val input)
{
	for (struct json_val i = json_first(input); i.doc; i = json_next(i))
		openai_add_item(c, config, i);
	if (json_type(input) == JSON_STRING)
		message_add_content(c, config, input);
}

void openai_responses_request(struct call *c, const struct decoder_config *config,
			      struct json_val root)
{
	struct json_val conversation = json_get(root, "conversation");
	struct json_val format = json_path(root, "text.format.type");

	openai_request_common(c, root);
	c->max_tokens = call_json_i64(json_get(root, "max_output_tokens"));
	call_update(c, &c->reasoning_level, json_path(root, "reasoning.effort"));
	call_update(c, &c->previous_response_id, json_get(root, "previous_response_id"));
	if (json_type(conversation) == JSON_OBJECT)
		conversation = json_get(conversation, "id");
	call_update(c, &c->conversation_id, conversation);
	json_bool(json_get(root, "background"), &c->background);
	if (json_is(format, "json_object") || json_is(format, "json_schema"))
		c->output_type = SLICE("json");
	else if (json_is(format, "text"))
		c->output_type = SLICE("text");
	messages_add_content(c, config, &c->system, &c->n_system, json_get(root, "instructions"));
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		openai_add_tool(c, config, i);
	add_input(c, config, json_get(root, "input"));
}
