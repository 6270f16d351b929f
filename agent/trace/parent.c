/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under what does a new conversation hang? Under a tool call whose argument is its first
 * message, in the same process or in one that it started; under the only open tool call of
 * the process that started it. Beside that, the run that a side call serves.
 */
#include "tracer_impl.h"

#include "cleanup.h"
#include "clock.h"

#define RUNS_TRIED 64
#define PARTS_TRIED 16
#define BACKGROUND_NS (10 * NSEC_PER_SEC)
#define PREFIX_MIN 24 /* bytes of a text that has to be found inside another */

uint64_t parent_process_key(uint32_t pid)
{
	return history_add(HISTORY_EMPTY, pid);
}

bool parent_is_process(const struct process *p, const struct process *of)
{
	if (!p || !of)
		return p == of;
	return p->pid == of->pid && p->start_ns == of->start_ns;
}

size_t parent_distance(const struct process *p, const struct process *ancestor)
{
	if (!p || !ancestor || p->start_ns < ancestor->start_ns)
		return 0;
	for (size_t i = 0; i < p->n_ancestors; i++)
		if (p->ancestors[i] == ancestor->pid)
			return i + 1;
	return p->ppid == ancestor->pid;
}

static bool in_window(const struct tool *tool, const struct call *c)
{
	return tool->start_ns <= c->start_ns && (!tool->closed || c->start_ns <= tool->end_ns);
}

static bool is_just_over(const struct tool *tool, const struct call *c)
{
	return tool->closed && tool->end_ns <= c->start_ns &&
	       c->start_ns - tool->end_ns < BACKGROUND_NS;
}

/* The one that fits best; two of one rank are none. */
struct choice {
	struct tool *tool;
	int rank;
	bool tie;
};

static void consider(struct choice *best, struct tool *tool, int rank)
{
	if (tool == best->tool || rank < best->rank)
		return;
	best->tie = rank == best->rank && best->tool;
	best->rank = rank;
	best->tool = tool;
}

/* 0: not in the same tree. The nearer is the likelier. */
static int tree_rank(const struct tool *tool, const struct call *c)
{
	size_t above = parent_distance(c->process, tool->run->process);

	if (tool->run->server_side != c->server_side)
		return 0;
	if (parent_is_process(c->process, tool->run->process))
		return PROCESS_ANCESTORS_MAX + 2;
	return above ? PROCESS_ANCESTORS_MAX + 2 - (int)above : 0;
}

static void by_text(struct tracer *t, const struct call *c, const struct part *p,
		    struct choice *best)
{
	void *tools[RUNS_TRIED];
	size_t n = index_find(&t->texts, p->hash, tools, RUNS_TRIED);

	for (size_t i = 0; i < MIN(n, (size_t)RUNS_TRIED); i++) {
		const struct tool *tool = tools[i];
		int rank = tree_rank(tool, c);

		/* What the caller was asked itself, others are asked too. Agents that run in the
		 * background begin when their tool has answered already. */
		if (rank && (in_window(tool, c) || is_just_over(tool, c)) &&
		    tool->run->user_hash != p->hash)
			consider(best, tools[i], rank);
	}
	best->tie |= n > RUNS_TRIED;
}

/* First messages of the user, of which each part may be the argument. */
static void by_first_messages(struct tracer *t, const struct call *c, struct choice *best)
{
	size_t tried = 0;

	for (size_t i = 0; i < c->n_input && !message_is_assistant(&c->input[i]); i++)
		for (size_t k = 0; k < c->input[i].n_parts && tried < PARTS_TRIED; k++, tried++)
			if (c->input[i].parts[k].type == PART_TEXT &&
			    c->input[i].parts[k].len >= TOOL_TEXT_MIN)
				by_text(t, c, &c->input[i].parts[k], best);
}

/* Is the beginning of one in the other? Escapes in the arguments may hide it. */
static bool share_text(const struct tool *tool, const struct call *c)
{
	struct slice arguments = slice_from(tool->arguments);

	for (size_t i = 0; i < c->n_input && !message_is_assistant(&c->input[i]); i++)
		for (size_t k = 0; k < c->input[i].n_parts; k++) {
			const struct part *p = &c->input[i].parts[k];
			struct slice head = slice_sub(p->text, 0, PREFIX_MIN * 4);

			if (message_is_system(&c->input[i]) || p->type != PART_TEXT)
				continue;
			if (head.len >= TOOL_TEXT_MIN && slice_find(arguments, head) >= 0)
				return true;
		}
	return false;
}

static void consider_tools(const struct list *tools, const struct call *c, struct choice *text,
			   struct choice *any)
{
	struct tool *tool;

	list_for_each (tools, struct tool, link, tool) {
		if (!in_window(tool, c))
			continue;
		consider(any, tool, tree_rank(tool, c));
		if (share_text(tool, c))
			consider(text, tool, tree_rank(tool, c));
	}
}

/* Tools of the runs of the processes above this one. */
static void by_process_tree(struct tracer *t, const struct call *c, struct choice *text,
			    struct choice *any)
{
	const struct process *p = c->process;
	void *runs[RUNS_TRIED];

	for (size_t a = 0; a < MAX(p->n_ancestors, (size_t)1); a++) {
		uint32_t pid = p->n_ancestors ? p->ancestors[a] : p->ppid;
		size_t n = index_find(&t->processes, parent_process_key(pid), runs, RUNS_TRIED);

		any->tie |= n > RUNS_TRIED;
		for (size_t i = 0; i < MIN(n, (size_t)RUNS_TRIED); i++) {
			const struct run *run = runs[i];

			if (!parent_distance(p, run->process) || run->server_side != c->server_side)
				continue;
			consider_tools(&run->tools, c, text, any);
			consider_tools(&run->closed, c, text, any);
		}
	}
}

static struct tool *take(const struct choice *best, const char *rule, const char **ret_rule,
			 bool *ambiguous)
{
	if (best->tie) {
		*ambiguous = true;
		return NULL;
	}
	if (best->tool)
		*ret_rule = rule;
	return best->tool;
}

struct tool *parent_find(struct tracer *t, const struct call *c, const char **ret_rule,
			 bool *ret_off_wire, bool *ambiguous)
{
	struct choice equal = { 0 }, text = { 0 }, any = { 0 };
	void *owner;

	by_first_messages(t, c, &equal);
	if (equal.tool || equal.tie)
		return take(&equal, "tool_argument", ret_rule, ambiguous);
	/* A process that has runs of its own was not started for this conversation. */
	if (!c->process ||
	    index_find(&t->processes, parent_process_key(c->process->pid), &owner, 1))
		return NULL;
	by_process_tree(t, c, &text, &any);
	*ret_off_wire = true;
	if (text.tool && !text.tie)
		return take(&text, "command_argument", ret_rule, ambiguous);
	return take(&any, "process_tree", ret_rule, ambiguous);
}

/* ---- Calls beside the main line ------------------------------------------------------------ */

/* Does it speak about the run's question? Who asks the same question is another one. */
static bool quotes(const struct call *c, const struct run *run, struct slice head)
{
	for (size_t i = 0; i < c->n_input; i++)
		for (size_t k = 0; k < c->input[i].n_parts; k++) {
			const struct part *p = &c->input[i].parts[k];

			if (p->type == PART_TEXT && p->hash != run->user_hash &&
			    slice_find(p->text, head) >= 0)
				return true;
		}
	return false;
}

/* How much speaks for it: a session id, the user's words, a program that has one user. */
static int side_rank(const struct run *run, const struct call *c)
{
	struct slice head = slice_from(run->user_head);

	if (!parent_is_process(run->process, c->process) || run->server_side != c->server_side)
		return 0;
	if (run->session && slice_eq(slice_from(run->session), c->user))
		return 3;
	if (head.len >= TOOL_TEXT_MIN && quotes(c, run, head))
		return 2;
	return run->cli && agent_name_is_cli(c->user_agent) ? 1 : 0;
}

struct run *parent_find_main(struct tracer *t, const struct call *c, bool *ambiguous)
{
	uint64_t key = parent_process_key(c->process ? c->process->pid : 0);
	void *runs[RUNS_TRIED];
	size_t n = index_find(&t->processes, key, runs, RUNS_TRIED);
	struct run *best = NULL;
	int best_rank = 0;
	bool tie = n > RUNS_TRIED;

	for (size_t i = 0; i < MIN(n, (size_t)RUNS_TRIED); i++) {
		struct run *run = runs[i];
		int rank = side_rank(run, c);

		/* Sub-agents share the session of who called them: the outermost has it. */
		if (!rank || rank < best_rank || run->opener)
			continue;
		tie = rank == best_rank && best;
		best = run;
		best_rank = rank;
	}
	*ambiguous |= tie && best;
	return tie ? NULL : best;
}
