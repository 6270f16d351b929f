/* SPDX-License-Identifier: Apache-2.0 */
/* MCP's first HTTP transport: requests on one connection, answers on another's event stream. */
#include "cleanup.h"
#include "mcp.h"
#include "recording.h"

static struct buf told = BUF_INIT(1 << 16);

static void on_call(void *ctx, struct call *c)
{
	(void)ctx;
	buf_printf(&told, "%.*s %.*s%s%s %.*s v=%.*s s=%.*s", SLICE_FMT(c->mcp->method),
		   SLICE_FMT(c->mcp->id), c->mcp->answered ? "" : " unanswered",
		   c->mcp->has_code ? " failed" : "", SLICE_FMT(c->error_type),
		   SLICE_FMT(c->mcp->protocol_version), SLICE_FMT(c->mcp_session));
	buf_printf(&told, "%s\n", c->completeness == COMPLETENESS_FULL ? "" : " partial");
	CHECK(c->end_ns >= c->start_ns);
	call_free(c);
}

#define GET "GET /sse HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream, application/json\r\n\r\n"
#define STREAM                                                                                     \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"                \
	"event: endpoint\r\ndata: /messages/?session_id=abc\r\n\r\n"
#define URL                                                                                        \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"                               \
	"event: endpoint\ndata: http://h:80/messages/?session_id=abc\n\n"
#define EVENT(text) "event: message\r\ndata: " text "\r\n\r\n"
#define ACCEPTED "HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\n\r\nAccepted"
#define INIT "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{}}"
#define AGREED "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2024-11-05\"}}"
#define LIST "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"
#define LISTED "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}"
#define REFUSED "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":\"no\"}}"
#define LOG "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}"

/* What happens, in order: '>' a request to this path is posted, '+' its POST is answered, '<' the
 * stream brings this, '!' the stream loses as many bytes. */
struct step {
	char what;
	const char *text, *path;
};

#define PATH "/messages/?session_id=abc"

static const struct row {
	const char *name, *stream;
	struct step steps[8];
	const char *want;
} rows[] = {
	{ "answers behind the POSTs",
	  STREAM,
	  { { '>', INIT, PATH },
	    { '+', ACCEPTED, NULL },
	    { '<', EVENT(AGREED), NULL },
	    { '>', LIST, PATH },
	    { '+', ACCEPTED, NULL },
	    { '<', EVENT(LISTED), NULL } },
	  "initialize 0  v=2024-11-05 s=abc\ntools/list 1  v=2024-11-05 s=abc\n" },
	{ "answers before them",
	  STREAM,
	  { { '>', INIT, PATH },
	    { '<', EVENT(AGREED), NULL },
	    { '+', ACCEPTED, NULL },
	    { '>', LIST, PATH },
	    { '<', EVENT(LISTED), NULL },
	    { '+', ACCEPTED, NULL } },
	  "initialize 0  v=2024-11-05 s=abc\ntools/list 1  v=2024-11-05 s=abc\n" },
	{ "the endpoint is a whole URL",
	  URL,
	  { { '>', LIST, PATH }, { '+', ACCEPTED, NULL }, { '<', EVENT(LISTED), NULL } },
	  "tools/list 1  v= s=abc\n" },
	{ "an error",
	  STREAM,
	  { { '>', LIST, PATH }, { '+', ACCEPTED, NULL }, { '<', EVENT(REFUSED), NULL } },
	  "tools/list 1 failed  v= s=abc\n" },
	{ "what else the stream brings",
	  STREAM,
	  { { '>', LIST, PATH },
	    { '+', ACCEPTED, NULL },
	    { '<', ": ping\r\n\r\n" EVENT(LOG) EVENT("no JSON") EVENT(AGREED), NULL },
	    { '<', EVENT(LISTED), NULL } },
	  "tools/list 1  v= s=abc\n" },
	{ "never answered",
	  STREAM,
	  { { '>', LIST, PATH }, { '+', ACCEPTED, NULL } },
	  "tools/list 1 unanswered connection_closed v= s=abc\n" },
	{ "the answer is lost",
	  STREAM,
	  { { '>', LIST, PATH }, { '+', ACCEPTED, NULL }, { '!', EVENT(LISTED), NULL } },
	  "tools/list 1 unanswered connection_closed v= s=abc partial\n" },
};

static void step(struct recorder *r, const struct step *s)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 12);

	switch (s->what) {
	case '>':
		buf_printf(&text,
			   "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   s->path, strlen(s->text), s->text);
		recorder_send(&r[1], GENTAP_WRITE, buf_slice(&text));
		break;
	case '+':
		recorder_send(&r[1], GENTAP_READ, slice_from(s->text));
		break;
	case '<':
		recorder_send(&r[0], GENTAP_READ, slice_from(s->text));
		break;
	case '!':
		r[0].cut.lose = r[0].records;
		recorder_send(&r[0], GENTAP_READ, slice_from(s->text));
		/* By the next one it shows. */
		recorder_send(&r[0], GENTAP_READ, SLICE(": ping\r\n\r\n"));
		break;
	}
	r[0].now_ns = r[1].now_ns = MAX(r[0].now_ns, r[1].now_ns);
}

static void feed(struct pipeline *p, const struct row *row, size_t split)
{
	struct recorder r[2] = {
		{ .p = p, .ptr = 0x1000, .cut = { SIZE_MAX, SIZE_MAX, false, false } },
		{ .p = p, .ptr = 0x2000, .cut = { SIZE_MAX, SIZE_MAX, false, false } },
	};
	struct slice stream = slice_from(row->stream);

	recorder_send(&r[0], GENTAP_WRITE, SLICE(GET));
	if (split)
		recorder_send(&r[0], GENTAP_READ, slice_sub(stream, 0, split));
	recorder_send(&r[0], GENTAP_READ, slice_sub(stream, split, stream.len));
	r[1].now_ns = r[0].now_ns;
	for (size_t i = 0; i < ARRAY_LEN(row->steps) && row->steps[i].what; i++)
		step(r, &row->steps[i]);
}

TEST(mcp_sse)
{
	const struct pipeline_sink sink = { .call = on_call };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t split = 0; split < strlen(rows[i].stream); split++) {
			struct pipeline *p = NULL;

			test_row("%s, split at %zu", rows[i].name, split);
			buf_reset(&told, 1 << 12);
			CHECK_INT(pipeline_new(&p, &pipeline_config_default, &sink), 0);
			feed(p, &rows[i], split);
			pipeline_free(p);
			CHECK_STR(buf_slice(&told), rows[i].want);
		}
	test_row(NULL);
}

/* A stream of another kind, and a POST to elsewhere: not joined, each as it always was. */
TEST(mcp_sse_of_others)
{
	static const struct row others[] = {
		{ "no endpoint",
		  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: hello\n\n",
		  { { '>', LIST, PATH }, { '+', ACCEPTED, NULL }, { '<', EVENT(LISTED), NULL } },
		  "tools/list 1 unanswered  v= s=\n" },
		{ "another session's path",
		  STREAM,
		  { { '>', LIST, "/messages/?session_id=abd" },
		    { '+', ACCEPTED, NULL },
		    { '<', EVENT(LISTED), NULL } },
		  "tools/list 1 unanswered  v= s=\n" },
		{ "no stream at all",
		  "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n",
		  { { '>', LIST, PATH }, { '+', ACCEPTED, NULL } },
		  "tools/list 1 unanswered  v= s=\n" },
	};
	const struct pipeline_sink sink = { .call = on_call };

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct pipeline *p = NULL;

		test_row("%s", others[i].name);
		buf_reset(&told, 1 << 12);
		CHECK_INT(pipeline_new(&p, &pipeline_config_default, &sink), 0);
		feed(p, &others[i], 0);
		pipeline_free(p);
		CHECK_STR(buf_slice(&told), others[i].want);
	}
	test_row(NULL);
}

TEST(mcp_sse_without_memory)
{
	const struct pipeline_sink sink = { .call = on_call };

	EACH_MALLOC_FAILURE
	{
		struct pipeline *p = NULL;

		buf_reset(&told, 1 << 12);
		if (pipeline_new(&p, &pipeline_config_default, &sink))
			continue;
		feed(p, &rows[1], 10);
		pipeline_free(p);
	}
}

TEST(mcp_sse_ceilings)
{
	const struct pipeline_sink sink = { .call = on_call };
	struct pipeline *p = NULL;
	struct recorder r[2] = {
		{ .ptr = 0x1000, .cut = { SIZE_MAX, SIZE_MAX, false, false } },
		{ .ptr = 0x2000, .cut = { SIZE_MAX, SIZE_MAX, false, false } },
	};
	size_t lines = 0;

	buf_reset(&told, 1 << 12);
	CHECK_INT(pipeline_new(&p, &pipeline_config_default, &sink), 0);
	r[0].p = r[1].p = p;
	recorder_send(&r[0], GENTAP_WRITE, SLICE(GET));
	recorder_send(&r[0], GENTAP_READ, SLICE(STREAM));
	r[1].now_ns = r[0].now_ns;
	for (size_t i = 0; i < 300; i++) {
		step(r, &(struct step){ '>', LIST, PATH });
		step(r, &(struct step){ '+', ACCEPTED, NULL });
		step(r, &(struct step){ '<', EVENT(AGREED), NULL }); /* of nobody */
	}
	for (size_t i = 0; i < told.len; i++)
		lines += told.data[i] == '\n';
	CHECK_INT(lines, 300 - 256);
	pipeline_free(p);
}
