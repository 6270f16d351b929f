/* SPDX-License-Identifier: Apache-2.0 */
#include "pending.h"
#include "cleanup.h"
#include "semconv.h"
#include "test.h"
#include "tracer.h"

enum step { MAKE, FETCH };

static struct call *new_call(enum step step, const char *id, const char *status, int64_t tokens)
{
	struct call *c = NULL;

	if (call_new(&c))
		return NULL;
	c->op = step == MAKE ? OP_CHAT : OP_FETCH_RESPONSE;
	c->provider = SLICE("openai");
	c->request_model = step == MAKE ? SLICE("gpt-x") : SLICE_NONE;
	c->response_id = slice_from(id);
	c->response_status = slice_from(status);
	if (tokens >= 0) {
		usage_set(&c->usage, USAGE_INPUT, tokens);
		usage_set(&c->usage, USAGE_OUTPUT, 2 * tokens);
		c->usage_source = USAGE_SOURCE_WIRE;
	}
	return c;
}

/* One story: what is seen in order, and the tokens that each span says; -1: none. */
#define STEPS_MAX 6
static const struct {
	const char *name;
	struct {
		enum step step;
		const char *id, *status;
		int64_t tokens, want;
	} steps[STEPS_MAX];
	int64_t sum; /* of the spans' input tokens */
} stories[] = {
	{ "made in the background, polled, fetched twice",
	  { { MAKE, "r1", "queued", -1, -1 },
	    { FETCH, "r1", "queued", -1, -1 },
	    { FETCH, "r1", "in_progress", -1, -1 },
	    { FETCH, "r1", "completed", 7, 7 },
	    { FETCH, "r1", "completed", 7, -1 } },
	  7 },
	{ "made at once: a fetch counts nothing",
	  { { MAKE, "r1", "completed", 7, 7 }, { FETCH, "r1", "completed", 7, -1 } },
	  7 },
	{ "its making was not seen: nobody knows whether it was counted",
	  { { FETCH, "r1", "completed", 7, -1 } },
	  0 },
	{ "a stream broke off; what was made is billed",
	  { { MAKE, "r1", "in_progress", -1, -1 }, { FETCH, "r1", "completed", 9, 9 } },
	  9 },
	{ "failed and cut short ones have tokens too",
	  { { MAKE, "r1", "queued", -1, -1 },
	    { MAKE, "r2", "queued", -1, -1 },
	    { FETCH, "r2", "incomplete", 5, 5 },
	    { FETCH, "r1", "failed", 3, 3 } },
	  8 },
	{ "an assistant's run: waits for tools, then is streamed to its end",
	  { { MAKE, "run1", "queued", -1, -1 },
	    { FETCH, "run1", "requires_action", -1, -1 },
	    { MAKE, "run1", "completed", 8, 8 },
	    { FETCH, "run1", "completed", 8, -1 } },
	  8 },
	{ "one that is not done does not count, whatever it says",
	  { { MAKE, "r1", "queued", -1, -1 },
	    { FETCH, "r1", "in_progress", 4, -1 },
	    { FETCH, "r1", "completed", 6, 6 } },
	  6 },
	{ "done without tokens: they are not known yet",
	  { { MAKE, "r1", "queued", -1, -1 },
	    { FETCH, "r1", "completed", -1, -1 },
	    { FETCH, "r1", "completed", 0, 0 } },
	  0 },
	{ "no id: nothing to remember",
	  { { MAKE, NULL, "queued", -1, -1 }, { FETCH, NULL, "completed", 1, -1 } },
	  0 },
};

struct seen {
	int64_t tokens[STEPS_MAX]; /* of each span, in order */
	size_t count;
};

static void on_span(void *ctx, struct span *s)
{
	struct seen *seen = ctx;
	const struct attr *in = span_attr(s, ATTR_USAGE_INPUT),
			  *out = span_attr(s, ATTR_USAGE_OUTPUT);

	if (!s->call || seen->count >= STEPS_MAX)
		return;
	CHECK(!in == !out && (!in || out->integer == 2 * in->integer));
	seen->tokens[seen->count++] = in ? in->integer : -1;
}

TEST(pending_tokens_count_once)
{
	static const struct tracer_config config = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
		struct seen seen = { 0 };
		struct span_sink sink = { &seen, on_span };
		struct tracer *t = NULL;
		int64_t sum = 0;
		size_t n = 0;

		if (tracer_new(&t, &config, &sink))
			return;
		for (; n < STEPS_MAX && stories[i].steps[n].status; n++) {
			struct call *c =
				new_call(stories[i].steps[n].step, stories[i].steps[n].id,
					 stories[i].steps[n].status, stories[i].steps[n].tokens);

			if (c)
				tracer_call(t, c);
		}
		tracer_free(t);
		test_row("%s", stories[i].name);
		CHECK_INT(seen.count, n);
		for (size_t k = 0; k < seen.count; k++) {
			CHECK_INT(seen.tokens[k], stories[i].steps[k].want);
			sum += MAX(seen.tokens[k], 0);
		}
		CHECK_INT(sum, stories[i].sum);
	}
}

TEST(pending_is_bounded)
{
	struct pending p;
	char id[16];

	pending_init(&p);
	for (int i = 0; i < PENDING_MAX + 10; i++) {
		struct call *c;

		snprintf(id, sizeof(id), "r%d", i);
		c = new_call(MAKE, id, "queued", -1);
		if (c)
			pending_settle(&p, c);
		call_free(c);
	}
	CHECK_INT(p.ids.count, PENDING_MAX);
	CHECK_INT(p.evicted, 10);
	for (int i = 9; i < 11; i++) {
		struct call *c;

		snprintf(id, sizeof(id), "r%d", i);
		c = new_call(FETCH, id, "completed", 5);
		if (!c)
			break;
		pending_settle(&p, c);
		CHECK_INT(usage_has(&c->usage, USAGE_INPUT), i >= 10);
		CHECK_INT(c->usage_source, i >= 10 ? USAGE_SOURCE_WIRE : USAGE_SOURCE_NONE);
		call_free(c);
	}
	pending_release(&p);
}

TEST(pending_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct call *made = new_call(MAKE, "r", "queued", -1);
		struct call *fetched = new_call(FETCH, "r", "completed", 5);
		struct pending p;

		pending_init(&p);
		if (made)
			pending_settle(&p, made);
		if (fetched) {
			pending_settle(&p, fetched);
			CHECK(!fetched->usage.present ||
			      usage_get(&fetched->usage, USAGE_INPUT) == 5);
		}
		pending_release(&p);
		call_free(made);
		call_free(fetched);
	}
}
