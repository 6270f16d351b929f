/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include "buf.h"
#include "call_span.h"
#include "cleanup.h"
#include "tracer_impl.h"

#define RELAYED_NAME_MAX 256

struct held {
	struct list link;
	struct call *call;
	uint64_t until_ns;
};

void relays_init(struct relays *r)
{
	*r = (struct relays){ 0 };
	list_init(&r->held);
	list_init(&r->failed);
}

static struct call *release(struct held *h, size_t *n)
{
	struct call *c = h->call;

	list_remove(&h->link);
	free(h);
	--*n;
	return c;
}

static struct held *oldest(const struct list *l)
{
	return list_item(l->next, struct held, link);
}

static bool has_failed(const struct call *c)
{
	return c->error_type.data || c->status >= 400;
}

bool relays_hold(struct tracer *t, struct call *c)
{
	struct relays *r = &t->relays;
	bool failed = has_failed(c) && c->relays_one;
	struct list *to = failed ? &r->failed : &r->held;
	size_t *n = failed ? &r->n_failed : &r->n;
	struct held *h;

	if (!c->relaying || !c->process || c->op == OP_NONE || c->op == OP_MCP)
		return false;
	h = malloc(sizeof(*h));
	if (!h) {
		t->stats.no_memory++;
		return false;
	}
	if (*n == RELAYS_MAX)
		tracer_handle(t, release(oldest(to), n));
	*h = (struct held){ .call = c,
			    .until_ns = MAX(c->end_ns, t->now_ns) +
					(failed ? RELAY_FAILED_NS : RELAY_NS) };
	list_init(&h->link);
	list_append(to, &h->link);
	++*n;
	return true;
}

static void sweep(struct tracer *t, struct list *l, size_t *n, uint64_t now_ns)
{
	while (!list_empty(l) && oldest(l)->until_ns <= now_ns)
		tracer_handle(t, release(oldest(l), n));
}

void relays_sweep(struct tracer *t, uint64_t now_ns)
{
	sweep(t, &t->relays.held, &t->relays.n, now_ns);
	sweep(t, &t->relays.failed, &t->relays.n_failed, now_ns);
}

static void leave(struct tracer *t, struct list *l, size_t *n, uint32_t pid)
{
	struct held *h;

	list_for_each (l, struct held, link, h)
		if (h->call->process->pid == pid)
			tracer_handle(t, release(h, n));
}

void relays_exit(struct tracer *t, uint32_t pid)
{
	leave(t, &t->relays.held, &t->relays.n, pid);
	leave(t, &t->relays.failed, &t->relays.n_failed, pid);
}

/* ---- Which -------------------------------------------------------------------------------- */

static uint64_t question(const struct call *c)
{
	return c->n_input ? c->input[c->n_input - 1].hash : 0;
}

static bool is_same(const struct call *outer, const struct call *inner)
{
	if (outer->op != inner->op || inner->start_ns < outer->start_ns)
		return false;
	if (outer->response_id.len && slice_eq(outer->response_id, inner->response_id))
		return true;
	return outer->n_output && inner->n_output && question(outer) == question(inner) &&
	       outer->output[0].hash == inner->output[0].hash;
}

/* It asked the same, and failed while the other was being answered. */
static bool is_attempt(const struct call *outer, const struct call *inner)
{
	return outer->op == inner->op && outer->n_input && question(outer) == question(inner) &&
	       inner->start_ns >= outer->start_ns && inner->end_ns <= outer->end_ns;
}

static void take_failed(struct tracer *t, const struct call *c, const struct process *by,
			struct list *failed)
{
	struct held *h;

	list_for_each (&t->relays.failed, struct held, link, h) {
		if (!parent_is_process(h->call->process, by) || !is_attempt(c, h->call))
			continue;
		list_append(failed, &h->link);
		t->relays.n_failed--;
	}
}

struct call *relays_take(struct tracer *t, struct call *c, struct list *failed)
{
	const struct process *by = c->server_side ? c->process : c->server_process;
	struct held *found = NULL, *h;
	struct call *inner;

	if (!by || c->relaying)
		return NULL;
	take_failed(t, c, by, failed);
	list_for_each (&t->relays.held, struct held, link, h) {
		if (!parent_is_process(h->call->process, by) || !is_same(c, h->call))
			continue;
		if (found) {
			t->stats.ambiguous++;
			return NULL;
		}
		found = h;
	}
	if (!found)
		return NULL;
	inner = release(found, &t->relays.n);
	if (c->usage_source == USAGE_SOURCE_NONE && inner->usage_source != USAGE_SOURCE_NONE) {
		c->usage = inner->usage;
		c->usage_source = inner->usage_source;
	}
	t->stats.relayed++;
	return inner;
}

/* ---- Its span ------------------------------------------------------------------------------ */

static void set_http(struct span *s, const struct call *c)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(RELAYED_NAME_MAX);

	buf_add_slice(&name, c->method);
	buf_add_char(&name, ' ');
	route_add(&name, c->path);
	s->name = name.error ? SLICE("HTTP") : arena_copy(&s->arena, buf_slice(&name));
	span_set_str(s, "http.request.method", c->method);
	if (!name.error)
		span_set_str(s, "url.template", slice_sub(s->name, c->method.len + 1, s->name.len));
	span_set_str(s, ATTR_SERVER_ADDRESS, c->server.address);
	if (c->server.port)
		span_set_int(s, ATTR_SERVER_PORT, c->server.port);
	if (c->status)
		span_set_int(s, "http.response.status_code", c->status);
}

/* No operation of a model: whoever counts those counts each once. nth: of those that failed before
 * it; 0: it is the one that was passed on. */
static void emit(struct tracer *t, const struct call *c, const struct span *above, uint64_t nth)
{
	struct span_place place = { .flags = above->trace_flags };
	const struct attr *run = span_attr(above, ATTR_GENTAP_RUN_ID);
	uint64_t of;
	uint8_t id[8];
	struct span *s;

	memcpy(&of, above->span_id, sizeof(of));
	id_derive(shared_id_key, ID_RELAYED, (uint64_t[]){ of, nth }, nth ? 2 : 1, id, sizeof(id));
	memcpy(place.trace_id, above->trace_id, sizeof(place.trace_id));
	memcpy(place.parent_id, above->span_id, sizeof(place.parent_id));
	s = tracer_span_new(t, &place, id, c->process);
	if (!s)
		return;
	s->kind = SPAN_CLIENT;
	s->start_ns = c->start_ns;
	s->end_ns = MAX(c->end_ns, c->start_ns);
	set_http(s, c);
	span_set_str(s, "gentap.relayed.provider", c->provider);
	span_set_str(s, "gentap.relayed.model", c->request_model);
	if (nth)
		span_set_bool(s, ATTR_GENTAP_RELAYED_FAILED, true);
	if (run)
		span_set_str(s, ATTR_GENTAP_RUN_ID, run->string);
	s->error = has_failed(c);
	span_set_str(s, ATTR_ERROR_TYPE, c->error_type);
	span_set_str(s, ATTR_GENTAP_COMPLETENESS,
		     c->completeness == COMPLETENESS_FULL ? SLICE("full") : SLICE("partial"));
	span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, slice_from(c->partial_reason));
	tracer_emit(t, s);
}

void relayed_emit(struct tracer *t, struct call *c, const struct span *above)
{
	emit(t, c, above, 0);
	call_free(c);
}

/* It broke off when the provider had begun to count. */
static void emit_call(struct tracer *t, struct call *c, const struct span *above, struct run *run)
{
	struct span *s = NULL;

	if (span_new(&s)) {
		t->stats.no_memory++;
		return;
	}
	call_span_fill(s, c, &t->config);
	shared_ids_set(&t->shared_ids, c, s);
	memcpy(s->trace_id, above->trace_id, sizeof(s->trace_id));
	memcpy(s->parent_id, above->span_id, sizeof(s->parent_id));
	s->parent_remote = false;
	s->trace_flags = above->trace_flags;
	s->own_trace = above->own_trace;
	tracer_set_own(s);
	span_set_bool(s, ATTR_GENTAP_RELAYED_FAILED, true);
	if (run) {
		tracer_set_run(s, run);
		run_add_call(t, run, c, &(struct join){ 0 }, true);
	}
	s->call = c;
	tracer_emit(t, s);
}

void relays_failed_emit(struct tracer *t, struct list *failed, struct span *above, struct run *run)
{
	struct held *h;
	uint64_t n = 0;

	list_for_each (failed, struct held, link, h) {
		n++;
		if (h->call->usage_source != USAGE_SOURCE_NONE)
			emit_call(t, h->call, above, run);
		else
			emit(t, h->call, above, n);
		t->stats.relays_failed++;
		list_remove(&h->link);
		call_free(h->call);
		free(h);
	}
	if (n)
		span_set_int(above, "gentap.relayed.failed_attempts", (int64_t)n);
}
