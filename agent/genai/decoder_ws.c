/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder_ws.h"

#include "api_error.h"
#include "cleanup.h"
#include "detect.h"
#include "messages.h"
#include "request_head.h"

#include <errno.h>

static const struct ws_api *const apis[] = { &ws_openai_realtime, &ws_openai_responses,
					     &ws_gemini_live };

const struct ws_api *ws_api_find(const struct http_head *request)
{
	struct slice path = detect_target_path(request->target);

	if (!slice_eq_nocase(request->method, SLICE("CONNECT")) &&
	    !http_head_has_token(request, SLICE("upgrade"), SLICE("websocket")))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(apis); i++)
		if (apis[i]->path(path))
			return apis[i];
	return NULL;
}

void decoder_ws_init(struct decoder *d, const struct http_head *request)
{
	const struct ws_api *api = ws_api_find(request);
	static const struct slice names[] = { SLICE("model"), SLICE("deployment") };

	if (!api)
		return;
	d->ws = calloc(1, sizeof(*d->ws));
	if (!d->ws) {
		decoder_give_up(d);
		return;
	}
	d->ws->api = api;
	for (size_t i = 0; i < ARRAY_LEN(names) && !d->ws->model.data; i++)
		d->ws->model =
			arena_copy(&d->call->arena, detect_target_query(request->target, names[i]));
}

static void copy_clues(struct call *c, const struct call *base)
{
	for (size_t i = 0; i < base->n_clues; i++) {
		struct clue *clue = arena_push(&c->arena, &c->clues, &c->n_clues, sizeof(*clue));

		if (!clue)
			return;
		clue->name = arena_copy(&c->arena, base->clues[i].name);
		clue->value = arena_copy(&c->arena, base->clues[i].value);
	}
}

/* What the upgrade's head said is true of each operation. */
static struct call *new_call(struct decoder *d, const struct dialect *dialect)
{
	const struct call *base = d->call;
	struct call *c;

	if (call_new(&c))
		return NULL;
	call_set_origin(c, &d->origin);
	c->op = dialect->op;
	c->dialect = dialect->name;
	c->api_type = dialect->api_type;
	c->profile = base->profile;
	c->provider = arena_copy(&c->arena, base->provider.data ? base->provider
								: slice_from(dialect->provider));
	c->server.address = arena_copy(&c->arena, base->server.address);
	c->server.peer_ip = arena_copy(&c->arena, base->server.peer_ip);
	c->server.port = base->server.port;
	c->method = arena_copy(&c->arena, base->method);
	c->path = arena_copy(&c->arena, base->path);
	c->user_agent = arena_copy(&c->arena, base->user_agent);
	c->request_id = arena_copy(&c->arena, base->request_id);
	c->parent = base->parent;
	c->trace_state = arena_copy(&c->arena, base->trace_state);
	c->http_version = base->http_version;
	c->status = base->status;
	copy_clues(c, base);
	return c;
}

struct call *session_next(struct decoder *d)
{
	struct ws_session *s = d->ws;

	if (s->next)
		return s->next;
	s->next = new_call(d, s->api->dialect);
	if (s->next) {
		s->next->request_model = arena_copy(&s->next->arena, s->model);
		s->next->stream = true;
	}
	return s->next;
}

struct call *session_aside(struct decoder *d, const struct dialect *dialect, uint64_t since_ns,
			   uint64_t ts_ns)
{
	struct call *c = new_call(d, dialect);

	if (!c)
		return NULL;
	c->start_ns = since_ns;
	c->request_end_ns = since_ns;
	c->response_start_ns = ts_ns;
	c->end_ns = ts_ns;
	return c;
}

void session_emit(struct decoder *d, struct call *c)
{
	call_complete(c);
	d->emit(d->ctx, c);
}

struct ws_op *session_open(struct decoder *d, struct slice lane, uint64_t ts_ns)
{
	struct ws_session *s = d->ws;
	struct call *c = session_next(d);
	struct ws_op *op;

	if (!c || s->n_ops == WS_OPS_MAX)
		return NULL;
	op = &s->ops[s->n_ops];
	*op = (struct ws_op){ .lane = arena_copy(&c->arena, lane) };
	op->state = arena_alloc(&c->arena, s->api->dialect->state_size);
	if (!op->state)
		return NULL;
	op->call = TAKE(s->next);
	op->call->start_ns = ts_ns;
	op->call->request_end_ns = ts_ns;
	if (!op->call->request_model.data)
		op->call->request_model = arena_copy(&op->call->arena, s->model);
	s->n_ops++;
	return op;
}

struct ws_op *session_find(struct decoder *d, struct slice lane)
{
	for (size_t i = 0; i < d->ws->n_ops; i++)
		if (slice_eq(d->ws->ops[i].lane, lane))
			return &d->ws->ops[i];
	return NULL;
}

struct ws_op *session_find_response(struct decoder *d, struct json_val id)
{
	for (size_t i = 0; i < d->ws->n_ops; i++)
		if (json_has_text(id) && slice_eq(d->ws->ops[i].call->response_id, json_raw(id)))
			return &d->ws->ops[i];
	return NULL;
}

void session_feed(struct decoder *d, struct ws_op *op, struct json_val root, struct slice data,
		  uint64_t ts_ns)
{
	const struct event event = { .type = json_raw(json_get(root, "type")), .data = data };
	struct call *c = op->call;

	op->started = true;
	c->chunks++;
	c->last_chunk_ns = ts_ns;
	if (!c->first_chunk_ns) {
		c->first_chunk_ns = ts_ns;
		c->response_start_ns = ts_ns;
	}
	api_error_in(c, root);
	d->ws->api->dialect->event(c, &d->config, op->state, &event, root, ts_ns);
}

void session_close(struct decoder *d, struct ws_op *op, bool cut, bool closed_here, uint64_t ts_ns)
{
	struct ws_session *s = d->ws;
	struct call *c = op->call;

	c->end_ns = ts_ns;
	if (op->unasked && s->api->all_asked)
		call_mark_partial(c, "request_not_seen", 0);
	if (cut && s->lost)
		call_mark_partial(c, "lost_records", 0);
	s->api->dialect->finish(c, &d->config, op->state);
	if (cut && !s->lost && !c->error_type.data) {
		call_mark_partial(c, closed_here ? "cancelled" : "stream_interrupted", 0);
		call_set_error(c, closed_here ? SLICE("cancelled") : SLICE("stream_interrupted"),
			       SLICE_NONE);
	}
	s->n_ops--;
	memmove(op, op + 1, (size_t)(&s->ops[s->n_ops] - op) * sizeof(*op));
	session_emit(d, c);
}

void decoder_ws_message(struct decoder *d, enum ws_side side, bool text, struct slice message,
			uint64_t ts_ns)
{
	struct json_val root;
	int r;

	(void)text; /* Gemini Live sends its JSON as binary */
	if (!d->ws || !d->call || d->response_ended)
		return;
	r = json_parse(&d->json, message);
	if (r == -ENOMEM)
		decoder_ws_hole(d, side, 0);
	if (r)
		return;
	root = json_root(&d->json);
	if (side == WS_CLIENT)
		d->ws->api->client(d, root, ts_ns);
	else
		d->ws->api->server(d, root, message, ts_ns);
}

void decoder_ws_hole(struct decoder *d, enum ws_side side, uint64_t len)
{
	if (!d->ws || !d->call)
		return;
	d->ws->lost = true;
	for (size_t i = 0; i < d->ws->n_ops; i++)
		call_mark_partial(d->ws->ops[i].call, "lost_records", len);
	if (side == WS_CLIENT && session_next(d))
		call_mark_partial(d->ws->next, "lost_records", len);
}

void decoder_ws_end(struct decoder *d, bool lost, bool closed_here, uint64_t ts_ns)
{
	d->ws->lost |= lost;
	while (d->ws->n_ops)
		session_close(d, d->ws->ops, true, closed_here, ts_ns);
}

void decoder_ws_free(struct decoder *d)
{
	if (!d->ws)
		return;
	for (size_t i = 0; i < d->ws->n_ops; i++)
		call_free(d->ws->ops[i].call);
	call_free(d->ws->next);
	free(d->ws);
}
