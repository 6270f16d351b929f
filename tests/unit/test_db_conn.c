/* SPDX-License-Identifier: Apache-2.0 */
/* Statements on a connection, of which only the beginnings of calls are seen. */
#include "cleanup.h"
#include "conn.h"
#include "fake_decoder.h"
#include "h2_feeder.h"

static struct buf told = BUF_INIT(1 << 16);
static bool acting;
static char where[128]; /* the server's address of what was told last; its port */

static void on_call(void *ctx, struct call *call)
{
	(void)ctx, (void)call;
}

static bool on_acts(void *ctx, const struct process *process)
{
	(void)ctx, (void)process;
	return acting;
}

static void on_outbound(void *ctx, const struct outbound *o)
{
	(void)ctx;
	CHECK(o->end_ns >= o->start_ns && o->system && !o->method.data);
	snprintf(where, sizeof(where), "%.*s %u", SLICE_FMT(o->server.address), o->server.port);
	buf_printf(&told, "%s [%.*s] %.*s%s%.*s%s\n", o->system, SLICE_FMT(o->summary),
		   SLICE_FMT(o->statement), o->failed ? " FAILED " : "", SLICE_FMT(o->error),
		   o->whole ? "" : " partial");
}

struct line {
	char dir; /* '>' from the client, '<' to it; 0 ends */
	struct slice text;
	uint64_t unseen; /* bytes of the call behind it */
};

struct row {
	const char *name;
	bool idle; /* no tool is open */
	bool server_side;
	struct line lines[8];
	const char *want;
};

#define L(dir, text)                                                                               \
	{                                                                                          \
		dir, SLICE(text), 0                                                                \
	}
#define PG_OK "C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I"

static const struct row rows[] = {
	{ "a query",
	  false,
	  false,
	  { L('>', "Q\0\0\0\x29SELECT a FROM users WHERE b='secret'\0"), L('<', PG_OK) },
	  "postgresql [SELECT users] SELECT a FROM users WHERE b=?\n" },
	{ "too long: the rest is not seen",
	  false,
	  false,
	  { { '>', SLICE("Q\0\1\0\x20SELECT a FROM users WHERE b='secret"), 65500 },
	    L('<', PG_OK) },
	  "postgresql [SELECT users] SELECT a FROM users WHERE b=?\n" },
	{ "that fails",
	  false,
	  false,
	  { L('>', "Q\0\0\0\x18SELECT a FROM users\0"), L('<', "E\0\0\0\x13SERROR\0C42P01\0\0") },
	  "postgresql [SELECT users] SELECT a FROM users FAILED 42P01\n" },
	{ "not answered",
	  false,
	  false,
	  { L('>', "Q\0\0\0\x18SELECT a FROM users\0") },
	  "postgresql [SELECT users] SELECT a FROM users partial\n" },
	{ "prepared, then run twice",
	  false,
	  false,
	  { L('>', "P\0\0\0\x18s1\0DELETE FROM t_x\0\0\0D\0\0\0\x07Ss1\0H\0\0\0\4"),
	    L('<', "1\0\0\0\4n\0\0\0\4Z\0\0\0\5I"),
	    L('>', "B\0\0\0\x0b\0s1\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"),
	    L('<', "2\0\0\0\4" PG_OK),
	    L('>', "B\0\0\0\x0b\0s1\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"),
	    L('<', "2\0\0\0\4" PG_OK) },
	  "postgresql [DELETE t_x] DELETE FROM t_x\npostgresql [DELETE t_x] DELETE FROM t_x\n" },
	{ "run, prepared before it was seen",
	  false,
	  false,
	  { L('>', "B\0\0\0\x0b\0s1\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"),
	    L('<', "2\0\0\0\4" PG_OK) },
	  "postgresql [] \n" },
	{ "MySQL, in which the answer's length is read by itself",
	  false,
	  false,
	  { L('>', "\x10\0\0\0\x03SELECT \"secret\""), L('<', "\1\0\0\1"), L('<', "\1") },
	  "mysql [SELECT] SELECT ?\n" },
	{ "its prepared ones have numbers",
	  false,
	  false,
	  { L('>', "\x16\0\0\0\x16SELECT a FROM t_1 x y"),
	    L('<', "\x0c\0\0\1\0\7\0\0\0\0\0\0\0\0\0\0"),
	    L('>', "\x0a\0\0\0\x17\7\0\0\0\0\1\0\0\0"), L('<', "\1\0\0\1\1") },
	  "mysql [SELECT t_1] SELECT a FROM t_1 x y\n" },
	{ "Redis: no keys, no values",
	  false,
	  false,
	  { L('>', "*3\r\n$3\r\nset\r\n$6\r\nsecret\r\n$6\r\nsecret\r\n"), L('<', "+OK\r\n"),
	    L('>', "*2\r\n$4\r\nINCR\r\n$6\r\nsecret\r\n"), L('<', "-WRONGTYPE Operation\r\n"),
	    L('>', "*1\r\n$4\r\nPING\r\n"), L('<', "+PONG\r\n") },
	  "redis [SET] SET ?\nredis [INCR] INCR ? FAILED WRONGTYPE\nredis [PING] PING\n" },
	{ "answers to what was not seen are nobody's",
	  false,
	  false,
	  { L('<', "+OK\r\n"), L('>', "*1\r\n$4\r\nPING\r\n"), L('<', "+PONG\r\n"),
	    L('<', "-ERR\r\n") },
	  "redis [PING] PING\n" },
	{ "an answer that is long before it tells anything",
	  false,
	  false,
	  { L('>', "Q\0\0\0\x0dSELECT 1\0"),
	    { '<', SLICE("T\0\1\0\0\0\1"), 60000 },
	    L('>', "Q\0\0\0\x0dSELECT 2\0"),
	    L('<', PG_OK) },
	  "postgresql [SELECT] SELECT ?\npostgresql [SELECT] SELECT ?\n" },
	{ "no tool is open", true, false, { L('>', "Q\0\0\0\x0dSELECT 1\0"), L('<', PG_OK) }, "" },
	{ "a server's answer looks like a command",
	  false,
	  true,
	  { L('>', "*1\r\n$4\r\nKEYS\r\n"), L('<', "*1\r\n$3\r\nkey\r\n") },
	  "" },
};

static void feed_line(struct feeder *f, const struct line *l, size_t cut)
{
	_Alignas(8) char record[sizeof(struct gentap_event) + 256];
	int dir = l->dir == '>' ? GENTAP_WRITE : GENTAP_READ;
	int side = dir ^ f->server_side;

	/* In two records of one call, the second of which is its last. */
	for (int part = cut && cut < l->text.len ? 0 : 1; part < 2; part++) {
		size_t from = part && cut && cut < l->text.len ? cut : 0;
		struct slice data = slice_sub(l->text, from, part ? l->text.len : cut);
		struct gentap_event ev = {
			.type = GENTAP_EV_DATA,
			.dir = (uint8_t)side,
			.source = GENTAP_SRC_SOCKET,
			.flags =
				(uint8_t)((from ? 0 : GENTAP_F_FIRST) | (part ? GENTAP_F_LAST : 0)),
			.ts_ns = f->now_ns += 1000,
			.ptr = 0x1000,
			.gen = 1,
			.tgid = 7,
			.seq = f->seq[side]++,
			.pos = f->pos[side] + from,
			.call_len = l->text.len + l->unseen,
			.data_len = (uint32_t)data.len,
		};

		memcpy(record, &ev, sizeof(ev));
		memcpy(record + sizeof(ev), data.data, data.len);
		CHECK_INT(pipeline_record(f->p, record, sizeof(ev) + data.len), 0);
	}
	f->pos[side] += l->text.len + l->unseen;
}

static void feed_bind(struct feeder *f)
{
	const struct gentap_bind bind = { .sock = 0x1000,
					  .family = 2,
					  .local_port = f->server_side ? 6379 : 40000,
					  .peer_port = f->server_side ? 40000 : 6379 };
	const struct gentap_event ev = { .type = GENTAP_EV_BIND,
					 .source = GENTAP_SRC_SOCKET,
					 .ptr = 0x1000,
					 .gen = 1,
					 .tgid = 7,
					 .data_len = sizeof(bind) };
	_Alignas(8) char record[sizeof(ev) + sizeof(bind)];

	memcpy(record, &ev, sizeof(ev));
	memcpy(record + sizeof(ev), &bind, sizeof(bind));
	pipeline_record(f->p, record, sizeof(record));
}

static void run(const struct row *row, size_t cut)
{
	const struct pipeline_sink sink = { .call = on_call,
					    .acts = on_acts,
					    .outbound = on_outbound };
	struct feeder f;

	buf_reset(&told, 0);
	acting = !row->idle;
	feeder_open(&f, &pipeline_config_default, &sink);
	if (!f.p)
		return;
	f.server_side = row->server_side;
	feed_bind(&f);
	for (const struct line *l = row->lines; l->dir; l++)
		feed_line(&f, l, cut);
	/* What is not sent is no loss. */
	CHECK_INT(pipeline_stats(f.p)->lost_bytes, 0);
	pipeline_free(f.p);
}

TEST(db_conn_rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t cut = 0; cut < 64; cut = cut ? cut + 1 : CONN_SNIFF_MAX) {
			test_row("%s, calls cut at %zu", rows[i].name, cut);
			run(&rows[i], cut);
			CHECK_STR(buf_slice(&told), rows[i].want);
		}
	test_row(NULL);
	buf_release(&told);
	buf_release(&fake_log);
}

/* More than are remembered: the oldest are unknown again. */
TEST(db_conn_remembers_some)
{
	const struct pipeline_sink sink = { .call = on_call,
					    .acts = on_acts,
					    .outbound = on_outbound };
	struct feeder f;

	buf_reset(&told, 0);
	acting = true;
	feeder_open(&f, &pipeline_config_default, &sink);
	feed_bind(&f);
	for (char id = 1; id <= 65; id++) {
		char answer[] = "\x0c\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0";

		answer[5] = id;
		feed_line(&f, &(struct line)L('>', "\x09\0\0\0\x16SELECT 1"), 0);
		feed_line(&f, &(struct line){ '<', { answer, sizeof(answer) - 1 }, 0 }, 0);
	}
	for (char id = 1; id <= 2; id++) {
		char run[] = "\x0a\0\0\0\x17\0\0\0\0\0\1\0\0\0";

		run[5] = id;
		feed_line(&f, &(struct line){ '>', { run, sizeof(run) - 1 }, 0 }, 0);
		feed_line(&f, &(struct line)L('<', "\1\0\0\1\1"), 0);
	}
	pipeline_free(f.p);
	CHECK_STR(buf_slice(&told), "mysql [] \nmysql [SELECT] SELECT ?\n");
	buf_release(&told);
}

/* Over a socket of the machine: where it leads is its name, unless that is an abstract one. */
TEST(db_conn_unix)
{
	static const struct {
		struct slice name;
		const char *want;
	} names[] = { { SLICE("/run/pg/.s.PGSQL.5432"), "/run/pg/.s.PGSQL.5432 0" },
		      { SLICE("\0pg"), " 0" },
		      { SLICE(""), " 0" } };
	const struct pipeline_sink sink = { .call = on_call,
					    .acts = on_acts,
					    .outbound = on_outbound };
	const struct gentap_bind bind = { .sock = 0x1000, .family = 1 };

	acting = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct gentap_event ev = { .type = GENTAP_EV_BIND,
					   .source = GENTAP_SRC_SOCKET,
					   .ptr = 0x1000,
					   .gen = 1,
					   .tgid = 7 };
		_Alignas(8) char record[sizeof(ev) + sizeof(bind) + GENTAP_UNIX_PATH_MAX];
		struct feeder f;

		test_row("%zu", i);
		feeder_open(&f, &pipeline_config_default, &sink);
		ev.data_len = (uint32_t)(sizeof(bind) + names[i].name.len);
		memcpy(record, &ev, sizeof(ev));
		memcpy(record + sizeof(ev), &bind, sizeof(bind));
		memcpy(record + sizeof(ev) + sizeof(bind), names[i].name.data, names[i].name.len);
		CHECK_INT(pipeline_record(f.p, record, sizeof(ev) + ev.data_len), 0);
		feed_line(&f, &(struct line)L('>', "Q\0\0\0\x18SELECT a FROM users\0"), 0);
		feed_line(&f, &(struct line)L('<', PG_OK), 0);
		pipeline_free(f.p);
		CHECK_STR(slice_from(where), names[i].want);
	}
	test_row(NULL);
	buf_release(&told);
	buf_release(&fake_log);
}

TEST(db_conn_without_memory)
{
	EACH_MALLOC_FAILURE run(&rows[4], 0);
	buf_release(&told);
	buf_release(&fake_log);
}
