/* SPDX-License-Identifier: Apache-2.0 */
/* run and record: the agent until a signal ends it. */
#include "cleanup.h"
#include "commands.h"
#include "instance.h"
#include "live.h"
#include "log.h"
#include "notify.h"
#include "live_values.h"
#include "page.h"
#include "schema.h"
#include "scrape.h"
#include "ui.h"

#include <errno.h>

#define FLUSH_MS 4000 /* all of an exit must fit into 5 s */

static void on_signal(void *ctx, int signo)
{
	(void)signo;
	loop_quit(ctx);
}

static const char *db_path(const struct options *o, char *to, size_t size)
{
	return o->db_file ? o->db_file : schema_default_path(to, size) ? NULL : to;
}

/* As the page is, a help and no reason not to watch. */
static void start_budgets(struct live *l, const struct options *o)
{
	char path[4096];
	const char *db = l->app.store ? db_path(o, path, sizeof(path)) : NULL;
	int r = db ? budgets_start(&l->budgets, db) : 0;

	if (r)
		log_warn("budgets are not checked: %s", strerror(-r));
}

/* The page is a help, no reason not to watch. */
static void start_page(struct page *p, const struct options *o)
{
	char path[4096];
	const char *db = db_path(o, path, sizeof(path));

	if (o->ui && db && !page_start(p, o, db))
		fprintf(stderr, "page: %s\n", p->url);
}

/* Who asks for metrics and gets none would take silence for idleness: no start without. */
static int start_scrape(struct scrape **ret, struct live *l, const struct options *o)
{
	struct scrape_config config = {
		.listen_fd = -1,
		.metrics = l->app.metrics,
		.own = live_values,
		.ctx = l,
	};
	char url[128];
	int r;

	if (!o->metrics)
		return 0;
	r = ui_listen(o->metrics, &config.listen_fd);
	if (!r)
		r = scrape_new(ret, l->app.loop, &config);
	if (!r)
		r = ui_url(config.listen_fd, "", url, sizeof(url));
	if (r)
		log_error("metrics: cannot listen: %s address=%s", strerror(-r), o->metrics);
	else if (!o->quiet)
		fprintf(stderr, "metrics: %.*smetrics\n", (int)strcspn(url, "?"), url);
	return r;
}

static void say_ready(const struct live *l, const struct options *o)
{
	const char *shown = exports_shown(&l->app.exports);
	struct probe_stats s = { 0 };

	probe_read_stats(l->probe, &s);
	if (!o->quiet)
		fprintf(stderr, "ready: watching %llu processes; %s%s%s\n",
			(unsigned long long)s.processes,
			shown ? "exporting to " : "no OTLP endpoint set, nothing is exported",
			shown ? shown : "",
			o->output == OUTPUT_TABLE ? "; waiting for the first call (Ctrl-C ends)"
						  : "");
	notify_send("READY=1");
}

static void on_hangup(void *ctx, int signo)
{
	struct live *l = ctx;

	(void)signo;
	billing_reload(&l->app.billing, l->app.options);
}

/* The service manager ends who stops saying this: a loop that hangs. */
struct watchdog {
	struct loop_source *timer;
	uint64_t every_ns;
};

static void on_watchdog(void *ctx)
{
	struct watchdog *w = ctx;

	notify_send("WATCHDOG=1");
	loop_set_timer(w->timer, w->every_ns);
}

static int add_watchdog(struct loop *loop, struct watchdog *w)
{
	w->every_ns = notify_watchdog_ns() / 2;
	return w->every_ns ? loop_add_timer(loop, &w->timer, w->every_ns, on_watchdog, w) : 0;
}

static int watch(const struct options *o, const char *record_file)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct loop_source *source; /* the loop's; never removed one by one */
	struct watchdog watchdog = { 0 };
	struct page page = { 0 };
	struct scrape *scrape = NULL;
	struct live l;
	int r = live_start(&l, o, record_file, 0);

	if (r)
		return 1;
	for (size_t i = 0; !r && i < ARRAY_LEN(signals); i++)
		r = loop_add_signal(l.app.loop, &source, signals[i], on_signal, l.app.loop);
	if (!r)
		r = loop_add_signal(l.app.loop, &source, SIGHUP, on_hangup, &l);
	if (!r)
		r = add_watchdog(l.app.loop, &watchdog);
	if (!r)
		r = start_scrape(&scrape, &l, o);
	if (!r) {
		exports_set_own(&l.app.exports, live_values, &l);
		start_page(&page, o);
		start_budgets(&l, o);
		say_ready(&l, o);
		r = loop_run(l.app.loop);
	}
	if (r)
		log_error("loop: %s", strerror(-r));
	notify_send("STOPPING=1");
	page_stop(&page);
	scrape_free(scrape);
	/* An endpoint that was down is reported, and no reason to fail the stop. */
	live_stop(&l, FLUSH_MS);
	if (o->output == OUTPUT_TABLE && !o->quiet)
		print_summary(&l.app.printer, stderr);
	live_release(&l);
	return r ? 1 : 0;
}

int cmd_run(const struct options *o)
{
	_cleanup_close_ int lock = -1;
	pid_t other = 0;
	int r = instance_lock("gentap", &lock, &other);

	if (r == -EBUSY) {
		log_error("gentap is running already (pid %d); stop it first, or use 'gentap exec' "
			  "beside it",
			  other);
		return 1;
	}
	return watch(o, o->record_file);
}

int cmd_record(const struct options *o)
{
	return watch(o, o->args[0]);
}
