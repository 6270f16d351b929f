/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a session, of which the first byte says who sends it ('<': the server, '?': its
 * messages were lost). Every request that was taken gives one call, whatever comes.
 */
#include "call.h"
#include "fuzz.h"
#include "mcp.h"
#include "mcp_session.h"

struct count {
	size_t calls;
	uint64_t last_end_ns;
};

static void on_call(void *ctx, struct call *c)
{
	struct count *n = ctx;

	n->calls++;
	REQUIRE(c->mcp);
	REQUIRE(c->end_ns >= c->start_ns);
	REQUIRE(c->end_ns >= n->last_end_ns);
	REQUIRE(c->mcp->method.len);
	n->last_end_ns = c->end_ns;
	call_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct decoder_config config = { .body_max = 65536,
					       .content = len & 1,
					       .content_max = 256 };
	const struct decoder_origin origins[2] = { 0 };
	struct slice rest = { (const char *)data, len };
	struct count n = { 0 };
	struct mcp_session *s;
	uint64_t now_ns = 1;

	if (mcp_session_new(&s, &config, origins, on_call, &n))
		return 0;
	while (rest.data && rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		bool server = line.len && line.data[0] == '<';
		char *copy;

		now_ns++;
		if (line.len && line.data[0] == '?') {
			mcp_session_hole(s, MCP_SERVER);
			continue;
		}
		line = slice_sub(line, server, line.len);
		copy = malloc(line.len + 1);
		REQUIRE(copy);
		memcpy(copy, line.data ? line.data : "", line.len);
		mcp_session_message(s, server ? MCP_SERVER : MCP_CLIENT,
				    (struct slice){ copy, line.len }, now_ns, now_ns);
		free(copy);
	}
	mcp_session_end(s, now_ns);
	return 0;
}
