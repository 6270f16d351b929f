/* SPDX-License-Identifier: Apache-2.0 */
#include "request_head.h"

#include "cleanup.h"
#include "detect.h"
#include "trace_context.h"

void call_set_origin(struct call *c, const struct decoder_origin *origin)
{
	c->process = process_ref(origin->process);
	c->conn_hash = origin->conn_hash;
	c->exchange = origin->exchange;
	c->source = origin->source;
	c->server_side = origin->server_side;
	c->server.peer_ip = origin->peer_ip;
	c->server.peer_port = origin->peer_port;
	c->server.local_port = origin->local_port;
	/* What stands until a request names a host. */
	c->server.address = origin->sni.len ? origin->sni : origin->peer_ip;
	c->server.port = origin->server_side ? origin->local_port : origin->peer_port;
	c->profile = detect_provider(c->server.address, c->server.port, SLICE_NONE);
	if (c->profile)
		c->provider = slice_from(c->profile->name);
}

static void read_server(struct call *c, const struct http_head *head)
{
	struct slice authority = detect_target_authority(head->target), host;
	uint16_t port;

	if (!authority.len)
		authority = head->authority;
	host = detect_host(authority, &port);
	if (host.len)
		c->server.address = arena_copy(&c->arena, host);
	/* A name without a port says the scheme's own; the connection's may be a proxy's. */
	if (port)
		c->server.port = port;
	else if (slice_eq(head->scheme, SLICE("https")) ||
		 slice_starts_nocase(head->target, SLICE("https://")))
		c->server.port = 443;
	else if (slice_eq(head->scheme, SLICE("http")) ||
		 slice_starts_nocase(head->target, SLICE("http://")))
		c->server.port = 80;
	c->profile = detect_provider(c->server.address, c->server.port, c->path);
	c->provider = c->profile ? slice_from(c->profile->name) : SLICE_NONE;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* A copy with its percent-escapes undone (RFC 3986, section 2.1). */
static struct slice copy_unescaped(struct call *c, struct slice s)
{
	struct slice copy = arena_copy(&c->arena, s);
	char *to = (char *)copy.data;
	size_t len = 0;

	for (size_t i = 0; to && i < s.len; i++) {
		bool escape = s.data[i] == '%' && i + 2 < s.len && hex_value(s.data[i + 1]) >= 0 &&
			      hex_value(s.data[i + 2]) >= 0;

		to[len++] =
			escape ? (char)(hex_value(s.data[i + 1]) << 4 | hex_value(s.data[i + 2]))
			       : s.data[i];
		i += escape ? 2 : 0;
	}
	copy.len = to ? len : 0;
	return copy;
}

void request_head_read(struct call *c, const struct http_head *head,
		       const struct decoder_origin *origin)
{
	uint64_t retries;

	(void)origin;
	c->method = arena_copy(&c->arena, head->method);
	c->path = arena_copy(&c->arena, detect_target_path(head->target));
	c->http_version = head->version;
	read_server(c, head);
	c->request_model = copy_unescaped(c, detect_path_model(c->path));
	c->user_agent = arena_copy(&c->arena, http_head_get(head, SLICE("user-agent")));
	if (!slice_u64(http_head_get(head, SLICE("x-stainless-retry-count")), &retries) &&
	    retries <= 1000)
		c->retry_count = (int64_t)retries;
	c->guardrail_id = arena_copy(
		&c->arena, http_head_get(head, SLICE("x-amzn-bedrock-guardrailidentifier")));
	c->mcp_session = arena_copy(&c->arena, http_head_get(head, SLICE("mcp-session-id")));
	c->mcp_protocol = arena_copy(&c->arena, http_head_get(head, SLICE("mcp-protocol-version")));
	trace_context_read(c, head);
}

/* First one present counts. */
static const struct slice id_headers[] = {
	SLICE("x-request-id"),	   SLICE("request-id"),	     SLICE("apim-request-id"),
	SLICE("x-amzn-requestid"), SLICE("x-generation-id"), SLICE("x-goog-request-id"),
};

/* What LiteLLM charged, in USD; of a stream it is not the last word. */
static void read_cost(struct call *c, const struct http_head *head)
{
	struct slice text = http_head_get(head, SLICE("x-litellm-response-cost"));
	struct slice type = http_head_get(head, SLICE("content-type"));
	char *end;
	double usd;

	if (!text.len || slice_starts_nocase(type, SLICE("text/event-stream")))
		return;
	text = arena_copy(&c->arena, text); /* gets its NUL */
	if (!text.data)
		return;
	usd = strtod(text.data, &end);
	if (end == text.data || !isfinite(usd) || usd < 0)
		return;
	c->usage.cost_known = true;
	c->usage.cost_usd = usd;
}

void response_head_read(struct call *c, const struct http_head *head)
{
	const char *upstream = c->profile ? NULL : detect_upstream(head);

	c->status = head->status;
	if (!c->http_version)
		c->http_version = head->version;
	for (size_t i = 0; i < ARRAY_LEN(id_headers) && !c->request_id.data; i++)
		c->request_id = arena_copy(&c->arena, http_head_get(head, id_headers[i]));
	read_cost(c, head);
	if (upstream)
		c->provider = slice_from(upstream);
}
