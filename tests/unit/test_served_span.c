/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"
#include "cleanup.h"
#include "test.h"
#include "tracer.h"

struct seen {
	struct span *last; /* lent */
	char name[128], route[128], path[128], parent[33], trace[33], span[17];
	bool error, partial;
	int64_t status, calls;
	size_t n;
};

static void hex(char *to, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

static void on_span(void *ctx, struct span *s)
{
	const struct attr *status = span_attr(s, "http.response.status_code");
	const struct attr *route = span_attr(s, "http.route");
	const struct attr *path = span_attr(s, "url.path");
	struct seen *seen = ctx;

	seen->n++;
	snprintf(seen->name, sizeof(seen->name), "%.*s", SLICE_FMT(s->name));
	snprintf(seen->route, sizeof(seen->route), "%.*s",
		 SLICE_FMT(route ? route->string : SLICE("-")));
	snprintf(seen->path, sizeof(seen->path), "%.*s",
		 SLICE_FMT(path ? path->string : SLICE("-")));
	hex(seen->parent, s->parent_id, 8);
	hex(seen->trace, s->trace_id, 16);
	hex(seen->span, s->span_id, 8);
	seen->error = s->error;
	seen->status = status ? status->integer : 0;
	seen->calls = span_attr(s, "gentap.served.calls")->integer;
	seen->partial = span_attr(s, "gentap.partial_reason");
}

static struct tracer *start(struct seen *seen)
{
	const struct span_sink sink = { seen, on_span };
	struct tracer *t = NULL;

	*seen = (struct seen){ 0 };
	tracer_new(&t, &(struct tracer_config){ .seed = { 7 } }, &sink);
	return t;
}

TEST(served_names)
{
	static const struct {
		const char *path, *want;
		const char *shown; /* NULL: as it is */
	} rows[] = {
		{ "/api/chat", "POST /api/chat", NULL },
		{ "/", "POST /", NULL },
		{ "/chat/42/messages", "POST /chat/{id}/messages", NULL },
		{ "/chat/4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "POST /chat/{id}", NULL },
		{ "/v1/chat", "POST /v1/chat", NULL },
		{ "/decade/facade", "POST /decade/facade", NULL },
		{ "/a1b2", "POST /a1b2", NULL },
		{ "/bot123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/send/7", "POST /{id}/send/{id}",
		  "/[redacted]/send/7" },
		{ "/services/aB3dE5gH7jK9mN1pQ3sT5vW7", "POST /services/{id}",
		  "/services/[redacted]" },
		{ "/reset/password=hunter2hunter2", "POST /reset/{id}", "/reset/[redacted]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen seen;
		struct tracer *t = start(&seen);

		test_row("%s", rows[i].path);
		tracer_served(t, &(struct served_request){ .method = SLICE("POST"),
							   .path = slice_from(rows[i].path) });
		tracer_free(t);
		CHECK_STR(slice_from(seen.name), rows[i].want);
		CHECK_STR(slice_from(seen.route), rows[i].want + 5);
		CHECK_STR(slice_from(seen.path), rows[i].shown ? rows[i].shown : rows[i].path);
	}
	test_row(NULL);
}

/* The call leaves first; its parent is the span that comes later. */
TEST(served_calls_know_their_parent)
{
	for (int traced = 0; traced < 2; traced++) {
		struct seen call_seen, seen;
		struct tracer *t = start(&call_seen);
		struct served as = { .conn_hash = 3, .exchange = 4, .start_ns = 5 };
		struct call *c = NULL;

		if (traced)
			as.parent = (struct trace_parent){
				.valid = true, .trace_id = { 1 }, .span_id = { 2 }, .flags = 1
			};
		CHECK_INT(call_new(&c), 0);
		c->served = &as;
		{
			struct span *s = NULL;

			CHECK_INT(span_new(&s), 0);
			call_span_place(s, c, (const uint8_t[16]){ 7 });
			hex(call_seen.trace, s->trace_id, 16);
			hex(call_seen.parent, s->parent_id, 8);
			CHECK(!s->parent_remote);
			/* What the request says itself counts before. */
			c->parent = (struct trace_parent){ .valid = true, .trace_id = { 9 } };
			call_span_place(s, c, (const uint8_t[16]){ 7 });
			CHECK_INT(s->trace_id[0], 9);
			span_free(s);
		}
		call_free(c);
		tracer_free(t);
		t = start(&seen);
		tracer_served(t, &(struct served_request){ .as = as,
							   .method = SLICE("POST"),
							   .path = SLICE("/"),
							   .status = 503,
							   .calls = 2 });
		tracer_free(t);
		CHECK_STR(slice_from(call_seen.parent), seen.span);
		CHECK_STR(slice_from(call_seen.trace), seen.trace);
		CHECK_STR(slice_from(seen.parent),
			  traced ? "0200000000000000" : "0000000000000000");
		CHECK(seen.error);
		CHECK_INT(seen.status, 503);
		CHECK_INT(seen.calls, 2);
		CHECK(!seen.partial);
	}
}

TEST(served_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct seen seen;
		struct tracer *t = start(&seen);

		if (!t)
			continue;
		tracer_served(t, &(struct served_request){ .method = SLICE("POST"),
							   .path = SLICE("/chat/42"),
							   .reason = SLICE("answer_not_seen") });
		tracer_free(t);
	}
}
