/* SPDX-License-Identifier: Apache-2.0 */
/* What goes by age and by size, and what of it stays. */
#include "clock.h"
#include "query.h"
#include "retention.h"
#include "store_spans.h"
#include "test.h"
#include "writer.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPANS 3000
#define DAY_NS (86400 * NSEC_PER_SEC)
#define END_NS (MADE_BASE_NS + 30 * DAY_NS)

static char folder[] = "/tmp/gentap-keep-XXXXXX", path[64];

static void fill(struct writer **w)
{
	struct maker m = maker_init(5, SPANS, (int64_t)(30 * DAY_NS));
	struct row *rows = NULL, **last = &rows;
	uint64_t duplicates = 0;

	snprintf(path, sizeof(path), "%s/%d.db", folder, getpid());
	unlink(path);
	CHECK_INT(writer_new(w, path), 0);
	for (int i = 0; i < SPANS; i++) {
		struct made made = made_next(&m);
		struct span *s = made_span(&made);

		CHECK_INT(row_new(last, s, SLICE_NONE), 0);
		last = &(*last)->next;
		span_free(s);
	}
	CHECK_INT(writer_write(*w, rows, &duplicates), 0);
	CHECK_INT(duplicates, 0);
	CHECK_INT(writer_write(*w, rows, &duplicates), 0);
	CHECK_INT(duplicates, SPANS);
	while (rows) {
		struct row *next = rows->next;

		row_free(rows);
		rows = next;
	}
}

static uint64_t clean(struct writer *w, const struct store_config *config, uint64_t now)
{
	uint64_t all = 0, deleted = 0;
	int r;

	for (int i = 0; i < 100; i++) {
		r = retention_run(writer_db(w), config, now, &deleted);
		all += deleted;
		if (r != -EAGAIN)
			break;
	}
	CHECK_INT(r, 0);
	return all;
}

static int64_t ask(const char *line, uint64_t since, struct query_result *ret)
{
	struct query_error error;
	struct query_db *db = NULL;
	struct query q;
	int64_t v = -1;

	CHECK_INT(query_open(&db, path), 0);
	query_init(&q, END_NS);
	CHECK_INT(query_parse(&q, slice_from(line), &error), 0);
	q.since_ns = since;
	CHECK_INT(query_run(db, &q, ret), 0);
	v = query_cell(ret, 0, 0)->integer;
	query_release(&q);
	query_close(db);
	return v;
}

TEST(retention_by_age_keeps_the_sums)
{
	const uint64_t horizon = END_NS - 10 * DAY_NS;
	struct store_config config = { .keep_ns = 10 * DAY_NS };
	struct query_result r = { 0 };
	struct query_extent extent;
	struct query_db *db = NULL;
	struct writer *w = NULL;
	int64_t tokens;

	CHECK(mkdtemp(folder) != NULL);
	fill(&w);
	tokens = ask("sum:input", 0, &r);
	query_result_release(&r);
	CHECK(tokens > 0);
	CHECK(clean(w, &config, END_NS) > SPANS / 2);
	CHECK_INT(query_open(&db, path), 0);
	CHECK_INT(query_extent(db, &extent), 0);
	query_close(db);
	CHECK(extent.spans > SPANS / 5 && extent.spans < SPANS / 2);
	CHECK((uint64_t)extent.first_ns >= horizon - NSEC_PER_SEC * 60);
	/* All of them still count, and none twice. */
	CHECK_INT(ask("count", 0, &r), SPANS);
	query_result_release(&r);
	CHECK_INT(ask("sum:input", 0, &r), tokens);
	CHECK(!r.rounded);
	query_result_release(&r);
	/* From the middle of an hour that is gone: the whole of it, and it is said. */
	ask("count", MADE_BASE_NS + 5 * DAY_NS + 1, &r);
	CHECK(r.rounded);
	query_result_release(&r);
	/* What only spans can tell says from when on it does. */
	ask("uniq:user.id", 0, &r);
	CHECK(r.since_ns > MADE_BASE_NS + 15 * DAY_NS);
	query_result_release(&r);
	/* Nothing more to do. */
	CHECK_INT(clean(w, &config, END_NS), 0);
	writer_free(w);
	unlink(path);
}

TEST(roll_ups_that_are_gone_are_not_nothing)
{
	struct store_config config = { .keep_ns = 500 * DAY_NS };
	struct query_result r = { 0 };
	struct writer *w = NULL;

	fill(&w);
	/* Minutes are kept for a month, whatever is kept of the spans. */
	clean(w, &config, END_NS + 20 * DAY_NS);
	ask("count --interval 1m", 0, &r);
	CHECK_INT(r.matched, SPANS);
	query_result_release(&r);
	clean(w, &config, END_NS + 450 * DAY_NS);
	ask("count --interval 1h --by model", 0, &r);
	CHECK_INT(r.matched, SPANS);
	query_result_release(&r);
	writer_free(w);
	unlink(path);
}

TEST(retention_by_size)
{
	struct store_config config = { .max_bytes = 700 * 1024 };
	struct query_result r = { 0 };
	struct writer *w = NULL;

	fill(&w);
	CHECK(clean(w, &config, END_NS) > 0);
	CHECK_INT(ask("count", 0, &r), SPANS);
	query_result_release(&r);
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
