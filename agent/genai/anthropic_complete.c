/* SPDX-License-Identifier: Apache-2.0 */
/* Anthropic's first API, a prompt and its completion; it never counted tokens. */
#include "dialect.h"

#include "messages.h"

struct complete_state {
	struct text text;
	bool stopped;
};

static void complete_request(struct call *c, const struct decoder_config *config,
			     struct json_val root)
{
	call_update(c, &c->request_model, json_get(root, "model"));
	json_bool(json_get(root, "stream"), &c->stream);
	c->max_tokens = call_json_i64(json_get(root, "max_tokens_to_sample"));
	c->temperature = call_json_f64(json_get(root, "temperature"));
	c->top_p = call_json_f64(json_get(root, "top_p"));
	c->top_k = call_json_i64(json_get(root, "top_k"));
	call_update(c, &c->user, json_path(root, "metadata.user_id"));
	call_json_strs(c, json_get(root, "stop_sequences"), &c->stop_sequences,
		       &c->n_stop_sequences);
	message_add_content(c, config, json_get(root, "prompt"));
}

static void complete_response(struct call *c, const struct decoder_config *config, void *state,
			      struct json_val root)
{
	struct json_val reason = json_get(root, "stop_reason");
	struct complete_state *st = state;

	call_update(c, &c->response_id, json_get(root, "id"));
	call_update(c, &c->response_model, json_get(root, "model"));
	text_add_json(c, &st->text, json_get(root, "completion"), messages_text_max(config));
	if (!json_has_text(reason))
		return;
	call_set_finish(c, 0, json_raw(reason));
	st->stopped = true;
}

static void complete_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct complete_state *st = state;

	(void)config;
	message_add_answer(c, &st->text);
}

static bool complete_ended(const void *state)
{
	const struct complete_state *st = state;

	return st->stopped;
}

static enum operation complete_path(struct slice method, struct slice path, bool *known)
{
	*known = slice_ends(path, SLICE("/v1/complete"));
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_TEXT_COMPLETION : OP_NONE;
}

static bool complete_response_shape(struct json_val response)
{
	return json_is(json_get(response, "type"), "completion");
}

const struct dialect dialect_anthropic_complete = {
	.name = "anthropic-complete",
	.provider = "anthropic",
	.op = OP_TEXT_COMPLETION,
	.state_size = sizeof(struct complete_state),
	.path = complete_path,
	.response_shape = complete_response_shape,
	.request = complete_request,
	.response = complete_response,
	.confirm = true,
	.finish = complete_finish,
	.ended = complete_ended,
};
