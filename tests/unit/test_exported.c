/* SPDX-License-Identifier: Apache-2.0 */
/* A process that asks models exports spans of its own. */
#include "cleanup.h"
#include "recording.h"

static struct buf told = BUF_INIT(1 << 16);
static unsigned int ignored;

static void on_call(void *ctx, struct call *call)
{
	(void)ctx;
	call_free(call);
}

static void on_verdict(void *ctx, struct conn_id id, enum gentap_verdict v)
{
	(void)ctx, (void)id;
	ignored += v == GENTAP_IGNORED;
}

static void on_sdk_span(void *ctx, struct process *process, const struct sdk_span *s)
{
	(void)ctx, (void)process;
	buf_printf(&told, "%02x %d %.*s\n", s->trace_id[0], s->kind, SLICE_FMT(s->response_id));
}

#define SPANS                                                                                      \
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"                           \
	"\"0A02030405060708090a0b0c0d0e0f0f\",\"spanId\":\"0101010101010107\",\"attributes\":["    \
	"{\"key\":\"gen_ai.response.id\",\"value\":{\"stringValue\":\"resp_1\"}},"                 \
	"{\"key\":\"gen_ai.system\",\"value\":{\"stringValue\":\"openai\"}}]}]}]}]}"
#define ASKS                                                                                       \
	"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"      \
	"Content-Length: 28\r\n\r\n{\"model\":\"m\",\"messages\":[]  }"
#define ANSWER                                                                                     \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n"          \
	"{\"id\":\"resp_1\",\"choices\":[] }"

static const struct row {
	const char *name;
	bool asks; /* models, before */
	const char *path, *type, *body;
	size_t short_by; /* of the body */
	const char *want;
} rows[] = {
	{ "one", true, "/v1/traces", "application/json", SPANS, 0, "0a 1 resp_1\n" },
	{ "below another path", true, "/otlp/v1/traces", "application/json", SPANS, 0,
	  "0a 1 resp_1\n" },
	{ "metrics", true, "/v1/metrics", "application/json", SPANS, 0, "" },
	{ "of a process that asks no models", false, "/v1/traces", "application/json", SPANS, 0,
	  "" },
	{ "cut off", true, "/v1/traces", "application/json", SPANS, 3, "" },
	{ "nothing that could be read", true, "/v1/traces", "application/x-protobuf", "hello", 0,
	  "" },
};

static void feed(struct recorder *r, const struct row *row, size_t split)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 12);

	buf_printf(&text,
		   "POST %s HTTP/1.1\r\nHost: c\r\nContent-Type: %s\r\nContent-Length: "
		   "%zu\r\n\r\n%s",
		   row->path, row->type, strlen(row->body), row->body);
	text.len -= row->short_by;
	if (row->asks) {
		recorder_send(r, GENTAP_WRITE, SLICE(ASKS));
		recorder_send(r, GENTAP_READ, SLICE(ANSWER));
	}
	split = MIN(split, text.len);
	if (split)
		recorder_send(r, GENTAP_WRITE, slice_sub(buf_slice(&text), 0, split));
	if (split < text.len)
		recorder_send(r, GENTAP_WRITE, slice_sub(buf_slice(&text), split, text.len));
	if (!row->short_by)
		recorder_send(r, GENTAP_READ,
			      SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

TEST(exported_spans_are_told_whatever_the_split)
{
	const struct pipeline_sink sink = { .call = on_call,
					    .verdict = on_verdict,
					    .sdk_span = on_sdk_span };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t split = 0; split < 600; split += i ? 7 : 1) {
			struct recorder r = { .cut = { SIZE_MAX, SIZE_MAX, false, false } };

			test_row("%s, split at %zu", rows[i].name, split);
			buf_reset(&told, 1 << 12);
			CHECK_INT(pipeline_new(&r.p, &pipeline_config_default, &sink), 0);
			feed(&r, &rows[i], split);
			pipeline_free(TAKE(r.p));
			CHECK_STR(buf_slice(&told), rows[i].want);
		}
	test_row(NULL);
}

/* The message of a gRPC call: one span of a chat, resp_2. */
static const char message[] =
	"\000\000\000\000p\012\355\000\022\352\000\022\347\000\012\220\000\012"
	"\013\014\015\016\017\020\021\022\023\024\025\026\027\030\031\022\210"
	"\000\001\002\003\004\005\006\007\010J\242\000\012\225\000gen_ai.operat"
	"ion.name\022\207\000\012\204\000chatJ\241\000\012\222\000gen_ai.respon"
	"se.id\022\211\000\012\206\000resp_2";

TEST(exported_over_grpc)
{
	const struct pipeline_sink sink = { .call = on_call, .sdk_span = on_sdk_span };
	struct recorder r = { .cut = { SIZE_MAX, SIZE_MAX, false, false } };
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 12);

	buf_reset(&told, 1 << 12);
	CHECK_INT(pipeline_new(&r.p, &pipeline_config_default, &sink), 0);
	buf_printf(&text,
		   "POST /opentelemetry.proto.collector.trace.v1.TraceService/Export HTTP/1.1\r\n"
		   "Host: c\r\nContent-Type: application/grpc\r\nContent-Length: %zu\r\n\r\n",
		   sizeof(message) - 1);
	buf_add_slice(&text, (struct slice){ message, sizeof(message) - 1 });
	recorder_send(&r, GENTAP_WRITE, SLICE(ASKS));
	recorder_send(&r, GENTAP_READ, SLICE(ANSWER));
	recorder_send(&r, GENTAP_WRITE, buf_slice(&text));
	pipeline_free(TAKE(r.p));
	CHECK_STR(buf_slice(&told), "0a 1 resp_2\n");
}

TEST(exported_without_memory)
{
	const struct pipeline_sink sink = { .call = on_call, .sdk_span = on_sdk_span };

	EACH_MALLOC_FAILURE
	{
		struct recorder r = { .cut = { SIZE_MAX, SIZE_MAX, false, false } };

		buf_reset(&told, 1 << 12);
		if (pipeline_new(&r.p, &pipeline_config_default, &sink))
			continue;
		feed(&r, &rows[0], 100);
		pipeline_free(TAKE(r.p));
	}
}
