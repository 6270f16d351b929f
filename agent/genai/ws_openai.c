/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI over WebSocket (genai.md 4.4, 4.5): Responses, where each response.create is a
 * request and lanes run side by side, and Realtime, where a response may begin without
 * one, and what was said before it comes as items. Both send Responses' events.
 */
#include "decoder_ws.h"

#include "api_error.h"
#include "cleanup.h"
#include "clock.h"
#include "openai_responses.h"
#include "openai_usage.h"

static bool responses_path(struct slice path)
{
	return slice_ends(path, SLICE("/responses"));
}

static bool realtime_path(struct slice path)
{
	return slice_ends(path, SLICE("/realtime"));
}

#define LATE_NS (5 * NSEC_PER_MSEC)

/* One that began before its request was seen: the answer can be read, by another thread,
 * before the write that asked for it has returned. What is asked much later is another. */
static struct ws_op *find_unasked(struct decoder *d, struct slice lane, uint64_t ts_ns)
{
	for (size_t i = 0; i < d->ws->n_ops; i++)
		if (d->ws->ops[i].unasked && d->ws->ops[i].call->start_ns + LATE_NS >= ts_ns &&
		    slice_eq(d->ws->ops[i].lane, lane))
			return &d->ws->ops[i];
	return NULL;
}

/* A request, in time or late. */
static void asked(struct decoder *d, struct json_val request, struct slice lane, uint64_t ts_ns)
{
	struct ws_op *op = find_unasked(d, lane, ts_ns);
	struct call *c = op ? op->call : session_next(d);

	if (!c)
		return;
	if (json_type(request) == JSON_OBJECT)
		d->ws->api->dialect->request(c, &d->config, request);
	c->stream = true;
	if (!op) {
		session_open(d, lane, ts_ns);
		return;
	}
	op->unasked = false;
	c->start_ns = MIN(c->start_ns, ts_ns);
	c->request_end_ns = c->start_ns;
}

static void responses_client(struct decoder *d, struct json_val root, uint64_t ts_ns)
{
	if (json_is(json_get(root, "type"), "response.create"))
		asked(d, root, json_raw(json_get(root, "stream_id")), ts_ns);
}

static bool is_end(struct json_val type)
{
	static const char *const ends[] = { "response.completed", "response.incomplete",
					    "response.failed", "response.cancelled",
					    "response.done" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (json_is(type, ends[i]))
			return true;
	return false;
}

static void responses_server(struct decoder *d, struct json_val root, struct slice data,
			     uint64_t ts_ns)
{
	struct slice lane = json_raw(json_get(root, "stream_id"));
	struct json_val id = json_path(root, "response.id"), type = json_get(root, "type");
	struct ws_op *op = session_find(d, lane);

	/* The next one begins: the end of the one before it was lost. */
	if (op && json_is(type, "response.created") && op->call->response_id.data &&
	    !slice_eq(op->call->response_id, json_raw(id))) {
		session_close(d, op, true, false, ts_ns);
		op = session_find(d, lane);
	}
	if (!op && json_is(type, "response.created")) {
		op = session_open(d, lane, ts_ns);
		if (op)
			op->unasked = true;
	}
	if (!op)
		return;
	session_feed(d, op, root, data, ts_ns);
	if (is_end(type) || json_is(type, "error"))
		session_close(d, op, false, false, ts_ns);
}

static void realtime_client(struct decoder *d, struct json_val root, uint64_t ts_ns)
{
	struct json_val type = json_get(root, "type"), model = json_path(root, "session.model");
	struct call *c;

	if (json_type(model) == JSON_STRING)
		call_update(d->call, &d->ws->model, model);
	if (json_is(type, "conversation.item.create")) {
		c = session_next(d);
		if (c)
			openai_add_item(c, &d->config, json_get(root, "item"));
	} else if (json_is(type, "response.create")) {
		asked(d, json_get(root, "response"), SLICE_NONE, ts_ns);
	}
}

/* One that was asked for and not answered yet, or one that the server begins by itself. */
static struct ws_op *realtime_begin(struct decoder *d, uint64_t ts_ns)
{
	struct ws_op *op;

	for (size_t i = 0; i < d->ws->n_ops; i++)
		if (!d->ws->ops[i].started)
			return &d->ws->ops[i];
	op = session_open(d, SLICE_NONE, ts_ns);
	if (op)
		op->unasked = true;
	return op;
}

/* What the session may still do, said once for each response. */
static void realtime_limits(struct call *c, struct json_val limits, uint64_t ts_ns)
{
	for (struct json_val i = json_first(limits); i.doc; i = json_next(i)) {
		struct rate_limit *l = rate_limit_get_named(c, json_raw(json_get(i, "name")));
		double reset = call_json_f64(json_get(i, "reset_seconds"));

		if (!l)
			continue;
		l->limit = call_json_i64(json_get(i, "limit"));
		l->remaining = call_json_i64(json_get(i, "remaining"));
		if (reset >= 0 && reset < RATE_LIMIT_RESET_MAX)
			l->reset_ns = ts_ns + (uint64_t)(reset * (double)NSEC_PER_SEC);
	}
}

/* What was said, written down: by a model of its own, which is billed apart, while the answer
 * is on its way. */
static void realtime_transcript(struct decoder *d, struct json_val root, uint64_t ts_ns)
{
	uint64_t since = d->ws->heard_ns ? d->ws->heard_ns : ts_ns;
	struct call *c = session_aside(d, &dialect_openai_media, since, ts_ns);

	if (!c)
		return;
	c->request_model = arena_copy(&c->arena, d->ws->transcriber);
	c->output_type = SLICE("text");
	openai_usage_read(&c->usage, json_get(root, "usage"), 0);
	api_error_in(c, root);
	session_emit(d, c);
}

/* Of the session, and of what is heard; true when the event was about the latter. */
static bool realtime_session(struct decoder *d, struct json_val root, struct json_val type,
			     uint64_t ts_ns)
{
	static const char *const transcribers[] = { "session.audio.input.transcription.model",
						    "session.input_audio_transcription.model" };
	static const struct slice mark = SLICE("conversation.item.input_audio_transcription.");

	call_update(d->call, &d->ws->model, json_path(root, "session.model"));
	for (size_t i = 0; i < ARRAY_LEN(transcribers); i++)
		call_update(d->call, &d->ws->transcriber, json_path(root, transcribers[i]));
	if (json_is(type, "input_audio_buffer.committed"))
		d->ws->heard_ns = ts_ns;
	if (!slice_starts(json_raw(type), mark))
		return false;
	if (json_get(root, "usage").doc || json_get(root, "error").doc)
		realtime_transcript(d, root, ts_ns);
	return true;
}

static void realtime_server(struct decoder *d, struct json_val root, struct slice data,
			    uint64_t ts_ns)
{
	struct json_val type = json_get(root, "type"), id = json_get(root, "response_id");
	struct json_val details = json_path(root, "response.status_details");
	struct ws_op *op;

	if (realtime_session(d, root, type, ts_ns))
		return;
	if (json_type(id) != JSON_STRING)
		id = json_path(root, "response.id");
	op = session_find_response(d, id);
	if (!op && (json_is(type, "response.created") || json_is(type, "response.done")))
		op = realtime_begin(d, ts_ns);
	/* An error names no response: it is the answer to what was asked last. */
	if (!op && json_is(type, "error") && d->ws->n_ops && !d->ws->ops[d->ws->n_ops - 1].started)
		op = &d->ws->ops[d->ws->n_ops - 1];
	if (!op && json_is(type, "rate_limits.updated") && d->ws->n_ops) {
		realtime_limits(d->ws->ops[d->ws->n_ops - 1].call, json_get(root, "rate_limits"),
				ts_ns);
		return;
	}
	if (!op)
		return;
	call_update(op->call, &op->call->conversation_id,
		    json_path(root, "response.conversation_id"));
	if (!op->call->response_model.data)
		op->call->response_model = arena_copy(&op->call->arena, d->ws->model);
	if (json_type(json_get(details, "error")) == JSON_OBJECT)
		api_error_set(op->call, json_get(details, "error"));
	session_feed(d, op, root, data, ts_ns);
	if (is_end(type) || json_is(type, "error"))
		session_close(d, op, false, false, ts_ns);
}

const struct ws_api ws_openai_responses = {
	.dialect = &dialect_openai_responses,
	.all_asked = true,
	.path = responses_path,
	.client = responses_client,
	.server = responses_server,
};

const struct ws_api ws_openai_realtime = {
	.dialect = &dialect_openai_responses,
	.path = realtime_path,
	.client = realtime_client,
	.server = realtime_server,
};
