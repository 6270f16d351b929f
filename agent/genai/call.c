/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include "cleanup.h"
#include "json.h"

#include <errno.h>

#define CHOICES_MAX 1024

static const char *const operation_names[] = {
	[OP_NONE] = "",
	[OP_CHAT] = "chat",
	[OP_GENERATE_CONTENT] = "generate_content",
	[OP_TEXT_COMPLETION] = "text_completion",
	[OP_EMBEDDINGS] = "embeddings",
	[OP_RETRIEVAL] = "retrieval",
	[OP_FETCH_RESPONSE] = "fetch_response",
	[OP_CREATE_AGENT] = "create_agent",
	[OP_INVOKE_AGENT] = "invoke_agent",
	[OP_RERANK] = "rerank",
	[OP_MODERATION] = "moderation",
	[OP_MCP] = "mcp",
};

const char *call_operation_name(enum operation op)
{
	return (unsigned int)op < ARRAY_LEN(operation_names) ? operation_names[op] : "";
}

int call_new(struct call **ret)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	arena_init(&c->arena, CALL_ARENA_MAX);
	c->retry_count = -1;
	c->max_tokens = -1;
	c->top_k = -1;
	c->choice_count = -1;
	c->dimensions = -1;
	c->temperature = NAN;
	c->top_p = NAN;
	c->frequency_penalty = NAN;
	c->presence_penalty = NAN;
	c->retry_after_s = NAN;
	c->processing_s = NAN;
	c->queue_s = NAN;
	*ret = c;
	return 0;
}

void call_free(struct call *c)
{
	if (!c)
		return;
	process_unref(c->process);
	process_unref(c->server_process);
	arena_release(&c->arena);
	free(c);
}

bool call_has_gap(const struct call *c)
{
	return c->lost_bytes || (c->partial_reason && strcmp(c->partial_reason, "cancelled") &&
				 strcmp(c->partial_reason, "stream_interrupted"));
}

void call_mark_partial(struct call *c, const char *reason, uint64_t lost_bytes)
{
	c->completeness = COMPLETENESS_PARTIAL;
	if (!c->partial_reason)
		c->partial_reason = reason;
	if (__builtin_add_overflow(c->lost_bytes, lost_bytes, &c->lost_bytes))
		c->lost_bytes = UINT64_MAX;
}

static bool decode(struct call *c, struct json_val v, struct buf *decoded)
{
	/* No escape decodes to more bytes than it has; a byte that is not UTF-8 does. */
	buf_init(decoded, 3 * json_raw(v).len + 1);
	if (json_type(v) != JSON_STRING || json_cut(v))
		return false;
	if (json_str(v, decoded))
		c->arena.failed = true;
	return !buf_error(decoded);
}

struct slice call_json_str(struct call *c, struct json_val v)
{
	struct slice s = SLICE_NONE;
	struct buf decoded;

	if (decode(c, v, &decoded))
		s = arena_copy(&c->arena, buf_slice(&decoded));
	buf_release(&decoded);
	return s;
}

void call_update(struct call *c, struct slice *field, struct json_val v)
{
	struct buf decoded;

	/* Every chunk of a stream repeats its id and model. */
	if (!json_raw(v).len || slice_eq(json_raw(v), *field))
		return;
	if (decode(c, v, &decoded) && !slice_eq(buf_slice(&decoded), *field)) {
		struct slice s = arena_copy(&c->arena, buf_slice(&decoded));

		if (s.data)
			*field = s;
	}
	buf_release(&decoded);
}

void call_json_strs(struct call *c, struct json_val v, struct slice **list, size_t *count)
{
	struct slice *s;

	if (json_type(v) == JSON_STRING) {
		s = arena_push(&c->arena, list, count, sizeof(*s));
		if (s)
			*s = call_json_str(c, v);
		return;
	}
	if (json_type(v) != JSON_ARRAY)
		return;
	for (struct json_val i = json_first(v); i.doc && *count < CALL_STRINGS_MAX;
	     i = json_next(i)) {
		if (json_type(i) != JSON_STRING)
			continue;
		s = arena_push(&c->arena, list, count, sizeof(*s));
		if (s)
			*s = call_json_str(c, i);
	}
}

void call_update_seconds(double *to, struct json_val v, double unit)
{
	double n;

	if (!json_f64(v, &n) && n >= 0)
		*to = n * unit;
}

int64_t call_json_i64(struct json_val v)
{
	int64_t n;

	return json_i64(v, &n) ? -1 : n;
}

double call_json_f64(struct json_val v)
{
	double n;

	return json_f64(v, &n) ? NAN : n;
}

/* Every provider's word for the five reasons; ../shared/spec/genai.md section 6. */
static const struct {
	struct slice raw;
	struct slice normal;
} finish_words[] = {
	{ SLICE("end_turn"), SLICE("stop") },
	{ SLICE("stop_sequence"), SLICE("stop") },
	{ SLICE("STOP"), SLICE("stop") },
	{ SLICE("COMPLETE"), SLICE("stop") },
	{ SLICE("STOP_SEQUENCE"), SLICE("stop") },
	{ SLICE("eos"), SLICE("stop") },
	{ SLICE("completed"), SLICE("stop") },
	{ SLICE("max_tokens"), SLICE("length") },
	{ SLICE("MAX_TOKENS"), SLICE("length") },
	{ SLICE("max_output_tokens"), SLICE("length") },
	{ SLICE("max_completion_tokens"), SLICE("length") },
	{ SLICE("max_prompt_tokens"), SLICE("length") },
	{ SLICE("model_length"), SLICE("length") },
	{ SLICE("model_context_window_exceeded"), SLICE("length") },
	{ SLICE("tool_use"), SLICE("tool_calls") },
	{ SLICE("tool_call"), SLICE("tool_calls") },
	{ SLICE("TOOL_CALL"), SLICE("tool_calls") },
	{ SLICE("function_call"), SLICE("tool_calls") },
	{ SLICE("refusal"), SLICE("content_filter") },
	{ SLICE("SAFETY"), SLICE("content_filter") },
	{ SLICE("RECITATION"), SLICE("content_filter") },
	{ SLICE("BLOCKLIST"), SLICE("content_filter") },
	{ SLICE("PROHIBITED_CONTENT"), SLICE("content_filter") },
	{ SLICE("SPII"), SLICE("content_filter") },
	{ SLICE("IMAGE_SAFETY"), SLICE("content_filter") },
	{ SLICE("ERROR_TOXIC"), SLICE("content_filter") },
	{ SLICE("guardrail_intervened"), SLICE("content_filter") },
	{ SLICE("content_filtered"), SLICE("content_filter") },
	{ SLICE("ERROR_LIMIT"), SLICE("length") },
	{ SLICE("CONTENT_FILTERED"), SLICE("content_filter") },
	{ SLICE("FINISH"), SLICE("stop") },
	{ SLICE("LENGTH"), SLICE("length") },
	{ SLICE("endoftext"), SLICE("stop") },
	{ SLICE("ERROR"), SLICE("error") },
	{ SLICE("TIMEOUT"), SLICE("error") },
	{ SLICE("failed"), SLICE("error") },
	{ SLICE("cancelled"), SLICE("error") },
	{ SLICE("expired"), SLICE("error") },
	{ SLICE("MALFORMED_FUNCTION_CALL"), SLICE("error") },
};

struct slice call_normal_finish(struct slice raw)
{
	for (size_t i = 0; i < ARRAY_LEN(finish_words); i++)
		if (slice_eq(raw, finish_words[i].raw))
			return finish_words[i].normal;
	return raw;
}

/* Both lists grow together; a failure leaves them at the old count. */
static bool call_grow_finish(struct call *c)
{
	size_t raw = c->n_finish_reasons, normal = raw;

	if (!arena_push(&c->arena, &c->raw_finish_reasons, &raw, sizeof(struct slice)) ||
	    !arena_push(&c->arena, &c->finish_reasons, &normal, sizeof(struct slice)))
		return false;
	c->n_finish_reasons = normal;
	return true;
}

void call_set_finish(struct call *c, size_t index, struct slice raw)
{
	if (index >= CHOICES_MAX)
		return;
	while (c->n_finish_reasons <= index)
		if (!call_grow_finish(c))
			return;
	c->raw_finish_reasons[index] = arena_copy(&c->arena, raw);
	c->finish_reasons[index] = call_normal_finish(c->raw_finish_reasons[index]);
}

void call_set_error(struct call *c, struct slice type, struct slice message)
{
	if (c->error_type.data || !type.data)
		return;
	c->error_type = arena_copy(&c->arena, type);
	/* Without memory it still has to be an error. */
	if (!c->error_type.data)
		c->error_type = SLICE("_OTHER");
	c->error_message = arena_copy(&c->arena, message);
}

/* How many choices ought to have a finish reason. Of those that we merely did not see to
 * their end, none is expected; nor of a response that goes on in the background. */
static size_t finished_choices(const struct call *c)
{
	bool failed = c->error_type.data && c->status && c->status < 400;

	if (c->op == OP_EMBEDDINGS || c->op == OP_RERANK || c->op == OP_MODERATION)
		return 0;
	if (failed)
		return MAX(c->n_finish_reasons, MAX(c->n_output, (size_t)1));
	/* Agents and searches answer without one. */
	if (c->op == OP_INVOKE_AGENT || c->op == OP_RETRIEVAL)
		return c->n_finish_reasons;
	if (c->completeness == COMPLETENESS_FULL && !c->response_status.data)
		return MAX(c->n_finish_reasons, c->n_output);
	return c->n_finish_reasons;
}

static void fill_finish(struct call *c)
{
	size_t choices = finished_choices(c);

	for (size_t i = 0; i < choices; i++)
		if (i >= c->n_finish_reasons || !c->finish_reasons[i].data)
			call_set_finish(c, i, SLICE("error"));
	for (size_t i = 0; i < c->n_finish_reasons && i < c->n_output; i++)
		if (!c->output[i].finish_reason.data)
			c->output[i].finish_reason = c->finish_reasons[i];
}

static struct slice last_segment(struct slice path)
{
	size_t at = path.len;

	while (at && path.data[at - 1] != '/')
		at--;
	return slice_sub(path, at, path.len);
}

void call_complete(struct call *c)
{
	fill_finish(c);
	for (size_t i = 0; i < c->n_tool_calls; i++)
		if (!c->tool_calls[i].end_ns)
			c->tool_calls[i].end_ns = c->end_ns;
	if (!slice_eq(c->provider, SLICE("openai")) &&
	    !slice_eq(c->provider, SLICE("azure.ai.openai")))
		c->api_type = NULL;
	if (c->op == OP_FETCH_RESPONSE && !c->response_id.data)
		c->response_id = last_segment(c->path);
	if (c->usage_source != USAGE_SOURCE_ESTIMATED)
		c->usage_source = c->usage.present ? USAGE_SOURCE_WIRE : USAGE_SOURCE_NONE;
	if (c->arena.failed)
		call_mark_partial(c, "memory", 0);
}
