/* SPDX-License-Identifier: Apache-2.0 */
/* ui: the page over a database; demo: over one that is filled with a recorded hour. */
#include "app.h"
#include "assets.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "inflate.h"
#include "log.h"
#include "schema.h"
#include "settings.h"
#include "tracefile.h"
#include "ui.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define DEMO_MAX (64u * 1024 * 1024)
#define DEMO_AGO_NS (20 * NSEC_PER_SEC)
#define DEMO_LABEL                                                                                 \
	"Example data: a recorded hour of a few agents, replayed up to now. Nothing on this "      \
	"machine was watched."

static void add_setting(struct buf *b, const char *name, const char *value, const char *origin)
{
	_cleanup_(buf_cleanup) struct buf shown = BUF_INIT(SETTINGS_BYTES_MAX);

	buf_add_str(b, b->len ? ",{\"name\":" : "{\"settings\":[{\"name\":");
	buf_add_json(b, slice_from(name));
	buf_add_str(b, ",\"value\":");
	buf_add_json(b, setting_show(&shown, name, value) ? SLICE("?") : buf_slice(&shown));
	buf_add_str(b, ",\"origin\":");
	buf_add_json(b, slice_from(origin));
	buf_add_char(b, '}');
}

/* What files and the environment set, and where; the agent's own flags it cannot know. */
static const char *describe(struct buf *b, const struct options *o, const char *db)
{
	const struct settings *s = o->settings;

	add_setting(b, "db", db, o->db_file ? "flag --db" : "built in");
	for (size_t i = 0; s && i < s->count; i++)
		if (s->items[i].layer == settings_layer(s, s->items[i].name))
			add_setting(b, s->items[i].name, s->items[i].value, s->items[i].origin);
	for (size_t i = 0; s && i < s->n_rules; i++) {
		char name[128];

		snprintf(name, sizeof(name), "identity: %s", s->rules[i].rule.set);
		add_setting(b, name, s->rules[i].rule.from, s->rules[i].origin);
	}
	buf_add_str(b, "]}\n");
	return buf_error(b) ? NULL : b->data;
}

static int serve(const struct options *o, const char *db, const char *dashboards, const char *label)
{
	_cleanup_(buf_cleanup) struct buf settings = BUF_INIT(1024 * 1024);
	const char *token = getenv("GENTAP_UI_TOKEN");
	struct ui_config config = {
		.db = db,
		.dashboards = dashboards,
		.token = token && strlen(token) >= 16 ? token : NULL,
		.hosts = o->allow_hosts.items,
		.n_hosts = o->allow_hosts.count,
		.settings = describe(&settings, o, db),
		.label = label,
		.listen_fd = (int)o->listen_fd,
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

static void add_text(void *to, struct slice data)
{
	buf_add_slice(to, data);
}

static int unpack(const struct asset_bytes *packed, struct buf *to)
{
	struct inflate *i = NULL;
	int r = inflate_new(&i, SLICE("gzip"), DEMO_MAX, add_text, to);

	if (!r)
		r = inflate_feed(i, packed->data, packed->len);
	inflate_free(i);
	return r ? r : buf_error(to);
}

/* The recording's times end at 0: they shall end a little before now. */
static void move_times(struct buf *trace)
{
	int64_t offset;
	const size_t at = 16; /* boot_to_wall_ns of the header (tracefile.h) */

	if (trace->len < at + sizeof(offset))
		return;
	memcpy(&offset, trace->data + at, sizeof(offset));
	offset += (int64_t)(clock_wall_ns() - DEMO_AGO_NS);
	memcpy(trace->data + at, &offset, sizeof(offset));
}

static int fill(const struct options *o, struct buf *trace)
{
	_cleanup_fclose_ FILE *f = fmemopen(trace->data, trace->len, "r");
	struct pipeline_config config = pipeline_config_default;
	struct pipeline_sink sink = { .call = app_call, .coverage = app_coverage };
	struct pipeline_stats stats = { 0 };
	const char *error = NULL;
	struct app a;
	int r = f ? app_init(&a, o) : -ENOMEM;

	if (r)
		return r;
	config.decoder = a.decoder;
	sink.ctx = &a;
	r = tracefile_replay(f, &config, &sink, &stats, &error);
	if (r)
		log_error("demo: %s", error ? error : strerror(-r));
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
	const struct asset *recorded = asset_find("/demo.gentap");
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(DEMO_MAX);
	struct options with_db = *o;
	int status = 1;

	if (!recorded || !mkdtemp(folder)) {
		log_error("demo: cannot make a folder: %s", strerror(errno));
		return 1;
	}
	snprintf(db, sizeof(db), "%s/demo.db", folder);
	with_db.db_file = db;
	with_db.capture_content = true;
	with_db.output = OUTPUT_NONE;
	if (unpack(&recorded->bytes[ASSET_GZIP], &text)) {
		log_error("demo: the recording cannot be read");
	} else {
		move_times(&text);
		if (!fill(&with_db, &text))
			status = serve_and_wait(o, db);
	}
	remove_all(folder);
	return status;
}
