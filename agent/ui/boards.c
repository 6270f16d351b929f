/* SPDX-License-Identifier: Apache-2.0 */
#include "boards.h"

#include "assets.h"
#include "cleanup.h"
#include "json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_LEN_MAX 64

static const char *const built_in[] = { "overview", "models", "tools", "seed" };

bool board_name_ok(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.data[i] >= 'a' && name.data[i] <= 'z') ||
		      (name.data[i] >= '0' && name.data[i] <= '9') || name.data[i] == '-'))
			return false;
	return name.len > 0 && name.len <= NAME_LEN_MAX;
}

static bool is_int(struct json_val v, int64_t lo, int64_t hi)
{
	int64_t n;

	return !json_i64(v, &n) && n >= lo && n <= hi;
}

static const char *widget_problem(struct json_val w)
{
	static const char *const kinds[] = { "line", "bar",	"stacked", "table",
					     "big",  "heatmap", "part" };
	struct json_val kind = json_get(w, "kind"), title = json_get(w, "title");
	int64_t x, width;
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		known |= json_is(kind, kinds[i]);
	if (!known)
		return "a widget's kind is line, bar, stacked, table, big, heatmap or part";
	if (json_type(json_get(w, "query")) != JSON_STRING)
		return "a widget has no query";
	if (title.doc && json_type(title) != JSON_STRING)
		return "a widget's title is text";
	if (!is_int(json_get(w, "x"), 0, 11) || !is_int(json_get(w, "w"), 1, 12) ||
	    !is_int(json_get(w, "y"), 0, 1000) || !is_int(json_get(w, "h"), 1, 30))
		return "a widget's x, y, w and h are whole numbers: 12 columns, 30 rows at most";
	json_i64(json_get(w, "x"), &x);
	json_i64(json_get(w, "w"), &width);
	return x + width > 12 ? "a widget reaches beyond the twelfth column" : NULL;
}

const char *board_problem(struct slice text)
{
	const char *problem = NULL;
	struct json_val widgets;
	struct json doc;

	if (text.len > BOARD_MAX)
		return "the dashboard is larger than 128 KiB";
	json_init(&doc);
	widgets = JSON_NONE;
	if (json_parse(&doc, text) || json_truncated(&doc) ||
	    json_type(json_root(&doc)) != JSON_OBJECT)
		problem = "a dashboard is a JSON object";
	else
		widgets = json_get(json_root(&doc), "widgets");
	if (!problem && json_type(json_get(json_root(&doc), "title")) != JSON_STRING)
		problem = "a dashboard has a title";
	if (!problem && (json_type(widgets) != JSON_ARRAY || json_len(widgets) > BOARD_WIDGETS_MAX))
		problem = "a dashboard has a list of at most 64 widgets";
	for (struct json_val w = json_first(widgets); !problem && w.doc; w = json_next(w))
		problem = json_type(w) == JSON_OBJECT ? widget_problem(w) : "a widget is an object";
	json_release(&doc);
	return problem;
}

static void file_name(struct slice name, const char *end, char to[NAME_LEN_MAX + 16])
{
	snprintf(to, NAME_LEN_MAX + 16, "%.*s%s", SLICE_FMT(name), end);
}

static int read_built_in(struct slice name, struct buf *to)
{
	char path[NAME_LEN_MAX + 32];
	const struct asset *a;

	snprintf(path, sizeof(path), "/dashboards/%.*s.json", SLICE_FMT(name));
	a = asset_find(path);
	if (!a)
		return -ENOENT;
	return buf_add(to, a->bytes[ASSET_IDENTITY].data, a->bytes[ASSET_IDENTITY].len);
}

int board_read(int dir_fd, struct slice name, struct buf *to)
{
	_cleanup_close_ int fd = -1;
	char file[NAME_LEN_MAX + 16];
	ssize_t n = 1;

	if (!board_name_ok(name))
		return -EINVAL;
	file_name(name, ".json", file);
	if (dir_fd >= 0)
		fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return dir_fd < 0 || errno == ENOENT ? read_built_in(name, to) : -errno;
	while (n > 0 && to->len <= BOARD_MAX) {
		char *room = buf_reserve(to, 8192);

		if (!room)
			return buf_error(to);
		n = read(fd, room, 8192);
		if (n > 0)
			buf_commit(to, (size_t)n);
	}
	return n < 0 ? -errno : 0;
}

int board_write(int dir_fd, struct slice name, struct slice text)
{
	_cleanup_close_ int fd = -1;
	char file[NAME_LEN_MAX + 16], fresh[NAME_LEN_MAX + 16];
	struct stat folder;
	int r = 0;

	if (dir_fd < 0)
		return -EROFS;
	if (!board_name_ok(name))
		return -EINVAL;
	file_name(name, ".json", file);
	file_name(name, ".new", fresh);
	fd = openat(dir_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* The page's process, which has a user of its own, reads what root writes here. */
	if (!geteuid() && !fstat(dir_fd, &folder) && fchown(fd, folder.st_uid, folder.st_gid))
		r = -errno;
	for (size_t at = 0; !r && at < text.len;) {
		ssize_t n = write(fd, text.data + at, text.len - at);

		if (n < 0)
			r = -errno;
		else
			at += (size_t)n;
	}
	if (!r && (fsync(fd) || renameat(dir_fd, fresh, dir_fd, file)))
		r = -errno;
	if (r)
		unlinkat(dir_fd, fresh, 0);
	return r;
}

int board_remove(int dir_fd, struct slice name)
{
	char file[NAME_LEN_MAX + 16];

	if (dir_fd < 0)
		return -EROFS;
	if (!board_name_ok(name))
		return -EINVAL;
	file_name(name, ".json", file);
	return unlinkat(dir_fd, file, 0) ? -errno : 0;
}

static bool own_file(int dir_fd, const char *name)
{
	char file[NAME_LEN_MAX + 16];

	file_name(slice_from(name), ".json", file);
	return dir_fd >= 0 && !faccessat(dir_fd, file, F_OK, 0);
}

int board_each(int dir_fd, void (*each)(void *ctx, struct slice name, bool own), void *ctx)
{
	int fd = dir_fd < 0 ? -1 : openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	for (size_t i = 0; i < ARRAY_LEN(built_in); i++)
		if (!own_file(dir_fd, built_in[i]))
			each(ctx, slice_from(built_in[i]), false);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct slice file = slice_from(e->d_name);

		if (!slice_ends(file, SLICE(".json")))
			continue;
		file.len -= 5;
		if (board_name_ok(file))
			each(ctx, file, true);
	}
	if (dir)
		closedir(dir);
	return 0;
}
