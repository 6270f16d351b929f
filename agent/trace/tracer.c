/* SPDX-License-Identifier: Apache-2.0 */
#include "tracer.h"

#include "call_span.h"
#include "cleanup.h"
#include "clock.h"
#include "tracer_impl.h"

#include <errno.h>

int tracer_new(struct tracer **ret, const struct tracer_config *config,
	       const struct span_sink *sink)
{
	struct tracer *t = calloc(1, sizeof(*t));
	struct conversations_config limits = {
		.conversations_max = config->conversations_max ? config->conversations_max
							       : TRACER_CONVERSATIONS_MAX,
		.points_max = config->points_max ? config->points_max : TRACER_POINTS_MAX,
	};

	if (!t)
		return -ENOMEM;
	t->config = *config;
	if (!t->config.runs_max)
		t->config.runs_max = TRACER_RUNS_MAX;
	t->sink = *sink;
	conversations_init(&t->conversations, &limits);
	pending_init(&t->pending);
	shared_ids_init(&t->shared_ids);
	relays_init(&t->relays);
	sdk_init(&t->sdk);
	table_init(&t->served, SERVED_TRACES_MAX);
	list_init(&t->runs);
	list_init(&t->finished);
	list_init(&t->failed);
	index_init(&t->texts, 8 * t->config.runs_max);
	index_init(&t->processes, t->config.runs_max);
	*ret = t;
	return 0;
}

void tracer_free(struct tracer *t)
{
	if (!t)
		return;
	relays_sweep(t, UINT64_MAX);
	/* A nested one stands before what it runs under. */
	while (!list_empty(&t->runs))
		run_emit(t, list_item(t->runs.next, struct run, link), RUN_END_SHUTDOWN);
	conversations_release(&t->conversations);
	pending_release(&t->pending);
	shared_ids_release(&t->shared_ids);
	sdk_release(&t->sdk);
	table_release(&t->served, free);
	index_release(&t->texts);
	index_release(&t->processes);
	free(t);
}

/* ---- Spans --------------------------------------------------------------------------------- */

struct span *tracer_span_new(struct tracer *t, const struct span_place *place, const uint8_t id[8],
			     struct process *process)
{
	struct span *s = NULL;

	if (span_new(&s)) {
		t->stats.no_memory++;
		return NULL;
	}
	s->process = process_ref(process);
	memcpy(s->trace_id, place->trace_id, sizeof(s->trace_id));
	memcpy(s->span_id, id, sizeof(s->span_id));
	memcpy(s->parent_id, place->parent_id, sizeof(s->parent_id));
	s->parent_remote = place->remote;
	s->trace_flags = place->flags;
	s->own_trace = place->own;
	return s;
}

void tracer_emit(struct tracer *t, struct span *span)
{
	sdk_mark(&t->sdk, span);
	t->stats.spans++;
	t->stats.dropped_attrs += span->dropped_attrs;
	t->sink.span(t->sink.ctx, span);
	span_free(span);
}

void tracer_set_own(struct span *span)
{
	static const struct slice names[] = { SLICE("span"), SLICE("trace") };
	size_t from = span->own_id ? 0 : 1, to = span->own_trace ? 2 : 1;

	if (from < to)
		span_set_strs(span, ATTR_GENTAP_OWN_IDS, names + from, to - from);
}

void tracer_set_run(struct span *span, const struct run *run)
{
	char hex[17];

	hex_print(hex, run->id, sizeof(run->id));
	span_set_str(span, ATTR_GENTAP_RUN_ID, slice_from(hex));
	span_set_str(span, ATTR_AGENT_NAME, slice_from(run->name));
	span_set_str(span, ATTR_CONVERSATION_ID, slice_from(run->conversation));
}

/* ---- Calls ------------------------------------------------------------------------------- */

static bool is_inference(const struct call *c)
{
	return c->op == OP_CHAT || c->op == OP_GENERATE_CONTENT || c->op == OP_TEXT_COMPLETION ||
	       c->op == OP_FETCH_RESPONSE;
}

/* A call of a model, as a span in its place. */
static void leaf_call(struct tracer *t, struct call *call)
{
	struct call *relayed;
	struct span *span = NULL;
	struct list failed;

	if (span_new(&span)) {
		t->stats.no_memory++;
		return;
	}
	list_init(&failed);
	relayed = relays_take(t, call, &failed);
	call_span_fill(span, call, &t->config);
	served_join(t, call, span, shared_ids_set(&t->shared_ids, call, span));
	memcpy(t->call_id, span->span_id, sizeof(t->call_id));
	t->call_own = span->own_id;
	t->call_run = NULL;
	if (is_inference(call))
		tracer_place(t, call, span);
	relays_failed_emit(t, &failed, span, t->call_run);
	tracer_set_own(span);
	if (relayed)
		relayed_emit(t, relayed, span);
	span->call = call;
	tracer_emit(t, span);
}

void tracer_handle(struct tracer *t, struct call *call)
{
	pending_settle(&t->pending, call);
	if (call->op == OP_NONE)
		t->stats.not_operations++;
	else if (call->op == OP_MCP)
		mcp_call(t, call);
	else
		leaf_call(t, call);
	call_free(call);
}

void tracer_told(struct tracer *t, const uint8_t span_id[8])
{
	shared_ids_claim(&t->shared_ids, span_id);
}

void tracer_call(struct tracer *t, struct call *call)
{
	t->stats.calls++;
	/* What was over when it began, it does not continue. */
	tracer_sweep(t, call->start_ns);
	if (!relays_hold(t, call))
		tracer_handle(t, call);
}

static void sweep(struct tracer *t, struct list *ending)
{
	while (!list_empty(ending)) {
		struct run *run = list_item(ending->next, struct run, ending);

		if (run->deadline_ns > t->now_ns)
			return;
		run_emit(t, run, run->end);
	}
}

void tracer_sweep(struct tracer *t, uint64_t now_ns)
{
	t->now_ns = MAX(t->now_ns, now_ns);
	relays_sweep(t, t->now_ns);
	sweep(t, &t->finished);
	sweep(t, &t->failed);
	while (!list_empty(&t->runs)) {
		struct run *run = list_item(t->runs.next, struct run, link);

		if (run->active_ns + RUN_IDLE_NS > t->now_ns)
			return;
		run_emit(t, run, RUN_END_IDLE);
	}
}

void tracer_process_exit(struct tracer *t, uint32_t pid)
{
	void *run;

	relays_exit(t, pid);
	while (index_find(&t->processes, parent_process_key(pid), &run, 1))
		run_emit(t, run, RUN_END_EXIT);
}

const struct tracer_stats *tracer_stats(struct tracer *t)
{
	t->stats.conversations_evicted = t->conversations.stats.evicted;
	t->stats.points_evicted = t->conversations.stats.points_evicted;
	t->stats.ids_repeated = t->shared_ids.repeated;
	t->stats.sdk_spans = t->sdk.spans;
	t->stats.sdk_matched = t->sdk.matched;
	return &t->stats;
}
