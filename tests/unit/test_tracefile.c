/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "h2_session.h"
#include "recording.h"
#include "tracefile_format.h"

#include <errno.h>

/* ---- Traffic ------------------------------------------------------------------------- */

#define BODY                                                                                       \
	"{\"model\":\"m-1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"          \
	"\"api_key\":\"" SECRET "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
#define CHUNK(rest)                                                                                \
	"data: {\"id\":\"r-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1-x\"," rest     \
	"}\n\n"
#define DELTA CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]")
#define FINISH CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]")
#define USAGE                                                                                      \
	CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":8,"             \
	      "\"total_tokens\":15}")

static void add_http1(struct recording *r, const char *path)
{
	char text[2000];
	size_t n = 0;

	snprintf(text, sizeof(text),
		 "POST %s HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer " SECRET "\r\n"
		 "X-Api-Key: " SECRET "\r\nCookie: a=" SECRET "; b=c\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		 path, strlen(BODY));
	recording_text(r, 0, text);
	recording_text(r, 0, BODY);
	recording_text(r, 1,
		       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		       "Set-Cookie: s=" SECRET "\r\nx-request-id: q1\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n");
	for (const char *const *c =
		     (const char *const[]){ DELTA, FINISH, USAGE, "data: [DONE]\n\n", NULL };
	     *c; c++, n++) {
		snprintf(text, sizeof(text), "%zx\r\n%s\r\n", strlen(*c), *c);
		recording_text(r, 1, text);
	}
	recording_text(r, 1, "0\r\n\r\n");
}

static void take_session(struct recording *r, const struct session *s)
{
	for (size_t i = 0; i < s->n; i++)
		recording_add(r, s->records[i].dir,
			      slice_sub(buf_slice(&s->bytes), s->records[i].at, s->records[i].len));
}

static void add_h2_request(struct session *s, uint32_t id)
{
	char head[600];

	snprintf(head, sizeof(head),
		 ":method: POST\n:scheme: https\n:authority: api.example\n"
		 ":path: /v1/chat/completions?v=%u&key=" SECRET "\n"
		 "content-type: application/json\nauthorization: Bearer " SECRET "\n"
		 "x-goog-api-key: " SECRET "\ncookie: a=" SECRET "\nx-call: %u\n",
		 id, id);
	session_head(s, CLIENT, id, head, 0);
	session_data(s, CLIENT, id, BODY, H2_END_STREAM);
}

static void add_h2_response(struct session *s, uint32_t id, int part)
{
	static const char *const parts[] = { DELTA, FINISH, USAGE, "data: [DONE]\n\n" };

	if (part == 0)
		session_head(s, SERVER, id,
			     ":status: 200\ncontent-type: text/event-stream\n"
			     "set-cookie: s=" SECRET "\nx-request-id: q1\n",
			     0);
	session_data(s, SERVER, id, parts[part], part == 3 ? H2_END_STREAM : 0);
}

/* Two at once, then one whose frames use what the format allows. */
static void make_h2(struct recording *r)
{
	static const char block[] = ":status: 200\ncontent-type: text/event-stream\n"
				    "x-token: " SECRET "\nx-request-id: q5\n";
	uint8_t coded[1000];
	char padded[600];
	struct session s;
	size_t n;

	session_init(&s);
	session_begin(&s);
	add_h2_request(&s, 1);
	add_h2_request(&s, 3);
	for (int part = 0; part < 4; part++) {
		add_h2_response(&s, 1, part);
		add_h2_response(&s, 3, part);
	}
	nghttp2_hd_deflate_change_table_size(s.deflater[SERVER], 0);
	nghttp2_hd_deflate_change_table_size(s.deflater[SERVER], 4096);
	add_h2_request(&s, 5);
	n = session_block(&s, SERVER, block, coded + 6, sizeof(coded) - 6);
	memcpy(coded, "\x02\0\0\0\x01\x10", 6); /* padding, priority */
	session_frame(&s, SERVER, H2_HEADERS, H2_PADDED | H2_PRIORITIZED, 5, coded, 6 + 10 + 2);
	session_frame(&s, SERVER, H2_CONTINUATION, H2_END_HEADERS, 5, coded + 16, n - 10);
	n = (size_t)snprintf(padded, sizeof(padded), "%c%s%s%s" SECRET, (int)strlen(SECRET), DELTA,
			     FINISH, USAGE);
	session_frame(&s, SERVER, H2_DATA, H2_PADDED, 5, padded, n);
	session_frame(&s, SERVER, H2_PING, 0, 0, SECRET, 8);
	session_data(&s, SERVER, 5, "data: [DONE]\n\n", 0);
	session_head(&s, SERVER, 5, "x-secret: " SECRET "\ngrpc-status: 0\n", H2_END_STREAM);
	session_frame(&s, SERVER, H2_GOAWAY, 0, 0, "\0\0\0\x05\0\0\0\0" SECRET, 8 + strlen(SECRET));
	r->bytes = BUF_INIT(1 << 20);
	take_session(r, &s);
	session_release(&s);
}

static void make_http1(struct recording *r)
{
	r->bytes = BUF_INIT(1 << 20);
	add_http1(r, "/v1/chat/completions");
	add_http1(r, "/v1/chat/completions?key=" SECRET "&v=1");
}

typedef void (*make_fn)(struct recording *r);

static const struct {
	const char *name;
	make_fn make;
	size_t calls;
} kinds[] = {
	{ "HTTP/1", make_http1, 2 },
	{ "HTTP/2", make_h2, 3 },
};

static size_t count(const struct buf *text, const char *what)
{
	struct slice rest = { text->data, text->len };
	size_t n = 0;

	for (ssize_t at; rest.len && (at = slice_find(rest, slice_from(what))) >= 0; n++)
		rest = slice_sub(rest, (size_t)at + 1, rest.len);
	return n;
}

static void check_cuts(const struct recording *r, size_t calls, struct recording_cut cut)
{
	for (size_t i = 0; i <= r->bytes.len; i++) {
		_cleanup_(buf_cleanup) struct buf live = BUF_INIT(1 << 24);

		if (cut.reversed && i % 7 && i != r->bytes.len)
			continue;
		cut.at = i == r->bytes.len ? SIZE_MAX : i;
		test_row("cut at %zd", (ssize_t)cut.at);
		if (!recording_check(r, cut, &live))
			return;
		CHECK_INT(count(&live, "usage in=7 out=8"), calls);
		CHECK_INT(count(&live, "partial"), 0);
	}
	test_row(NULL);
}

TEST(tracefile_every_split)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct recording r = { 0 };

		kinds[k].make(&r);
		printf("# %s\n", kinds[k].name);
		check_cuts(&r, kinds[k].calls, (struct recording_cut){ .lose = SIZE_MAX });
		buf_release(&r.bytes);
	}
}

TEST(tracefile_out_of_order)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct recording r = { 0 };

		kinds[k].make(&r);
		printf("# %s\n", kinds[k].name);
		check_cuts(&r, kinds[k].calls,
			   (struct recording_cut){ .lose = SIZE_MAX, .reversed = true });
		buf_release(&r.bytes);
	}
}

/* With any record lost, in either way, cut in two ways. */
TEST(tracefile_lost_records)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct recording r = { 0 };
		size_t n = 1;

		kinds[k].make(&r);
		for (size_t i = 0; i < 2 * n; i++) {
			_cleanup_(buf_cleanup) struct buf live = BUF_INIT(1 << 24);
			struct recording_cut cut = { .lose = i / 2, .no_copy = i & 1 };

			test_row("%s, record %zu%s", kinds[k].name, i / 2, i & 1 ? " bare" : "");
			recording_check(&r, cut, &live);
			n = r.n;
		}
		buf_release(&r.bytes);
	}
	test_row(NULL);
}

TEST(tracefile_joined_midway)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct recording r = { .flags = GENTAP_F_MIDSTREAM };

		kinds[k].make(&r);
		for (r.first = 1; r.first < r.n; r.first++) {
			_cleanup_(buf_cleanup) struct buf live = BUF_INIT(1 << 24);

			test_row("%s, from %zu", kinds[k].name, r.first);
			recording_check(&r, (struct recording_cut){ .lose = SIZE_MAX }, &live);
		}
		buf_release(&r.bytes);
	}
	test_row(NULL);
}

TEST(tracefile_without_memory)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct recording r = { 0 };

		kinds[k].make(&r);
		EACH_MALLOC_FAILURE
		{
			struct buf live = BUF_INIT(1 << 24), replayed = BUF_INIT(1 << 24);
			char *file = NULL;
			size_t len = 0;

			recording_run(&r, (struct recording_cut){ .lose = SIZE_MAX }, &live,
				      &replayed, &file, &len);
			CHECK(!len || !memmem(file, len, SECRET, strlen(SECRET)));
			free(file);
			buf_release(&live);
			buf_release(&replayed);
		}
		buf_release(&r.bytes);
	}
}
