/* SPDX-License-Identifier: Apache-2.0 */
/* The request side of generateContent and Live's setup; a part of gemini.h. */
#include "gemini.h"

#include "cleanup.h"

/* The conventions' words for Google's. */
static struct slice role_word(struct call *c, struct json_val role)
{
	if (json_is(role, "model"))
		return SLICE("assistant");
	if (json_is(role, "function"))
		return SLICE("tool");
	return json_has_text(role) ? call_json_str(c, role) : SLICE("user");
}

/* Contents of the model that follow each other are the pieces of one streamed answer. */
void gemini_add_content(struct call *c, const struct decoder_config *config,
			struct json_val content)
{
	struct message *m = c->n_input ? &c->input[c->n_input - 1] : NULL;
	struct json_val parts = json_get(content, "parts");
	struct gemini_parts to = { 0 };
	struct slice role;

	if (json_type(content) == JSON_STRING) {
		m = message_add(c, &c->input, &c->n_input, SLICE("user"));
		if (m)
			part_set_string(c, part_add(c, &m->parts, &m->n_parts, PART_TEXT), content,
					messages_text_max(config));
		if (m)
			message_seal(m);
		return;
	}
	if (json_type(content) != JSON_OBJECT)
		return;
	role = role_word(c, json_get(content, "role"));
	if (!m || !slice_eq(role, SLICE("assistant")) || !slice_eq(m->role, role)) {
		m = message_add(c, &c->input, &c->n_input, role);
		if (!m)
			return;
	}
	to.list = m->parts;
	to.count = m->n_parts;
	if (to.count && to.list[to.count - 1].type == PART_TEXT) {
		struct part *last = &to.list[to.count - 1];

		/* Goes on where the last piece ended. */
		to.text = (struct text){ (char *)last->text.data,
					 last->text.len,
					 last->text.len,
					 last->len,
					 last->hash,
					 true };
		to.text_type = PART_TEXT;
	}
	if (json_type(parts) == JSON_OBJECT)
		gemini_add_part(c, config, &to, parts, false, 0);
	else
		for (struct json_val i = json_first(parts); i.doc; i = json_next(i))
			gemini_add_part(c, config, &to, i, false, 0);
	m->parts = to.list;
	m->n_parts = to.count;
	message_seal(m);
}

static void read_config(struct call *c, struct json_val g)
{
	struct json_val level = gemini_get(gemini_get(g, "thinkingConfig"), "thinkingLevel");
	struct json_val mime = gemini_get(g, "responseMimeType");

	c->max_tokens = call_json_i64(gemini_get(g, "maxOutputTokens"));
	c->temperature = call_json_f64(gemini_get(g, "temperature"));
	c->top_p = call_json_f64(gemini_get(g, "topP"));
	c->top_k = call_json_i64(gemini_get(g, "topK"));
	c->choice_count = call_json_i64(gemini_get(g, "candidateCount"));
	c->has_seed = !json_i64(gemini_get(g, "seed"), &c->seed);
	c->presence_penalty = call_json_f64(gemini_get(g, "presencePenalty"));
	c->frequency_penalty = call_json_f64(gemini_get(g, "frequencyPenalty"));
	call_json_strs(c, gemini_get(g, "stopSequences"), &c->stop_sequences, &c->n_stop_sequences);
	call_update(c, &c->reasoning_level, level);
	if (json_is(mime, "application/json"))
		c->output_type = SLICE("json");
	else if (json_is(mime, "text/plain"))
		c->output_type = SLICE("text");
	for (struct json_val i = json_first(gemini_get(g, "responseModalities")); i.doc;
	     i = json_next(i)) {
		if (json_is(i, "AUDIO"))
			c->output_type = SLICE("speech");
		else if (json_is(i, "IMAGE"))
			c->output_type = SLICE("image");
	}
}

static void add_function(struct call *c, const struct decoder_config *config, struct json_val from)
{
	static const char *const schemas[] = { "parametersJsonSchema", "parameters" };
	struct tool_definition *t =
		messages_add_tool(c, SLICE("function"), call_json_str(c, json_get(from, "name")));

	if (!t || !config->content)
		return;
	t->description = call_json_str(c, json_get(from, "description"));
	for (size_t i = 0; i < ARRAY_LEN(schemas) && !t->parameters.data; i++) {
		struct json_val schema = gemini_get(from, schemas[i]);
		struct part p = { 0 };

		part_set_json(c, &p, schema, config->content_max);
		if (p.text.len == p.len)
			t->parameters = p.text;
	}
}

/* {"functionDeclarations": […]} or, for tools of Google's own, {"googleSearch": {}}. */
static void add_tools(struct call *c, const struct decoder_config *config, struct json_val tool)
{
	for (struct json_val i = json_first(tool); i.doc; i = json_next(i)) {
		struct slice key = json_key(i);

		if (!slice_eq(key, SLICE("functionDeclarations")) &&
		    !slice_eq(key, SLICE("function_declarations"))) {
			if (json_type(i) == JSON_OBJECT)
				messages_add_tool(c, arena_copy(&c->arena, key),
						  arena_copy(&c->arena, key));
			continue;
		}
		for (struct json_val f = json_first(i); f.doc; f = json_next(f))
			add_function(c, config, f);
	}
}

void gemini_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	struct json_val contents = json_get(root, "contents");
	struct json_val system = gemini_get(root, "systemInstruction");
	struct json_val system_parts = json_get(system, "parts");
	struct gemini_parts to = { 0 };

	c->stream |= slice_ends(c->path, SLICE(":streamGenerateContent"));
	read_config(c, gemini_get(root, "generationConfig"));
	call_update(c, &c->request_service_tier, gemini_get(root, "serviceTier"));
	if (json_type(system_parts) == JSON_OBJECT)
		gemini_add_part(c, config, &to, system_parts, false, 0);
	else
		for (struct json_val i = json_first(system_parts); i.doc; i = json_next(i))
			gemini_add_part(c, config, &to, i, false, 0);
	c->system = to.list;
	c->n_system = to.count;
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		add_tools(c, config, i);
	if (json_type(contents) == JSON_ARRAY)
		for (struct json_val i = json_first(contents); i.doc; i = json_next(i))
			gemini_add_content(c, config, i);
	else
		gemini_add_content(c, config, contents);
}
