/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange seen at both of its ends, from records to calls. */
#include "call.h"
#include "cleanup.h"
#include "pipeline.h"
#include "test.h"
#include "twins.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static struct gentap_bind make_bind(const char *local, uint16_t local_port, const char *peer,
				    uint16_t peer_port)
{
	struct gentap_bind b = { .local_port = local_port, .peer_port = peer_port };

	b.family = strchr(local, ':') ? AF_INET6 : AF_INET;
	inet_pton(b.family, local, b.local_addr);
	inet_pton(b.family, peer, b.peer_addr);
	return b;
}

TEST(twins_match_by_both_ends)
{
	static const struct {
		const char *name, *local, *peer;
		uint16_t local_port, peer_port;
		bool want;
	} rows[] = {
		{ "mirrored", "127.0.0.1", "127.0.0.1", 8000, 40000, true },
		{ "mirrored, IPv4 in IPv6", "::ffff:127.0.0.1", "::ffff:127.0.0.1", 8000, 40000,
		  true },
		{ "another port", "127.0.0.1", "127.0.0.1", 8000, 40001, false },
		{ "another address", "127.0.0.2", "127.0.0.1", 8000, 40000, false },
		{ "not mirrored", "127.0.0.1", "127.0.0.1", 40000, 8000, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gentap_bind client = make_bind("127.0.0.1", 40000, "127.0.0.1", 8000);
		struct gentap_bind server = make_bind(rows[i].local, rows[i].local_port,
						      rows[i].peer, rows[i].peer_port);
		struct twins t;

		test_row("%s", rows[i].name);
		twins_init(&t, 10);
		CHECK_INT(twins_ask(&t, &client, true), 0);
		CHECK_INT(twins_take(&t, &server, 5), rows[i].want);
		CHECK(!twins_take(&t, &server, 5)); /* once for each that was asked */
		twins_release(&t);
	}
	test_row(NULL);
}

TEST(twins_end_with_the_client)
{
	struct gentap_bind client = make_bind("127.0.0.1", 40000, "127.0.0.1", 8000);
	struct gentap_bind server = make_bind("127.0.0.1", 8000, "127.0.0.1", 40000);
	struct gentap_bind none = { .family = 0 };
	struct twins t;

	twins_init(&t, 2);
	CHECK_INT(twins_ask(&t, &none, true), 0);
	CHECK_INT(t.conns.count, 0);
	twins_ask(&t, &client, true);
	twins_ask(&t, &client, false);
	twins_end(&t, &client, 100);
	CHECK(twins_take(&t, &server, 100));  /* its records come late */
	CHECK(!twins_take(&t, &server, 101)); /* the ports are somebody else's by now */
	twins_ask(&t, &client, true);
	CHECK(twins_take(&t, &server, 200));
	CHECK(!twins_take(&t, &server, 200));
	/* The ceiling. */
	for (uint16_t port = 1; port < 10; port++) {
		struct gentap_bind other = make_bind("127.0.0.1", port, "127.0.0.1", 8000);

		twins_ask(&t, &other, true);
		CHECK(t.conns.count <= 2);
	}
	twins_release(&t);
}

/* ---- From records ---------------------------------------------------------------------- */

#define REQUEST                                                                                    \
	"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"      \
	"Content-Length: 54\r\n\r\n"                                                               \
	"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":1}]}"
#define RESPONSE                                                                                   \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"         \
	"{\"id\":\"i\",\"object\":\"chat.completion\",\"choices\":[],\"usage\":"                   \
	"{\"prompt_tokens\":3,\"completion_tokens\":4}}"

enum { ASKS = 10, ANSWERS = 20 };

struct seen {
	struct process *processes[2];
	unsigned int client, server, served;
};

struct end {
	uint32_t tgid;
	uint8_t source;
	uint64_t ptr;
	uint32_t seq[2];
	uint64_t pos[2];
};

static void on_call(void *ctx, struct call *c)
{
	struct seen *s = ctx;

	CHECK_INT(usage_get(&c->usage, USAGE_INPUT), 3);
	s->client += !c->server_side;
	s->server += c->server_side;
	s->served += c->server_process && c->server_process->pid == ANSWERS;
	call_free(c);
}

static struct process *on_process(void *ctx, uint32_t tgid)
{
	return ((struct seen *)ctx)->processes[tgid == ANSWERS];
}

static void put(struct pipeline *p, struct end *e, uint8_t type, int dir, const void *data,
		size_t len, uint64_t ts_ns)
{
	_Alignas(8) char record[sizeof(struct gentap_event) + 1024];
	const struct gentap_event ev = {
		.type = type,
		.dir = (uint8_t)dir,
		.source = e->source,
		.flags = GENTAP_F_FIRST | GENTAP_F_LAST,
		.ts_ns = ts_ns,
		.ptr = e->ptr,
		.tgid = e->tgid,
		.seq = type == GENTAP_EV_DATA ? e->seq[dir]++ : 0,
		.pos = type == GENTAP_EV_DATA ? e->pos[dir] : 0,
		.call_len = type == GENTAP_EV_DATA ? len : 0,
		.data_len = (uint32_t)len,
	};

	if (type == GENTAP_EV_DATA)
		e->pos[dir] += len;
	memcpy(record, &ev, sizeof(ev));
	if (len)
		memcpy(record + sizeof(ev), data, len);
	CHECK_INT(pipeline_record(p, record, sizeof(ev) + len), 0);
}

static void put_bind(struct pipeline *p, struct end *e, uint16_t local, uint16_t peer,
		     uint64_t sock)
{
	struct gentap_bind b = make_bind("127.0.0.1", local, "127.0.0.1", peer);

	b.sock = sock;
	put(p, e, GENTAP_EV_BIND, 0, &b, sizeof(b), 1);
}

static void put_text(struct pipeline *p, struct end *e, int dir, const char *text, uint64_t ts_ns)
{
	put(p, e, GENTAP_EV_DATA, dir, text, strlen(text), ts_ns);
}

static void begin(struct seen *s, struct pipeline **ret)
{
	const struct pipeline_sink sink = { .ctx = s, .call = on_call, .process = on_process };

	*s = (struct seen){ 0 };
	for (int i = 0; i < 2; i++) {
		CHECK_INT(process_new(&s->processes[i]), 0);
		s->processes[i]->pid = i ? ANSWERS : ASKS;
	}
	CHECK_INT(pipeline_new(ret, &pipeline_config_default, &sink), 0);
}

static void end(struct seen *s, struct pipeline *p, unsigned int twice)
{
	pipeline_end(p);
	CHECK_INT(pipeline_stats(p)->calls_twice, twice);
	CHECK_INT(pipeline_stats(p)->calls, s->client + s->server);
	pipeline_free(p);
	process_unref(s->processes[0]);
	process_unref(s->processes[1]);
}

/* Three calls on a connection that both ends see, by TLS or not: in the order in which
 * they happen, and with the records of one side late. */
TEST(twins_count_once)
{
	static const struct {
		uint8_t client, server;
		bool client_late;
	} rows[] = {
		{ GENTAP_SRC_SOCKET, GENTAP_SRC_SOCKET, false },
		{ GENTAP_SRC_OPENSSL, GENTAP_SRC_OPENSSL, false },
		{ GENTAP_SRC_OPENSSL, GENTAP_SRC_GO, false },
		{ GENTAP_SRC_SOCKET, GENTAP_SRC_SOCKET, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct end client = { .tgid = ASKS, .source = rows[i].client, .ptr = 0x10 };
		struct end server = { .tgid = ANSWERS, .source = rows[i].server, .ptr = 0x20 };
		struct pipeline *p;
		struct seen s;

		test_row("%zu", i);
		begin(&s, &p);
		put_bind(p, &client, 40000, 8000, 0x10);
		put_bind(p, &server, 8000, 40000, 0x20);
		for (uint64_t t = 100; t < 400; t += 100) {
			if (!rows[i].client_late)
				put_text(p, &client, GENTAP_WRITE, REQUEST, t);
			put_text(p, &server, GENTAP_READ, REQUEST, t + 10);
			if (rows[i].client_late)
				put_text(p, &client, GENTAP_WRITE, REQUEST, t);
			put_text(p, &server, GENTAP_WRITE, RESPONSE, t + 20);
			put_text(p, &client, GENTAP_READ, RESPONSE, t + 30);
		}
		end(&s, p, 3);
		CHECK_INT(s.client, 3);
		CHECK_INT(s.served, 3);
	}
	test_row(NULL);
}

/* Nobody watches the client: the server's side counts, the request is what it reads. */
TEST(twins_server_alone)
{
	struct end server = { .tgid = ANSWERS, .source = GENTAP_SRC_SOCKET, .ptr = 0x20 };
	struct pipeline *p;
	struct seen s;

	begin(&s, &p);
	put_bind(p, &server, 8000, 40000, 0x20);
	put_text(p, &server, GENTAP_READ, REQUEST, 10);
	put_text(p, &server, GENTAP_WRITE, RESPONSE, 20);
	end(&s, p, 0);
	CHECK_INT(s.server, 1);
}

/* The kernel encrypts what the library was given: its socket carries the same again. */
TEST(twins_socket_under_tls)
{
	struct end tls = { .tgid = ASKS, .source = GENTAP_SRC_OPENSSL, .ptr = 0x10 };
	struct end sock = { .tgid = ASKS, .source = GENTAP_SRC_SOCKET, .ptr = 0x99 };
	struct pipeline *p;
	struct seen s;

	begin(&s, &p);
	put_bind(p, &tls, 40000, 443, 0x99);
	put_bind(p, &sock, 40000, 443, 0x99);
	put_text(p, &sock, GENTAP_WRITE, REQUEST, 10);
	put_text(p, &tls, GENTAP_WRITE, REQUEST, 10);
	put_text(p, &sock, GENTAP_READ, RESPONSE, 20);
	put_text(p, &tls, GENTAP_READ, RESPONSE, 20);
	/* The TLS object is gone, its socket goes on in the clear. */
	put(p, &tls, GENTAP_EV_CLOSE, 0, NULL, 0, 30);
	put_text(p, &sock, GENTAP_WRITE, REQUEST, 40);
	put_text(p, &sock, GENTAP_READ, RESPONSE, 50);
	end(&s, p, 0);
	CHECK_INT(s.client, 2);
}

TEST(twins_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct gentap_bind client = make_bind("127.0.0.1", 40000, "127.0.0.1", 8000);
		struct twins t;

		twins_init(&t, 4);
		if (twins_ask(&t, &client, true))
			CHECK_INT(t.conns.count, 0);
		twins_release(&t);
	}
}
