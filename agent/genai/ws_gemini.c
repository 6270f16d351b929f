/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gemini Live (genai.md 4.5). A turn of the model is one operation: it begins with what
 * the client said last, or with the first word of the model, and ends when the turn is
 * complete, interrupted, or asks for a tool.
 */
#include "cleanup.h"
#include "decoder_ws.h"
#include "gemini.h"

struct live_state {
	struct gemini_parts parts;
	struct usage raw;
	bool ended;
};

static void live_event(struct call *c, const struct decoder_config *config, void *state,
		       const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct live_state *st = state;
	struct json_val content = gemini_get(root, "serverContent");
	struct json_val turn = gemini_get(content, "modelTurn");
	struct json_val calls = gemini_get(gemini_get(root, "toolCall"), "functionCalls");
	bool complete = false, interrupted = false;

	(void)event;
	gemini_usage_read(&st->raw, gemini_get(root, "usageMetadata"));
	for (struct json_val i = json_first(json_get(turn, "parts")); i.doc; i = json_next(i))
		gemini_add_part(c, config, &st->parts, i, true, ts_ns);
	for (struct json_val i = json_first(calls); i.doc; i = json_next(i))
		gemini_add_call(c, &st->parts, i, ts_ns);
	json_bool(gemini_get(content, "turnComplete"), &complete);
	json_bool(gemini_get(content, "interrupted"), &interrupted);
	if (json_len(calls))
		call_set_finish(c, 0, SLICE("tool_calls"));
	else if (interrupted)
		call_set_finish(c, 0, SLICE("interrupted"));
	else if (complete && !c->n_finish_reasons)
		call_set_finish(c, 0, SLICE("stop"));
	st->ended |= complete || interrupted || json_len(calls);
}

static void live_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct live_state *st = state;
	struct message *m;

	(void)config;
	gemini_usage_add_up(&c->usage, &st->raw);
	m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));
	if (!m)
		return;
	m->parts = st->parts.list;
	m->n_parts = st->parts.count;
	message_seal(m);
}

static const struct dialect dialect_gemini_live = {
	.name = "gemini-live",
	.provider = "gcp.gen_ai",
	.op = OP_GENERATE_CONTENT,
	.state_size = sizeof(struct live_state),
	.event = live_event,
	.finish = live_finish,
};

static bool live_path(struct slice path)
{
	return slice_find(path, SLICE("BidiGenerateContent")) >= 0;
}

static void live_client(struct decoder *d, struct json_val root, uint64_t ts_ns)
{
	static const struct slice prefix = SLICE("models/");
	struct json_val setup = json_get(root, "setup"),
			content = gemini_get(root, "clientContent");
	struct json_val results = gemini_get(gemini_get(root, "toolResponse"), "functionResponses");
	struct slice model = json_raw(json_get(setup, "model"));
	bool complete = false;
	struct call *c;

	if (setup.doc) {
		ssize_t at = slice_find(model, prefix);

		model = slice_sub(model, at < 0 ? 0 : (size_t)at + prefix.len, model.len);
		d->ws->model = arena_copy(&d->call->arena, model);
		c = session_next(d);
		if (c)
			gemini_request(c, &d->config, setup);
		return;
	}
	if (!content.doc && !results.doc)
		return; /* audio on its way */
	c = session_next(d);
	if (!c)
		return;
	for (struct json_val i = json_first(json_get(content, "turns")); i.doc; i = json_next(i))
		gemini_add_content(c, &d->config, i);
	gemini_add_results(c, &d->config, results);
	json_bool(gemini_get(content, "turnComplete"), &complete);
	if ((complete || results.doc) && !d->ws->n_ops)
		session_open(d, SLICE_NONE, ts_ns);
}

static void live_server(struct decoder *d, struct json_val root, struct slice data, uint64_t ts_ns)
{
	struct ws_op *op = session_find(d, SLICE_NONE);
	const struct live_state *st;

	/* Counts that come behind the end of a turn belong to it; it is gone by then. */
	if (!op && (gemini_get(root, "serverContent").doc || gemini_get(root, "toolCall").doc))
		op = session_open(d, SLICE_NONE, ts_ns);
	if (!op)
		return;
	session_feed(d, op, root, data, ts_ns);
	st = op->state;
	if (st->ended)
		session_close(d, op, false, false, ts_ns);
}

const struct ws_api ws_gemini_live = {
	.dialect = &dialect_gemini_live,
	.path = live_path,
	.client = live_client,
	.server = live_server,
};
