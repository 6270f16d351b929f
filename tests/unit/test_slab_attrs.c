/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes beside slabs answer as the JSON of the spans does, and go with their slabs. */
#include "clock.h"
#include "query.h"
#include "retention.h"
#include "schema.h"
#include "slab_attrs.h"
#include "store_spans.h"
#include "test.h"
#include "writer.h"

#include <errno.h>
#include <unistd.h>

#define SPANS 3000
#define SEALED 450
#define SLABS (SPANS / SEALED)
#define HOURS 4
#define HOUR_NS (3600 * NSEC_PER_SEC)
#define END_NS (MADE_BASE_NS + HOURS * HOUR_NS)

static char folder[] = "/tmp/gentap-attrs-XXXXXX", path[64];

static void add_some(struct span *s, size_t i)
{
	const struct slice words[] = { SLICE("one"), SLICE("two") };
	char text[64];

	if (i % 3)
		span_set_bool(s, "x.flag", i % 2);
	if (i % 4)
		span_set_int(s, "x.whole", (int64_t)(i % 11) - 2);
	if (i % 5)
		span_set_double(s, "x.real", (double)(i % 9) / 4);
	if (i % 4 == 1)
		span_set_strs(s, "x.list", words, 1 + i % 2);
	snprintf(text, sizeof(text), "Wert \"%zu\"\t%s", i % 17, i % 2 ? "\xc3\xa4" : "b");
	if (i % 6)
		span_set_str(s, "x.text", slice_from(text));
	/* Of one name, of several types. */
	if (i % 7 == 0)
		span_set_int(s, "x.mixed", (int64_t)(i % 3));
	else if (i % 7 == 1)
		span_set_str(s, "x.mixed", SLICE("1"));
	else if (i % 7 == 2)
		span_set_bool(s, "x.mixed", true);
	else if (i % 7 == 3)
		span_set_double(s, "x.mixed", 1.0);
	else if (i % 7 == 4)
		span_set_double(s, "x.mixed", 1e300);
	else if (i % 7 == 5)
		span_set_str(s, "x.mixed", SLICE("true"));
	if (i == 1777)
		span_set_str(s, "x.rare", SLICE("here"));
	if (i % 2)
		span_set_int(s, "x.large", INT64_MAX - (int64_t)(i % 5));
}

static void write_spans(struct writer *w, uint64_t seed, size_t n, const char *long_name)
{
	struct maker m = maker_init(seed, n, (int64_t)(HOURS * HOUR_NS));
	struct row *rows = NULL, **last = &rows;
	static char long_text[2 * SLAB_VALUE_MAX];
	uint64_t duplicates = 0;

	memset(long_text, 'y', sizeof(long_text) - 1);
	m.spans = seed << 32;
	for (size_t i = 0; i < n; i++) {
		struct made made = made_next(&m);
		struct span *s = made_span(&made);

		add_some(s, i);
		if (long_name && i == SEALED + 7)
			span_set_str(s, long_name, slice_from(long_text));
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

static const char *const lines[] = {
	"count sum:cost failure_rate --group-by x.flag",
	"count --group-by x.whole,x.real --sort x.whole,x.real",
	"count --group-by x.mixed",
	"count --group-by x.list --sort x.list",
	"count --group-by x.text,model --sort x.text,model",
	"sum:x.whole avg:x.real min:x.real max:x.whole uniq:x.text uniq:x.mixed count",
	"sum:x.mixed avg:x.mixed max:x.mixed min:x.mixed sum:x.large",
	"uniq:x.list sum:x.whole --group-by user --where 'x.flag:true'",
	"count --where 'x.flag:1' --interval 1h",
	"count --where 'x.mixed:1'",
	"count --where 'x.mixed:true'",
	"count --where 'x.mixed in (0, true)'",
	"count --where 'x.mixed>0.5 and not x.flag:false'",
	"count --where 'x.mixed<2 or x.real>=1.5'",
	"count --where 'x.large>9000000000000000000'",
	"count --where 'x.text:\"Wert*\" and x.text:*b'",
	"count --where 'x.text ~ 1[0-3].\\t'",
	"count --where 'x.list ~ two or x.whole:-2'",
	"count --where 'x.whole:1*'",
	"count --where 'x.text>Wert'",
	"count --where 'x.real:*'",
	"count --where 'not x.real:* and x.whole:3'",
	"count --where 'x.nobody:1 or not x.nothing:*' --group-by x.nowhere",
	"p95:x.real p50:x.whole count --group-by x.flag",
	"count --group-by gen_ai.response.id --sort gen_ai.response.id --limit 50",
	"count --group-by x.rare",
	/* Lists: the latest that fit. */
	"--where 'x.flag:true and x.whole:3' --fields time,x.text,x.mixed,span_id --limit 20",
	"--where 'x.rare:here' --fields time,span_id,x.rare",
	"--where 'x.rare:there' --fields time,span_id",
	"--where 'x.whole>2 and span.op:gen_ai.request' --fields span_id --limit 7",
	"--where 'x.whole>2' --fields span_id,x.whole --sort x.whole,span_id --limit 9",
	/* Runs with such a span. */
	"--from runs --having 'x.rare:here' --fields run,calls",
	"--from runs --having 'x.rare:there' --fields run",
	/* So many that each run is asked for. */
	"--from runs --having 'x.flag:true' --fields run,calls",
	"count --from runs --having 'not x.flag:true'",
	"--from runs --having 'tool:tool-3 and x.flag:true' --fields run --limit 12",
	"count sum:calls --from runs --having 'error:true and not x.flag:false' --group-by user",
};

static void ask(const char *line, struct buf *to)
{
	struct query_result r = { 0 };
	struct query_error error = { 0 };
	struct query_db *db = NULL;
	struct query q;

	test_row("%s", line);
	CHECK_INT(query_open(&db, path), 0);
	query_init(&q, END_NS);
	CHECK_INT(query_parse(&q, slice_from(line), &error), 0);
	q.since_ns = MADE_BASE_NS + HOUR_NS / 3;
	q.until_ns = END_NS - HOUR_NS / 7;
	q.raw_max = UINT64_MAX / 2;
	CHECK_INT(query_run(db, &q, &r), 0);
	buf_printf(to, "%s: %zu rows\n", line, r.n_rows);
	for (size_t i = 0; i < r.n_rows; i++) {
		query_row_json(&r, i, to);
		buf_add_char(to, '\n');
	}
	query_result_release(&r);
	query_release(&q);
	query_close(db);
	test_row(NULL);
}

static void answers(struct buf *to)
{
	buf_reset(to, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ask(lines[i], to);
	CHECK_INT(buf_error(to), 0);
}

/* Line by line, so that a failure says of which question. */
static void check_same(const char *stage, struct buf *got, struct buf *want)
{
	struct slice a = buf_slice(got), b = buf_slice(want), question = SLICE_NONE;

	while (a.data || b.data) {
		struct slice x = slice_cut(&a, '\n'), y = slice_cut(&b, '\n');

		if (slice_find(y, SLICE(" rows")) >= 0)
			question = y;
		test_row("%s, %.*s", stage, SLICE_FMT(question));
		CHECK_SLICE(x, y);
		if (!slice_eq(x, y))
			break;
	}
	test_row(NULL);
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

static void seal_slabs(struct writer *w)
{
	bool more = true;
	int n = 0;

	for (; more && n < 100; n += more)
		CHECK_INT(slab_seal(writer_db(w), SEALED, &more), 0);
}

static int seal_attrs(struct writer *w, int most)
{
	bool more = true;
	int n = 0;

	for (; more && n < most; n += more)
		CHECK_INT(slab_attrs_seal(writer_db(w), &more), 0);
	return n;
}

static int64_t number(struct writer *w, const char *sql)
{
	int64_t n = -1;

	CHECK_INT(db_get_int(writer_db(w), sql, -1, &n), 0);
	return n;
}

TEST(they_answer_as_the_json_does)
{
	_cleanup_(buf_cleanup) struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	struct writer *w = open_store();

	write_spans(w, 1, SPANS, NULL);
	answers(&want);
	CHECK(want.len > 10000);
	CHECK_INT(seal_attrs(w, 100), 0);
	seal_slabs(w);
	CHECK_INT(number(w, "SELECT count(*) FROM slabs"), SLABS);
	answers(&got);
	check_same("slabs alone", &got, &want);
	CHECK_INT(seal_attrs(w, 2), 2);
	answers(&got);
	check_same("attributes of two slabs", &got, &want);
	CHECK_INT(seal_attrs(w, 100), SLABS - 2);
	CHECK_INT(seal_attrs(w, 100), 0);
	answers(&got);
	check_same("of all slabs", &got, &want);
	/* And it is they who answer. */
	CHECK_INT(db_exec(writer_db(w), "DELETE FROM slab_attrs WHERE name LIKE 'x.%'"), 0);
	answers(&got);
	CHECK(!slice_eq(buf_slice(&got), buf_slice(&want)));
	CHECK_INT(db_exec(writer_db(w), "DELETE FROM slab_attrs"), 0);
	CHECK_INT(seal_attrs(w, 100), SLABS);
	answers(&got);
	check_same("made again", &got, &want);
	writer_free(w);
}

/* Where one of them was too long, the JSON is read, of that attribute alone. */
TEST(what_was_not_kept_is_read)
{
	_cleanup_(buf_cleanup) struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	struct writer *w = open_store();

	write_spans(w, 1, SPANS, "x.text");
	answers(&want);
	seal_slabs(w);
	CHECK_INT(seal_attrs(w, 100), SLABS);
	CHECK_INT(number(w, "SELECT count(*) FROM slab_attrs WHERE data IS NULL"), 1);
	answers(&got);
	check_same("a text too long", &got, &want);
	CHECK_INT(db_exec(writer_db(w), "UPDATE slab_attrs SET data=NULL WHERE name=''"), 0);
	answers(&got);
	check_same("too many names", &got, &want);
	writer_free(w);
}

TEST(what_comes_later_counts)
{
	_cleanup_(buf_cleanup) struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	struct writer *w = open_store();

	write_spans(w, 1, SPANS, NULL);
	seal_slabs(w);
	CHECK_INT(seal_attrs(w, 100), SLABS);
	write_spans(w, 2, SEALED + 50, NULL);
	answers(&got);
	CHECK_INT(db_exec(writer_db(w),
			  "DELETE FROM slabs; DELETE FROM slab_columns; DELETE FROM slab_attrs"),
		  0);
	answers(&want);
	check_same("more spans", &got, &want);
	writer_free(w);
}

TEST(they_go_with_their_slabs)
{
	_cleanup_(buf_cleanup) struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	struct store_config config = { .keep_ns = HOUR_NS };
	struct writer *w = open_store();
	uint64_t deleted = 0;

	write_spans(w, 1, SPANS, NULL);
	seal_slabs(w);
	CHECK_INT(seal_attrs(w, 100), SLABS);
	CHECK_INT(retention_run(writer_db(w), &config, END_NS - 3 * HOUR_NS / 2, &deleted),
		  -EAGAIN);
	CHECK(deleted > SEALED && deleted % SEALED);
	CHECK_INT(number(w, "SELECT count(*) FROM slab_attrs WHERE last NOT IN"
			    " (SELECT last FROM slabs)"),
		  0);
	CHECK(number(w, "SELECT count(*) FROM slab_attrs") > 10);
	answers(&got);
	CHECK_INT(db_exec(writer_db(w), "DELETE FROM slabs"), 0);
	answers(&want);
	check_same("the rest", &got, &want);
	writer_free(w);
}

TEST(on_a_full_disk_none_is_made)
{
	_cleanup_(buf_cleanup) struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	struct writer *w = open_store();
	bool more = false;

	write_spans(w, 1, SPANS, NULL);
	answers(&want);
	seal_slabs(w);
	for (int room = 0; room < 6; room++) {
		char sql[64];

		test_row("%d pages left", room);
		snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%d",
			 (int)number(w, "PRAGMA page_count") + room);
		CHECK_INT(db_exec(writer_db(w), sql), 0);
		CHECK_INT(slab_attrs_seal(writer_db(w), &more), -ENOSPC);
		CHECK(!more);
		CHECK_INT(number(w, "SELECT count(*) FROM slab_attrs"), 0);
	}
	test_row(NULL);
	CHECK_INT(db_exec(writer_db(w), "PRAGMA max_page_count=1000000"), 0);
	CHECK_INT(seal_attrs(w, 100), SLABS);
	answers(&got);
	check_same("later", &got, &want);
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
