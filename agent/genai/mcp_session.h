/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON-RPC messages of one client and one server of MCP over a connection that carries
 * them one by one, whole: standard streams. Either side may ask; each request with its
 * answer, found by the side that asked and the id, is a call. Notifications of progress and of
 * cancellation are told to the call that they are about; batches (2025-03-26) are taken apart.
 *
 * Pure; times are Unix nanoseconds.
 */
#ifndef GENAI_MCP_SESSION_H
#define GENAI_MCP_SESSION_H

#include "decoder.h"

#define MCP_OPEN_MAX 1024 /* requests without an answer; the oldest goes, marked */

enum mcp_side { MCP_CLIENT, MCP_SERVER };

struct mcp_session;

/* origins: of what either side asks; copied. */
int mcp_session_new(struct mcp_session **ret, const struct decoder_config *config,
		    const struct decoder_origin origins[2], call_fn emit, void *ctx);
/* Emits what has no answer; it was cut off at ts_ns. NULL is fine. */
void mcp_session_end(struct mcp_session *s, uint64_t ts_ns);

/* One message, lent: its first and its last byte passed at these times. 0, -ENOMEM, or
 * -EBADMSG: that was no JSON-RPC. */
int mcp_session_message(struct mcp_session *s, enum mcp_side from, struct slice text,
			uint64_t start_ns, uint64_t end_ns);
/* Messages of that side were lost: answers may be among them. */
void mcp_session_hole(struct mcp_session *s, enum mcp_side from);

#endif
