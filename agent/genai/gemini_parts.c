/* SPDX-License-Identifier: Apache-2.0 */
/* Parts and counts of Google's APIs; a part of gemini.h. */
#include "gemini.h"

#include "cleanup.h"

#define KEY_MAX 48

struct json_val gemini_get(struct json_val v, const char *camel)
{
	struct json_val found = json_get(v, camel);
	char snake[KEY_MAX];
	size_t n = 0;

	if (found.doc)
		return found;
	for (const char *p = camel; *p && n + 2 < sizeof(snake); p++) {
		if (*p >= 'A' && *p <= 'Z')
			snake[n++] = '_';
		snake[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
	}
	snake[n] = '\0';
	return json_get(v, snake);
}

static void add_text(struct call *c, struct gemini_parts *to, enum part_type type,
		     struct json_val text, size_t max)
{
	if (!json_has_text(text))
		return;
	if (!to->text.present || to->text_type != type) {
		to->text = (struct text){ 0 };
		to->text_type = type;
		if (!part_add(c, &to->list, &to->count, type))
			return;
	}
	text_add_json(c, &to->text, text, max);
	part_set_text(&to->list[to->count - 1], &to->text);
}

static void read_blob(struct call *c, struct part *p, struct json_val from, size_t max)
{
	part_set_string(c, p, gemini_get(from, p->type == PART_URI ? "fileUri" : "data"), max);
	part_set_mime(p, call_json_str(c, gemini_get(from, "mimeType")));
}

static void read_call(struct call *c, struct part *p, struct json_val from, size_t max)
{
	struct json_val args = gemini_get(from, "args");

	p->id = call_json_str(c, json_get(from, "id"));
	p->name = call_json_str(c, json_get(from, "name"));
	if (json_type(args) == JSON_OBJECT)
		part_set_json(c, p, args, max);
	else
		part_set_arguments(c, p, &(struct text){ 0 });
}

static void read_response(struct call *c, struct part *p, struct json_val from, size_t max)
{
	struct json_val response = json_get(from, "response");

	p->id = call_json_str(c, json_get(from, "id"));
	p->name = call_json_str(c, json_get(from, "name"));
	p->is_error = json_get(response, "error").doc;
	part_set_json(c, p, response, max);
}

static void read_code(struct call *c, struct part *p, struct json_val from, size_t max)
{
	p->name = SLICE("code_execution");
	part_set_json(c, p, from, max);
}

void gemini_add_call(struct call *c, struct gemini_parts *to, struct json_val from, uint64_t ts_ns)
{
	struct part *p = part_add(c, &to->list, &to->count, PART_TOOL_CALL);

	to->text = (struct text){ 0 };
	if (!p)
		return;
	read_call(c, p, from, MESSAGES_ARGUMENTS_MAX);
	messages_add_tool_call(c, p, SLICE("function"), ts_ns, json_cut(from));
}

/* What a part is, by the one member that it has. */
static const struct {
	const char *member;
	enum part_type type;
	void (*read)(struct call *c, struct part *p, struct json_val from, size_t max);
} kinds[] = {
	{ "functionCall", PART_TOOL_CALL, read_call },
	{ "functionResponse", PART_TOOL_RESPONSE, read_response },
	{ "inlineData", PART_BLOB, read_blob },
	{ "fileData", PART_URI, read_blob },
	{ "executableCode", PART_SERVER_TOOL_CALL, read_code },
	{ "codeExecutionResult", PART_SERVER_TOOL_RESPONSE, read_code },
};

void gemini_add_part(struct call *c, const struct decoder_config *config, struct gemini_parts *to,
		     struct json_val part, bool answer, uint64_t ts_ns)
{
	size_t max = messages_text_max(config);
	bool thought = false;

	json_bool(json_get(part, "thought"), &thought);
	add_text(c, to, thought ? PART_REASONING : PART_TEXT, json_get(part, "text"), max);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct json_val from = gemini_get(part, kinds[i].member);
		bool call = answer && kinds[i].type == PART_TOOL_CALL;
		struct part *p;

		if (json_type(from) != JSON_OBJECT)
			continue;
		to->text = (struct text){ 0 };
		if (call) {
			gemini_add_call(c, to, from, ts_ns);
			continue;
		}
		p = part_add(c, &to->list, &to->count, kinds[i].type);
		if (!p)
			return;
		kinds[i].read(c, p, from, max);
	}
}

void gemini_add_results(struct call *c, const struct decoder_config *config, struct json_val list)
{
	struct message *m =
		json_len(list) ? message_add(c, &c->input, &c->n_input, SLICE("user")) : NULL;

	for (struct json_val i = json_first(list); m && i.doc; i = json_next(i)) {
		struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_RESPONSE);

		if (p)
			read_response(c, p, i, messages_text_max(config));
	}
	if (m)
		message_seal(m);
}

static const struct {
	const char *member;
	enum usage_field field;
} counts[] = {
	{ "promptTokenCount", USAGE_INPUT },
	{ "toolUsePromptTokenCount", USAGE_INPUT_TOOL },
	{ "cachedContentTokenCount", USAGE_CACHE_READ },
	{ "candidatesTokenCount", USAGE_OUTPUT },
	{ "responseTokenCount", USAGE_OUTPUT }, /* Live */
	{ "thoughtsTokenCount", USAGE_REASONING },
	{ "totalTokenCount", USAGE_TOTAL },
};

/* Fields of what a list counts by modality; USAGE_FIELDS: not kept. */
static const struct {
	enum usage_field text, audio, image, video;
} details[] = {
	[GEMINI_DETAIL_INPUT] = { USAGE_INPUT_TEXT, USAGE_INPUT_AUDIO, USAGE_INPUT_IMAGE,
				  USAGE_INPUT_VIDEO },
	[GEMINI_DETAIL_CACHE] = { USAGE_CACHE_READ_TEXT, USAGE_CACHE_READ_AUDIO,
				  USAGE_CACHE_READ_IMAGE, USAGE_FIELDS },
	[GEMINI_DETAIL_OUTPUT] = { USAGE_OUTPUT_TEXT, USAGE_OUTPUT_AUDIO, USAGE_OUTPUT_IMAGE,
				   USAGE_FIELDS },
};
static const struct {
	const char *member;
	enum gemini_detail detail;
} lists[] = {
	{ "promptTokensDetails", GEMINI_DETAIL_INPUT },
	{ "cacheTokensDetails", GEMINI_DETAIL_CACHE },
	{ "candidatesTokensDetails", GEMINI_DETAIL_OUTPUT },
	{ "responseTokensDetails", GEMINI_DETAIL_OUTPUT },
};

void gemini_details_read(struct usage *raw, enum gemini_detail detail, struct json_val list)
{
	const struct {
		struct slice modality;
		enum usage_field field;
	} fields[] = {
		{ SLICE("TEXT"), details[detail].text },
		{ SLICE("AUDIO"), details[detail].audio },
		{ SLICE("IMAGE"), details[detail].image },
		{ SLICE("VIDEO"), details[detail].video },
	};
	struct usage sums = { 0 };
	int64_t tokens;

	for (struct json_val i = json_first(list); i.doc; i = json_next(i)) {
		struct slice modality = json_raw(json_get(i, "modality"));
		struct json_val count = gemini_get(i, "tokenCount");

		if (!count.doc)
			count = json_get(i, "tokens"); /* Interactions */
		if (json_i64(count, &tokens) || tokens < 0 || tokens > USAGE_TOKENS_MAX)
			continue;
		for (size_t f = 0; f < ARRAY_LEN(fields); f++)
			if (slice_eq_nocase(modality, fields[f].modality) &&
			    usage_get(&sums, fields[f].field) <= USAGE_TOKENS_MAX)
				usage_set(&sums, fields[f].field,
					  usage_get(&sums, fields[f].field) + tokens);
	}
	usage_merge(raw, &sums);
}

void gemini_usage_read(struct usage *raw, struct json_val metadata)
{
	/* Sums of which a part may be behind the cut are wrong ones. */
	if (json_type(metadata) != JSON_OBJECT || json_cut(metadata))
		return;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		usage_set_json(raw, counts[i].field, gemini_get(metadata, counts[i].member));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		gemini_details_read(raw, lists[i].detail, gemini_get(metadata, lists[i].member));
}

/* Counts of 0 are left out on the wire, and Live's total has no thoughts: the total says
 * which sum is right. */
void gemini_usage_add_up(struct usage *u, const struct usage *raw)
{
	int64_t input = usage_get(raw, USAGE_INPUT) + usage_get(raw, USAGE_INPUT_TOOL);
	int64_t output = usage_get(raw, USAGE_OUTPUT), thoughts = usage_get(raw, USAGE_REASONING);
	int64_t total = usage_get(raw, USAGE_TOTAL);
	struct usage now = *raw;

	if (usage_has(raw, USAGE_INPUT))
		usage_set(&now, USAGE_INPUT, input);
	if (total != input + output || !usage_has(raw, USAGE_TOTAL))
		output += thoughts;
	if (usage_has(raw, USAGE_OUTPUT) || usage_has(raw, USAGE_REASONING) ||
	    (usage_has(raw, USAGE_INPUT) && usage_has(raw, USAGE_TOTAL) && total == input))
		usage_set(&now, USAGE_OUTPUT, output);
	usage_merge(u, &now);
}
