/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "encode.h"
#include "test.h"

#include <errno.h>

static const struct {
	const char *name;
	enum otlp_encoding encoding;
	struct slice in;
	int want;
	int64_t rejected;
	const char *message;
} rows[] = {
	{ "empty", OTLP_PROTOBUF, SLICE(""), 0, 0, NULL },
	{ "empty partial success", OTLP_PROTOBUF, SLICE("\x0a\0"), 0, 0, NULL },
	{ "rejected", OTLP_PROTOBUF, SLICE("\x0a\x06\x08\x05\x12\x02no"), 0, 5, "no" },
	{ "message only", OTLP_PROTOBUF, SLICE("\x0a\x04\x12\x02hm"), 0, 0, "hm" },
	{ "negative", OTLP_PROTOBUF, SLICE("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  0, -1, NULL },
	{ "unknown fields", OTLP_PROTOBUF, SLICE("\x10\x01\x0a\x04\x18\x01\x08\x02"), 0, 2, NULL },
	{ "wrong types", OTLP_PROTOBUF, SLICE("\x08\x01"), 0, 0, NULL },
	{ "cut off", OTLP_PROTOBUF, SLICE("\x0a\x06\x08\x05\x12\x02n"), -EBADMSG, -7, "as it was" },
	{ "cut off inside", OTLP_PROTOBUF, SLICE("\x0a\x02\x12\x02"), -EBADMSG, -7, "as it was" },
	{ "JSON for protobuf", OTLP_PROTOBUF, SLICE("{}"), -EBADMSG, -7, "as it was" },

	{ "empty", OTLP_JSON, SLICE(""), 0, 0, NULL },
	{ "white space", OTLP_JSON, SLICE(" \r\n\t"), 0, 0, NULL },
	{ "empty object", OTLP_JSON, SLICE(" { } "), 0, 0, NULL },
	{ "null", OTLP_JSON, SLICE("{\"partialSuccess\":null}"), 0, 0, NULL },
	{ "string", OTLP_JSON,
	  SLICE("{\"partialSuccess\":{\"rejectedSpans\":\"5\",\"errorMessage\":\"n\\\"o\"}}"), 0, 5,
	  "n\\\"o" },
	{ "number", OTLP_JSON, SLICE("{\"partialSuccess\" : {\"rejectedSpans\" : 5 } }"), 0, 5,
	  NULL },
	{ "names of the .proto", OTLP_JSON,
	  SLICE("{\"partial_success\":{\"rejected_spans\":1,\"error_message\":\"\"}}"), 0, 1, "" },
	{ "negative", OTLP_JSON, SLICE("{\"partialSuccess\":{\"rejectedSpans\":-5}}"), 0, -5,
	  NULL },
	{ "rejected null", OTLP_JSON,
	  SLICE("{\"partialSuccess\":{\"rejectedSpans\":null,\"errorMessage\":null}}"), 0, 0,
	  NULL },
	{ "others around", OTLP_JSON,
	  SLICE("{\"a\":[1,{\"partialSuccess\":{}},\"}\"],\"b\":{\"rejectedSpans\":9},"
		"\"partialSuccess\":{\"x\":-1e5,\"rejectedSpans\":2,\"y\":[[]]},\"z\":true}"),
	  0, 2, NULL },
	{ "not an integer", OTLP_JSON, SLICE("{\"partialSuccess\":{\"rejectedSpans\":1.5}}"),
	  -EBADMSG, -7, "as it was" },
	{ "too large", OTLP_JSON,
	  SLICE("{\"partialSuccess\":{\"rejectedSpans\":9223372036854775808}}"), -EBADMSG, -7,
	  "as it was" },
	{ "an array", OTLP_JSON, SLICE("[]"), -EBADMSG, -7, "as it was" },
	{ "HTML", OTLP_JSON, SLICE("<html>"), -EBADMSG, -7, "as it was" },
	{ "more behind it", OTLP_JSON, SLICE("{}{}"), -EBADMSG, -7, "as it was" },
	{ "no colon", OTLP_JSON, SLICE("{\"a\"1}"), -EBADMSG, -7, "as it was" },
	{ "trailing comma", OTLP_JSON, SLICE("{\"a\":1,}"), -EBADMSG, -7, "as it was" },
	{ "NUL", OTLP_JSON, SLICE("{\"a\":[\0]}"), -EBADMSG, -7, "as it was" },
};

TEST(response_partial_success)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice message = SLICE("as it was");
		int64_t rejected = -7;

		test_row("%s, %s", rows[i].encoding ? "JSON" : "protobuf", rows[i].name);
		CHECK_INT(otlp_decode_response(rows[i].encoding, rows[i].in, &rejected, &message),
			  rows[i].want);
		CHECK_INT(rejected, rows[i].rejected);
		CHECK_SLICE(message, slice_from(rows[i].message));
	}
}

/* No prefix of any of them may be read beyond its end: each is in a block of its own. */
TEST(response_cut_off_anywhere)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t len = 0; len <= rows[i].in.len; len++) {
			char *copy = malloc(len + !len);
			struct slice message;
			int64_t rejected;
			int r;

			memcpy(copy, rows[i].in.data, len);
			r = otlp_decode_response(rows[i].encoding, (struct slice){ copy, len },
						 &rejected, &message);
			CHECK(r == 0 || r == -EBADMSG);
			free(copy);
		}
	}
}
