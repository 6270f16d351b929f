/* SPDX-License-Identifier: Apache-2.0 */
#include "conversation.h"

#include "cleanup.h"
#include "clock.h"
#include "ids.h"

#include <errno.h>

#define HISTORY_DEPTH 64  /* answers back that a known beginning is looked for */
#define TAIL_MESSAGES 256 /* messages back that tool results are looked for */
#define CANDIDATES_MAX 64 /* that share a key; more are a crowd, in which none is found */
#define IDS_TRIED 16	  /* tool calls of one request that are looked up */
#define STRONG_ID_LEN 16  /* shorter ones ("call_1") are drawn anew by every run */
#define RETRY_MAX_NS (600 * NSEC_PER_SEC)

enum key_kind {
	KEY_REQUEST = 1,
	KEY_HISTORY,
	KEY_TOOL,
	KEY_RESPONSE,
	KEY_CONVERSATION,
	KEY_WITHOUT_IDS
};

const char *join_rule_name(enum join_rule rule)
{
	return rule == JOIN_HISTORY	     ? "history"
	       : rule == JOIN_HISTORY_EDITED ? "history_edited"
	       : rule == JOIN_RETRY	     ? "retry"
					     : NULL;
}

static uint64_t key_of(enum key_kind kind, uint64_t value)
{
	return history_add(history_add(HISTORY_EMPTY, kind), value);
}

static uint64_t key_of_id(enum key_kind kind, struct slice id)
{
	return key_of(kind, slice_hash(SLICE_HASH, id));
}

void conversations_init(struct conversations *cs, const struct conversations_config *config)
{
	*cs = (struct conversations){ .config = *config };
	/* Every point has one key at least; most have three or four. */
	index_init(&cs->index, 5 * config->points_max + config->conversations_max);
	list_init(&cs->all);
	list_init(&cs->points);
}

static void point_free(struct conversations *cs, struct point *p)
{
	for (size_t i = 0; i < p->n_nodes; i++)
		index_remove(&cs->index, &p->nodes[i]);
	list_remove(&p->link);
	list_remove(&p->in_run);
	list_remove(&p->in_all);
	p->conversation->n_points--;
	cs->n_points--;
	free(p);
}

static void conversation_free(struct conversations *cs, struct conversation *conv)
{
	struct point *p;

	list_for_each (&conv->points, struct point, link, p)
		point_free(cs, p);
	index_remove(&cs->index, &conv->by_id);
	list_remove(&conv->link);
	cs->count--;
	free(conv->id);
	free(conv);
}

void conversations_release(struct conversations *cs)
{
	struct conversation *conv;

	list_for_each (&cs->all, struct conversation, link, conv)
		conversation_free(cs, conv);
	index_release(&cs->index);
	history_release(&cs->history);
}

/* ---- Choosing among those that share a key ------------------------------------------------ */

bool point_same_process(const struct point *p, const struct call *c)
{
	return p->process_pid == (c->process ? c->process->pid : 0) &&
	       p->process_start == (c->process ? c->process->start_ns : 0);
}

/* What is looked for, and what may pass. */
struct wanted {
	uint64_t key;
	const uint64_t *history; /* that the point should have; NULL: any */
	bool weak;		 /* the key alone proves little */
	bool failed;		 /* only failed ones, of this process, not long ago */
	bool own;		 /* only of this process, and not yet continued */
};

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
	if (w->weak && !known && (!own || p->continued))
		return -1;
	return own * SCORE_PROCESS + known * SCORE_HISTORY +
	       (cs->history.system == p->system) * SCORE_SYSTEM + !p->continued * SCORE_FRESH +
	       (p->run != NULL) * SCORE_OPEN;
}

/* NULL: none, or (*ambiguous) several that are equally good. */
static struct point *pick(const struct conversations *cs, const struct call *c,
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

static bool found(struct join *j, enum join_rule rule, struct point *p, size_t first_new)
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
		.key = key_of(KEY_REQUEST, cs->history.after[c->n_input]),
		.failed = true,
	};
	bool several = false;

	/* Several: another rule may tell them apart. */
	return found(j, JOIN_RETRY, pick(cs, c, &w, &several), c->n_input);
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
		w.key = key_of_id(KEY_TOOL, p->id);
		w.weak = p->id.len < STRONG_ID_LEN;
		if (found(j, JOIN_TOOL_CALL, pick(cs, c, &w, &j->ambiguous), first_new))
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
	struct wanted w = { .key = key_of_id(KEY_RESPONSE, response) };
	void *owner;
	struct conversation *conv;

	if (response.len && found(j, JOIN_RESPONSE_ID, pick(cs, c, &w, &j->ambiguous), 0))
		return true;
	if (!c->conversation_id.len ||
	    !index_find(&cs->index, key_of_id(KEY_CONVERSATION, c->conversation_id), &owner, 1))
		return false;
	conv = owner;
	if (list_empty(&conv->points))
		return false;
	return found(j, JOIN_CONVERSATION_ID, list_item(conv->points.prev, struct point, link), 0);
}

/* The longest beginning that is the history of a known answer. */
static bool join_history(const struct conversations *cs, const struct call *c, struct join *j)
{
	size_t depth = 0;

	for (size_t k = c->n_input; k && depth < HISTORY_DEPTH && !j->ambiguous; k--) {
		struct wanted w = { .key = key_of(KEY_HISTORY, cs->history.after[k]),
				    .history = &cs->history.after[k] };

		if (!message_is_assistant(&c->input[k - 1]))
			continue;
		depth++;
		if (found(j, JOIN_HISTORY, pick(cs, c, &w, &j->ambiguous), k) || j->ambiguous)
			return j->point;
		w = (struct wanted){ .key = key_of(KEY_WITHOUT_IDS, cs->history.without_ids[k]),
				     .own = true };
		if (found(j, JOIN_HISTORY, pick(cs, c, &w, &j->ambiguous), k) || j->ambiguous)
			return j->point;
		w = (struct wanted){ .key = key_of(KEY_REQUEST, cs->history.after[k - 1]),
				     .own = true };
		if (k > 1 && found(j, JOIN_HISTORY_EDITED, pick(cs, c, &w, &j->ambiguous), k))
			return true;
	}
	return false;
}

static void look_behind(const struct call *c, struct join *j)
{
	for (size_t i = j->first_new; i < c->n_input; i++)
		j->gap |= message_is_assistant(&c->input[i]);
	j->branch = j->point->continued && j->rule != JOIN_RETRY;
	j->gap &= !j->branch;
}

int conversations_join(struct conversations *cs, const struct call *c, struct join *ret)
{
	struct join j = { 0 };

	if (history_read(&cs->history, c)) {
		cs->stats.no_memory++;
		return -ENOMEM;
	}
	if ((c->n_input && join_retry(cs, c, &j)) || join_tools(cs, c, &j) ||
	    (!j.ambiguous && join_ids(cs, c, &j)) || (!j.ambiguous && join_history(cs, c, &j)))
		look_behind(c, &j);
	cs->stats.joined[j.rule]++;
	cs->stats.ambiguous += j.ambiguous && !j.point;
	*ret = j;
	return 0;
}

/* ---- Keeping ------------------------------------------------------------------------------- */

static bool id_taken(const struct conversations *cs, struct slice id)
{
	void *owner;

	return index_find(&cs->index, key_of_id(KEY_CONVERSATION, id), &owner, 1) > 0;
}

static void print_id(char to[33], const uint8_t id[16])
{
	for (size_t i = 0; i < 16; i++)
		snprintf(to + 2 * i, 3, "%02x", id[i]);
}

/* From what its first question and its first answer are: who sees only a later call of the
 * same process finds the same id in its history. One that is taken is made from what the
 * call is. */
static char *own_id(const struct conversations *cs, const struct call *c, const uint8_t key[16])
{
	uint64_t answer = 0;
	size_t first = 0, next;
	uint8_t id[16];
	char text[33];

	while (first < c->n_input && message_is_system(&c->input[first]))
		first++;
	for (next = first; next < c->n_input && !message_is_assistant(&c->input[next]);)
		next++;
	if (next < c->n_input)
		answer = c->input[next].hash;
	else if (c->n_output)
		answer = c->output[0].hash;
	id_derive(key, ID_CONVERSATION,
		  (uint64_t[]){ c->process ? c->process->pid : 0,
				c->process ? c->process->start_ns : 0,
				cs->history.after[MIN(next, c->n_input)], answer },
		  4, id, sizeof(id));
	print_id(text, id);
	if (!answer || id_taken(cs, slice_from(text))) {
		id_derive(key, ID_CONVERSATION,
			  (uint64_t[]){ c->process ? c->process->pid : 0, c->conn_hash, c->exchange,
					c->start_ns },
			  4, id, sizeof(id));
		print_id(text, id);
	}
	return strdup(text);
}

struct conversation *conversations_open(struct conversations *cs, const struct call *c,
					const struct join *j, const uint8_t key[16])
{
	struct conversation *conv = j->point ? j->point->conversation : NULL;
	void *owner;

	if (!conv && c->conversation_id.len &&
	    index_find(&cs->index, key_of_id(KEY_CONVERSATION, c->conversation_id), &owner, 1))
		conv = owner;
	if (conv) {
		list_append(&cs->all, &conv->link);
		return conv;
	}
	conv = calloc(1, sizeof(*conv));
	if (!conv)
		goto fail;
	list_init(&conv->link);
	list_init(&conv->points);
	conv->id = c->conversation_id.len ? strndup(c->conversation_id.data, c->conversation_id.len)
					  : own_id(cs, c, key);
	if (!conv->id)
		goto fail;
	while (cs->count >= cs->config.conversations_max) {
		conversation_free(cs, list_item(cs->all.next, struct conversation, link));
		cs->stats.evicted++;
	}
	/* Without this key, only the id itself leads nowhere. */
	if (index_add(&cs->index, &conv->by_id, key_of_id(KEY_CONVERSATION, slice_from(conv->id)),
		      conv))
		cs->stats.no_memory++;
	list_append(&cs->all, &conv->link);
	cs->count++;
	cs->stats.opened++;
	return conv;
fail:
	free(conv);
	cs->stats.no_memory++;
	return NULL;
}

static void add_node(struct conversations *cs, struct point *p, uint64_t key)
{
	if (index_add(&cs->index, &p->nodes[p->n_nodes], key, p))
		cs->stats.no_memory++;
	else
		p->n_nodes++;
}

/* The second key where it is not the first: the client may give the calls ids, or others. */
static void add_answer(struct conversations *cs, struct point *p, const struct call *c,
		       const struct message *answer)
{
	uint64_t exact = history_add(p->request, answer->hash);
	uint64_t without_ids =
		history_add(cs->history.without_ids[cs->history.n], answer->hash_without_ids);

	add_node(cs, p, key_of(KEY_HISTORY, exact));
	if (c->n_tool_calls || without_ids != exact)
		add_node(cs, p, key_of(KEY_WITHOUT_IDS, without_ids));
}

static bool is_paused(const struct call *c)
{
	for (size_t i = 0; i < c->n_finish_reasons; i++)
		if (slice_eq(c->raw_finish_reasons[i], SLICE("pause_turn")))
			return true;
	return slice_eq(c->response_status, SLICE("queued")) ||
	       slice_eq(c->response_status, SLICE("in_progress"));
}

static void make_room(struct conversations *cs, struct conversation *conv)
{
	if (conv->n_points >= POINTS_PER_CONVERSATION) {
		point_free(cs, list_item(conv->points.next, struct point, link));
		cs->stats.points_evicted++;
	}
	while (cs->n_points && cs->n_points >= cs->config.points_max) {
		point_free(cs, list_item(cs->points.next, struct point, in_all));
		cs->stats.points_evicted++;
	}
}

struct point *conversations_add(struct conversations *cs, struct conversation *conv,
				const struct call *c, const struct join *j)
{
	size_t tools = MIN(c->n_tool_calls, (size_t)POINT_TOOL_IDS), answers = MIN(c->n_output, 4u);
	struct point *p = calloc(1, sizeof(*p) + (2 + tools + 2 * answers) * sizeof(*p->nodes));
	uint64_t request = cs->history.after[cs->history.n];

	/* What failed continued nothing: the same may be sent again. */
	if (j->point && (j->rule == JOIN_RETRY || !(c->error_type.data || c->status >= 400)))
		j->point->continued = true;
	if (!p) {
		cs->stats.no_memory++;
		return NULL;
	}
	make_room(cs, conv);
	*p = (struct point){
		.conversation = conv,
		.request = request,
		.history = c->n_output ? history_add(request, c->output[0].hash) : request,
		.system = cs->history.system,
		.end_ns = c->end_ns ? c->end_ns : c->start_ns,
		.process_pid = c->process ? c->process->pid : 0,
		.process_start = c->process ? c->process->start_ns : 0,
		.server_side = c->server_side,
		.failed = c->error_type.data || c->status >= 400,
		.tools = c->n_tool_calls > 0,
		.paused = is_paused(c),
	};
	list_init(&p->in_run);
	list_init(&p->link);
	list_init(&p->in_all);
	list_append(&conv->points, &p->link);
	list_append(&cs->points, &p->in_all);
	conv->n_points++;
	conv->calls++;
	conv->branches += j->branch;
	cs->n_points++;
	if (c->n_input)
		add_node(cs, p, key_of(KEY_REQUEST, request));
	if (c->response_id.len)
		add_node(cs, p, key_of_id(KEY_RESPONSE, c->response_id));
	for (size_t i = 0; i < answers; i++)
		add_answer(cs, p, c, &c->output[i]);
	for (size_t i = 0; i < tools; i++)
		if (c->tool_calls[i].id.len)
			add_node(cs, p, key_of_id(KEY_TOOL, c->tool_calls[i].id));
	return p;
}
