/* SPDX-License-Identifier: Apache-2.0 */
/* dashboard: the files that the page's dashboards are, from the terminal. */
#include "boards.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "json.h"
#include "log.h"
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define WIDGET_WIDTH 6
#define WIDGET_HEIGHT 5

static int usage(void)
{
	fputs("gentap: dashboard: list | create NAME [TITLE] | add NAME KIND TITLE QUERY... | "
	      "export NAME | import NAME FILE\n",
	      stderr);
	return 2;
}

static int failed(const char *name, int r)
{
	log_error("dashboard: %s: %s", name,
		  r == -EINVAL ? "a name is made of a-z, 0-9 and '-'" : strerror(-r));
	return 1;
}

/* Beside the database, where the page looks. */
static int open_folder(const struct options *o)
{
	char path[4096], folder[4096 + 16];
	const char *slash;
	int fd, r = reader_path(o, path, sizeof(path));

	if (r)
		return r;
	slash = strrchr(path, '/');
	snprintf(folder, sizeof(folder), "%.*sdashboards", slash ? (int)(slash - path) + 1 : 0,
		 path);
	if (mkdir(folder, 0700) && errno != EEXIST)
		return -errno;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void print_board(void *ctx, struct slice name, bool own)
{
	(void)ctx;
	printf("%-32.*s  %s\n", SLICE_FMT(name), own ? "yours" : "comes with gentap");
}

static int write_board(int dir, const char *name, struct buf *text)
{
	const char *problem = board_problem(buf_slice(text));
	int r = buf_error(text);

	if (problem && !r) {
		log_error("dashboard: %s: %s", name, problem);
		return 1;
	}
	if (!r)
		r = board_write(dir, slice_from(name), buf_slice(text));
	return r ? failed(name, r) : 0;
}

static int create(int dir, const char *name, const char *title)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX);

	buf_add_str(&text, "{\"title\":");
	buf_add_json(&text, slice_from(title));
	buf_add_str(&text, ",\"widgets\":[]}\n");
	return write_board(dir, name, &text);
}

/* Below what is there, or beside a last one that leaves room. */
static void find_place(struct json_val widgets, int64_t *ret_x, int64_t *ret_y)
{
	int64_t x = 0, y = 0;

	for (struct json_val w = json_first(widgets); w.doc; w = json_next(w)) {
		int64_t wx = 0, wy = 0, ww = 0, wh = 0;

		json_i64(json_get(w, "x"), &wx);
		json_i64(json_get(w, "y"), &wy);
		json_i64(json_get(w, "w"), &ww);
		json_i64(json_get(w, "h"), &wh);
		if (wx == 0 && ww <= WIDGET_WIDTH && wy + wh > y) {
			x = WIDGET_WIDTH;
			y = wy;
		} else if (wy + wh > y) {
			x = 0;
			y = wy + wh;
		}
	}
	*ret_x = x;
	*ret_y = y;
}

static int check_query(struct slice line)
{
	struct query_error e = { 0 };
	struct query q;
	int r;

	query_init(&q, clock_wall_ns());
	r = query_parse(&q, line, &e);
	query_release(&q);
	if (r)
		log_error("dashboard: %s", r == -EINVAL ? e.message : strerror(-r));
	return r ? 2 : 0;
}

static void write_with(struct buf *to, struct json_val board, const char *kind, const char *title,
		       struct slice query)
{
	struct json_val widgets = json_get(board, "widgets");
	int64_t x, y;

	find_place(widgets, &x, &y);
	buf_printf(to, "{\"title\":\"%.*s\",\"widgets\":[",
		   SLICE_FMT(json_raw(json_get(board, "title"))));
	for (struct json_val w = json_first(widgets); w.doc; w = json_next(w)) {
		buf_add_slice(to, json_raw(w));
		buf_add_str(to, ",\n");
	}
	buf_add_str(to, "{\"title\":");
	buf_add_json(to, slice_from(title));
	buf_add_str(to, ",\"kind\":");
	buf_add_json(to, slice_from(kind));
	buf_add_str(to, ",\"query\":");
	buf_add_json(to, query);
	buf_printf(to, ",\"x\":%lld,\"y\":%lld,\"w\":%d,\"h\":%d}]}\n", (long long)x, (long long)y,
		   WIDGET_WIDTH, WIDGET_HEIGHT);
}

/* The words of a query as one line, quoted where the line would be cut otherwise. */
static void join(struct buf *to, char **words, int n)
{
	for (int i = 0; i < n; i++) {
		bool quote = n > 1 && strpbrk(words[i], " '\"()");

		buf_printf(to, "%s%s%s%s", i ? " " : "", quote ? "'" : "", words[i],
			   quote ? "'" : "");
	}
}

static int add(int dir, char **args, int n)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX), to = BUF_INIT(BOARD_MAX),
					  query = BUF_INIT(8192);
	struct json doc;
	int r = board_read(dir, slice_from(args[0]), &text);

	if (r)
		return failed(args[0], r);
	join(&query, args + 3, n - 3);
	r = check_query(buf_slice(&query));
	if (r)
		return r;
	json_init(&doc);
	r = json_parse(&doc, buf_slice(&text));
	if (!r)
		write_with(&to, json_root(&doc), args[1], args[2], buf_slice(&query));
	json_release(&doc);
	return r ? failed(args[0], r) : write_board(dir, args[0], &to);
}

static int import(int dir, const char *name, const char *file)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX + 4096);
	_cleanup_fclose_ FILE *f = fopen(file, "re");
	size_t n = 1;

	if (!f)
		return failed(file, -errno);
	while (n > 0) {
		char *room = buf_reserve(&text, 4096);

		if (!room)
			return failed(file, -EFBIG);
		n = fread(room, 1, 4096, f);
		buf_commit(&text, n);
	}
	return ferror(f) ? failed(file, -EIO) : write_board(dir, name, &text);
}

static int export(int dir, const char *name)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX * 2);
	int r = board_read(dir, slice_from(name), &text);

	if (r)
		return failed(name, r);
	fwrite(text.data, 1, text.len, stdout);
	return fflush(stdout) ? 1 : 0;
}

int cmd_dashboard(const struct options *o)
{
	const char *verb = o->n_args ? o->args[0] : "list";
	_cleanup_close_ int dir = open_folder(o);
	char **args = o->args + 1;
	int n = o->n_args - 1;

	if (dir < 0)
		return failed("folder", dir);
	if (!strcmp(verb, "list") && n <= 0) {
		board_each(dir, print_board, NULL);
		return 0;
	}
	if (!strcmp(verb, "create") && (n == 1 || n == 2))
		return create(dir, args[0], n == 2 ? args[1] : args[0]);
	if (!strcmp(verb, "add") && n >= 4)
		return add(dir, args, n);
	if (!strcmp(verb, "export") && n == 1)
		return export(dir, args[0]);
	if (!strcmp(verb, "import") && n == 2)
		return import(dir, args[0], args[1]);
	return usage();
}
