/* SPDX-License-Identifier: Apache-2.0 */
/* Facets answer as the spans do, are void once something comes late, and go with the spans. */
#include "clock.h"
#include "facets.h"
#include "query.h"
#include "retention.h"
#include "schema.h"
#include "store_spans.h"
#include "test.h"
#include "writer.h"

#include <errno.h>
#include <unistd.h>

#define SPANS 6000
#define HOURS 6
#define FINISHED 6 /* they begin within an hour and so touch seven */
#define HOUR_NS (3600 * NSEC_PER_SEC)
#define END_NS (MADE_BASE_NS + HOURS * HOUR_NS)

static char folder[] = "/tmp/gentap-facets-XXXXXX", path[64];

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

static int update_all(struct writer *w, int64_t worth)
{
	bool more = true;
	int n = 0;

	while (more && n < 100) {
		CHECK_INT(facets_update(writer_db(w), worth, &more), 0);
		n += more;
	}
	return n;
}

/* The answer as JSON, from spans alone or from whatever is quickest. */
static void ask(const char *line, bool raw, bool *ret_approximate, struct buf *to)
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
	q.raw_max = raw ? UINT64_MAX / 2 : 0;
	CHECK_INT(query_run(db, &q, &r), 0);
	for (size_t i = 0; i < r.n_rows; i++)
		query_row_json(&r, i, to);
	*ret_approximate = r.approximate;
	query_result_release(&r);
	query_release(&q);
	query_close(db);
}

static const char *const lines[] = {
	"count sum:cost avg:input min:duration max:ttft failure_rate --by model "
	"--where 'user:user-1 and span.op:gen_ai.request'",
	"count sum:total --by model,user.id",
	"count sum:cost --by team --interval 2h --where 'not repo:repo-3 and model:model-1*'",
	"count --by span.op --where 'error:true or tool:*'",
	"rate sum:output --where 'agent:agent-1 team:team-2'",
};

static void check_lines(void)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		_cleanup_(buf_cleanup) struct buf raw = BUF_INIT(1 << 20);
		_cleanup_(buf_cleanup) struct buf facets = BUF_INIT(1 << 20);
		bool approximate;

		test_row("%s", lines[i]);
		ask(lines[i], true, &approximate, &raw);
		ask(lines[i], false, &approximate, &facets);
		CHECK(raw.len > 2);
		CHECK_SLICE(buf_slice(&facets), buf_slice(&raw));
	}
	test_row(NULL);
}

/* Percentiles come from histograms then, and the result says so. */
static bool facets_answer(void)
{
	_cleanup_(buf_cleanup) struct buf out = BUF_INIT(1 << 20);
	bool approximate;

	ask("p50:duration --by model,user.id", false, &approximate, &out);
	return approximate;
}

static struct writer *open_store(void)
{
	struct writer *w = NULL;

	snprintf(path, sizeof(path), "%s/gentap.db", folder);
	unlink(path);
	CHECK_INT(writer_new(&w, path), 0);
	return w;
}

TEST(facets_answer_as_spans_do)
{
	struct writer *w;
	int64_t n = 0;

	CHECK(mkdtemp(folder) != NULL);
	w = open_store();
	CHECK_INT(update_all(w, 1), 0);
	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK(!facets_answer());
	/* The hour that the last span is in may still grow. */
	CHECK_INT(update_all(w, 1), FINISHED);
	CHECK_INT(update_all(w, 1), 0);
	CHECK(facets_answer());
	check_lines();
	/* What comes late voids its hour, and the spans answer for it. */
	write_spans(w, 2, 50, MADE_BASE_NS + HOUR_NS, (int64_t)(HOUR_NS / 2));
	check_lines();
	CHECK_INT(update_all(w, 1), 1);
	check_lines();
	/* They were what answered: a wrong one is believed. */
	CHECK_INT(db_exec(writer_db(w), "UPDATE facets SET n=n+1000000"), 0);
	CHECK_INT(db_get_int(writer_db(w), "SELECT sum(n)>1000000 FROM facets", 0, &n), 0);
	{
		_cleanup_(buf_cleanup) struct buf raw = BUF_INIT(1 << 20);
		_cleanup_(buf_cleanup) struct buf facets = BUF_INIT(1 << 20);
		bool unused;

		ask(lines[1], true, &unused, &raw);
		ask(lines[1], false, &unused, &facets);
		CHECK(!slice_eq(buf_slice(&raw), buf_slice(&facets)));
	}
	writer_free(w);
}

TEST(hours_of_many_combinations_have_none)
{
	struct writer *w = open_store();
	int64_t n = -1;

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK_INT(update_all(w, 1000), FINISHED);
	CHECK_INT(update_all(w, 1000), 0);
	CHECK_INT(db_get_int(writer_db(w), "SELECT count(*) FROM facets", -1, &n), 0);
	CHECK_INT(n, 0);
	CHECK(!facets_answer());
	check_lines();
	writer_free(w);
}

TEST(facets_go_with_their_spans)
{
	struct store_config config = { .keep_ns = HOUR_NS };
	struct writer *w = open_store();
	uint64_t deleted = 0;
	int64_t n = -1;

	write_spans(w, 1, SPANS, MADE_BASE_NS, (int64_t)(HOURS * HOUR_NS));
	CHECK_INT(update_all(w, 1), FINISHED);
	CHECK_INT(retention_run(writer_db(w), &config, END_NS - 3 * HOUR_NS, &deleted), -EAGAIN);
	CHECK(deleted > 0);
	CHECK_INT(db_get_int(writer_db(w), "SELECT count(*) FROM facet_hours", -1, &n), 0);
	CHECK(n > 0 && n < FINISHED);
	CHECK_INT(db_get_int(writer_db(w),
			     "SELECT count(*) FROM facets WHERE bucket NOT IN"
			     " (SELECT bucket FROM facet_hours)",
			     -1, &n),
		  0);
	CHECK_INT(n, 0);
	/* The hour that the end of the spans stands in is not made anew. */
	CHECK_INT(update_all(w, 1), 0);
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
