/* SPDX-License-Identifier: Apache-2.0 */
/* What changed is told once, in any order of batches, and again after a restart. */
#include "buf.h"
#include "cleanup.h"
#include "db.h"
#include "semconv.h"
#include "test.h"
#include "writer.h"

#include <unistd.h>

static char folder[] = "/tmp/gentap-marks-XXXXXX", path[64];

static struct row *make_row(uint64_t id, const char *model, const char *date, const char *version)
{
	struct span *s = NULL;
	struct row *r = NULL;

	CHECK_INT(span_new(&s), 0);
	memcpy(s->span_id, &id, sizeof(id));
	s->trace_id[0] = 1;
	s->name = SLICE("chat");
	s->start_ns = s->end_ns = id * 1000;
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("chat"));
	span_set_str(s, ATTR_PROVIDER_NAME, SLICE("p"));
	span_set_str(s, ATTR_REQUEST_MODEL, slice_from(model));
	span_set_str(s, "gen_ai.agent.name", SLICE("agent"));
	if (date)
		span_set_str(s, "gentap.cost.price_date", slice_from(date));
	if (version)
		span_set_str(s, ATTR_AGENT_VERSION, slice_from(version));
	CHECK_INT(row_new(&r, s, SLICE_NONE), 0);
	span_free(s);
	return r;
}

struct step {
	const char *model, *date, *version;
	bool restart; /* before it */
};

/* "kind subject before after at" of each row. */
static void read_all(sqlite3 *db, struct buf *to)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;

	CHECK_INT(
		db_prepare(db,
			   SLICE("SELECT kind||' '||subject||' '||coalesce(before,'-')||' '||after"
				 "||' '||time_ns FROM marks ORDER BY time_ns,kind"),
			   &s),
		0);
	while (s && sqlite3_step(s) == SQLITE_ROW)
		buf_printf(to, "%.*s\n", SLICE_FMT(db_text(s, 0)));
}

TEST(changes_are_told_once)
{
	static const struct step steps[] = {
		{ "m", "d1", "v1", false }, { "m", "d1", NULL, false }, { "n", "d1", "v1", false },
		{ "m", "d2", NULL, false }, { "m", "d2", "v1", true },	{ "m", NULL, "v2", false },
		{ "m", "d2", "v2", false }, { "m", "d3", "v2", true },
	};
	static const char want[] = "price p/m - d1 1000\nversion agent - v1 1000\n"
				   "price p/n - d1 3000\nprice p/m d1 d2 4000\n"
				   "version agent v1 v2 6000\nprice p/m d2 d3 8000\n";
	_cleanup_(buf_cleanup) struct buf got = BUF_INIT(10000);
	struct writer *w = NULL;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.db", folder);
	CHECK_INT(writer_new(&w, path), 0);
	for (size_t i = 0; w && i < ARRAY_LEN(steps); i++) {
		struct row *r = make_row(i + 1, steps[i].model, steps[i].date, steps[i].version);
		uint64_t duplicates = 0;

		if (steps[i].restart) {
			writer_free(w);
			w = NULL;
			CHECK_INT(writer_new(&w, path), 0);
		}
		if (r && w)
			CHECK_INT(writer_write(w, r, &duplicates), 0);
		row_free(r);
	}
	if (w)
		read_all(writer_db(w), &got);
	CHECK_STR(buf_slice(&got), want);
	writer_free(w);
	unlink(path);
	rmdir(folder);
}
