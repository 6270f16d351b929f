/* SPDX-License-Identifier: Apache-2.0 */
/* The standard streams of an MCP server, from records to calls. */
#include "buf.h"
#include "call.h"
#include "cleanup.h"
#include "mcp.h"
#include "pipeline.h"
#include "test.h"

#include <sys/socket.h>

#define ASK                                                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get\"}}\n"
#define ANSWER "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[]}}\n"
#define AGAIN "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\r\n"
#define PONG "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n"
#define SERVER_PID 7
#define CLIENT_PID 5

struct stdio {
	struct pipeline *p;
	struct buf got;
	int verdict;
	uint64_t pos[2], now_ns;
	uint32_t seq[2];
};

static void on_call(void *ctx, struct call *c)
{
	struct stdio *s = ctx;

	buf_printf(&s->got, "%.*s %u>%u%s%s%s;", SLICE_FMT(c->mcp->method),
		   c->process ? c->process->pid : 0, c->server_process ? c->server_process->pid : 0,
		   c->mcp->answered ? "" : " open", c->server_side ? " server" : "",
		   c->completeness == COMPLETENESS_PARTIAL ? " partial" : "");
	call_free(c);
}

static void on_verdict(void *ctx, struct conn_id id, enum gentap_verdict verdict)
{
	(void)id;
	((struct stdio *)ctx)->verdict = verdict;
}

static struct process *known[2];

static struct process *on_process(void *ctx, uint32_t tgid)
{
	(void)ctx;
	return tgid == SERVER_PID ? known[0] : tgid == CLIENT_PID ? known[1] : NULL;
}

static void put(struct stdio *s, int dir, struct slice data, bool lost)
{
	_Alignas(8) char record[sizeof(struct gentap_event) + 1024];
	struct gentap_event ev = {
		.type = GENTAP_EV_DATA,
		.dir = (uint8_t)dir,
		.source = GENTAP_SRC_PIPE,
		.flags = GENTAP_F_FIRST | GENTAP_F_LAST,
		.ts_ns = s->now_ns += 1000,
		.ptr = 1,
		.gen = 1,
		.tgid = SERVER_PID,
		.seq = s->seq[dir]++,
		.pos = s->pos[dir],
		.call_len = data.len,
		.data_len = (uint32_t)data.len,
	};

	s->pos[dir] += data.len;
	memcpy(record, &ev, sizeof(ev));
	memcpy(record + sizeof(ev), data.data, data.len);
	if (!lost)
		pipeline_record(s->p, record, sizeof(ev) + data.len);
}

static void put_bind(struct stdio *s, uint32_t peer)
{
	_Alignas(8) char record[sizeof(struct gentap_event) + sizeof(struct gentap_bind)];
	const struct gentap_bind bind = { .sock = peer, .family = AF_UNIX };
	const struct gentap_event ev = {
		.type = GENTAP_EV_BIND,
		.source = GENTAP_SRC_PIPE,
		.ptr = 1,
		.gen = 1,
		.tgid = SERVER_PID,
		.data_len = sizeof(bind),
	};

	memcpy(record, &ev, sizeof(ev));
	memcpy(record + sizeof(ev), &bind, sizeof(bind));
	pipeline_record(s->p, record, sizeof(record));
}

struct row {
	const char *name;
	uint32_t peer;
	struct {
		int dir;
		const char *text; /* that begins with '?': lost */
	} calls[8];
	const char *want;
	int verdict;
};

static const struct row rows[] = {
	{ "a call",
	  CLIENT_PID,
	  { { GENTAP_READ, ASK }, { GENTAP_WRITE, ANSWER } },
	  "tools/call 5>7;",
	  GENTAP_WANTED },
	{ "nobody knows the client",
	  99,
	  { { GENTAP_READ, ASK }, { GENTAP_WRITE, ANSWER } },
	  "tools/call 7>0 server;",
	  GENTAP_WANTED },
	{ "the server prints",
	  CLIENT_PID,
	  { { GENTAP_READ, ASK },
	    { GENTAP_WRITE, "listening\n\n" ANSWER },
	    { GENTAP_READ, AGAIN } },
	  "tools/call 5>7;ping 5>7 open;",
	  GENTAP_WANTED },
	{ "a lost answer",
	  CLIENT_PID,
	  { { GENTAP_READ, AGAIN },
	    { GENTAP_WRITE, PONG },
	    { GENTAP_READ, ASK },
	    { GENTAP_WRITE, "?" ANSWER },
	    { GENTAP_READ, AGAIN },
	    { GENTAP_WRITE, PONG } },
	  "ping 5>7;ping 5>7 partial;tools/call 5>7 open partial;",
	  GENTAP_WANTED },
	{ "an object, but no JSON-RPC",
	  CLIENT_PID,
	  { { GENTAP_READ, "{\"a\":1}\n" }, { GENTAP_WRITE, "2\n" } },
	  "",
	  GENTAP_IGNORED },
	{ "no object", CLIENT_PID, { { GENTAP_READ, "hello\n" } }, "", GENTAP_IGNORED },
};

/* Every call in pieces of n bytes. */
static void run(const struct row *row, size_t n, struct stdio *s)
{
	struct pipeline_config config = pipeline_config_default;
	const struct pipeline_sink sink = {
		.ctx = s, .call = on_call, .verdict = on_verdict, .process = on_process
	};

	*s = (struct stdio){ .got = BUF_INIT(1 << 16) };
	if (pipeline_new(&s->p, &config, &sink))
		return;
	put_bind(s, row->peer);
	for (size_t i = 0; i < ARRAY_LEN(row->calls) && row->calls[i].text; i++) {
		struct slice rest = slice_from(row->calls[i].text);
		bool lost = rest.data[0] == '?';

		if (lost)
			rest = slice_sub(rest, 1, rest.len);
		for (; rest.len; rest = slice_sub(rest, MIN(n, rest.len), rest.len))
			put(s, row->calls[i].dir, slice_sub(rest, 0, MIN(n, rest.len)), lost);
	}
	pipeline_free(s->p);
}

static void with_processes(void (*fn)(void))
{
	CHECK_INT(process_new(&known[0]), 0);
	CHECK_INT(process_new(&known[1]), 0);
	known[0]->pid = SERVER_PID;
	known[1]->pid = CLIENT_PID;
	fn();
	process_unref(known[0]);
	process_unref(known[1]);
}

static void each_row_and_split(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t n = 1; n < 120; n++) {
			struct stdio s;

			test_row("%s, in pieces of %zu", rows[i].name, n);
			run(&rows[i], n, &s);
			CHECK_INT(s.verdict, rows[i].verdict);
			CHECK_SLICE(s.got.len ? buf_slice(&s.got) : SLICE(""),
				    slice_from(rows[i].want));
			buf_release(&s.got);
		}
	test_row(NULL);
}

TEST(stdio_rows_in_any_pieces)
{
	with_processes(each_row_and_split);
}

static void each_row_without_memory(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EACH_MALLOC_FAILURE
		{
			struct stdio s;

			run(&rows[i], 64, &s);
			buf_release(&s.got);
		}
}

TEST(stdio_without_memory)
{
	with_processes(each_row_without_memory);
}
