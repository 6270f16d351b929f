/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket from records to messages, over HTTP/1.1 and over a stream of HTTP/2. */
#include "cleanup.h"
#include "fake_decoder.h"
#include "h2_feeder.h"
#include "ws_frames.h"

#define UPGRADE(path, more)                                                                        \
	"GET " path " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"        \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" more "\r\n"
#define AGREED(more)                                                                               \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" more   \
	"\r\n"
#define DEFLATE "Sec-WebSocket-Extensions: permessage-deflate"

static unsigned int verdicts[3];

static void on_call(void *ctx, struct call *call)
{
	(void)ctx, (void)call;
}

static void on_verdict(void *ctx, struct conn_id id, enum gentap_verdict verdict)
{
	(void)ctx, (void)id;
	verdicts[verdict]++;
}

static void begin(struct feeder *f)
{
	const struct pipeline_sink sink = { .call = on_call, .verdict = on_verdict };

	memset(verdicts, 0, sizeof(verdicts));
	buf_reset(&fake_log, 0);
	feeder_open(f, &pipeline_config_default, &sink);
}

static void end(struct feeder *f, const char *want)
{
	pipeline_free(f->p);
	CHECK_INT(fake_open, 0);
	CHECK_STR(buf_slice(&fake_log), want);
}

/* What single calls carry. */
struct talk {
	struct session s; /* only its records */
};

static void talk_init(struct talk *t)
{
	session_init(&t->s);
}

static void say(struct talk *t, int dir, const struct buf *b)
{
	session_record(&t->s, dir, b->data, b->len);
}

static void say_text(struct talk *t, int dir, const char *text)
{
	session_record(&t->s, dir, text, strlen(text));
}

static void say_message(struct talk *t, int dir, const char *text)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	ws_text(&b, dir == CLIENT, text);
	say(t, dir, &b);
}

static void say_packed(struct talk *t, int dir, z_stream *z, const char *text)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	ws_packed(&b, dir == CLIENT, z, text);
	say(t, dir, &b);
}

static void say_close(struct talk *t, int dir)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	ws_frame(&b, dir == CLIENT, 0x80 | WS_CLOSE, SLICE("\x03\xe8"));
	say(t, dir, &b);
}

/* Cut at every place of every call, and into bytes. */
static void check_every_cut(const struct talk *t, bool server_side, const char *want)
{
	for (size_t cut = 0; cut <= t->s.bytes.len; cut++) {
		struct feeder f;

		test_row("cut at %zu", cut);
		begin(&f);
		f.server_side = server_side;
		for (size_t i = 0; i < t->s.n; i++) {
			struct slice all = record_of(&t->s, i);
			size_t at = t->s.records[i].at, n;

			if (cut == t->s.bytes.len) {
				for (n = 0; n < all.len; n++)
					feed_at(&f, t->s.records[i].dir, slice_sub(all, n, 1),
						f.now_ns += 10, false);
				continue;
			}
			n = cut > at && cut < at + all.len ? cut - at : all.len;
			feed_at(&f, t->s.records[i].dir, slice_sub(all, 0, n), f.now_ns += 10,
				false);
			if (n < all.len)
				feed_at(&f, t->s.records[i].dir, slice_sub(all, n, all.len),
					f.now_ns += 10, false);
		}
		end(&f, want);
	}
	test_row(NULL);
}

static void make_plain(struct talk *t)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	talk_init(t);
	say_text(t, CLIENT, UPGRADE("/v1/realtime", ""));
	/* The server's first words may come in one piece with its answer. */
	buf_add_str(&b, AGREED(""));
	ws_text(&b, false, "hello");
	say(t, SERVER, &b);
	say_message(t, CLIENT, "one");
	buf_reset(&b, 0);
	ws_frame(&b, false, WS_TEXT, SLICE("t"));
	ws_frame(&b, false, 0x80 | WS_PING, SLICE("?"));
	ws_frame(&b, false, WS_CONT, SLICE("w"));
	ws_frame(&b, false, 0x80 | WS_CONT, SLICE("o"));
	ws_frame(&b, false, 0x80 | WS_BINARY, SLICE("\1\2"));
	say(t, SERVER, &b);
	say_message(t, CLIENT, "three");
}

#define PLAIN "#0 GET /v1/realtime  > 101 <\"hello\">\"one\"<\"two\"<(\1\2)>\"three\""

TEST(ws_conn_every_split)
{
	for (int server_side = 0; server_side < 2; server_side++) {
		struct talk t;

		make_plain(&t);
		check_every_cut(&t, server_side, PLAIN " : abort\n");
		say_close(&t, SERVER);
		say_message(&t, SERVER, "nothing follows");
		check_every_cut(&t, server_side, PLAIN " : complete\n");
		session_release(&t.s);
	}
}

TEST(ws_conn_deflate)
{
	for (int takeover = 0; takeover < 2; takeover++) {
		z_stream z[2];
		struct talk t;

		talk_init(&t);
		ws_packer_init(&z[0]);
		ws_packer_init(&z[1]);
		say_text(&t, CLIENT, UPGRADE("/v1/realtime", DEFLATE "\r\n"));
		say_text(&t, SERVER,
			 takeover ? AGREED(DEFLATE "\r\n")
				  : AGREED(DEFLATE "; server_no_context_takeover; "
						   "client_no_context_takeover\r\n"));
		for (int i = 0; i < 3; i++) {
			say_packed(&t, CLIENT, &z[0], "a question, a question");
			say_packed(&t, SERVER, &z[1], "an answer, an answer");
			if (!takeover) {
				deflateReset(&z[0]);
				deflateReset(&z[1]);
			}
		}
		say_message(&t, SERVER, "not packed");
		say_close(&t, SERVER);
		check_every_cut(
			&t, false,
			"#0 GET /v1/realtime  > 101 "
			">\"a question, a question\"<\"an answer, an answer\""
			">\"a question, a question\"<\"an answer, an answer\""
			">\"a question, a question\"<\"an answer, an answer\"<\"not packed\""
			" : complete\n");
		deflateEnd(&z[0]);
		deflateEnd(&z[1]);
		session_release(&t.s);
	}
}

/* Each record lost in turn: the other messages are as they were, the gap is told. */
TEST(ws_conn_lost_records)
{
	static const char *const texts[] = { "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9" };
	struct talk t;

	talk_init(&t);
	say_text(&t, CLIENT, UPGRADE("/v1/realtime", ""));
	say_text(&t, SERVER, AGREED(""));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		say_message(&t, i & 1 ? SERVER : CLIENT, texts[i]);
	for (size_t lost = 2; lost < t.s.n; lost++) {
		_cleanup_(buf_cleanup) struct buf want = BUF_INIT(4096);
		struct feeder f;

		test_row("record %zu", lost);
		begin(&f);
		for (size_t i = 0; i < t.s.n; i++)
			feed_one(&f, &t.s, i, i == lost);
		pipeline_free(f.p);
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			char quoted[16];

			snprintf(quoted, sizeof(quoted), "\"%s\"", texts[i]);
			/* Found again by the next message of its direction, unless that is
			 * the last one, which nothing confirms. */
			if (i + 2 == lost)
				CHECK(slice_find(buf_slice(&fake_log), slice_from(quoted)) < 0);
			else
				CHECK(slice_find(buf_slice(&fake_log), slice_from(quoted)) >= 0);
		}
		if (lost < t.s.n - 2)
			CHECK(slice_find(buf_slice(&fake_log),
					 slice_from(lost & 1 ? "<[4]" : ">[8]")) >= 0);
	}
	test_row(NULL);
	session_release(&t.s);
}

TEST(ws_conn_unwanted)
{
	struct talk t;
	struct feeder f;

	/* By its path. */
	talk_init(&t);
	say_text(&t, CLIENT, UPGRADE("/chat", ""));
	say_text(&t, SERVER, AGREED(""));
	say_message(&t, CLIENT, "one");
	begin(&f);
	feed_range(&f, &t.s, 0, t.s.n);
	CHECK_INT(verdicts[GENTAP_IGNORED], 1);
	end(&f, "");
	/* With extensions that nobody knows, its frames cannot be read. */
	session_release(&t.s);
	talk_init(&t);
	say_text(&t, CLIENT, UPGRADE("/v1/realtime", ""));
	say_text(&t, SERVER, AGREED("Sec-WebSocket-Extensions: x-unknown\r\n"));
	say_message(&t, CLIENT, "one");
	begin(&f);
	feed_range(&f, &t.s, 0, t.s.n);
	CHECK_INT(pipeline_stats(f.p)->parse_errors[PIPELINE_WEBSOCKET], 1);
	end(&f, "#0 GET /v1/realtime  > 101  : abort\n");
	session_release(&t.s);
}

/* RFC 8441: frames in the DATA frames of a stream, between those of others. */
TEST(ws_conn_http2)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	struct session s;
	struct feeder f;

	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1,
		     ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /v1/realtime\n"
		     ":authority: h\n",
		     0);
	session_head(&s, CLIENT, 3, ":method: POST\n:scheme: https\n:path: /v1/x\n", H2_END_STREAM);
	session_head(&s, SERVER, 1, ":status: 200\n", 0);
	ws_text(&b, true, "one");
	ws_text(&b, true, "two");
	session_frame(&s, CLIENT, H2_DATA, 0, 1, b.data, 7);
	session_head(&s, SERVER, 3, ":status: 200\n", 0);
	session_frame(&s, CLIENT, H2_DATA, 0, 1, b.data + 7, b.len - 7);
	session_data(&s, SERVER, 3, "body", H2_END_STREAM);
	buf_reset(&b, 0);
	ws_text(&b, false, "three");
	session_frame(&s, SERVER, H2_DATA, 0, 1, b.data, b.len);
	session_frame(&s, SERVER, H2_DATA, H2_END_STREAM, 1, "", 0);
	begin(&f);
	feed_range(&f, &s, 0, s.n);
	end(&f, "#1 POST /v1/x  > 200 body : complete\n"
		"#0 CONNECT /v1/realtime  > 200 >\"one\">\"two\"<\"three\" : complete\n");
	session_release(&s);
}

/* Trailers reach the decoder before the end. */
TEST(ws_conn_http2_trailers)
{
	struct session s;
	struct feeder f;

	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1, ":method: POST\n:scheme: https\n:path: /v1/x\n", H2_END_STREAM);
	session_head(&s, SERVER, 1, ":status: 200\n", 0);
	session_data(&s, SERVER, 1, "body", 0);
	session_head(&s, SERVER, 1, "grpc-status: 0\n", H2_END_STREAM);
	begin(&f);
	feed_range(&f, &s, 0, s.n);
	end(&f, "#0 POST /v1/x  > 200 body{grpc-status=0} : complete\n");
	session_release(&s);
}

TEST(ws_conn_holds_no_more_than_it_may)
{
	struct pipeline_config config = pipeline_config_default;
	const struct pipeline_sink sink = { .call = on_call };
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	struct talk t;
	struct feeder f;

	config.memory_max = 1000;
	talk_init(&t);
	say_text(&t, CLIENT, UPGRADE("/v1/realtime", ""));
	say_text(&t, SERVER, AGREED(""));
	ws_frame(&b, false, WS_TEXT, (struct slice){ (char[900]){ 0 }, 900 });
	say(&t, SERVER, &b);
	ws_frame(&b, false, 0x80 | WS_CONT, (struct slice){ (char[900]){ 0 }, 900 });
	say(&t, SERVER, &b);
	say_message(&t, SERVER, "after");
	say_message(&t, SERVER, "wards");
	say_message(&t, SERVER, "still");
	buf_reset(&fake_log, 0);
	feeder_open(&f, &config, &sink);
	feed_range(&f, &t.s, 0, t.s.n);
	pipeline_free(f.p);
	CHECK(slice_find(buf_slice(&fake_log), SLICE("<[1808]")) >= 0);
	CHECK(slice_find(buf_slice(&fake_log), SLICE("<\"after\"<\"wards\"<\"still\"")) >= 0);
	session_release(&t.s);
}

TEST(ws_conn_without_memory)
{
	z_stream z;
	struct talk t;

	talk_init(&t);
	ws_packer_init(&z);
	say_text(&t, CLIENT, UPGRADE("/v1/realtime", DEFLATE "\r\n"));
	say_text(&t, SERVER, AGREED(DEFLATE "\r\n"));
	for (int i = 0; i < 3; i++)
		say_packed(&t, SERVER, &z, "an answer, an answer");
	say_close(&t, SERVER);
	EACH_MALLOC_FAILURE
	{
		struct feeder f;

		begin(&f);
		if (!f.p)
			continue;
		feed_range(&f, &t.s, 0, t.s.n);
		pipeline_free(f.p);
		CHECK_INT(fake_open, 0);
	}
	deflateEnd(&z);
	session_release(&t.s);
}
