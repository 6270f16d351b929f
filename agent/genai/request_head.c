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
	c->stream_cursor = detect_target_query(head->target, SLICE("starting_after"));
	if (!c->stream_cursor.len) /* Gemini's Interactions */
		c->stream_cursor = detect_target_query(head->target, SLICE("last_event_id"));
	c->stream_cursor = copy_unescaped(c, c->stream_cursor);
	c->http_version = head->version;
	read_server(c, head);
	c->request_model = copy_unescaped(c, detect_path_model(c->path));
	c->user_agent = arena_copy(&c->arena, http_head_get(head, SLICE("user-agent")));
	if (!slice_u64(http_head_get(head, SLICE("x-stainless-retry-count")), &retries) &&
	    retries <= 1000)
		c->retry_count = (int64_t)retries;
	c->request_service_tier =
		arena_copy(&c->arena, http_head_get(head, SLICE("x-amzn-bedrock-service-tier")));
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
	double usd;

	if (!slice_starts_nocase(type, SLICE("text/event-stream")) && !slice_f64(text, &usd))
		usage_set_cost(&c->usage, usd);
}

/* How long the provider says it took, in milliseconds: who worked before who passed on. */
static const struct slice processing_headers[] = {
	SLICE("openai-processing-ms"),
	SLICE("x-amzn-bedrock-invocation-latency"),
	SLICE("ms-azureml-model-time"),
	SLICE("x-inference-time"),		 /* Text Generation Inference */
	SLICE("cmp-upstream-response-duration"), /* Azure AI inference */
	SLICE("x-kong-upstream-latency"),	 /* Mistral */
	SLICE("x-envoy-upstream-service-time"),
	SLICE("x-litellm-response-duration-ms"),
};

static const struct slice region_headers[] = { SLICE("x-ms-region"), SLICE("x-groq-region") };

static const struct slice tier_headers[] = { SLICE("x-gemini-service-tier"),
					     SLICE("x-amzn-bedrock-service-tier") };

static struct slice first_of(const struct http_head *head, const struct slice *names, size_t count)
{
	struct slice value = SLICE_NONE;

	for (size_t i = 0; i < count && !value.len; i++)
		value = http_head_get(head, names[i]);
	return value;
}

static void read_served(struct call *c, const struct http_head *head)
{
	struct slice tier = first_of(head, tier_headers, ARRAY_LEN(tier_headers));
	double ms;

	for (size_t i = 0; i < ARRAY_LEN(processing_headers) && isnan(c->processing_s); i++)
		if (!slice_f64(http_head_get(head, processing_headers[i]), &ms) && ms >= 0)
			c->processing_s = ms / 1e3;
	if (!slice_f64(http_head_get(head, SLICE("x-queue-time")), &ms) && ms >= 0)
		c->queue_s = ms / 1e3;
	c->region =
		arena_copy(&c->arena, first_of(head, region_headers, ARRAY_LEN(region_headers)));
	if (tier.len)
		c->service_tier = arena_copy(&c->arena, tier);
}

void response_head_read(struct call *c, const struct http_head *head, uint64_t ts_ns)
{
	const char *upstream = c->profile ? NULL : detect_upstream(head);

	c->status = head->status;
	if (!c->http_version)
		c->http_version = head->version;
	if (!c->request_id.data)
		c->request_id =
			arena_copy(&c->arena, first_of(head, id_headers, ARRAY_LEN(id_headers)));
	read_cost(c, head);
	read_served(c, head);
	rate_limits_read(c, head, ts_ns);
	if (upstream)
		c->provider = slice_from(upstream);
}
