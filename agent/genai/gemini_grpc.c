/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google's models over gRPC: Vertex AI's PredictionService, which its own SDK speaks unless
 * told otherwise, and the Gemini API's GenerativeService. Messages are written as the JSON of
 * REST (gemini_proto.h) and read by REST's dialects.
 */
#include "gemini.h"
#include "gemini_proto.h"

#include "cleanup.h"

#include <errno.h>

#define JSON_MAX (16 * 1024 * 1024) /* of one message, as JSON */

static const struct service {
	struct slice prefix;
	const char *provider;
	enum gemini_layout layout;
} services[] = {
	{ SLICE("/google.cloud.aiplatform.v1.PredictionService/"), "gcp.vertex_ai", GEMINI_VERTEX },
	{ SLICE("/google.cloud.aiplatform.v1beta1.PredictionService/"), "gcp.vertex_ai",
	  GEMINI_VERTEX },
	{ SLICE("/google.ai.generativelanguage.v1beta.GenerativeService/"), "gcp.gemini",
	  GEMINI_API },
	{ SLICE("/google.ai.generativelanguage.v1.GenerativeService/"), "gcp.gemini", GEMINI_API },
};

static const struct rpc {
	struct slice name;
	enum operation op;
	const struct protobuf_message *request, *response;
	const struct dialect *inner;
} rpcs[] = {
	{ SLICE("GenerateContent"), OP_GENERATE_CONTENT, &gemini_generate_request,
	  &gemini_generate_response, &dialect_gemini },
	{ SLICE("StreamGenerateContent"), OP_GENERATE_CONTENT, &gemini_generate_request,
	  &gemini_generate_response, &dialect_gemini },
	{ SLICE("EmbedContent"), OP_EMBEDDINGS, &gemini_embed_request, &gemini_embed_response,
	  &dialect_gemini_embeddings },
	{ SLICE("BatchEmbedContents"), OP_EMBEDDINGS, &gemini_embed_request, &gemini_embed_response,
	  &dialect_gemini_embeddings },
	{ SLICE("Predict"), OP_EMBEDDINGS, &gemini_predict_request, &gemini_predict_response,
	  &dialect_gemini_embeddings },
};

struct grpc_state {
	const struct rpc *rpc;
	void *inner; /* the state of rpc->inner */
};

/* Which service is called, and which of its functions; either may be NULL. */
static const struct service *find_rpc(struct slice path, const struct rpc **ret)
{
	const struct service *service = NULL;

	*ret = NULL;
	for (size_t i = 0; i < ARRAY_LEN(services) && !service; i++)
		if (slice_starts(path, services[i].prefix))
			service = &services[i];
	for (size_t i = 0; i < ARRAY_LEN(rpcs) && service; i++)
		if (slice_eq(slice_sub(path, service->prefix.len, path.len), rpcs[i].name))
			*ret = &rpcs[i];
	return service;
}

static enum operation grpc_path(struct slice method, struct slice path, bool *known)
{
	const struct rpc *rpc;

	(void)method; /* gRPC has but one */
	*known = find_rpc(path, &rpc);
	return rpc ? rpc->op : OP_NONE;
}

/* What is behind the last of its marks: projects/…/publishers/google/models/NAME,
 * models/NAME. */
static struct slice model_of(struct slice name)
{
	static const struct slice marks[] = { SLICE("/models/"), SLICE("models/") };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		ssize_t at = slice_find(name, marks[i]);

		if (at >= 0)
			return slice_sub(name, (size_t)at + marks[i].len, name.len);
	}
	return name;
}

/* Every kind of model answers Predict. */
static enum operation predicts(struct slice model)
{
	if (slice_find(model, SLICE("embedding")) >= 0)
		return OP_EMBEDDINGS;
	return slice_starts(model, SLICE("imagen")) ? OP_GENERATE_CONTENT : OP_NONE;
}

static void read_request(struct call *c, const struct decoder_config *config, const struct rpc *rpc,
			 struct json_val root)
{
	struct slice model = model_of(json_raw(json_get(root, "model")));

	c->request_model = arena_copy(&c->arena, model);
	if (rpc->request == &gemini_predict_request)
		c->op = predicts(model);
	rpc->inner->request(c, config, root);
}

/* The message as what it would be over REST; false when there is none. */
static bool parse(struct call *c, const struct protobuf_message *type, enum gemini_layout layout,
		  struct slice message, struct buf *text, struct json *doc)
{
	int r = protobuf_json(text, type, layout, message);

	if (r == -EBADMSG) { /* what was read before the damage is JSON all the same */
		call_mark_partial(c, "message_unreadable", 0);
		r = 0;
	}
	if (!r)
		r = json_parse(doc, buf_slice(text));
	if (r)
		call_mark_partial(c, r == -ENOMEM ? "memory" : "event_too_large", 0);
	return !r;
}

static void grpc_message(struct call *c, const struct decoder_config *config, struct slice message)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(JSON_MAX);
	const struct rpc *rpc;
	const struct service *service = find_rpc(c->path, &rpc);
	struct json doc;

	if (!rpc)
		return;
	if (!c->profile)
		c->provider = slice_from(service->provider);
	c->stream = slice_starts(rpc->name, SLICE("Stream"));
	json_init(&doc);
	if (parse(c, rpc->request, service->layout, message, &text, &doc))
		read_request(c, config, rpc, json_root(&doc));
	json_release(&doc);
}

static void grpc_event(struct call *c, const struct decoder_config *config, void *state,
		       const struct event *event, struct json_val root, uint64_t ts_ns)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(JSON_MAX);
	struct grpc_state *st = state;
	const struct service *service = find_rpc(c->path, &st->rpc);
	struct json doc;

	(void)root;
	if (!st->rpc)
		return;
	if (!st->inner && st->rpc->inner->state_size)
		st->inner = arena_alloc(&c->arena, st->rpc->inner->state_size);
	if (!st->inner && st->rpc->inner->state_size)
		return;
	json_init(&doc);
	if (parse(c, st->rpc->response, service->layout, event->data, &text, &doc)) {
		if (st->rpc->inner->event)
			st->rpc->inner->event(c, config, st->inner, event, json_root(&doc), ts_ns);
		else
			st->rpc->inner->response(c, config, st->inner, json_root(&doc));
	}
	json_release(&doc);
}

static void grpc_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct grpc_state *st = state;

	if (st->inner && st->rpc->inner->finish)
		st->rpc->inner->finish(c, config, st->inner);
	/* Of a request that was lost only the answer can tell what it was. */
	if (st->rpc && st->rpc->request == &gemini_predict_request && !c->request_model.data &&
	    !c->usage.present)
		c->op = OP_NONE;
}

static bool grpc_ended(const void *state)
{
	const struct grpc_state *st = state;

	return st->rpc &&
	       (!st->rpc->inner->ended || (st->inner && st->rpc->inner->ended(st->inner)));
}

/* gRPC has no JSON. */
static void grpc_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	(void)c;
	(void)config;
	(void)root;
}

static void grpc_response(struct call *c, const struct decoder_config *config, void *state,
			  struct json_val root)
{
	(void)state;
	grpc_request(c, config, root);
}

const struct dialect dialect_gemini_grpc = {
	.name = "gemini-grpc",
	.provider = "gcp.vertex_ai",
	.op = OP_GENERATE_CONTENT,
	.state_size = sizeof(struct grpc_state),
	.path = grpc_path,
	.request = grpc_request,
	.message = grpc_message,
	.response = grpc_response,
	.event = grpc_event,
	.finish = grpc_finish,
	.ended = grpc_ended,
};
