/* SPDX-License-Identifier: Apache-2.0 */
#include "join_impl.h"

#include "cleanup.h"
#include "ids.h"
#include "shared_id.h"
#include "siphash.h"

void conversations_init(struct conversations *cs, const struct conversations_config *config)
{
	*cs = (struct conversations){ .config = *config };
	/* Every point has one key at least; most have three or four. */
	index_init(&cs->index, 6 * config->points_max + config->conversations_max);
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

/* ---- Keeping ------------------------------------------------------------------------------- */

static bool id_taken(const struct conversations *cs, struct slice id)
{
	void *owner;

	return index_find(&cs->index, join_key_id(KEY_CONVERSATION, id), &owner, 1) > 0;
}

/* Absent: it asked for no tool whose id is drawn from enough. */
static struct slice first_tool_id(const struct message *answer)
{
	const struct part *p = answer ? message_part(answer, PART_TOOL_CALL) : NULL;

	return p && p->id.len >= SHARED_ID_MIN ? p->id : SLICE_NONE;
}

/* From the id of the tool call that its first answer asked for, which every observer sees; else
 * from its process, its first question and its first answer. Who sees only a later call finds the
 * same id in its history. One that is taken is made from what the call is. */
static char *own_id(const struct conversations *cs, const struct call *c, const uint8_t key[16])
{
	const struct message *answer = NULL;
	size_t first = 0, next;
	struct slice tool;
	uint8_t id[16];
	char text[33];

	while (first < c->n_input && message_is_system(&c->input[first]))
		first++;
	for (next = first; next < c->n_input && !message_is_assistant(&c->input[next]);)
		next++;
	if (next < c->n_input)
		answer = &c->input[next];
	else if (c->n_output)
		answer = &c->output[0];
	tool = first_tool_id(answer);
	if (tool.len)
		siphash128(shared_id_key, tool.data, tool.len, id);
	else
		id_derive(key, ID_CONVERSATION,
			  (uint64_t[]){ c->process ? c->process->pid : 0,
					c->process ? c->process->start_ns : 0,
					cs->history.after[MIN(next, c->n_input)],
					answer ? answer->hash : 0 },
			  4, id, sizeof(id));
	hex_print(text, id, sizeof(id));
	if (!answer || id_taken(cs, slice_from(text))) {
		id_derive(key, ID_CONVERSATION,
			  (uint64_t[]){ c->process ? c->process->pid : 0, c->conn_hash, c->exchange,
					c->start_ns },
			  4, id, sizeof(id));
		hex_print(text, id, sizeof(id));
	}
	return strdup(text);
}

struct conversation *conversations_open(struct conversations *cs, const struct call *c,
					const struct join *j, const uint8_t key[16])
{
	struct conversation *conv = j->point ? j->point->conversation : NULL;
	void *owner;

	if (!conv && c->conversation_id.len &&
	    index_find(&cs->index, join_key_id(KEY_CONVERSATION, c->conversation_id), &owner, 1))
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
	if (index_add(&cs->index, &conv->by_id, join_key_id(KEY_CONVERSATION, slice_from(conv->id)),
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

void conversations_add_key(struct conversations *cs, struct point *p, uint64_t key)
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

	conversations_add_key(cs, p, join_key(KEY_HISTORY, exact));
	if (c->n_tool_calls || without_ids != exact)
		conversations_add_key(cs, p, join_key(KEY_WITHOUT_IDS, without_ids));
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
	struct point *p = calloc(1, sizeof(*p) + (2 + tools + 2 * answers + JOIN_REWRITTEN_KEYS) *
							 sizeof(*p->nodes));
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
		.whole = c->n_input && !c->previous_response_id.len && !c->conversation_id.len,
	};
	list_init(&p->in_run);
	list_init(&p->link);
	list_init(&p->in_all);
	list_append(&conv->points, &p->link);
	list_append(&cs->points, &p->in_all);
	conv->n_points++;
	conv->calls++;
	conv->branches += j->branch || j->rewritten;
	cs->n_points++;
	if (c->n_input)
		conversations_add_key(cs, p, join_key(KEY_REQUEST, request));
	if (c->response_id.len)
		conversations_add_key(cs, p, join_key_id(KEY_RESPONSE, c->response_id));
	for (size_t i = 0; i < answers; i++)
		add_answer(cs, p, c, &c->output[i]);
	for (size_t i = 0; i < tools; i++)
		if (c->tool_calls[i].id.len)
			conversations_add_key(cs, p, join_key_id(KEY_TOOL, c->tool_calls[i].id));
	join_add_rewritten(cs, p, c);
	return p;
}
