/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"
#include "mcp.h"
#include "mcp_session.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>

/* Lines of one conversation; those that begin with '<' are the server's. */
struct row {
	const char *name;
	const char *lines[10];
	const char *want;
};

#define MSG(rest) "{\"jsonrpc\":\"2.0\"," rest "}"

static const struct row rows[] = {
	{ "a tool",
	  { MSG("\"id\":1,\"method\":\"tools/"
		"call\",\"params\":{\"name\":\"get\",\"arguments\":{}}"),
	    "<" MSG("\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"rain\"}]}") },
	  "tools/call get 0-1 answered\n" },
	{ "answers out of order, ids of both kinds",
	  { MSG("\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}"),
	    MSG("\"id\":\"1x\",\"method\":\"tools/call\",\"params\":{\"name\":\"b\"}"),
	    "<" MSG("\"id\":\"1x\",\"result\":{}"), "<" MSG("\"id\":1,\"result\":{}") },
	  "tools/call b 1-2 answered\ntools/call a 0-3 answered\n" },
	{ "the version that was agreed upon",
	  { MSG("\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-"
		"25\"}"),
	    "<" MSG("\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\"}"),
	    MSG("\"method\":\"notifications/initialized\""), MSG("\"id\":1,\"method\":\"ping\""),
	    "<" MSG("\"id\":1,\"result\":{}") },
	  "initialize 0-1 answered v=2025-11-25\nping 3-4 answered v=2025-06-18\n" },
	{ "progress by its token, cancellation by its id",
	  { MSG("\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"_meta\":{"
		"\"progressToken\":9}}"),
	    MSG("\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"b\"}"),
	    "<" MSG("\"method\":\"notifications/progress\",\"params\":{\"progressToken\":9}"),
	    "<" MSG("\"method\":\"notifications/progress\",\"params\":{\"progressToken\":8}"),
	    MSG("\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}"),
	    "<" MSG("\"id\":1,\"result\":{\"isError\":true}") },
	  "tools/call b 1-4 error=cancelled\ntools/call a 0-5 answered progress=1 is_error\n" },
	{ "the server asks too, with the same id",
	  { MSG("\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}"),
	    "<" MSG("\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{}"),
	    MSG("\"id\":1,\"result\":{}"),
	    "<" MSG("\"id\":1,\"error\":{\"code\":-32603,\"message\":\"no\"}") },
	  "sampling/createMessage 1-2 answered by_server\ntools/call a 0-3 answered "
	  "code=-32603\n" },
	{ "a batch",
	  { "[" MSG("\"id\":1,\"method\":\"ping\"") "," MSG("\"id\":2,\"method\":\"ping\"") "]",
	    "<[" MSG("\"id\":2,\"result\":{}") "," MSG("\"id\":1,\"result\":{}") "]" },
	  "ping 0-1 answered\nping 0-1 answered\n" },
	{ "no answer",
	  { MSG("\"id\":1,\"method\":\"ping\"") },
	  "ping 0-10 error=connection_closed\n" },
	{ "an answer that may be lost",
	  { MSG("\"id\":1,\"method\":\"ping\""), "<?" },
	  "ping 0-10 error=connection_closed partial=lost_records\n" },
	{ "what the server prints, and answers to nothing",
	  { MSG("\"id\":1,\"method\":\"ping\""), "<listening", "<" MSG("\"id\":7,\"result\":{}"),
	    "<{\"level\":\"info\"}", "<" MSG("\"id\":1,\"result\":{}") },
	  "ping 0-4 answered\n" },
	{ "another JSON-RPC", { MSG("\"id\":1,\"method\":\"textDocument/hover\"") }, "" },
};

static void on_call(void *ctx, struct call *c)
{
	const struct mcp *m = c->mcp;
	struct buf *to = ctx;

	buf_add_slice(to, m->method);
	if (m->tool.len)
		buf_printf(to, " %.*s", SLICE_FMT(m->tool));
	buf_printf(to, " %d-%d", (int)c->start_ns - 100, (int)c->end_ns - 100);
	buf_add_str(to, m->answered ? " answered" : "");
	if (m->progress)
		buf_printf(to, " progress=%d", (int)m->progress);
	buf_add_str(to, m->is_error ? " is_error" : "");
	if (m->has_code)
		buf_printf(to, " code=%d", (int)m->code);
	if (m->protocol_version.len)
		buf_printf(to, " v=%.*s", SLICE_FMT(m->protocol_version));
	if (c->error_type.len)
		buf_printf(to, " error=%.*s", SLICE_FMT(c->error_type));
	if (c->partial_reason)
		buf_printf(to, " partial=%s", c->partial_reason);
	buf_add_str(to, c->conn_hash == 2 ? " by_server" : "");
	buf_add_char(to, '\n');
	call_free(c);
}

static const struct decoder_config config = { .body_max = 65536,
					      .content = true,
					      .content_max = 4096 };
static const struct decoder_origin origins[2] = { { .conn_hash = 1 }, { .conn_hash = 2 } };

static void run(const struct row *row, struct buf *got)
{
	struct mcp_session *s;

	if (mcp_session_new(&s, &config, origins, on_call, got))
		return;
	for (size_t i = 0; i < ARRAY_LEN(row->lines) && row->lines[i]; i++) {
		const char *line = row->lines[i];
		enum mcp_side from = *line == '<' ? MCP_SERVER : MCP_CLIENT;

		line += from == MCP_SERVER;
		if (*line == '?')
			mcp_session_hole(s, from);
		else
			mcp_session_message(s, from, slice_from(line), 100 + i, 100 + i);
	}
	mcp_session_end(s, 110);
}

TEST(session_rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 16);

		test_row("%s", rows[i].name);
		run(&rows[i], &got);
		CHECK_SLICE(got.len ? buf_slice(&got) : SLICE(""), slice_from(rows[i].want));
	}
	test_row(NULL);
}

TEST(session_without_memory)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EACH_MALLOC_FAILURE
		{
			struct buf got = BUF_INIT(1 << 16);

			run(&rows[i], &got);
			buf_release(&got);
		}
}

TEST(session_tells_what_is_no_json_rpc)
{
	static const struct {
		const char *text;
		int want;
	} lines[] = {
		{ "hello", -EBADMSG },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"meth", -EBADMSG },
		{ "{\"a\":1}", -EBADMSG },
		{ "[{\"a\":1}]", -EBADMSG },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}", 0 },
	};
	struct mcp_session *s;
	struct buf got = BUF_INIT(4096);

	CHECK_INT(mcp_session_new(&s, &config, origins, on_call, &got), 0);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		CHECK_INT(mcp_session_message(s, MCP_CLIENT, slice_from(lines[i].text), 1, 1),
			  lines[i].want);
	mcp_session_end(s, 2);
	CHECK_INT(got.len, 0);
}

TEST(session_has_a_ceiling)
{
	struct buf got = BUF_INIT(1 << 20);
	struct mcp_session *s;
	size_t lines = 0;
	char text[64];

	CHECK_INT(mcp_session_new(&s, &config, origins, on_call, &got), 0);
	for (int i = 0; i < MCP_OPEN_MAX + 3; i++) {
		snprintf(text, sizeof(text), MSG("\"id\":%d,\"method\":\"ping\""), i);
		CHECK_INT(mcp_session_message(s, MCP_CLIENT, slice_from(text), 105, 105), 0);
	}
	for (size_t i = 0; i < got.len; i++)
		lines += got.data[i] == '\n';
	CHECK_INT(lines, 3);
	CHECK(slice_find(buf_slice(&got), SLICE("partial=too_many_open")) >= 0);
	mcp_session_end(s, 110);
	buf_release(&got);
}
