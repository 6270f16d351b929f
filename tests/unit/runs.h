/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small language for agent runs. One line is one call; what it says comes in any order:
 *
 *   @100+50          starts at 100 ms, takes 50 ms
 *   pid=7 <1>        process, and the processes above it
 *   sys=TEXT tools=3 ua=claude-cli/2.0 model=M prev=ID resp=ID conv=ID status=429 user=U
 *   req=ID trace=TRACEPARENT side=server by=PID (who answers) relaying=1 (call, or more)
 *   env=TRACEPARENT  of the process; after pid=
 *   for=N            the request that it was made for
 *   u:TEXT a:TEXT    messages of the request
 *   c:ID:NAME:ARG    a tool call of the history (ARG, with _ for spaces, is {"prompt": ARG})
 *   r:ID:TEXT        a tool's result; r!ID:TEXT one that says is_error
 *   -> TEXT          the answer; words that begin with c: are tool calls
 *
 * In texts '_' stands for a space, '|' for a line's end. trace_runs() gives the tree of what came
 * out: one span a line, indented below its parent, in the order of their starts, with the
 * attributes that were asked for.
 */
#ifndef TESTS_RUNS_H
#define TESTS_RUNS_H

#include "cleanup.h"
#include "messages.h"
#include "test.h"
#include "trace_context.h"
#include "tracer.h"

#define RUNS_BASE UINT64_C(1700000000000000000)
#define RUNS_MS UINT64_C(1000000)
#define RUNS_SPANS_MAX 4096

struct runs_span {
	uint8_t trace[16], id[8], parent[8];
	char name[96];
	uint64_t start, end;
	bool error, printed;
	char notes[160];
};

struct runs {
	struct tracer *tracer;
	struct runs_span spans[RUNS_SPANS_MAX];
	size_t n;
	const char *const *notes; /* attributes to show; ends with NULL */
	unsigned int calls;
};

static void runs_on_span(void *ctx, struct span *s)
{
	struct runs *r = ctx;
	struct runs_span *to;
	size_t len = 0;

	if (r->n == RUNS_SPANS_MAX)
		return;
	to = &r->spans[r->n++];
	*to = (struct runs_span){ .start = s->start_ns, .end = s->end_ns, .error = s->error };
	memcpy(to->trace, s->trace_id, 16);
	memcpy(to->id, s->span_id, 8);
	memcpy(to->parent, s->parent_id, 8);
	snprintf(to->name, sizeof(to->name), "%.*s", SLICE_FMT(s->name));
	for (size_t i = 0; r->notes && r->notes[i]; i++) {
		const struct attr *a = span_attr(s, r->notes[i]);
		const char *key = strrchr(r->notes[i], '.') + 1;

		if (!a || len > sizeof(to->notes) - 64)
			continue;
		if (a->type == ATTR_STRING)
			len += (size_t)snprintf(to->notes + len, 60, " %s=%.*s", key,
						(int)MIN(a->string.len, 40), a->string.data);
		else if (a->type == ATTR_INT)
			len += (size_t)snprintf(to->notes + len, 60, " %s=%lld", key,
						(long long)a->integer);
		else if (a->type == ATTR_STRINGS)
			for (size_t k = 0; k < a->strings.count; k++)
				len += (size_t)snprintf(to->notes + len, 30, "%s%.*s",
							k ? "," : " ",
							SLICE_FMT(a->strings.items[k]));
		else if (a->type == ATTR_BOOL)
			len += (size_t)snprintf(to->notes + len, 60, " %s", key);
	}
}

static struct slice runs_text(struct call *c, struct slice word)
{
	char *text = arena_alloc(&c->arena, word.len + 1);

	for (size_t i = 0; i < word.len; i++)
		text[i] = (char)(word.data[i] == '_'   ? ' '
				 : word.data[i] == '|' ? '\n'
						       : word.data[i]);
	return (struct slice){ text, word.len };
}

static void runs_add_text(struct call *c, struct part **parts, size_t *n, struct slice word)
{
	struct part *p = part_add(c, parts, n, PART_TEXT);
	struct text t = { 0 };

	text_add(c, &t, runs_text(c, word), CALL_TEXT_HEAD);
	part_set_text(p, &t);
}

/* ID:NAME:ARG */
static struct part *runs_add_tool_call(struct call *c, struct message *m, struct slice word)
{
	struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_CALL);
	struct text t = { 0 };

	p->id = slice_cut(&word, ':');
	p->name = slice_cut(&word, ':');
	if (!p->id.len)
		p->id = SLICE_NONE;
	if (word.len) {
		text_add(c, &t, SLICE("{\"prompt\":\""), 1 << 20);
		text_add(c, &t, runs_text(c, word), 1 << 20);
		text_add(c, &t, SLICE("\"}"), 1 << 20);
	}
	part_set_arguments(c, p, &t);
	return p;
}

static void runs_request_word(struct call *c, struct slice word)
{
	struct message *m = c->n_input ? &c->input[c->n_input - 1] : NULL;
	char kind = word.data[0];
	struct slice rest = slice_sub(word, 2, word.len);
	struct part *p;

	if (kind == 'u') {
		m = message_add(c, &c->input, &c->n_input, SLICE("user"));
		runs_add_text(c, &m->parts, &m->n_parts, rest);
	} else if (kind == 'a') {
		m = message_add(c, &c->input, &c->n_input, SLICE("assistant"));
		runs_add_text(c, &m->parts, &m->n_parts, rest);
	} else if (kind == 'c') {
		if (!m || !slice_eq(m->role, SLICE("assistant")))
			m = message_add(c, &c->input, &c->n_input, SLICE("assistant"));
		runs_add_tool_call(c, m, rest);
	} else {
		m = message_add(c, &c->input, &c->n_input, SLICE("tool"));
		p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_RESPONSE);
		p->is_error = word.data[1] == '!';
		p->id = slice_cut(&rest, ':');
		if (!p->id.len)
			p->id = SLICE_NONE;
		p->text = runs_text(c, rest);
		p->len = p->text.len;
		p->hash = text_hash_more(SLICE_HASH, p->text);
	}
	message_seal(m);
}

static void runs_answer_word(struct call *c, struct slice word)
{
	struct message *m = c->n_output ? &c->output[0] : NULL;

	if (!m)
		m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));
	if (slice_starts(word, SLICE("c:")))
		messages_add_tool_call(c, runs_add_tool_call(c, m, slice_sub(word, 2, word.len)),
				       SLICE_NONE, c->end_ns - 10 * RUNS_MS, false);
	else
		runs_add_text(c, &m->parts, &m->n_parts, word);
	message_seal(m);
}

static uint64_t runs_number(struct slice s)
{
	uint64_t v = 0;

	slice_u64(s, &v);
	return v;
}

static struct process *runs_process(struct slice pid, struct slice above)
{
	struct process *p = NULL;

	process_new(&p);
	p->pid = (uint32_t)runs_number(pid);
	p->start_ns = p->pid;
	p->cmdline = strdup("python3 /srv/bot.py");
	while (above.len && p->n_ancestors < PROCESS_ANCESTORS_MAX)
		p->ancestors[p->n_ancestors++] = (uint32_t)runs_number(slice_cut(&above, ','));
	p->ppid = p->n_ancestors ? p->ancestors[0] : 1;
	return p;
}

static struct served runs_served(struct slice n)
{
	return (struct served){ .conn_hash = 9, .exchange = runs_number(n), .start_ns = RUNS_BASE };
}

static void runs_for(struct call *c, struct slice n)
{
	c->served = arena_alloc(&c->arena, sizeof(*c->served));
	*c->served = runs_served(n);
}

static bool runs_field(struct call *c, struct slice key, struct slice value, struct slice *above)
{
	if (slice_eq(key, SLICE("sys")))
		runs_add_text(c, &c->system, &c->n_system, value);
	else if (slice_eq(key, SLICE("tools")))
		for (uint64_t n = runs_number(value); n; n--)
			messages_add_tool(c, SLICE("function"), SLICE("t"));
	else if (slice_eq(key, SLICE("ua")))
		c->user_agent = value;
	else if (slice_eq(key, SLICE("model")))
		c->request_model = value;
	else if (slice_eq(key, SLICE("prev")))
		c->previous_response_id = value;
	else if (slice_eq(key, SLICE("resp")))
		c->response_id = value;
	else if (slice_eq(key, SLICE("conv")))
		c->conversation_id = value;
	else if (slice_eq(key, SLICE("user")))
		c->user = value;
	else if (slice_eq(key, SLICE("finish")))
		call_set_finish(c, 0, value);
	else if (slice_eq(key, SLICE("status")))
		c->status = (int)runs_number(value);
	else if (slice_eq(key, SLICE("pid")))
		c->process = runs_process(value, *above);
	else if (slice_eq(key, SLICE("by")))
		c->server_process = runs_process(value, SLICE_NONE);
	else if (slice_eq(key, SLICE("req")))
		c->request_id = value;
	else if (slice_eq(key, SLICE("trace")))
		trace_parent_parse(value, &c->parent);
	else if (slice_eq(key, SLICE("side")))
		c->server_side = slice_eq(value, SLICE("server"));
	else if (slice_eq(key, SLICE("env")))
		c->process->traceparent = strndup(value.data, value.len);
	else if (slice_eq(key, SLICE("for")))
		runs_for(c, value);
	else if (slice_eq(key, SLICE("relaying")))
		c->relays_one = (c->relaying = runs_number(value)) && runs_number(value) == 1;
	else
		return false;
	return true;
}

static struct call *runs_call(struct runs *r, struct slice line)
{
	struct slice above = SLICE_NONE;
	struct call *c = NULL;
	bool answer = false;

	call_new(&c);
	c->op = OP_CHAT;
	c->dialect = "test";
	c->provider = SLICE("openai");
	c->request_model = SLICE("m");
	c->status = 200;
	c->method = SLICE("POST");
	c->path = SLICE("/v1/chat");
	c->conn_hash = 1;
	c->exchange = ++r->calls;
	while (line.len) {
		struct slice word = slice_cut(&line, ' '), key = word;

		if (!word.len)
			continue;
		if (slice_eq(word, SLICE("->"))) {
			answer = true;
		} else if (word.data[0] == '@') {
			struct slice rest = slice_sub(word, 1, word.len);

			c->start_ns = RUNS_BASE + runs_number(slice_cut(&rest, '+')) * RUNS_MS;
			c->end_ns = c->start_ns + runs_number(rest) * RUNS_MS;
		} else if (word.data[0] == '<') {
			above = slice_sub(word, 1, word.len - 2);
		} else if (answer) {
			runs_answer_word(c, word);
		} else if (slice_find_char(word, '=') > 0 && (key = slice_cut(&word, '='), true) &&
			   runs_field(c, key, word, &above)) {
			continue;
		} else {
			runs_request_word(
				c, key.data < word.data
					   ? (struct slice){ key.data, key.len + 1 + word.len }
					   : word);
		}
	}
	if (c->status >= 400)
		call_set_error(c, SLICE("rate_limit_error"), SLICE("slow down"));
	call_complete(c);
	return c;
}

static void runs_start(struct runs *r, const struct tracer_config *config, const char *const *notes)
{
	struct span_sink sink = { r, runs_on_span };

	*r = (struct runs){ .notes = notes };
	CHECK_INT(tracer_new(&r->tracer, config, &sink), 0);
}

/* "@100+20 pid=8 <7> status=1 signal=9 exe=/bin/ls cmd=ls_-la": a process that has ended. */
static void runs_effect(struct runs *r, struct slice line)
{
	struct effect e = { .status = 0 };
	struct slice above = SLICE_NONE, pid = SLICE_NONE;
	struct process *p;
	char text[128] = "sh", exe[64] = "/bin/sh";

	while (line.len) {
		struct slice word = slice_cut(&line, ' '), key = word;

		if (word.data[0] == '@') {
			word = slice_sub(word, 1, word.len);
			e.start_ns = RUNS_BASE + runs_number(slice_cut(&word, '+')) * RUNS_MS;
			e.end_ns = e.start_ns + runs_number(word) * RUNS_MS;
			continue;
		}
		if (word.data[0] == '<') {
			above = slice_sub(word, 1, word.len - 2);
			continue;
		}
		key = slice_cut(&word, '=');
		if (slice_eq(key, SLICE("pid")))
			pid = word;
		else if (slice_eq(key, SLICE("status")))
			e.status = word.data[0] == '-' ? -1 : (int)runs_number(word);
		else if (slice_eq(key, SLICE("signal")))
			e.signal = (int)runs_number(word);
		else if (slice_eq(key, SLICE("exe")))
			snprintf(exe, sizeof(exe), "%.*s", SLICE_FMT(word));
		else if (slice_eq(key, SLICE("cmd")))
			snprintf(text, sizeof(text), "%.*s", SLICE_FMT(word));
	}
	for (char *c = text; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	p = runs_process(pid, above);
	free(p->cmdline);
	p->cmdline = strdup(text);
	p->exe = strdup(exe);
	e.process = p;
	tracer_effect(r->tracer, &e);
	process_unref(p);
}

/* "@100+20 pid=8 <7> GET host /path 200" */
static void runs_outbound(struct runs *r, struct slice line)
{
	struct outbound o = { .whole = true, .exchange = ++r->calls };
	struct slice above = SLICE_NONE, words[4] = { 0 };
	struct call *c = NULL;
	size_t n = 0;

	call_new(&c);
	while (line.len) {
		struct slice word = slice_cut(&line, ' ');

		if (word.data[0] == '@') {
			struct slice rest = slice_sub(word, 1, word.len);

			o.start_ns = RUNS_BASE + runs_number(slice_cut(&rest, '+')) * RUNS_MS;
			o.end_ns = o.start_ns + runs_number(rest) * RUNS_MS;
		} else if (word.data[0] == '<') {
			above = slice_sub(word, 1, word.len - 2);
		} else if (slice_starts(word, SLICE("pid="))) {
			o.process = runs_process(slice_sub(word, 4, word.len), above);
		} else if (n < 4) {
			words[n++] = runs_text(c, word);
		}
	}
	o.method = words[0];
	o.server.address = words[1];
	o.path = words[2];
	o.status = (int)runs_number(words[3]);
	tracer_outbound(r->tracer, &o);
	process_unref(o.process);
	call_free(c);
}

/* "N pid=1": the request is answered. */
static void runs_answered(struct runs *r, struct slice line)
{
	struct slice n = slice_cut(&line, ' ');
	struct process *p = runs_process(slice_sub(line, 4, line.len), SLICE_NONE);

	tracer_served(r->tracer, &(struct served_request){ .as = runs_served(n),
							   .process = p,
							   .method = SLICE("POST"),
							   .path = SLICE("/ask"),
							   .status = 200,
							   .end_ns = RUNS_BASE + RUNS_MS });
	process_unref(p);
}

/* Every line of the text; "exit PID" ends a process, "sweep MS" moves the clock, "effect …" is
 * and "ask …" are what a tool did, "served N pid=1" ends a request. */
static void runs_feed(struct runs *r, const char *text)
{
	struct slice rest = slice_from(text);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');

		if (slice_starts(line, SLICE("exit ")))
			tracer_process_exit(r->tracer,
					    (uint32_t)runs_number(slice_sub(line, 5, line.len)));
		else if (slice_starts(line, SLICE("sweep ")))
			tracer_sweep(r->tracer,
				     RUNS_BASE + runs_number(slice_sub(line, 6, 20)) * RUNS_MS);
		else if (slice_starts(line, SLICE("served ")))
			runs_answered(r, slice_sub(line, 7, line.len));
		else if (slice_starts(line, SLICE("effect ")))
			runs_effect(r, slice_sub(line, 7, line.len));
		else if (slice_starts(line, SLICE("ask ")))
			runs_outbound(r, slice_sub(line, 4, line.len));
		else if (line.len)
			tracer_call(r->tracer, runs_call(r, line));
	}
}

static void runs_print(struct runs *r, struct buf *to, const uint8_t *parent, size_t depth)
{
	for (;;) {
		struct runs_span *next = NULL;

		for (size_t i = 0; i < r->n; i++) {
			struct runs_span *s = &r->spans[i];

			if (!s->printed && !memcmp(s->parent, parent, 8) &&
			    (!next || s->start < next->start))
				next = s;
		}
		if (!next)
			return;
		next->printed = true;
		buf_printf(to, "%*s%s %lld+%lld%s%s\n", (int)(2 * depth), "", next->name,
			   (long long)((next->start - RUNS_BASE) / RUNS_MS),
			   (long long)((next->end - next->start) / RUNS_MS),
			   next->error ? " ERROR" : "", next->notes);
		runs_print(r, to, next->id, depth + 1);
	}
}

/* Ends it; the tree of what came out, in `to`. Spans whose parents did not come stand at
 * the end behind a '?'. */
static void runs_tree(struct runs *r, struct buf *to)
{
	static const uint8_t none[8];

	tracer_free(TAKE(r->tracer));
	runs_print(r, to, none, 0);
	for (size_t i = 0; i < r->n; i++)
		if (!r->spans[i].printed)
			buf_printf(to, "? %s\n", r->spans[i].name);
}

struct runs_row {
	const char *name;
	const char *calls;
	const char *want;
};

static inline void runs_check(const struct runs_row *rows, size_t n, const char *const *notes)
{
	static struct runs r;

	for (size_t i = 0; i < n; i++) {
		_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);

		test_row("%s", rows[i].name);
		runs_start(&r, &(struct tracer_config){ .seed = { 7 } }, notes);
		runs_feed(&r, rows[i].calls);
		runs_tree(&r, &tree);
		CHECK_STR(buf_slice(&tree), rows[i].want);
	}
	test_row(NULL);
}

#endif
