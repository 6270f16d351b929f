/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs answer as the spans do, what comes after them counts at once, and they go with
 * their spans. */
#include "clock.h"
#include "query.h"
#include "retention.h"
#include "schema.h"
#include "slab.h"
#include "store_spans.h"
#include "test.h"
#include "writer.h"

#include <errno.h>
#include <unistd.h>

#define SPANS 6000
#define SEALED 900
#define SLABS 6
#define HOURS 6
#define HOUR_NS (3600 * NSEC_PER_SEC)
#define END_NS (MADE_BASE_NS + HOURS * HOUR_NS)

static char folder[] = "/tmp/gentap-slab-XXXXXX", path[64];

/* `n` spans from `from_ns` on, made up from `seed`. */
static void write_spans(struct writer *w, uint64_t seed, int n, uint64_t from_ns, int64_t ns)
{
	struct maker m = maker_init(seed, (uint64_t)n, ns);
	struct row *rows = NULL, **last = &rows;
	uint64_t duplicates = 0;

	m.now_ns = (int64_t)from_ns;
	m.spans = seed << 32;
	for (int i = 0; i < n; i++) {
		struct made made = made_next(&m);
		struct span *s = made_span(&made);

		CHECK_INT(row_new(last, s, SLICE_NONE), 0);
		last = &(*last)->next;
		span_free(s);
	}
	CHECK_INT(writer_write(w, rows, &duplicates), 0);
	CHECK_INT(duplicates, 0);
	while (rows) {
		struct row *next = rows->next;

		row_free(rows);
		rows = next;
	}
}

static int seal_all(struct writer *w, size_t n)
{
	bool more = true;
	int made = 0;

	while (more && made < 100) {
		CHECK_INT(slab_seal(writer_db(w), n, &more), 0);
		made += more;
	}
	return made;
}

static int64_t number(struct writer *w, const char *sql)
{
	int64_t n = -1;

	CHECK_INT(db_get_int(writer_db(w), sql, -1, &n), 0);
	return n;
}

static void ask(const char *line, uint64_t raw_max, bool *ret_approximate, struct buf *to)
{
	struct query_result r = { 0 };
	struct query_error error;
	struct query_db *db = NULL;
	struct query q;

	CHECK_INT(query_open(&db, path), 0);
	query_init(&q, END_NS);
	CHECK_INT(query_parse(&q, slice_from(line), &error), 0);
	q.since_ns = MADE_BASE_NS + HOUR_NS / 3;
	q.until_ns = END_NS - HOUR_NS / 7;
	q.raw_max = raw_max;
	CHECK_INT(query_run(db, &q, &r), 0);
	for (size_t i = 0; i < r.n_rows; i++)
		query_row_json(&r, i, to);
	*ret_approximate = r.approximate;
	query_result_release(&r);
	query_release(&q);
	query_close(db);
}

static const char *const lines[] = {
	"count sum:cost avg:input min:duration max:ttft failure_rate partial --by model "
	"--where 'user:user-1 and span.op:gen_ai.request'",
	"count sum:total --by model,user.id",
	"count sum:cost --by team --interval 2h --where 'not repo:repo-3 and model:model-1*'",
	"count --by span.op --where 'error:true or tool:*'",
	"rate sum:output --where 'agent:agent-1 team:team-2'",
	"uniq:run uniq:agent uniq:duration --by tool --where span.op:gen_ai.execute_tool",
	"p50:duration p99:ttft below:duration:3s --by user.id --interval 97s",
	"count --by run,completeness --where 'model ~ model-[12]$ or not (user>user-3)'",
	"count sum:input --where 'duration in (1s, 2s) or duration>=3s and input<4000'",
	"count --where 'span.op:gen_ai.* and not error:false'",
};

/* One answer a line, one behind the other. */
static void answers(struct buf *to)
{
	bool approximate;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ask(lines[i], UINT64_MAX / 2, &approximate, to);
	CHECK_INT(buf_error(to), 0);
	CHECK(to->len > 1000);
}

static struct writer *open_store(void)
{
	struct writer *w = NULL;

	if (!*path)
		CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/gentap.db", folder);
	unlink(path);
	CHECK_INT(writer_new(&w, path), 0);
	return w;
}

TEST(slabs_answer_as_spans_do)
{
	_cleanup_(buf_cleanup) struct buf spans = BUF_INIT(64 << 20), slabs = BUF_INIT(64 << 20);
	struct writer *w = open_store();
	bool approximate;

	CHECK_INT(seal_all(w, SEALED), 0);
	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	answers(&spans);
	CHECK_INT(seal_all(w, SEALED), SLABS);
	CHECK_INT(seal_all(w, SEALED), 0);
	answers(&slabs);
	CHECK_SLICE(buf_slice(&slabs), buf_slice(&spans));
	/* Percentiles of many spans come from histograms, and the answer says so. */
	ask(lines[6], 100, &approximate, &slabs);
	CHECK(approximate);
	ask(lines[6], SPANS, &approximate, &slabs);
	CHECK(!approximate);
	writer_free(w);
}

TEST(what_comes_late_counts)
{
	_cleanup_(buf_cleanup) struct buf spans = BUF_INIT(64 << 20), slabs = BUF_INIT(64 << 20);
	struct writer *w = open_store();

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK_INT(seal_all(w, SEALED), SLABS);
	write_spans(w, 2, 500, MADE_BASE_NS + HOUR_NS, (int64_t)(HOUR_NS / 2));
	answers(&slabs);
	CHECK_INT(db_exec(writer_db(w), "DELETE FROM slabs; DELETE FROM slab_columns"), 0);
	answers(&spans);
	CHECK_SLICE(buf_slice(&slabs), buf_slice(&spans));
	writer_free(w);
}

TEST(slabs_are_what_answers)
{
	_cleanup_(buf_cleanup) struct buf spans = BUF_INIT(64 << 20), slabs = BUF_INIT(64 << 20);
	struct writer *w = open_store();

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK_INT(seal_all(w, SEALED), SLABS);
	answers(&spans);
	/* Without one of its columns, a slab knows nothing of it. */
	CHECK_INT(db_exec(writer_db(w), "DELETE FROM slab_columns WHERE key%256=4"), 0);
	answers(&slabs);
	CHECK(!slice_eq(buf_slice(&slabs), buf_slice(&spans)));
	/* One that is no column is an error, not a number. */
	CHECK_INT(db_exec(writer_db(w), "UPDATE slab_columns SET data=x'0102'"), 0);
	{
		struct query_result r = { 0 };
		struct query_error error;
		struct query_db *db = NULL;
		struct query q;

		CHECK_INT(query_open(&db, path), 0);
		query_init(&q, END_NS);
		CHECK_INT(query_parse(&q, slice_from(lines[1]), &error), 0);
		CHECK_INT(query_run(db, &q, &r), -EBADMSG);
		query_release(&q);
		query_close(db);
	}
	writer_free(w);
}

TEST(slabs_go_with_their_spans)
{
	_cleanup_(buf_cleanup) struct buf spans = BUF_INIT(64 << 20), slabs = BUF_INIT(64 << 20);
	struct store_config config = { .keep_ns = HOUR_NS };
	struct writer *w = open_store();
	uint64_t deleted = 0;

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK_INT(seal_all(w, SEALED), SLABS);
	CHECK_INT(retention_run(writer_db(w), &config, END_NS - 3 * HOUR_NS, &deleted), -EAGAIN);
	CHECK(deleted > SEALED && deleted % SEALED);
	CHECK_INT(number(w, "SELECT count(*) FROM slabs"), SLABS - (int64_t)deleted / SEALED);
	CHECK_INT(number(w, "SELECT count(*) FROM slab_columns WHERE key/256 NOT IN"
			    " (SELECT last FROM slabs)"),
		  0);
	/* Of the slab in which the end of the spans stands, the rest. */
	answers(&slabs);
	CHECK_INT(db_exec(writer_db(w), "DELETE FROM slabs"), 0);
	answers(&spans);
	CHECK_SLICE(buf_slice(&slabs), buf_slice(&spans));
	writer_free(w);
}

/* No room for a slab: all of it is left out, the spans answer, and later it is made. */
TEST(slabs_on_a_full_disk)
{
	_cleanup_(buf_cleanup) struct buf before = BUF_INIT(64 << 20), after = BUF_INIT(64 << 20);
	struct writer *w = open_store();
	bool more = false;

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	answers(&before);
	for (int64_t room = 0; room < 10; room++) {
		char sql[64];

		test_row("%d pages left", (int)room);
		snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%d",
			 (int)(number(w, "PRAGMA page_count") + room));
		CHECK_INT(db_exec(writer_db(w), sql), 0);
		CHECK_INT(slab_seal(writer_db(w), SEALED, &more), -ENOSPC);
		CHECK(!more);
		CHECK_INT(number(w, "SELECT count(*) FROM slabs"), 0);
		CHECK_INT(number(w, "SELECT count(*) FROM slab_columns"), 0);
	}
	test_row(NULL);
	CHECK_INT(db_exec(writer_db(w), "PRAGMA max_page_count=1000000"), 0);
	CHECK_INT(seal_all(w, SEALED), SLABS);
	answers(&after);
	CHECK_SLICE(buf_slice(&after), buf_slice(&before));
	writer_free(w);
}

TEST(all_gone_begins_anew)
{
	struct store_config config = { .keep_ns = HOUR_NS };
	struct writer *w = open_store();
	uint64_t deleted = 0;

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK_INT(seal_all(w, SEALED), SLABS);
	CHECK_INT(retention_run(writer_db(w), &config, END_NS + 9 * HOUR_NS, &deleted), -EAGAIN);
	CHECK_INT(deleted, SPANS);
	write_spans(w, 3, 1000, MADE_BASE_NS, (int64_t)HOUR_NS);
	CHECK_INT(number(w, "SELECT min(id) FROM spans"), 1);
	CHECK_INT(seal_all(w, SEALED), 1);
	CHECK_INT(number(w, "SELECT sum(n) FROM slabs"), SEALED);
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
