/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"
#include "cleanup.h"
#include "gentap_event.h"
#include "test.h"
#include "tracer.h"

#define MS UINT64_C(1000000)
#define START UINT64_C(1700000000000000000)

struct record {
	size_t spans;
	struct span last; /* its strings are gone */
};

static void on_span(void *ctx, struct span *s)
{
	struct record *r = ctx;

	r->spans++;
	r->last = *s;
}

static void trace(struct record *r, struct call *c)
{
	struct tracer_config config = { .seed = { 1, 2, 3 } };
	struct span_sink sink = { r, on_span };
	struct tracer *t = NULL;

	*r = (struct record){ 0 };
	CHECK_INT(tracer_new(&t, &config, &sink), 0);
	tracer_call(t, c);
	tracer_sweep(t, START);
	CHECK_INT(tracer_stats(t)->calls, 1);
	CHECK_INT(tracer_stats(t)->spans, r->spans);
	CHECK_INT(tracer_stats(t)->not_operations, !r->spans);
	tracer_free(t);
}

static struct call *new_call(void)
{
	struct call *c = NULL;

	CHECK_INT(call_new(&c), 0);
	c->op = OP_CHAT;
	c->provider = SLICE("openai");
	c->request_model = SLICE("gpt-x");
	c->source = GENTAP_SRC_OPENSSL;
	c->status = 200;
	c->conn_hash = 77;
	c->exchange = 3;
	c->start_ns = START;
	c->end_ns = START + 900 * MS;
	return c;
}

TEST(tracer_what_is_no_operation_gives_no_span)
{
	struct call *c = new_call();
	struct record r;

	c->op = OP_NONE;
	trace(&r, c);
	CHECK_INT(r.spans, 0);
}

TEST(tracer_times_of_what_was_half_seen)
{
	static const struct {
		const char *name;
		uint64_t start, response, last, end, want_start, want_end;
	} times[] = {
		{ "all", 10, 20, 30, 40, 10, 40 },
		{ "no end", 10, 20, 30, 0, 10, 30 },
		{ "no start", 0, 20, 30, 40, 20, 40 },
		{ "only a start", 10, 0, 0, 0, 10, 10 },
		{ "end before start", 50, 0, 0, 40, 50, 50 },
	};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct call *c = new_call();
		struct record r;

		c->start_ns = times[i].start;
		c->response_start_ns = times[i].response;
		c->last_chunk_ns = times[i].last;
		c->end_ns = times[i].end;
		trace(&r, c);
		test_row("%s", times[i].name);
		CHECK_INT(r.last.start_ns, times[i].want_start);
		CHECK_INT(r.last.end_ns, times[i].want_end);
	}
}

TEST(tracer_parents)
{
	static const uint8_t trace_id[16] = { 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
					      0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36 };
	static const uint8_t header_id[8] = { 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7 };
	static const uint8_t env_id[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t none[16];
	static const struct {
		const char *name;
		bool header;
		uint8_t flags;
		const char *env;
		const uint8_t *want_parent;
		uint8_t want_flags;
	} parents[] = {
		{ "none", false, 0, NULL, NULL, 1 },
		{ "header", true, 1, NULL, header_id, 1 },
		{ "header, not sampled, random", true, 2, NULL, header_id, 3 },
		{ "environment", false, 0,
		  "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01", env_id, 1 },
		{ "header before environment", true, 1,
		  "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01", header_id, 1 },
		{ "bad environment", false, 0, "00-4bf92f3577b34da6a3ce929d0e0e4736-", NULL, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		struct tracer_config config = { 0 };
		struct call *c = new_call();
		struct span *s = NULL;

		test_row("%s", parents[i].name);
		CHECK_INT(process_new(&c->process), 0);
		if (parents[i].env)
			c->process->traceparent = strdup(parents[i].env);
		if (parents[i].header) {
			c->parent =
				(struct trace_parent){ .valid = true, .flags = parents[i].flags };
			memcpy(c->parent.trace_id, trace_id, 16);
			memcpy(c->parent.span_id, header_id, 8);
			c->trace_state = SLICE("a=b");
		}
		CHECK_INT(span_new(&s), 0);
		call_span_fill(s, c, &config);
		CHECK(!memcmp(s->parent_id, parents[i].want_parent ? parents[i].want_parent : none,
			      8));
		CHECK_INT(!memcmp(s->trace_id, trace_id, 16), !!parents[i].want_parent);
		CHECK_INT(s->parent_remote, !!parents[i].want_parent);
		CHECK_INT(s->trace_flags, parents[i].want_flags);
		CHECK_STR(s->trace_state, parents[i].header ? "a=b" : NULL);
		CHECK(memcmp(s->trace_id, none, 16) && memcmp(s->span_id, none, 8));
		CHECK(s->process == c->process && s->process->refs == 2);
		span_free(s);
		call_free(c);
	}
}

static void ids_of(uint8_t trace_id[16], uint8_t span_id[8], void (*change)(struct call *c))
{
	struct call *c = new_call();
	struct record r;

	CHECK_INT(process_new(&c->process), 0);
	c->process->pid = 4711;
	c->process->start_ns = 99;
	if (change)
		change(c);
	trace(&r, c);
	memcpy(trace_id, r.last.trace_id, 16);
	memcpy(span_id, r.last.span_id, 8);
}

static void change_pid(struct call *c)
{
	c->process->pid++;
}

static void change_process_start(struct call *c)
{
	c->process->start_ns++;
}

static void change_conn(struct call *c)
{
	c->conn_hash++;
}

static void change_exchange(struct call *c)
{
	c->exchange++;
}

static void change_start(struct call *c)
{
	c->start_ns++;
}

TEST(tracer_ids_are_stable_and_differ)
{
	void (*const changes[])(struct call *) = { change_pid, change_process_start, change_conn,
						   change_exchange, change_start };
	uint8_t trace_id[16], span_id[8], other_trace[16], other_span[8];

	ids_of(trace_id, span_id, NULL);
	ids_of(other_trace, other_span, NULL);
	CHECK(!memcmp(trace_id, other_trace, 16) && !memcmp(span_id, other_span, 8));
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		test_row("change %zu", i);
		ids_of(other_trace, other_span, changes[i]);
		CHECK(memcmp(trace_id, other_trace, 16) && memcmp(span_id, other_span, 8));
	}
}

static struct span *span_with_content(enum operation op, bool content)
{
	static struct part parts[] = {
		{ .type = PART_TEXT, .text = SLICE("hello"), .len = 5 },
	};
	static struct message messages[] = {
		{ .role = SLICE("user"), .parts = parts, .n_parts = 1 },
		{ .role = SLICE("assistant"), .parts = parts, .n_parts = 1 },
	};
	static struct tool_definition tools[] = {
		{ .type = SLICE("function"), .name = SLICE("search") },
	};
	struct tracer_config config = { .content = content };
	struct call *c = new_call();
	struct span *s = NULL;

	c->op = op;
	c->system = parts;
	c->input = messages;
	c->output = messages + 1;
	c->tools = tools;
	c->n_system = c->n_input = c->n_output = c->n_tools = 1;
	CHECK_INT(span_new(&s), 0);
	call_span_fill(s, c, &config);
	call_free(c);
	return s;
}

TEST(tracer_content_only_where_it_is_wanted)
{
	static const struct {
		enum operation op;
		bool content;
		bool input, output; /* system and tools go with output */
	} rows[] = {
		{ OP_CHAT, true, true, true },
		{ OP_CHAT, false, false, false },
		{ OP_FETCH_RESPONSE, true, false, true },
		{ OP_EMBEDDINGS, true, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span *s = span_with_content(rows[i].op, rows[i].content);

		test_row("%zu", i);
		CHECK_INT(!!span_attr(s, ATTR_INPUT_MESSAGES), rows[i].input);
		CHECK_INT(!!span_attr(s, ATTR_OUTPUT_MESSAGES), rows[i].output);
		CHECK_INT(!!span_attr(s, ATTR_SYSTEM_INSTRUCTIONS), rows[i].output);
		CHECK_INT(!!span_attr(s, ATTR_TOOL_DEFINITIONS), rows[i].output);
		if (rows[i].input)
			CHECK_STR(span_attr(s, ATTR_INPUT_MESSAGES)->string,
				  "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\","
				  "\"content\":\"hello\"}]}]");
		span_free(s);
	}
}

TEST(tracer_status_message_has_no_secrets)
{
	struct tracer_config config = { 0 };
	struct call *c = new_call();
	struct span *s = NULL;
	char text[20000];

	memset(text, 'x', sizeof(text));
	memcpy(text, "bad key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD ", 57);
	call_set_error(c, SLICE("invalid_api_key"), (struct slice){ text, sizeof(text) });
	CHECK_INT(span_new(&s), 0);
	call_span_fill(s, c, &config);
	CHECK(slice_starts(s->status_message, SLICE("bad key [redacted] x")));
	CHECK(s->status_message.len < 8192);
	span_free(s);
	call_free(c);
}

TEST(tracer_without_memory)
{
	struct tracer_config config = { .content = true };
	struct record r = { 0 };
	struct span_sink sink = { &r, on_span };

	EACH_MALLOC_FAILURE
	{
		struct tracer *t = NULL;
		struct call *c = NULL;
		size_t before = r.spans;

		if (tracer_new(&t, &config, &sink))
			continue;
		if (!call_new(&c)) {
			c->op = OP_CHAT;
			c->request_model = SLICE("gpt-x");
			c->provider = SLICE("openai");
			call_set_finish(c, 0, SLICE("stop"));
			tracer_call(t, c);
			CHECK_INT(tracer_stats(t)->spans + tracer_stats(t)->no_memory, 1);
			CHECK_INT(r.spans - before, tracer_stats(t)->spans);
		}
		tracer_free(t);
	}
	CHECK(r.spans > 1);
	CHECK_INT(r.last.dropped_attrs, 0);
}
