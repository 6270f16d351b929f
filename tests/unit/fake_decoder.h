/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for genai/decoder in tests of flow: writes down what each exchange was told,
 * one line when it ends. Wanted is what goes to /v1.
 */
#ifndef TESTS_FAKE_DECODER_H
#define TESTS_FAKE_DECODER_H

#include "buf.h"
#include "decoder.h"
#include "detect.h"

struct decoder {
	struct buf text;
	uint64_t exchange;
	bool server_side;
	enum decoder_verdict verdict;
	uint64_t first_ns, last_ns;
	bool ended;
};

static struct buf fake_log = { .max = 1 << 24 }; /* "#number request > response : how" */
static unsigned int fake_open;

int decoder_new(struct decoder **ret, const struct decoder_config *config,
		const struct decoder_origin *origin, call_fn emit, void *ctx)
{
	struct decoder *d = calloc(1, sizeof(*d));

	(void)config, (void)emit, (void)ctx;
	if (!d)
		return -12;
	buf_init(&d->text, 1 << 20);
	d->exchange = origin->exchange;
	d->server_side = origin->server_side;
	fake_open++;
	*ret = d;
	return 0;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	fake_open--;
	buf_release(&d->text);
	free(d);
}

static void fake_head(struct decoder *d, const struct http_head *head)
{
	if (head->response)
		buf_printf(&d->text, " > %d ", head->status);
	else
		buf_printf(&d->text, "%.*s%s%.*s ", SLICE_FMT(head->method),
			   head->method.data ? " " : "", SLICE_FMT(head->target));
	if (head->inferred)
		buf_add_str(&d->text, "? ");
}

void decoder_request_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns)
{
	d->first_ns = ts_ns;
	if (head->target.data)
		d->verdict = slice_starts(head->target, SLICE("/v1")) ? DECODER_WANTED
								      : DECODER_UNWANTED;
	fake_head(d, head);
}

void decoder_response_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns)
{
	d->last_ns = ts_ns;
	fake_head(d, head);
}

void decoder_request_body(struct decoder *d, struct slice data, uint64_t ts_ns)
{
	d->last_ns = ts_ns;
	buf_add_slice(&d->text, data);
}

void decoder_response_body(struct decoder *d, struct slice data, uint64_t ts_ns)
{
	d->last_ns = ts_ns;
	buf_add_slice(&d->text, data);
}

void decoder_request_hole(struct decoder *d, uint64_t len)
{
	buf_printf(&d->text, "[%llu]", (unsigned long long)len);
}

void decoder_response_hole(struct decoder *d, uint64_t len)
{
	buf_printf(&d->text, "[%llu]", (unsigned long long)len);
}

void decoder_request_end(struct decoder *d, enum http_end how, uint64_t ts_ns)
{
	(void)ts_ns;
	if (how != HTTP_END_COMPLETE)
		buf_printf(&d->text, " request %d", how);
}

void decoder_response_trailers(struct decoder *d, const struct http_head *trailers, uint64_t ts_ns)
{
	d->last_ns = ts_ns;
	for (size_t i = 0; i < trailers->n_fields; i++)
		buf_printf(&d->text, "{%.*s=%.*s}", SLICE_FMT(trailers->fields[i].name),
			   SLICE_FMT(trailers->fields[i].value));
}

void decoder_ws_message(struct decoder *d, enum ws_side side, bool text, struct slice message,
			uint64_t ts_ns)
{
	d->last_ns = ts_ns;
	buf_printf(&d->text, "%c%s%.*s%s", side == WS_CLIENT ? '>' : '<', text ? "\"" : "(",
		   SLICE_FMT(message), text ? "\"" : ")");
	/* Told when it is too late to unsay it: what is spoken was unknown until now. */
	if (slice_eq(message, SLICE("unwanted")))
		d->verdict = DECODER_UNWANTED;
	else if (slice_eq(message, SLICE("wanted")))
		d->verdict = DECODER_WANTED;
}

void decoder_ws_hole(struct decoder *d, enum ws_side side, uint64_t len)
{
	buf_printf(&d->text, "%c[%llu]", side == WS_CLIENT ? '>' : '<', (unsigned long long)len);
}

size_t decoder_held(const struct decoder *d)
{
	return d->text.len;
}

static void fake_emit(struct decoder *d, const char *how)
{
	if (!d->ended)
		buf_printf(&fake_log, "#%llu %.*s%s\n", (unsigned long long)d->exchange,
			   SLICE_FMT(buf_slice(&d->text)), how);
	d->ended = true;
}

void decoder_response_end(struct decoder *d, enum http_end how, uint64_t ts_ns)
{
	static const char *const names[] = { " : complete", " : closed", " : truncated",
					     " : lost" };

	d->last_ns = ts_ns;
	fake_emit(d, names[how]);
}

void decoder_abort(struct decoder *d, uint64_t ts_ns)
{
	d->last_ns = ts_ns;
	fake_emit(d, " : abort");
}

enum decoder_verdict decoder_verdict(const struct decoder *d)
{
	return d->verdict;
}

/* No host is a provider's: dialects, and with them the decoder, stay out. */
const struct provider *detect_provider(struct slice host, uint16_t port, struct slice path)
{
	(void)host, (void)port, (void)path;
	return NULL;
}

#endif
