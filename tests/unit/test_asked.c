/* SPDX-License-Identifier: Apache-2.0 */
/* What a process asks of others, while a tool is open. */
#include "cleanup.h"
#include "fake_decoder.h"
#include "h2_feeder.h"

static struct buf told = BUF_INIT(1 << 16);
static unsigned int ignored;
static bool acting;

static void on_call(void *ctx, struct call *call)
{
	(void)ctx, (void)call;
}

static void on_verdict(void *ctx, struct conn_id id, enum gentap_verdict v)
{
	(void)ctx, (void)id;
	ignored += v == GENTAP_IGNORED;
}

static bool on_acts(void *ctx, const struct process *process)
{
	(void)ctx, (void)process;
	return acting;
}

static void on_outbound(void *ctx, const struct outbound *o)
{
	(void)ctx;
	CHECK(o->end_ns >= o->start_ns);
	buf_printf(&told, "%.*s %.*s%.*s %d%s ignored=%u\n", SLICE_FMT(o->method),
		   SLICE_FMT(o->server.address), SLICE_FMT(o->path), o->status,
		   o->whole ? "" : " partial", ignored);
}

struct line {
	char dir; /* '>' from the client, '<' to it; 0 ends */
	const char *text;
};

struct row {
	const char *name;
	bool idle; /* no tool is open */
	bool server_side;
	struct line lines[6];
	const char *want;
	unsigned int ignored; /* at the end */
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h.example:8443\r\n\r\n"
#define OK(body_len) "HTTP/1.1 200 OK\r\nContent-Length: " #body_len "\r\n\r\n"

static const struct row rows[] = {
	{ "one, answered; then the connection is of no interest",
	  .lines = { { '>', GET("/a/b?key=secret") }, { '<', OK(2) "ok" } },
	  .want = "GET h.example/a/b 200 ignored=0\n", .ignored = 1 },
	{ "an address of IPv6",
	  .lines = { { '>', "GET /a HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n" },
		     { '<', OK(2) "ok" } },
	  .want = "GET 2001:db8::1/a 200 ignored=0\n", .ignored = 1 },
	{ "two on one connection",
	  .lines = { { '>', GET("/a") },
		     { '<', "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
		     { '>', GET("/b") },
		     { '<', OK(0) } },
	  .want = "GET h.example/a 404 ignored=0\nGET h.example/b 200 ignored=1\n", .ignored = 2 },
	{ "an interim answer is none",
	  .lines = { { '>', GET("/a") }, { '<', "HTTP/1.1 103 Hints\r\n\r\n" }, { '<', OK(0) } },
	  .want = "GET h.example/a 200 ignored=0\n", .ignored = 1 },
	{ "not answered", .lines = { { '>', GET("/a") } },
	  .want = "GET h.example/a 0 partial ignored=0\n" },
	{ "answered until the connection ends",
	  .lines = { { '>', GET("/a") }, { '<', "HTTP/1.1 200 OK\r\n\r\nall there is" } },
	  .want = "GET h.example/a 200 ignored=0\n" },
	{ "cut off", .lines = { { '>', GET("/a") }, { '<', OK(9) "ok" } },
	  .want = "GET h.example/a 200 partial ignored=0\n" },
	{ "no tool is open", .idle = true, .lines = { { '>', GET("/a") }, { '<', OK(2) "ok" } },
	  .want = "", .ignored = 1 },
	{ "a request that it answers itself", .server_side = true,
	  .lines = { { '>', GET("/a") }, { '<', OK(2) "ok" } }, .want = "", .ignored = 1 },
	{ "a call is none of them",
	  .lines = { { '>', "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" },
		     { '<', OK(2) "ok" } },
	  .want = "" },
	{ "a tunnel is none",
	  .lines = { { '>', "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n" },
		     { '<', "HTTP/1.1 200 OK\r\n\r\n" } },
	  .want = "", .ignored = 1 },
};

/* cut: of all bytes */
static void run(const struct row *row, size_t cut)
{
	const struct pipeline_sink sink = {
		.call = on_call, .verdict = on_verdict, .acts = on_acts, .outbound = on_outbound
	};
	struct feeder f;
	size_t at = 0;

	buf_reset(&told, 0);
	buf_reset(&fake_log, 0);
	ignored = 0;
	acting = !row->idle;
	feeder_open(&f, &pipeline_config_default, &sink);
	f.server_side = row->server_side;
	for (const struct line *l = row->lines; f.p && l->dir; l++) {
		struct slice rest = slice_from(l->text);

		while (rest.len) {
			size_t n = cut > at && cut < at + rest.len ? cut - at : rest.len;

			feed_at(&f, l->dir == '>' ? CLIENT : SERVER, slice_sub(rest, 0, n),
				f.now_ns += 1000, false);
			rest = slice_sub(rest, n, rest.len);
			at += n;
		}
	}
	pipeline_free(f.p);
}

TEST(asked_rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t total = 0;

		for (const struct line *l = rows[i].lines; l->dir; l++)
			total += strlen(l->text);
		for (size_t cut = 0; cut < total; cut++) {
			test_row("%s, cut at %zu", rows[i].name, cut);
			run(&rows[i], cut);
			CHECK_STR(buf_slice(&told), rows[i].want);
			CHECK_INT(ignored, rows[i].ignored);
		}
	}
	test_row(NULL);
	buf_release(&told);
	buf_release(&fake_log);
}

TEST(asked_without_memory)
{
	EACH_MALLOC_FAILURE run(&rows[1], 0);
	buf_release(&told);
	buf_release(&fake_log);
}
