/* SPDX-License-Identifier: Apache-2.0 */
#include "inbound.h"

#include "cleanup.h"
#include "messages.h"
#include "test.h"

/*
 * A small language: "+3a" thread 3 reads request a, "=3a" answers its head, "-a" it is at its
 * end, "!a" it is cut off, "?3" what does thread 3 work on, "ca" a call was made for a.
 */
struct row {
	const char *name;
	const char *events;
	const char *want; /* of each '?' and 'c' */
};

#define SHOWN "+1x =1x -x +1x =1x -x +1x =1x -x "

static const struct row rows[] = {
	{ "not shown yet", "+1x =1x -x +1x =1x -x +1a ?1", "." },
	{ "one thread", SHOWN "+1a ?1 ca =1a -a ?1", "a1." },
	{ "two threads", SHOWN "+1a +2b ?2 ?1 ?3", "ba." },
	{ "it has answered", SHOWN "+1a =1a ?1", "." },
	{ "two at once on one thread", SHOWN "+1a +1b ?1 =1a -a ?1 +2c ?2", "..." },
	{ "another thread answers", SHOWN "+1a =2a -a +1b ?1", "." },
	{ "what is cut off shows nothing", "+1x =1x !x +1x =1x !x +1x =1x !x +1a ?1", "." },
	{ "nor does what has no answer", "+1x -x +1x -x +1x -x +1a ?1", "." },
	{ "a call for what is over", SHOWN "+1a =1a -a ca", "0" },
};

static void run(const struct row *row, bool calls, char *got)
{
	struct inbound *open[128] = { 0 };
	struct inbounds t;

	inbounds_init(&t);
	if (calls)
		inbounds_calls(&t, 7);
	for (const char *e = row->events; *e; e++) {
		struct served as = { .conn_hash = 5, .start_ns = 1 };
		char kind = *e++;
		uint32_t tid = *e >= '0' && *e <= '9' ? (uint32_t)(*e++ - '0') : 0;

		as.exchange = (uint64_t)*e;
		if (kind == '+')
			open[(int)*e] = inbound_open(&t, 7, tid, &as, SLICE("POST"), SLICE("/a"));
		else if (kind == '=' && open[(int)*e])
			inbound_answer(open[(int)*e], tid, 200);
		else if ((kind == '-' || kind == '!') && open[(int)*e])
			inbound_close(&t, TAKE(open[(int)*e]), kind == '-');
		else if (kind == 'c')
			*got++ = inbound_count(&t, 7, &as) ? '1' : '0';
		else if (kind == '?') {
			struct served found = inbound_find(&t, 7, tid);

			*got++ = found.start_ns ? (char)found.exchange : '.';
			e--;
		}
		while (e[1] == ' ')
			e++;
	}
	/* The process may be gone before its connections are. */
	inbounds_forget(&t, 7);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (open[i])
			inbound_close(&t, open[i], false);
	inbounds_release(&t);
	*got = '\0';
}

TEST(inbound_rows)
{
	char got[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		run(&rows[i], true, got);
		CHECK_STR(slice_from(got), rows[i].want);
	}
	test_row(NULL);
}

TEST(inbound_of_a_process_that_asks_nobody)
{
	char got[64];

	run(&rows[1], false, got);
	CHECK_STR(slice_from(got), ".0.");
}

TEST(inbound_without_memory)
{
	char got[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EACH_MALLOC_FAILURE
	run(&rows[i], true, got);
}

TEST(inbound_processes_have_a_ceiling)
{
	const struct served as = { .start_ns = 1 };
	struct inbounds t;
	struct inbound *in;

	inbounds_init(&t);
	inbounds_calls(&t, 1);
	in = inbound_open(&t, 1, 1, &as, SLICE("GET"), SLICE("/"));
	CHECK(in);
	for (uint32_t pid = 2; pid <= INBOUND_PROCESSES_MAX + 1; pid++)
		inbounds_calls(&t, pid);
	CHECK(!inbound_open(&t, 1, 2, &as, SLICE("GET"), SLICE("/"))); /* forgotten */
	inbound_close(&t, in, true);
	inbounds_release(&t);
}

/* ---- What a request says ------------------------------------------------------------------- */

/*
 * Requests in their order: those with a body that begin before the call and are open then, and
 * what the user says last in the call.
 */
static const struct said {
	const char *name;
	const char
		*bodies[4]; /* of requests 1, 2, … that are open; "-" before it: answered, gone */
	const char *says;
	uint64_t want; /* the number of the request; 0: of none */
} said_rows[] = {
	{ "the words are handed on as they are",
	  { "{\"message\":\"When does the shop open?\"}",
	    "{\"message\":\"Where is the harbour?\"}" },
	  "Where is the harbour?",
	  2 },
	{ "inside of other words",
	  { "{\"q\":\"When does the shop open?\"}", "{\"q\":\"Where is the harbour?\"}" },
	  "Context: none. Question: When does the shop open? Answer shortly.",
	  1 },
	{ "deep in the body, with escapes",
	  { "{\"messages\":[{\"parts\":[{\"text\":\"Say \\\"hello\\\"\\nto the world\"}]}]}" },
	  "Say \"hello\"\nto the world",
	  1 },
	{ "plain text", { "What is the weather like?" }, "What is the weather like?", 1 },
	{ "nobody asked that",
	  { "{\"q\":\"When does the shop open?\"}" },
	  "Summarise the report of yesterday.",
	  0 },
	{ "two ask the same",
	  { "{\"q\":\"When does the shop open?\"}", "{\"q\":\"When does the shop open?\"}" },
	  "When does the shop open?",
	  0 },
	{ "somebody asked the same before",
	  { "-{\"q\":\"When does the shop open?\"}", "{\"q\":\"When does the shop open?\"}" },
	  "When does the shop open?",
	  0 },
	{ "who says more of it",
	  { "{\"tone\":\"in a friendly tone\",\"q\":\"Where is the harbour?\"}",
	    "{\"tone\":\"in a grave tone of voice\"}" },
	  "Answer in a friendly tone: Where is the harbour? Not in a grave tone of voice.",
	  1 },
	{ "what all say tells nobody apart",
	  { "{\"tone\":\"in a friendly tone\",\"q\":\"When does the shop open?\"}",
	    "{\"tone\":\"in a friendly tone\",\"q\":\"Where is the harbour?\"}" },
	  "Answer in a friendly tone: Where is the harbour?",
	  2 },
	{ "nor when the one that it is for was not seen",
	  { "-{\"tone\":\"in a friendly tone\",\"q\":\"When does the shop open?\"}",
	    "{\"tone\":\"in a friendly tone\",\"q\":\"Where is the harbour?\"}" },
	  "Answer in a friendly tone: Who built the church?",
	  0 },
	{ "too short to prove anything", { "{\"q\":\"hello\"}" }, "hello", 0 },
	{ "a body that was cut off says what stands before the cut",
	  { "{\"q\":\"When does the shop open?\",\"file\":\"AAAAAAAAAAAAAAAA" },
	  "When does the shop open?",
	  1 },
};

static struct call *call_that_says(const char *text)
{
	struct call *c = NULL;
	struct message *m;
	struct text t = { 0 };
	struct part *p;

	if (call_new(&c))
		return NULL;
	c->start_ns = 50;
	m = message_add(c, &c->input, &c->n_input, SLICE("user"));
	p = m ? part_add(c, &m->parts, &m->n_parts, PART_TEXT) : NULL;
	text_add(c, &t, slice_from(text), CALL_TEXT_HEAD);
	if (p)
		part_set_text(p, &t);
	message_add(c, &c->input, &c->n_input, SLICE("assistant"));
	return c;
}

static uint64_t find_said(const struct said *row)
{
	struct inbound *open[ARRAY_LEN(row->bodies)] = { 0 };
	struct inbounds t;
	struct call *c = call_that_says(row->says);
	struct served found = { 0 };

	inbounds_init(&t);
	inbounds_calls(&t, 7);
	for (size_t i = 0; i < ARRAY_LEN(open) && row->bodies[i]; i++) {
		struct served as = { .exchange = i + 1, .start_ns = i + 1 };
		bool gone = row->bodies[i][0] == '-';
		struct slice body = slice_from(row->bodies[i] + gone);

		open[i] = inbound_open(&t, 7, 1, &as, SLICE("POST"), SLICE("/a"));
		if (!open[i])
			continue;
		inbound_body(&t, open[i], slice_sub(body, 0, body.len / 2));
		inbound_body(&t, open[i], slice_sub(body, body.len / 2, body.len));
		inbound_body_end(&t, open[i]);
		if (gone)
			inbound_close(&t, TAKE(open[i]), true);
	}
	CHECK_INT(t.held, 0);
	if (c)
		found = inbound_find_by_text(&t, 7, c);
	CHECK(!found.start_ns || found.by_text);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (open[i])
			inbound_close(&t, open[i], false);
	inbounds_release(&t);
	call_free(c);
	return found.exchange;
}

TEST(inbound_by_what_it_says)
{
	for (size_t i = 0; i < ARRAY_LEN(said_rows); i++) {
		test_row("%s", said_rows[i].name);
		CHECK_INT(find_said(&said_rows[i]), said_rows[i].want);
	}
	test_row(NULL);
}

/* Without memory it may be none, never another. */
TEST(inbound_by_what_it_says_without_memory)
{
	for (size_t i = 0; i < 2; i++)
		EACH_MALLOC_FAILURE
		{
			uint64_t found = find_said(&said_rows[i]);

			CHECK(!found || found == said_rows[i].want);
		}
}

/* Later ones do not say what one did that began after the call. */
TEST(inbound_that_began_later)
{
	struct served as = { .exchange = 1, .start_ns = 60 };
	struct call *c = call_that_says("When does the shop open?");
	struct inbound *in;
	struct inbounds t;

	inbounds_init(&t);
	inbounds_calls(&t, 7);
	in = inbound_open(&t, 7, 1, &as, SLICE("POST"), SLICE("/a"));
	inbound_body(&t, in, SLICE("When does the shop open?"));
	inbound_body_end(&t, in);
	CHECK_INT(inbound_find_by_text(&t, 7, c).start_ns, 0);
	c->start_ns = 60;
	CHECK_INT(inbound_find_by_text(&t, 7, c).start_ns, 60);
	inbound_close(&t, in, true);
	inbounds_release(&t);
	call_free(c);
}

TEST(inbound_bodies_have_a_ceiling)
{
	enum { MANY = 3000 };
	static struct inbound *open[MANY];
	static char body[INBOUND_BODY_MAX];
	struct inbounds t;

	memset(body, 'a', sizeof(body));
	inbounds_init(&t);
	inbounds_calls(&t, 7);
	for (uint32_t i = 0; i < MANY; i++) {
		open[i] = inbound_open(&t, 7, i, &(struct served){ .start_ns = 1 }, SLICE("POST"),
				       SLICE("/a"));
		inbound_body(&t, open[i], (struct slice){ body, sizeof(body) });
		inbound_body(&t, open[i], (struct slice){ body, sizeof(body) });
	}
	CHECK(t.held >= INBOUND_HELD_MAX && t.held < INBOUND_HELD_MAX + 2 * INBOUND_BODY_MAX);
	CHECK(t.unread > 0);
	for (uint32_t i = 0; i < MANY; i++)
		inbound_close(&t, open[i], false);
	CHECK_INT(t.held, 0);
	inbounds_release(&t);
}
