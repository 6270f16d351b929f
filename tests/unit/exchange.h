/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests and fuzzers of genai/: feeds one exchange to a decoder in pieces and writes
 * what comes out as one text, every field but the times, so that two runs can be compared.
 */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include "buf.h"
#include "call.h"
#include "cleanup.h"
#include "decoder.h"

struct exchange {
	const char *method; /* NULL: POST */
	const char *target;
	const char *host;
	const char *request_fields; /* "name: value\n" lines; NULL: JSON */
	struct slice request;
	int status;		     /* 0: 200 */
	const char *response_fields; /* NULL: JSON, or an event stream if it looks like one */
	struct slice response;
	enum http_end end;
	bool abort; /* instead of an end */
	bool no_response;
	bool no_request;
	bool content;	 /* keep it */
	bool estimate;	 /* usage that nobody counted */
	size_t body_max; /* 0: 1 MiB */
	size_t hole_at;	 /* of the response, where hole_len bytes are missing */
	size_t hole_len;
	size_t request_hole_at;
	size_t request_hole_len;
};

static inline void dump_slice(struct buf *to, const char *key, struct slice s)
{
	if (!s.data)
		return;
	buf_printf(to, "%s=", key);
	buf_add_json(to, s);
	buf_add_char(to, '\n');
}

static inline void dump_slices(struct buf *to, const char *key, const struct slice *s, size_t count)
{
	if (!count)
		return;
	buf_printf(to, "%s=[", key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add_char(to, ',');
		buf_add_slice(to, s[i]);
	}
	buf_add_str(to, "]\n");
}

static inline void dump_int(struct buf *to, const char *key, int64_t n)
{
	if (n != -1)
		buf_printf(to, "%s=%" PRId64 "\n", key, n);
}

static inline void dump_double(struct buf *to, const char *key, double n)
{
	if (!isnan(n))
		buf_printf(to, "%s=%g\n", key, n);
}

static inline void dump_parts(struct buf *to, const struct part *parts, size_t count)
{
	static const char *const types[] = {
		[PART_TEXT] = "text",
		[PART_REASONING] = "reasoning",
		[PART_TOOL_CALL] = "tool_call",
		[PART_TOOL_RESPONSE] = "tool_response",
		[PART_SERVER_TOOL_CALL] = "server_tool_call",
		[PART_SERVER_TOOL_RESPONSE] = "server_tool_response",
		[PART_BLOB] = "blob",
		[PART_FILE] = "file",
		[PART_URI] = "uri",
		[PART_COMPACTION] = "compaction",
		[PART_OTHER] = "other",
	};

	for (size_t i = 0; i < count; i++) {
		const struct part *p = &parts[i];

		buf_printf(to, "  %s", types[p->type]);
		if (p->id.data)
			buf_printf(to, " #%.*s", SLICE_FMT(p->id));
		if (p->name.data)
			buf_printf(to, " %.*s", SLICE_FMT(p->name));
		if (p->mime.data)
			buf_printf(to, " %.*s", SLICE_FMT(p->mime));
		if (p->modality.data)
			buf_printf(to, " %.*s", SLICE_FMT(p->modality));
		buf_printf(to, "%s%s", p->json ? " json" : "", p->is_error ? " error" : "");
		if (p->text.data) {
			buf_add_char(to, ' ');
			buf_add_json(to, p->text);
		}
		if (p->len != p->text.len)
			buf_printf(to, " of %" PRIu64, p->len);
		buf_add_char(to, '\n');
	}
}

static inline void dump_messages(struct buf *to, const char *key, const struct message *m,
				 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(to, "%s %.*s", key, SLICE_FMT(m[i].role));
		if (m[i].name.data)
			buf_printf(to, " name=%.*s", SLICE_FMT(m[i].name));
		if (m[i].finish_reason.data)
			buf_printf(to, " finish=%.*s", SLICE_FMT(m[i].finish_reason));
		buf_add_char(to, '\n');
		dump_parts(to, m[i].parts, m[i].n_parts);
	}
}

static inline void dump_usage(struct buf *to, const struct usage *u)
{
	static const char *const names[USAGE_FIELDS] = {
		"in",	     "read",	   "write",	 "write_5m", "write_30m", "write_1h",
		"write_12h", "in_text",	   "in_audio",	 "in_image", "in_video",  "in_tool",
		"read_text", "read_audio", "read_image", "out",	     "reasoning", "out_text",
		"out_audio", "out_image",  "total",	 "searches", "fetches",	  "codes",
		"files",     "units",	   "audio_ms",
	};

	if (!u->present && !u->cost_known)
		return;
	buf_add_str(to, "usage");
	for (int f = 0; f < USAGE_FIELDS; f++)
		if (usage_has(u, f))
			buf_printf(to, " %s=%" PRId64, names[f], usage_get(u, f));
	if (u->cost_known)
		buf_printf(to, " cost=%g", u->cost_usd);
	buf_add_char(to, '\n');
}

static inline void dump_extras(struct buf *to, const struct call *c)
{
	for (size_t i = 0; i < c->n_extras; i++) {
		buf_add_str(to, c->extras[i].kind == EXTRA_COMPACTION ? "compaction " : "advisor ");
		dump_slice(to, "model", c->extras[i].model);
		dump_usage(to, &c->extras[i].usage);
	}
}

static inline void dump_limits(struct buf *to, const struct call *c)
{
	for (size_t i = 0; i < c->n_rate_limits; i++) {
		const struct rate_limit *l = &c->rate_limits[i];

		buf_printf(to, "limit %s", rate_limit_name(l->kind));
		if (l->limit >= 0)
			buf_printf(to, " of=%" PRId64, l->limit);
		if (l->remaining >= 0)
			buf_printf(to, " left=%" PRId64, l->remaining);
		if (l->reset_ns)
			buf_printf(to, " reset=%" PRIu64, l->reset_ns);
		if (!isnan(rate_limit_used(l)))
			buf_printf(to, " used=%.3g", rate_limit_used(l));
		buf_add_char(to, '\n');
	}
	dump_double(to, "retry_after", c->retry_after_s);
}

static inline void dump_request(struct buf *to, const struct call *c)
{
	dump_slice(to, "request_model", c->request_model);
	if (c->stream)
		buf_add_str(to, "stream\n");
	dump_int(to, "max_tokens", c->max_tokens);
	dump_int(to, "top_k", c->top_k);
	if (c->has_seed)
		buf_printf(to, "seed=%" PRId64 "\n", c->seed);
	dump_int(to, "choices", c->choice_count);
	dump_int(to, "dimensions", c->dimensions);
	dump_double(to, "temperature", c->temperature);
	dump_double(to, "top_p", c->top_p);
	dump_double(to, "frequency_penalty", c->frequency_penalty);
	dump_double(to, "presence_penalty", c->presence_penalty);
	dump_slices(to, "stop", c->stop_sequences, c->n_stop_sequences);
	dump_slices(to, "formats", c->encoding_formats, c->n_encoding_formats);
	dump_slice(to, "reasoning", c->reasoning_level);
	dump_slice(to, "output_type", c->output_type);
	dump_slice(to, "request_tier", c->request_service_tier);
	dump_slice(to, "request_speed", c->request_speed);
	dump_slice(to, "previous", c->previous_response_id);
	dump_slice(to, "conversation", c->conversation_id);
	dump_slice(to, "user", c->user);
	dump_slice(to, "guardrail", c->guardrail_id);
	dump_slice(to, "agent", c->agent_id);
	dump_slice(to, "agent_name", c->agent_name);
	dump_slice(to, "agent_description", c->agent_description);
	dump_slice(to, "cursor", c->stream_cursor);
	dump_slice(to, "data_source", c->data_source_id);
	if (c->background)
		buf_add_str(to, "background\n");
	if (c->compacted)
		buf_add_str(to, "compacted\n");
}

static inline void dump_call(struct buf *to, const struct call *c)
{
	static const char *const completeness[] = { "full", "partial", "inferred" };

	buf_printf(to, "%s %s\n", c->dialect, call_operation_name(c->op));
	dump_slice(to, "provider", c->provider);
	dump_slice(to, "api_type", slice_from(c->api_type));
	dump_slice(to, "server", c->server.address);
	buf_printf(to, "status=%d\n", c->status);
	dump_slice(to, "request_id", c->request_id);
	dump_int(to, "retries", c->retry_count);
	dump_slice(to, "trace_state", c->trace_state);
	dump_request(to, c);
	dump_slice(to, "id", c->response_id);
	dump_slice(to, "model", c->response_model);
	dump_slice(to, "response_status", c->response_status);
	dump_slice(to, "tier", c->service_tier);
	dump_slice(to, "speed", c->speed);
	dump_slice(to, "geo", c->inference_geo);
	dump_slice(to, "region", c->region);
	dump_double(to, "processing", c->processing_s);
	dump_double(to, "queue", c->queue_s);
	dump_limits(to, c);
	dump_slice(to, "fingerprint", c->system_fingerprint);
	dump_slices(to, "finish", c->finish_reasons, c->n_finish_reasons);
	dump_slices(to, "raw_finish", c->raw_finish_reasons, c->n_finish_reasons);
	dump_usage(to, &c->usage);
	dump_extras(to, c);
	if (c->n_system)
		buf_add_str(to, "system\n");
	dump_parts(to, c->system, c->n_system);
	dump_messages(to, "input", c->input, c->n_input);
	dump_messages(to, "output", c->output, c->n_output);
	for (size_t i = 0; i < c->n_tools; i++)
		buf_printf(to, "tool %.*s %.*s %.*s\n", SLICE_FMT(c->tools[i].type),
			   SLICE_FMT(c->tools[i].name), SLICE_FMT(c->tools[i].parameters));
	for (size_t i = 0; i < c->n_tool_calls; i++)
		buf_printf(to, "call %.*s %.*s #%.*s %.*s%s\n", SLICE_FMT(c->tool_calls[i].type),
			   SLICE_FMT(c->tool_calls[i].name), SLICE_FMT(c->tool_calls[i].id),
			   SLICE_FMT(c->tool_calls[i].arguments),
			   c->tool_calls[i].truncated ? " truncated" : "");
	dump_slice(to, "error", c->error_type);
	dump_slice(to, "message", c->error_message);
	if (c->completeness != COMPLETENESS_FULL)
		buf_printf(to, "%s %s lost=%" PRIu64 "\n", completeness[c->completeness],
			   c->partial_reason ? c->partial_reason : "", c->lost_bytes);
}

/* Fields from "name: value\n" lines, which they point into. */
static inline size_t exchange_fields(const char *lines, struct http_field *fields, size_t max)
{
	struct slice rest = slice_from(lines);
	size_t count = 0;

	while (rest.len && count < max) {
		struct slice line = slice_cut(&rest, '\n'), value = line;
		struct slice name = slice_cut(&value, ':');

		fields[count++] = (struct http_field){ name, slice_trim(value) };
	}
	return count;
}

#define EXCHANGE_FIELDS 16
#define EXCHANGE_JSON "content-type: application/json\n"
#define EXCHANGE_STREAM "content-type: text/event-stream; charset=utf-8\n"

typedef void (*exchange_piece_fn)(struct decoder *d, struct slice data, uint64_t ts_ns);
typedef void (*exchange_hole_fn)(struct decoder *d, uint64_t len);

/* Feeds `all` in pieces of `step` bytes, the first one `first` long; [at, at+len) is a
 * hole. Each piece is a copy of its own size, so that reading over its end shows. */
static inline void exchange_feed(struct decoder *d, struct slice all, size_t first, size_t step,
				 size_t at, size_t len, exchange_piece_fn piece,
				 exchange_hole_fn hole)
{
	size_t pos = 0, want = first ? first : step;
	uint64_t ts = 1000;

	while (pos < all.len) {
		size_t n = MIN(want, all.len - pos);

		if (len && pos < at)
			n = MIN(n, at - pos);
		if (len && pos == at) {
			hole(d, len);
			pos += len;
			continue;
		}
		void *copy = malloc(n);

		if (copy)
			memcpy(copy, all.data + pos, n);
		piece(d, (struct slice){ copy ? copy : all.data + pos, n }, ts += 10);
		free(copy);
		pos += n;
		want = step;
	}
}

/* 0 when it ran; -ENOMEM when there was no decoder. */
static inline int exchange_run(const struct exchange *x, call_fn emit, void *ctx, size_t first,
			       size_t step)
{
	const struct decoder_config config = {
		.body_max = x->body_max ? x->body_max : 1024 * 1024,
		.content = x->content,
		.content_max = 64 * 1024,
		.estimate = x->estimate,
	};
	const struct decoder_origin origin = { .conn_hash = 1,
					       .peer_port = 443,
					       .sni = slice_from(x->host) };
	const char *type =
		x->response.len && x->response.data[0] != '{' ? EXCHANGE_STREAM : EXCHANGE_JSON;
	struct http_field request_fields[EXCHANGE_FIELDS], response_fields[EXCHANGE_FIELDS];
	struct http_head request = {
		.version = 11,
		.method = slice_from(x->method ? x->method : "POST"),
		.target = slice_from(x->target),
		.authority = slice_from(x->host),
		.fields = request_fields,
		.n_fields = exchange_fields(x->request_fields ? x->request_fields : EXCHANGE_JSON,
					    request_fields, EXCHANGE_FIELDS),
	};
	struct http_head response = {
		.response = true,
		.version = 11,
		.status = x->status ? x->status : 200,
		.fields = response_fields,
		.n_fields = exchange_fields(x->response_fields ? x->response_fields : type,
					    response_fields, EXCHANGE_FIELDS),
	};
	struct decoder *d;
	int r = decoder_new(&d, &config, &origin, emit, ctx);

	if (r)
		return r;
	if (!x->no_request) {
		decoder_request_head(d, &request, 100);
		exchange_feed(d, x->request, first, step, x->request_hole_at, x->request_hole_len,
			      decoder_request_body, decoder_request_hole);
		decoder_request_end(d, HTTP_END_COMPLETE, 200);
	}
	if (!x->no_response) {
		decoder_response_head(d, &response, 900);
		exchange_feed(d, x->response, first, step, x->hole_at, x->hole_len,
			      decoder_response_body, decoder_response_hole);
	}
	if (x->abort)
		decoder_abort(d, 9000);
	else
		decoder_response_end(d, x->end, 9000);
	decoder_free(d);
	return 0;
}

static inline void exchange_dump_fn(void *ctx, struct call *c)
{
	dump_call(ctx, c);
	call_free(c);
}

static inline void exchange_keep_fn(void *ctx, struct call *c)
{
	struct call **kept = ctx;

	call_free(*kept);
	*kept = c;
}

/* The call itself; NULL when it is none. Free it. */
static inline struct call *exchange_call(const struct exchange *x)
{
	struct call *c = NULL;

	exchange_run(x, exchange_keep_fn, &c, 0, SIZE_MAX);
	return c;
}

/* What the exchange gives, as text; empty when it is no call. Release it. */
static inline struct buf exchange_dump(const struct exchange *x, size_t first, size_t step)
{
	struct buf out = BUF_INIT(16 * 1024 * 1024);

	exchange_run(x, exchange_dump_fn, &out, first, step);
	return out;
}

#endif
