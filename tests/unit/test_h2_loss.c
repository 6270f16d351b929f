/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP/2 reports when bytes are missing: right, or nothing. */
#include "cleanup.h"
#include "h2_session.h"
#include "test.h"

#include <errno.h>

#define N_STREAMS 8
#define N_CHUNKS 4

/* ---- One session, and what is true of it --------------------------------------------- */

static void request_lines(char *to, size_t size, uint32_t id)
{
	snprintf(to, size,
		 ":method: POST\n:scheme: https\n:authority: api%u.example\n:path: /v1/%u\n"
		 "content-type: application/json\nx-request: r%u\nuser-agent: test/1\n",
		 id % 3, id, id);
}

static void response_lines(char *to, size_t size, uint32_t id)
{
	snprintf(to, size, ":status: %u\ncontent-type: text/%u\nx-response: a%u\nserver: s\n",
		 200 + id % 7, id % 3, id);
}

static void chunk_text(char *to, size_t size, uint32_t id, int dir, unsigned int chunk)
{
	snprintf(to, size, "<%u%c%u ......................>", id, dir ? 'a' : 'q', chunk);
}

static void add_chunk(struct session *s, uint32_t id, int dir, unsigned int chunk)
{
	char text[100];

	chunk_text(text, sizeof(text), id, dir, chunk);
	session_data(s, dir, id, text, chunk == N_CHUNKS - 1 ? H2_END_STREAM : 0);
}

/* Half of the streams run interleaved, the others one after the other. */
static void make_session(struct session *s)
{
	char lines[400];

	session_init(s);
	session_begin(s);
	for (uint32_t i = 0; i < N_STREAMS; i++) {
		uint32_t id = 2 * i + 1;

		request_lines(lines, sizeof(lines), id);
		session_head(s, CLIENT, id, lines, 0);
		for (unsigned int c = 0; c < N_CHUNKS; c++)
			add_chunk(s, id, CLIENT, c);
		if (i < N_STREAMS / 2 - 1)
			continue;
		for (uint32_t k = i == N_STREAMS / 2 - 1 ? 0 : i; k <= i; k++) {
			response_lines(lines, sizeof(lines), 2 * k + 1);
			session_head(s, SERVER, 2 * k + 1, lines, 0);
		}
		for (unsigned int c = 0; c < N_CHUNKS; c++)
			for (uint32_t k = i == N_STREAMS / 2 - 1 ? 0 : i; k <= i; k++)
				add_chunk(s, 2 * k + 1, SERVER, c);
	}
}

/* ---- Checks that no callback says what is not true ------------------------------------ */

struct witness {
	size_t body_at[2 * N_STREAMS][2];
	bool whole[2 * N_STREAMS][2]; /* its head was exact, and no hole since */
	bool complete[2 * N_STREAMS][2];
	unsigned int lies;
};

static void lie(struct witness *w, const char *what, const struct h2_stream *s)
{
	if (!w->lies++)
		test_fail(__FILE__, __LINE__, "%s on stream %u", what, s->id);
}

static bool in_lines(const char *lines, struct slice name, struct slice value)
{
	char line[200];

	snprintf(line, sizeof(line), "%.*s: %.*s\n", SLICE_FMT(name), SLICE_FMT(value));
	return strstr(lines, line);
}

static void witness_head(void *ctx, struct h2_stream *s, int dir, const struct http_head *head)
{
	const struct http_field pseudo[] = {
		{ SLICE(":method"), head->method },
		{ SLICE(":path"), head->target },
		{ SLICE(":scheme"), head->scheme },
		{ SLICE(":authority"), head->authority },
	};
	struct witness *w = ctx;
	char lines[400], status[40];
	size_t found = head->n_fields;

	if (dir == CLIENT)
		request_lines(lines, sizeof(lines), s->id);
	else
		response_lines(lines, sizeof(lines), s->id);
	for (size_t i = 0; i < head->n_fields; i++)
		if (!in_lines(lines, head->fields[i].name, head->fields[i].value))
			lie(w, "field", s);
	for (size_t i = 0; i < ARRAY_LEN(pseudo); i++) {
		if (!pseudo[i].value.data)
			continue;
		found++;
		if (!in_lines(lines, pseudo[i].name, pseudo[i].value))
			lie(w, "pseudo field", s);
	}
	snprintf(status, sizeof(status), "%d", head->status);
	if (head->status && !in_lines(lines, SLICE(":status"), slice_from(status)))
		lie(w, "status", s);
	found += head->status != 0;
	if (!head->inferred && found != (dir == CLIENT ? 7 : 4))
		lie(w, "head that claims to be whole", s);
	w->whole[s->id][dir] = !head->inferred;
}

static void witness_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	struct witness *w = ctx;
	char body[400] = "";
	const char *at;
	size_t from = w->body_at[s->id][dir];

	for (unsigned int c = 0; c < N_CHUNKS; c++)
		chunk_text(body + strlen(body), 100, s->id, dir, c);
	at = memmem(body + from, strlen(body) - from, data.data, data.len);
	if (!at)
		lie(w, "body", s);
	else if (w->whole[s->id][dir] && at != body + from)
		lie(w, "hole that was not told", s);
	else
		w->body_at[s->id][dir] = (size_t)(at - body) + data.len;
}

static void witness_hole(void *ctx, struct h2_stream *s, int dir, uint64_t len)
{
	struct witness *w = ctx;

	if (len)
		w->body_at[s->id][dir] += len;
	else
		w->whole[s->id][dir] = false;
}

static void witness_end(void *ctx, struct h2_stream *s, int dir, enum http_end how)
{
	struct witness *w = ctx;
	char body[400] = "";

	for (unsigned int c = 0; c < N_CHUNKS; c++)
		chunk_text(body + strlen(body), 100, s->id, dir, c);
	if (how != HTTP_END_COMPLETE)
		return;
	w->complete[s->id][dir] = true;
	if (w->whole[s->id][dir] && w->body_at[s->id][dir] != strlen(body))
		lie(w, "end that is not there", s);
}

static void witness_closed(void *ctx, struct h2_stream *s)
{
	(void)ctx;
	(void)s;
}

static struct h2_sink witness_sink(struct witness *w)
{
	*w = (struct witness){ 0 };
	return (struct h2_sink){ w,	      witness_head,  NULL, witness_body, witness_hole,
				 witness_end, witness_closed };
}

/* Feeds one record without those of its bytes that are in [from, to) of the session. */
static void feed_gap(struct h2 *h, const struct session *s, size_t i, size_t from, size_t to)
{
	const struct session_record *r = &s->records[i];
	size_t begin = r->at, end = r->at + r->len;
	size_t a = MIN(MAX(from, begin), end), b = MAX(MIN(to, end), a);

	h2_mark(h, r->dir, r->len);
	if (a == begin && b == end)
		h2_hole(h, r->dir, r->len);
	else if (from >= end || to <= begin)
		h2_feed(h, r->dir, s->bytes.data + begin, r->len);
	else {
		h2_feed(h, r->dir, s->bytes.data + begin, a - begin);
		h2_hole(h, r->dir, b - a);
		h2_feed(h, r->dir, s->bytes.data + b, end - b);
	}
}

static void check_gap(const struct session *s, size_t from, size_t to)
{
	struct witness w;
	struct h2_sink sink = witness_sink(&w);
	struct h2 h;

	test_row("without bytes %zu to %zu", from, to);
	h2_init(&h, CLIENT, &sink);
	for (size_t i = 0; i < s->n; i++)
		feed_gap(&h, s, i, from, to);
	if (to < s->bytes.len / 2) {
		/* A loss in the first half is over by the last stream. */
		CHECK(w.complete[2 * N_STREAMS - 1][CLIENT]);
		CHECK(w.complete[2 * N_STREAMS - 1][SERVER]);
		CHECK_INT(w.body_at[2 * N_STREAMS - 1][SERVER], N_CHUNKS * 29);
	}
	h2_eof(&h);
	CHECK_INT(h.streams.count, 0);
	h2_release(&h);
}

TEST(h2_says_nothing_wrong_without_records)
{
	struct session s;

	make_session(&s);
	for (size_t i = 0; i < s.n; i++)
		for (size_t n = 1; n <= 8 && i + n <= s.n; n++)
			check_gap(&s, s.records[i].at,
				  s.records[i + n - 1].at + s.records[i + n - 1].len);
	session_release(&s);
	test_row(NULL);
}

TEST(h2_says_nothing_wrong_without_bytes)
{
	static const size_t lens[] = { 1, 5, 9, 30, 100, 333 };
	struct session s;

	make_session(&s);
	for (size_t k = 0; k < ARRAY_LEN(lens); k++)
		for (size_t at = 0; at + lens[k] <= s.bytes.len; at++)
			check_gap(&s, at, at + lens[k]);
	session_release(&s);
	test_row(NULL);
}

/* Joined before each record in turn; every stream that begins afterwards is reported. */
TEST(h2_says_nothing_wrong_when_joined_anywhere)
{
	struct session s;

	make_session(&s);
	for (size_t first = 1; first < s.n; first++) {
		struct witness w;
		struct h2_sink sink = witness_sink(&w);
		struct h2 h;

		test_row("from record %zu", first);
		h2_init(&h, H2_ROLE_UNKNOWN, &sink);
		h2_join(&h, CLIENT);
		h2_join(&h, SERVER);
		for (size_t i = first; i < s.n; i++)
			feed_gap(&h, &s, i, 0, 0);
		if (s.records[first].at < s.bytes.len / 2)
			CHECK(w.complete[2 * N_STREAMS - 1][SERVER]);
		h2_release(&h);
	}
	session_release(&s);
	test_row(NULL);
}

/* A hole inside one DATA frame costs exactly its bytes and nothing else. */
TEST(h2_hole_in_data_is_exact)
{
	static const uint8_t padded[] = "\x04"
					"0123456789pppp";
	static const struct {
		size_t at, len; /* in the payload */
		const char *want;
	} rows[] = {
		{ 1, 3, "hole 3\n1> body 3456789" },
		{ 4, 2, "body 012\n1> hole 2\n1> body 56789" },
		{ 8, 5, "body 0123456\n1> hole 3" },
		{ 12, 2, "body 0123456789" },
		{ 1, 14, "hole 10" },
		{ 0, 2, "hole 0" },
	};
	static const char before[] = "\n1> head? POST / @x\n1> ", after[] = "\n1> complete";
	static const uint8_t head[] = { 0x83, 0x84, 0x01, 1, 'x', 0x80 | 80 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct transcript t;
		struct h2_sink sink = transcript_sink(&t);
		struct session s;
		struct h2 h;
		char want[200];

		test_row("%zu+%zu", rows[i].at, rows[i].len);
		session_init(&s);
		session_frame(&s, CLIENT, H2_HEADERS, H2_END_HEADERS, 1, head, sizeof(head));
		session_frame(&s, CLIENT, H2_DATA, H2_PADDED | H2_END_STREAM, 1, padded, 15);
		h2_init(&h, CLIENT, &sink);
		h2_join(&h, CLIENT);
		for (size_t k = 0; k < s.n; k++)
			feed_gap(&h, &s, k, s.records[1].at + 9 + rows[i].at,
				 s.records[1].at + 9 + rows[i].at + rows[i].len);
		snprintf(want, sizeof(want), "%s%s%s", before, rows[i].want, after);
		CHECK_STR(buf_slice(&t.text), want);
		h2_release(&h);
		buf_release(&t.text);
		session_release(&s);
	}
	test_row(NULL);
}

TEST(h2_without_memory)
{
	struct session s;
	unsigned int runs = 0;

	make_session(&s);
	EACH_MALLOC_FAILURE
	{
		struct witness w;
		struct h2_sink sink = witness_sink(&w);
		struct h2 h;

		h2_init(&h, CLIENT, &sink);
		/* A loss on the way, so that resync allocates too. */
		for (size_t i = 0; i < s.n; i++)
			feed_gap(&h, &s, i, s.records[12].at, s.records[12].at + 50);
		h2_release(&h);
		runs++;
	}
	CHECK(runs > 100);
	session_release(&s);
}

TEST(h2_plausible_starts)
{
	CHECK(h2_plausible_preface("PRI", 3));
	CHECK(h2_plausible_preface(H2_PREFACE.data, H2_PREFACE.len));
	CHECK(!h2_plausible_preface("POST", 4));
	CHECK(!h2_plausible_preface("", 0));
	CHECK(h2_plausible_frame("\0\0\x04\x08\0\0\0\0\0", 9));
	CHECK(!h2_plausible_frame("\0\0\x04\x08\0\0\0\0", 8));
	CHECK(!h2_plausible_frame("POST / HTTP/1.1", 15));
	CHECK(!h2_plausible_frame("\0\0\x04\x06\0\0\0\0\0", 9)); /* PING of 4 bytes */
	CHECK(!h2_plausible_frame("\0\0\x04\0\0\0\0\0\0", 9));	 /* DATA on no stream */
}
