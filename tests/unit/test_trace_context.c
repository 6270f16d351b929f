/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "http.h"
#include "test.h"
#include "trace_context.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

TEST(traceparent_is_strict)
{
	static const struct {
		const char *in;
		bool valid;
		int flags;
	} rows[] = {
		{ "00-" TRACE "-" SPAN "-01", true, 1 },
		{ "00-" TRACE "-" SPAN "-00", true, 0 },
		{ " 00-" TRACE "-" SPAN "-01\t", true, 1 },
		{ "cc-" TRACE "-" SPAN "-03", true, 3 },
		{ "cc-" TRACE "-" SPAN "-01-what-the-future-has", true, 1 },
		{ "cc-" TRACE "-" SPAN "-01.what", false, 0 },
		{ "00-" TRACE "-" SPAN "-01-more", false, 0 },
		{ "ff-" TRACE "-" SPAN "-01", false, 0 },
		{ "00-" TRACE "-" SPAN "-0", false, 0 },
		{ "00-" TRACE "-" SPAN, false, 0 },
		{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false, 0 },
		{ "00-" TRACE "_" SPAN "-01", false, 0 },
		{ "00-00000000000000000000000000000000-" SPAN "-01", false, 0 },
		{ "00-" TRACE "-0000000000000000-01", false, 0 },
		{ "00-" TRACE "-" SPAN "-0g", false, 0 },
		{ "", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trace_parent p = { 0 };

		test_row("%s", rows[i].in);
		CHECK_INT(trace_parent_parse(slice_from(rows[i].in), &p), rows[i].valid);
		CHECK_INT(p.valid, rows[i].valid);
		CHECK_INT(p.flags, rows[i].flags);
		if (p.valid)
			CHECK(p.trace_id[0] == 0x4b && p.trace_id[15] == 0x36 &&
			      p.span_id[1] == 0xf0 && p.span_id[7] == 0xb7);
	}
	test_row(NULL);
}

TEST(trace_context_of_a_request)
{
	static const struct http_field parent = { SLICE("TraceParent"),
						  SLICE("00-" TRACE "-" SPAN "-01") };
	static const struct http_field states[] = { { SLICE("tracestate"), SLICE(" a=1 ") },
						    { SLICE("tracestate"), SLICE("b=2") } };
	const struct http_field both[] = { states[0], parent, states[1] };
	const struct http_field twice[] = { parent, parent, states[0] };
	static char value[TRACE_STATE_MAX + 1];
	const struct http_field wide[] = { parent,
					   { SLICE("tracestate"), { value, sizeof(value) } } };
	struct call *c;

	memset(value, 'x', sizeof(value));
	if (call_new(&c))
		return;
	trace_context_read(c, &(struct http_head){ .fields = both, .n_fields = 3 });
	CHECK(c->parent.valid);
	CHECK_STR(c->trace_state, "a=1,b=2");
	call_free(c);
	if (call_new(&c))
		return;
	trace_context_read(c, &(struct http_head){ .fields = twice, .n_fields = 3 });
	CHECK(!c->parent.valid);
	CHECK_SLICE(c->trace_state, SLICE_NONE);
	trace_context_read(c, &(struct http_head){ .fields = states, .n_fields = 2 });
	CHECK_SLICE(c->trace_state, SLICE_NONE);
	trace_context_read(c, &(struct http_head){ .fields = wide, .n_fields = 2 });
	CHECK(c->parent.valid);
	CHECK_SLICE(c->trace_state, SLICE_NONE);
	call_free(c);
}

TEST(older_trace_headers)
{
	static const struct {
		const char *format, *in;
		bool valid;
		int flags;
	} rows[] = {
		{ "b3", TRACE "-" SPAN "-1", true, 1 },
		{ "b3", TRACE "-" SPAN "-d-" SPAN, true, 1 },
		{ "b3", TRACE "-" SPAN "-0", true, 0 },
		{ "b3", TRACE "-" SPAN, true, 0 },
		{ "b3", "0", false, 0 },
		{ "b3", "", false, 0 },
		{ "b3", TRACE "-", false, 0 },
		{ "b3", TRACE "-0000000000000000-1", false, 0 },
		{ "b3", "x" TRACE "-" SPAN "-1", false, 0 },
		{ "cloud", TRACE "/67667974448284343;o=1", true, 1 },
		{ "cloud", TRACE "/67667974448284343", true, 0 },
		{ "cloud", TRACE "/0;o=1", false, 0 },
		{ "cloud", TRACE ";o=1", false, 0 },
		{ "cloud", TRACE "/99999999999999999999999", false, 0 },
		{ "sentry", TRACE "-" SPAN "-1", true, 1 },
		{ "sentry", TRACE "-" SPAN, true, 0 },
		{ "sentry", TRACE, false, 0 },
		{ "sentry", "", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trace_parent p = { 0 };
		struct slice in = slice_from(rows[i].in);

		test_row("%s %s", rows[i].format, rows[i].in);
		CHECK_INT(*rows[i].format == 'b'   ? trace_b3_single_parse(in, &p)
			  : *rows[i].format == 'c' ? trace_cloud_parse(in, &p)
						   : trace_sentry_parse(in, &p),
			  rows[i].valid);
		CHECK_INT(p.valid, rows[i].valid);
		CHECK_INT(p.flags, rows[i].flags);
		if (rows[i].valid)
			CHECK(p.trace_id[0] == 0x4b && p.span_id[1] == 0xf0 &&
			      p.span_id[7] == 0xb7);
	}
	test_row(NULL);
}

TEST(older_trace_headers_count_alone)
{
	static const struct {
		const char *traceparent, *b3, *trace_id;
		uint8_t want; /* first byte of the trace id; 0: none */
	} rows[] = {
		{ NULL,
		  "aa"
		  "f92f3577b34da6a3ce929d0e0e4736-" SPAN "-1",
		  NULL, 0xaa },
		{ NULL, NULL, "bbf92f3577b34da6", 0 },
		{ NULL, NULL, "bbf92f3577b34da6a3ce929d0e0e4736", 0xbb },
		{ "00-" TRACE "-" SPAN "-01",
		  "aa"
		  "f92f3577b34da6a3ce929d0e0e4736-" SPAN "-1",
		  NULL, 0x4b },
		{ "broken",
		  "aa"
		  "f92f3577b34da6a3ce929d0e0e4736-" SPAN "-1",
		  NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_field fields[4];
		struct http_head head = { .fields = fields };
		struct call *c = NULL;

		test_row("%zu", i);
		if (rows[i].traceparent)
			fields[head.n_fields++] =
				(struct http_field){ .name = SLICE("traceparent"),
						     .value = slice_from(rows[i].traceparent) };
		if (rows[i].b3)
			fields[head.n_fields++] =
				(struct http_field){ .name = SLICE("b3"),
						     .value = slice_from(rows[i].b3) };
		if (rows[i].trace_id) {
			fields[head.n_fields++] =
				(struct http_field){ .name = SLICE("X-B3-TraceId"),
						     .value = slice_from(rows[i].trace_id) };
			fields[head.n_fields++] = (struct http_field){ .name = SLICE("X-B3-SpanId"),
								       .value = SLICE(SPAN) };
		}
		CHECK_INT(call_new(&c), 0);
		trace_context_read(c, &head);
		CHECK_INT(c->parent.trace_id[0], rows[i].want);
		call_free(c);
	}
	test_row(NULL);
}
