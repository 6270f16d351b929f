/* SPDX-License-Identifier: Apache-2.0 */
/* What the beginning of a write to a database says, and of what answers it. */
#include "cleanup.h"
#include "db.h"
#include "test.h"

#include <errno.h>

#define S(text)                                                                                    \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const char *const kinds[] = { "other", "statement", "prepare", "execute" };

struct row {
	const char *name;
	struct slice data;
	const char *want; /* system, kind, text, name; NULL: it is none */
};

#define PARSE_SELECT "P\0\0\0\x15s1\0SELECT $1+1\0\0\0"
#define BIND_S1 "B\0\0\0\x0b\0s1\0\0\0\0"

static const struct row requests[] = {
	{ "a simple query", S("Q\0\0\0\x0dSELECT 1\0"), "postgresql statement SELECT 1 -" },
	{ "cut off", S("Q\0\0\0\xffSELECT 1"), "postgresql statement SELECT 1 -" },
	{ "prepared", S(PARSE_SELECT "S\0\0\0\x04"), "postgresql prepare SELECT $1+1 s1" },
	{ "prepared and run", S(PARSE_SELECT BIND_S1 "E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04"),
	  "postgresql statement SELECT $1+1 s1" },
	{ "prepared, and something else is run", S(PARSE_SELECT "B\0\0\0\x0b\0s2\0\0\0\0"),
	  "postgresql prepare SELECT $1+1 s1" },
	{ "run", S(BIND_S1 "E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04"), "postgresql execute - s1" },
	{ "behind a sync", S("S\0\0\0\x04" BIND_S1), "postgresql execute - s1" },
	{ "startup", S("\0\0\0\x13\0\x03\0\0user\0me\0\0\0"), "postgresql other - -" },
	{ "may it be TLS?", S("\0\0\0\x08\x04\xd2\x16\x2f"), "postgresql other - -" },
	{ "a password", S("p\0\0\0\x08xyz\0"), "postgresql other - -" },
	{ "no message", S("Q\0\0\0\x03SELECT 1\0"), NULL },
	{ "MySQL: a query", S("\x09\0\0\0\x03SELECT 1"), "mysql statement SELECT 1 -" },
	{ "with attributes", S("\x0b\0\0\0\x03\0\1SELECT 1"), "mysql statement SELECT 1 -" },
	{ "cut off", S("\xff\xff\0\0\x03SELECT 1"), "mysql statement SELECT 1 -" },
	{ "prepared", S("\x09\0\0\0\x16SELECT ?"), "mysql prepare SELECT ? -" },
	{ "run", S("\x0a\0\0\0\x17\7\1\1\1\0\1\0\0\0"), "mysql execute - \7\1\1\1" },
	{ "ping", S("\1\0\0\0\x0e"), "mysql other - -" },
	{ "a number that is not 0", S("\x09\0\0\1\x03SELECT 1"), NULL },
	{ "longer than it says", S("\x05\0\0\0\x03SELECT 1"), NULL },
	{ "no text", S("\x09\0\0\0\x03SEL\0\1\2\3\4"), NULL },
	{ "Redis", S("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\nsecret\r\n"), "redis statement SET -" },
	{ "its name alone", S("*2\r\n$4\r\nINCR"), "redis statement INCR -" },
	{ "logging in", S("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"), "redis other AUTH -" },
	{ "of a module", S("*2\r\n$9\r\nFT.SEARCH\r\n$1\r\ni\r\n"), "redis statement FT.SEARCH -" },
	{ "no name", S("*2\r\n$4\r\n12 4\r\n$6\r\nsecret\r\n"), NULL },
	{ "too long for a name", S("*1\r\n$99\r\nABC"), NULL },
	{ "nothing in it", S("*0\r\n$1\r\nA\r\n"), NULL },
	{ "HTTP", S("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), NULL },
	{ "HTTP/2", S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NULL },
	{ "nothing", S(""), NULL },
};

static struct slice said(struct slice s)
{
	return s.len ? s : SLICE("-");
}

static void check_request(const struct row *row, struct slice data, bool whole)
{
	_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 16);
	struct db_request r = { 0 };
	int ret = db_request_read(data, DB_NONE, &r);

	if (ret) {
		CHECK_INT(ret, -EBADMSG);
		CHECK(!whole || !row->want);
		return;
	}
	/* What is lent is of the input. */
	CHECK(!r.text.len ||
	      (r.text.data >= data.data && r.text.data + r.text.len <= data.data + data.len));
	CHECK(!r.name.len ||
	      (r.name.data >= data.data && r.name.data + r.name.len <= data.data + data.len));
	if (!whole)
		return;
	buf_printf(&got, "%s %s %.*s %.*s", db_system_name(r.system), kinds[r.kind],
		   SLICE_FMT(said(r.text)), SLICE_FMT(said(r.name)));
	CHECK_STR(buf_slice(&got), row->want ? row->want : "none");
	/* No other takes it for a statement. */
	for (int known = DB_POSTGRESQL; known <= DB_REDIS; known++) {
		struct db_request other;

		if (known != (int)r.system && !db_request_read(data, known, &other))
			CHECK_INT(other.kind, DB_OTHER);
	}
}

TEST(db_requests)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const struct row *row = &requests[i];

		for (size_t cut = 0; cut <= row->data.len; cut++) {
			/* Of its own: reading beyond it is seen. */
			char *part = malloc(cut + 1);

			CHECK(part != NULL);
			test_row("%s, cut at %zu", row->name, cut);
			memcpy(part, row->data.data, cut);
			part = realloc(part, cut ? cut : 1);
			check_request(row, (struct slice){ part, cut }, cut == row->data.len);
			free(part);
		}
	}
	test_row(NULL);
}

static const struct {
	const char *name;
	enum db_system system;
	bool prepare;
	struct slice data;
	const char *want; /* when all of it is there; at every cut before: the same, or more is
			     needed */
} answers[] = {
	{ "rows", DB_POSTGRESQL, false, S("1\0\0\0\x04T\0\0\0\6\0\0D\0\0\0\6\0\0"), "fine" },
	{ "done", DB_POSTGRESQL, false, S("C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I"), "fine" },
	{ "prepared", DB_POSTGRESQL, true, S("1\0\0\0\x04Z\0\0\0\5I"), "fine" },
	{ "an error", DB_POSTGRESQL, false, S("E\0\0\0\x21SERROR\0VERROR\0C42P01\0Mno such\0\0"),
	  "failed 42P01" },
	{ "a notice before", DB_POSTGRESQL, false,
	  S("N\0\0\0\x0fSX\0C00000\0\0E\0\0\0\x13SERROR\0C23505\0\0"), "failed 23505" },
	{ "MySQL: OK", DB_MYSQL, false, S("\7\0\0\1\0\1\0\2\0\0\0"), "fine" },
	{ "rows", DB_MYSQL, false, S("\1\0\0\1\1"), "fine" },
	{ "an error", DB_MYSQL, false, S("\x17\0\0\1\xff\x7a\4#42S02Table"), "failed 42S02" },
	{ "an error of old", DB_MYSQL, false, S("\x17\0\0\1\xff\x7a\4Table 'x'"), "failed -" },
	{ "prepared", DB_MYSQL, true, S("\x0c\0\0\1\0\7\1\0\0\0\0\0\0"), "fine 263" },
	{ "Redis: OK", DB_REDIS, false, S("+OK\r\n"), "fine" },
	{ "a number", DB_REDIS, false, S(":1\r\n"), "fine" },
	{ "an error", DB_REDIS, false, S("-WRONGTYPE Operation\r\n"), "failed WRONGTYPE" },
	{ "a long error", DB_REDIS, false, S("!10\r\nSYNTAX bad\r\n"), "failed SYNTAX" },
};

TEST(db_answers)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		for (size_t cut = 0; cut <= answers[i].data.len; cut++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 16);
			struct db_response r = { 0 };
			char *part = malloc(cut ? cut : 1);
			int ret;

			test_row("%s, cut at %zu", answers[i].name, cut);
			memcpy(part, answers[i].data.data, cut);
			ret = db_response_read(answers[i].system, answers[i].prepare,
					       (struct slice){ part, cut }, &r);
			buf_add_str(&got, r.failed ? "failed " : "fine");
			if (r.failed)
				buf_add_slice(&got, said(r.code));
			if (r.prepared)
				buf_printf(&got, " %u", r.prepared);
			if (ret)
				CHECK_INT(ret, -EAGAIN);
			if (!ret || cut == answers[i].data.len)
				CHECK_STR(buf_slice(&got), answers[i].want);
			free(part);
		}
	test_row(NULL);
}
