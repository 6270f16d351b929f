/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of which tool is an effect? Of one that was open then, of a run in the process itself or in the
 * nearest above: the innermost run's, and of several at once the one whose arguments tell of
 * it. Where two are equally good it is under none, which is counted.
 */
#include "effect.h"

#include "cleanup.h"
#include "ids.h"
#include "tool_text.h"

#define RUNS_TRIED 64
#define TEXTS_ARENA_MAX (64 * 1024)
#define TEXT_MIN 2 /* of an argument that proves something */
#define RANK_TEXT (RUN_DEPTH_MAX + 1)

struct choice {
	struct tool *tool;
	unsigned int rank;
	bool tie;
};

/* Does one of the arguments stand in what was done, or does one name its place? */
static bool is_told(const struct tool *tool, const struct effect_seen *e)
{
	struct slice arguments = slice_from(tool->arguments);
	struct tool_string strings[16];
	struct arena arena;
	bool found = e->place.len >= TEXT_MIN && slice_find(arguments, e->place) >= 0;
	size_t n;

	arena_init(&arena, TEXTS_ARENA_MAX);
	n = tool_strings(&arena, arguments, strings, ARRAY_LEN(strings));
	for (size_t i = 0; i < n && !found; i++)
		found = strings[i].text.len >= TEXT_MIN &&
			slice_find(e->text, strings[i].text) >= 0;
	arena_release(&arena);
	return found;
}

static void consider(const struct list *tools, const struct effect_seen *e, struct choice *best)
{
	struct tool *tool;

	list_for_each (tools, struct tool, link, tool) {
		unsigned int rank = 1 + tool->run->depth;

		if (e->start_ns < tool->start_ns || (tool->closed && e->start_ns > tool->end_ns))
			continue;
		if (is_told(tool, e))
			rank += RANK_TEXT;
		if (rank < best->rank)
			continue;
		best->tie = rank == best->rank;
		best->rank = rank;
		best->tool = tool;
	}
}

/* Of the runs of one process, which is p itself or above it. */
static void consider_process(struct tracer *t, const struct effect_seen *e, uint32_t pid,
			     struct choice *best)
{
	void *runs[RUNS_TRIED];
	size_t n = index_find(&t->processes, parent_process_key(pid), runs, RUNS_TRIED);

	for (size_t i = 0; i < MIN(n, (size_t)RUNS_TRIED); i++) {
		const struct run *run = runs[i];

		if (!parent_is_process(e->process, run->process) &&
		    !parent_distance(e->process, run->process))
			continue;
		consider(&run->tools, e, best);
		consider(&run->closed, e, best);
	}
	best->tie |= n > RUNS_TRIED;
}

static struct choice find_tool(struct tracer *t, const struct effect_seen *e)
{
	const struct process *p = e->process;
	struct choice best = { 0 };

	if (e->own)
		consider_process(t, e, p->pid, &best);
	for (size_t a = 0; a < MAX(p->n_ancestors, (size_t)1) && !best.tool; a++)
		consider_process(t, e, p->n_ancestors ? p->ancestors[a] : p->ppid, &best);
	return best;
}

struct tool *effect_tool(struct tracer *t, const struct effect_seen *e)
{
	struct choice best = find_tool(t, e);

	if (best.tie)
		t->stats.effects_ambiguous++;
	if (!best.tool || best.tie)
		return NULL;
	best.tool->used = true;
	if (best.tool->n_effects == TOOL_EFFECTS_MAX) {
		best.tool->effects_dropped++;
		t->stats.effects_dropped++;
		return NULL;
	}
	best.tool->n_effects++;
	return best.tool;
}

struct span *effect_span_new(struct tracer *t, struct tool *tool, const uint64_t parts[3])
{
	struct span_place place = tool->run->place;
	uint64_t of;
	uint8_t id[8];
	struct span *s;

	memcpy(place.parent_id, tool->id, sizeof(place.parent_id));
	place.remote = false;
	memcpy(&of, tool->id, sizeof(of));
	id_derive(t->config.seed, ID_EFFECT, (uint64_t[]){ of, parts[0], parts[1], parts[2] }, 4,
		  id, sizeof(id));
	s = tracer_span_new(t, &place, id, tool->run->process);
	if (!s)
		return NULL;
	s->kind = SPAN_CLIENT;
	tracer_set_run(s, tool->run);
	return s;
}

/* ---- Processes ----------------------------------------------------------------------------- */

static struct slice file_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slice_from(slash ? slash + 1 : path);
}

static void set_end(struct span *s, const struct effect *e)
{
	char text[24];

	if (e->status < 0)
		return;
	span_set_int(s, "process.exit.code", e->signal ? 128 + e->signal : e->status);
	if (!e->status && !e->signal)
		return;
	s->error = true;
	snprintf(text, sizeof(text), e->signal ? "signal_%d" : "%d",
		 e->signal ? e->signal : e->status);
	span_set_str(s, ATTR_ERROR_TYPE, slice_from(text));
}

/* By the conventions for command line programs, as their caller sees them. What it was told to
 * do is content, as the arguments of the tool are. */
static void emit(struct tracer *t, struct tool *tool, const struct effect *e)
{
	const struct process *p = e->process;
	struct slice name = file_name(p->exe ? p->exe : p->comm);
	struct span *s = effect_span_new(t, tool, (uint64_t[]){ p->pid, p->start_ns, e->start_ns });

	if (!s)
		return;
	s->start_ns = e->start_ns;
	s->end_ns = MAX(e->end_ns, e->start_ns);
	s->name = name.len ? arena_copy(&s->arena, name) : SLICE("process");
	span_set_str(s, "process.executable.name", name);
	span_set_str(s, "process.executable.path", slice_from(p->exe));
	span_set_int(s, "process.pid", p->pid);
	span_set_int(s, "process.parent_pid", p->ppid);
	if (t->config.content)
		span_set_str(s, "process.command_line", slice_from(p->cmdline));
	set_end(s, e);
	tracer_emit(t, s);
}

void tracer_effect(struct tracer *t, const struct effect *e)
{
	const struct effect_seen seen = { .process = e->process,
					  .start_ns = e->start_ns,
					  .text = slice_from(e->process->cmdline) };
	struct tool *tool = effect_tool(t, &seen);

	if (tool)
		emit(t, tool, e);
}
