/* SPDX-License-Identifier: Apache-2.0 */
/* What is written twice, and what only looks so. */
#include "query.h"
#include "row.h"
#include "semconv.h"
#include "test.h"
#include "writer.h"

#include <unistd.h>

static char folder[] = "/tmp/gentap-writer-XXXXXX", path[64];

static uint64_t write_call(struct writer *w, uint8_t id, uint64_t start_ns, uint64_t end_ns)
{
	uint64_t duplicates = 0;
	struct span *s = NULL;
	struct row *r = NULL;

	CHECK_INT(span_new(&s), 0);
	s->name = SLICE("chat");
	s->start_ns = start_ns;
	s->end_ns = end_ns;
	memset(s->trace_id, 1, sizeof(s->trace_id));
	memset(s->span_id, id, sizeof(s->span_id));
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("chat"));
	span_set_int(s, ATTR_USAGE_INPUT, 10);
	CHECK_INT(row_new(&r, s, SLICE_NONE), 0);
	span_free(s);
	CHECK_INT(writer_write(w, r, &duplicates), 0);
	row_free(r);
	return duplicates;
}

static int64_t ask(const char *line)
{
	struct query_result result = { 0 };
	struct query_db *db = NULL;
	struct query_error error;
	struct query q;
	int64_t v;

	CHECK_INT(query_open(&db, path), 0);
	query_init(&q, 1000000);
	CHECK_INT(query_parse(&q, slice_from(line), &error), 0);
	q.since_ns = 0;
	CHECK_INT(query_run(db, &q, &result), 0);
	v = query_cell(&result, 0, 0)->integer;
	query_result_release(&result);
	query_release(&q);
	query_close(db);
	return v;
}

/* A cache gives an answer out again, with the id that its provider gave it. */
TEST(ids_that_are_given_out_again)
{
	static const struct {
		const char *name;
		uint8_t id;
		uint64_t start_ns, end_ns;
		uint64_t duplicates;
	} rows[] = {
		{ "the first", 7, 1000, 2000, 0 },
		{ "itself", 7, 1000, 2000, 1 },
		{ "another observer's view of it", 7, 1500, 2500, 1 },
		{ "and one that touches its end", 7, 2000, 2100, 1 },
		{ "its answer once more, later", 7, 5000, 5100, 0 },
		{ "that one again", 7, 5000, 5100, 1 },
		{ "and a third time", 7, 9000, 9001, 0 },
		{ "before all of them", 7, 10, 20, 0 },
		{ "another call", 8, 1000, 2000, 0 },
	};
	struct writer *w = NULL;
	int64_t kept = 0;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/a.db", folder);
	CHECK_INT(writer_new(&w, path), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t got = write_call(w, rows[i].id, rows[i].start_ns, rows[i].end_ns);

		if (got != rows[i].duplicates)
			printf("# %s\n", rows[i].name);
		CHECK_INT(got, rows[i].duplicates);
		kept += !rows[i].duplicates;
		/* From the sums and from the spans. */
		CHECK_INT(ask("sum:input"), 10 * kept);
		CHECK_INT(ask("uniq:span_id"), kept);
	}
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
