/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder_ws.h"

#include "clues.h"
#include "cleanup.h"
#include "detect.h"
#include "request_head.h"

#include <errno.h>

static void request_out(void *ctx, struct slice data)
{
	struct decoder *d = ctx;
	int r = 0;

	switch (d->request_mode) {
	case BODY_FORM:
		r = multipart_feed(&d->form, data.data, data.len);
		break;
	case BODY_STREAM:
		r = framing_feed(&d->request_stream, data.data, data.len);
		break;
	case BODY_PLAIN:
		break;
	default:
		body_collect(&d->request, data);
	}
	if (r)
		body_stop(&d->request, r == -ENOMEM ? "memory" : "request_unreadable");
}

static void on_field(void *ctx, const struct multipart_part *part)
{
	struct decoder *d = ctx;

	if (!d->call || part->damaged || part->truncated || !part->value.data)
		return;
	d->dialect->field(d->call, &d->config, part->name, part->value);
}

static void on_request_message(void *ctx, const struct event *event)
{
	struct decoder *d = ctx;

	if (d->call)
		d->dialect->message(d->call, &d->config, event->data);
}

void decoder_request_init(struct decoder *d)
{
	body_init(&d->request, d->config.body_max, request_out, d);
	framing_init(&d->request_stream, d->config.body_max, on_request_message, d);
	d->request_mode = BODY_UNKNOWN;
}

void decoder_request_release(struct decoder *d)
{
	if (d->request_mode == BODY_FORM)
		multipart_release(&d->form);
	framing_release(&d->request_stream);
	body_release(&d->request);
}

/* How the body is to be read. A form's files and another format's bytes are not kept. */
static void set_request_mode(struct decoder *d, const struct http_head *head)
{
	struct slice type = http_head_get(head, SLICE("content-type"));
	struct slice boundary = multipart_boundary(type);

	d->request_mode = BODY_JSON;
	if (boundary.data) {
		d->request_mode = BODY_PLAIN;
		if (d->dialect && d->dialect->field &&
		    !multipart_init(&d->form, boundary, FORM_VALUE_MAX, on_field, d))
			d->request_mode = BODY_FORM;
	} else if (framing_by_type(type) == FRAMING_GRPC) {
		d->request_mode = d->dialect && d->dialect->message ? BODY_STREAM : BODY_PLAIN;
		if (d->request_mode == BODY_STREAM)
			framing_start(&d->request_stream, FRAMING_GRPC,
				      http_head_get(head, SLICE("grpc-encoding")));
	}
}

/* A path that others use too: does the body deny that it is this API? */
static bool request_denies(const struct decoder *d, struct json_val root)
{
	return !d->call->profile && d->dialect->shape &&
	       json_type(json_get(root, "model")) != JSON_STRING && !d->dialect->shape(root);
}

static void request_read(struct decoder *d, struct slice text)
{
	/* As the APIs call what they offer the model: tools, and Bedrock's. */
	static const char *const tools[] = { "tools", "toolConfig" };
	struct json doc;
	int r;

	json_init(&doc);
	r = json_parse(&doc, text);
	if (r)
		call_mark_partial(d->call, r == -ENOMEM ? "memory" : "request_unreadable", 0);
	else if (json_truncated(&doc))
		call_mark_partial(d->call, "request_truncated", 0);
	if (!r && !json_truncated(&doc) && request_denies(d, json_root(&doc)))
		decoder_give_up(d);
	else
		d->dialect->request(d->call, &d->config, json_root(&doc));
	for (size_t i = 0; !r && d->call && i < ARRAY_LEN(tools); i++)
		d->call->tools_len += json_raw(json_get(json_root(&doc), tools[i])).len;
	if (!r && d->call && d->config.clues)
		clues_read_body(d->call, d->config.clues, json_root(&doc));
	json_release(&doc);
}

/* Reads what there is of the request, once it will not become more. */
void decoder_request_parse(struct decoder *d)
{
	if (d->request_parsed || !d->dialect || !d->request_ended)
		return;
	d->request_parsed = true;
	if (d->request_mode == BODY_FORM)
		multipart_eof(&d->form);
	if (d->request.reason)
		call_mark_partial(d->call, d->request.reason, 0);
	if (d->request.text.len)
		request_read(d, buf_slice(&d->request.text));
	/* It may have been large, and the stream that follows may be long. */
	buf_release(&d->request.text);
}

/* Looks for an API's shape in the body so far, if the path has not told. */
static void request_try(struct decoder *d)
{
	struct slice text = buf_slice(&d->request.text);
	enum decoder_verdict verdict;

	if (d->dialect || d->ws ||
	    (!d->request_ended &&
	     (d->verdict == DECODER_WANTED || !text.len || text.len < d->request_try_at)))
		return;
	d->request_try_at = MIN(2 * text.len, (size_t)DETECT_BODY_MAX);
	/* Of a body that was lost, the answer may tell. */
	if (!text.len && d->request.reason)
		return;
	verdict = detect_body(&d->json, text, d->request_ended, detect_shape, &d->candidate);
	if (verdict == DECODER_WANTED)
		d->verdict = verdict;
	else if (verdict == DECODER_UNWANTED ||
		 (d->request_ended && !json_truncated(&d->json) &&
		  json_type(json_get(json_root(&d->json), "model")) != JSON_STRING))
		decoder_give_up(d);
}

void decoder_request_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns)
{
	enum operation op = OP_NONE;
	const struct dialect *dialect;
	struct call *c = d->call;

	if (!c || d->request_seen)
		return;
	d->request_seen = true;
	d->verdict = detect_head(head, d->origin.sni);
	if (d->verdict == DECODER_UNWANTED) {
		decoder_give_up(d);
		return;
	}
	c->start_ns = ts_ns;
	request_head_read(c, head, &d->origin);
	if (d->config.clues)
		clues_read_head(c, d->config.clues, head);
	if (head->inferred && c->completeness == COMPLETENESS_FULL)
		c->completeness = COMPLETENESS_INFERRED;
	decoder_ws_init(d, head);
	if (!d->call || d->ws)
		return;
	dialect = detect_request(head, &op);
	decoder_set_dialect(d, dialect, op);
	if (!d->call)
		return;
	set_request_mode(d, head);
	body_set_coding(&d->request, head,
			d->request_mode == BODY_JSON
				? d->config.body_max
				: STREAM_BODIES * (uint64_t)d->config.body_max);
}

void decoder_request_body(struct decoder *d, struct slice data, uint64_t ts_ns)
{
	if (!d->call || d->request_ended)
		return;
	d->call->request_end_ns = ts_ns;
	body_feed(&d->request, data);
	request_try(d);
}

void decoder_request_hole(struct decoder *d, uint64_t len)
{
	if (!d->call)
		return;
	d->lost = true;
	call_mark_partial(d->call, "lost_records", len);
	if (d->request_mode == BODY_FORM && !d->request.inflate)
		multipart_hole(&d->form, len);
	else
		body_stop(&d->request, "lost_records");
}

void decoder_request_end(struct decoder *d, enum http_end how, uint64_t ts_ns)
{
	if (!d->call || d->request_ended)
		return;
	d->request_ended = true;
	d->call->request_end_ns = ts_ns;
	body_end(&d->request);
	if (how == HTTP_END_LOST)
		body_stop(&d->request, "lost_records");
	else if (how == HTTP_END_TRUNCATED)
		body_stop(&d->request, "request_truncated");
	request_try(d);
	decoder_request_parse(d);
}
