/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"
#include "call.h"
#include "cleanup.h"
#include "expose.h"
#include "metrics.h"
#include "semconv.h"
#include "test.h"

#include <errno.h>
#include <math.h>

#define MS UINT64_C(1000000)
#define START UINT64_C(1700000000000000000)

static struct span *new_span(const char *op, const struct call *c)
{
	struct span *s = NULL;

	if (span_new(&s))
		return NULL;
	s->call = c;
	s->start_ns = START;
	s->end_ns = START + 40 * MS;
	span_set_str(s, ATTR_OPERATION_NAME, slice_from(op));
	return s;
}

static void count(struct metrics *m, struct span *s)
{
	if (s)
		metrics_span(m, s);
	span_free(s);
}

static struct slice text_of(const struct metrics *m, enum expose_format f, struct buf *to)
{
	buf_reset(to, SIZE_MAX);
	CHECK_INT(expose(m, NULL, 0, f, to), 0);
	return buf_slice(to);
}

#define HAS(text, part)                                                                            \
	do {                                                                                       \
		if (slice_find((text), slice_from(part)) < 0)                                      \
			test_fail(__FILE__, __LINE__, "no %s in:\n%.*s", (part), SLICE_FMT(text)); \
	} while (0)
#define HAS_NOT(text, part) CHECK(slice_find((text), slice_from(part)) < 0)

/* A chat of 40 ms with these tokens and cost; -1: not known. */
static void chat(struct metrics *m, const char *model, int64_t in, int64_t out, double usd)
{
	struct call c = { .op = OP_CHAT };
	struct span *s = new_span("chat", &c);

	if (!s)
		return;
	span_set_str(s, ATTR_REQUEST_MODEL, slice_from(model));
	if (in >= 0)
		span_set_int(s, ATTR_USAGE_INPUT, in);
	if (out >= 0)
		span_set_int(s, ATTR_USAGE_OUTPUT, out);
	if (usd >= 0)
		span_set_double(s, ATTR_COST_TOTAL, usd);
	count(m, s);
}

#define CHAT "gen_ai_operation_name=\"chat\",gen_ai_request_model=\"m\""

TEST(calls_are_counted_and_sums_are_exact)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	chat(m, "m", 100, 7, 0.1);
	chat(m, "m", 20, 3, 0.2);
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "# TYPE gentap_cost_usd_total counter\ngentap_cost_usd_total{" CHAT
	       "} 0.300000000000\n");
	HAS(t, "gentap_tokens_total{" CHAT ",gen_ai_token_type=\"input\"} 120\n");
	HAS(t, "gentap_tokens_total{" CHAT ",gen_ai_token_type=\"output\"} 10\n");
	HAS(t, "gen_ai_client_token_usage_sum{" CHAT ",gen_ai_token_type=\"input\"} 120\n");
	HAS(t, "gen_ai_client_operation_duration_seconds_sum{" CHAT "} 0.080000000\n");
	HAS(t, "gentap_spans_total 2\n");
	HAS_NOT(t, "calls_without");
	HAS_NOT(t, "\"reasoning\"");
	HAS_NOT(t, "# EOF");
	metrics_free(m);
}

TEST(what_is_not_known_adds_nothing_and_is_counted)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	chat(m, "m", -1, -1, -1);
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gentap_calls_without_usage_total{" CHAT "} 1\n");
	HAS(t, "gentap_calls_without_price_total{" CHAT "} 1\n");
	HAS_NOT(t, "gentap_tokens_total");
	HAS_NOT(t, "gentap_cost_usd_total");
	/* 0 is known. */
	chat(m, "m", 0, 0, 0);
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gentap_calls_without_usage_total{" CHAT "} 1\n");
	HAS(t, "gentap_tokens_total{" CHAT ",gen_ai_token_type=\"input\"} 0\n");
	HAS(t, "gentap_cost_usd_total{" CHAT "} 0\n");
	metrics_free(m);
}

TEST(buckets_are_cumulative_and_their_bounds_inclusive)
{
	static const uint64_t took[] = { 10 * MS, 10 * MS + 1, 41 * MS, 90000 * MS };
	static const struct {
		const char *le;
		int n;
	} rows[] = { { "0.01", 1 },  { "0.02", 2 },  { "0.04", 2 }, { "0.08", 3 },
		     { "40.96", 3 }, { "81.92", 3 }, { "+Inf", 4 } };
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct call c = { .op = OP_CHAT };
	struct metrics *m = NULL;
	char line[128];
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	for (size_t i = 0; i < ARRAY_LEN(took); i++) {
		struct span *s = new_span("chat", &c);

		s->end_ns = START + took[i];
		count(m, s);
	}
	t = text_of(m, EXPOSE_TEXT, &b);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(line, sizeof(line),
			 "duration_seconds_bucket{gen_ai_operation_name=\"chat\",le=\"%s\"} %d\n",
			 rows[i].le, rows[i].n);
		HAS(t, line);
	}
	HAS(t, "duration_seconds_count{gen_ai_operation_name=\"chat\"} 4\n");
	HAS(t, "duration_seconds_sum{gen_ai_operation_name=\"chat\"} 90.061000001\n");
	metrics_free(m);
}

TEST(beyond_the_ceiling_one_series_takes_all)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 2 }), 0);
	chat(m, "a", 1, -1, -1);
	chat(m, "b", 2, -1, -1);
	chat(m, "c", 4, -1, -1);
	chat(m, "d", 8, -1, -1);
	chat(m, "a", 16, -1, -1);
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gentap_tokens_total{otel_metric_overflow=\"true\"} 12\n");
	HAS(t, "gen_ai_client_operation_duration_seconds_bucket{otel_metric_overflow=\"true\","
	       "le=\"+Inf\"} 2\n");
	HAS(t, "gen_ai_request_model=\"a\",gen_ai_token_type=\"input\"} 17\n");
	HAS_NOT(t, "gen_ai_request_model=\"c\"");
	/* Two calls in each of duration, token usage, tokens and without price; all of them are
	 * one user's, whose name is not known. */
	HAS(t, "gentap_metrics_overflowed_total 8\n");
	HAS(t, "gentap_metrics_lost_total 0\n");
	metrics_free(m);
}

TEST(label_values_are_escaped_and_cut)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	char name[METRICS_LABEL_BYTES + 8];
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	chat(m, "a\"b\\c\nd\xff", 1, -1, -1);
	memset(name, 'x', sizeof(name));
	memcpy(name + METRICS_LABEL_BYTES - 1, "\xc3\xa9", 3); /* é on the edge */
	chat(m, name, 2, -1, -1);
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gen_ai_request_model=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\",");
	HAS(t, "xxx\",gen_ai_token_type=\"input\"} 2\n");
	metrics_free(m);
}

TEST(what_could_not_be_read_is_counted_by_dialect)
{
	static const char *const reasons[] = { "stream_unreadable", NULL, "stream_unreadable" };
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	const struct call c = { .op = OP_CHAT, .dialect = "openai-chat" };
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct span *s = new_span("chat", &c);

		if (s && reasons[i])
			span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, slice_from(reasons[i]));
		count(m, s);
	}
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gentap_partial_calls_total{gentap_dialect=\"openai-chat\","
	       "gentap_partial_reason=\"stream_unreadable\"} 2\n");
	metrics_free(m);
}

TEST(openmetrics_differs_where_it_must)
{
	static const struct expose_value own[] = {
		{ .name = "gentap.lost",
		  .help = "Lost.",
		  .label = "reason",
		  .label_value = "a",
		  .value = 1 },
		{ .name = "gentap.lost",
		  .help = "Lost.",
		  .label = "reason",
		  .label_value = "b",
		  .value = 2 },
		{ .name = "gentap.queued", .help = "Waiting.", .gauge = true, .value = 3 },
		{ .name = "gentap.cpu", .help = "Used.", .value = 1050000, .digits = 6 },
	};
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	chat(m, "m", 5, -1, 1.5);
	CHECK_INT(expose(m, own, ARRAY_LEN(own), EXPOSE_OPENMETRICS, &b), 0);
	t = buf_slice(&b);
	HAS(t,
	    "# TYPE gentap_cost_usd counter\n# UNIT gentap_cost_usd usd\ngentap_cost_usd_total{");
	HAS(t, "# UNIT gen_ai_client_operation_duration_seconds seconds\n");
	HAS(t, "le=\"67108864.0\"} 1\n");
	HAS(t, "# HELP gentap_lost Lost.\n# TYPE gentap_lost counter\n"
	       "gentap_lost_total{reason=\"a\"} 1\ngentap_lost_total{reason=\"b\"} 2\n"
	       "# HELP gentap_queued Waiting.\n# TYPE gentap_queued gauge\ngentap_queued 3\n");
	HAS(t, "gentap_cpu_total 1.050000\n");
	CHECK(slice_ends(t, SLICE("\n# EOF\n")));
	metrics_free(m);
}

static void for_user(struct metrics *m, const char *user, double usd)
{
	struct call c = { .op = OP_CHAT };
	struct span *s = new_span("chat", &c);

	if (!s)
		return;
	span_set_str(s, ATTR_REQUEST_MODEL, SLICE("m"));
	span_set_str(s, "user.id", slice_from(user));
	span_set_double(s, ATTR_COST_TOTAL, usd);
	count(m, s);
}

TEST(users_have_metrics_of_their_own)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 2 }), 0);
	for_user(m, "ann", 1);
	for_user(m, "bob", 2);
	for_user(m, "eve", 4);
	for_user(m, NULL, 8); /* who it is is not known: no room for that series, either */
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gentap_user_cost_usd_total{user_id=\"ann\"} 1\n");
	HAS(t, "gentap_user_cost_usd_total{otel_metric_overflow=\"true\"} 12\n");
	HAS(t, "gentap_user_calls_total{otel_metric_overflow=\"true\"} 2\n");
	/* However many they are, the model's sum is whole. */
	HAS(t, "gentap_cost_usd_total{" CHAT "} 15\n");
	HAS(t, "gentap_metrics_overflowed_total 4\n");
	metrics_free(m);
}

TEST(rate_limits_are_what_was_said_last)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct rate_limit limits[] = {
		{ RATE_LIMIT_REQUESTS, 100, 25, NAN, 0 },
		{ RATE_LIMIT_TOKENS, -1, 7000, NAN, 0 }, /* of how many is not said */
		{ RATE_LIMIT_PLAN_5H, -1, -1, 0.9, 0 },
	};
	struct call c = { .op = OP_CHAT, .rate_limits = limits, .n_rate_limits = 3 };
	struct metrics *m = NULL;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	count(m, new_span("chat", &c));
	limits[0].remaining = 20;
	count(m, new_span("chat", &c));
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "# TYPE gentap_rate_limit_headroom_ratio gauge\n");
	HAS(t,
	    "\ngentap_rate_limit_headroom_ratio{gentap_rate_limit_kind=\"requests\"} 0.200000\n");
	HAS(t, "\ngentap_rate_limit_headroom_ratio{gentap_rate_limit_kind=\"plan_5h\"} 0.100000\n");
	HAS_NOT(t, "headroom_ratio{gentap_rate_limit_kind=\"tokens\"}");
	HAS(t, "\ngentap_rate_limit_remaining{gentap_rate_limit_kind=\"requests\"} 20\n");
	HAS(t, "\ngentap_rate_limit_remaining{gentap_rate_limit_kind=\"tokens\"} 7000\n");
	HAS_NOT(t, "remaining{gentap_rate_limit_kind=\"plan_5h\"}");
	metrics_free(m);
}

TEST(exemplars_lead_to_spans)
{
	static const char *const want =
		"duration_seconds_bucket{gen_ai_operation_name=\"chat\",le=\"0.04\"} 1 # "
		"{trace_id=\""
		"0a000000000000000000000000000000\",span_id=\"0b00000000000000\"} 0.040000000 "
		"1700000000.040\n";
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct call c = { .op = OP_CHAT };
	struct metrics *m = NULL;
	struct span *s = new_span("chat", &c);
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	s->trace_id[0] = 10;
	s->span_id[0] = 11;
	span_set_double(s, ATTR_COST_TOTAL, 0.5);
	count(m, s);
	t = text_of(m, EXPOSE_OPENMETRICS, &b);
	HAS(t, want);
	HAS(t, "le=\"0.02\"} 0\n"); /* an empty bucket has none */
	HAS(t, "gentap_cost_usd_total{gen_ai_operation_name=\"chat\"} 0.500000000000 # {trace_id=");
	HAS_NOT(text_of(m, EXPOSE_TEXT, &b), "# {");
	metrics_free(m);
}

TEST(each_span_counts_as_what_it_is)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(EXPOSE_MAX);
	struct call server = { .op = OP_CHAT, .server_side = true };
	struct call fetch = { .op = OP_FETCH_RESPONSE };
	struct metrics *m = NULL;
	struct span *s;
	struct slice t;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 0 }), 0);
	count(m, new_span("chat", &server));
	count(m, new_span("fetch_response", &fetch));
	s = new_span("execute_tool", NULL);
	span_set_str(s, ATTR_TOOL_NAME, SLICE("Bash"));
	span_set_str(s, ATTR_ERROR_TYPE, SLICE("tool_error"));
	count(m, s);
	s = new_span("execute_tool", NULL);
	span_set_str(s, ATTR_GENTAP_COMPLETENESS, SLICE("partial"));
	count(m, s);
	s = new_span("execute_tool", NULL);
	span_set_str(s, "mcp.method.name", SLICE("tools/call"));
	count(m, s);
	s = new_span("invoke_agent", NULL);
	span_set_int(s, "gentap.run.calls", 3);
	count(m, s);
	t = text_of(m, EXPOSE_TEXT, &b);
	HAS(t, "gen_ai_server_request_duration_seconds_count{gen_ai_operation_name=\"chat\"} 1\n");
	HAS(t, "gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name=\"fetch_"
	       "response\"} 1\n");
	HAS_NOT(t, "client_operation_duration_seconds_count{gen_ai_operation_name=\"chat\"");
	/* What is fetched was counted when it was made. */
	HAS(t, "gentap_calls_without_usage_total{gen_ai_operation_name=\"chat\"} 1\n");
	HAS_NOT(t, "gentap_calls_without_usage_total{gen_ai_operation_name=\"fetch");
	HAS(t, "gen_ai_execute_tool_duration_seconds_count{gen_ai_tool_name=\"Bash\",error_type="
	       "\"tool_error\"} 1\n");
	HAS(t, "gentap_tool_calls_total{gen_ai_tool_name=\"Bash\",error_type=\"tool_error\"} 1\n");
	HAS(t, "gentap_tool_calls_total 1\n");
	HAS_NOT(t, "gen_ai_execute_tool_duration_seconds_count 1\n");
	HAS(t, "gentap_errors_total{gen_ai_operation_name=\"execute_tool\",gen_ai_tool_name="
	       "\"Bash\",error_type=\"tool_error\"} 1\n");
	HAS(t, "mcp_client_operation_duration_seconds_count{mcp_method_name=\"tools/call\"} 1\n");
	HAS(t, "gen_ai_invoke_agent_duration_seconds_count 1\n");
	HAS(t, "gen_ai_invoke_agent_inference_calls_bucket{le=\"2\"} 0\n");
	HAS(t, "gen_ai_invoke_agent_inference_calls_bucket{le=\"4\"} 1\n");
	metrics_free(m);
}

TEST(the_format_is_what_accept_prefers)
{
	static const struct {
		const char *accept;
		enum expose_format want;
	} rows[] = {
		{ NULL, EXPOSE_TEXT },
		{ "", EXPOSE_TEXT },
		{ "*/*", EXPOSE_TEXT },
		{ "text/plain", EXPOSE_TEXT },
		{ "application/openmetrics-text", EXPOSE_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0,text/plain", EXPOSE_OPENMETRICS },
		{ "application/openmetrics-text; version=1.0.0; q=0.5, text/plain; q=0.3, "
		  "*/*;q=0.2",
		  EXPOSE_OPENMETRICS },
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.75", EXPOSE_TEXT },
		{ "application/openmetrics-text;q=0.75,text/plain;q=0.8", EXPOSE_TEXT },
		{ "application/openmetrics-text;q=0", EXPOSE_TEXT },
		{ "Application/OpenMetrics-Text;Q=1", EXPOSE_OPENMETRICS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].accept ? rows[i].accept : "(none)");
		CHECK_INT(expose_format(slice_from(rows[i].accept)), rows[i].want);
	}
	test_row(NULL);
}

TEST(without_memory_measurements_are_lost_and_counted)
{
	EACH_MALLOC_FAILURE
	{
		struct buf b = BUF_INIT(EXPOSE_MAX);
		struct metrics *m = NULL;
		int r = metrics_new(&m, &(struct metrics_config){ .series_max = 1 });

		if (!r) {
			chat(m, "a", 1, 2, 0.5);
			chat(m, "b", 1, 2, 0.5);
			r = expose(m, NULL, 0, EXPOSE_TEXT, &b);
		}
		CHECK(r == 0 || r == -ENOMEM);
		buf_release(&b);
		metrics_free(m);
	}
}
