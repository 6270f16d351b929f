/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MB/s of each parser on what an LLM call looks like: a 50 KB request, a response of 200
 * chunks of 250 bytes, fed as TLS records bring them. CPU time, medians of interleaved
 * rounds; for content codings, the decoded bytes.
 */
#include "buf.h"
#include "cleanup.h"
#include "http1.h"
#include "inflate.h"
#include "json.h"
#include "sse.h"

#include <brotli/encode.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#define ROUNDS 11
#define ROUND_NS 20000000
#define CHUNKS 200
#define RECORD 16384
#define TEXT_MAX (1 << 20)

static uint64_t seen; /* what came out, so that nothing is optimised away */
static struct buf request, response, events, gzipped, brotlied, zstded;
static struct buf chunk; /* one event */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void make_input(void)
{
	struct buf *all[] = { &request, &response, &events, &gzipped, &brotlied, &zstded, &chunk };
	z_stream z = { 0 };
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_init(all[i], TEXT_MAX);
	buf_printf(&request,
		   "POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\n"
		   "Authorization: Bearer sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
		   "User-Agent: openai/1.2 python/3.11\r\nContent-Type: application/json\r\n"
		   "Content-Length: 50000\r\n\r\n");
	for (int i = 0; i < 50000; i++)
		buf_add_char(&request, "abc {}\""[i % 7]);
	buf_printf(&chunk,
		   "data: {\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\","
		   "\"created\":1700000000,\"model\":\"gpt-5-mini\",\"choices\":[{\"index\":0,"
		   "\"delta\":"
		   "{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}],\"pad\":\"");
	while (chunk.len < 246)
		buf_add_char(&chunk, 'x');
	buf_add_str(&chunk, "\"}\n\n");
	buf_add_str(&response, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < CHUNKS; i++) {
		buf_printf(&response, "%zx\r\n", chunk.len);
		buf_add_slice(&response, buf_slice(&chunk));
		buf_add_str(&response, "\r\n");
		buf_add_slice(&events, buf_slice(&chunk));
	}
	buf_add_str(&response, "0\r\n\r\n");
	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)request.data;
	z.avail_in = (uInt)request.len;
	z.next_out = buf_reserve(&gzipped, request.len);
	z.avail_out = (uInt)request.len;
	deflate(&z, Z_FINISH);
	buf_commit(&gzipped, request.len - z.avail_out);
	deflateEnd(&z);
	len = request.len;
	BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, request.len, (uint8_t *)request.data, &len,
			      buf_reserve(&brotlied, len));
	buf_commit(&brotlied, len);
	len = request.len;
	buf_commit(&zstded,
		   ZSTD_compress(buf_reserve(&zstded, len), len, request.data, request.len, 3));
}

static enum http_body on_head(void *ctx, const struct http_head *h)
{
	(void)ctx;
	seen += h->n_fields;
	return HTTP_BODY_FRAMED;
}

static void on_slice(void *ctx, struct slice data)
{
	(void)ctx;
	seen += data.len;
}

static void on_end(void *ctx, enum http_end how)
{
	(void)ctx;
	if (how != HTTP_END_COMPLETE)
		abort();
}

static void on_event(void *ctx, const struct sse_event *e)
{
	(void)ctx;
	seen += e->data.len;
}

static void feed_http(bool is_response, struct slice in, size_t step)
{
	static const struct http_sink sink = {
		.head = on_head,
		.body = on_slice,
		.end = on_end,
		.raw = on_slice,
	};
	struct http1 h;

	http1_init(&h, is_response, &sink);
	for (size_t at = 0; at < in.len; at += step)
		http1_feed(&h, in.data + at, MIN(step, in.len - at));
	http1_release(&h);
}

static void feed_sse(size_t step)
{
	struct sse s;

	sse_init(&s, TEXT_MAX, on_event, NULL);
	for (size_t at = 0; at < events.len; at += step)
		sse_feed(&s, events.data + at, MIN(step, events.len - at));
	sse_eof(&s);
	sse_release(&s);
}

static void feed_inflate(struct slice coding, const struct buf *coded)
{
	struct inflate *i = NULL;

	if (inflate_new(&i, coding, TEXT_MAX, on_slice, NULL) ||
	    inflate_feed(i, coded->data, coded->len))
		abort();
	inflate_free(i);
}

static void http_request(void)
{
	feed_http(false, buf_slice(&request), RECORD);
}

static void http_response(void)
{
	feed_http(true, buf_slice(&response), RECORD);
}

static void http_response_per_chunk(void)
{
	feed_http(true, buf_slice(&response), chunk.len + 6);
}

static void sse_per_event(void)
{
	feed_sse(chunk.len);
}

static void sse_records(void)
{
	feed_sse(RECORD);
}

static void sse_split(void)
{
	feed_sse(100);
}

static void json_chunks(void)
{
	static struct json j;

	for (int i = 0; i < CHUNKS; i++)
		seen += (uint64_t)json_parse(&j, slice_sub(buf_slice(&chunk), 6, chunk.len - 8));
}

static void gzip_body(void)
{
	feed_inflate(SLICE("gzip"), &gzipped);
}

static void br_body(void)
{
	feed_inflate(SLICE("br"), &brotlied);
}

static void zstd_body(void)
{
	feed_inflate(SLICE("zstd"), &zstded);
}

static const struct {
	const char *name;
	void (*run)(void);
	const struct buf *bytes; /* of one run */
} rows[] = {
	{ "http1, request", http_request, &request },
	{ "http1, chunked response, records", http_response, &response },
	{ "http1, chunked response, 250 B", http_response_per_chunk, &response },
	{ "sse, one event a feed", sse_per_event, &events },
	{ "sse, records", sse_records, &events },
	{ "sse, split events", sse_split, &events },
	{ "json, each event", json_chunks, &events },
	{ "inflate, gzip", gzip_body, &request },
	{ "inflate, br", br_body, &request },
	{ "inflate, zstd", zstd_body, &request },
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double round_us(void (*run)(void))
{
	uint64_t start = now_ns(), n = 0;

	do {
		run();
		n++;
	} while (now_ns() - start < ROUND_NS);
	return (double)(now_ns() - start) / 1e3 / (double)n;
}

int main(void)
{
	double us[ARRAY_LEN(rows)][ROUNDS];

	make_input();
	for (size_t r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			us[i][r] = round_us(rows[i].run);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		qsort(us[i], ROUNDS, sizeof(us[i][0]), compare);
		printf("%-34s %8zu bytes %8.1f us %8.0f MB/s\n", rows[i].name, rows[i].bytes->len,
		       us[i][ROUNDS / 2], (double)rows[i].bytes->len / us[i][ROUNDS / 2]);
	}
	return seen == 0;
}
