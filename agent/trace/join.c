/* SPDX-License-Identifier: Apache-2.0 */
#include "join_impl.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>

#define HISTORY_DEPTH 64  /* answers back that a known beginning is looked for */
#define TAIL_MESSAGES 256 /* messages back that tool results are looked for */
#define CANDIDATES_MAX 64 /* that share a key; more are a crowd, in which none is found */
#define IDS_TRIED 16	  /* tool calls of one request that are looked up */
#define STRONG_ID_LEN 16  /* shorter ones ("call_1") are drawn anew by every run */
#define RETRY_MAX_NS (600 * NSEC_PER_SEC)

const char *join_rule_name(enum join_rule rule)
{
	static const char *const names[JOIN_RULES] = {
		[JOIN_RETRY] = "retry",
		[JOIN_HISTORY] = "history",
		[JOIN_HISTORY_EDITED] = "history_edited",
		[JOIN_TAIL] = "history_tail",
		[JOIN_COMPACTED] = "compaction",
	};

	return (unsigned int)rule < JOIN_RULES ? names[rule] : NULL;
}

/* ---- Choosing among those that share a key ------------------------------------------------ */

bool point_same_process(const struct point *p, const struct call *c)
{
	return p->process_pid == (c->process ? c->process->pid : 0) &&
	       p->process_start == (c->process ? c->process->start_ns : 0);
}

enum {
	SCORE_OPEN = 1,
	SCORE_FRESH = 2,
	SCORE_SYSTEM = 4,
	SCORE_HISTORY = 8,
	SCORE_PROCESS = 16,
};

/* -1: it is not that one. */
static int score(const struct conversations *cs, const struct call *c, const struct point *p,
		 const struct wanted *w)
{
	bool own = point_same_process(p, c);
	bool known = w->history && *w->history == p->history;

	if (p->server_side != c->server_side || (c->start_ns && p->end_ns > c->start_ns))
		return -1;
	if (w->failed &&
	    (!p->failed || !own || p->continued || c->start_ns - p->end_ns > RETRY_MAX_NS))
		return -1;
	if (w->own && (!own || p->continued))
		return -1;
	if (w->edited && cs->history.system != p->system)
		return -1;
	if (w->weak && !known && (!own || p->continued))
		return -1;
	if (w->before && (!p->before || (p->answer_len < JOIN_PROOF_LEN && p->before != w->before)))
		return -1;
	return own * SCORE_PROCESS + known * SCORE_HISTORY +
	       (cs->history.system == p->system) * SCORE_SYSTEM + !p->continued * SCORE_FRESH +
	       (p->run != NULL) * SCORE_OPEN;
}

/* NULL: none, or (*ambiguous) several that are equally good. */
struct point *join_pick(const struct conversations *cs, const struct call *c,
			const struct wanted *w, bool *ambiguous)
{
	void *owners[CANDIDATES_MAX];
	size_t n = index_find(&cs->index, w->key, owners, CANDIDATES_MAX);
	struct point *best = NULL;
	int best_score = -1;
	bool tie = n > CANDIDATES_MAX;

	for (size_t i = 0; i < MIN(n, (size_t)CANDIDATES_MAX); i++) {
		int s = score(cs, c, owners[i], w);

		if (s < 0 || s < best_score)
			continue;
		tie = s == best_score;
		best_score = s;
		best = owners[i];
	}
	if (!tie || !best)
		return best;
	*ambiguous = true;
	return NULL;
}

/* ---- The rules ----------------------------------------------------------------------------- */

bool join_found(struct join *j, enum join_rule rule, struct point *p, size_t first_new)
{
	if (!p)
		return false;
	j->rule = rule;
	j->point = p;
	j->first_new = first_new;
	return true;
}

static bool join_retry(const struct conversations *cs, const struct call *c, struct join *j)
{
	const struct wanted w = {
		.key = join_key(KEY_REQUEST, cs->history.after[c->n_input]),
		.failed = true,
	};
	bool several = false;

	/* Several: another rule may tell them apart. */
	return join_found(j, JOIN_RETRY, join_pick(cs, c, &w, &several), c->n_input);
}

/* Looks up the tool calls of that message whose ids are known. */
static bool join_parts(const struct conversations *cs, const struct call *c, size_t at,
		       size_t first_new, size_t *tried, struct join *j)
{
	const struct message *m = &c->input[at];
	struct wanted w = { .history = &cs->history.after[first_new] };

	for (size_t i = 0; i < m->n_parts && *tried < IDS_TRIED; i++) {
		const struct part *p = &m->parts[i];

		if ((p->type != PART_TOOL_CALL && p->type != PART_TOOL_RESPONSE) || !p->id.len)
			continue;
		++*tried;
		w.key = join_key_id(KEY_TOOL, p->id);
		w.weak = p->id.len < STRONG_ID_LEN;
		if (join_found(j, JOIN_TOOL_CALL, join_pick(cs, c, &w, &j->ambiguous), first_new))
			return true;
		if (j->ambiguous)
			return false;
	}
	return false;
}

/* The answer whose tool calls have their results in the last messages. */
static bool join_tools(const struct conversations *cs, const struct call *c, struct join *j)
{
	size_t low = c->n_input > TAIL_MESSAGES ? c->n_input - TAIL_MESSAGES : 0;
	size_t answer = c->n_input, tried = 0;

	while (answer > low && !message_is_assistant(&c->input[answer - 1]))
		answer--;
	/* What was answered with text is finished; an old tool call would lead too far back. */
	if (answer > low && !message_part(&c->input[answer - 1], PART_TOOL_CALL))
		return false;
	if (answer == low)
		answer = 0; /* the server keeps the history */
	for (size_t i = c->n_input; i > MAX(low, answer) && tried < IDS_TRIED; i--)
		if (join_parts(cs, c, i - 1, answer, &tried, j) || j->ambiguous)
			return j->point;
	return answer && join_parts(cs, c, answer - 1, answer, &tried, j);
}

static bool join_ids(const struct conversations *cs, const struct call *c, struct join *j)
{
	struct slice response =
		c->op == OP_FETCH_RESPONSE ? c->response_id : c->previous_response_id;
	struct wanted w = { .key = join_key_id(KEY_RESPONSE, response) };
	void *owner;
	struct conversation *conv;

	if (response.len && join_found(j, JOIN_RESPONSE_ID, join_pick(cs, c, &w, &j->ambiguous), 0))
		return true;
	if (!c->conversation_id.len ||
	    !index_find(&cs->index, join_key_id(KEY_CONVERSATION, c->conversation_id), &owner, 1))
		return false;
	conv = owner;
	if (list_empty(&conv->points))
		return false;
	return join_found(j, JOIN_CONVERSATION_ID, list_item(conv->points.prev, struct point, link),
			  0);
}

/* The longest beginning that is the history of a known answer. */
static bool join_history(const struct conversations *cs, const struct call *c, struct join *j)
{
	size_t depth = 0;

	for (size_t k = c->n_input; k && depth < HISTORY_DEPTH && !j->ambiguous; k--) {
		struct wanted w = { .key = join_key(KEY_HISTORY, cs->history.after[k]),
				    .history = &cs->history.after[k] };

		if (!message_is_assistant(&c->input[k - 1]))
			continue;
		depth++;
		if (join_found(j, JOIN_HISTORY, join_pick(cs, c, &w, &j->ambiguous), k) ||
		    j->ambiguous)
			return j->point;
		w = (struct wanted){ .key = join_key(KEY_WITHOUT_IDS, cs->history.without_ids[k]),
				     .own = true };
		if (join_found(j, JOIN_HISTORY, join_pick(cs, c, &w, &j->ambiguous), k) ||
		    j->ambiguous)
			return j->point;
		w = (struct wanted){ .key = join_key(KEY_REQUEST, cs->history.after[k - 1]),
				     .own = true,
				     .edited = true };
		if (k < 2 ||
		    !join_found(j, JOIN_HISTORY_EDITED, join_pick(cs, c, &w, &j->ambiguous), k))
			continue;
		/* What had failed was answered when it was tried again: that was missed. */
		if (j->point->failed)
			join_found(j, JOIN_HISTORY, j->point, k - 1);
		return true;
	}
	return false;
}

bool conversations_asked(const struct conversations *cs, struct slice id)
{
	void *owner;

	return id.len >= STRONG_ID_LEN &&
	       index_find(&cs->index, join_key_id(KEY_TOOL, id), &owner, 1);
}

/* Where an API takes no files from tools, pydantic-ai puts an answer of its own ("OK") behind the
 * result, which names the file, and the file behind that as if a user gave it. No call was missed
 * there. */
static bool is_made_up(const struct call *c, size_t answer)
{
	const struct part *file =
		answer + 1 < c->n_input ? message_part(&c->input[answer + 1], PART_TEXT) : NULL;
	bool named = false;

	for (size_t i = answer; file && !named && i; i--) {
		const struct part *result = message_part(&c->input[i - 1], PART_TOOL_RESPONSE);

		if (!result)
			break;
		named = slice_find(result->text, SLICE("See file ")) >= 0;
	}
	return named && slice_starts(file->text, SLICE("This is file "));
}

static void look_behind(const struct conversations *cs, const struct call *c, struct join *j)
{
	for (size_t i = j->first_new; i < c->n_input; i++)
		j->gap |= message_is_assistant(&c->input[i]) && !is_made_up(c, i);
	j->branch = j->point->continued && j->rule != JOIN_RETRY;
	j->rewritten = join_is_rewritten(cs, c, j);
	j->gap &= !j->branch && j->rule != JOIN_COMPACTED;
}

int conversations_join(struct conversations *cs, const struct call *c, struct join *ret)
{
	struct join j = { 0 };

	if (history_read(&cs->history, c)) {
		cs->stats.no_memory++;
		return -ENOMEM;
	}
	if ((c->n_input && join_retry(cs, c, &j)) || join_tools(cs, c, &j) ||
	    (!j.ambiguous && join_ids(cs, c, &j)) || (!j.ambiguous && join_history(cs, c, &j)) ||
	    (!j.ambiguous && join_rewritten(cs, c, &j)))
		look_behind(cs, c, &j);
	cs->stats.joined[j.rule]++;
	cs->stats.ambiguous += j.ambiguous && !j.point;
	*ret = j;
	return 0;
}
