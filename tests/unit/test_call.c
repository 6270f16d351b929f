/* SPDX-License-Identifier: Apache-2.0 */
#include "api_error.h"
#include "exchange.h"
#include "json.h"
#include "semconv.h"
#include "test.h"

static void json_cleanup(struct json *j)
{
	json_release(j);
}

TEST(call_finish_reasons)
{
	static const char *const rows[][2] = {
		{ "stop", "stop" },
		{ "end_turn", "stop" },
		{ "max_tokens", "length" },
		{ "tool_use", "tool_calls" },
		{ "tool_calls", "tool_calls" },
		{ "refusal", "content_filter" },
		{ "pause_turn", "pause_turn" },
		{ "", "" },
	};
	struct call *c;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(call_normal_finish(slice_from(rows[i][0])), rows[i][1]);
	if (call_new(&c))
		return;
	call_set_finish(c, 2, SLICE("end_turn"));
	call_set_finish(c, 0, SLICE("max_tokens"));
	call_set_finish(c, 1u << 30, SLICE("x"));
	CHECK_INT(c->n_finish_reasons, 3);
	CHECK_STR(c->finish_reasons[0], "length");
	CHECK_SLICE(c->finish_reasons[1], SLICE_NONE);
	CHECK_STR(c->finish_reasons[2], "stop");
	CHECK_STR(c->raw_finish_reasons[2], "end_turn");
	call_free(c);
	call_free(NULL);
}

TEST(call_first_error_and_first_reason_stay)
{
	struct call *c;

	if (call_new(&c))
		return;
	call_set_error(c, SLICE_NONE, SLICE("nothing"));
	CHECK_SLICE(c->error_type, SLICE_NONE);
	call_set_error(c, SLICE("a"), SLICE("b"));
	call_set_error(c, SLICE("c"), SLICE_NONE);
	CHECK_STR(c->error_type, "a");
	CHECK_STR(c->error_message, "b");
	call_mark_partial(c, "x", 5);
	call_mark_partial(c, "y", UINT64_MAX);
	CHECK_STR(slice_from(c->partial_reason), "x");
	CHECK(c->lost_bytes == UINT64_MAX);
	call_free(c);
}

TEST(call_errors_of_bodies)
{
	static const struct {
		const char *json;
		const char *type;
		const char *message; /* NULL: none */
	} rows[] = {
		{ "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":\"c\"}}", "c", "m" },
		{ "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":null}}", "t", "m" },
		{ "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":429}}", "t", "m" },
		{ "{\"error\":{\"message\":\"m\",\"code\":\"429\"}}", "418", "m" },
		{ "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"message\":\"m\"}}",
		  "NOT_FOUND", "m" },
		{ "[{\"error\":{\"status\":\"NOT_FOUND\"}}]", "NOT_FOUND", NULL },
		{ "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}",
		  "overloaded_error", NULL },
		{ "{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":"
		  "400}",
		  "BadRequestError", "m" },
		{ "{\"error\":\"model not found\"}", "418", "model not found" },
		{ "{\"detail\":\"d\"}", "418", "d" },
		{ "{\"message\":\"m\"}", "418", "m" },
		{ "{}", "418", NULL },
		{ "[]", "418", "[]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(json_cleanup) struct json j;
		struct call *c;

		test_row("%s", rows[i].json);
		json_init(&j);
		CHECK_INT(json_parse(&j, slice_from(rows[i].json)), 0);
		if (call_new(&c))
			continue;
		c->status = 418;
		api_error_response(c, json_root(&j), slice_from(rows[i].json), SLICE_NONE);
		CHECK_STR(c->error_type, rows[i].type);
		CHECK_STR(c->error_message, rows[i].message);
		call_free(c);
	}
	test_row(NULL);
}

TEST(call_errors_in_good_answers)
{
	static const struct {
		const char *json;
		const char *type; /* NULL: no error */
	} rows[] = {
		{ "{\"error\":null}", NULL },
		{ "{\"error\":\"\"}", NULL },
		{ "{\"error\":{\"message\":\"m\",\"code\":429}}", "429" },
		{ "{\"error\":{}}", "_OTHER" },
		{ "{\"error\":\"boom\"}", "_OTHER" },
		{ "{\"ok\":1}", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(json_cleanup) struct json j;
		struct call *c;

		test_row("%s", rows[i].json);
		json_init(&j);
		CHECK_INT(json_parse(&j, slice_from(rows[i].json)), 0);
		if (call_new(&c))
			continue;
		CHECK_INT(api_error_in(c, json_root(&j)), rows[i].type != NULL);
		CHECK_STR(c->error_type, rows[i].type);
		call_free(c);
	}
	test_row(NULL);
}

TEST(semconv_names_by_profile)
{
	const char *names[2];

	CHECK_INT(semconv_name(SEMCONV_V1_41, SEMCONV_NAME_CACHE_WRITE, names), 1);
	CHECK_STR(slice_from(names[0]), "gen_ai.usage.cache_creation.input_tokens");
	CHECK_INT(semconv_name(SEMCONV_LATEST, SEMCONV_NAME_CACHE_WRITE, names), 1);
	CHECK_STR(slice_from(names[0]), "gen_ai.usage.cache_write.input_tokens");
	CHECK_INT(semconv_name(SEMCONV_BOTH, SEMCONV_NAME_CACHE_WRITE, names), 2);
	CHECK_STR(slice_from(names[1]), "gen_ai.usage.cache_write.input_tokens");
	CHECK_STR(slice_from(semconv_schema_url(SEMCONV_V1_41)),
		  "https://opentelemetry.io/schemas/1.41.0");
}
