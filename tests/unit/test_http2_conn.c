/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 from records to exchanges, through the whole of flow/. */
#include "cleanup.h"
#include "fake_decoder.h"
#include "h2_feeder.h"
#include "test.h"

#define REQUEST(path)                                                                              \
	":method: POST\n:scheme: https\n:path: " path "\n:authority: api.example\nx-a: b\n"        \
	"content-type: application/json\n"
#define ANSWER ":status: 200\ncontent-type: text/event-stream\n"

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

static void feeder_init(struct feeder *f)
{
	const struct pipeline_sink sink = { .call = on_call, .verdict = on_verdict };

	memset(verdicts, 0, sizeof(verdicts));
	buf_reset(&fake_log, 0);
	feeder_open(f, &pipeline_config_default, &sink);
}

static void feeder_release(struct feeder *f)
{
	pipeline_free(f->p);
	CHECK_INT(fake_open, 0);
}

static void add_exchange(struct session *s, uint32_t id, const char *request, const char *body)
{
	session_head(s, CLIENT, id, request, 0);
	session_data(s, CLIENT, id, body, H2_END_STREAM);
	session_head(s, SERVER, id, ANSWER, 0);
	session_data(s, SERVER, id, body, 0);
	session_data(s, SERVER, id, " done", H2_END_STREAM);
}

TEST(http2_conn_exchanges)
{
	for (int server_side = 0; server_side < 2; server_side++) {
		struct session s;
		struct feeder f;

		test_row(server_side ? "server" : "client");
		session_init(&s);
		session_begin(&s);
		add_exchange(&s, 1, REQUEST("/v1/a"), "one");
		session_head(&s, CLIENT, 3, REQUEST("/v1/b"), 0);
		session_head(&s, CLIENT, 5, REQUEST("/v1/c"), H2_END_STREAM);
		session_head(&s, SERVER, 5, ANSWER, 0);
		session_data(&s, CLIENT, 3, "three", H2_END_STREAM);
		session_head(&s, SERVER, 3, ANSWER, 0);
		session_data(&s, SERVER, 5, "5", 0);
		session_data(&s, SERVER, 3, "3", H2_END_STREAM);
		session_data(&s, SERVER, 5, "5", H2_END_STREAM);
		feeder_init(&f);
		f.server_side = server_side;
		feed_range(&f, &s, 0, s.n);
		CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/a one > 200 one done : complete\n"
						"#1 POST /v1/b three > 200 3 : complete\n"
						"#2 POST /v1/c  > 200 55 : complete\n");
		CHECK_INT(verdicts[GENTAP_WANTED], 1);
		CHECK_INT(verdicts[GENTAP_IGNORED], 0);
		CHECK_INT(pipeline_stats(f.p)->exchanges, 3);
		CHECK_INT(pipeline_stats(f.p)->not_http, 0);
		feeder_release(&f);
		session_release(&s);
	}
	test_row(NULL);
}

/* Records of a byte each, and the server's SETTINGS before the client's preface. */
TEST(http2_conn_small_records)
{
	struct session s;
	struct feeder f;

	session_init(&s);
	session_begin(&s);
	add_exchange(&s, 1, REQUEST("/v1/a"), "one");
	feeder_init(&f);
	feed_one(&f, &s, 2, false);
	for (size_t i = 0; i < s.n; i++)
		for (size_t at = 0; i != 2 && at < s.records[i].len; at++)
			feed_at(&f, s.records[i].dir, slice_sub(record_of(&s, i), at, 1),
				f.now_ns += 10, false);
	CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/a one > 200 one done : complete\n");
	feeder_release(&f);
	session_release(&s);
}

TEST(http2_conn_ends)
{
	struct session s;
	struct feeder f;

	session_init(&s);
	session_begin(&s);
	for (uint32_t id = 1; id <= 11; id += 2)
		session_head(&s, CLIENT, id, REQUEST("/v1/a"), H2_END_STREAM);
	for (uint32_t id = 1; id <= 5; id += 2)
		session_head(&s, SERVER, id, ANSWER, 0);
	session_frame(&s, CLIENT, H2_RST_STREAM, 0, 1, "\0\0\0\x08", 4); /* cancelled */
	session_frame(&s, SERVER, H2_RST_STREAM, 0, 3, "\0\0\0\x02", 4);
	session_frame(&s, CLIENT, H2_RST_STREAM, 0, 7, "\0\0\0\x08", 4);
	session_frame(&s, SERVER, H2_GOAWAY, 0, 0, "\0\0\0\x09\0\0\0\0", 8);
	feeder_init(&f);
	feed_range(&f, &s, 0, s.n);
	pipeline_end(f.p);
	CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/a  > 200  : abort\n"
					"#1 POST /v1/a  > 200  : truncated\n"
					"#3 POST /v1/a  : abort\n"
					"#5 POST /v1/a  : truncated\n"
					"#2 POST /v1/a  > 200  : truncated\n"
					"#4 POST /v1/a  : abort\n");
	feeder_release(&f);
	session_release(&s);
}

/* What the reading thread recorded first waits for what the writing one did. */
TEST(http2_conn_response_overtakes)
{
	struct session s;
	struct feeder f;

	session_init(&s);
	session_begin(&s);
	add_exchange(&s, 1, REQUEST("/v1/a"), "one");
	add_exchange(&s, 3, REQUEST("/v1/b"), "two");
	feeder_init(&f);
	feed_range(&f, &s, 0, 10);
	/* 10 and 11 are the request; all of its answer is recorded before it. */
	for (size_t i = 12; i < s.n; i++)
		feed_at(&f, SERVER, record_of(&s, i), f.now_ns + 500, false);
	feed_at(&f, CLIENT, record_of(&s, 10), f.now_ns + 100, false);
	feed_at(&f, CLIENT, record_of(&s, 11), f.now_ns + 200, false);
	CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/a one > 200 one done : complete\n"
					"#1 POST /v1/b two > 200 two done : complete\n");
	feeder_release(&f);
	session_release(&s);
}

/* A request that was lost is not waited for when a later one comes, nor for long. */
TEST(http2_conn_response_of_a_lost_request)
{
	for (int late = 0; late < 2; late++) {
		struct session s;
		struct feeder f;

		test_row(late ? "late" : "later request");
		session_init(&s);
		session_begin(&s);
		session_head(&s, CLIENT, 3, REQUEST("/v1/b"), H2_END_STREAM);
		session_head(&s, SERVER, 5, ANSWER, 0);
		session_head(&s, SERVER, 3, ANSWER, H2_END_STREAM);
		session_head(&s, CLIENT, 7, REQUEST("/v1/c"), H2_END_STREAM);
		feeder_init(&f);
		feed_range(&f, &s, 0, 7);
		if (late)
			f.now_ns += 200000000;
		feed_one(&f, &s, 7, false);
		CHECK_INT(fake_log.len > 0, late);
		if (!late)
			feed_one(&f, &s, 8, false);
		CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/b  > 200  : complete\n");
		feeder_release(&f);
		session_release(&s);
	}
	test_row(NULL);
}

static void make_long_session(struct session *s)
{
	session_init(s);
	session_begin(s);
	add_exchange(s, 1, REQUEST("/v1/1"), "<1>");
	session_head(s, CLIENT, 3, REQUEST("/v1/3"), 0);
	session_head(s, CLIENT, 5, REQUEST("/v1/5"), 0);
	session_data(s, CLIENT, 5, "<5>", H2_END_STREAM);
	session_head(s, SERVER, 5, ANSWER, 0);
	session_data(s, CLIENT, 3, "<3>", H2_END_STREAM);
	session_data(s, SERVER, 5, "<5>", 0);
	session_head(s, SERVER, 3, ANSWER, 0);
	session_data(s, SERVER, 3, "<3>", 0);
	session_data(s, SERVER, 5, "<5>", H2_END_STREAM);
	session_data(s, SERVER, 3, "<3>", H2_END_STREAM);
	add_exchange(s, 7, REQUEST("/v1/7"), "<7>");
	add_exchange(s, 9, REQUEST("/v1/9"), "<9>");
}

/* No line of the log mixes two streams: "/v1/3", "<3>". */
static void check_no_mixture(void)
{
	struct slice rest = buf_slice(&fake_log);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		char stream = 0;

		for (size_t i = 0; i + 2 < line.len; i++) {
			char c = line.data[i] == '<' && line.data[i + 2] == '>'	  ? line.data[i + 1]
				 : line.data[i] == '1' && line.data[i + 1] == '/' ? line.data[i + 2]
										  : 0;

			if (c && stream && c != stream)
				test_fail(__FILE__, __LINE__, "mixed: %.*s", SLICE_FMT(line));
			stream = c ? c : stream;
		}
	}
}

TEST(http2_conn_lost_records)
{
	struct session s;

	make_long_session(&s);
	for (size_t lost = 0; lost < s.n; lost++)
		for (size_t n = 1; n < 5; n++) {
			struct feeder f;

			test_row("%zu records lost from %zu on", n, lost);
			feeder_init(&f);
			for (size_t i = 0; i < s.n; i++)
				feed_one(&f, &s, i, i >= lost && i < lost + n);
			pipeline_end(f.p);
			check_no_mixture();
			/* What began after the loss is whole again. */
			if (lost + n < s.n - 10)
				CHECK(slice_find(buf_slice(&fake_log),
						 SLICE("<9> > 200 <9> done : complete")) >= 0 ||
				      slice_find(buf_slice(&fake_log),
						 SLICE("<9> > 200 ? <9> done : complete")) >= 0);
			feeder_release(&f);
		}
	session_release(&s);
	test_row(NULL);
}

TEST(http2_conn_joined_midway)
{
	struct session s;

	make_long_session(&s);
	for (size_t first = 1; first < s.n; first++) {
		struct feeder f;

		test_row("from record %zu on", first);
		feeder_init(&f);
		f.flags = GENTAP_F_MIDSTREAM;
		f.server_side = first & 1;
		feed_range(&f, &s, first, s.n);
		pipeline_end(f.p);
		check_no_mixture();
		if (first < s.n - 10)
			CHECK(slice_find(buf_slice(&fake_log), SLICE("<9> > 200 ")) >= 0);
		feeder_release(&f);
	}
	session_release(&s);
	test_row(NULL);
}

/* A connection that is joined at a SETTINGS of its client looks like one that begins. */
TEST(http2_conn_joined_at_settings)
{
	struct session s;
	struct feeder f;

	session_init(&s);
	session_begin(&s);
	session_head(&s, CLIENT, 1, REQUEST("/v1/a"), H2_END_STREAM);
	session_frame(&s, CLIENT, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	add_exchange(&s, 3, REQUEST("/v1/b"), "x");
	feeder_init(&f);
	feed_range(&f, &s, 6, s.n);
	CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/b ? x > 200 x done : complete\n");
	feeder_release(&f);
	session_release(&s);
}

TEST(http2_conn_upgrade)
{
	static const char request[] = "POST /v1/up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, "
				      "HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n"
				      "Content-Length: 4\r\n\r\nbody";
	static const char response[] = "HTTP/1.1 101 Switching Protocols\r\n"
				       "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
	struct session s;
	struct feeder f;

	session_init(&s);
	session_record(&s, CLIENT, request, sizeof(request) - 1);
	session_record(&s, SERVER, response, sizeof(response) - 1);
	session_begin(&s);
	session_head(&s, SERVER, 1, ANSWER, 0);
	session_data(&s, SERVER, 1, "answer", H2_END_STREAM);
	session_head(&s, CLIENT, 3, REQUEST("/v1/b"), H2_END_STREAM);
	session_head(&s, SERVER, 3, ANSWER, H2_END_STREAM);
	feeder_init(&f);
	feed_range(&f, &s, 0, s.n);
	CHECK_STR(buf_slice(&fake_log), "#0 POST /v1/up body > 101  > 200 answer : complete\n"
					"#1 POST /v1/b  > 200  : complete\n");
	feeder_release(&f);
	session_release(&s);
}

/* One unwanted exchange says little of a connection; many do. */
TEST(http2_conn_unwanted)
{
	struct session s;
	struct feeder f;
	uint32_t id = 1;

	session_init(&s);
	session_begin(&s);
	for (int i = 0; i < 15; i++, id += 2)
		add_exchange(&s, id, REQUEST("/health"), "x");
	feeder_init(&f);
	feed_range(&f, &s, 0, s.n);
	CHECK_INT(verdicts[GENTAP_IGNORED], 0);
	{
		size_t before = s.n;

		add_exchange(&s, id, REQUEST("/health"), "x");
		id += 2;
		add_exchange(&s, id, REQUEST("/health"), "x");
		feed_range(&f, &s, before, s.n);
	}
	CHECK_INT(verdicts[GENTAP_IGNORED], 1);
	CHECK_INT(verdicts[GENTAP_WANTED], 0);
	CHECK_INT(fake_log.len, 0);
	feeder_release(&f);
	session_release(&s);
}

TEST(http2_conn_without_memory)
{
	struct session s;
	unsigned int runs = 0;

	make_long_session(&s);
	EACH_MALLOC_FAILURE
	{
		struct feeder f;

		feeder_init(&f);
		if (f.p) {
			for (size_t i = 0; i < s.n; i++)
				feed_one(&f, &s, i, i == 12);
			check_no_mixture();
		}
		feeder_release(&f);
		runs++;
	}
	CHECK(runs > 50);
	session_release(&s);
}
