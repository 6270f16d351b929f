/* SPDX-License-Identifier: Apache-2.0 */
/* top: what goes on, again and again. */
#include "budget.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "numbers.h"
#include "top.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX (16 * 1024 * 1024)
#define DEFAULT_DELAY_S 2

const struct top_tab top_tabs[TOP_TABS] = {
	{ "Runs", CMD_RUNS },	 { "Models", CMD_MODELS },     { "Tools", CMD_TOOLS },
	{ "People", CMD_USERS }, { "Coverage", CMD_COVERAGE }, { "Calls", CMD_CALLS },
};
const char *const top_ranges[] = { "1h", "24h", "7d", "30d", "all" };
const size_t n_top_ranges = ARRAY_LEN(top_ranges);

int top_init(struct top *t, const struct options *o)
{
	*t = (struct top){ .options = o, .sort = SIZE_MAX, .range = 1 };
	return reader_open(o, &t->db);
}

void top_release(struct top *t)
{
	if (t->has_result)
		query_result_release(&t->result);
	query_close(t->db);
}

static int ask(struct top *t, const char *line, struct query_result *ret)
{
	struct query_error error;
	struct query q;
	int r;

	query_init(&q, t->now_ns);
	r = query_parse(&q, slice_from(line), &error);
	if (!r)
		r = query_run(t->db, &q, ret);
	query_release(&q);
	return r;
}

/* One figure of a question, with a label behind it. */
static void add_figure(struct top *t, struct buf *b, const char *line, const char *label)
{
	struct query_result r = { 0 };

	if (b->len)
		buf_add_str(b, "   ");
	if (!ask(t, line, &r) && r.n_rows)
		number_add_cell(b, &r.columns[0], query_cell(&r, 0, 0), t->now_ns);
	else
		buf_add_char(b, '-');
	buf_printf(b, " %s", label);
	query_result_release(&r);
}

static void add_budgets(struct top *t, struct buf *b)
{
	struct budget *list = NULL;
	struct budget_state state;
	struct arena arena;
	char path[4096];
	size_t n = 0;

	arena_init(&arena, 1024 * 1024);
	if (!reader_path(t->options, path, sizeof(path)))
		budget_list(path, &arena, &list, &n);
	for (size_t i = 0; i < n && i < 3; i++) {
		if (budget_check(t->db, &list[i], t->now_ns, &state))
			continue;
		buf_printf(b, "%s%.*s ", b->len ? "   " : "", SLICE_FMT(list[i].name));
		number_add_percent(b, (double)state.spent_pd / (double)list[i].limit_pd);
		buf_printf(b, " of ");
		number_add_money(b, (double)list[i].limit_pd);
	}
	if (!n)
		buf_add_str(b, "no budgets set");
	arena_release(&arena);
}

#define REQUESTS " --where span.op:gen_ai.request"

static void refresh_head(struct top *t)
{
	struct buf lines[TOP_HEAD_LINES] = { BUF_INIT(4096), BUF_INIT(4096), BUF_INIT(4096) };

	add_figure(t, &lines[0], "sum:cost" REQUESTS " --since 1h", "last hour");
	add_figure(t, &lines[0], "sum:cost" REQUESTS " --since today", "today");
	add_figure(t, &lines[0], "sum:total" REQUESTS " --since today", "tokens today");
	add_figure(t, &lines[0], "count --from runs --where state:running", "running");
	add_figure(t, &lines[1], "count" REQUESTS " --since 1m", "calls/min");
	add_figure(t, &lines[1], "rate:output" REQUESTS " --since 1m", "tokens out");
	add_figure(t, &lines[1],
		   "count --where 'span.op:gen_ai.request error:true error.type ~ "
		   "\"429|rate_limit|RESOURCE_EXHAUSTED|overloaded|Throttling\"' --since 1h",
		   "refused/h");
	add_figure(t, &lines[1], "failure_rate" REQUESTS " --since 1h", "failed");
	add_figure(t, &lines[1],
		   "count --where 'span.op:gen_ai.request gentap.completeness:partial' --since 1h",
		   "incomplete/h");
	add_budgets(t, &lines[2]);
	for (size_t i = 0; i < TOP_HEAD_LINES; i++) {
		snprintf(t->head[i], sizeof(t->head[i]), "%s", lines[i].data ? lines[i].data : "");
		buf_release(&lines[i]);
	}
}

static int set(struct top *t, struct query *q, const char *option, const char *value)
{
	struct query_error error;
	int r = query_set(q, slice_from(option), slice_from(value), &error);

	if (r)
		snprintf(t->problem, sizeof(t->problem), "%s: %s", option,
			 r == -EINVAL ? error.message : strerror(-r));
	return r;
}

static int build(struct top *t, struct query *q)
{
	static const struct options none = { 0 };
	enum command command = top_tabs[t->tab].command;
	const char *since = options_word(t->options, "since");
	const char *limit = options_word(t->options, "limit");
	char sort[128];
	size_t n;
	const struct view_column *view = table_view(command, &n);
	int r = table_build(q, command, &none);

	if (!r)
		r = set(t, q, "since", since ? since : top_ranges[t->range]);
	if (!r)
		r = set(t, q, "limit", limit ? limit : "200");
	if (!r && *t->filter)
		r = set(t, q, "where", t->filter);
	if (!r && t->sort < n) {
		snprintf(sort, sizeof(sort), "%s%s", t->falling ? "-" : "", view[t->sort].name);
		r = set(t, q, "sort", sort);
	}
	return r;
}

void top_refresh(struct top *t)
{
	struct query_result fresh = { 0 };
	struct query q;
	int r;

	t->now_ns = clock_wall_ns();
	t->problem[0] = '\0';
	refresh_head(t);
	query_init(&q, t->now_ns);
	r = build(t, &q);
	if (!r) {
		r = query_run(t->db, &q, &fresh);
		if (r)
			snprintf(t->problem, sizeof(t->problem), "cannot read: %s", strerror(-r));
	}
	query_release(&q);
	if (r)
		return;
	if (t->has_result)
		query_result_release(&t->result);
	t->result = fresh;
	t->has_result = true;
}

void top_add_table(struct top *t, size_t width, struct buf *b)
{
	size_t n;
	const struct view_column *view = table_view(top_tabs[t->tab].command, &n);

	if (t->has_result)
		reader_add_table(&t->result, view, n, width, false, false, t->now_ns, b);
}

static void print_text(struct top *t, struct buf *b)
{
	for (size_t i = 0; i < TOP_HEAD_LINES; i++)
		buf_printf(b, "%s\n", t->head[i]);
	buf_add_char(b, '\n');
	top_add_table(t, reader_width(), b);
}

/* All tabs, each as `-o json` of its command prints it. */
static void print_json(struct top *t, struct buf *b)
{
	buf_printf(b, "{\"time_ns\":%llu", (unsigned long long)clock_wall_ns());
	for (t->tab = 0; t->tab < TOP_TABS; t->tab++) {
		top_refresh(t);
		buf_printf(b, ",\"%c%s\":", top_tabs[t->tab].name[0] | 0x20,
			   top_tabs[t->tab].name + 1);
		if (t->has_result && !*t->problem)
			query_result_json(&t->result, b);
		else
			buf_add_str(b, "null");
	}
	t->tab = 0;
	buf_add_str(b, "}\n");
}

static int batch(struct top *t, uint64_t delay_ms)
{
	const struct options *o = t->options;
	int status = 0;

	for (uint64_t i = 0; !status && (!o->iterations || i < o->iterations); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(TEXT_MAX);

		if (i)
			usleep((useconds_t)(delay_ms * 1000));
		if (o->output == OUTPUT_JSON || o->output == OUTPUT_JSONL) {
			print_json(t, &b);
		} else {
			top_refresh(t);
			print_text(t, &b);
		}
		if (*t->problem) {
			fprintf(stderr, "gentap: top: %s\n", t->problem);
			status = 1;
		}
		if (buf_error(&b) || fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout))
			status = 1;
	}
	return status;
}

int cmd_top(const struct options *o)
{
	uint64_t delay_ms = 1000 * (o->delay_s ? o->delay_s : DEFAULT_DELAY_S);
	struct top t;
	int status;

	if (!o->batch && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
		fprintf(stderr, "gentap: top: this is no terminal; --batch prints\n");
		return 2;
	}
	if (top_init(&t, o))
		return 1;
	status = o->batch ? batch(&t, delay_ms) : top_screen(&t, delay_ms);
	top_release(&t);
	return status;
}
