/* SPDX-License-Identifier: Apache-2.0 */
/* MB/s of input per framing, on one core, in pieces of 16 KiB as records bring them. */
#include "clock.h"
#include "cleanup.h"
#include "eventstream.h"
#include "grpc.h"
#include "h2_session.h"
#include "jsonarray.h"
#include "multipart.h"
#include "ndjson.h"
#include "ws.h"

#include <stdio.h>
#include <zlib.h>

#define PIECE 16384
#define INPUT (8 * 1024 * 1024)
#define RUN_NS (NSEC_PER_SEC / 2)

static const char event[] =
	"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
	"\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}";
static uint64_t seen; /* what came out, so that nothing is optimised away */

static void on_slice(void *ctx, struct slice s)
{
	(void)ctx;
	seen += s.len;
}

static void run_ndjson(struct slice in)
{
	struct ndjson p;

	ndjson_init(&p, 1 << 20, on_slice, NULL);
	for (size_t at = 0; at < in.len; at += PIECE)
		ndjson_feed(&p, in.data + at, MIN(PIECE, in.len - at));
	ndjson_release(&p);
}

static void run_jsonarray(struct slice in)
{
	struct jsonarray p;

	jsonarray_init(&p, 1 << 20, on_slice, NULL);
	for (size_t at = 0; at < in.len; at += PIECE)
		jsonarray_feed(&p, in.data + at, MIN(PIECE, in.len - at));
	jsonarray_release(&p);
}

static void on_event(void *ctx, const struct eventstream_message *m)
{
	on_slice(ctx, m->payload);
}

static void run_eventstream(struct slice in)
{
	struct eventstream p;

	eventstream_init(&p, 1 << 20, on_event, NULL);
	for (size_t at = 0; at < in.len; at += PIECE)
		eventstream_feed(&p, in.data + at, MIN(PIECE, in.len - at));
	eventstream_release(&p);
}

static void run_grpc(struct slice in)
{
	struct grpc p;

	grpc_init(&p, SLICE("gzip"), 1 << 20, on_slice, NULL);
	for (size_t at = 0; at < in.len; at += PIECE)
		grpc_feed(&p, in.data + at, MIN(PIECE, in.len - at));
	grpc_release(&p);
}

static void on_part(void *ctx, const struct multipart_part *part)
{
	(void)ctx;
	seen += part->size;
}

static void run_multipart(struct slice in)
{
	struct multipart p;

	multipart_init(&p, SLICE("----boundary"), 65536, on_part, NULL);
	for (size_t at = 0; at < in.len; at += PIECE)
		multipart_feed(&p, in.data + at, MIN(PIECE, in.len - at));
	multipart_eof(&p);
	multipart_release(&p);
}

static void on_ws(void *ctx, bool text, struct slice data)
{
	(void)text;
	on_slice(ctx, data);
}

static void run_ws_as(struct slice in, bool client, bool deflated)
{
	const struct ws_extensions extensions = { .deflate = deflated };
	const struct ws_sink sink = { NULL, on_ws, NULL };
	struct ws p;

	ws_init(&p, client, &extensions, 1 << 20, &sink);
	for (size_t at = 0; at < in.len; at += PIECE)
		ws_feed(&p, in.data + at, MIN(PIECE, in.len - at));
	ws_release(&p);
}

static void run_ws(struct slice in)
{
	run_ws_as(in, false, false);
}

static void run_ws_masked(struct slice in)
{
	run_ws_as(in, true, false);
}

static void run_ws_deflate(struct slice in)
{
	run_ws_as(in, false, true);
}

static void no_head(void *ctx, struct h2_stream *s, int dir, const struct http_head *head)
{
	(void)ctx, (void)s, (void)dir;
	seen += head->n_fields;
}

static void no_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	(void)s, (void)dir;
	on_slice(ctx, data);
}

static void no_hole(void *ctx, struct h2_stream *s, int dir, uint64_t len)
{
	(void)ctx, (void)s, (void)dir, (void)len;
}

static void no_end(void *ctx, struct h2_stream *s, int dir, enum http_end how)
{
	(void)ctx, (void)s, (void)dir, (void)how;
}

static void no_closed(void *ctx, struct h2_stream *s)
{
	(void)ctx, (void)s;
}

static struct session session;

static void run_h2(struct slice in)
{
	const struct h2_sink sink = { NULL, no_head, NULL, no_body, no_hole, no_end, no_closed };
	struct h2 h;

	h2_init(&h, CLIENT, false, &sink);
	for (size_t i = 0; i < session.n; i++)
		h2_feed(&h, session.records[i].dir, in.data + session.records[i].at,
			session.records[i].len);
	h2_release(&h);
}

/* ---- Inputs ------------------------------------------------------------------------- */

static void make_ndjson(struct buf *b)
{
	buf_add_str(b, event);
	buf_add_char(b, '\n');
}

static void make_jsonarray(struct buf *b)
{
	buf_add_str(b, b->len ? ",\n" : "[");
	buf_add_str(b, event);
}

static void add_u32(struct buf *b, uint32_t v)
{
	const char bytes[] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	buf_add(b, bytes, sizeof(bytes));
}

static void add_crc(struct buf *b, size_t from)
{
	add_u32(b, (uint32_t)crc32(0, (const Bytef *)b->data + from, (uInt)(b->len - from)));
}

static void make_eventstream(struct buf *b)
{
	size_t from = b->len;

	add_u32(b, EVENTSTREAM_OVERHEAD + sizeof(event) - 1);
	add_u32(b, 0);
	add_crc(b, from);
	buf_add_str(b, event);
	add_crc(b, from);
}

static void make_grpc(struct buf *b)
{
	buf_add_char(b, '\0');
	add_u32(b, sizeof(event) - 1);
	buf_add_str(b, event);
}

static void make_multipart(struct buf *b)
{
	if (!b->len)
		buf_add_str(b, "------boundary\r\nContent-Disposition: form-data; name=f; "
			       "filename=a.wav\r\n\r\n");
	for (int i = 0; i < 4096; i++)
		buf_add_char(b, (char)(i * 2654435761u >> 13));
}

static void make_ws(struct buf *b)
{
	buf_add(b, (const char[]){ '\x81', 126, 0, (char)(sizeof(event) - 1) }, 4);
	buf_add_str(b, event);
}

static void make_ws_masked(struct buf *b)
{
	buf_add(b, (const char[]){ '\x81', '\xfe', 0, (char)(sizeof(event) - 1), 1, 2, 3, 4 }, 8);
	for (size_t i = 0; i < sizeof(event) - 1; i++)
		buf_add_char(b, (char)(event[i] ^ (1 + (i & 3))));
}

static void make_ws_deflate(struct buf *b)
{
	static z_stream z;
	char packed[500];
	size_t len;

	if (!b->len)
		deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)(uintptr_t)event;
	z.avail_in = sizeof(event) - 1;
	z.next_out = (Bytef *)packed;
	z.avail_out = sizeof(packed);
	deflate(&z, Z_SYNC_FLUSH);
	len = sizeof(packed) - z.avail_out - 4;
	buf_add(b, (const char[]){ '\xc1', (char)len }, 2);
	buf_add(b, packed, len);
}

static void make_h2(struct buf *b)
{
	static uint32_t id = 1;

	if (!b->len) {
		session_init(&session);
		session_begin(&session);
	}
	session_head(&session, CLIENT, id,
		     ":method: POST\n:scheme: https\n:path: /v1/chat/completions\n"
		     ":authority: api.example\nuser-agent: bench\ncontent-type: application/json\n",
		     0);
	session_data(&session, CLIENT, id, event, H2_END_STREAM);
	session_head(&session, SERVER, id, ":status: 200\ncontent-type: text/event-stream\n", 0);
	for (int i = 0; i < 10; i++)
		session_data(&session, SERVER, id, event, i == 9 ? H2_END_STREAM : 0);
	id += 2;
	buf_reset(b, SIZE_MAX);
	buf_add_slice(b, buf_slice(&session.bytes));
}

static const struct {
	const char *name;
	void (*make)(struct buf *b); /* appends one unit; called until the input is full */
	void (*run)(struct slice in);
	size_t size;
} benches[] = {
	{ "http/2 (200-byte DATA, 13 frames a stream)", make_h2, run_h2, 500000 },
	{ "ndjson", make_ndjson, run_ndjson, INPUT },
	{ "json array", make_jsonarray, run_jsonarray, INPUT },
	{ "event stream", make_eventstream, run_eventstream, INPUT },
	{ "grpc", make_grpc, run_grpc, INPUT },
	{ "multipart file", make_multipart, run_multipart, INPUT },
	{ "websocket from server", make_ws, run_ws, INPUT },
	{ "websocket from client", make_ws_masked, run_ws_masked, INPUT },
	{ "websocket deflate (coded bytes)", make_ws_deflate, run_ws_deflate, INPUT / 8 },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(benches); i++) {
		struct buf in = BUF_INIT(2 * INPUT);
		uint64_t begin, bytes = 0, out = seen;

		while (in.len < benches[i].size)
			benches[i].make(&in);
		begin = clock_mono_ns();
		while (clock_mono_ns() - begin < RUN_NS) {
			benches[i].run(buf_slice(&in));
			bytes += in.len;
		}
		printf("%-44s %7.0f MB/s\n", benches[i].name,
		       (double)bytes * 1e3 / (double)(clock_mono_ns() - begin));
		if (seen == out)
			return 1; /* nothing was decoded */
		buf_release(&in);
	}
	session_release(&session);
	return 0;
}
