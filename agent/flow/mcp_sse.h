/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MCP's first HTTP transport (2024-11-05): the client keeps a GET open whose event stream begins
 * with `endpoint`, posts each request to that path, and finds the answer, by its JSON-RPC id, on
 * the stream. So a call's two halves are two exchanges of one process, mostly of two connections.
 *
 * A posted request that nothing answered waits for the stream; an answer that came before its
 * POST had ended waits for that. Both have ceilings; what the stream leaves unanswered at its end
 * is told with error_type "connection_closed".
 */
#ifndef FLOW_MCP_SSE_H
#define FLOW_MCP_SSE_H

#include "exchange.h"

#define MCP_SSE_STREAMS_MAX 4096    /* open at once; more are not looked at */
#define MCP_SSE_WAITING_MAX 256	    /* calls of one stream; the oldest goes, marked */
#define MCP_SSE_EARLY_MAX 16	    /* answers of one stream; the oldest goes */
#define MCP_SSE_EARLY_LEN (1 << 18) /* of one */
#define MCP_SSE_EVENT_MAX (4 << 20)

/* The head of a request; as long as it may be such a stream, its connection is not ignored. */
void mcp_sse_open(struct exchange *x, const struct http_head *head);
void mcp_sse_answer(struct exchange *x, const struct http_head *head);
void mcp_sse_body(struct exchange *x, struct slice data, uint64_t ts_ns);
void mcp_sse_hole(struct exchange *x, uint64_t len);
void mcp_sse_close(struct exchange *x, uint64_t ts_ns);
/* Does the call wait for a stream? Then it is taken. */
bool mcp_sse_take(const struct exchange *x, struct call *call);

#endif
