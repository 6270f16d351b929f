/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bedrock's agents, knowledge bases and guardrails (genai.md 4.9). Ids are in the path. An
 * agent's answer is a stream of text; its trace, when asked for, has what each of its own
 * model invocations used, which is summed: they are no calls of this process.
 */
#include "bedrock.h"

#include "cleanup.h"

struct agent_state {
	struct text text;
	struct usage sum;
};

static enum operation agent_path(struct slice method, struct slice path, bool *known)
{
	enum operation op = OP_NONE;

	if (slice_starts(path, SLICE("/agents/")) && slice_ends(path, SLICE("/text")) &&
	    slice_find(path, SLICE("/agentAliases/")) >= 0)
		op = OP_INVOKE_AGENT;
	else if (slice_starts(path, SLICE("/knowledgebases/")) &&
		 slice_ends(path, SLICE("/retrieve")))
		op = OP_RETRIEVAL;
	else if (slice_eq(path, SLICE("/retrieveAndGenerate")) ||
		 slice_eq(path, SLICE("/retrieveAndGenerateStream")))
		op = OP_RETRIEVAL;
	else if (slice_starts(path, SLICE("/guardrail/")) && slice_ends(path, SLICE("/apply")))
		op = OP_MODERATION;
	*known = op != OP_NONE;
	return slice_eq_nocase(method, SLICE("POST")) ? op : OP_NONE;
}

static void agent_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	static const char *const texts[] = { "inputText", "retrievalQuery.text", "input.text" };
	struct json_val kb = json_path(root, "retrieveAndGenerateConfiguration"
					     ".knowledgeBaseConfiguration");

	c->agent_id = arena_copy(&c->arena, slice_segment(c->path, SLICE("/agents/")));
	c->conversation_id = arena_copy(&c->arena, slice_segment(c->path, SLICE("/sessions/")));
	c->data_source_id =
		arena_copy(&c->arena, slice_segment(c->path, SLICE("/knowledgebases/")));
	if (c->op == OP_MODERATION)
		c->guardrail_id =
			arena_copy(&c->arena, slice_segment(c->path, SLICE("/guardrail/")));
	call_update(c, &c->data_source_id, json_get(kb, "knowledgeBaseId"));
	call_update(c, &c->request_model, json_get(kb, "modelArn"));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		message_add_content(c, config, json_path(root, texts[i]));
}

static void agent_response(struct call *c, const struct decoder_config *config, void *state,
			   struct json_val root)
{
	struct agent_state *st = state;

	call_update(c, &c->conversation_id, json_get(root, "sessionId"));
	text_add_json(c, &st->text, json_path(root, "output.text"), messages_text_max(config));
	if (json_is(json_get(root, "action"), "GUARDRAIL_INTERVENED"))
		call_set_finish(c, 0, SLICE("guardrail_intervened"));
}

/* Each kind of step has its model's output: trace.trace.orchestrationTrace.… */
static void add_trace(struct agent_state *st, struct json_val steps)
{
	static const struct {
		const char *path;
		enum usage_field field;
	} counts[] = {
		{ "modelInvocationOutput.metadata.usage.inputTokens", USAGE_INPUT },
		{ "modelInvocationOutput.metadata.usage.outputTokens", USAGE_OUTPUT },
	};
	int64_t tokens;

	for (struct json_val i = json_first(steps); i.doc; i = json_next(i))
		for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
			if (json_i64(json_path(i, counts[k].path), &tokens) || tokens < 0 ||
			    tokens > USAGE_TOKENS_MAX)
				continue;
			usage_set(&st->sum, counts[k].field,
				  MIN(usage_get(&st->sum, counts[k].field) + tokens,
				      USAGE_TOKENS_MAX));
		}
}

static void agent_event(struct call *c, const struct decoder_config *config, void *state,
			const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct agent_state *st = state;

	(void)ts_ns;
	/* Its bytes are the text itself. */
	if (slice_eq(event->type, SLICE("chunk")))
		text_add(c, &st->text, event->data, messages_text_max(config));
	else if (slice_eq(event->type, SLICE("trace")))
		add_trace(st, json_get(root, "trace"));
	else
		agent_response(c, config, state, root);
}

static void agent_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct agent_state *st = state;

	(void)config;
	/* Of a sum, a part is nothing. */
	if (!call_has_gap(c))
		usage_merge(&c->usage, &st->sum);
	message_add_answer(c, &st->text);
}

const struct dialect dialect_bedrock_agent = {
	.name = "bedrock-agent",
	.provider = "aws.bedrock",
	.op = OP_INVOKE_AGENT,
	.state_size = sizeof(struct agent_state),
	.path = agent_path,
	.request = agent_request,
	.response = agent_response,
	.event = agent_event,
	.finish = agent_finish,
};
