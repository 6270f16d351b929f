/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI's Responses API over HTTP (genai.md 4.3). A stream repeats itself: deltas, then
 * each item whole, then the whole response with all items and the usage. An item's own
 * end is taken where it was seen (it has the time), the last event fills in what was
 * lost, deltas count only when a stream breaks off.
 */
#include "openai_responses.h"

#include "api_error.h"
#include "cleanup.h"
#include "messages.h"
#include "openai_usage.h"

#define ITEMS_MAX 4096

struct item {
	uint64_t index;
	bool whole;
	enum part_type type;
	struct slice kind; /* the provider's type, without _call */
	struct slice id;
	struct slice name;
	bool visit; /* a web search's that searches nothing: it opens a page */
	struct text text;
	struct part *parts; /* when whole */
	size_t n_parts;
	uint64_t end_ns;
};

struct responses_state {
	struct item *items;
	size_t n_items;
	size_t last;
	bool terminal; /* completed, incomplete, failed: the stream's last event */
	bool compaction;
	struct slice incomplete_reason;
};

static struct item *find_item(struct call *c, struct responses_state *st, uint64_t index)
{
	struct item *item;

	if (st->last < st->n_items && st->items[st->last].index == index)
		return &st->items[st->last];
	for (size_t i = 0; i < st->n_items; i++) {
		if (st->items[i].index == index) {
			st->last = i;
			return &st->items[i];
		}
	}
	if (st->n_items >= ITEMS_MAX)
		return NULL;
	item = arena_push(&c->arena, &st->items, &st->n_items, sizeof(*item));
	if (item) {
		item->index = index;
		item->type = PART_OTHER;
		st->last = st->n_items - 1;
	}
	return item;
}

static struct slice kind_word(struct call *c, struct json_val item)
{
	struct slice type = call_json_str(c, json_get(item, "type"));

	/* custom_tool_call is the same kind as Chat Completions' "custom". */
	if (slice_ends(type, SLICE("_tool_call")))
		return slice_sub(type, 0, type.len - 10);
	return slice_ends(type, SLICE("_call")) ? slice_sub(type, 0, type.len - 5) : type;
}

static void open_item(struct call *c, struct item *item, struct json_val from)
{
	const struct item_kind *kind = item_kind(from);
	struct json_val id = json_get(from, "call_id");

	item->type = kind->part;
	if (kind->part != PART_TOOL_CALL && kind->part != PART_SERVER_TOOL_CALL)
		return;
	if (json_type(id) != JSON_STRING && kind->part != PART_TOOL_CALL)
		id = json_get(from, "id");
	call_update(c, &item->id, id);
	item->name = item_tool_name(c, kind, from);
	item->kind = kind_word(c, from);
}

static void whole_item(struct call *c, const struct decoder_config *config, struct item *item,
		       struct json_val from, uint64_t ts_ns)
{
	if (!item || item->whole || json_type(from) != JSON_OBJECT || json_cut(from))
		return;
	item->whole = true;
	open_item(c, item, from);
	item->end_ns = ts_ns;
	item->visit = json_path(from, "action.type").doc &&
		      !json_is(json_path(from, "action.type"), "search");
	item_add_parts(c, config, &item->parts, &item->n_parts, from, MESSAGES_ARGUMENTS_MAX);
}

/* A response object: the body, or the member of a stream's event. */
static void read_response(struct call *c, const struct decoder_config *config,
			  struct responses_state *st, struct json_val r, uint64_t ts_ns)
{
	struct json_val conversation = json_get(r, "conversation");
	uint64_t index = 0;

	call_update(c, &c->response_id, json_get(r, "id"));
	call_update(c, &c->response_model, json_get(r, "model"));
	call_update(c, &c->response_status, json_get(r, "status"));
	call_update(c, &c->service_tier, json_get(r, "service_tier"));
	call_update(c, &st->incomplete_reason, json_path(r, "incomplete_details.reason"));
	call_update(c, &c->previous_response_id, json_get(r, "previous_response_id"));
	if (json_type(conversation) == JSON_OBJECT)
		conversation = json_get(conversation, "id");
	call_update(c, &c->conversation_id, conversation);
	openai_usage_read(&c->usage, json_get(r, "usage"), 0);
	api_error_in(c, r);
	if (json_is(json_get(r, "object"), "response.compaction")) {
		c->compacted = true;
		st->compaction = true;
	}
	for (struct json_val i = json_first(json_get(r, "output")); i.doc; i = json_next(i)) {
		struct item *item = find_item(c, st, index++);

		if (item && !item->whole && json_cut(i))
			open_item(c, item, i);
		whole_item(c, config, item, i, ts_ns);
	}
}

static void responses_response(struct call *c, const struct decoder_config *config, void *state,
			       struct json_val root)
{
	read_response(c, config, state, root, 0);
}

/* Text that an item gets in pieces, by the event's type. */
static const struct {
	struct slice event;
	enum part_type part;
} deltas[] = {
	{ SLICE("response.output_text.delta"), PART_TEXT },
	{ SLICE("response.refusal.delta"), PART_TEXT },
	{ SLICE("response.function_call_arguments.delta"), PART_TOOL_CALL },
	{ SLICE("response.custom_tool_call_input.delta"), PART_TOOL_CALL },
	{ SLICE("response.mcp_call_arguments.delta"), PART_SERVER_TOOL_CALL },
	{ SLICE("response.reasoning_text.delta"), PART_REASONING },
	{ SLICE("response.reasoning_summary_text.delta"), PART_REASONING },
};

static void read_delta(struct call *c, const struct decoder_config *config, struct item *item,
		       struct slice type, struct json_val delta, uint64_t ts_ns)
{
	for (size_t i = 0; i < ARRAY_LEN(deltas); i++) {
		bool text = deltas[i].part == PART_TEXT || deltas[i].part == PART_REASONING;

		if (!slice_eq(type, deltas[i].event))
			continue;
		if (item->type == PART_OTHER)
			item->type = deltas[i].part;
		item->end_ns = ts_ns;
		text_add_json(c, &item->text, delta,
			      text ? messages_text_max(config) : MESSAGES_ARGUMENTS_MAX);
	}
}

static bool is_terminal(struct slice type)
{
	static const struct slice types[] = { SLICE("response.completed"),
					      SLICE("response.incomplete"),
					      SLICE("response.failed"), SLICE("response.cancelled"),
					      SLICE("response.done") };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq(type, types[i]))
			return true;
	return false;
}

static void responses_event(struct call *c, const struct decoder_config *config, void *state,
			    const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct responses_state *st = state;
	struct slice type = json_raw(json_get(root, "type"));
	struct json_val response = json_get(root, "response");
	int64_t index = call_json_i64(json_get(root, "output_index"));
	struct item *item = NULL;

	(void)event;
	if (json_type(response) == JSON_OBJECT)
		read_response(c, config, st, response, ts_ns);
	if (is_terminal(type))
		st->terminal = true;
	if (slice_eq(type, SLICE("error")) && !json_get(root, "error").doc)
		api_error_set(c, root);
	if (index >= 0)
		item = find_item(c, st, (uint64_t)index);
	if (!item || item->whole)
		return;
	if (slice_eq(type, SLICE("response.output_item.added")))
		open_item(c, item, json_get(root, "item"));
	else if (slice_eq(type, SLICE("response.output_item.done")))
		whole_item(c, config, item, json_get(root, "item"), ts_ns);
	else
		read_delta(c, config, item, type, json_get(root, "delta"), ts_ns);
}

static void add_finish(struct call *c, struct slice reason)
{
	for (size_t i = 0; i < c->n_finish_reasons; i++)
		if (slice_eq(c->finish_reasons[i], reason))
			return;
	call_set_finish(c, c->n_finish_reasons, reason);
}

/* The API has a status, not a reason; what its items are gives the reason. */
static void set_finish(struct call *c, struct responses_state *st)
{
	struct slice status = c->response_status;

	if (slice_eq(status, SLICE("failed")) || slice_eq(status, SLICE("cancelled"))) {
		call_set_finish(c, 0, status);
		if (slice_eq(status, SLICE("failed")))
			call_set_error(c, SLICE("_OTHER"), SLICE_NONE);
	} else if (slice_eq(status, SLICE("incomplete"))) {
		call_set_finish(c, 0, st->incomplete_reason.data ? st->incomplete_reason : status);
	} else if (slice_eq(status, SLICE("completed"))) {
		for (size_t i = 0; i < st->n_items; i++)
			if (st->items[i].type == PART_TOOL_CALL)
				add_finish(c, SLICE("tool_calls"));
			else if (st->items[i].type == PART_TEXT)
				add_finish(c, SLICE("stop"));
		if (!c->n_finish_reasons)
			call_set_finish(c, 0, status);
	}
}

static int by_index(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* What there is of an item that did not come whole. */
static void add_rest(struct call *c, struct message *m, const struct item *item)
{
	struct part *p;

	if (item->type == PART_OTHER)
		return;
	p = part_add(c, &m->parts, &m->n_parts, item->type);
	if (!p)
		return;
	p->id = item->id;
	p->name = item->name;
	part_set_text(p, &item->text);
	if (p->type == PART_TOOL_CALL)
		messages_add_tool_call(c, p, item->kind, item->end_ns, true);
}

/* Runs of the provider's tools, each an item of its own. Of a search only that itself
 * counts, and is billed: not the pages that it opens or looks through. */
static void count_server_tools(struct call *c, const struct responses_state *st)
{
	static const struct {
		struct slice kind;
		enum usage_field field;
	} tools[] = {
		{ SLICE("web_search"), USAGE_WEB_SEARCHES },
		{ SLICE("file_search"), USAGE_FILE_SEARCHES },
		{ SLICE("code_interpreter"), USAGE_CODE_EXECUTIONS },
	};

	for (size_t t = 0; t < ARRAY_LEN(tools); t++) {
		int64_t runs = 0;

		for (size_t i = 0; i < st->n_items; i++)
			runs += st->items[i].whole && !st->items[i].visit &&
				slice_eq(st->items[i].kind, tools[t].kind);
		/* Some count them themselves. */
		if (runs && !usage_has(&c->usage, tools[t].field))
			usage_set(&c->usage, tools[t].field, runs);
	}
}

static void responses_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct responses_state *st = state;
	struct message *m;

	(void)config;
	if (st->n_items > 1)
		qsort(st->items, st->n_items, sizeof(*st->items), by_index);
	set_finish(c, st);
	/* A list that is not known to its end would be counted too low. */
	if (c->usage.present)
		count_server_tools(c, st);
	if (!st->n_items || st->compaction)
		return;
	m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));
	if (!m)
		return;
	for (size_t i = 0; i < st->n_items; i++) {
		const struct item *item = &st->items[i];

		if (!item->whole)
			add_rest(c, m, item);
		for (size_t k = 0; k < item->n_parts; k++) {
			struct part *p = part_add(c, &m->parts, &m->n_parts, item->parts[k].type);

			if (!p)
				break;
			*p = item->parts[k];
			if (p->type == PART_TOOL_CALL)
				messages_add_tool_call(c, p, item->kind, item->end_ns, false);
		}
	}
	/* Of several reasons, the one for which the client has to go on. */
	for (size_t i = c->n_finish_reasons; i > 0; i--)
		if (!m->finish_reason.data ||
		    slice_eq(c->finish_reasons[i - 1], SLICE("tool_calls")))
			m->finish_reason = c->finish_reasons[i - 1];
	message_seal(m);
}

static bool responses_ended(const void *state)
{
	const struct responses_state *st = state;

	return st->terminal;
}

static enum operation responses_path(struct slice method, struct slice path, bool *known)
{
	static const struct slice mark = SLICE("/responses");
	ssize_t at = slice_find(path, mark);
	struct slice rest;

	if (at < 0)
		return OP_NONE;
	rest = slice_sub(path, (size_t)at + mark.len, path.len);
	if (!rest.len || slice_eq(rest, SLICE("/compact"))) {
		*known = true;
		return slice_eq_nocase(method, SLICE("POST")) ? OP_CHAT : OP_NONE;
	}
	*known = slice_eq(rest, SLICE("/input_tokens")) || slice_starts(rest, SLICE("/resp_"));
	/* /responses/resp_…; with more behind it is a list of its items, or its end. */
	rest = slice_sub(rest, 1, rest.len);
	return *known && slice_starts(rest, SLICE("resp_")) && slice_find_char(rest, '/') < 0 &&
			       slice_eq_nocase(method, SLICE("GET"))
		       ? OP_FETCH_RESPONSE
		       : OP_NONE;
}

static bool responses_shape(struct json_val request)
{
	static const char *const own[] = { "instructions",
					   "max_output_tokens",
					   "previous_response_id",
					   "store",
					   "include",
					   "reasoning",
					   "tools",
					   "stream",
					   "truncation" };
	struct json_val input = json_get(request, "input"), first = json_first(input);

	if (json_type(json_get(request, "model")) != JSON_STRING)
		return false;
	if (json_type(input) == JSON_ARRAY)
		return json_type(json_get(first, "role")) == JSON_STRING ||
		       json_type(json_get(first, "type")) == JSON_STRING;
	for (size_t i = 0; json_type(input) == JSON_STRING && i < ARRAY_LEN(own); i++)
		if (json_get(request, own[i]).doc)
			return true;
	return false;
}

static bool responses_response_shape(struct json_val response)
{
	struct json_val object = json_get(response, "object");

	return json_is(object, "response") || json_is(object, "response.compaction") ||
	       slice_starts(json_raw(json_get(response, "type")), SLICE("response."));
}

const struct dialect dialect_openai_responses = {
	.name = "openai-responses",
	.provider = "openai",
	.api_type = "responses",
	.op = OP_CHAT,
	.state_size = sizeof(struct responses_state),
	.path = responses_path,
	.shape = responses_shape,
	.response_shape = responses_response_shape,
	.request = openai_responses_request,
	.response = responses_response,
	.event = responses_event,
	.finish = responses_finish,
	.ended = responses_ended,
};
