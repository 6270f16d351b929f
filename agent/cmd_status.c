/* SPDX-License-Identifier: Apache-2.0 */
/* status: the state of agent and database in a few lines; statusline: today in one. */
#include "budget.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "instance.h"
#include "numbers.h"
#include "reader.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (64 * 1024)

static int ask(struct query_db *db, const char *line, uint64_t now, struct query_result *ret)
{
	struct query_error error;
	struct query q;
	int r;

	query_init(&q, now);
	r = query_parse(&q, slice_from(line), &error);
	if (!r)
		r = query_run(db, &q, ret);
	query_release(&q);
	return r;
}

static void add_cell(struct buf *b, const struct query_result *r, size_t column, uint64_t now)
{
	number_add_cell(b, &r->columns[column], query_cell(r, 0, column), now);
}

int cmd_statusline(const struct options *o)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(TEXT_MAX);
	struct query_result r = { 0 };
	struct query_db *db = NULL;
	uint64_t now = clock_wall_ns();
	int e = reader_open(o, &db);

	if (!e)
		e = ask(db,
			"sum:cost sum:total count failure_rate sum:cost_guessed --where "
			"span.op:gen_ai.request "
			"--since today",
			now, &r);
	if (!e) {
		if (query_cell(&r, 0, 4)->type == QUERY_INT && query_cell(&r, 0, 4)->integer > 0)
			buf_add_char(&b, '~');
		add_cell(&b, &r, 0, now);
		buf_add_str(&b, " today · ");
		add_cell(&b, &r, 1, now);
		buf_add_str(&b, " tokens · ");
		add_cell(&b, &r, 2, now);
		buf_add_str(&b, " calls");
		if (query_cell(&r, 0, 3)->type == QUERY_DOUBLE &&
		    query_cell(&r, 0, 3)->number > 0) {
			buf_add_str(&b, " · ");
			add_cell(&b, &r, 3, now);
			buf_add_str(&b, " failed");
		}
		printf("%.*s\n", SLICE_FMT(buf_slice(&b)));
	}
	query_result_release(&r);
	query_close(db);
	return e ? 1 : 0;
}

/* Is an agent running? Its lock says so; *ret_pid is 0 when it does not say whose. */
static bool agent_runs(pid_t *ret_pid)
{
	_cleanup_close_ int lock = -1;

	*ret_pid = 0;
	return instance_lock("gentap", &lock, ret_pid) == -EBUSY;
}

static uint64_t file_bytes(const char *path)
{
	char wal[4200];
	struct stat st;
	uint64_t bytes = 0;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	bytes += !stat(path, &st) ? (uint64_t)st.st_size : 0;
	bytes += !stat(wal, &st) ? (uint64_t)st.st_size : 0;
	return bytes;
}

struct state {
	bool runs;
	pid_t pid;
	char path[4096];
	struct query_extent extent;
	uint64_t now;
};

static void add_time(struct buf *b, int64_t ns)
{
	const struct query_column c = { .unit = UNIT_TIME };
	const struct query_cell cell = { .type = ns ? QUERY_INT : QUERY_NULL, .integer = ns };

	query_cell_json(&c, &cell, b);
}

static void add_json(const struct state *s, struct buf *b)
{
	buf_printf(b, "{\"version\":\"%s\",\"agent_runs\":%s,\"agent_pid\":", GENTAP_VERSION,
		   s->runs ? "true" : "false");
	if (s->pid)
		buf_printf(b, "%d", s->pid);
	else
		buf_add_str(b, "null");
	buf_add_str(b, ",\"database\":");
	buf_add_json(b, slice_from(s->path));
	buf_printf(b, ",\"bytes\":%llu,\"spans\":%llu,\"first\":",
		   (unsigned long long)file_bytes(s->path), (unsigned long long)s->extent.spans);
	add_time(b, s->extent.first_ns);
	buf_add_str(b, ",\"last\":");
	add_time(b, s->extent.last_ns);
	buf_add_str(b, "}");
}

static void add_text(const struct state *s, struct buf *b)
{
	if (s->runs && s->pid)
		buf_printf(b, "agent      runs (pid %d)\n", s->pid);
	else
		buf_add_str(b, s->runs ? "agent      runs\n" : "agent      does not run here\n");
	buf_printf(b, "database   %s, ", s->path);
	number_add_bytes(b, (double)file_bytes(s->path));
	buf_printf(b, "\nspans      %llu", (unsigned long long)s->extent.spans);
	if (s->extent.spans) {
		buf_add_str(b, ", the first ");
		number_add_time(b, s->extent.first_ns, s->now);
		buf_add_str(b, ", the last ");
		number_add_time(b, s->extent.last_ns, s->now);
	}
}

int cmd_status(const struct options *o)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(TEXT_MAX);
	struct state s = { .now = clock_wall_ns() };
	struct query_db *db = NULL;
	int r = reader_open(o, &db);

	s.runs = agent_runs(&s.pid);
	reader_path(o, s.path, sizeof(s.path));
	if (!r)
		r = query_extent(db, &s.extent);
	query_close(db);
	if (r)
		return 1;
	if (o->output == OUTPUT_JSON || o->output == OUTPUT_JSONL)
		add_json(&s, &b);
	else
		add_text(&s, &b);
	printf("%.*s\n", SLICE_FMT(buf_slice(&b)));
	/* Without an agent, what is stored is all there will be. */
	return s.runs ? 0 : 3;
}
