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
}

static struct call *release(struct relays *r, struct held *h)
{
	struct call *c = h->call;

	list_remove(&h->link);
	free(h);
	r->n--;
	return c;
}

bool relays_hold(struct tracer *t, struct call *c)
{
	struct relays *r = &t->relays;
	struct held *h;

	if (!c->relaying || !c->process || c->op == OP_NONE || c->op == OP_MCP)
		return false;
	h = malloc(sizeof(*h));
	if (!h) {
		t->stats.no_memory++;
		return false;
	}
	if (r->n == RELAYS_MAX)
		tracer_handle(t, release(r, list_item(r->held.next, struct held, link)));
	*h = (struct held){ .call = c, .until_ns = MAX(c->end_ns, t->now_ns) + RELAY_NS };
	list_init(&h->link);
	list_append(&r->held, &h->link);
	r->n++;
	return true;
}

void relays_sweep(struct tracer *t, uint64_t now_ns)
{
	struct relays *r = &t->relays;

	while (!list_empty(&r->held)) {
		struct held *h = list_item(r->held.next, struct held, link);

		if (h->until_ns > now_ns)
			return;
		tracer_handle(t, release(r, h));
	}
}

void relays_exit(struct tracer *t, uint32_t pid)
{
	struct held *h;

	list_for_each (&t->relays.held, struct held, link, h)
		if (h->call->process->pid == pid)
			tracer_handle(t, release(&t->relays, h));
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

struct call *relays_take(struct tracer *t, struct call *c)
{
	const struct process *by = c->server_side ? c->process : c->server_process;
	struct held *found = NULL, *h;
	struct call *inner;

	if (!by || c->relaying)
		return NULL;
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
	inner = release(&t->relays, found);
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

/* No operation of a model: whoever counts those counts each once. */
void relayed_emit(struct tracer *t, struct call *c, const struct span *above)
{
	struct span_place place = { .flags = above->trace_flags };
	const struct attr *run = span_attr(above, ATTR_GENTAP_RUN_ID);
	uint64_t of;
	uint8_t id[8];
	struct span *s;

	memcpy(&of, above->span_id, sizeof(of));
	id_derive(shared_id_key, ID_RELAYED, &of, 1, id, sizeof(id));
	memcpy(place.trace_id, above->trace_id, sizeof(place.trace_id));
	memcpy(place.parent_id, above->span_id, sizeof(place.parent_id));
	s = tracer_span_new(t, &place, id, c->process);
	if (s) {
		s->kind = SPAN_CLIENT;
		s->start_ns = c->start_ns;
		s->end_ns = MAX(c->end_ns, c->start_ns);
		set_http(s, c);
		span_set_str(s, "gentap.relayed.provider", c->provider);
		span_set_str(s, "gentap.relayed.model", c->request_model);
		if (run)
			span_set_str(s, ATTR_GENTAP_RUN_ID, run->string);
		s->error = c->error_type.data || c->status >= 400;
		span_set_str(s, ATTR_ERROR_TYPE, c->error_type);
		span_set_str(s, ATTR_GENTAP_COMPLETENESS,
			     c->completeness == COMPLETENESS_FULL ? SLICE("full")
								  : SLICE("partial"));
		span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, slice_from(c->partial_reason));
		tracer_emit(t, s);
	}
	call_free(c);
}
