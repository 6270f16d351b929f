/* SPDX-License-Identifier: Apache-2.0 */
/* What of each protocol gets into a recording: read back, and without its secrets. */
#include "cleanup.h"
#include "fake_decoder.h"
#include "h2_feeder.h"
#include "ws_frames.h"

#define SECRET "t0psecret"
#define HIDDEN "xxxxxxxxx"

static void on_call(void *ctx, struct call *call)
{
	(void)ctx, (void)call;
}

static const struct pipeline_sink sink = { .call = on_call };

/* Records the session, cut there (SIZE_MAX: into bytes), and returns the file. */
static char *record(const struct session *s, size_t cut, bool server_side, size_t *ret_len)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, ret_len);
	struct feeder f;

	if (!file)
		return NULL;
	feeder_open(&f, &pipeline_config_default, &sink);
	if (tracefile_writer_new(&f.w, file, 0))
		f.w = NULL;
	f.server_side = server_side;
	for (size_t i = 0; f.p && i < s->n; i++) {
		struct slice all = record_of(s, i);
		size_t at = s->records[i].at;

		while (all.len) {
			size_t n = cut == SIZE_MAX ? 1 : all.len;

			if (cut > at && cut < at + all.len)
				n = cut - at;
			feed_at(&f, s->records[i].dir, slice_sub(all, 0, n), f.now_ns += 10, false);
			all = slice_sub(all, n, all.len);
			at += n;
		}
	}
	pipeline_free(f.p);
	if (f.w)
		CHECK_INT(tracefile_writer_close(f.w), 0);
	buf_reset(&fake_log, 0);
	return text;
}

static void replay(char *text, size_t len)
{
	FILE *file = text && len ? fmemopen(text, len, "r") : NULL;
	struct pipeline_stats stats;
	const char *error = NULL;

	if (!file)
		return;
	tracefile_replay(file, &pipeline_config_default, &sink, &stats, &error);
	fclose(file);
}

static void check(const struct session *s, const char *want)
{
	for (size_t i = 0; i <= 2 * s->bytes.len + 1; i++) {
		size_t len = 0, cut = i / 2 == s->bytes.len ? SIZE_MAX : i / 2;
		char *text = record(s, cut, i & 1, &len);

		test_row("cut at %zd%s", (ssize_t)cut, i & 1 ? ", the server's" : "");
		CHECK(text && !memmem(text, len, SECRET, strlen(SECRET)));
		replay(text, len);
		free(text);
		if (!slice_eq(buf_slice(&fake_log), slice_from(want))) {
			CHECK_STR(buf_slice(&fake_log), want);
			break;
		}
	}
	test_row(NULL);
}

static void say(struct session *s, int dir, const char *text)
{
	session_record(s, dir, text, strlen(text));
}

TEST(masker_keep_alive)
{
	struct session s;

	session_init(&s);
	/* A target behind a body without a line feed; a form that ends with its secret. */
	say(&s, CLIENT,
	    "POST /v1/a?key=" SECRET " HTTP/1.1\r\nContent-Length: 17\r\n\r\npassword=" SECRET);
	s.records[0].len--;
	s.bytes.len--;
	say(&s, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	say(&s, CLIENT,
	    "POST /v1/b?x=1&api_key=" SECRET " HTTP/1.1\r\nX-Auth: " SECRET "\r\n"
	    "Content-Length: 2\r\n\r\nhi");
	say(&s, SERVER, "HTTP/1.1 200 OK\r\nSet-Cookie: " SECRET "\r\nContent-Length: 2\r\n\r\nok");
	check(&s, "#0 POST /v1/a?key=" HIDDEN " password=xxxxxxxx > 200 ok : complete\n"
		  "#1 POST /v1/b?x=1&api_key=" HIDDEN " hi > 200 ok : complete\n");
	session_release(&s);
}

/* Another body begins where the response to a HEAD is thought to end: in a secret. */
TEST(masker_wrong_framing)
{
	struct session s;

	session_init(&s);
	say(&s, CLIENT, "HEAD /v1/a HTTP/1.1\r\nHost: h\r\n\r\n");
	say(&s, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n");
	say(&s, CLIENT, "GET /v1/b HTTP/1.1\r\nHost: h\r\n\r\n");
	say(&s, SERVER,
	    "HTTP/1.1 200 OK\r\nSet-Cookie: " SECRET SECRET "\r\nContent-Length: 2\r\n\r\nok");
	check(&s, "#0 HEAD /v1/a  > 200  : complete\n#1 GET /v1/b  > 200 ok : complete\n");
	session_release(&s);
}

static void add_websocket(struct session *s, const char *extensions)
{
	char text[400];

	say(s, CLIENT,
	    "GET /v1/realtime?token=" SECRET " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
	    "Authorization: Bearer " SECRET "\r\n\r\n");
	snprintf(text, sizeof(text),
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n%s\r\n", extensions);
	say(s, SERVER, text);
}

static void add_frame(struct session *s, int dir, int first, struct slice payload)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	ws_frame(&b, dir == CLIENT, first, payload);
	session_record(s, dir, b.data, b.len);
}

static void add_packed(struct session *s, int dir, z_stream *z, const char *text)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	ws_packed(&b, dir == CLIENT, z, text);
	session_record(s, dir, b.data, b.len);
}

TEST(masker_websocket)
{
	struct session s;
	z_stream z[2];

	session_init(&s);
	ws_packer_init(&z[0]);
	ws_packer_init(&z[1]);
	add_websocket(&s, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	for (int i = 0; i < 2; i++) {
		add_packed(&s, CLIENT, &z[0], "{\"api_key\":\"" SECRET "\",\"n\":1}");
		add_packed(&s, SERVER, &z[1], "{\"n\":1}");
	}
	add_frame(&s, CLIENT, WS_TEXT, SLICE("{\"password\":\"t0p"));
	add_frame(&s, CLIENT, 0x80 | WS_PING, SLICE(SECRET));
	add_frame(&s, CLIENT, 0x80 | WS_CONT, SLICE("secret\"}"));
	add_frame(&s, SERVER, 0x80 | WS_BINARY, SLICE("\1sk-2"));
	add_frame(&s, SERVER, 0x80 | WS_CLOSE, SLICE("\x03\xe8" SECRET));
	check(&s, "#0 GET /v1/realtime?token=" HIDDEN "  > 101 "
		  ">\"{\"api_key\":\"" HIDDEN "\",\"n\":1}\"<\"{\"n\":1}\""
		  ">\"{\"api_key\":\"" HIDDEN "\",\"n\":1}\"<\"{\"n\":1}\""
		  ">\"{\"password\":\"" HIDDEN "\"}\"<(\1sk-2) : complete\n");
	deflateEnd(&z[0]);
	deflateEnd(&z[1]);
	session_release(&s);
}

TEST(masker_websocket_on_http2)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	struct session s;
	z_stream z;

	session_init(&s);
	ws_packer_init(&z);
	session_begin(&s);
	session_head(&s, CLIENT, 1,
		     ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /v1/realtime\n"
		     "x-api-key: " SECRET "\n",
		     0);
	session_head(&s, SERVER, 1, ":status: 200\nsec-websocket-extensions: permessage-deflate\n",
		     0);
	ws_packed(&b, true, &z, "{\"api_key\":\"" SECRET "\"}");
	ws_text(&b, true, "two");
	session_frame(&s, CLIENT, H2_DATA, 0, 1, b.data, 7);
	session_frame(&s, CLIENT, H2_DATA, H2_PADDED, 1,
		      memcpy((char[200]){ 0 }, b.data + 6, b.len - 6), b.len - 6);
	s.bytes.data[s.records[s.n - 1].at + H2_FRAME_HEADER] = 0;
	buf_reset(&b, 0);
	ws_text(&b, false, "{\"token\":1}");
	session_frame(&s, SERVER, H2_DATA, 0, 1, b.data, b.len);
	session_frame(&s, SERVER, H2_DATA, H2_END_STREAM, 1, "", 0);
	check(&s, "#0 CONNECT /v1/realtime  > 200 >\"{\"api_key\":\"" HIDDEN
		  "\"}\">\"two\"<\"{\"token\":1}\" : complete\n");
	deflateEnd(&z);
	session_release(&s);
}

/* A request of HTTP/1.1 that becomes stream 1. */
TEST(masker_h2c_upgrade)
{
	struct session s;

	session_init(&s);
	say(&s, CLIENT,
	    "POST /v1/a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
	    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nX-Key: " SECRET "\r\n"
	    "Content-Length: 2\r\n\r\nhi");
	say(&s, SERVER, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
	session_begin(&s);
	session_head(&s, SERVER, 1, ":status: 200\nset-cookie: " SECRET "\n", 0);
	session_data(&s, SERVER, 1, "one", H2_END_STREAM);
	session_head(&s, CLIENT, 3, ":method: POST\n:path: /v1/b\nauthorization: " SECRET "\n",
		     H2_END_STREAM);
	session_head(&s, SERVER, 3, ":status: 200\n", H2_END_STREAM);
	check(&s, "#0 POST /v1/a hi > 101  > 200 one : complete\n"
		  "#1 POST /v1/b  > 200  : complete\n");
	session_release(&s);
}

/* What nobody understands, and what a body is coded in. */
TEST(masker_leaves_out_and_leaves_alone)
{
	struct session s;

	session_init(&s);
	say(&s, CLIENT, "EHLO " SECRET "\r\n");
	say(&s, SERVER, "250 " SECRET "\r\n");
	check(&s, "");
	session_release(&s);
	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1, ":method: POST\n:path: /v1/a\ncontent-encoding: gzip\n", 0);
	session_data(&s, CLIENT, 1, "\x1f\x8b sk-abcdef", H2_END_STREAM);
	session_head(&s, SERVER, 1, ":status: 200\n", 0);
	session_data(&s, SERVER, 1, "sk-abcdef", H2_END_STREAM);
	check(&s, "#0 POST /v1/a \x1f\x8b sk-abcdef > 200 sk-xxxxxx : complete\n");
	session_release(&s);
}

TEST(masker_without_memory)
{
	struct session s;
	z_stream z;

	session_init(&s);
	ws_packer_init(&z);
	add_websocket(&s, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	add_packed(&s, CLIENT, &z, "{\"api_key\":\"" SECRET "\",\"n\":1}");
	add_frame(&s, SERVER, 0x80 | WS_TEXT, SLICE("sk-" SECRET));
	EACH_MALLOC_FAILURE
	{
		size_t len = 0;
		char *text = record(&s, 0, false, &len);

		CHECK(!text || !memmem(text, len, SECRET, strlen(SECRET)));
		replay(text, len);
		free(text);
	}
	CHECK_INT(fake_open, 0);
	deflateEnd(&z);
	session_release(&s);
}
