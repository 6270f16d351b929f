/* SPDX-License-Identifier: Apache-2.0 */
/* Encoders of metrics, events and bodies at their edges; what they write is compared with the
 * official classes in tests/system/test_otlp_signals.py. */
#include "payload.h"

#include "cleanup.h"
#include "pb.h"
#include "test.h"

#include <errno.h>

static const double bounds[] = { 1, 2 };
static const uint64_t counts[] = { 1, 0, 2 };
static const struct otlp_exemplar exemplar = { .time_ns = 5, .integer = 3, .number = 3 };
static const struct attr label = { .key = "k", .type = ATTR_STRING, .string = { "v", 1 } };
static const struct otlp_point point = {
	.attrs = &label,
	.n_attrs = 1,
	.start_ns = 1,
	.time_ns = 2,
	.integer = -7,
	.number = 1.5,
	.count = 3,
	.buckets = counts,
	.exp = { .scale = -1, .offset = -3, .counts = counts, .n_counts = 3, .zeros = 4 },
	.exemplars = &exemplar,
	.n_exemplars = 1,
};

static struct otlp_metric metric_of(enum otlp_metric_type type, bool integers)
{
	return (struct otlp_metric){ .name = "m",
				     .description = "d",
				     .unit = "1",
				     .type = type,
				     .temporality = OTLP_DELTA,
				     .integers = integers,
				     .bounds = bounds,
				     .n_bounds = ARRAY_LEN(bounds) };
}

#define HEAD "{\"name\":\"m\",\"description\":\"d\",\"unit\":\"1\",\""
#define POINT                                                                                      \
	"\":{\"dataPoints\":[{\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}}]"
#define TIMES ",\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"2\""
#define IDS "\"spanId\":\"0000000000000000\",\"traceId\":\"00000000000000000000000000000000\"}]"

TEST(metrics_as_json)
{
	static const struct {
		enum otlp_metric_type type;
		bool integers;
		const char *want;
	} rows[] = {
		{ OTLP_GAUGE, true,
		  HEAD "gauge" POINT ",\"timeUnixNano\":\"2\",\"asInt\":\"-7\",\"exemplars\":[{"
		       "\"timeUnixNano\":\"5\",\"asInt\":\"3\"," IDS "}]}}" },
		{ OTLP_SUM, false,
		  HEAD "sum" POINT TIMES ",\"asDouble\":1.5,\"exemplars\":[{\"timeUnixNano\":\"5\","
		       "\"asDouble\":3.0," IDS
		       "}],\"aggregationTemporality\":1,\"isMonotonic\":true}}" },
		{ OTLP_HISTOGRAM, true,
		  HEAD "histogram" POINT TIMES
		       ",\"count\":\"3\",\"sum\":1.5,\"bucketCounts\":[\"1\",\"0\",\"2\"],"
		       "\"explicitBounds\":[1.0,2.0],\"exemplars\":[{\"timeUnixNano\":\"5\","
		       "\"asInt\":\"3\"," IDS "}],\"aggregationTemporality\":1}}" },
		{ OTLP_EXP_HISTOGRAM, true,
		  HEAD "exponentialHistogram" POINT TIMES
		       ",\"count\":\"3\",\"sum\":1.5,\"scale\":-1,\"zeroCount\":\"4\","
		       "\"positive\":{\"offset\":-3,\"bucketCounts\":[\"1\",\"0\",\"2\"]},"
		       "\"exemplars\":[{\"timeUnixNano\":\"5\",\"asInt\":\"3\"," IDS
		       "}],\"aggregationTemporality\":1}}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10000);
		struct otlp_metric m = metric_of(rows[i].type, rows[i].integers);

		test_row("row %zu", i);
		otlp_encode_metric(&b, OTLP_JSON, &m, &point, 1);
		CHECK_STR(buf_slice(&b), rows[i].want);
	}
	test_row(NULL);
}

/* The value of one attribute of an event. */
static void event_of(struct buf *to, enum otlp_encoding e, const char *key, struct slice value)
{
	struct span *s = NULL;

	if (span_new(&s))
		return;
	span_set_str(s, key, value);
	otlp_encode_details(to, e, s);
	span_free(s);
}

TEST(messages_of_events_are_values)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{ "[]", "{\"arrayValue\":{\"values\":[]}}" },
		{ "{}", "{\"kvlistValue\":{\"values\":[]}}" },
		{ "[null,true,1,-2.5,\"a\\u00e9\\n\"]",
		  "{\"arrayValue\":{\"values\":[{},{\"boolValue\":true},{\"intValue\":\"1\"},"
		  "{\"doubleValue\":-2.5},{\"stringValue\":\"a\xc3\xa9\\n\"}]}}" },
		{ "{\"a\\\"b\":{\"c\":[1.0]}}",
		  "{\"kvlistValue\":{\"values\":[{\"key\":\"a\\\"b\",\"value\":{\"kvlistValue\":{"
		  "\"values\":[{\"key\":\"c\",\"value\":{\"arrayValue\":{\"values\":[{"
		  "\"doubleValue\":1.0}]}}}]}}}]}}" },
		{ "\"\"", "{\"stringValue\":\"\"}" },
		/* What is no JSON, or not all of it, stays text. */
		{ "[1,", "{\"stringValue\":\"[1,\"}" },
		{ "plain", "{\"stringValue\":\"plain\"}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10000), want = BUF_INIT(10000);

		test_row("%s", rows[i].json);
		event_of(&b, OTLP_JSON, ATTR_INPUT_MESSAGES, slice_from(rows[i].json));
		buf_printf(&want, "\"value\":%s}],\"flags\"", rows[i].want);
		CHECK(slice_find(buf_slice(&b), buf_slice(&want)) >= 0);
	}
	test_row(NULL);
}

TEST(other_attributes_stay_text)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10000);

	event_of(&b, OTLP_JSON, "gen_ai.tool.call.arguments", SLICE("[1]"));
	CHECK(slice_find(buf_slice(&b), SLICE("{\"stringValue\":\"[1]\"}")) >= 0);
}

TEST(depth_has_a_ceiling)
{
	char deep[201];

	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[200] = '\0';
	for (size_t e = 0; e < 2; e++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100000);

		event_of(&b, (enum otlp_encoding)e, ATTR_OUTPUT_MESSAGES, slice_from(deep));
		CHECK_INT(buf_error(&b), 0);
		/* 24 levels are values; the others are text. */
		CHECK(slice_find(buf_slice(&b), slice_sub(slice_from(deep), 24, 152)) >= 0);
	}
}

static void fill(struct otlp_queue *q)
{
	CHECK_INT(otlp_queue_add(q, SLICE("{}"), 1, NULL, 0), 0);
}

TEST(body_of_grpc_has_its_prefix)
{
	static const struct otlp_host host = { .host_name = SLICE("h"), .version = SLICE("1") };

	for (size_t gzip = 0; gzip < 2; gzip++) {
		struct otlp_options o = { .grpc = true, .gzip = gzip, .request_bytes_max = 100000 };
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100000);
		struct otlp_queue q = { 0 };

		fill(&q);
		CHECK_INT(otlp_payload_add(&b, &q, &o, &host), 0);
		CHECK_INT(b.data[0], gzip);
		CHECK_INT((unsigned char)b.data[3] << 8 | (unsigned char)b.data[4], b.len - 5);
		CHECK_INT((unsigned char)b.data[5], gzip ? 0x1f : 0x0a);
		otlp_queue_release(&q);
	}
}

TEST(encoders_without_memory)
{
	static const struct otlp_host host = { .host_name = SLICE("h"), .version = SLICE("1") };
	struct otlp_options o = { .grpc = true, .gzip = true, .request_bytes_max = 100000 };
	struct otlp_queue q = { 0 };

	fill(&q);
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100000);
		struct otlp_metric m = metric_of(OTLP_HISTOGRAM, true);

		for (size_t e = 0; e < 2; e++) {
			otlp_encode_metric(&b, (enum otlp_encoding)e, &m, &point, 1);
			event_of(&b, (enum otlp_encoding)e, ATTR_INPUT_MESSAGES,
				 SLICE("[{\"a\\u0041\":[\"text\",1]}]"));
		}
		CHECK(!buf_error(&b) || buf_error(&b) == -ENOMEM);
		buf_release(&b);
		CHECK(otlp_payload_add(&b, &q, &o, &host) == buf_error(&b) || !b.len || b.len >= 5);
	}
	otlp_queue_release(&q);
}
