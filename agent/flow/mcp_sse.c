/* SPDX-License-Identifier: Apache-2.0 */
#include "mcp_sse.h"

#include "cleanup.h"
#include "detect.h"
#include "dialect.h"
#include "json.h"
#include "mcp.h"
#include "sse.h"

#include <errno.h>

#define PROTOCOL_MAX 32

struct key {
	uint64_t tgid, role, target; /* no padding */
};

struct waiting {
	struct list link;
	struct call *call;
};

struct early {
	struct list link;
	uint64_t ts_ns;
	size_t len;
	char text[];
};

struct mcp_stream {
	struct exchange *x; /* the GET */
	struct sse sse;
	struct json json;
	struct key key;
	bool streams;		    /* its answer is an event stream */
	bool known;		    /* and begins as MCP's; it stands in the table */
	bool over;		    /* no such stream */
	struct list waiting, early; /* oldest first */
	size_t n_waiting, n_early;
	char protocol[PROTOCOL_MAX]; /* agreed upon; empty: not seen */
	struct slice session;	     /* owned; of the endpoint's query */
	uint64_t now_ns;
};

static void emit(struct mcp_stream *m, struct waiting *w, uint64_t ts_ns)
{
	struct call *c = w->call;

	list_remove(&w->link);
	free(w);
	m->n_waiting--;
	c->end_ns = MAX(ts_ns, c->start_ns);
	flow_emit(m->x->conn->flow, c);
}

static void forget(struct mcp_stream *m, struct early *e)
{
	list_remove(&e->link);
	free(e);
	m->n_early--;
}

/* ---- Answers ------------------------------------------------------------------------------- */

static bool answers(const struct call *c, struct json_val root)
{
	return slice_eq(json_raw(json_get(root, "id")), c->mcp->id) &&
	       (json_get(root, "result").doc || json_get(root, "error").doc);
}

static void read_answer(struct mcp_stream *m, struct call *c, struct json_val root, uint64_t ts_ns)
{
	const struct decoder_config *config = &m->x->conn->flow->config.decoder;
	struct slice agreed = json_raw(json_path(root, "result.protocolVersion"));

	c->response_start_ns = ts_ns;
	/* That the POST itself had nothing to read was as it should be. */
	if (!c->lost_bytes) {
		c->completeness = COMPLETENESS_FULL;
		c->partial_reason = NULL;
	}
	dialect_mcp.response(c, config, NULL, root);
	if (slice_eq(c->mcp->method, SLICE("initialize")) && agreed.len < sizeof(m->protocol))
		snprintf(m->protocol, sizeof(m->protocol), "%.*s", SLICE_FMT(agreed));
}

static void keep(struct mcp_stream *m, struct slice text)
{
	struct early *e;

	if (text.len > MCP_SSE_EARLY_LEN)
		return;
	if (m->n_early == MCP_SSE_EARLY_MAX)
		forget(m, list_item(m->early.next, struct early, link));
	e = malloc(sizeof(*e) + text.len);
	if (!e) {
		m->x->conn->flow->stats.no_memory++;
		return;
	}
	e->ts_ns = m->now_ns;
	e->len = text.len;
	memcpy(e->text, text.data, text.len);
	list_init(&e->link);
	list_append(&m->early, &e->link);
	m->n_early++;
}

static void on_message(struct mcp_stream *m, struct slice text)
{
	struct json_val root;
	struct waiting *w;

	if (json_parse(&m->json, text) || json_truncated(&m->json))
		return;
	root = json_root(&m->json);
	/* Notifications, and what the server asks. */
	if (json_get(root, "method").doc || !json_get(root, "id").doc)
		return;
	list_for_each (&m->waiting, struct waiting, link, w) {
		if (!answers(w->call, root))
			continue;
		read_answer(m, w->call, root, m->now_ns);
		emit(m, w, m->now_ns);
		return;
	}
	keep(m, text);
}

/* ---- The stream ---------------------------------------------------------------------------- */

static struct slice session_of(struct slice target)
{
	struct slice id = detect_target_query(target, SLICE("session_id"));

	return id.len ? id : detect_target_query(target, SLICE("sessionId"));
}

/* The path that its requests will have: the endpoint may be a whole URL. */
static struct slice target_of(struct slice endpoint)
{
	ssize_t scheme = slice_find(endpoint, SLICE("://")), path;

	if (scheme < 0)
		return endpoint;
	endpoint = slice_sub(endpoint, (size_t)scheme + 3, endpoint.len);
	path = slice_find_char(endpoint, '/');
	return path < 0 ? SLICE_NONE : slice_sub(endpoint, (size_t)path, endpoint.len);
}

static void on_endpoint(struct mcp_stream *m, struct slice endpoint)
{
	struct conn *c = m->x->conn;
	struct slice target = target_of(endpoint), session = session_of(target);

	m->key = (struct key){ c->id.tgid, c->role, slice_hash(SLICE_HASH, target) };
	if (!target.len || table_add(&c->flow->mcp_streams, &m->key, sizeof(m->key), m)) {
		m->over = true;
		return;
	}
	m->known = true;
	m->session.data = session.len ? strndup(session.data, session.len) : NULL;
	m->session.len = m->session.data ? session.len : 0;
	conn_judged(c, DECODER_WANTED);
}

static void on_event(void *ctx, const struct sse_event *event)
{
	struct mcp_stream *m = ctx;

	if (m->over)
		return;
	if (!m->known && slice_eq(event->type, SLICE("endpoint")))
		on_endpoint(m, event->data);
	else if (!m->known)
		m->over = true;
	else if (!event->type.len || slice_eq(event->type, SLICE("message")))
		on_message(m, event->data);
}

void mcp_sse_open(struct exchange *x, const struct http_head *head)
{
	struct slice accept = http_head_get(head, SLICE("accept"));
	struct mcp_stream *m;

	x->target = slice_hash(SLICE_HASH, head->target);
	if (x->events || !slice_eq(head->method, SLICE("GET")) ||
	    slice_find(accept, SLICE("text/event-stream")) < 0)
		return;
	m = calloc(1, sizeof(*m));
	if (!m) {
		x->conn->flow->stats.no_memory++;
		return;
	}
	m->x = x;
	sse_init(&m->sse, MCP_SSE_EVENT_MAX, on_event, m);
	json_init(&m->json);
	list_init(&m->waiting);
	list_init(&m->early);
	x->events = m;
	x->conn->undecided++;
}

void mcp_sse_answer(struct exchange *x, const struct http_head *head)
{
	struct mcp_stream *m = x->events;
	struct slice type = http_head_get(head, SLICE("content-type"));

	if (!m || head->status < 200)
		return;
	m->streams = head->status == 200 && slice_starts(type, SLICE("text/event-stream")) &&
		     !http_head_get(head, SLICE("content-encoding")).len;
	if (!m->streams)
		mcp_sse_close(x, 0);
}

void mcp_sse_body(struct exchange *x, struct slice data, uint64_t ts_ns)
{
	struct mcp_stream *m = x->events;

	if (!m || !m->streams)
		return;
	m->now_ns = ts_ns;
	if (sse_feed(&m->sse, data.data, data.len))
		x->conn->flow->stats.no_memory++;
	if (m->over)
		mcp_sse_close(x, ts_ns);
}

void mcp_sse_hole(struct exchange *x, uint64_t len)
{
	struct mcp_stream *m = x->events;
	struct waiting *w;

	if (!m)
		return;
	sse_hole(&m->sse, len);
	list_for_each (&m->waiting, struct waiting, link, w)
		call_mark_partial(w->call, "lost_records", len);
}

void mcp_sse_close(struct exchange *x, uint64_t ts_ns)
{
	struct mcp_stream *m = TAKE(x->events);
	struct conn *c = x->conn;
	struct waiting *w;
	struct early *e;

	if (!m)
		return;
	list_for_each (&m->waiting, struct waiting, link, w) {
		call_set_error(w->call, SLICE("connection_closed"), SLICE_NONE);
		emit(m, w, ts_ns);
	}
	list_for_each (&m->early, struct early, link, e)
		forget(m, e);
	if (m->known)
		table_take(&c->flow->mcp_streams, &m->key, sizeof(m->key));
	sse_release(&m->sse);
	json_release(&m->json);
	free((char *)m->session.data);
	free(m);
	c->undecided--;
	if (x->verdict == DECODER_UNWANTED)
		conn_judged(c, DECODER_UNWANTED);
}

/* ---- Requests ------------------------------------------------------------------------------ */

/* Of what the stream brought before the POST had ended. */
static bool take_early(struct mcp_stream *m, struct call *call)
{
	struct early *e;

	list_for_each (&m->early, struct early, link, e) {
		const struct slice text = { e->text, e->len };
		uint64_t ts_ns = e->ts_ns;

		if (json_parse(&m->json, text) || !answers(call, json_root(&m->json)))
			continue;
		read_answer(m, call, json_root(&m->json), ts_ns);
		call->end_ns = MAX(ts_ns, call->start_ns);
		forget(m, e);
		return true;
	}
	return false;
}

bool mcp_sse_take(const struct exchange *x, struct call *call)
{
	const struct conn *c = x->conn;
	const struct key key = { c->id.tgid, c->role, x->target };
	struct mcp_stream *m;
	struct waiting *w;

	if (call->op != OP_MCP || !call->mcp || call->mcp->answered || call->status / 100 != 2)
		return false;
	m = table_get(&c->flow->mcp_streams, &key, sizeof(key));
	if (!m)
		return false;
	if (!call->mcp->protocol_version.data && *m->protocol)
		call->mcp->protocol_version = arena_copy(&call->arena, slice_from(m->protocol));
	if (!call->mcp_session.data)
		call->mcp_session = arena_copy(&call->arena, m->session);
	if (take_early(m, call))
		return false; /* it is whole */
	w = malloc(sizeof(*w));
	if (!w) {
		c->flow->stats.no_memory++;
		return false;
	}
	if (m->n_waiting == MCP_SSE_WAITING_MAX) {
		struct waiting *oldest = list_item(m->waiting.next, struct waiting, link);

		call_mark_partial(oldest->call, "too_many_open", 0);
		emit(m, oldest, call->end_ns);
	}
	*w = (struct waiting){ .call = call };
	list_init(&w->link);
	list_append(&m->waiting, &w->link);
	m->n_waiting++;
	return true;
}
