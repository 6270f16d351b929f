/* SPDX-License-Identifier: Apache-2.0 */
/* Words and processes go with the last that speaks of them, and never before. */
#include "prune.h"
#include "clock.h"
#include "process.h"
#include "retention.h"
#include "schema.h"
#include "slab.h"
#include "store_spans.h"
#include "test.h"
#include "writer.h"

#include <unistd.h>

#define SPANS 1500
#define SLAB 400
#define DAY_NS (86400 * NSEC_PER_SEC)
#define END_NS (MADE_BASE_NS + 30 * DAY_NS)

static char folder[] = "/tmp/gentap-prune-XXXXXX", path[64];

static void write_one(struct writer *w, struct span *s)
{
	struct row *row = NULL;
	uint64_t duplicates = 0;

	CHECK_INT(row_new(&row, s, SLICE_NONE), 0);
	CHECK_INT(writer_write(w, row, &duplicates), 0);
	CHECK_INT(duplicates, 0);
	row_free(row);
	span_free(s);
}

/* Each of ten spans is a process's of its own, and has a branch of its own. */
static void fill(struct writer *w, uint64_t seed, uint64_t from_ns)
{
	struct maker m = maker_init(seed, SPANS, (int64_t)(30 * DAY_NS));
	struct row *rows = NULL, **last = &rows;
	uint64_t duplicates = 0;

	m.now_ns = (int64_t)from_ns;
	m.spans = seed << 32;
	for (unsigned int i = 0; i < SPANS; i++) {
		struct made made = made_next(&m);
		struct span *s = made_span(&made);
		struct process p = { .pid = 100 + i / 10, .start_ns = seed, .comm = "a" };

		made_set_name(s, "vcs.ref.head.name", "branch", (int)(seed * SPANS + i / 10));
		s->process = &p;
		CHECK_INT(row_new(last, s, SLICE_NONE), 0);
		last = &(*last)->next;
		s->process = NULL;
		span_free(s);
	}
	CHECK_INT(writer_write(w, rows, &duplicates), 0);
	while (rows) {
		struct row *next = rows->next;

		row_free(rows);
		rows = next;
	}
}

static int64_t number(struct writer *w, const char *sql)
{
	int64_t n = -1;

	CHECK_INT(db_get_int(writer_db(w), sql, -1, &n), 0);
	return n;
}

/* Words of spans, runs, sessions and roll-ups, and processes, that are not there any more. */
static int64_t dangling(struct writer *w)
{
	static const char *const tables[] = { "spans", "runs", "sessions" };
	int64_t n = number(w, "SELECT count(*) FROM rollups WHERE dim>0 AND value>0 AND value NOT"
			      " IN (SELECT id FROM strings)");

	n += number(w, "SELECT count(*) FROM spans WHERE resource IS NOT NULL AND"
		       " resource NOT IN (SELECT id FROM resources)");
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (int f = 0; f < F_COUNT; f++) {
			char sql[256];

			snprintf(sql, sizeof(sql),
				 "SELECT count(*) FROM pragma_table_info('%s') WHERE name='%s'",
				 tables[t], fields[f].column);
			if (fields[f].kind != FIELD_WORD || !number(w, sql))
				continue;
			snprintf(sql, sizeof(sql),
				 "SELECT count(*) FROM %s WHERE %s IS NOT NULL AND %s NOT IN"
				 " (SELECT id FROM strings)",
				 tables[t], fields[f].column, fields[f].column);
			n += number(w, sql);
		}
	return n;
}

static void keep_days(struct writer *w, int days)
{
	struct store_config config = { .keep_ns = (uint64_t)days * DAY_NS };
	uint64_t deleted = 0;

	while (retention_run(writer_db(w), &config, END_NS, &deleted) < 0)
		;
}

static struct writer *open_store(const char *name)
{
	struct writer *w = NULL;

	snprintf(path, sizeof(path), "%s/%s.db", folder, name);
	CHECK_INT(writer_new(&w, path), 0);
	return w;
}

static void close_store(struct writer *w)
{
	writer_free(w);
	unlink(path);
}

/* With slabs, with slabs that do not know processes, and without any. */
TEST(prune_lets_go_what_nothing_speaks_of)
{
	static const struct {
		const char *name;
		bool slabs;
		const char *then;
	} rows[] = {
		{ "slabs", true, "SELECT 1" },
		{ "old", true, "DELETE FROM slab_columns WHERE key%256=254" },
		{ "none", false, "SELECT 1" },
	};

	CHECK(mkdtemp(folder) != NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct writer *w = open_store(rows[i].name);
		bool more = rows[i].slabs;
		int64_t words, branches;
		uint64_t deleted = 0;

		test_row("%s", rows[i].name);
		fill(w, 1, MADE_BASE_NS);
		while (more)
			CHECK_INT(slab_seal(writer_db(w), SLAB, &more), 0);
		CHECK_INT(number(w, "SELECT count(*)>0 FROM slabs"), rows[i].slabs);
		CHECK_INT(db_exec(writer_db(w), rows[i].then), 0);
		/* All are in use. */
		CHECK_INT(prune_run(writer_db(w), &deleted), 0);
		CHECK_INT(deleted, 0);
		words = number(w, "SELECT count(*) FROM strings");
		keep_days(w, 10);
		CHECK_INT(prune_run(writer_db(w), &deleted), 0);
		CHECK(deleted > 100);
		CHECK_INT(dangling(w), 0);
		CHECK(number(w, "SELECT count(*) FROM strings") < words);
		/* What is left is what is spoken of, and all of it. */
		branches = number(w, "SELECT count(*) FROM strings WHERE value LIKE 'branch-%'");
		CHECK(branches > 20);
		CHECK_INT(branches, number(w, "SELECT count(DISTINCT branch) FROM (SELECT branch"
					      " FROM spans UNION SELECT branch FROM runs UNION"
					      " SELECT branch FROM sessions)"));
		CHECK_INT(number(w, "SELECT count(*) FROM resources"),
			  number(w, "SELECT count(DISTINCT resource) FROM spans"));
		/* Roll-ups stay, and so do their words. */
		CHECK_INT(number(w, "SELECT count(*) FROM strings WHERE value LIKE 'model-%'"), 20);
		CHECK_INT(prune_run(writer_db(w), &deleted), 0);
		CHECK_INT(deleted, 0);
		close_store(w);
	}
	test_row(NULL);
}

/* A writer remembers numbers; one that was taken back must not be written again. */
TEST(writers_forget_what_was_pruned)
{
	struct writer *w = open_store("forget"), *other = NULL;
	struct made made;
	struct maker m = maker_init(9, 10, 1000);
	uint64_t deleted = 0;
	struct span *s;

	CHECK_INT(writer_new(&other, path), 0);
	for (int round = 0; round < 3; round++) {
		m.now_ns = (int64_t)END_NS - 20 * (int64_t)DAY_NS;
		for (int k = 0; k < 2; k++) {
			made = made_next(&m);
			made.duration_ns = 0; /* nor does its session end later */
			s = made_span(&made);
			span_set_str(s, "vcs.ref.head.name", SLICE("the-branch"));
			write_one(k ? w : other, s);
		}
		CHECK_INT(dangling(w), 0);
		CHECK_INT(number(w, "SELECT count(*) FROM strings WHERE value='the-branch'"), 1);
		keep_days(w, 10);
		CHECK_INT(number(w, "SELECT count(*) FROM spans"), 0);
		CHECK_INT(prune_run(writer_db(round % 2 ? w : other), &deleted), 0);
		CHECK(deleted > 0);
		CHECK_INT(number(w, "SELECT count(*) FROM strings WHERE value='the-branch'"), 0);
	}
	writer_free(other);
	close_store(w);
	rmdir(folder);
}
