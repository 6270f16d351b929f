/* SPDX-License-Identifier: Apache-2.0 */
/* Of what is no call only heads get into a recording; calls are read back as they were live. */
#include "cleanup.h"
#include "gate.h"
#include "h2_session.h"
#include "recording.h"
#include "ws_frames.h"

#define CHAT_BODY "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
#define CHAT_ANSWER                                                                                \
	"{\"id\":\"r-1\",\"object\":\"chat.completion\",\"model\":\"m-1\",\"choices\":[{"          \
	"\"index\":"                                                                               \
	"0,\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"finish_reason\":\"stop\"}],"   \
	"\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":8,\"total_tokens\":15}}"

struct side {
	const char *head; /* without its length; NULL: nothing comes */
	const char *body;
};

/* One exchange after the other. */
struct row {
	const char *name;
	struct {
		struct side request, response;
	} all[3];
	size_t calls;
	bool pipelined;
};

#define JSON "Content-Type: application/json\r\n"
#define CHAT                                                                                       \
	{                                                                                          \
		{ "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n" JSON, CHAT_BODY },           \
		{                                                                                  \
			"HTTP/1.1 200 OK\r\n" JSON, CHAT_ANSWER                                    \
		}                                                                                  \
	}
#define NOTES                                                                                      \
	{                                                                                          \
		{ "POST /notes HTTP/1.1\r\nHost: h\r\n" JSON, "{\"note\":\"" SECRET "\"}" },       \
		{                                                                                  \
			"HTTP/1.1 200 OK\r\n" JSON, "{\"note\":\"" SECRET "\"}"                    \
		}                                                                                  \
	}

static const struct row rows[] = {
	{ "JSON of another API, then a call, then the other again",
	  { NOTES, CHAT, NOTES },
	  .calls = 1 },
	{ "a call, then another's", { CHAT, NOTES }, .calls = 1 },
	{ "at once", { CHAT, NOTES, CHAT }, .calls = 2, .pipelined = true },
	{ "at once, the other way", { NOTES, CHAT, NOTES }, .calls = 1, .pipelined = true },
	{ "a page",
	  { { { "GET /a HTTP/1.1\r\nHost: h\r\n", NULL },
	      { "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", "<p>" SECRET } } },
	  .calls = 0 },
	{ "a form",
	  { { { "POST /login HTTP/1.1\r\nHost: h\r\nContent-Type: "
		"application/x-www-form-urlencoded\r\n",
		"user=" SECRET },
	      { "HTTP/1.1 302 Found\r\n", "as " SECRET } } },
	  .calls = 0 },
	{ "a body that names a model",
	  { { { "POST /cars HTTP/1.1\r\nHost: h\r\n" JSON,
		"{\"model\":\"T\",\"owner\":\"" SECRET "\"}" },
	      { "HTTP/1.1 200 OK\r\n" JSON, "{\"sold\":\"" SECRET "\"}" } },
	    CHAT },
	  .calls = 1 },
	{ "a call whose path nobody knows",
	  { { { "POST /gate HTTP/1.1\r\nHost: h\r\n" JSON, CHAT_BODY },
	      { "HTTP/1.1 200 OK\r\n" JSON, CHAT_ANSWER } },
	    NOTES },
	  .calls = 1 },
	{ "and one that only its answer shows",
	  { { { "POST /gate HTTP/1.1\r\nHost: h\r\n" JSON, "{\"model\":\"m\",\"q\":1}" },
	      { "HTTP/1.1 200 OK\r\n" JSON, CHAT_ANSWER } },
	    NOTES },
	  .calls = 1 },
	{ "no body, whatever the head says",
	  { { { "HEAD /a HTTP/1.1\r\nHost: h\r\n", NULL },
	      { "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n", NULL } },
	    CHAT,
	    NOTES },
	  .calls = 1 },
	{ "a stream of other events",
	  { { { "GET /news HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n", NULL },
	      { "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n",
		"event: news\ndata: " SECRET "\n\n" } } },
	  .calls = 0 },
	{ "a tunnel",
	  { { { "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n", NULL },
	      { "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x01 " SECRET, NULL } } },
	  .calls = 0 },
	{ "a WebSocket of nobody's",
	  { { { "GET /feed HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
		NULL },
	      { "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n\r\n\x81\x09" SECRET,
		NULL } } },
	  .calls = 0 },
};

static void add(struct recording *r, int dir, const struct side *s)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 16);

	buf_add_str(&b, s->head);
	if (s->body)
		buf_printf(&b, "Content-Length: %zu\r\n", strlen(s->body));
	if (!strstr(s->head, "\r\n\r\n"))
		buf_add_str(&b, "\r\n");
	recording_add(r, dir, buf_slice(&b));
	if (s->body)
		recording_text(r, dir, s->body);
}

static void make_http1(struct recording *r, const struct row *row)
{
	r->bytes = BUF_INIT(1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(row->all) && row->all[i].request.head; i++) {
		add(r, 0, &row->all[i].request);
		if (!row->pipelined)
			add(r, 1, &row->all[i].response);
	}
	for (size_t i = 0; row->pipelined && i < ARRAY_LEN(row->all); i++)
		add(r, 1, &row->all[i].response);
}

/* "A: b" of HTTP/1 as a field of HTTP/2. */
static void add_fields(struct buf *to, const char *head)
{
	struct slice rest = slice_from(head), line;

	slice_cut(&rest, '\n');
	while (rest.len && (line = slice_trim(slice_cut(&rest, '\n'))).len) {
		struct slice name = slice_cut(&line, ':');

		if (slice_eq(name, SLICE("Host")))
			continue;
		for (size_t i = 0; i < name.len; i++)
			buf_add_char(to, (char)(name.data[i] | 0x20));
		line = slice_trim(line);
		buf_printf(to, ": %.*s\n", SLICE_FMT(line));
	}
}

static void add_h2(struct session *s, int dir, uint32_t id, const struct side *side)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 16);
	struct slice rest = slice_from(side->head), first = slice_cut(&rest, ' ');
	struct slice second = slice_cut(&rest, ' ');

	if (dir == CLIENT)
		buf_printf(&b, ":method: %.*s\n:scheme: https\n:authority: h\n:path: %.*s\n",
			   SLICE_FMT(first), SLICE_FMT(second));
	else
		buf_printf(&b, ":status: %.*s\n", SLICE_FMT(slice_sub(second, 0, 3)));
	add_fields(&b, side->head);
	session_head(s, dir, id, b.data, side->body ? 0 : H2_END_STREAM);
	if (side->body)
		session_data(s, dir, id, side->body, H2_END_STREAM);
}

static void make_h2(struct recording *r, const struct row *row)
{
	struct session s;

	session_init(&s);
	session_begin(&s);
	for (uint32_t i = 0; i < ARRAY_LEN(row->all) && row->all[i].request.head; i++) {
		add_h2(&s, CLIENT, 2 * i + 1, &row->all[i].request);
		if (!row->pipelined)
			add_h2(&s, SERVER, 2 * i + 1, &row->all[i].response);
	}
	for (uint32_t i = ARRAY_LEN(row->all); row->pipelined && i--;)
		add_h2(&s, SERVER, 2 * i + 1, &row->all[i].response);
	r->bytes = BUF_INIT(1 << 20);
	for (size_t i = 0; i < s.n; i++)
		recording_add(r, s.records[i].dir,
			      slice_sub(buf_slice(&s.bytes), s.records[i].at, s.records[i].len));
	session_release(&s);
}

static size_t count(const struct buf *text, const char *what)
{
	struct slice rest = { text->data, text->len };
	size_t n = 0;

	for (ssize_t at; rest.len && (at = slice_find(rest, slice_from(what))) >= 0; n++)
		rest = slice_sub(rest, (size_t)at + 1, rest.len);
	return n;
}

static void check_cuts(const struct recording *r, size_t calls)
{
	/* Rows share their texts: between them every place is cut at. */
	for (size_t i = r->n % 3; i <= r->bytes.len + 2; i += 3) {
		_cleanup_(buf_cleanup) struct buf live = BUF_INIT(1 << 24);

		if (!recording_check(r,
				     (struct recording_cut){ .at = i >= r->bytes.len ? SIZE_MAX : i,
							     .lose = SIZE_MAX },
				     &live))
			return;
		CHECK_INT(count(&live, "usage in=7 out=8"), calls);
	}
}

static bool is_http1_alone(const struct row *row)
{
	return strstr(row->all[0].response.head, "\r\n\r\n");
}

TEST(gate_keeps_calls_alone)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct recording r = { 0 };

		test_row("%s", rows[i].name);
		make_http1(&r, &rows[i]);
		check_cuts(&r, rows[i].calls);
		buf_release(&r.bytes);
		if (is_http1_alone(&rows[i]))
			continue;
		test_row("%s, HTTP/2", rows[i].name);
		r = (struct recording){ 0 };
		make_h2(&r, &rows[i]);
		check_cuts(&r, rows[i].calls);
		buf_release(&r.bytes);
	}
	test_row(NULL);
}

/* Whatever is lost, and wherever it is joined: what was not wanted is not there. */
TEST(gate_behind_losses)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i / 2];
		struct recording r = { 0 };

		if (i & 1 && is_http1_alone(row))
			continue;
		if (i & 1)
			make_h2(&r, row);
		else
			make_http1(&r, row);
		for (size_t k = 0; k < 3 * r.n; k++) {
			struct buf live = BUF_INIT(1 << 24), replayed = BUF_INIT(1 << 24);
			struct recording_cut cut = { .lose = k < 2 * r.n ? k / 2 : SIZE_MAX,
						     .no_copy = k & 1 };
			char *file = NULL;
			size_t len = 0;

			test_row("%s%s, %zu", row->name, i & 1 ? ", HTTP/2" : "", k);
			r.first = k < 2 * r.n ? 0 : k - 2 * r.n;
			r.flags = k < 2 * r.n ? 0 : GENTAP_F_MIDSTREAM;
			recording_run(&r, cut, &live, &replayed, &file, &len);
			CHECK(file && !memmem(file, len, SECRET, strlen(SECRET)));
			free(file);
			buf_release(&live);
			buf_release(&replayed);
		}
		buf_release(&r.bytes);
	}
	test_row(NULL);
}

TEST(gate_without_memory)
{
	struct recording r = { 0 };

	make_http1(&r, &rows[6]);
	EACH_MALLOC_FAILURE
	{
		struct buf live = BUF_INIT(1 << 24), replayed = BUF_INIT(1 << 24);
		char *file = NULL;
		size_t len = 0;

		recording_run(&r, (struct recording_cut){ .lose = SIZE_MAX }, &live, &replayed,
			      &file, &len);
		CHECK(!len || !memmem(file, len, SECRET, strlen(SECRET)));
		free(file);
		buf_release(&live);
		buf_release(&replayed);
	}
	buf_release(&r.bytes);
}

/* ---- What is read of other requests -------------------------------------------------------- */

static void put(void *ctx, enum gentap_dir dir, struct slice data, bool call_start, uint64_t ts_ns)
{
	(void)dir, (void)call_start, (void)ts_ns;
	buf_add_slice(ctx, data);
}

static void put_hole(void *ctx, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	(void)dir, (void)ts_ns;
	buf_printf(ctx, "[%llu]", (unsigned long long)len);
}

static bool asks(void *ctx, uint32_t tgid)
{
	return *(bool *)ctx && tgid == 7;
}

static void check_masked(bool server_side, bool asking, const char *request, const char *response,
			 bool want_request, bool want_response)
{
	_cleanup_(buf_cleanup) struct buf written = BUF_INIT(1 << 20);
	char scratch[GENTAP_CHUNK_MAX];
	const struct masker_sink sink = { &written, put, put_hole };
	struct masker_context context = { .scratch = scratch, .ctx = &asking, .asks = asks };
	enum gentap_dir out = server_side ? GENTAP_READ : GENTAP_WRITE;
	struct masker *m;

	if (masker_new(&m, &context, 7, &sink))
		return;
	masker_data(m, out, slice_from(request), true, 1);
	masker_data(m, !out, slice_from(response), true, 2);
	masker_free(m);
	CHECK_INT(context.held, 0);
	CHECK_INT(slice_find(buf_slice(&written), SLICE("the question")) >= 0, want_request);
	CHECK_INT(slice_find(buf_slice(&written), SLICE("the answer")) >= 0, want_response);
	CHECK_INT(written.len, strlen(request) + strlen(response));
}

#define ASK(path)                                                                                  \
	"POST " path " HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"   \
	"{\"q\":\"the question  \"}"
#define ANSWER                                                                                     \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n"          \
	"{\"a\":\"the answer\"}"

TEST(gate_words_of_requests)
{
	/* To a process that asks models: its words tell which calls are made for it. */
	check_masked(true, true, ASK("/ask"), ANSWER, true, false);
	check_masked(true, false, ASK("/ask"), ANSWER, false, false);
	check_masked(false, true, ASK("/ask"), ANSWER, false, false);
	/* The spans that it exports. */
	check_masked(false, true, ASK("/v1/traces"), ANSWER, true, false);
	check_masked(false, false, ASK("/v1/traces"), ANSWER, false, false);
	check_masked(false, true, ASK("/v1/logs"), ANSWER, false, false);
}

#define EVENTS "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 47\r\n\r\n"
#define GET_EVENTS "GET /sse HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n"

TEST(gate_streams_of_answers)
{
	check_masked(false, false, GET_EVENTS,
		     EVENTS "event: endpoint\ndata: /m\n\ndata: the answer ab\n\n", false, true);
	check_masked(false, false, GET_EVENTS,
		     EVENTS "event: somebody\ndata: /m\n\ndata: the answer ab\n\n", false, false);
}

/* Nobody is held back for ever. */
TEST(gate_ceiling)
{
	_cleanup_(buf_cleanup) struct buf written = BUF_INIT(64 << 20), big = BUF_INIT(1 << 20);
	char scratch[GENTAP_CHUNK_MAX];
	const struct masker_sink sink = { &written, put, put_hole };
	struct masker_context context = { .scratch = scratch };
	struct masker *m;

	while (big.len < 1000000)
		buf_add_str(&big, "the answer ");
	if (masker_new(&m, &context, 7, &sink))
		return;
	/* Undecided for as long as the answer has not shown that it is none. */
	masker_data(m, GENTAP_WRITE,
		    SLICE("POST /x HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: "
			  "13\r\n\r\n{\"model\":\"m\"}"),
		    true, 1);
	masker_data(m, GENTAP_READ,
		    SLICE("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "), true,
		    2);
	for (size_t at = 0; at < big.len; at += 4096) {
		masker_data(m, GENTAP_READ, slice_sub(buf_slice(&big), at, 4096), false, 3);
		CHECK(context.held <= GATE_HELD_MAX);
	}
	CHECK(written.len > big.len / 2);
	masker_free(m);
	CHECK_INT(context.held, 0);
	CHECK(slice_find(buf_slice(&written), SLICE("the answer")) < 0);
}
