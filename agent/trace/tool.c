/* SPDX-License-Identifier: Apache-2.0 */
#include "tracer_impl.h"

#include "cleanup.h"
#include "content.h"
#include "ids.h"
#include "redact.h"
#include "tool_text.h"

#define TAIL_MESSAGES 256 /* messages back that results are looked for */
#define CONTENT_BYTES_MAX (256 * 1024)
#define TEXTS_ARENA_MAX (1024 * 1024)

void tool_free(struct tracer *t, struct tool *tool)
{
	struct run *child;

	list_for_each (&tool->run->children, struct run, in_parent, child)
		if (child->opener == tool)
			child->opener = NULL;
	for (size_t i = 0; i < tool->n_texts; i++)
		index_remove(&t->texts, &tool->texts[i]);
	list_remove(&tool->link);
	tool->run->n_tools--;
	tool->run->open_tools -= !tool->closed;
	free(tool->call_id);
	free(tool->name);
	free(tool->type);
	free(tool->agent);
	free(tool->arguments);
	free(tool->content_arguments);
	free(tool);
}

/* ---- Opening ------------------------------------------------------------------------------- */

static void index_key(struct tracer *t, struct tool *tool, uint64_t key)
{
	if (index_add(&t->texts, &tool->texts[tool->n_texts], key, tool))
		t->stats.no_memory++;
	else
		tool->n_texts++;
}

/* By these a sub-agent's first message finds the tool. */
static void index_texts(struct tracer *t, struct tool *tool, struct slice arguments)
{
	struct tool_string strings[16];
	struct arena arena;
	size_t n;

	arena_init(&arena, TEXTS_ARENA_MAX);
	n = tool_strings(&arena, arguments, strings, ARRAY_LEN(strings));
	str_set(&tool->agent, tool_strings_agent(strings, n));
	for (size_t i = 0; i < n && tool->n_texts < TOOL_TEXTS_MAX; i++) {
		if (strings[i].text.len >= TOOL_TEXT_MIN)
			index_key(t, tool, strings[i].hash);
	}
	/* By this the call to an MCP server finds it. */
	index_key(t, tool, tool_arguments_key(arguments.len ? arguments : SLICE("{}")));
	arena_release(&arena);
}

static char *render(struct slice text, bool truncated)
{
	_cleanup_(buf_cleanup) struct buf json = BUF_INIT(CONTENT_BYTES_MAX);
	const struct tool_call as = { .arguments = text, .truncated = truncated };

	if (content_tool_arguments(&as, CONTENT_BYTES_MAX, &json))
		return NULL;
	return strndup(json.data, json.len);
}

/* Makes room for one more: the oldest that is closed goes. */
static bool make_room(struct tracer *t, struct run *run)
{
	if (run->n_tools < RUN_TOOLS_MAX)
		return true;
	if (!list_empty(&run->closed)) {
		tool_free(t, list_item(run->closed.next, struct tool, link));
		return true;
	}
	t->stats.tools_dropped++;
	return false;
}

static struct tool *tool_new(struct tracer *t, struct run *run, const struct call *c,
			     const struct tool_call *from, size_t index)
{
	struct tool *tool;
	uint64_t of, call;

	if (!make_room(t, run))
		return NULL;
	tool = calloc(1, sizeof(*tool));
	if (!tool) {
		t->stats.no_memory++;
		return NULL;
	}
	list_init(&tool->link);
	tool->run = run;
	tool->start_ns = from->end_ns ? from->end_ns : c->end_ns;
	memcpy(&of, run->id, sizeof(of));
	memcpy(&call, t->call_id, sizeof(call));
	id_derive(shared_id_key, ID_TOOL, (uint64_t[]){ of, call, index }, 3, tool->id,
		  sizeof(tool->id));
	tool->own_id = run->own_id || t->call_own;
	str_set(&tool->call_id, from->id);
	str_set(&tool->name, from->name);
	str_set(&tool->type, from->type);
	str_set(&tool->arguments, slice_sub(from->arguments, 0, TOOL_ARGUMENTS_HEAD));
	tool->hands_off = agent_name_handoff(from->name).len;
	index_texts(t, tool, from->arguments);
	if (t->config.content && from->arguments.data)
		tool->content_arguments = render(from->arguments, from->truncated);
	list_append(&run->tools, &tool->link);
	run->n_tools++;
	if (!run->open_tools++ && t->on_acting && run->process)
		t->on_acting(t->acting_ctx, run->process->pid);
	return tool;
}

void tools_open(struct tracer *t, struct run *run, struct call *c)
{
	for (size_t i = 0; i < c->n_tool_calls; i++)
		tool_new(t, run, c, &c->tool_calls[i], i);
}

/* ---- Closing ------------------------------------------------------------------------------- */

struct outcome {
	const struct part *result; /* NULL: not seen */
	const char *partial;	   /* static: why its times are not known */
	uint64_t end_ns;
};

static void set_result(struct tracer *t, struct tool *tool, struct span *s, const struct part *p)
{
	int64_t status = -1;
	bool failed = tool_result_failed(p->text, &status);

	if (status >= 0)
		span_set_int(s, ATTR_GENTAP_TOOL_EXIT, status);
	if (p->is_error || failed || tool->failed) {
		s->error = true;
		tool->run->totals.tool_errors++;
		span_set_str(s, ATTR_ERROR_TYPE, SLICE("tool_error"));
		if (!p->is_error && !tool->failed)
			span_set_str(s, ATTR_GENTAP_INFERRED, SLICE("result_text"));
	}
	if (t->config.content && p->text.data) {
		_cleanup_free_ char *text = render(p->text, p->text.len < p->len);

		span_set_str(s, ATTR_TOOL_CALL_RESULT, slice_from(text));
	}
	span_set_int(s, "gentap.tool.result_size", (int64_t)MIN(p->len, (uint64_t)INT64_MAX));
}

static void set_name(struct span *s, struct slice name)
{
	char *text = name.len ? arena_alloc(&s->arena, 13 + name.len) : NULL;

	s->name = SLICE("execute_tool");
	if (!text)
		return;
	memcpy(text, "execute_tool ", 13);
	memcpy(text + 13, name.data, name.len);
	s->name = (struct slice){ text, 13 + name.len };
}

static void tool_close(struct tracer *t, struct tool *tool, const struct outcome *o)
{
	struct span_place place = tool->run->place;
	struct run *run = tool->run;
	struct span *s;

	tool->closed = true;
	list_append(&run->closed, &tool->link);
	tool->end_ns = MAX(o->end_ns, tool->start_ns);
	run->open_tools--;
	run->totals.tools++;
	memcpy(place.parent_id, run->id, sizeof(run->id));
	place.remote = false;
	s = tracer_span_new(t, &place, tool->id, run->process);
	if (!s)
		return;
	s->kind = SPAN_INTERNAL;
	s->start_ns = tool->exact_end_ns ? tool->exact_start_ns : tool->start_ns;
	s->end_ns = tool->exact_end_ns ? tool->exact_end_ns : tool->end_ns;
	set_name(s, slice_from(tool->name));
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("execute_tool"));
	span_set_str(s, ATTR_TOOL_NAME, slice_from(tool->name));
	span_set_str(s, ATTR_TOOL_CALL_ID, slice_from(tool->call_id));
	span_set_str(s, ATTR_TOOL_TYPE, SLICE("function"));
	span_set_str(s, ATTR_GENTAP_TOOL_TIMING,
		     tool->exact_end_ns ? SLICE("mcp") : SLICE("calls"));
	tracer_set_run(s, run);
	s->own_id = tool->own_id;
	tracer_set_own(s);
	if (tool->n_effects)
		span_set_int(s, "gentap.tool.effects", tool->n_effects);
	if (tool->effects_dropped)
		span_set_int(s, "gentap.tool.effects_dropped", tool->effects_dropped);
	span_set_str(s, ATTR_TOOL_CALL_ARGUMENTS, slice_from(tool->content_arguments));
	if (o->result)
		set_result(t, tool, s, o->result);
	span_set_str(s, ATTR_GENTAP_COMPLETENESS,
		     tool->missed ? SLICE("inferred")
		     : o->partial ? SLICE("partial")
				  : SLICE("full"));
	span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, slice_from(o->partial));
	tracer_emit(t, s);
}

void tool_abandon(struct tracer *t, struct tool *tool, uint64_t end_ns, const char *reason)
{
	if (tool->closed)
		return;
	/* Nobody is known to have run it: some only want the arguments (structured output). */
	if (!tool->used) {
		tool->closed = true;
		list_append(&tool->run->closed, &tool->link);
		tool->run->open_tools--;
		tool->run->totals.unanswered++;
		return;
	}
	if (tool->hands_off)
		reason = NULL; /* it has no other result than its agent */
	tool_close(t, tool, &(struct outcome){ .end_ns = end_ns, .partial = reason });
}

void tool_close_handoff(struct tracer *t, struct tool *tool, uint64_t end_ns, const char *reason)
{
	if (!tool->closed)
		tool_close(t, tool, &(struct outcome){ .end_ns = end_ns, .partial = reason });
}

/* Does an agent run under it to which it hands over? Then it ends when that does. */
static bool is_taken_over(const struct tool *tool)
{
	struct run *child;

	list_for_each (&tool->run->children, struct run, in_parent, child)
		if (child->opener == tool && child->handed_off)
			return true;
	return false;
}

/* An open tool that this result answers: by id, or where there is none by name, else the
 * one that was asked for first. `old`: it was sent before, so that its id alone tells. */
static struct tool *find_open(struct run *run, const struct message *m, const struct part *p,
			      bool old)
{
	struct slice name = p->name.len ? p->name : m->name;
	struct tool *tool;

	list_for_each (&run->tools, struct tool, link, tool) {
		if (p->id.len && tool->call_id) {
			if (slice_eq(p->id, slice_from(tool->call_id)))
				return tool;
		} else if (!old &&
			   (!name.len || !tool->name || slice_eq(name, slice_from(tool->name)))) {
			return tool;
		}
	}
	return NULL;
}

void tools_open_missed(struct tracer *t, struct run *run, struct call *c, const struct join *j)
{
	for (size_t i = j->first_new; j->gap && i < c->n_input; i++) {
		const struct message *m = &c->input[i];

		for (size_t k = 0; message_is_assistant(m) && k < m->n_parts; k++) {
			const struct part *p = &m->parts[k];
			const struct tool_call as = { .id = p->id,
						      .name = p->name,
						      .arguments = p->text,
						      .truncated = p->text.len < p->len,
						      .end_ns = c->start_ns };

			struct tool *tool;

			if (p->type != PART_TOOL_CALL ||
			    conversations_asked(&t->conversations, p->id))
				continue;
			tool = tool_new(t, run, c, &as, c->n_tool_calls + i * 256 + k);
			if (tool)
				tool->missed = true;
		}
	}
}

/* A result with an answer behind it, where answers were missed, came with a call that was too. */
static size_t behind_missed(const struct call *c, const struct join *j)
{
	size_t i = j->gap ? c->n_input : 0;

	while (i > j->first_new && !message_is_assistant(&c->input[i - 1]))
		i--;
	return i;
}

/* In their order: where there are no ids, the first result is of what was asked for first. */
size_t tools_close(struct tracer *t, struct run *run, struct call *c, const struct join *j)
{
	size_t low = c->n_input > TAIL_MESSAGES ? c->n_input - TAIL_MESSAGES : 0, closed = 0;
	size_t missed = behind_missed(c, j);

	for (size_t i = low; i < c->n_input && run->open_tools; i++) {
		const struct message *m = &c->input[i];

		for (size_t k = 0; k < m->n_parts; k++) {
			struct outcome o = { .result = &m->parts[k], .end_ns = c->start_ns };
			struct tool *tool;

			if (o.result->type != PART_TOOL_RESPONSE)
				continue;
			tool = find_open(run, m, o.result, i < j->first_new);
			if (!tool || is_taken_over(tool))
				continue;
			if (i < missed || tool->missed)
				o.partial = "calls_missed";
			tool_close(t, tool, &o);
			closed++;
		}
	}
	return closed;
}

struct tool *tools_find_handoff(struct run *run, struct call *c, const struct join *j,
				struct slice *ret_agent)
{
	for (size_t i = j->first_new; i < c->n_input; i++) {
		const struct message *m = &c->input[i];

		for (size_t k = 0; k < m->n_parts; k++) {
			const struct part *p = &m->parts[k];
			struct tool *tool;

			if (p->type != PART_TOOL_RESPONSE)
				continue;
			tool = find_open(run, m, p, false);
			if (!tool || !tool->hands_off)
				continue;
			*ret_agent = tool_result_agent(&c->arena, p->text);
			return tool;
		}
	}
	return NULL;
}
