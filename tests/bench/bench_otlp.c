/* SPDX-License-Identifier: Apache-2.0 */
/* From a call to a request, on one core: span made, span encoded, request put together and
 * compressed. A span as a chat call without content gives it: some 25 attributes. */
#include "call_span.h"
#include "cleanup.h"
#include "clock.h"
#include "gzip.h"
#include "ids.h"
#include "queue.h"

#define BATCH 512
#define RUN_NS (NSEC_PER_SEC / 2)

static const struct otlp_host host = {
	.host_name = SLICE("node-1"),
	.host_id = SLICE("4d63009a8d0f11eeaad74c796ed8e320"),
	.host_arch = SLICE("amd64"),
	.version = SLICE("0.1.0"),
};

static struct call *new_call(void)
{
	struct call *c = NULL;

	if (call_new(&c))
		exit(1);
	c->op = OP_CHAT;
	c->provider = SLICE("openai");
	c->api_type = "chat_completions";
	c->request_model = SLICE("gpt-5.4-mini");
	c->response_model = SLICE("gpt-5.4-mini-2026-03-05");
	c->response_id = SLICE("chatcmpl-ABCDEFGHIJKLMNOPQRSTUVWXYZ012345");
	c->server.address = SLICE("api.openai.com");
	c->server.port = 443;
	c->stream = true;
	c->temperature = 0.7;
	c->top_p = 1;
	c->max_tokens = 4096;
	c->service_tier = SLICE("default");
	c->system_fingerprint = SLICE("fp_0123456789");
	c->request_id = SLICE("req_0123456789abcdef0123456789abcdef");
	c->retry_count = 0;
	c->source = 1;
	c->status = 200;
	c->start_ns = UINT64_C(1790000000000000000);
	c->first_chunk_ns = c->start_ns + 300 * NSEC_PER_MSEC;
	c->end_ns = c->start_ns + 2000 * NSEC_PER_MSEC;
	call_set_finish(c, 0, SLICE("stop"));
	usage_set(&c->usage, USAGE_INPUT, 1234);
	usage_set(&c->usage, USAGE_OUTPUT, 567);
	usage_set(&c->usage, USAGE_CACHE_READ, 1024);
	usage_set(&c->usage, USAGE_REASONING, 128);
	usage_set(&c->usage, USAGE_TOTAL, 1801);
	c->usage_source = USAGE_SOURCE_WIRE;
	return c;
}

static void report(const char *what, uint64_t spans, uint64_t bytes, uint64_t took_ns)
{
	printf("%-34s %9.0f spans/s %8.2f us/span %6.0f B/span\n", what,
	       (double)spans * 1e9 / (double)took_ns, (double)took_ns / 1e3 / (double)spans,
	       (double)bytes / (double)spans);
}

static void bench_fill(const struct call *c)
{
	struct tracer_config config = { 0 };
	uint64_t began = clock_mono_ns(), took, n = 0;

	do {
		struct span *s;

		if (span_new(&s))
			exit(1);
		call_span_fill(s, c, &config);
		span_free(s);
		n++;
		took = clock_mono_ns() - began;
	} while (took < RUN_NS);
	report("call to span", n, 0, took);
}

static void bench_encode(const struct span *s, enum otlp_encoding e)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	uint64_t began = clock_mono_ns(), took, n = 0;

	do {
		buf_reset(&b, 1 << 20);
		otlp_encode_span(&b, e, s);
		n++;
		took = clock_mono_ns() - began;
	} while (took < RUN_NS);
	report(e == OTLP_JSON ? "span to JSON" : "span to protobuf", n, n * b.len, took);
}

/* A batch of calls that differ in what calls differ in: ids, times, counts. */
static void fill_queue(struct otlp_queue *q, struct call *c, enum otlp_encoding e)
{
	struct tracer_config config = { 0 };

	for (uint64_t i = 0; i < BATCH; i++) {
		_cleanup_(buf_cleanup) struct buf encoded = BUF_INIT(1 << 20);
		uint8_t id[16];
		char text[64];
		struct span *s;

		id_derive(config.seed, ID_SPAN, &i, 1, id, sizeof(id));
		snprintf(text, sizeof(text), "chatcmpl-%02x%02x%02x%02x%02x%02x%02x%02x", id[0],
			 id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
		c->response_id = slice_from(text);
		c->exchange = i;
		c->start_ns += NSEC_PER_MSEC + id[8] * 1000;
		c->first_chunk_ns = c->start_ns + id[9] * NSEC_PER_MSEC;
		c->end_ns = c->first_chunk_ns + id[10] * NSEC_PER_MSEC + id[11] * 1000;
		usage_set(&c->usage, USAGE_INPUT, 20 * id[12]);
		usage_set(&c->usage, USAGE_OUTPUT, 2 * id[13]);
		if (span_new(&s))
			exit(1);
		call_span_fill(s, c, &config);
		otlp_encode_span(&encoded, e, s);
		if (otlp_queue_add(q, buf_slice(&encoded), 1, s->process, 0))
			exit(1);
		span_free(s);
	}
	c->response_id = SLICE_NONE;
}

static void bench_request(struct call *c, enum otlp_encoding e, bool gzip)
{
	_cleanup_(buf_cleanup) struct buf body = BUF_INIT(64 << 20), packed = BUF_INIT(64 << 20);
	struct otlp_queue q = { 0 };
	uint64_t began, took, n = 0;
	char what[64];

	fill_queue(&q, c, e);
	began = clock_mono_ns();
	do {
		buf_reset(&body, 64 << 20);
		buf_reset(&packed, 64 << 20);
		otlp_queue_encode(&body, &q, OTLP_TRACES, e, SEMCONV_V1_41, &host);
		if (gzip && gzip_add(&packed, buf_slice(&body)))
			exit(1);
		n += BATCH;
		took = clock_mono_ns() - began;
	} while (took < RUN_NS);
	snprintf(what, sizeof(what), "request of %d, %s%s", BATCH,
		 e == OTLP_JSON ? "JSON" : "protobuf", gzip ? ", gzip" : "");
	report(what, n, n * (gzip ? packed.len : body.len) / BATCH, took);
	otlp_queue_release(&q);
}

int main(void)
{
	struct tracer_config config = { 0 };
	struct call *c = new_call();
	struct span *s;

	if (span_new(&s) || process_new(&c->process))
		return 1;
	c->process->pid = 4711;
	c->process->exe = strdup("/usr/bin/python3.11");
	c->process->cmdline = strdup("python3 /srv/agent.py");
	call_span_fill(s, c, &config);
	bench_fill(c);
	for (int e = 0; e < 2; e++) {
		bench_encode(s, (enum otlp_encoding)e);
		bench_request(c, (enum otlp_encoding)e, false);
		bench_request(c, (enum otlp_encoding)e, true);
	}
	printf("%zu attributes\n", s->n_attrs);
	span_free(s);
	call_free(c);
	return 0;
}
