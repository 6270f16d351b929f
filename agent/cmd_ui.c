/* SPDX-License-Identifier: Apache-2.0 */
/* ui: the page over a database; demo: over one that is filled with a recorded hour. */
#include "app.h"
#include "assets.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "har.h"
#include "log.h"
#include "schema.h"
#include "ui.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define DEMO_MAX (64u * 1024 * 1024)
#define DEMO_LABEL                                                                                 \
	"Example data: a recorded hour of a few agents, replayed up to now. Nothing on this "      \
	"machine was watched."

static int serve(const struct options *o, const char *db, const char *dashboards, const char *label)
{
	const char *token = getenv("GENTAP_UI_TOKEN");
	struct ui_config config = {
		.db = db,
		.dashboards = dashboards,
		.token = token && strlen(token) >= 16 ? token : NULL,
		.hosts = o->allow_hosts.items,
		.n_hosts = o->allow_hosts.count,
		.label = label,
		.listen_fd = o->listen_fd,
		.with_parent = o->listen_fd > 0,
	};
	int r = 0;

	if (!o->listen_fd)
		r = ui_listen(o->listen, &config.listen_fd);
	if (r) {
		log_error("ui: cannot listen: %s address=%s", strerror(-r),
			  o->listen ? o->listen : "127.0.0.1:4777");
		return 1;
	}
	return ui_serve(&config) ? 1 : 0;
}

/* Beside the database: "…/dashboards". */
static const char *folder_of(const char *db, char *to, size_t size)
{
	const char *slash = strrchr(db, '/');

	snprintf(to, size, "%.*sdashboards", slash ? (int)(slash - db) + 1 : 0, db);
	return to;
}

int cmd_ui(const struct options *o)
{
	char path[4096], folder[4096 + 16];
	const char *db = o->db_file;
	int r = db ? 0 : schema_default_path(path, sizeof(path));

	if (r) {
		log_error("ui: which database? --db FILE");
		return 2;
	}
	db = db ? db : path;
	return serve(o, db, folder_of(db, folder, sizeof(folder)), NULL);
}

/* "2026-01-05T09:00:00.000Z" to milliseconds of Unix time; -1 when it is none. */
static int64_t parse_stamp(struct slice s)
{
	struct tm tm = { 0 };
	char text[32];
	const char *end;
	uint64_t ms = 0;

	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(s));
	end = strptime(text, "%Y-%m-%dT%H:%M:%S.", &tm);
	if (!end || slice_u64((struct slice){ end, strcspn(end, "Z") }, &ms))
		return -1;
	return (int64_t)timegm(&tm) * 1000 + (int64_t)ms;
}

/* Moves all times of the recording so that the latest is now. */
static void move_times(char *text, size_t len)
{
	static const struct slice key = { "\"startedDateTime\":\"", 19 };
	int64_t latest = 0, now = (int64_t)(clock_wall_ns() / NSEC_PER_MSEC);

	for (int pass = 0; pass < 2; pass++) {
		struct slice rest = { text, len };

		for (ssize_t at; (at = slice_find(rest, key)) >= 0;) {
			char *stamp = (char *)rest.data + at + key.len, moved[32];
			int64_t ms = parse_stamp((struct slice){ stamp, 24 }), to;
			time_t seconds;

			rest = slice_sub(rest, (size_t)at + key.len, rest.len);
			if (ms < 0 || rest.len < 24)
				continue;
			latest = pass ? latest : MAX(latest, ms);
			if (!pass)
				continue;
			to = ms + now - latest - 30000;
			seconds = (time_t)(to / 1000);
			strftime(moved, sizeof(moved), "%Y-%m-%dT%H:%M:%S", gmtime(&seconds));
			snprintf(moved + 19, sizeof(moved) - 19, ".%03dZ", (int)(to % 1000));
			memcpy(stamp, moved, 24);
		}
	}
}

static int fill(const struct options *o, struct buf *har)
{
	struct pipeline_config config = pipeline_config_default;
	struct pipeline_sink sink = { .call = app_call };
	struct pipeline *p = NULL;
	const char *error = NULL;
	size_t skipped = 0;
	struct app a;
	int r = app_init(&a, o);

	if (r)
		return r;
	config.decoder = a.decoder;
	sink.ctx = &a;
	r = pipeline_new(&p, &config, &sink);
	if (!r)
		r = har_feed(p, buf_slice(har), &skipped, &error);
	pipeline_free(p);
	if (r < 0)
		log_error("demo: %s", error ? error : strerror(-r));
	r = r < 0 ? r : 0;
	if (app_finish(&a, 0) && !r)
		r = -EIO;
	app_release(&a);
	return r;
}

static void remove_all(const char *folder)
{
	static const char *const names[] = { "demo.db", "demo.db-wal", "demo.db-shm" };
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* In a child: whoever serves has no rights left to tidy up with. */
static int serve_and_wait(const struct options *o, const char *db)
{
	int state = 0;
	sigset_t signals;
	pid_t pid;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pid = fork();
	if (!pid)
		_exit(serve(o, db, NULL, DEMO_LABEL));
	if (pid < 0)
		return 1;
	if (sigwaitinfo(&signals, NULL) != SIGCHLD)
		kill(pid, SIGTERM);
	while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(state) ? WEXITSTATUS(state) : 1;
}

int cmd_demo(const struct options *o)
{
	char folder[] = "/tmp/gentap-demo.XXXXXX", db[64];
	const struct asset *har = asset_find("/demo.har");
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(DEMO_MAX);
	struct options with_db = *o;
	int status = 1;

	if (!har || !mkdtemp(folder)) {
		log_error("demo: cannot make a folder: %s", strerror(errno));
		return 1;
	}
	snprintf(db, sizeof(db), "%s/demo.db", folder);
	with_db.db_file = db;
	with_db.capture_content = true;
	with_db.output = OUTPUT_NONE;
	if (buf_add(&text, har->bytes[ASSET_IDENTITY].data, har->bytes[ASSET_IDENTITY].len)) {
		log_error("demo: no memory");
	} else {
		move_times(text.data, text.len);
		if (!fill(&with_db, &text))
			status = serve_and_wait(o, db);
	}
	remove_all(folder);
	return status;
}
