/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories that were rewritten begin with nothing that is known. Programs whose context is full
 * ask for a summary, and go on from it; others drop the oldest messages. Both are recognised by
 * what they keep, in the same process only, and only where nobody went on from it yet.
 */
#include "join_impl.h"

#include "cleanup.h"

#define TEXTS_TRIED 32	/* of one request, that may be a summary */
#define LINES_TRIED 12	/* of one of them, that it may begin at */
#define SUMMARY_HEAD 64 /* bytes of a summary by which it is found inside another text */

/* ---- A summary in the place of a history ------------------------------------------------- */

static bool asks_for_summary(struct slice text)
{
	/* As coding agents and frameworks word it; the first letter may be a capital. */
	static const struct slice words[] = { SLICE("ummar"), SLICE("ompact"), SLICE("ompress"),
					      SLICE("state_snapshot"),
					      SLICE("continuing our conversation") };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_find(text, words[i]) >= 0)
			return true;
	return false;
}

/* Is the last thing said, after a conversation, that it be summed up? Answers are handed on for
 * other reasons too: by one agent to the next. */
static bool sums_up(const struct call *c)
{
	const struct message *last = c->n_input ? &c->input[c->n_input - 1] : NULL;
	bool asked = false;

	if (!last || !slice_eq(last->role, SLICE("user")) || c->n_tool_calls)
		return false;
	for (size_t i = 0; i < last->n_parts && !asked; i++)
		asked = last->parts[i].type == PART_TEXT && asks_for_summary(last->parts[i].text);
	for (size_t i = c->n_input; asked && i; i--)
		if (message_is_assistant(&c->input[i - 1]))
			return true;
	return false;
}

static uint64_t head_key(struct slice text)
{
	return join_key_id(KEY_SUMMARY_HEAD, slice_sub(text, 0, SUMMARY_HEAD));
}

static bool look_up(const struct conversations *cs, const struct call *c, uint64_t key,
		    size_t first_new, struct join *j)
{
	const struct wanted w = { .key = key, .own = true };

	return join_found(j, JOIN_COMPACTED, join_pick(cs, c, &w, &j->ambiguous), first_new) ||
	       j->ambiguous;
}

/* Is the text a summary, or does one begin with a line of it? Clients put words before it. */
static bool join_text(const struct conversations *cs, const struct call *c, const struct part *p,
		      size_t first_new, struct join *j)
{
	struct slice rest = p->text;

	if (p->type != PART_TEXT || p->len < JOIN_PROOF_LEN)
		return false;
	if (look_up(cs, c, join_key(KEY_SUMMARY, p->hash), first_new, j))
		return true;
	for (size_t i = 0; i < LINES_TRIED && rest.len >= SUMMARY_HEAD; i++) {
		if (look_up(cs, c, head_key(rest), first_new, j))
			return true;
		slice_cut(&rest, '\n');
	}
	return false;
}

/* The newest texts first. */
static bool join_compacted(const struct conversations *cs, const struct call *c, struct join *j)
{
	size_t tried = 0;

	for (size_t i = c->n_input; i && tried < TEXTS_TRIED; i--) {
		const struct message *m = &c->input[i - 1];

		for (size_t k = 0; k < m->n_parts && tried < TEXTS_TRIED; k++, tried++)
			if (join_text(cs, c, &m->parts[k], i, j))
				return j->point;
	}
	return false;
}

/* ---- The newest messages only ------------------------------------------------------------ */

static uint64_t tail_key(uint64_t question, uint64_t answer)
{
	return join_key(KEY_TAIL, history_add(question, answer));
}

/* They still have the last question and its answer, and mostly what stood before: both together,
 * or a long answer, are of that conversation. */
static bool join_tail(const struct conversations *cs, const struct call *c, struct join *j)
{
	struct wanted w = { .own = true, .edited = true, .before = 1 };
	size_t k = c->n_input;

	while (k && !message_is_assistant(&c->input[k - 1]))
		k--;
	if (k < 2)
		return false;
	w.key = tail_key(c->input[k - 2].hash, c->input[k - 1].hash);
	if (k > 2)
		w.before = c->input[k - 3].hash;
	return join_found(j, JOIN_TAIL, join_pick(cs, c, &w, &j->ambiguous), k);
}

/* ---- Both --------------------------------------------------------------------------------- */

bool join_rewritten(const struct conversations *cs, const struct call *c, struct join *j)
{
	return join_compacted(cs, c, j) || (!j->ambiguous && join_tail(cs, c, j));
}

bool join_is_rewritten(const struct conversations *cs, const struct call *c, const struct join *j)
{
	if (j->rule == JOIN_TAIL || j->rule == JOIN_COMPACTED)
		return true;
	if (j->rule != JOIN_TOOL_CALL || !j->first_new || !j->point->whole)
		return false;
	/* One answer may stand there as several messages. */
	for (size_t i = j->first_new; i && message_is_assistant(&c->input[i - 1]); i--)
		if (cs->history.after[i - 1] == j->point->request)
			return false;
	return true;
}

void join_add_rewritten(struct conversations *cs, struct point *p, const struct call *c)
{
	const struct part *text = c->n_output ? message_part(&c->output[0], PART_TEXT) : NULL;
	size_t n = c->n_input;

	if (!text)
		return;
	p->answer_len = text->len;
	p->before = n > 1 ? c->input[n - 2].hash : 0;
	/* Of one question nothing can be left out. */
	if (n > 1)
		conversations_add_key(cs, p, tail_key(c->input[n - 1].hash, c->output[0].hash));
	if (text->len < JOIN_PROOF_LEN || !sums_up(c))
		return;
	conversations_add_key(cs, p, join_key(KEY_SUMMARY, text->hash));
	if (text->text.len >= SUMMARY_HEAD)
		conversations_add_key(cs, p, head_key(text->text));
}
