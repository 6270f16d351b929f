/* SPDX-License-Identifier: Apache-2.0 */
#include "mcp_session.h"

#include "cleanup.h"
#include "dialect.h"
#include "list.h"
#include "mcp.h"

#include <errno.h>

#define PROTOCOL_MAX 32

/* A request that waits for its answer. */
struct asked {
	struct list link; /* in its side's, oldest first */
	struct call *call;
	struct slice token; /* of its notifications of progress; in the call's arena */
};

struct mcp_session {
	struct decoder_config config;
	struct decoder_origin origins[2];
	call_fn emit;
	void *ctx;
	struct json json;
	struct list asked[2]; /* by who asked */
	size_t n_asked;
	uint64_t n_calls;
	char protocol[PROTOCOL_MAX]; /* agreed upon; empty: not seen */
};

int mcp_session_new(struct mcp_session **ret, const struct decoder_config *config,
		    const struct decoder_origin origins[2], call_fn emit, void *ctx)
{
	struct mcp_session *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct mcp_session){ .config = *config, .emit = emit, .ctx = ctx };
	for (int side = 0; side < 2; side++) {
		s->origins[side] = origins[side];
		process_ref(origins[side].process);
		process_ref(origins[side].server_process);
		list_init(&s->asked[side]);
	}
	json_init(&s->json);
	*ret = s;
	return 0;
}

/* Takes it out and hands its call on. */
static void close_call(struct mcp_session *s, struct asked *a, uint64_t ts_ns)
{
	struct call *c = a->call;

	list_remove(&a->link);
	s->n_asked--;
	free(a);
	c->end_ns = ts_ns;
	dialect_mcp.finish(c, &s->config, NULL);
	call_complete(c);
	s->emit(s->ctx, c);
}

void mcp_session_end(struct mcp_session *s, uint64_t ts_ns)
{
	struct asked *a;

	if (!s)
		return;
	for (int side = 0; side < 2; side++) {
		list_for_each (&s->asked[side], struct asked, link, a) {
			call_set_error(a->call, SLICE("connection_closed"), SLICE_NONE);
			close_call(s, a, ts_ns);
		}
		process_unref(s->origins[side].process);
		process_unref(s->origins[side].server_process);
	}
	json_release(&s->json);
	free(s);
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void make_room(struct mcp_session *s, uint64_t ts_ns)
{
	struct list *l = &s->asked[list_empty(&s->asked[MCP_CLIENT])];
	struct asked *oldest;

	if (s->n_asked < MCP_OPEN_MAX)
		return;
	oldest = list_item(l->next, struct asked, link);
	call_mark_partial(oldest->call, "too_many_open", 0);
	close_call(s, oldest, ts_ns);
}

static int add_request(struct mcp_session *s, enum mcp_side from, struct json_val root,
		       uint64_t start_ns, uint64_t end_ns)
{
	const struct decoder_origin *origin = &s->origins[from];
	struct asked *a;
	struct call *c;

	make_room(s, start_ns);
	a = malloc(sizeof(*a));
	if (!a || call_new(&c)) {
		free(a);
		return -ENOMEM;
	}
	c->process = process_ref(origin->process);
	c->server_process = process_ref(origin->server_process);
	c->conn_hash = origin->conn_hash;
	c->exchange = s->n_calls++;
	c->source = origin->source;
	c->server_side = origin->server_side;
	c->op = dialect_mcp.op;
	c->dialect = dialect_mcp.name;
	c->start_ns = start_ns;
	c->request_end_ns = end_ns;
	c->mcp_protocol = arena_copy(&c->arena, slice_from(*s->protocol ? s->protocol : NULL));
	dialect_mcp.request(c, &s->config, root);
	if (!c->mcp) {
		free(a);
		call_free(c);
		return -ENOMEM;
	}
	*a = (struct asked){ .call = c };
	a->token = arena_copy(&c->arena,
			      json_raw(json_get(json_path(root, "params._meta"), "progressToken")));
	list_init(&a->link);
	list_append(&s->asked[from], &a->link);
	s->n_asked++;
	return 0;
}

static struct asked *find_asked(struct mcp_session *s, enum mcp_side by, struct slice id,
				bool by_token)
{
	struct asked *a;

	list_for_each (&s->asked[by], struct asked, link, a)
		if (id.len && slice_eq(by_token ? a->token : a->call->mcp->id, id))
			return a;
	return NULL;
}

/* ---- What is said of them ------------------------------------------------------------------ */

static void add_notification(struct mcp_session *s, enum mcp_side from, struct json_val root,
			     uint64_t ts_ns)
{
	struct json_val method = json_get(root, "method"), params = json_get(root, "params");
	struct asked *a;

	if (json_is(method, "notifications/progress")) {
		a = find_asked(s, !from, json_raw(json_get(params, "progressToken")), true);
		if (a)
			a->call->mcp->progress++;
	} else if (json_is(method, "notifications/cancelled")) {
		a = find_asked(s, from, json_raw(json_get(params, "requestId")), false);
		if (!a)
			return;
		call_set_error(a->call, SLICE("cancelled"), SLICE_NONE);
		close_call(s, a, ts_ns);
	}
}

static void add_answer(struct mcp_session *s, enum mcp_side from, struct json_val root,
		       uint64_t start_ns, uint64_t end_ns)
{
	struct asked *a = find_asked(s, !from, json_raw(json_get(root, "id")), false);
	const struct mcp *m;

	if (!a)
		return;
	m = a->call->mcp;
	a->call->response_start_ns = start_ns;
	dialect_mcp.response(a->call, &s->config, NULL, root);
	if (slice_eq(m->method, SLICE("initialize")) && m->answered &&
	    m->protocol_version.len < sizeof(s->protocol)) {
		struct slice agreed = json_raw(json_path(root, "result.protocolVersion"));

		snprintf(s->protocol, sizeof(s->protocol), "%.*s", SLICE_FMT(agreed));
	}
	close_call(s, a, end_ns);
}

static int add_one(struct mcp_session *s, enum mcp_side from, struct json_val root,
		   uint64_t start_ns, uint64_t end_ns)
{
	struct json_val method = json_get(root, "method"), id = json_get(root, "id");
	bool a2a;

	if (!json_is(json_get(root, "jsonrpc"), "2.0"))
		return -EBADMSG;
	if (!method.doc)
		add_answer(s, from, root, start_ns, end_ns);
	else if (!id.doc)
		add_notification(s, from, root, end_ns);
	else if (mcp_method_known(json_raw(method), &a2a))
		return add_request(s, from, root, start_ns, end_ns);
	return 0;
}

int mcp_session_message(struct mcp_session *s, enum mcp_side from, struct slice text,
			uint64_t start_ns, uint64_t end_ns)
{
	int r = json_parse(&s->json, text), result = 0;
	struct json_val root = json_root(&s->json);

	if (r)
		return r == -ENOMEM ? r : -EBADMSG;
	if (json_truncated(&s->json))
		return -EBADMSG;
	if (json_type(root) != JSON_ARRAY)
		return add_one(s, from, root, start_ns, end_ns);
	for (struct json_val i = json_first(root); i.doc; i = json_next(i)) {
		r = add_one(s, from, i, start_ns, end_ns);
		result = r ? r : result;
	}
	return result;
}

void mcp_session_hole(struct mcp_session *s, enum mcp_side from)
{
	struct asked *a;

	list_for_each (&s->asked[!from], struct asked, link, a)
		call_mark_partial(a->call, "lost_records", 0);
}
