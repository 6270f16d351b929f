/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "row.h"
#include "semconv.h"
#include "test.h"

#include <errno.h>

static struct span *new_span(const char *op)
{
	struct span *s = NULL;

	CHECK_INT(span_new(&s), 0);
	s->name = slice_from(op);
	s->start_ns = 1000;
	s->end_ns = 3500;
	memset(s->trace_id, 1, sizeof(s->trace_id));
	memset(s->span_id, 2, sizeof(s->span_id));
	span_set_str(s, ATTR_OPERATION_NAME, slice_from(op));
	return s;
}

TEST(row_has_typed_values_and_the_rest_as_json)
{
	struct span *s = new_span("chat");
	const struct slice reasons[] = { SLICE("stop"), SLICE("length") };
	struct row *r = NULL;

	span_set_str(s, ATTR_PROVIDER_NAME, SLICE("openai"));
	span_set_str(s, ATTR_REQUEST_MODEL, SLICE("gpt-5"));
	span_set_str(s, ATTR_RESPONSE_MODEL, SLICE("gpt-5-2026"));
	span_set_int(s, ATTR_USAGE_INPUT, 100);
	span_set_int(s, ATTR_USAGE_OUTPUT, 20);
	span_set_int(s, ATTR_USAGE_CACHE_CREATION, 7);
	span_set_double(s, "gentap.cost.total", 0.000000000123);
	span_set_double(s, ATTR_RESPONSE_TTFC, 1.5);
	span_set_strs(s, ATTR_RESPONSE_FINISH_REASONS, reasons, 2);
	span_set_str(s, "gentap.run.id", SLICE("00000000000000ff"));
	span_set_int(s, ATTR_SERVER_PORT, 443);
	CHECK_INT(row_new(&r, s, SLICE("box")), 0);
	CHECK_INT(r->values[F_CLASS], CLASS_REQUEST);
	CHECK_INT(r->values[F_DURATION], 2500);
	CHECK_INT(r->values[F_INPUT], 100);
	CHECK_INT(r->values[F_TOTAL], 120);
	CHECK_INT(r->values[F_CACHE_WRITE], 7);
	CHECK_INT(r->values[F_COST], 123);
	CHECK_INT(r->values[F_TTFT], 1500000000);
	CHECK_STR(r->words[F_MODEL], "gpt-5-2026");
	CHECK_STR(r->words[F_PMODEL], "openai/gpt-5-2026");
	CHECK_STR(r->words[F_FINISH], "stop");
	CHECK_STR(r->words[F_HOST], "box");
	CHECK_INT(r->words[F_RUN].len, 8);
	CHECK_INT((unsigned char)r->words[F_RUN].data[7], 0xff);
	CHECK(!row_has(r, F_CACHED) && !row_has(r, F_AGENT) && !row_has(r, F_PARENT));
	CHECK_STR(r->rest, "{\"gen_ai.usage.cache_creation.input_tokens\":7,"
			   "\"gen_ai.response.finish_reasons\":[\"stop\",\"length\"],"
			   "\"server.port\":443}");
	row_free(r);
	span_free(s);
}

/* What of a cost is a guess: all of it, nothing, or it is not known. */
TEST(guessed_costs)
{
	static const struct {
		const char *op, *cost_source, *usage_source;
		double cost;  /* 0: none */
		int64_t want; /* -1: not known */
	} rows[] = {
		{ "chat", "exact", "wire", 0.5, 0 },
		{ "chat", "alias", "wire", 0.5, 0 },
		{ "chat", "provider", "wire", 0.5, 0 },
		{ "chat", "fallback", "wire", 0.5, 500000000000 },
		{ "chat", "exact", "estimated", 0.5, 500000000000 },
		{ "chat", "none", "wire", 0, -1 },
		{ "chat", "fallback", "none", 0, -1 },
		{ "execute_tool", "fallback", "wire", 0.5, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span *s = new_span(rows[i].op);
		struct row *r = NULL;

		test_row("%s %s %s", rows[i].op, rows[i].cost_source, rows[i].usage_source);
		span_set_str(s, "gentap.cost.source", slice_from(rows[i].cost_source));
		span_set_str(s, "gentap.usage.source", slice_from(rows[i].usage_source));
		if (rows[i].cost > 0)
			span_set_double(s, "gentap.cost.total", rows[i].cost);
		CHECK_INT(row_new(&r, s, SLICE_NONE), 0);
		CHECK_INT(row_has(r, F_COST_GUESSED), rows[i].want >= 0);
		CHECK_INT(r->values[F_COST_GUESSED], MAX(rows[i].want, 0));
		row_free(r);
		span_free(s);
	}
	test_row(NULL);
}

TEST(row_classes)
{
	static const struct {
		const char *op, *mcp;
		enum span_class want;
	} rows[] = {
		{ "chat", NULL, CLASS_REQUEST },
		{ "embeddings", NULL, CLASS_REQUEST },
		{ "invoke_agent", NULL, CLASS_AGENT },
		{ "execute_tool", NULL, CLASS_TOOL },
		{ "execute_tool", "tools/call", CLASS_MCP },
		{ "retrieval", NULL, CLASS_OTHER },
		{ NULL, NULL, CLASS_EFFECT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span *s = new_span(rows[i].op ? rows[i].op : "x");
		struct row *r = NULL;

		if (!rows[i].op)
			s->n_attrs = 0;
		span_set_str(s, "mcp.method.name", slice_from(rows[i].mcp));
		CHECK_INT(row_new(&r, s, SLICE_NONE), 0);
		test_row("%s", rows[i].op);
		CHECK_INT(r->values[F_CLASS], rows[i].want);
		row_free(r);
		span_free(s);
	}
	test_row(NULL);
}

TEST(row_unknown_is_not_zero)
{
	struct span *s = new_span("embeddings");
	struct row *r = NULL;

	span_set_int(s, ATTR_USAGE_INPUT, 12);
	span_set_str(s, ATTR_USAGE_OUTPUT, SLICE("not a number"));
	span_set_str(s, "gentap.run.id", SLICE("xyz"));
	CHECK_INT(row_new(&r, s, SLICE_NONE), 0);
	CHECK_INT(r->values[F_TOTAL], 12); /* embeddings have no output */
	CHECK(!row_has(r, F_OUTPUT) && !row_has(r, F_COST) && !row_has(r, F_RUN) &&
	      !row_has(r, F_MODEL) && !row_has(r, F_HOST));
	CHECK_STR(r->rest, "{\"gen_ai.usage.output_tokens\":\"not a number\","
			   "\"gentap.run.id\":\"xyz\"}");
	row_free(r);
	span_free(s);
}

TEST(row_of_a_run_has_its_totals)
{
	struct span *s = new_span("invoke_agent");
	struct row *r = NULL;

	span_set_int(s, "gentap.run.input_tokens", 10);
	span_set_int(s, "gentap.run.output_tokens", 5);
	span_set_double(s, "gentap.run.cost", 0.5);
	CHECK_INT(row_new(&r, s, SLICE_NONE), 0);
	CHECK_INT(r->values[F_TOTAL], 15);
	CHECK_INT(r->values[F_COST], 500000000000);
	/* And what it was called, for who looks at the span. */
	CHECK(slice_find(r->rest, SLICE("gentap.run.cost")) >= 0);
	row_free(r);
	span_free(s);
}

TEST(row_without_memory_or_room)
{
	struct span *s = new_span("chat");
	static char big[3 * 1024 * 1024];
	struct row *r = NULL;

	EACH_MALLOC_FAILURE
	{
		int e = row_new(&r, s, SLICE("box"));

		CHECK(e == 0 || e == -ENOMEM);
		if (!e)
			row_free(r);
	}
	memset(big, 'x', sizeof(big));
	span_set_str(s, "big", (struct slice){ big, sizeof(big) });
	CHECK_INT(row_new(&r, s, SLICE_NONE), -E2BIG);
	span_free(s);
}
