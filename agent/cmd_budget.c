/* SPDX-License-Identifier: Apache-2.0 */
/* budget: set, list and check limits of spending. */
#include "budget_fire.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "grid.h"
#include "log.h"
#include "numbers.h"
#include "query_cond.h"
#include "reader.h"

#include <errno.h>
#include <unistd.h>

#define MESSAGE_MAX (64 * 1024)

static int usage(const char *what)
{
	fprintf(stderr, "gentap: budget: %s\n", what);
	return 2;
}

static int read_percent(const struct options *o, const char *name, double *to)
{
	const char *text = options_word(o, name);
	int64_t whole;
	double v;

	if (!text)
		return 0;
	if (cond_number(slice_from(text), FIELD_USD, &whole, &v) || v <= 0 || v > 10000)
		return -EINVAL;
	*to = v / 100;
	return 0;
}

/* A condition that cannot be read is refused when it is set, not when it is checked. */
static int check_where(const char *where)
{
	struct query q;
	int r;

	if (!where)
		return 0;
	query_init(&q, clock_wall_ns());
	r = reader_set(&q, "where", where);
	query_release(&q);
	return r;
}

static int set(const struct options *o, const char *path)
{
	const char *limit = options_word(o, "amount"), *period = options_word(o, "period");
	struct budget b = { .warn = 0.8, .alert = 1 };
	double unused;
	int r;

	if (o->n_args != 2)
		return usage("which one? 'gentap budget set NAME --limit USD'");
	b.name = slice_from(o->args[1]);
	if (o->remove) {
		r = budget_delete(path, b.name);
		if (r)
			log_error("budget: cannot remove %s: %s", o->args[1],
				  r == -ENOENT ? "there is none of that name" : strerror(-r));
		return r ? 1 : 0;
	}
	if (!limit || cond_number(slice_from(limit), FIELD_USD, &b.limit_pd, &unused) ||
	    b.limit_pd <= 0)
		return usage("--limit USD is needed, as in --limit 50");
	if (period && budget_period_find(slice_from(period), &b.period))
		return usage("--period is day, week or month");
	if (read_percent(o, "warn", &b.warn) || read_percent(o, "alert", &b.alert))
		return usage("--warn and --alert are percent of the limit");
	if (check_where(options_word(o, "where")))
		return 2;
	b.where = slice_from(options_word(o, "where"));
	b.command = slice_from(options_word(o, "command"));
	b.webhook = slice_from(options_word(o, "webhook"));
	r = budget_set(path, &b);
	if (r)
		log_error("budget: cannot write %s: %s", path, strerror(-r));
	return r ? 1 : 0;
}

static void add_row(struct grid *g, const struct budget *b, const struct budget_state *s)
{
	_cleanup_(buf_cleanup) struct buf t = BUF_INIT(MESSAGE_MAX);
	const char *state = s->level == BUDGET_FINE && s->forecast_pd > (double)b->limit_pd
				    ? "fine, but on its way over"
				    : budget_level_name(s->level);

	grid_add(g, b->name);
	grid_add(g, slice_from(budget_period_name(b->period)));
	buf_add_str(&t, s->unknown ? "≥" : "");
	number_add_money(&t, (double)s->spent_pd);
	grid_add(g, buf_slice(&t));
	buf_reset(&t, MESSAGE_MAX);
	number_add_money(&t, (double)b->limit_pd);
	grid_add(g, buf_slice(&t));
	buf_reset(&t, MESSAGE_MAX);
	number_add_percent(&t, (double)s->spent_pd / (double)b->limit_pd);
	grid_add(g, buf_slice(&t));
	buf_reset(&t, MESSAGE_MAX);
	if (isnan(s->forecast_pd))
		buf_add_char(&t, '-');
	else
		number_add_money(&t, s->forecast_pd);
	grid_add(g, buf_slice(&t));
	grid_add(g, slice_from(state));
	grid_add(g, b->where.data ? b->where : SLICE("everything"));
}

static void init_grid(struct grid *g)
{
	static const struct grid_column columns[] = {
		{ .header = { "BUDGET", 6 } },
		{ .header = { "PERIOD", 6 } },
		{ .header = { "SPENT", 5 }, .right = true },
		{ .header = { "LIMIT", 5 }, .right = true },
		{ .header = { "USED", 4 }, .right = true },
		{ .header = { "FORECAST", 8 }, .right = true, .drop = 1 },
		{ .header = { "STATE", 5 } },
		{ .header = { "WHAT", 4 }, .drop = 2 },
	};

	grid_init(g);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		grid_add_column(g, &columns[i]);
}

/* By the names that the JSON has. */
static void add_csv(struct buf *b, const struct budget *list, const struct budget_state *states,
		    size_t n)
{
	buf_add_str(b, "budget,period,level,where,limit_usd,spent_usd,calls_without_price,"
		       "forecast_usd\r\n");
	for (size_t i = 0; i < n; i++) {
		reader_add_csv_text(b, list[i].name);
		buf_printf(b, ",\"%s\",\"%s\",", budget_period_name(list[i].period),
			   budget_level_name(states[i].level));
		reader_add_csv_text(b, list[i].where);
		buf_printf(b, ",%.12g,%.12g,%llu,", (double)list[i].limit_pd / 1e12,
			   (double)states[i].spent_pd / 1e12,
			   (unsigned long long)states[i].unknown);
		if (!isnan(states[i].forecast_pd))
			buf_printf(b, "%.12g", states[i].forecast_pd / 1e12);
		buf_add_str(b, "\r\n");
	}
}

static void print_all(const struct options *o, const struct budget *list,
		      const struct budget_state *states, size_t n)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(16 * 1024 * 1024);
	struct grid g;

	if (o->output == OUTPUT_JSON || o->output == OUTPUT_JSONL) {
		buf_add_str(&b, o->output == OUTPUT_JSON ? "[" : "");
		for (size_t i = 0; i < n; i++) {
			buf_add_str(&b, i && o->output == OUTPUT_JSON ? "," : "");
			budget_add_json(&b, &list[i], &states[i]);
			buf_add_str(&b, o->output == OUTPUT_JSONL ? "\n" : "");
		}
		buf_add_str(&b, o->output == OUTPUT_JSON ? "]\n" : "");
	} else if (o->output == OUTPUT_CSV) {
		add_csv(&b, list, states, n);
	} else {
		init_grid(&g);
		for (size_t i = 0; i < n; i++)
			add_row(&g, &list[i], &states[i]);
		grid_print(
			&g,
			&(struct grid_style){ .width = reader_width(), .colour = reader_colour() },
			&b);
		grid_release(&g);
	}
	if (b.len)
		fwrite(b.data, 1, b.len, stdout);
}

static int list(const struct options *o, const char *path, bool check)
{
	_cleanup_free_ struct budget_state *states = NULL;
	struct query_db *db = NULL;
	struct budget *budgets = NULL;
	uint64_t now = clock_wall_ns();
	struct arena arena;
	size_t n = 0;
	int status = reader_open(o, &db) ? 1 : 0, r = 0;

	arena_init(&arena, 16 * 1024 * 1024);
	if (!status)
		r = budget_list(path, &arena, &budgets, &n);
	states = calloc(n + 1, sizeof(*states));
	for (size_t i = 0; !r && !status && states && i < n; i++) {
		r = budget_check(db, &budgets[i], now, &states[i]);
		if (r)
			log_error("budget: cannot check %.*s: %s", SLICE_FMT(budgets[i].name),
				  r == -EINVAL ? "its condition cannot be read" : strerror(-r));
	}
	if (!r && !status) {
		print_all(o, budgets, states, n);
		for (size_t i = 0; check && i < n; i++) {
			r = budget_fire(path, &budgets[i], &states[i]) ? -EIO : r;
			status = states[i].level == BUDGET_ALERT ? 3 : status;
		}
	}
	arena_release(&arena);
	query_close(db);
	return status ? status : r ? 1 : 0;
}

int cmd_budget(const struct options *o)
{
	const char *verb = o->args[0];
	char path[4096];

	if (reader_path(o, path, sizeof(path)))
		return usage("where is the database? --db FILE");
	if (!strcmp(verb, "set"))
		return set(o, path);
	if (o->n_args > 1)
		return usage("list and check take no name");
	if (!strcmp(verb, "list") || !strcmp(verb, "check"))
		return list(o, path, !strcmp(verb, "check"));
	return usage("set NAME, list or check");
}
