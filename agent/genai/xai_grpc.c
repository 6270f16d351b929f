/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xAI's chat over gRPC, which its own SDK speaks: xai_api.Chat, read by field numbers
 * (those of the descriptors in xai-sdk 1.21). A stream's chunks have the counts so far.
 */
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"
#include "protobuf.h"

#define CHOICES_MAX 128

enum { KEY_TEXT = 1, KEY_REASONING, KEY_TOOL = 1 << 16 };

struct xai_state {
	struct blocks blocks;
	struct usage raw;
	size_t choices;
	size_t finished; /* of them */
};

/* Field numbers of GetChatCompletionResponse and GetChatCompletionChunk, and of their
 * outputs, which differ. */
struct layout {
	uint32_t model, fingerprint, usage, tier, finish, index, message;
};
static const struct layout whole_layout = { 6, 7, 9, 15, 1, 2, 3 };
static const struct layout chunk_layout = { 4, 5, 6, 12, 3, 4, 1 };

static void update(struct call *c, struct slice *to, struct slice bytes)
{
	if (bytes.len && !slice_eq(bytes, *to))
		*to = arena_copy(&c->arena, bytes);
}

static double float_of(const struct protobuf_field *f)
{
	return (double)protobuf_float(f->value);
}

/* ServiceTier, as REST calls it. */
static struct slice tier_word(uint64_t tier)
{
	return tier == 1 ? SLICE("default") : tier == 2 ? SLICE("priority") : SLICE_NONE;
}

/* ---- Request ---------------------------------------------------------------------- */

static struct slice role_word(uint64_t role)
{
	static const struct slice words[] = { SLICE("user"),	 SLICE("user"), SLICE("assistant"),
					      SLICE("system"),	 SLICE("tool"), SLICE("tool"),
					      SLICE("developer") };

	return role < ARRAY_LEN(words) ? words[role] : SLICE("user");
}

static void add_call_part(struct call *c, struct message *m, struct slice tool, size_t max)
{
	struct slice function = protobuf_bytes(tool, 10);
	struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_CALL);
	struct text text = { 0 };

	if (!p)
		return;
	p->id = arena_copy(&c->arena, protobuf_bytes(tool, 1));
	p->name = arena_copy(&c->arena, protobuf_bytes(function, 1));
	text_add(c, &text, protobuf_bytes(function, 2), max);
	part_set_arguments(c, p, &text);
}

static void add_message(struct call *c, const struct decoder_config *config, struct slice from)
{
	size_t max = messages_text_max(config);
	struct protobuf_field f;
	uint64_t role = protobuf_find(from, 2, &f) == 1 ? f.value : 0;
	struct slice result = protobuf_bytes(from, 7);
	struct text text = { 0 };
	struct message *m = message_add(c, &c->input, &c->n_input, role_word(role));
	struct part *p;

	if (!m)
		return;
	m->name = arena_copy(&c->arena, protobuf_bytes(from, 3));
	for (struct slice rest = from; protobuf_next(&rest, &f) == 1;)
		if (f.number == 1 && f.bytes.data)
			text_add(c, &text, protobuf_bytes(f.bytes, 1), max);
	if (text.total || result.len) {
		p = part_add(c, &m->parts, &m->n_parts,
			     result.len ? PART_TOOL_RESPONSE : PART_TEXT);
		part_set_text(p, &text);
		if (p && result.len)
			p->id = arena_copy(&c->arena, result);
	}
	for (struct slice rest = from; protobuf_next(&rest, &f) == 1;)
		if (f.number == 4 && f.bytes.data)
			add_call_part(c, m, f.bytes, max);
	message_seal(m);
}

static void add_tool(struct call *c, struct slice tool)
{
	struct slice function = protobuf_bytes(tool, 1);

	if (function.len)
		messages_add_tool(c, SLICE("function"),
				  arena_copy(&c->arena, protobuf_bytes(function, 1)));
}

static void read_parameter(struct call *c, const struct decoder_config *config,
			   const struct protobuf_field *f)
{
	static const struct slice efforts[] = { { 0 },	       SLICE("low"),  SLICE("medium"),
						SLICE("high"), SLICE("none"), SLICE("xhigh") };
	struct protobuf_field format;
	struct slice *stop;

	switch (f->number) {
	case 1:
		add_message(c, config, f->bytes);
		break;
	case 3:
		c->frequency_penalty = float_of(f);
		break;
	case 7:
		c->max_tokens = (int32_t)f->value;
		break;
	case 8:
		c->choice_count = (int32_t)f->value;
		break;
	case 9:
		c->presence_penalty = float_of(f);
		break;
	case 10:
		if (protobuf_find(f->bytes, 1, &format) == 1 && format.value >= 1 &&
		    format.value <= 3)
			c->output_type = format.value == 1 ? SLICE("text") : SLICE("json");
		break;
	case 11:
		c->seed = (int32_t)f->value;
		c->has_seed = true;
		break;
	case 12:
		stop = c->n_stop_sequences < CALL_STRINGS_MAX
			       ? arena_push(&c->arena, &c->stop_sequences, &c->n_stop_sequences,
					    sizeof(*stop))
			       : NULL;
		if (stop)
			*stop = arena_copy(&c->arena, f->bytes);
		break;
	case 14:
		c->temperature = float_of(f);
		break;
	case 15:
		c->top_p = float_of(f);
		break;
	case 17:
		add_tool(c, f->bytes);
		break;
	case 19:
		if (f->value < ARRAY_LEN(efforts))
			c->reasoning_level = efforts[f->value];
		break;
	case 31:
		c->request_service_tier = tier_word(f->value);
		break;
	}
}

static void xai_message(struct call *c, const struct decoder_config *config, struct slice message)
{
	struct protobuf_field f;

	c->stream = slice_ends(c->path, SLICE("/GetCompletionChunk"));
	update(c, &c->request_model, protobuf_bytes(message, 2));
	update(c, &c->user, protobuf_bytes(message, 16));
	update(c, &c->user, protobuf_bytes(message, 34)); /* safety_identifier */
	update(c, &c->previous_response_id, protobuf_bytes(message, 22));
	for (struct slice rest = message; protobuf_next(&rest, &f) == 1;)
		read_parameter(c, config, &f);
}

/* ---- Response --------------------------------------------------------------------- */

static const struct {
	uint32_t number;
	enum usage_field field;
} counts[] = {
	{ 1, USAGE_OUTPUT },	 { 2, USAGE_INPUT },	   { 3, USAGE_TOTAL },
	{ 4, USAGE_INPUT_TEXT }, { 5, USAGE_INPUT_IMAGE }, { 6, USAGE_REASONING },
	{ 7, USAGE_CACHE_READ },
};

/* Runs of the provider's tools: ServerSideTool, one entry each, packed or not. */
static void count_tools(struct usage *u, struct slice usage)
{
	static const enum usage_field tools[] = {
		[1] = USAGE_WEB_SEARCHES,
		[3] = USAGE_CODE_EXECUTIONS,
		[6] = USAGE_FILE_SEARCHES,
	};
	struct usage runs = { 0 };
	struct protobuf_field f;

	while (protobuf_next(&usage, &f) == 1) {
		struct slice packed = f.bytes;
		uint64_t tool = f.value;

		if (f.number != 9)
			continue;
		while (!f.bytes.data || protobuf_next_varint(&packed, &tool) == 1) {
			if (tool < ARRAY_LEN(tools) && tools[tool])
				usage_set(&runs, tools[tool], usage_get(&runs, tools[tool]) + 1);
			if (!f.bytes.data)
				break;
		}
	}
	usage_merge(u, &runs);
}

static void read_usage(struct usage *u, struct slice from)
{
	struct usage now = { 0 };
	struct protobuf_field f;

	/* Zeros are left out on the wire: in a message that is there they are 0, but not in
	 * one that cannot be read. */
	if (!from.data || protobuf_find(from, UINT32_MAX, &f) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		if (protobuf_find(from, counts[i].number, &f) != 1)
			usage_set(&now, counts[i].field, 0);
		else if (f.wire == PROTOBUF_VARINT && f.value <= (uint64_t)USAGE_TOKENS_MAX)
			usage_set(&now, counts[i].field, (int64_t)f.value);
	if (protobuf_find(from, 11, &f) == 1 && f.value <= INT64_MAX)
		usage_set_cost(&now, (double)f.value / USAGE_TICKS);
	count_tools(&now, from);
	usage_merge(u, &now);
}

static struct block *get_block(struct call *c, struct xai_state *st, size_t choice, uint64_t key,
			       enum part_type type, uint64_t ts_ns)
{
	struct block *b = blocks_get(c, &st->blocks, (uint64_t)choice << 32 | key, type);

	if (b) {
		b->choice = choice;
		b->end_ns = ts_ns;
	}
	return b;
}

/* They come whole. Those of type 1, or of none, are the client's. */
static void add_tool_call(struct call *c, struct xai_state *st, size_t choice, struct slice tool,
			  uint64_t ts_ns)
{
	struct slice function = protobuf_bytes(tool, 10);
	struct protobuf_field type;
	bool ours = protobuf_find(tool, 2, &type) != 1 || type.value <= 1;
	struct block *b = get_block(c, st, choice, KEY_TOOL + st->blocks.count,
				    ours ? PART_TOOL_CALL : PART_SERVER_TOOL_CALL, ts_ns);

	if (!b)
		return;
	update(c, &b->id, protobuf_bytes(tool, 1));
	update(c, &b->name, protobuf_bytes(function, 1));
	text_add(c, &b->text, protobuf_bytes(function, 2), MESSAGES_ARGUMENTS_MAX);
}

static void read_message(struct call *c, struct xai_state *st, size_t choice, struct slice message,
			 size_t max, uint64_t ts_ns)
{
	static const struct {
		uint32_t number;
		uint64_t key;
		enum part_type type;
	} texts[] = {
		{ 4, KEY_REASONING, PART_REASONING },
		{ 1, KEY_TEXT, PART_TEXT },
	};
	struct protobuf_field f;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct slice text = protobuf_bytes(message, texts[i].number);
		struct block *b =
			text.len ? get_block(c, st, choice, texts[i].key, texts[i].type, ts_ns)
				 : NULL;

		if (b)
			text_add(c, &b->text, text, max);
	}
	for (struct slice rest = message; protobuf_next(&rest, &f) == 1;)
		if (f.number == 3 && f.bytes.data)
			add_tool_call(c, st, choice, f.bytes, ts_ns);
}

static void read_output(struct call *c, struct xai_state *st, const struct layout *layout,
			struct slice output, size_t max, uint64_t ts_ns)
{
	static const struct slice reasons[] = {
		{ 0 },	       SLICE("length"),	    SLICE("length"),
		SLICE("stop"), SLICE("tool_calls"), SLICE("time_limit")
	};
	struct protobuf_field f;
	uint64_t choice = protobuf_find(output, layout->index, &f) == 1 ? f.value : 0;

	if (choice >= CHOICES_MAX)
		return;
	st->choices = MAX(st->choices, (size_t)choice + 1);
	if (protobuf_find(output, layout->finish, &f) == 1 && f.value < ARRAY_LEN(reasons) &&
	    f.value) {
		if (choice >= c->n_finish_reasons || !c->finish_reasons[choice].data)
			st->finished++;
		call_set_finish(c, (size_t)choice, reasons[f.value]);
	}
	read_message(c, st, (size_t)choice, protobuf_bytes(output, layout->message), max, ts_ns);
}

static void xai_event(struct call *c, const struct decoder_config *config, void *state,
		      const struct event *event, struct json_val root, uint64_t ts_ns)
{
	const struct layout *layout = c->stream ? &chunk_layout : &whole_layout;
	struct xai_state *st = state;
	struct protobuf_field f;

	(void)root;
	update(c, &c->response_id, protobuf_bytes(event->data, 1));
	update(c, &c->response_model, protobuf_bytes(event->data, layout->model));
	update(c, &c->system_fingerprint, protobuf_bytes(event->data, layout->fingerprint));
	read_usage(&st->raw, protobuf_bytes(event->data, layout->usage));
	if (protobuf_find(event->data, layout->tier, &f) == 1 && tier_word(f.value).data)
		c->service_tier = tier_word(f.value);
	for (struct slice rest = event->data; protobuf_next(&rest, &f) == 1;)
		if (f.number == 2 && f.bytes.data)
			read_output(c, st, layout, f.bytes, messages_text_max(config), ts_ns);
}

static bool xai_ended(const void *state)
{
	const struct xai_state *st = state;

	return st->choices && st->finished >= st->choices;
}

static void xai_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct xai_state *st = state;
	struct usage *u = &st->raw;
	int64_t reasoning = usage_get(u, USAGE_REASONING);

	(void)config;
	/* The counts of a chunk before the last are those of a part. */
	if (c->stream && !xai_ended(st))
		*u = (struct usage){ 0 };
	if (usage_get(u, USAGE_TOTAL) ==
	    usage_get(u, USAGE_INPUT) + usage_get(u, USAGE_OUTPUT) + reasoning)
		u->value[USAGE_OUTPUT] += reasoning;
	usage_merge(&c->usage, u);
	for (size_t i = 0; i < st->choices; i++)
		blocks_emit(c, &st->blocks, i, SLICE("assistant"));
}

static enum operation xai_path(struct slice method, struct slice path, bool *known)
{
	bool call = slice_eq(path, SLICE("/xai_api.Chat/GetCompletion")) ||
		    slice_eq(path, SLICE("/xai_api.Chat/GetCompletionChunk"));

	(void)method; /* gRPC has but one */
	*known = slice_starts(path, SLICE("/xai_api."));
	return call ? OP_CHAT : OP_NONE;
}

/* gRPC has no JSON. */
static void xai_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	(void)c;
	(void)config;
	(void)root;
}

static void xai_response(struct call *c, const struct decoder_config *config, void *state,
			 struct json_val root)
{
	(void)state;
	xai_request(c, config, root);
}

const struct dialect dialect_xai_grpc = {
	.name = "xai-grpc",
	.provider = "x_ai",
	.op = OP_CHAT,
	.state_size = sizeof(struct xai_state),
	.path = xai_path,
	.request = xai_request,
	.message = xai_message,
	.response = xai_response,
	.event = xai_event,
	.finish = xai_finish,
	.ended = xai_ended,
};
