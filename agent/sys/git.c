/* SPDX-License-Identifier: Apache-2.0 */
#include "git.h"

#include "cleanup.h"
#include "proc.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES_MAX 1024
#define FILE_BYTES_MAX (64 * 1024)
#define LEVELS_MAX 40

void git_init(struct git *g)
{
	buf_init(&g->name, NAME_BYTES_MAX);
	buf_init(&g->url, NAME_BYTES_MAX);
	buf_init(&g->branch, NAME_BYTES_MAX);
	buf_init(&g->commit, NAME_BYTES_MAX);
}

void git_release(struct git *g)
{
	buf_release(&g->name);
	buf_release(&g->url);
	buf_release(&g->branch);
	buf_release(&g->commit);
}

static void set(struct buf *b, struct slice s)
{
	buf_reset(b, NAME_BYTES_MAX);
	if (s.len)
		buf_add_utf8(b, s);
}

void git_parse_head(struct git *g, struct slice text)
{
	const struct slice ref = SLICE("ref: refs/heads/");
	struct slice line = slice_trim(slice_cut(&text, '\n'));

	if (slice_starts(line, ref)) {
		set(&g->branch, slice_sub(line, ref.len, line.len));
		return;
	}
	if (line.len != 40 && line.len != 64)
		return;
	for (size_t i = 0; i < line.len; i++)
		if (!memchr("0123456789abcdef", line.data[i], 16))
			return;
	set(&g->commit, line);
}

/* scheme://user:secret@host/path and user@host:path lose what stands before the @. */
static void set_url(struct buf *b, struct slice url)
{
	ssize_t scheme = slice_find(url, SLICE("://"));
	size_t from = scheme < 0 ? 0 : (size_t)scheme + 3;
	struct slice rest = slice_sub(url, from, url.len), authority = rest;
	ssize_t slash = slice_find_char(rest, '/'), at;

	if (slash >= 0)
		authority.len = (size_t)slash;
	for (at = (ssize_t)authority.len - 1; at >= 0 && authority.data[at] != '@';)
		at--;
	buf_reset(b, NAME_BYTES_MAX);
	if (from)
		buf_add_slice(b, slice_sub(url, 0, from));
	rest = slice_sub(rest, (size_t)(at + 1), rest.len);
	at = slice_find_char(rest, '?'); /* a token may stand there */
	if (at >= 0)
		rest.len = (size_t)at;
	buf_add_utf8(b, rest);
}

static struct slice last_part(struct slice path)
{
	while (path.len && path.data[path.len - 1] == '/')
		path.len--;
	for (size_t i = path.len; i > 0; i--)
		if (path.data[i - 1] == '/' || path.data[i - 1] == ':')
			return slice_sub(path, i, path.len);
	return path;
}

void git_parse_config(struct git *g, struct slice text)
{
	bool origin = false;

	while (text.data && text.len) {
		struct slice line = slice_trim(slice_cut(&text, '\n')), name;

		if (line.len && line.data[0] == '[') {
			origin = slice_eq(line, SLICE("[remote \"origin\"]"));
			continue;
		}
		if (!origin || slice_find_char(line, '=') < 0)
			continue;
		name = slice_trim(slice_cut(&line, '='));
		if (!slice_eq_nocase(name, SLICE("url")))
			continue;
		set_url(&g->url, slice_trim(line));
		name = last_part(buf_slice(&g->url));
		if (slice_ends(name, SLICE(".git")))
			name.len -= 4;
		set(&g->name, name);
		return;
	}
}

static int read_file(uint32_t pid, const char *path, struct buf *to)
{
	_cleanup_close_ int fd = proc_open_path(pid, path);
	struct stat st;
	char *room;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	buf_reset(to, FILE_BYTES_MAX);
	room = buf_reserve(to, FILE_BYTES_MAX - 1);
	if (!room)
		return buf_error(to);
	n = read(fd, room, FILE_BYTES_MAX - 1);
	if (n < 0)
		return -errno;
	buf_commit(to, (size_t)n);
	return 0;
}

static int read_in(uint32_t pid, const char *dir, const char *name, struct buf *to)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	return n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG : read_file(pid, path, to);
}

/* ".git" is a directory, or, in worktrees and submodules, a file that names one. */
static int find_git_dir(uint32_t pid, const char *dir, char ret[PATH_MAX], struct buf *text)
{
	int r = read_in(pid, dir, ".git", text), n;
	struct slice target;

	if (r == -EISDIR)
		n = snprintf(ret, PATH_MAX, "%s/.git", dir);
	else if (r)
		return r;
	else {
		target = buf_slice(text);
		if (!slice_starts(target, SLICE("gitdir: ")))
			return -ENOENT;
		target = slice_trim(slice_sub(target, 8, target.len));
		n = snprintf(ret, PATH_MAX, "%s%s%.*s",
			     target.len && target.data[0] == '/' ? "" : dir,
			     target.len && target.data[0] == '/' ? "" : "/", SLICE_FMT(target));
	}
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* A worktree's own directory has HEAD, and names the one that has the config. */
static void read_git_dir(struct git *g, uint32_t pid, const char *dir, struct buf *text)
{
	char common[PATH_MAX];
	struct slice target;
	int n = -1;

	if (!read_in(pid, dir, "HEAD", text))
		git_parse_head(g, buf_slice(text));
	if (!read_in(pid, dir, "commondir", text)) {
		target = slice_trim(buf_slice(text));
		if (target.len && target.data[0] == '/')
			n = snprintf(common, sizeof(common), "%.*s", SLICE_FMT(target));
		else
			n = snprintf(common, sizeof(common), "%s/%.*s", dir, SLICE_FMT(target));
	}
	if (!read_in(pid, n > 0 && n < PATH_MAX ? common : dir, "config", text))
		git_parse_config(g, buf_slice(text));
}

int git_read(struct git *g, uint32_t pid, const char *directory)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(FILE_BYTES_MAX);
	char dir[PATH_MAX], git_dir[PATH_MAX];
	int n = snprintf(dir, sizeof(dir), "%s", directory);

	if (n <= 0 || (size_t)n >= sizeof(dir) || dir[0] != '/')
		return -EINVAL;
	for (int level = 0; level < LEVELS_MAX; level++) {
		int r = find_git_dir(pid, dir, git_dir, &text);
		char *slash;

		if (!r) {
			read_git_dir(g, pid, git_dir, &text);
			if (!g->name.len)
				set(&g->name, last_part(slice_from(dir)));
			return g->name.len ? 0 : -ENOENT;
		}
		slash = strrchr(dir, '/');
		if (!dir[0] || !slash)
			return -ENOENT;
		*slash = '\0';
	}
	return -ENOENT;
}
