/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gemini's generateContent and streamGenerateContent, on the Gemini API, on Vertex AI and
 * behind gateways (genai.md 4.8). A stream's chunks are whole responses, each with a bit
 * more of the answer and with counts that replace those before; they come as server-sent
 * events (alt=sse) or as elements of one array. The model is in the path.
 */
#include "gemini.h"

#include "cleanup.h"

#define CANDIDATES_MAX 128

struct candidate {
	struct gemini_parts parts;
	bool finished;
};

struct gemini_state {
	struct candidate *candidates; /* by index */
	size_t n_candidates;
	struct usage raw;
	int64_t searches, codes; /* tools that ran on the provider's side */
	bool blocked;
};

/* What the number stands for where enums come as such ($alt=json;enum-encoding=int). */
static const struct slice finish_numbers[] = {
	SLICE("FINISH_REASON_UNSPECIFIED"),
	SLICE("STOP"),
	SLICE("MAX_TOKENS"),
	SLICE("SAFETY"),
	SLICE("RECITATION"),
	SLICE("OTHER"),
	SLICE("BLOCKLIST"),
	SLICE("PROHIBITED_CONTENT"),
	SLICE("SPII"),
	SLICE("MALFORMED_FUNCTION_CALL"),
};

static struct slice enum_word(struct json_val v)
{
	int64_t number;

	if (json_type(v) == JSON_STRING)
		return json_raw(v);
	if (!json_i64(v, &number) && number > 0 && number < (int64_t)ARRAY_LEN(finish_numbers))
		return finish_numbers[number];
	return SLICE_NONE;
}

static struct candidate *get_candidate(struct call *c, struct gemini_state *st, int64_t index)
{
	if (index < 0 || index >= CANDIDATES_MAX)
		return NULL;
	while (st->n_candidates <= (size_t)index)
		if (!arena_push(&c->arena, &st->candidates, &st->n_candidates,
				sizeof(*st->candidates)))
			return NULL;
	return &st->candidates[index];
}

static void read_candidate(struct call *c, const struct decoder_config *config,
			   struct gemini_state *st, struct json_val from, int64_t position,
			   uint64_t ts_ns)
{
	struct slice finish = enum_word(gemini_get(from, "finishReason"));
	int64_t index = call_json_i64(json_get(from, "index"));
	struct candidate *candidate = get_candidate(c, st, index < 0 ? position : index);
	struct json_val searches;

	if (!candidate)
		return;
	for (struct json_val i = json_first(json_path(from, "content.parts")); i.doc;
	     i = json_next(i)) {
		gemini_add_part(c, config, &candidate->parts, i, true, ts_ns);
		if (gemini_get(i, "executableCode").doc)
			st->codes++;
	}
	/* Each chunk that has it has all of it. */
	searches = gemini_get(gemini_get(from, "groundingMetadata"), "webSearchQueries");
	if (json_type(searches) == JSON_ARRAY)
		st->searches = (int64_t)json_len(searches);
	if (!finish.len)
		return;
	candidate->finished = true;
	call_set_finish(c, (size_t)(candidate - st->candidates), finish);
}

/* A chunk or a whole response. */
static void read_root(struct call *c, const struct decoder_config *config, struct gemini_state *st,
		      struct json_val root, uint64_t ts_ns)
{
	struct json_val usage = gemini_get(root, "usageMetadata");
	struct slice block =
		enum_word(gemini_get(gemini_get(root, "promptFeedback"), "blockReason"));
	int64_t position = 0;

	call_update(c, &c->response_id, gemini_get(root, "responseId"));
	call_update(c, &c->response_model, gemini_get(root, "modelVersion"));
	gemini_usage_read(&st->raw, usage);
	call_update(c, &c->service_tier, gemini_get(usage, "trafficType"));
	call_update(c, &c->service_tier, gemini_get(usage, "serviceTier"));
	for (struct json_val i = json_first(json_get(root, "candidates")); i.doc; i = json_next(i))
		read_candidate(c, config, st, i, position++, ts_ns);
	if (block.len) {
		st->blocked = true;
		if (!c->n_finish_reasons)
			call_set_finish(c, 0, SLICE("content_filter"));
	}
}

static void gemini_response(struct call *c, const struct decoder_config *config, void *state,
			    struct json_val root)
{
	read_root(c, config, state, root, 0);
}

static void gemini_event(struct call *c, const struct decoder_config *config, void *state,
			 const struct event *event, struct json_val root, uint64_t ts_ns)
{
	(void)event;
	read_root(c, config, state, root, ts_ns);
}

static bool gemini_ended(const void *state)
{
	const struct gemini_state *st = state;

	for (size_t i = 0; i < st->n_candidates; i++)
		if (!st->candidates[i].finished)
			return false;
	return st->n_candidates || st->blocked;
}

/* Of a stream without its last chunk the counts are those of a part. */
static void drop_doubtful(const struct call *c, const struct gemini_state *st, struct usage *u)
{
	if (!c->stream || gemini_ended(st))
		return;
	usage_unset_growing(u);
	if (call_has_gap(c))
		*u = (struct usage){ 0 };
}

static void gemini_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct gemini_state *st = state;

	(void)config;
	drop_doubtful(c, st, &st->raw);
	gemini_usage_add_up(&c->usage, &st->raw);
	if (c->usage.present && st->searches)
		usage_set(&c->usage, USAGE_WEB_SEARCHES, st->searches);
	if (c->usage.present && st->codes)
		usage_set(&c->usage, USAGE_CODE_EXECUTIONS, st->codes);
	for (size_t i = 0; i < st->n_candidates; i++) {
		struct message *m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));

		if (!m)
			return;
		m->parts = st->candidates[i].parts.list;
		m->n_parts = st->candidates[i].parts.count;
		message_seal(m);
	}
}

static enum operation gemini_path(struct slice method, struct slice path, bool *known)
{
	static const struct {
		struct slice verb;
		enum operation op;
	} verbs[] = {
		{ SLICE(":generateContent"), OP_GENERATE_CONTENT },
		{ SLICE(":streamGenerateContent"), OP_GENERATE_CONTENT },
		{ SLICE(":countTokens"), OP_NONE },
		{ SLICE(":computeTokens"), OP_NONE },
		{ SLICE(":batchGenerateContent"), OP_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (!slice_ends(path, verbs[i].verb))
			continue;
		*known = true;
		return slice_eq_nocase(method, SLICE("POST")) ? verbs[i].op : OP_NONE;
	}
	return OP_NONE;
}

static bool gemini_shape(struct json_val request)
{
	struct json_val contents = json_get(request, "contents");
	struct json_val parts = json_get(json_first(contents), "parts");

	return json_type(parts) == JSON_ARRAY || json_type(parts) == JSON_OBJECT;
}

static bool gemini_response_shape(struct json_val response)
{
	struct json_val candidate = json_first(json_get(response, "candidates"));

	return gemini_get(candidate, "finishReason").doc ||
	       json_path(candidate, "content.parts").doc ||
	       gemini_get(gemini_get(response, "usageMetadata"), "promptTokenCount").doc;
}

const struct dialect dialect_gemini = {
	.name = "gemini",
	.provider = "gcp.gen_ai",
	.op = OP_GENERATE_CONTENT,
	.state_size = sizeof(struct gemini_state),
	.path = gemini_path,
	.shape = gemini_shape,
	.response_shape = gemini_response_shape,
	.request = gemini_request,
	.response = gemini_response,
	.event = gemini_event,
	.array = true,
	.finish = gemini_finish,
	.ended = gemini_ended,
};
