/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Model Context Protocol over Streamable HTTP, with sessions (2025-03-26 to 2025-11-25)
 * and without (2026-07-28), and the Agent2Agent protocol's JSON-RPC binding: one JSON-RPC
 * request and its answer, in a JSON body or as a message of an event stream (genai.md 4.11,
 * 4.12). Notifications are none, nor are batches, which 2025-06-18 took out again.
 *
 * A dialect (dialect.h) that fills in call->mcp; everything lives in the call's arena.
 */
#ifndef GENAI_MCP_H
#define GENAI_MCP_H

#include "call.h"

struct http_head;

struct mcp {
	bool a2a;
	bool rest, grpc; /* A2A over these; else JSON-RPC */
	bool answered;
	bool is_error;	   /* a tool's result that says so */
	bool has_code;	   /* a JSON-RPC error */
	bool arguments_ok; /* hash below is of arguments that were wholly read */
	int64_t code;
	struct slice method;
	struct slice id; /* of the request, as text */
	struct slice tool;
	struct slice prompt;
	struct slice resource;
	struct slice context; /* A2A: contextId */
	struct slice protocol_version;
	struct slice error_message;
	struct part arguments;
	struct part result;
	struct trace_parent parent; /* params._meta.traceparent */
	uint64_t progress;	    /* notifications that came before the answer */
};

/* Is that a method of MCP, or (*ret_a2a) of A2A? */
bool mcp_method_known(struct slice method, bool *ret_a2a);
/* Is it a GET of A2A's, which its path does not tell? (a2a.c) */
bool a2a_reads(const struct http_head *head);

#endif
