/* SPDX-License-Identifier: Apache-2.0 */
#include "tracer_impl.h"

#include "cleanup.h"
#include "clock.h"
#include "ids.h"

void str_set(char **field, struct slice value)
{
	char *copy = value.data ? strndup(value.data, value.len) : NULL;

	if (!copy)
		return;
	free(*field);
	*field = copy;
}

/* What has ended goes first: it only waits for calls that come late. */
static struct run *least_wanted(struct tracer *t, const struct run *keep)
{
	struct run *run;

	list_for_each (&t->finished, struct run, ending, run)
		if (run != keep)
			return run;
	list_for_each (&t->runs, struct run, link, run)
		if (run != keep)
			return run;
	return NULL;
}

static void make_room(struct tracer *t, const struct run *keep)
{
	struct run *run;

	while (t->n_runs >= t->config.runs_max && (run = least_wanted(t, keep))) {
		t->stats.runs_evicted += run->end == RUN_END_NONE;
		run_emit(t, run, run->end == RUN_END_NONE ? RUN_END_EVICTED : run->end);
	}
}

struct run *run_new(struct tracer *t, const struct call *c, const struct span_place *place,
		    const struct run *outer)
{
	struct run *run = calloc(1, sizeof(*run));
	struct process *p = c->process;
	uint64_t of;

	if (!run) {
		t->stats.no_memory++;
		return NULL;
	}
	make_room(t, outer);
	list_init(&run->link);
	list_init(&run->ending);
	list_init(&run->points);
	list_init(&run->tools);
	list_init(&run->closed);
	list_init(&run->children);
	list_init(&run->in_parent);
	run->process = process_ref(p);
	run->place = *place;
	run->start_ns = run->end_ns = c->start_ns;
	run->server_side = c->server_side;
	memcpy(&of, t->call_id, sizeof(of));
	id_derive(shared_id_key, ID_RUN, &of, 1, run->id, sizeof(run->id));
	run->own_id = t->call_own;
	str_set(&run->trace_state, c->trace_state);
	if (index_add(&t->processes, &run->by_process, parent_process_key(p ? p->pid : 0), run))
		t->stats.no_memory++;
	list_append(&t->runs, &run->link);
	t->n_runs++;
	t->stats.runs++;
	return run;
}

void run_name(struct run *run, enum name_source source, struct slice name, struct slice version)
{
	if (version.len && !run->version)
		str_set(&run->version, version);
	if (!name.len || source <= run->name_source)
		return;
	run->name_source = source;
	str_set(&run->name, name);
}

/* ---- Counting ------------------------------------------------------------------------------ */

static void add_usage(struct run_totals *to, const struct call *c)
{
	static const enum usage_field fields[] = { USAGE_INPUT, USAGE_OUTPUT, USAGE_CACHE_READ,
						   USAGE_CACHE_WRITE, USAGE_REASONING };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (usage_has(&c->usage, fields[i]))
			usage_set(&to->usage, fields[i],
				  usage_get(&to->usage, fields[i]) +
					  usage_get(&c->usage, fields[i]));
	to->no_usage += !usage_has(&c->usage, USAGE_INPUT) && !usage_has(&c->usage, USAGE_OUTPUT);
}

static void count_server_tools(struct run_totals *to, const struct call *c)
{
	for (size_t m = 0; m < c->n_output; m++)
		for (size_t i = 0; i < c->output[m].n_parts; i++)
			to->server_tools += c->output[m].parts[i].type == PART_SERVER_TOOL_CALL;
}

static bool may_be_retried(const struct call *c)
{
	return !c->status || c->status < 400 || c->status == 408 || c->status == 409 ||
	       c->status == 413 || c->status == 429 || c->status >= 500;
}

static void count(struct run *run, const struct call *c, const struct join *j, bool failed)
{
	struct run_totals *to = &run->totals;

	to->calls++;
	to->errors += failed;
	to->rate_limited += c->status == 429 || c->status == 529;
	to->gaps += j->gap;
	to->branches += j->branch || j->rewritten;
	to->rewritten += j->rewritten;
	to->partial += c->completeness != COMPLETENESS_FULL;
	if (j->rule == JOIN_RETRY || c->retry_count > 0)
		to->retries++;
	if (run->failed_ns && c->start_ns > run->failed_ns)
		to->wait_ns += c->start_ns - run->failed_ns;
	add_usage(to, c);
	count_server_tools(to, c);
	run_limits_add(run, c);
}

static bool goes_on(const struct call *c)
{
	for (size_t i = 0; i < c->n_finish_reasons; i++)
		if (slice_eq(c->raw_finish_reasons[i], SLICE("pause_turn")))
			return true;
	return c->n_tool_calls || slice_eq(c->response_status, SLICE("queued")) ||
	       slice_eq(c->response_status, SLICE("in_progress"));
}

/* It is alive, and so is what it runs under. */
static void touch(struct tracer *t, struct run *run, uint64_t now_ns)
{
	for (; run; run = run->opener ? run->opener->run : NULL) {
		run->active_ns = MAX(run->active_ns, now_ns);
		list_append(&t->runs, &run->link);
	}
}

/* It goes on, and so does what waits for it to end. */
static void resume(struct run *run)
{
	for (; run; run = run->handed_off && run->opener ? run->opener->run : NULL) {
		run->end = RUN_END_NONE;
		list_remove(&run->ending);
	}
}

void run_add_call(struct tracer *t, struct run *run, const struct call *c, const struct join *j,
		  bool side)
{
	bool failed = c->error_type.data || c->status >= 400;

	count(run, c, j, failed);
	run->start_ns = MIN(run->start_ns, c->start_ns);
	run->end_ns = MAX(run->end_ns, MAX(c->end_ns, c->start_ns));
	touch(t, run, run->end_ns);
	if (!run->provider)
		str_set(&run->provider, c->provider);
	if (side) {
		run->totals.side_calls++;
		return;
	}
	if (!run->main_line || !run->model)
		str_set(&run->model, c->request_model);
	run->main_line = true;
	run->totals.turns += !failed;
	run->failed_ns = failed ? run->end_ns : 0;
	resume(run);
	if (failed) {
		str_set(&run->error, c->error_type.data ? c->error_type : SLICE("_OTHER"));
		run->interrupted |= slice_eq(c->error_type, SLICE("cancelled"));
		run_finish(t, run, RUN_END_ERROR);
		if (may_be_retried(c))
			list_append(&t->failed, &run->ending);
		run->deadline_ns = run->end_ns + (may_be_retried(c) ? RUN_RETRY_NS : RUN_LINGER_NS);
		return;
	}
	free(TAKE(run->error));
	run->interrupted = false;
	if (!goes_on(c))
		run_finish(t, run, RUN_END_FINAL);
}

void run_finish(struct tracer *t, struct run *run, enum run_end end)
{
	run->end = end;
	run->deadline_ns = run->end_ns + RUN_LINGER_NS;
	list_append(&t->finished, &run->ending);
	/* Who handed over is done when the other is, unless it speaks again. */
	while (run->handed_off && run->opener) {
		struct run *outer = run->opener->run;

		outer->end_ns = MAX(outer->end_ns, run->end_ns);
		outer->end = end;
		outer->deadline_ns = outer->end_ns + RUN_RETRY_NS;
		list_append(&t->failed, &outer->ending);
		run = outer;
	}
}

/* ---- Emitting ------------------------------------------------------------------------------ */

static const char *const end_names[] = {
	[RUN_END_NONE] = "unknown",	 [RUN_END_FINAL] = "final",
	[RUN_END_ERROR] = "error",	 [RUN_END_INTERRUPTED] = "interrupted",
	[RUN_END_EXIT] = "process_exit", [RUN_END_IDLE] = "idle",
	[RUN_END_EVICTED] = "evicted",	 [RUN_END_SHUTDOWN] = "shutdown",
};

static void set_totals(struct span *s, const struct run *run)
{
	static const struct {
		const char *key;
		size_t at;
		bool always;
	} rows[] = {
#define AT(member) offsetof(struct run_totals, member)
		{ "gentap.run.calls", AT(calls), true },
		{ "gentap.run.turns", AT(turns), true },
		{ "gentap.run.tools", AT(tools), true },
		{ "gentap.run.errors", AT(errors), true },
		{ "gentap.run.tool_errors", AT(tool_errors), true },
		{ "gentap.run.side_calls", AT(side_calls), false },
		{ "gentap.run.unanswered_tools", AT(unanswered), false },
		{ "gentap.run.server_tools", AT(server_tools), false },
		{ "gentap.run.retries", AT(retries), false },
		{ "gentap.run.rate_limited", AT(rate_limited), false },
		{ "gentap.run.gaps", AT(gaps), false },
		{ "gentap.run.branches", AT(branches), false },
		{ "gentap.run.rewritten", AT(rewritten), false },
		{ "gentap.run.unknown_usage_calls", AT(no_usage), false },
		{ "gentap.run.partial_calls", AT(partial), false },
#undef AT
	};
	static const struct {
		const char *key;
		enum usage_field field;
	} tokens[] = {
		{ "gentap.run.input_tokens", USAGE_INPUT },
		{ "gentap.run.output_tokens", USAGE_OUTPUT },
		{ "gentap.run.cache_read_tokens", USAGE_CACHE_READ },
		{ "gentap.run.cache_write_tokens", USAGE_CACHE_WRITE },
		{ "gentap.run.reasoning_tokens", USAGE_REASONING },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t n = *(const int64_t *)((const char *)&run->totals + rows[i].at);

		if (n || rows[i].always)
			span_set_int(s, rows[i].key, n);
	}
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		if (usage_has(&run->totals.usage, tokens[i].field))
			span_set_int(s, tokens[i].key,
				     usage_get(&run->totals.usage, tokens[i].field));
	if (run->totals.wait_ns && run->totals.retries)
		span_set_double(s, "gentap.run.retry_wait",
				(double)run->totals.wait_ns / (double)NSEC_PER_SEC);
}

static void set_status(struct span *s, const struct run *run)
{
	span_set_str(s, "gentap.run.end", slice_from(end_names[run->end]));
	if (run->interrupted)
		span_set_bool(s, "gentap.run.interrupted", true);
	if (!run->error)
		return;
	s->error = true;
	span_set_str(s, ATTR_ERROR_TYPE, slice_from(run->error));
}

static void set_completeness(struct span *s, const struct run *run)
{
	bool lost = run->totals.gaps || run->began_before || run->end > RUN_END_EXIT;

	span_set_str(s, ATTR_GENTAP_COMPLETENESS, lost ? SLICE("partial") : SLICE("full"));
	if (!lost)
		return;
	span_set_str(s, ATTR_GENTAP_PARTIAL_REASON,
		     run->began_before	? SLICE("began_before")
		     : run->totals.gaps ? SLICE("calls_missed")
					: slice_from(end_names[run->end]));
}

static void emit_span(struct tracer *t, const struct run *run)
{
	struct span *s = tracer_span_new(t, &run->place, run->id, run->process);
	struct slice name = slice_from(run->name);

	if (!s)
		return;
	s->kind = SPAN_INTERNAL;
	s->name = SLICE("invoke_agent");
	if (name.len) {
		char *text = arena_alloc(&s->arena, s->name.len + 1 + name.len);

		if (text) {
			memcpy(text, "invoke_agent ", 13);
			memcpy(text + 13, name.data, name.len);
			s->name = (struct slice){ text, 13 + name.len };
		}
	}
	s->start_ns = run->start_ns;
	s->end_ns = run->end_ns;
	s->trace_state = arena_copy(&s->arena, slice_from(run->trace_state));
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("invoke_agent"));
	span_set_str(s, ATTR_PROVIDER_NAME, slice_from(run->provider));
	span_set_str(s, ATTR_REQUEST_MODEL, slice_from(run->model));
	tracer_set_run(s, run);
	s->own_id = run->own_id;
	tracer_set_own(s);
	span_set_str(s, ATTR_AGENT_VERSION, slice_from(run->version));
	span_set_str(s, ATTR_GENTAP_AGENT_SOURCE, slice_from(name_source_name(run->name_source)));
	set_totals(s, run);
	run_limits_fill(s, run);
	set_status(s, run);
	set_completeness(s, run);
	span_set_str(s, ATTR_GENTAP_INFERRED, slice_from(run->inferred));
	tracer_emit(t, s);
}

static void run_free(struct tracer *t, struct run *run)
{
	struct run *child;
	struct tool *tool;
	struct point *p;

	list_for_each (&run->tools, struct tool, link, tool)
		tool_free(t, tool);
	list_for_each (&run->closed, struct tool, link, tool)
		tool_free(t, tool);
	list_for_each (&run->children, struct run, in_parent, child) {
		child->opener = NULL;
		list_remove(&child->in_parent);
	}
	list_for_each (&run->points, struct point, in_run, p) {
		p->run = NULL;
		list_remove(&p->in_run);
	}
	index_remove(&t->processes, &run->by_process);
	list_remove(&run->link);
	list_remove(&run->ending);
	list_remove(&run->in_parent);
	t->n_runs--;
	process_unref(run->process);
	free(run->trace_state);
	free(run->limits);
	free(run->session);
	free(run->user_head);
	free(run->conversation);
	free(run->name);
	free(run->version);
	free(run->model);
	free(run->provider);
	free(run->error);
	free(run);
}

void run_emit(struct tracer *t, struct run *run, enum run_end end)
{
	struct tool *tool;

	if (run->end == RUN_END_NONE || end == RUN_END_INTERRUPTED)
		run->end = end;
	run->interrupted |= end == RUN_END_INTERRUPTED;
	list_for_each (&run->tools, struct tool, link, tool)
		tool_abandon(t, tool, run->end_ns,
			     end == RUN_END_INTERRUPTED ? "interrupted" : "no_result");
	emit_span(t, run);
	if (run->handed_off && run->opener)
		tool_close_handoff(t, run->opener, run->end_ns,
				   run->end > RUN_END_EXIT ? end_names[run->end] : NULL);
	run_free(t, run);
}
