/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From records to calls: MB/s of payload per framing for answers of 200 events, what a
 * recorder adds, and how the time grows from bodies of 10 KB to 10 MB (per MB it must not).
 * CPU time, medians of interleaved rounds.
 */
#include "call.h"
#include "clock.h"
#include "cleanup.h"
#include "h2_session.h"
#include "tracefile.h"

#include <stdio.h>
#include <time.h>
#include <zlib.h>

#define ROUNDS 7
#define ROUND_NS (50 * NSEC_PER_MSEC)
#define EVENTS 200
#define TEXT_MAX (64 * 1024 * 1024)
#define RECORD_LEN 16384

/* Records of one connection, one behind the other. */
struct traffic {
	const char *name;
	struct buf records;
	uint64_t pos[2], now_ns;
	uint32_t seq[2];
	size_t payload;
	size_t calls; /* that it must give */
};

static size_t seen; /* calls */

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void on_call(void *ctx, struct call *c)
{
	(void)ctx;
	seen += usage_has(&c->usage, USAGE_OUTPUT);
	call_free(c);
}

static void add(struct traffic *t, int dir, struct slice data)
{
	for (size_t at = 0; at < data.len; at += RECORD_LEN) {
		struct slice part = slice_sub(data, at, RECORD_LEN);
		const struct gentap_event ev = {
			.type = GENTAP_EV_DATA,
			.dir = (uint8_t)dir,
			.source = GENTAP_SRC_OPENSSL,
			.flags = GENTAP_F_FIRST | GENTAP_F_LAST,
			.ts_ns = t->now_ns += 1000,
			.ptr = 1,
			.tgid = 1,
			.seq = t->seq[dir]++,
			.pos = t->pos[dir],
			.call_len = part.len,
			.data_len = (uint32_t)part.len,
		};

		buf_add(&t->records, &ev, sizeof(ev));
		buf_add_slice(&t->records, part);
		t->pos[dir] += part.len;
		t->payload += part.len;
	}
}

static void add_text(struct traffic *t, int dir, const char *text)
{
	add(t, dir, slice_from(text));
}

/* ---- What is said ---------------------------------------------------------------------- */

static const char ask[] = "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			  "\"content\":\"hello\"}]}";

static void make_event(char *to, size_t size, int i)
{
	static const char *const last[] = {
		"data: {\"id\":\"r\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":"
		"{\"prompt_tokens\":7,\"completion_tokens\":8,\"total_tokens\":15}}\n\n",
		"data: [DONE]\n\n",
	};

	if (i >= EVENTS)
		snprintf(to, size, "%s", last[i - EVENTS]);
	else
		snprintf(to, size,
			 "data: {\"id\":\"r\",\"object\":\"chat.completion.chunk\",\"created\":%d,"
			 "\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
			 "\" word\"},\"logprobs\":null,\"finish_reason\":%s}],\"obfuscation\":"
			 "\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\"}\n\n",
			 1700000000 + i, i == EVENTS - 1 ? "\"stop\"" : "null");
}

static void add_request(struct traffic *t)
{
	char head[300];

	snprintf(head, sizeof(head),
		 "POST /v1/chat/completions HTTP/1.1\r\nHost: api.example\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(ask), ask);
	add_text(t, 0, head);
}

static void make_http1(struct traffic *t)
{
	char event[600], chunk[700];

	t->calls = 1;
	add_request(t);
	add_text(t, 1,
		 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < EVENTS + 2; i++) {
		make_event(event, sizeof(event), i);
		snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", strlen(event), event);
		add_text(t, 1, chunk);
	}
	add_text(t, 1, "0\r\n\r\n");
}

static void make_gzip(struct traffic *t)
{
	char event[600], packed[1200], chunk[1300];
	z_stream z = { 0 };

	t->calls = 1;
	add_request(t);
	add_text(t, 1,
		 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		 "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	for (int i = 0; i < EVENTS + 2; i++) {
		size_t len;
		int n;

		make_event(event, sizeof(event), i);
		z.next_in = (Bytef *)event;
		z.avail_in = (uInt)strlen(event);
		z.next_out = (Bytef *)packed;
		z.avail_out = sizeof(packed);
		deflate(&z, i == EVENTS + 1 ? Z_FINISH : Z_SYNC_FLUSH);
		len = sizeof(packed) - z.avail_out;
		n = snprintf(chunk, sizeof(chunk), "%zx\r\n", len);
		memcpy(chunk + n, packed, len);
		memcpy(chunk + n + len, "\r\n", 2);
		add(t, 1, (struct slice){ chunk, (size_t)n + len + 2 });
	}
	deflateEnd(&z);
	add_text(t, 1, "0\r\n\r\n");
}

/* Four streams whose events take turns. */
static void make_http2(struct traffic *t)
{
	char event[600];
	static struct session s;

	t->calls = 4;
	session_init(&s);
	session_begin(&s);
	for (uint32_t id = 1; id < 9; id += 2) {
		session_head(&s, CLIENT, id,
			     ":method: POST\n:scheme: https\n:path: /v1/chat/completions\n"
			     ":authority: api.example\ncontent-type: application/json\n",
			     0);
		session_data(&s, CLIENT, id, ask, H2_END_STREAM);
		session_head(&s, SERVER, id, ":status: 200\ncontent-type: text/event-stream\n", 0);
	}
	for (int i = 0; i < EVENTS + 2; i++)
		for (uint32_t id = 1; id < 9; id += 2) {
			make_event(event, sizeof(event), i);
			session_data(&s, SERVER, id, event, i == EVENTS + 1 ? H2_END_STREAM : 0);
		}
	for (size_t i = 0; i < s.n; i++)
		add(t, s.records[i].dir,
		    slice_sub(buf_slice(&s.bytes), s.records[i].at, s.records[i].len));
	session_release(&s);
}

/* One answer of JSON, or a question, of about so many bytes. */
static void make_body(struct traffic *t, size_t len, bool question)
{
	_cleanup_(buf_cleanup) struct buf body = BUF_INIT(TEXT_MAX);
	char head[300];

	t->calls = 1;
	buf_add_str(&body, question ? "{\"model\":\"m\",\"messages\":["
				    : "{\"id\":\"r\",\"object\":"
				      "\"chat.completion\","
				      "\"choices\":[");
	while (body.len < len) {
		if (body.data[body.len - 1] != '[')
			buf_add_char(&body, ',');
		buf_add_str(&body, question
					   ? "{\"role\":\"user\",\"content\":\""
					   : "{\"message\":{\"role\":\"assistant\",\"content\":\"");
		for (int i = 0; i < 100; i++)
			buf_add_str(&body, "some words \\n of text ");
		buf_add_str(&body, question ? "\"}" : "\"},\"finish_reason\":\"stop\"}");
	}
	buf_add_str(&body,
		    question ? "]}" : "],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":8}}");
	if (!question)
		add_request(t);
	snprintf(head, sizeof(head),
		 "%s\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		 question ? "POST /v1/chat/completions HTTP/1.1" : "HTTP/1.1 200 OK", body.len);
	add_text(t, !question, head);
	add(t, !question, buf_slice(&body));
	if (question)
		add_text(t, 1,
			 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			 "Content-Length: 86\r\n\r\n"
			 "{\"id\":\"r\",\"object\":\"chat.completion\",\"choices\":[],\"usage\":{"
			 "\"completion_tokens\":8}}  ");
}

/* ---- Runs ------------------------------------------------------------------------------ */

static void run(const struct traffic *t, bool record)
{
	const struct pipeline_sink sink = { .call = on_call };
	struct tracefile_writer *w = NULL;
	struct pipeline *p = NULL;
	struct gentap_event ev;

	if (record && tracefile_writer_new(&w, fopen("/dev/null", "w"), 0))
		abort();
	if (!record && pipeline_new(&p, &pipeline_config_default, &sink))
		abort();
	for (size_t at = 0; at < t->records.len; at += sizeof(ev) + ev.data_len) {
		const char *record_at = t->records.data + at;

		memcpy(&ev, record_at, sizeof(ev));
		if (record)
			tracefile_write_record(w, record_at, sizeof(ev) + ev.data_len);
		else
			pipeline_record(p, record_at, sizeof(ev) + ev.data_len);
	}
	pipeline_free(p);
	tracefile_writer_close(w);
}

static double round_us(const struct traffic *t, bool record)
{
	uint64_t start = cpu_ns(), n = 0;

	do {
		seen = 0;
		run(t, record);
		if (!record && seen != t->calls)
			fprintf(stderr, "%s: %zu calls of %zu\n", t->name, seen, t->calls), exit(1);
		n++;
	} while (cpu_ns() - start < ROUND_NS);
	return (double)(cpu_ns() - start) / 1e3 / (double)n;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(void)
{
	static const size_t lens[] = { 10000, 100000, 1000000, 10000000 };
	static struct traffic all[3 + 2 * ARRAY_LEN(lens)] = {
		{ .name = "HTTP/1.1, SSE" },
		{ .name = "HTTP/1.1, SSE, gzip" },
		{ .name = "HTTP/2, SSE, 4 streams" },
	};
	static double us[ARRAY_LEN(all)][2][ROUNDS];
	char names[2 * ARRAY_LEN(lens)][40];

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_init(&all[i].records, TEXT_MAX);
	make_http1(&all[0]);
	make_gzip(&all[1]);
	make_http2(&all[2]);
	for (size_t i = 0; i < 2 * ARRAY_LEN(lens); i++) {
		size_t len = lens[i % ARRAY_LEN(lens)];

		snprintf(names[i], sizeof(names[i]), "%s, %zu KB",
			 i < ARRAY_LEN(lens) ? "JSON answer" : "JSON question", len / 1000);
		all[3 + i].name = names[i];
		make_body(&all[3 + i], len, i >= ARRAY_LEN(lens));
	}
	for (size_t r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < ARRAY_LEN(all); i++)
			for (int record = 0; record < 2; record++)
				us[i][record][r] = round_us(&all[i], record);
	printf("%-26s %10s %12s %8s %10s %14s\n", "from records to calls", "bytes", "us", "MB/s",
	       "us per MB", "recording MB/s");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		double len = (double)all[i].payload, time;

		for (int record = 0; record < 2; record++)
			qsort(us[i][record], ROUNDS, sizeof(double), compare);
		time = us[i][0][ROUNDS / 2];
		printf("%-26s %10.0f %12.1f %8.0f %10.0f %14.0f\n", all[i].name, len, time,
		       len / time, time / len * 1e6, len / us[i][1][ROUNDS / 2]);
	}
	return 0;
}
