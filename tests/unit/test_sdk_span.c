/* SPDX-License-Identifier: Apache-2.0 */
/* What applications export of their model calls. */
#include "buf.h"
#include "cleanup.h"
#include "sdk_span.h"
#include "test.h"

static struct buf told = BUF_INIT(1 << 16);

static void on_span(void *ctx, const struct sdk_span *s)
{
	(void)ctx;
	buf_printf(&told, "%02x%02x.%02x %d %.*s\n", s->trace_id[0], s->trace_id[15], s->span_id[7],
		   s->kind, SLICE_FMT(s->response_id));
}

static void field(struct buf *to, int number, struct slice value)
{
	buf_add_char(to, (char)(number << 3 | 2));
	/* A varint of two bytes is as good for small ones. */
	buf_add_char(to, (char)(value.len | 0x80));
	buf_add_char(to, (char)(value.len >> 7));
	buf_add_slice(to, value);
}

static void pair(struct buf *to, const char *key, const char *value)
{
	_cleanup_(buf_cleanup) struct buf any = BUF_INIT(1 << 10), all = BUF_INIT(1 << 10);

	field(&any, 1, slice_from(value));
	field(&all, 1, slice_from(key));
	field(&all, 2, buf_slice(&any));
	field(to, 9, buf_slice(&all));
}

static const struct row {
	const char *name;
	const char *pairs[4][2];
	const char *want;
	bool short_id;
} rows[] = {
	{ "by the conventions",
	  { { "gen_ai.operation.name", "chat" }, { "gen_ai.response.id", "resp_1" } },
	  .want = "0a0f.07 1 resp_1\n" },
	{ "a tool", { { "gen_ai.operation.name", "execute_tool" } }, .want = "0a0f.07 2 \n" },
	{ "an agent", { { "gen_ai.operation.name", "invoke_agent" } }, .want = "0a0f.07 4 \n" },
	{ "OpenInference", { { "openinference.span.kind", "LLM" } }, .want = "0a0f.07 1 \n" },
	{ "its tools", { { "openinference.span.kind", "TOOL" } }, .want = "0a0f.07 2 \n" },
	{ "OpenLLMetry's workflows",
	  { { "traceloop.span.kind", "workflow" } },
	  .want = "0a0f.07 4 \n" },
	{ "one that names no operation",
	  { { "gen_ai.system", "openai" } },
	  .want = "0a0f.07 1 \n" },
	{ "another span", { { "http.request.method", "POST" } }, .want = "" },
	{ "no attributes", .want = "" },
	{ "an id that is none", { { "gen_ai.system", "openai" } }, .want = "", .short_id = true },
};

static void make(struct buf *to, const struct row *row)
{
	_cleanup_(buf_cleanup) struct buf span = BUF_INIT(1 << 12), scope = BUF_INIT(1 << 12),
					  resource = BUF_INIT(1 << 12);

	field(&span, 1,
	      (struct slice){ "\x0a\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x0f",
			      row->short_id ? 15 : 16 });
	field(&span, 2, (struct slice){ "\1\1\1\1\1\1\1\7", 8 });
	field(&span, 5, SLICE("a name"));
	for (size_t i = 0; i < 4 && row->pairs[i][0]; i++)
		pair(&span, row->pairs[i][0], row->pairs[i][1]);
	field(&scope, 1, SLICE("\x0a\1x"));
	field(&scope, 2, buf_slice(&span));
	field(&resource, 2, buf_slice(&scope));
	field(to, 1, buf_slice(&resource));
}

TEST(sdk_span_protobuf)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf request = BUF_INIT(1 << 12);

		test_row("%s", rows[i].name);
		make(&request, &rows[i]);
		buf_reset(&told, 0);
		CHECK_INT(sdk_spans_read(buf_slice(&request), false, on_span, NULL), 0);
		CHECK_STR(buf_slice(&told), rows[i].want);
		/* Cut off anywhere it tells nothing wrong. */
		for (size_t len = 0; len < request.len; len++) {
			buf_reset(&told, 0);
			sdk_spans_read((struct slice){ request.data, len }, false, on_span, NULL);
			CHECK_INT(told.len, 0);
		}
	}
	test_row(NULL);
}

#define JSON_SPAN(attributes)                                                                      \
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"                           \
	"\"0A02030405060708090a0b0c0d0e0f0f\",\"spanId\":\"0101010101010107\",\"attributes\":"     \
	"[" attributes "]}]}]}]}"
#define PAIR(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

TEST(sdk_span_json)
{
	static const struct {
		const char *name, *text, *want;
	} json[] = {
		{ "a call",
		  JSON_SPAN(PAIR("gen_ai.operation.name", "chat") "," PAIR("gen_ai.response.id",
									   "resp_1")),
		  "0a0f.07 1 resp_1\n" },
		{ "another span", JSON_SPAN(PAIR("a", "b")), "" },
		{ "no JSON", "hello", "" },
		{ "nothing", "", "" },
		{ "of other types", "{\"resourceSpans\":[1,{\"scopeSpans\":{\"spans\":[null]}}]}",
		  "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(json); i++) {
		test_row("%s", json[i].name);
		buf_reset(&told, 0);
		CHECK_INT(sdk_spans_read(slice_from(json[i].text), true, on_span, NULL), 0);
		CHECK_STR(buf_slice(&told), json[i].want);
	}
	test_row(NULL);
	EACH_MALLOC_FAILURE
	sdk_spans_read(slice_from(json[0].text), true, on_span, NULL);
}
