/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"

#include "cleanup.h"
#include "clock.h"
#include "ids.h"
#include "redact.h"
#include "trace_context.h"

#define FLAG_SAMPLED 1
#define STATUS_MESSAGE_MAX 8192 /* bytes, of which half are taken from the provider */

/* Sets of operations, for the tables' `ops`. */
#define OPS_INFERENCE (1u << OP_CHAT | 1u << OP_GENERATE_CONTENT | 1u << OP_TEXT_COMPLETION)
#define OPS_EMBEDDINGS (1u << OP_EMBEDDINGS)
#define OPS_FETCH (1u << OP_FETCH_RESPONSE)
#define OPS_TOKENS (OPS_INFERENCE | OPS_FETCH)
#define OPS_RETRIEVAL (1u << OP_RETRIEVAL)
#define OPS_AGENT (1u << OP_INVOKE_AGENT)
#define OPS_CREATE (1u << OP_CREATE_AGENT)
#define OPS_OTHER (1u << OP_RERANK | 1u << OP_MODERATION) /* that have a model */
#define OPS_ALL (~0u)

/* What a call's field is, and when it counts as said. */
enum field_type {
	FIELD_STR,    /* struct slice; absent: no data */
	FIELD_INT,    /* int64_t; absent: -1 */
	FIELD_DOUBLE, /* double; absent: NAN */
	FIELD_TRUE,   /* bool; said only when true */
	FIELD_STRS,   /* struct slice *, with its count at count_at */
};

/* Attributes that a call has as they stand, per operation as in the conventions; the
 * order is that of the span, what samplers look at first. */
static const struct {
	const char *key;
	enum field_type type;
	size_t at;
	size_t count_at;
	unsigned int ops;
} fields[] = {
#define AT(member) offsetof(struct call, member)
	{ ATTR_PROVIDER_NAME, FIELD_STR, AT(provider), 0, OPS_ALL },
	{ ATTR_REQUEST_MODEL, FIELD_STR, AT(request_model), 0, OPS_ALL & ~OPS_FETCH },
	{ ATTR_CONVERSATION_ID, FIELD_STR, AT(conversation_id), 0, OPS_INFERENCE | OPS_AGENT },
	{ ATTR_CONVERSATION_COMPACTED, FIELD_TRUE, AT(compacted), 0, OPS_INFERENCE },
	{ ATTR_OUTPUT_TYPE, FIELD_STR, AT(output_type), 0, OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_STREAM, FIELD_TRUE, AT(stream), 0, OPS_INFERENCE },
	{ ATTR_REQUEST_TOP_P, FIELD_DOUBLE, AT(top_p), 0, OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_TEMPERATURE, FIELD_DOUBLE, AT(temperature), 0, OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_MAX_TOKENS, FIELD_INT, AT(max_tokens), 0, OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_FREQUENCY_PENALTY, FIELD_DOUBLE, AT(frequency_penalty), 0,
	  OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_PRESENCE_PENALTY, FIELD_DOUBLE, AT(presence_penalty), 0,
	  OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_STOP_SEQUENCES, FIELD_STRS, AT(stop_sequences), AT(n_stop_sequences),
	  OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_REASONING_LEVEL, FIELD_STR, AT(reasoning_level), 0, OPS_INFERENCE },
	{ ATTR_REQUEST_PREVIOUS_RESPONSE, FIELD_STR, AT(previous_response_id), 0,
	  OPS_INFERENCE | OPS_AGENT },
	{ ATTR_REQUEST_STREAM_CURSOR, FIELD_STR, AT(stream_cursor), 0, OPS_FETCH },
	{ ATTR_REQUEST_ENCODING_FORMATS, FIELD_STRS, AT(encoding_formats), AT(n_encoding_formats),
	  OPS_EMBEDDINGS },
	{ ATTR_EMBEDDINGS_DIMENSION, FIELD_INT, AT(dimensions), 0, OPS_EMBEDDINGS },
	{ ATTR_RESPONSE_ID, FIELD_STR, AT(response_id), 0, OPS_INFERENCE | OPS_FETCH },
	{ ATTR_RESPONSE_MODEL, FIELD_STR, AT(response_model), 0,
	  OPS_INFERENCE | OPS_FETCH | OPS_EMBEDDINGS },
	{ ATTR_RESPONSE_STATUS, FIELD_STR, AT(response_status), 0, OPS_FETCH },
	{ ATTR_AGENT_ID, FIELD_STR, AT(agent_id), 0, OPS_AGENT | OPS_CREATE },
	{ ATTR_AGENT_NAME, FIELD_STR, AT(agent_name), 0, OPS_CREATE },
	{ ATTR_AGENT_DESCRIPTION, FIELD_STR, AT(agent_description), 0, OPS_CREATE },
	{ ATTR_RETRIEVAL_TOP_K, FIELD_INT, AT(top_k), 0, OPS_RETRIEVAL },
	{ ATTR_DATA_SOURCE_ID, FIELD_STR, AT(data_source_id), 0, OPS_RETRIEVAL | OPS_AGENT },
	{ ATTR_GUARDRAIL_ID, FIELD_STR, AT(guardrail_id), 0, OPS_ALL },
	{ ATTR_GENTAP_REQUEST_SPEED, FIELD_STR, AT(request_speed), 0, OPS_ALL },
	{ ATTR_GENTAP_SPEED, FIELD_STR, AT(speed), 0, OPS_ALL },
	{ ATTR_GENTAP_INFERENCE_GEO, FIELD_STR, AT(inference_geo), 0, OPS_ALL },
	{ ATTR_GENTAP_REGION, FIELD_STR, AT(region), 0, OPS_ALL },
	{ ATTR_GENTAP_PROCESSING, FIELD_DOUBLE, AT(processing_s), 0, OPS_ALL },
	{ ATTR_GENTAP_QUEUE, FIELD_DOUBLE, AT(queue_s), 0, OPS_ALL },
	{ ATTR_GENTAP_RETRY_AFTER, FIELD_DOUBLE, AT(retry_after_s), 0, OPS_ALL },
	{ ATTR_GENTAP_RETRY_COUNT, FIELD_INT, AT(retry_count), 0, OPS_ALL },
	{ ATTR_GENTAP_REQUEST_ID, FIELD_STR, AT(request_id), 0, OPS_ALL },
#undef AT
};

/* A fetch has a usage only when the making of the response could not have one. */
static const struct count {
	enum usage_field field;
	const char *key;
	unsigned int ops;
} counts[] = {
	{ USAGE_INPUT, ATTR_USAGE_INPUT, OPS_TOKENS | OPS_AGENT | OPS_EMBEDDINGS | OPS_OTHER },
	{ USAGE_OUTPUT, ATTR_USAGE_OUTPUT, OPS_TOKENS | OPS_AGENT },
	{ USAGE_CACHE_READ, ATTR_USAGE_CACHE_READ, OPS_TOKENS | OPS_AGENT },
	{ USAGE_CACHE_WRITE, NULL, OPS_TOKENS | OPS_AGENT }, /* named by the profile */
	{ USAGE_REASONING, ATTR_USAGE_REASONING, OPS_TOKENS },
	{ USAGE_CACHE_WRITE_5M, ATTR_GENTAP_CACHE_WRITE_5M, OPS_TOKENS | OPS_AGENT },
	{ USAGE_CACHE_WRITE_1H, ATTR_GENTAP_CACHE_WRITE_1H, OPS_TOKENS | OPS_AGENT },
	{ USAGE_CACHE_WRITE_30M, ATTR_GENTAP_CACHE_WRITE_30M, OPS_TOKENS | OPS_AGENT },
	{ USAGE_CACHE_WRITE_12H, ATTR_GENTAP_CACHE_WRITE_12H, OPS_TOKENS | OPS_AGENT },
	{ USAGE_WEB_SEARCHES, ATTR_GENTAP_WEB_SEARCHES, OPS_TOKENS | OPS_AGENT },
	{ USAGE_WEB_FETCHES, ATTR_GENTAP_WEB_FETCHES, OPS_TOKENS | OPS_AGENT },
	{ USAGE_CODE_EXECUTIONS, ATTR_GENTAP_CODE_EXECUTIONS, OPS_TOKENS | OPS_AGENT },
	{ USAGE_FILE_SEARCHES, ATTR_GENTAP_FILE_SEARCHES, OPS_TOKENS | OPS_AGENT },
	{ USAGE_SEARCH_UNITS, ATTR_GENTAP_SEARCH_UNITS, OPS_ALL },
	{ USAGE_AUDIO_MS, ATTR_GENTAP_AUDIO_MS, OPS_ALL },
	{ USAGE_TOTAL, ATTR_GENTAP_TOTAL, OPS_TOKENS | OPS_AGENT | OPS_EMBEDDINGS },
};

/* By modality, for which version 1.41 has no names. */
static const struct count latest_counts[] = {
	{ USAGE_INPUT_TEXT, ATTR_USAGE_TEXT_INPUT, OPS_TOKENS },
	{ USAGE_INPUT_AUDIO, ATTR_USAGE_AUDIO_INPUT, OPS_TOKENS },
	{ USAGE_INPUT_IMAGE, ATTR_USAGE_IMAGE_INPUT, OPS_TOKENS },
	{ USAGE_OUTPUT_TEXT, ATTR_USAGE_TEXT_OUTPUT, OPS_TOKENS },
	{ USAGE_OUTPUT_AUDIO, ATTR_USAGE_AUDIO_OUTPUT, OPS_TOKENS },
	{ USAGE_OUTPUT_IMAGE, ATTR_USAGE_IMAGE_OUTPUT, OPS_TOKENS },
	{ USAGE_CACHE_READ_TEXT, ATTR_USAGE_TEXT_CACHE_READ, OPS_TOKENS },
	{ USAGE_CACHE_READ_AUDIO, ATTR_USAGE_AUDIO_CACHE_READ, OPS_TOKENS },
	{ USAGE_CACHE_READ_IMAGE, ATTR_USAGE_IMAGE_CACHE_READ, OPS_TOKENS },
};

static bool op_in(const struct call *c, unsigned int ops)
{
	return 1u << c->op & ops;
}

static void set_field(struct span *s, const struct call *c, size_t i)
{
	const void *at = (const char *)c + fields[i].at;
	const size_t *count = (const void *)((const char *)c + fields[i].count_at);

	switch (fields[i].type) {
	case FIELD_STR:
		span_set_str(s, fields[i].key, *(const struct slice *)at);
		break;
	case FIELD_INT:
		if (*(const int64_t *)at != -1)
			span_set_int(s, fields[i].key, *(const int64_t *)at);
		break;
	case FIELD_DOUBLE:
		span_set_double(s, fields[i].key, *(const double *)at);
		break;
	case FIELD_TRUE:
		if (*(const bool *)at)
			span_set_bool(s, fields[i].key, true);
		break;
	case FIELD_STRS:
		span_set_strs(s, fields[i].key, *(struct slice *const *)at, *count);
		break;
	}
}

static void set_server(struct span *s, const struct call *c)
{
	if (!c->server.address.data)
		return;
	span_set_str(s, ATTR_SERVER_ADDRESS, c->server.address);
	if (c->server.port)
		span_set_int(s, ATTR_SERVER_PORT, c->server.port);
}

/* Those that are said only under a condition, or in another way by profile. */
static void set_request(struct span *s, const struct call *c, enum semconv_profile profile)
{
	if (!op_in(c, OPS_INFERENCE | OPS_AGENT))
		return;
	if (c->choice_count >= 0 && c->choice_count != 1)
		span_set_int(s, ATTR_REQUEST_CHOICE_COUNT, c->choice_count);
	if (c->has_seed)
		span_set_int(s, ATTR_REQUEST_SEED, c->seed);
	if (c->top_k < 0 || !op_in(c, OPS_INFERENCE))
		return;
	if (profile == SEMCONV_LATEST)
		span_set_int(s, ATTR_REQUEST_TOP_K, c->top_k);
	else
		span_set_double(s, ATTR_REQUEST_TOP_K, (double)c->top_k);
}

/* openai.* is for OpenAI and its twin on Azure; who only copies the API has no right
 * to it, and keeps the tier, which decides the price, under a name of ours. */
static void set_openai(struct span *s, const struct call *c)
{
	bool openai = slice_eq(c->provider, SLICE("openai")) ||
		      slice_eq(c->provider, SLICE("azure.ai.openai"));

	if (!op_in(c, OPS_INFERENCE | OPS_FETCH))
		return;
	if (!openai) {
		span_set_str(s, ATTR_GENTAP_REQUEST_TIER, c->request_service_tier);
		span_set_str(s, ATTR_GENTAP_SERVICE_TIER, c->service_tier);
		return;
	}
	span_set_str(s, ATTR_OPENAI_API_TYPE, slice_from(c->api_type));
	if (!slice_eq(c->request_service_tier, SLICE("auto")))
		span_set_str(s, ATTR_OPENAI_REQUEST_TIER, c->request_service_tier);
	span_set_str(s, ATTR_OPENAI_RESPONSE_TIER, c->service_tier);
	span_set_str(s, ATTR_OPENAI_FINGERPRINT, c->system_fingerprint);
}

static void set_counts(struct span *s, const struct call *c, enum semconv_profile profile,
		       const struct count *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		const char *names[2] = { rows[i].key };
		size_t n = 1;

		if (!op_in(c, rows[i].ops) || !usage_has(&c->usage, rows[i].field))
			continue;
		if (!names[0])
			n = semconv_name(profile, SEMCONV_NAME_CACHE_WRITE, names);
		for (size_t k = 0; k < n; k++)
			span_set_int(s, names[k], usage_get(&c->usage, rows[i].field));
	}
}

/* Sums by kind; a count that one of them lacks is not known. */
static void set_extras(struct span *s, const struct call *c)
{
	static const struct {
		enum extra_kind kind;
		enum usage_field field;
		const char *key;
	} sums[] = {
		{ EXTRA_COMPACTION, USAGE_INPUT, ATTR_GENTAP_COMPACTION_INPUT },
		{ EXTRA_COMPACTION, USAGE_OUTPUT, ATTR_GENTAP_COMPACTION_OUTPUT },
		{ EXTRA_ADVISOR, USAGE_INPUT, ATTR_GENTAP_ADVISOR_INPUT },
		{ EXTRA_ADVISOR, USAGE_OUTPUT, ATTR_GENTAP_ADVISOR_OUTPUT },
	};

	for (size_t k = 0; k < ARRAY_LEN(sums) && c->n_extras; k++) {
		size_t of_kind = 0, counted = 0;
		int64_t sum = 0;

		for (size_t i = 0; i < c->n_extras; i++) {
			if (c->extras[i].kind != sums[k].kind)
				continue;
			of_kind++;
			counted += usage_has(&c->extras[i].usage, sums[k].field);
			sum += usage_get(&c->extras[i].usage, sums[k].field);
		}
		if (of_kind && counted == of_kind)
			span_set_int(s, sums[k].key, sum);
	}
	for (size_t i = 0; i < c->n_extras; i++)
		if (c->extras[i].kind == EXTRA_ADVISOR)
			span_set_str(s, ATTR_GENTAP_ADVISOR_MODEL, c->extras[i].model);
}

static void set_usage(struct span *s, const struct call *c, enum semconv_profile profile)
{
	static const char *const sources[] = {
		[USAGE_SOURCE_NONE] = "none",
		[USAGE_SOURCE_WIRE] = "wire",
		[USAGE_SOURCE_ESTIMATED] = "estimated",
	};

	if (op_in(c, OPS_FETCH) && !c->usage.present)
		return;
	set_counts(s, c, profile, counts, ARRAY_LEN(counts));
	if (profile != SEMCONV_V1_41)
		set_counts(s, c, profile, latest_counts, ARRAY_LEN(latest_counts));
	if ((size_t)c->usage_source < ARRAY_LEN(sources))
		span_set_str(s, ATTR_GENTAP_USAGE_SOURCE, slice_from(sources[c->usage_source]));
	span_set_str(s, ATTR_GENTAP_USAGE_VIOLATION, slice_from(usage_violation(&c->usage)));
	set_extras(s, c);
}

/* One reason for each choice, in their order. A choice that ended without one, in a
 * call that failed or beside choices that have one, says "error". */
static void set_finish_reasons(struct span *s, const struct call *c, bool failed)
{
	_cleanup_free_ struct slice *reasons = NULL;
	size_t n = failed ? MAX(c->n_finish_reasons, c->n_output) : c->n_finish_reasons;
	bool said = failed;

	if (!op_in(c, OPS_INFERENCE | OPS_FETCH | OPS_AGENT) || !n)
		return;
	reasons = calloc(n, sizeof(*reasons));
	if (!reasons) {
		s->dropped_attrs++;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		reasons[i] = SLICE("error");
		if (i >= c->n_finish_reasons || !c->finish_reasons[i].data)
			continue;
		reasons[i] = c->finish_reasons[i];
		said = true;
	}
	if (said)
		span_set_strs(s, ATTR_RESPONSE_FINISH_REASONS, reasons, n);
}

/* "name id" of each tool that the response asks for: what joins this call to the next. */
static void set_tool_calls(struct span *s, const struct call *c)
{
	_cleanup_free_ struct slice *names = NULL;
	struct arena text;

	if (!c->n_tool_calls)
		return;
	arena_init(&text, SPAN_ARENA_MAX);
	names = calloc(c->n_tool_calls, sizeof(*names));
	for (size_t i = 0; names && i < c->n_tool_calls; i++) {
		struct slice name = c->tool_calls[i].name, id = c->tool_calls[i].id;
		char *p = arena_alloc(&text, name.len + 1 + id.len);

		if (!p)
			break;
		names[i] = (struct slice){ p, name.len + (id.len ? 1 + id.len : 0) };
		if (name.len)
			memcpy(p, name.data, name.len);
		p[name.len] = ' ';
		if (id.len)
			memcpy(p + name.len + 1, id.data, id.len);
	}
	if (names && !text.failed)
		span_set_strs(s, ATTR_GENTAP_TOOL_CALLS, names, c->n_tool_calls);
	else
		s->dropped_attrs++;
	arena_release(&text);
}

const char *call_span_source(uint8_t source)
{
	/* Indexed by enum gentap_source, which this floor does not see; the unit test
	 * holds the two together. */
	static const char *const names[] = {
		NULL,  "openssl", "boringssl", "go",   "rustls", "gnutls",
		"nss", "java",	  "socket",    "pipe", "har",	 "other",
	};

	return source < ARRAY_LEN(names) ? names[source] : NULL;
}

/* The connection's other end, and who answers when that is a process of this host. */
static void set_network(struct span *s, const struct call *c)
{
	const struct process *server = c->server_process;

	if (c->server.peer_ip.len) {
		span_set_str(s, ATTR_PEER_ADDRESS, c->server.peer_ip);
		if (c->server.peer_port)
			span_set_int(s, ATTR_PEER_PORT, c->server.peer_port);
	}
	if (server) {
		span_set_int(s, ATTR_GENTAP_SERVER_PID, server->pid);
		span_set_str(s, ATTR_GENTAP_SERVER_EXE, slice_from(server->exe));
	}
}

static void set_gentap(struct span *s, const struct call *c)
{
	static const char *const completeness[] = {
		[COMPLETENESS_FULL] = "full",
		[COMPLETENESS_PARTIAL] = "partial",
		[COMPLETENESS_INFERRED] = "inferred",
	};

	if ((size_t)c->completeness < ARRAY_LEN(completeness))
		span_set_str(s, ATTR_GENTAP_COMPLETENESS,
			     slice_from(completeness[c->completeness]));
	span_set_str(s, ATTR_GENTAP_PARTIAL_REASON, slice_from(c->partial_reason));
	if (c->lost_bytes)
		span_set_int(s, ATTR_GENTAP_LOST_BYTES, (int64_t)MIN(c->lost_bytes, INT64_MAX));
	span_set_str(s, ATTR_GENTAP_CAPTURE_SOURCE, slice_from(call_span_source(c->source)));
	if (c->server_side)
		span_set_str(s, ATTR_GENTAP_OBSERVED_SIDE, SLICE("server"));
	set_network(s, c);
	set_tool_calls(s, c);
}

/* ERROR with its type, and UNSET else: OK is for applications to say. The message is the
 * provider's; some quote what they refuse, keys included. */
static void set_status(struct span *s, const struct call *c)
{
	_cleanup_(buf_cleanup) struct buf message = BUF_INIT(STATUS_MESSAGE_MAX);
	char status[12];

	if (c->error_type.data) {
		span_set_str(s, ATTR_ERROR_TYPE, c->error_type);
	} else if (c->status >= 400) {
		snprintf(status, sizeof(status), "%d", c->status);
		span_set_str(s, ATTR_ERROR_TYPE, slice_from(status));
	} else {
		return;
	}
	s->error = true;
	if (!c->error_message.len)
		return;
	redact_add(&message, slice_sub(c->error_message, 0, STATUS_MESSAGE_MAX / 2),
		   c->error_message.len > STATUS_MESSAGE_MAX / 2);
	s->status_message = arena_copy(&s->arena, buf_slice(&message));
}

static void set_times(struct span *s, const struct call *c)
{
	/* In the order of their happening; what was not seen is 0. */
	const uint64_t seen[] = { c->start_ns,	     c->request_end_ns, c->response_start_ns,
				  c->first_chunk_ns, c->last_chunk_ns,	c->end_ns };

	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		if (!s->start_ns)
			s->start_ns = seen[i];
		if (!c->end_ns)
			s->end_ns = MAX(s->end_ns, seen[i]);
	}
	if (c->end_ns)
		s->end_ns = MAX(c->end_ns, s->start_ns);
	if (op_in(c, OPS_INFERENCE) && c->stream && c->start_ns && c->first_chunk_ns > c->start_ns)
		span_set_double(s, ATTR_RESPONSE_TTFC,
				(double)(c->first_chunk_ns - c->start_ns) / (double)NSEC_PER_SEC);
}

void call_span_place(struct span *s, const struct call *c, const uint8_t seed[16])
{
	const struct process *p = c->process;
	const uint64_t parts[] = { p ? p->start_ns : 0, p ? p->pid : 0, c->conn_hash,
				   c->exchange,		c->start_ns,	c->op };
	struct trace_parent parent = c->parent;
	bool remote = true;

	if (!parent.valid && p && p->traceparent)
		trace_parent_parse(slice_from(p->traceparent), &parent);
	else if (parent.valid)
		s->trace_state = arena_copy(&s->arena, c->trace_state);
	if (!parent.valid && c->served) {
		served_place(c->served, p, seed, parent.trace_id, parent.span_id);
		if (c->served->by_text)
			span_set_str(s, ATTR_GENTAP_INFERRED, SLICE(SERVED_BY_TEXT));
		parent.valid = true;
		remote = false;
	}
	id_derive(seed, ID_SPAN, parts, ARRAY_LEN(parts), s->span_id, sizeof(s->span_id));
	s->own_id = true;
	s->own_trace = !c->parent.valid;
	if (!parent.valid) {
		id_derive(seed, ID_TRACE, parts, ARRAY_LEN(parts), s->trace_id,
			  sizeof(s->trace_id));
		s->trace_flags = FLAG_SAMPLED;
		return;
	}
	memcpy(s->trace_id, parent.trace_id, sizeof(s->trace_id));
	memcpy(s->parent_id, parent.span_id, sizeof(s->parent_id));
	s->parent_remote = remote;
	/* This span is recorded, whatever its parent was. */
	s->trace_flags = parent.flags | FLAG_SAMPLED;
}

static void set_name(struct span *s, const struct call *c)
{
	struct slice op = slice_from(call_operation_name(c->op)), model = c->request_model;
	char *name = NULL;

	if (op_in(c, OPS_RETRIEVAL))
		model = c->data_source_id;
	else if (op_in(c, OPS_CREATE))
		model = c->agent_name;
	if (model.len &&
	    op_in(c, OPS_INFERENCE | OPS_EMBEDDINGS | OPS_RETRIEVAL | OPS_CREATE | OPS_OTHER))
		name = arena_alloc(&s->arena, op.len + 1 + model.len);
	if (!name) {
		s->name = op;
		return;
	}
	memcpy(name, op.data, op.len);
	name[op.len] = ' ';
	memcpy(name + op.len + 1, model.data, model.len);
	s->name = (struct slice){ name, op.len + 1 + model.len };
}

void call_span_fill(struct span *s, const struct call *c, const struct tracer_config *config)
{
	s->kind = SPAN_CLIENT;
	s->process = process_ref(c->process);
	set_name(s, c);
	call_span_place(s, c, config->seed);
	span_set_str(s, ATTR_OPERATION_NAME, slice_from(call_operation_name(c->op)));
	set_server(s, c);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (op_in(c, fields[i].ops))
			set_field(s, c, i);
	set_request(s, c, config->profile);
	set_openai(s, c);
	set_status(s, c);
	set_finish_reasons(s, c, s->error);
	set_usage(s, c, config->profile);
	call_limits_fill(s, c);
	set_times(s, c);
	set_gentap(s, c);
	if (config->content)
		call_content_fill(s, c);
}
