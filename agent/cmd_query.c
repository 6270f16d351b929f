/* SPDX-License-Identifier: Apache-2.0 */
/* query: a question as the command line has it. */
#include "chart.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "log.h"
#include "reader.h"

#include <errno.h>
#include <unistd.h>

#define CHART_MAX (16 * 1024 * 1024)
#define STEPS_MAX 100 /* of a chart that is asked for without an --interval */

static int build(struct query *q, const struct options *o)
{
	const char *from = options_word(o, "from");
	int r = from ? reader_set(q, "from", from) : 0;

	for (int i = 0; !r && i < o->n_args; i++)
		r = reader_add(q, o->args[i]);
	if (!r && !o->n_args && !options_word(o, "limit"))
		r = reader_set(q, "limit", "50");
	return r ? r : reader_set_flags(q, o);
}

/* A chart over time needs steps: the finest that everybody knows of which there are not too many.
 */
static int choose_interval(struct query_db *db, struct query *q)
{
	static const uint64_t steps_s[] = { 1,	      10,	60,    300,	  900,	     3600,
					    3 * 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400 };
	struct query_extent extent;
	uint64_t from, to, step = NSEC_PER_SEC;
	int r;

	if (q->interval_ns || !q->n_aggs ||
	    (q->display != QUERY_LINE && q->display != QUERY_HEATMAP))
		return 0;
	r = query_extent(db, &extent);
	if (r)
		return r;
	from = MAX(q->since_ns, (uint64_t)extent.first_ns);
	to = MIN(q->until_ns ? q->until_ns : UINT64_MAX, (uint64_t)extent.last_ns + 1);
	for (size_t i = 0; i < ARRAY_LEN(steps_s); i++) {
		step = steps_s[i] * NSEC_PER_SEC;
		if (to <= from || (to - from) / step < STEPS_MAX)
			break;
	}
	q->interval_ns = step;
	return 0;
}

static int print_chart(const struct query *q, const struct query_result *result)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(CHART_MAX);
	struct chart_style style = {
		.width = reader_width() ? reader_width() : 80,
		.utf8 = reader_utf8(),
		.colour = reader_colour(),
		.now_ns = q->now_ns,
	};
	const char *why = NULL;
	int r = chart_print(result, q->display, &style, &b, &why);

	if (r == -EINVAL) {
		log_error("query: this --display %s", why);
		return 2;
	}
	if (!r && b.len && !buf_error(&b))
		fwrite(b.data, 1, b.len, stdout);
	return r || buf_error(&b) || fflush(stdout) ? 1 : 0;
}

/* What a sum does not count, for who reads it on a terminal. */
static void say_unknown(const struct query_result *r)
{
	for (size_t c = 0; c < r->n_columns; c++) {
		uint64_t known = 0, unknown = 0;

		for (size_t i = 0; r->columns[c].fn == QUERY_SUM && i < r->n_rows; i++) {
			known += query_cell(r, i, c)->known;
			unknown += query_cell(r, i, c)->unknown;
		}
		if (unknown)
			fprintf(stderr, "%.*s: %llu of %llu do not tell\n",
				SLICE_FMT(r->columns[c].name), (unsigned long long)unknown,
				(unsigned long long)(known + unknown));
	}
	if (r->approximate)
		fprintf(stderr, "percentiles come from histograms: within 1 %%\n");
	if (r->rounded)
		fprintf(stderr, "the beginning is rounded to what is kept of that time\n");
}

int cmd_query(const struct options *o)
{
	struct query_result result = { 0 };
	struct query_db *db = NULL;
	struct query q;
	int status;

	query_init(&q, clock_wall_ns());
	status = build(&q, o);
	if (!status)
		status = reader_open(o, &db) || choose_interval(db, &q) ? 1 : 0;
	if (!status)
		status = reader_run(db, &q, &result);
	if (!status && q.display != QUERY_TABLE)
		status = print_chart(&q, &result);
	else if (!status)
		status = reader_print(&result, o, NULL, 0, q.now_ns);
	if (!status && isatty(STDERR_FILENO))
		say_unknown(&result);
	query_result_release(&result);
	query_release(&q);
	query_close(db);
	return status;
}
