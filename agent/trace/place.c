/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which run does a call belong to: the one that its conversation goes on with, the one that it
 * is asked beside, one below a tool that opened it, or a new one?
 */
#include "tracer_impl.h"

#include "cleanup.h"
#include "clock.h"

/* Where the call's span would hang on its own. */
static struct span_place place_of(const struct span *s)
{
	struct span_place place = { .remote = s->parent_remote,
				    .own = s->own_trace,
				    .flags = s->trace_flags };

	memcpy(place.trace_id, s->trace_id, sizeof(place.trace_id));
	memcpy(place.parent_id, s->parent_id, sizeof(place.parent_id));
	return place;
}

static void hang(struct span *s, const struct span_place *under, const uint8_t parent[8])
{
	memcpy(s->trace_id, under->trace_id, sizeof(s->trace_id));
	memcpy(s->parent_id, parent, sizeof(s->parent_id));
	s->parent_remote = false;
	s->own_trace = under->own;
	s->trace_flags = under->flags;
}

/* ---- Which run ----------------------------------------------------------------------------- */

/* What the call brings that its conversation did not have yet. */
struct news {
	bool results; /* of tools */
	bool user;    /* somebody says something */
};

/* Where answers were missed: behind the last of them. What was sent before it came with a call
 * that was missed too. */
static size_t behind_answers(const struct call *c, const struct join *j)
{
	size_t i = c->n_input;

	while (i > j->first_new && !message_is_assistant(&c->input[i - 1]))
		i--;
	return i;
}

static struct news what_is_new(const struct call *c, const struct join *j)
{
	struct news n = { 0 };

	for (size_t i = j->gap ? behind_answers(c, j) : j->first_new; i < c->n_input; i++) {
		const struct message *m = &c->input[i];
		bool result = message_part(m, PART_TOOL_RESPONSE);

		n.results |= result;
		n.user |= !result && !message_is_system(m) && !message_is_assistant(m);
	}
	return n;
}

/* Frameworks that have no tool calls in their API write them as text (ReAct). */
static bool asks_in_text(const struct call *c)
{
	for (size_t i = 0; i < c->n_output && i < 1; i++)
		for (size_t k = 0; k < c->output[i].n_parts; k++) {
			struct slice text = c->output[i].parts[k].text;

			if (c->output[i].parts[k].type == PART_TEXT &&
			    slice_find(text, SLICE("\nAction:")) >= 0 &&
			    slice_find(text, SLICE("\nAction Input:")) >= 0)
				return true;
		}
	return false;
}

static bool is_agentic(const struct call *c, const struct join *j, const struct agent_name *name)
{
	return c->n_tools || c->n_tool_calls || name->source || what_is_new(c, j).results ||
	       (j->point && j->point->conversation->had_run) || asks_in_text(c);
}

/* Where answers were missed: the first new question that stands behind an answer which asked for
 * nothing. Who gave that was done. */
static size_t next_question(const struct call *c, const struct join *j)
{
	for (size_t i = j->first_new; i + 1 < c->n_input; i++)
		if (message_is_assistant(&c->input[i]) &&
		    !message_part(&c->input[i], PART_TOOL_CALL) &&
		    slice_eq(c->input[i + 1].role, SLICE("user")) &&
		    !message_part(&c->input[i + 1], PART_TOOL_RESPONSE))
			return i + 1;
	return c->n_input;
}

/* Of what was missed, only that belongs to a new run which stands behind the last question. */
static void skip_to_question(const struct call *c, struct join *j)
{
	size_t question;

	while ((question = next_question(c, j)) < c->n_input)
		j->first_new = question;
	j->gap = behind_answers(c, j) > j->first_new;
}

/* Its last calls were missed, up to this message: that is its loss. Of what follows only that
 * counts as missed which stands behind. */
static void run_end_missed(struct tracer *t, struct run *run, struct call *c, struct join *j,
			   size_t end)
{
	size_t n = c->n_input;

	c->n_input = end;
	tools_open_missed(t, run, c, j);
	tools_close(t, run, c, j);
	c->n_input = n;
	run->totals.gaps++;
	/* It was answered in the end, whatever was seen last. */
	run->end = RUN_END_NONE;
	free(TAKE(run->error));
	j->first_new = end;
	skip_to_question(c, j);
}

/* The run that the join leads to, if the call is a part of it; else that one ends here. */
static struct run *run_continued(struct tracer *t, struct call *c, struct join *j)
{
	struct run *run = j->point ? j->point->run : NULL;
	size_t question = c->n_input;
	struct news news;

	if (!run) {
		if (j->gap)
			skip_to_question(c, j);
		return NULL;
	}
	news = what_is_new(c, j);
	if ((j->gap || j->branch) && !j->point->asks_in_text)
		question = next_question(c, j);
	j->gap |= question < c->n_input;
	/* Who sums up its history in the middle of its work goes on with it. */
	if (question == c->n_input && (news.results || !news.user || j->rule == JOIN_RETRY ||
				       j->point->paused || j->point->asks_in_text))
		return run;
	/* Another question beside the one that is being answered. */
	if (j->branch && !j->gap && run->end == RUN_END_NONE && j->point->tools)
		return run;
	while (run->handed_off && run->opener) {
		struct run *outer = run->opener->run;

		run_emit(t, run, RUN_END_FINAL);
		run = outer;
	}
	if (j->gap)
		run_end_missed(t, run, c, j, MIN(question, behind_answers(c, j)));
	run_emit(t, run, run->open_tools ? RUN_END_INTERRUPTED : RUN_END_FINAL);
	return NULL;
}

/* The outer run, when its agent speaks again after another to which it had handed over. */
static struct run *run_returned(struct tracer *t, struct run *run, const struct call *c)
{
	uint64_t system = t->conversations.history.system;

	while (run->handed_off && run->opener && run->system != system &&
	       run->opener->run->system == system) {
		struct tool *tool = run->opener;
		struct run *outer = tool->run;

		run->end_ns = MIN(run->end_ns, c->start_ns);
		run_emit(t, run, RUN_END_FINAL);
		run = outer;
	}
	return run;
}

static void run_open(struct tracer *t, struct run *run, struct call *c,
		     const struct agent_name *name)
{
	run->system = t->conversations.history.system;
	run->cli = agent_name_is_cli(c->user_agent);
	if (slice_find(c->user, SLICE("session")) >= 0)
		str_set(&run->session, c->user);
	run_name(run, name->source, name->name, name->version);
	if (!run->name && c->process)
		run_name(run, NAME_PROGRAM,
			 agent_name_of_program(slice_from(c->process->cmdline),
					       slice_from(c->process->comm)),
			 SLICE_NONE);
	for (size_t i = c->n_input; i; i--) {
		const struct part *p = message_part(&c->input[i - 1], PART_TEXT);

		if (!slice_eq(c->input[i - 1].role, SLICE("user")) || !p)
			continue;
		str_set(&run->user_head, slice_sub(p->text, 0, RUN_USER_HEAD));
		run->user_hash = p->hash;
		break;
	}
}

/* A run under a tool call of another. */
static struct run *run_nested(struct tracer *t, struct tool *tool, struct call *c, bool handed_off,
			      struct slice agent, const struct agent_name *name)
{
	struct run *outer = tool->run, *run;
	struct span_place place = outer->place;

	memcpy(place.parent_id, tool->id, sizeof(place.parent_id));
	place.remote = false;
	run = run_new(t, c, &place, outer);
	if (!run)
		return NULL;
	run->opener = tool;
	tool->used = true;
	run->handed_off = handed_off;
	run->depth = outer->depth + 1;
	list_append(&outer->children, &run->in_parent);
	if (!agent.len)
		agent = slice_from(tool->agent);
	if (!agent.len && handed_off && !name->name.len)
		agent = agent_name_handoff(slice_from(tool->name));
	run_name(run, NAME_ARGUMENT, agent, SLICE_NONE);
	run_open(t, run, c, name);
	run->began_before = !handed_off && what_is_new(c, &(struct join){ 0 }).results;
	return run;
}

static struct run *run_handed_over(struct tracer *t, struct run *run, struct call *c,
				   struct join *j, const struct agent_name *name)
{
	struct slice agent = SLICE_NONE;
	struct run *nested;
	struct tool *tool = NULL;

	if (run->depth < RUN_DEPTH_MAX)
		tool = tools_find_handoff(run, c, j, &agent);
	if (!tool || (!agent.len && run->system == t->conversations.history.system))
		return run;
	nested = run_nested(t, tool, c, true, agent, name);
	/* The others; the one that hands over ends with its agent. */
	tools_close(t, run, c, j);
	if (!nested)
		return run;
	/* When what was missed led to the hand-off, the loss is of who handed over. */
	if (tool->missed) {
		run->totals.gaps++;
		j->gap = false;
	}
	return nested;
}

/* ---- One call ------------------------------------------------------------------------------ */

/* What was concluded about a call. */
struct finding {
	struct join join;
	struct run *run;
	struct tool *under; /* hangs directly below it, in no run of its own */
	const char *inferred;
	bool off_wire; /* who sees the wire alone does not find it there */
	bool side;
	bool ambiguous;
};

static struct run *run_of_new(struct tracer *t, struct call *c, const struct span *s,
			      struct finding *f)
{
	struct agent_name name = agent_name_find(c);
	struct span_place place = place_of(s);
	struct run *main = NULL, *run;
	struct tool *tool = NULL;

	if (!f->join.point && !s->parent_remote)
		tool = parent_find(t, c, &f->inferred, &f->off_wire, &f->ambiguous);
	if (tool && tool->run->depth >= RUN_DEPTH_MAX)
		tool = NULL;
	if (!tool)
		main = parent_find_main(t, c, &f->ambiguous);
	if (!tool && main && (!main->main_line || !c->n_tools)) {
		f->side = !c->n_tools;
		f->inferred = f->side ? "side_call" : NULL;
		if (!f->side)
			run_open(t, main, c, &name);
		return main;
	}
	if (!is_agentic(c, &f->join, &name)) {
		f->under = tool;
		if (tool)
			tool->used = true;
		f->side = tool != NULL;
		return tool ? tool->run : NULL;
	}
	if (tool) {
		run = run_nested(t, tool, c, false, SLICE_NONE, &name);
		if (run) {
			run->inferred = f->inferred;
			run->place.own |= f->off_wire;
		}
		f->inferred = NULL; /* that it is of its run is certain */
		return run;
	}
	run = run_new(t, c, &place, NULL);
	if (!run)
		return NULL;
	run_open(t, run, c, &name);
	if (c->served && c->served->by_text && !c->parent.valid)
		run->inferred = SERVED_BY_TEXT;
	/* A known program asks things of its own before its main line begins. */
	f->side = run->cli && !c->n_tools && !f->join.point;
	run->began_before = !f->side && (what_is_new(c, &f->join).results ||
					 (c->op == OP_FETCH_RESPONSE && !f->join.point));
	return run;
}

static void find_run(struct tracer *t, struct call *c, const struct span *s, struct finding *f)
{
	struct agent_name name;

	f->ambiguous = f->join.ambiguous && !f->join.point;
	f->run = run_continued(t, c, &f->join);
	if (f->run) {
		name = agent_name_find(c);
		f->run = run_returned(t, f->run, c);
		tools_open_missed(t, f->run, c, &f->join);
		f->run = run_handed_over(t, f->run, c, &f->join, &name);
		f->inferred = join_rule_name(f->join.rule);
		/* The history goes elsewhere, without the means to act: a question beside it. */
		f->side = f->join.branch && !c->n_tools;
		return;
	}
	if (f->join.point)
		f->inferred = join_rule_name(f->join.rule);
	f->run = run_of_new(t, c, s, f);
	if (f->run && !f->side)
		tools_open_missed(t, f->run, c, &f->join);
}

static void set_span(struct span *s, const struct call *c, const struct finding *f)
{
	const struct run *run = f->run;

	if (f->under) {
		hang(s, &f->under->run->place, f->under->id);
		s->own_trace |= f->off_wire;
	} else if (run) {
		hang(s, &run->place, run->id);
	}
	if (run)
		tracer_set_run(s, run);
	if (run && !f->side && run->failed_ns && c->start_ns > run->failed_ns)
		span_set_double(s, ATTR_GENTAP_RETRY_WAIT,
				(double)(c->start_ns - run->failed_ns) / (double)NSEC_PER_SEC);
	if (f->side)
		span_set_bool(s, ATTR_GENTAP_SIDE_CALL, true);
	if (f->join.branch || f->join.rewritten)
		span_set_bool(s, ATTR_GENTAP_BRANCH, true);
	if (f->join.rewritten)
		span_set_bool(s, ATTR_GENTAP_REWRITTEN, true);
	if (f->ambiguous)
		span_set_bool(s, ATTR_GENTAP_AMBIGUOUS, true);
	span_set_str(s, ATTR_GENTAP_INFERRED, slice_from(f->inferred));
}

void tracer_place(struct tracer *t, struct call *c, struct span *s)
{
	struct conversation *conv;
	struct finding f = { 0 };
	struct point *point;

	if (conversations_join(&t->conversations, c, &f.join))
		return;
	find_run(t, c, s, &f);
	t->call_run = f.run;
	t->stats.ambiguous += f.ambiguous;
	conv = conversations_open(&t->conversations, c, &f.join, t->config.seed);
	if (conv && f.run && !f.side && !f.run->conversation)
		str_set(&f.run->conversation, slice_from(conv->id));
	set_span(s, c, &f);
	if (conv && (!f.run || !f.run->conversation))
		span_set_str(s, ATTR_CONVERSATION_ID, slice_from(conv->id));
	if (f.run) {
		if (!f.side)
			tools_close(t, f.run, c, &f.join);
		run_add_call(t, f.run, c, &f.join, f.side);
		if (!f.side)
			tools_open(t, f.run, c);
	}
	point = conv ? conversations_add(&t->conversations, conv, c, &f.join) : NULL;
	if (!point || !f.run || f.under)
		return;
	conv->had_run = true;
	point->run = f.run;
	point->asks_in_text = asks_in_text(c);
	list_append(&f.run->points, &point->in_run);
	/* Its end waits for the answer to what it asked in its text. */
	if (point->asks_in_text && f.run->end == RUN_END_FINAL)
		list_append(&t->failed, &f.run->ending);
}
