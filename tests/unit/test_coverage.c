/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a connection in, what is told for the coverage ledger out. */
#include "coverage.h"

#include "buf.h"
#include "call.h"
#include "cleanup.h"
#include "pipeline.h"
#include "test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define HEAD(host)                                                                                 \
	" HTTP/1.1\r\nHost: " host "\r\nContent-Type: application/json\r\n"                        \
	"Content-Length: 54\r\n\r\n"
#define BODY "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":1}]}"
#define ASK(host) "POST /v1/chat/completions" HEAD(host) BODY
#define ANSWER                                                                                     \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"         \
	"{\"id\":\"i\",\"object\":\"chat.completion\",\"choices\":[],\"usage\":"                   \
	"{\"prompt_tokens\":3,\"completion_tokens\":4}}"
#define LIST "GET /v1/assistants HTTP/1.1\r\nHost: api.openai.com\r\n\r\n"
#define LISTED "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

#define WAIT (COVERAGE_WAIT_NS / 1000000)
enum { PID = 7, TLS = 0x10, SOCK = 0x20 };

/* One step; times in milliseconds. */
struct step {
	enum { END, HELLO, BIND, WRITE, READ, LOSE, CLOSE, CLOSE_SOCK, EXIT, SWEEP, LATE } what;
	uint64_t ms;
	const char *text; /* of HELLO: the server's name */
};

#define STEPS_MAX 12

struct row {
	const char *name;
	struct step steps[STEPS_MAX];
	const char *want; /* lines of: state endpoint source calls bytes [withdrawn] */
	uint8_t source;	  /* 0: OpenSSL */
	uint8_t flags;	  /* of each record */
};

/* Lengths as the wants below spell them. */
_Static_assert(sizeof(ASK("api.openai.com")) - 1 == 166, "asks");
_Static_assert(sizeof(ANSWER) - 1 == 172, "answers");

static const struct row rows[] = {
	{ .name = "decoded, TLS bound to its socket",
	  { { HELLO, 1000, "api.openai.com" },
	    { BIND, 1010, NULL },
	    { WRITE, 1010, ASK("api.openai.com") },
	    { READ, 1400, ANSWER },
	    { CLOSE, 1500, NULL } },
	  "decoded api.openai.com 1 0 166\ndecoded api.openai.com 1 1 172\n" },
	{ .name = "decoded, not bound: the host's name tells",
	  { { HELLO, 1000, "api.openai.com" },
	    { WRITE, 1010, ASK("api.openai.com") },
	    { READ, 1400, ANSWER },
	    { CLOSE_SOCK, 1500, NULL },
	    { SWEEP, 9000, NULL } },
	  "decoded api.openai.com 1 0 166\ndecoded api.openai.com 1 1 172\n" },
	{ .name = "an LLM call of a host that nobody knows",
	  { { WRITE, 1010, ASK("llm.internal:8443") }, { READ, 1400, ANSWER } },
	  "decoded llm.internal:8443 1 0 169\ndecoded llm.internal:8443 1 1 172\n" },
	{ .name = "plain HTTP",
	  { { WRITE, 1010, ASK("127.0.0.1:8000") }, { READ, 1400, ANSWER } },
	  "decoded 127.0.0.1:8000 8 0 166\ndecoded 127.0.0.1:8000 8 1 172\n",
	  GENTAP_SRC_SOCKET },
	{ .name = "kernel TLS: the socket that is written to is the one that began TLS",
	  { { HELLO, 1000, "api.openai.com" },
	    { SWEEP, 1000 + WAIT, NULL },
	    { BIND, 2010, NULL },
	    { WRITE, 2010, ASK("gateway:1") },
	    { READ, 2400, ANSWER },
	    { CLOSE_SOCK, 2500, NULL } },
	  "opaque api.openai.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n"
	  "opaque api.openai.com 0 0 N withdrawn | some bytes were missed before\n"
	  "decoded api.openai.com 8 ktls 0 161\ndecoded api.openai.com 8 ktls 1 172\n",
	  GENTAP_SRC_SOCKET,
	  GENTAP_F_KERNEL_TLS },
	{ .name = "attached too late: the first portion only",
	  { { LATE, 1010, ASK("api.openai.com") }, { READ, 1400, ANSWER } },
	  "partial api.openai.com 1 0 166 | gentap was attached too late: the connection was "
	  "open before\ndecoded api.openai.com 1 1 172\n" },
	{ .name = "records lost",
	  { { WRITE, 1010, ASK("api.openai.com") },
	    { LOSE, 1300, "12345" },
	    { CLOSE, 1500, NULL } },
	  "decoded api.openai.com 1 0 166\n"
	  "partial api.openai.com 1 1 5 | records were lost, or memory could not be read: some "
	  "bytes are missing\n" },
	{ .name = "no plaintext: told once, while the process is idle",
	  { { HELLO, 1000, "api.openai.com" },
	    { SWEEP, 1000 + WAIT - 1, NULL },
	    { SWEEP, 1000 + WAIT, NULL },
	    { SWEEP, 5000, NULL },
	    { CLOSE_SOCK, 6000, NULL } },
	  "opaque api.openai.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n" },
	{ .name = "no plaintext: the process ends first",
	  { { HELLO, 1000, "api.openai.com" }, { EXIT, 1050, NULL } },
	  "opaque api.openai.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n" },
	{ .name = "no plaintext: the socket ends first",
	  { { HELLO, 1000, "api.anthropic.com" }, { CLOSE_SOCK, 1050, NULL } },
	  "opaque api.anthropic.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n" },
	{ .name = "no plaintext: the recording ends first",
	  { { HELLO, 1000, "api.anthropic.com" } },
	  "opaque api.anthropic.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n" },
	{ .name = "plaintext after all: withdrawn",
	  { { HELLO, 1000, "api.openai.com" },
	    { SWEEP, 3000, NULL },
	    { BIND, 4000, NULL },
	    { WRITE, 4000, ASK("api.openai.com") },
	    { CLOSE_SOCK, 5000, NULL } },
	  "opaque api.openai.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n"
	  "opaque api.openai.com 0 0 N withdrawn | some bytes were missed before\n"
	  "decoded api.openai.com 1 0 166\n"
	  "decoded api.openai.com 1 1 0\n" }, /* cancelled at the end */
	{ .name = "plaintext of another host is not its plaintext",
	  { { HELLO, 1000, "api.openai.com" },
	    { WRITE, 1010, ASK("llm.internal") },
	    { SWEEP, 3000, NULL } },
	  "decoded llm.internal 1 0 164\n"
	  "opaque api.openai.com 0 0 N | TLS without plaintext: its TLS stack was not located, "
	  "or the handshake did not end\n"
	  "decoded llm.internal 1 1 0\n" },
	{ .name = "read, but no call in it",
	  { { HELLO, 1000, "api.openai.com" },
	    { BIND, 1010, NULL },
	    { WRITE, 1010, LIST },
	    { READ, 1400, LISTED },
	    { SWEEP, 5000, NULL } },
	  "partial api.openai.com 1 0 0 | its plaintext is read, but no LLM call was recognised in "
	  "it (unknown dialect)\n" },
	{ .name = "plaintext that is no HTTP",
	  { { HELLO, 1000, "api.openai.com" },
	    { BIND, 1010, NULL },
	    { WRITE, 1010, "\1\2\3\4\5\6\7\10 and so on, longer than a" } },
	  "opaque api.openai.com 1 0 33 | its plaintext is no HTTP\n" },
	{ .name = "nothing to do with it",
	  { { HELLO, 1000, "example.com" },
	    { BIND, 1010, NULL },
	    { WRITE, 1010, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n" },
	    { SWEEP, 5000, NULL },
	    { EXIT, 6000, NULL } },
	  "" },
	{ .name = "TLS with a host that is none",
	  { { HELLO, 1000, "example.com" }, { EXIT, 6000, NULL } },
	  "" },
};

struct told {
	struct buf text;
	uint64_t hello_len;
	struct process *process;
	bool memory_fails;
};

static void on_coverage(void *ctx, const struct conn_report *r)
{
	static const char *const states[] = { "decoded", "partial", "opaque" };
	struct told *t = ctx;

	CHECK(r->process == t->process || t->memory_fails);
	CHECK_INT(r->tgid, PID);
	CHECK(r->first_ns >= 1000000000 && r->last_ns >= r->first_ns);
	CHECK_INT(!r->reason, r->state == COVERAGE_DECODED);
	buf_printf(&t->text, "%s %.*s %u%s %d ", states[r->state], SLICE_FMT(r->endpoint),
		   r->source, r->kernel_tls ? " ktls" : "", (int)r->calls);
	if (r->source)
		buf_printf(&t->text, "%d", (int)r->bytes);
	else /* a ClientHello's length is not what this is about */
		buf_add_char(&t->text, r->bytes == t->hello_len ? 'N' : '?');
	if (r->withdrawn)
		buf_add_str(&t->text, " withdrawn");
	if (r->reason)
		buf_printf(&t->text, " | %s", r->reason);
	buf_add_char(&t->text, '\n');
}

static void on_call(void *ctx, struct call *c)
{
	(void)ctx;
	call_free(c);
}

static struct process *on_process(void *ctx, uint32_t tgid)
{
	(void)tgid;
	return ((struct told *)ctx)->process;
}

/* RFC 8446 section 4.1.2, with no extension but the server's name. */
static size_t make_hello(char *to, const char *name)
{
	const size_t n = strlen(name), extensions = n + 9,
		     hello = 2 + 32 + 1 + 4 + 2 + 2 + extensions;
	size_t at = 0;

#define PUT8(v) (to[at++] = (char)(v))
#define PUT16(v) (PUT8((v) >> 8), PUT8(v))
	PUT8(22), PUT16(0x0301), PUT16(hello + 4);
	PUT8(1), PUT8(0), PUT16(hello), PUT16(0x0303);
	memset(to + at, 'r', 32);
	at += 32;
	PUT8(0), PUT16(2), PUT16(0x1301), PUT8(1), PUT8(0);
	PUT16(extensions), PUT16(0), PUT16(n + 5), PUT16(n + 3), PUT8(0), PUT16(n);
	memcpy(to + at, name, n);
	return at + n;
}

struct playing {
	struct pipeline *p;
	uint8_t source, flags;
	uint32_t seq[2];
	uint64_t pos[2];
};

static void put(struct playing *play, struct gentap_event ev, const void *data, size_t len)
{
	_Alignas(8) char record[sizeof(ev) + 1024];

	ev.tgid = PID;
	ev.data_len = (uint32_t)len;
	memcpy(record, &ev, sizeof(ev));
	if (len)
		memcpy(record + sizeof(ev), data, len);
	CHECK_INT(pipeline_record(play->p, record, sizeof(ev) + len), 0);
}

static void put_data(struct playing *play, const struct step *s, uint64_t ts_ns)
{
	const int dir = s->what == READ || s->what == LOSE;
	const size_t len = strlen(s->text);
	struct gentap_event ev = {
		.type = GENTAP_EV_DATA,
		.dir = (uint8_t)dir,
		.source = play->source,
		.flags = GENTAP_F_FIRST | GENTAP_F_LAST | play->flags,
		.ts_ns = ts_ns,
		.ptr = play->source == GENTAP_SRC_SOCKET ? SOCK : TLS,
		.seq = play->seq[dir]++,
		.pos = play->pos[dir],
		.call_len = len,
	};

	play->pos[dir] += len;
	if (s->what == LATE)
		ev.flags |= GENTAP_F_MIDSTREAM;
	if (s->what == LOSE)
		ev.flags |= GENTAP_F_NOCOPY;
	put(play, ev, s->text, s->what == LOSE ? 0 : len);
}

static void put_step(struct playing *play, struct told *told, const struct step *s)
{
	const struct gentap_bind bind = { .sock = SOCK, .family = AF_INET, .peer_port = 443 };
	struct gentap_event ev = { .source = play->source, .ts_ns = s->ms * 1000000 };
	char hello[512];

	switch (s->what) {
	case END:
		return;
	case HELLO:
		told->hello_len = make_hello(hello, s->text);
		ev.type = GENTAP_EV_HELLO;
		ev.ptr = SOCK;
		ev.call_len = told->hello_len;
		put(play, ev, hello, told->hello_len);
		return;
	case BIND:
		ev.type = GENTAP_EV_BIND;
		ev.ptr = play->source == GENTAP_SRC_SOCKET ? SOCK : TLS;
		put(play, ev, &bind, sizeof(bind));
		return;
	case CLOSE:
	case CLOSE_SOCK:
		ev.type = GENTAP_EV_CLOSE;
		ev.ptr = s->what == CLOSE ? TLS : SOCK;
		put(play, ev, NULL, 0);
		return;
	case EXIT:
		pipeline_process_exit(play->p, PID, ev.ts_ns);
		return;
	case SWEEP:
		pipeline_sweep(play->p, ev.ts_ns);
		return;
	default:
		put_data(play, s, ev.ts_ns);
	}
}

static void play_row(const struct row *row, bool memory_fails)
{
	struct told told = { .text = BUF_INIT(4096), .memory_fails = memory_fails };
	const struct pipeline_sink sink = {
		.ctx = &told, .call = on_call, .process = on_process, .coverage = on_coverage
	};
	struct playing play = { .source = row->source ? row->source : GENTAP_SRC_OPENSSL,
				.flags = row->flags };

	if (process_new(&told.process))
		return;
	if (!pipeline_new(&play.p, &pipeline_config_default, &sink)) {
		for (size_t i = 0; i < STEPS_MAX; i++)
			put_step(&play, &told, &row->steps[i]);
		pipeline_free(play.p);
		if (!memory_fails)
			CHECK_SLICE(told.text.len ? buf_slice(&told.text) : SLICE(""),
				    slice_from(row->want));
	}
	process_unref(told.process);
	buf_release(&told.text);
}

TEST(coverage_reports)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		play_row(&rows[i], false);
	}
	test_row(NULL);
}

TEST(coverage_without_memory)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		EACH_MALLOC_FAILURE
		{
			play_row(&rows[i], true);
		}
	}
	test_row(NULL);
}
