/* SPDX-License-Identifier: Apache-2.0 */
#include "recent.h"

#include "store_spans.h"
#include "test.h"
#include "writer.h"

#include <errno.h>
#include <unistd.h>

enum { SPANS = 400, LAST = 50 };

struct ids {
	uint8_t of[SPANS][8];
	size_t n;
};

static void add(void *ctx, const uint8_t id[8])
{
	struct ids *ids = ctx;

	CHECK(ids->n < SPANS);
	memcpy(ids->of[ids->n++], id, 8);
}

/* Those of models alone, the newest, the oldest of them first. */
TEST(recent_calls_of_a_database)
{
	char folder[] = "/tmp/gentap-recent-XXXXXX", path[64];
	struct maker m = maker_init(7, SPANS, 3600ll * 1000000000);
	static struct ids calls, got;
	struct row *rows = NULL, **last = &rows;
	uint64_t duplicates = 0;
	struct writer *w = NULL;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/db", folder);
	CHECK_INT(recent_calls(path, LAST, add, &got), -ENOENT);
	CHECK_INT(writer_new(&w, path), 0);
	for (int i = 0; i < SPANS; i++) {
		struct made made = made_next(&m);
		struct span *s = made_span(&made);

		CHECK_INT(row_new(last, s, SLICE_NONE), 0);
		last = &(*last)->next;
		if (made.op < 2)
			add(&calls, s->span_id);
		span_free(s);
	}
	CHECK_INT(writer_write(w, rows, &duplicates), 0);
	CHECK_INT(recent_calls(path, LAST, add, &got), 0);
	CHECK_INT(got.n, LAST);
	CHECK(calls.n > LAST && calls.n < SPANS);
	CHECK(!memcmp(got.of, calls.of + calls.n - LAST, LAST * 8));
	got.n = 0;
	CHECK_INT(recent_calls(path, SPANS, add, &got), 0);
	CHECK_INT(got.n, calls.n);
	while (rows) {
		struct row *next = rows->next;

		row_free(rows);
		rows = next;
	}
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
