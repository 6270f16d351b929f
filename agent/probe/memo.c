/* SPDX-License-Identifier: Apache-2.0 */
#include "memo.h"

#include "buf.h"
#include "cleanup.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "located"
#define CHECKED_BYTES 16 /* of the code under a point */

struct kept {
	struct finding finding;
	uint64_t checks[POINTS_MAX]; /* hashes of the code under its points */
};

struct entry {
	struct memo_key key;
	size_t n;
	struct kept kept[];
};

struct memo {
	struct table files; /* struct memo_key → struct entry */
	char *dir;
	char build[2 * ELF_BUILD_ID_MAX + 1]; /* of the agent; empty: not known, nothing is kept */
	bool dirty;
	struct findings lent;
};

/* ---- Entries ------------------------------------------------------------------------ */

static uint64_t code_hash(int fd, uint64_t offset)
{
	char code[CHECKED_BYTES] = { 0 };
	ssize_t n = pread(fd, code, sizeof(code), (off_t)offset);

	return n <= 0 ? 0 : slice_hash(SLICE_HASH, (struct slice){ code, (size_t)n });
}

static bool code_is_the_same(const struct kept *k, int fd)
{
	const struct points *p = &k->finding.points;

	for (size_t i = 0; i < p->n; i++) {
		uint64_t hash = code_hash(fd, p->point[i].offset);

		if (!hash || hash != k->checks[i])
			return false;
	}
	return true;
}

static void forget(struct memo *m, const struct memo_key *key)
{
	free(table_take(&m->files, key, sizeof(*key)));
}

/* Takes the entry. */
static void add(struct memo *m, struct entry *e)
{
	forget(m, &e->key);
	if (m->files.count == m->files.max)
		free(table_take_oldest(&m->files));
	if (table_add(&m->files, &e->key, sizeof(e->key), e))
		free(e);
}

const struct findings *memo_get(struct memo *m, const struct memo_key *key, int fd)
{
	const struct entry *e = table_get(&m->files, key, sizeof(*key));

	if (!e)
		return NULL;
	for (size_t i = 0; i < e->n; i++) {
		if (!code_is_the_same(&e->kept[i], fd)) {
			forget(m, key);
			return NULL;
		}
	}
	table_touch(&m->files, key, sizeof(*key));
	m->lent.n = e->n;
	for (size_t i = 0; i < e->n; i++)
		m->lent.finding[i] = e->kept[i].finding;
	return &m->lent;
}

void memo_put(struct memo *m, const struct memo_key *key, int fd, const struct findings *f)
{
	struct entry *e = calloc(1, sizeof(*e) + f->n * sizeof(e->kept[0]));

	if (!e)
		return;
	e->key = *key;
	e->n = f->n;
	for (size_t i = 0; i < f->n; i++) {
		struct kept *k = &e->kept[i];

		k->finding = f->finding[i];
		for (size_t p = 0; p < k->finding.points.n; p++)
			k->checks[p] = code_hash(fd, k->finding.points.point[p].offset);
	}
	add(m, e);
	m->dirty = true;
}

/* ---- The file ----------------------------------------------------------------------- */

/*
 * Text: a line with the build, then of each file
 *
 *	file DEVICE INODE SIZE MTIME FINDINGS
 *	stack STACK NOTE…
 *	point ROLE AT_RETURN OFFSET HASH
 *
 * and last "sum HASH" of all bytes before.
 */

static int write_entry(void *value, void *arg)
{
	const struct entry *e = value;
	struct buf *b = arg;

	buf_printf(b, "file %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n", e->key.dev,
		   e->key.inode, e->key.size, (uint64_t)e->key.mtime_ns, e->n);
	for (size_t i = 0; i < e->n; i++) {
		const struct kept *k = &e->kept[i];

		buf_printf(b, "stack %d %s\n", k->finding.stack, k->finding.note);
		for (size_t p = 0; p < k->finding.points.n; p++) {
			const struct point *point = &k->finding.points.point[p];

			buf_printf(b, "point %d %d %" PRIu64 " %" PRIu64 "\n", point->role,
				   point->at_return, point->offset, k->checks[p]);
		}
	}
	return buf_error(b);
}

/* The next word of a line as a number below `end`. */
static bool take_number(struct slice *line, uint64_t end, uint64_t *ret)
{
	return !slice_u64(slice_cut(line, ' '), ret) && *ret < end;
}

static bool parse_point(struct slice line, struct kept *k)
{
	uint64_t role, at_return, offset, hash;
	struct points *p = &k->finding.points;

	if (!take_number(&line, ROLE_MAX, &role) || !take_number(&line, 2, &at_return) ||
	    !take_number(&line, INT64_MAX, &offset) || !take_number(&line, UINT64_MAX, &hash) ||
	    line.data)
		return false;
	if (p->n == POINTS_MAX)
		return false;
	k->checks[p->n] = hash;
	points_add(p, (enum point_role)role, at_return, offset);
	return true;
}

static bool parse_stack(struct slice line, struct kept *k)
{
	uint64_t stack;

	if (!take_number(&line, STACK_MAX, &stack) || line.len >= FINDING_NOTE_MAX)
		return false;
	k->finding.stack = (enum tls_stack)stack;
	finding_note(&k->finding, "%.*s", SLICE_FMT(line));
	return true;
}

/* One file's lines, cut off *rest. *ret is NULL when there is no memory. */
static bool parse_file(struct slice line, struct slice *rest, struct entry **ret)
{
	_cleanup_free_ struct entry *e = NULL;
	uint64_t dev, inode, size, mtime, n;
	struct slice word;

	if (!take_number(&line, UINT64_MAX, &dev) || !take_number(&line, UINT64_MAX, &inode) ||
	    !take_number(&line, UINT64_MAX, &size) || !take_number(&line, UINT64_MAX, &mtime) ||
	    !take_number(&line, FINDINGS_MAX + 1, &n) || line.data)
		return false;
	e = calloc(1, sizeof(*e) + n * sizeof(e->kept[0]));
	if (!e)
		return true;
	*e = (struct entry){ .key = { dev, inode, size, (int64_t)mtime } };
	while (slice_starts(*rest, SLICE("stack ")) || slice_starts(*rest, SLICE("point "))) {
		line = slice_cut(rest, '\n');
		word = slice_cut(&line, ' ');
		if (slice_eq(word, SLICE("stack"))) {
			if (e->n == n || !parse_stack(line, &e->kept[e->n++]))
				return false;
		} else if (!e->n || !parse_point(line, &e->kept[e->n - 1])) {
			return false;
		}
	}
	if (e->n != n)
		return false;
	*ret = TAKE(e);
	return true;
}

/* The text without its last line, if that is the right sum. */
static bool check_sum(struct slice *text)
{
	static const struct slice word = { "\nsum ", 5 };
	struct slice last;
	uint64_t sum;
	size_t at = text->len;

	while (at && !slice_starts(slice_sub(*text, at - 1, word.len), word))
		at--;
	if (!at || !slice_ends(*text, SLICE("\n")))
		return false;
	last = slice_trim(slice_sub(*text, at - 1 + word.len, text->len));
	*text = slice_sub(*text, 0, at);
	return !slice_u64(last, &sum) && sum == slice_hash(SLICE_HASH, *text);
}

static int empty(void *value, void *arg)
{
	(void)arg;
	free(value);
	return 1;
}

static const char *parse(struct memo *m, struct slice text)
{
	struct slice first;

	if (!check_sum(&text))
		return "it is damaged";
	first = slice_cut(&text, '\n');
	if (!slice_eq(first, slice_from(m->build)))
		return NULL; /* of another build of the agent: no problem, no use */
	while (text.len) {
		struct slice line = slice_cut(&text, '\n');
		struct slice word = slice_cut(&line, ' ');
		struct entry *e = NULL;

		if (!slice_eq(word, SLICE("file")) || !parse_file(line, &text, &e)) {
			table_sweep(&m->files, empty, NULL);
			return "it is damaged";
		}
		if (e)
			add(m, e);
	}
	return NULL;
}

static const char *load(struct memo *m, int dir)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(MEMO_BYTES_MAX + 1);
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(dir, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? NULL : "it cannot be opened";
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & (S_IWGRP | S_IWOTH) || st.st_size > MEMO_BYTES_MAX)
		return "it is not a file of this user alone";
	for (off_t left = st.st_size; left > 0;) {
		char *room = buf_reserve(&text, (size_t)left);
		ssize_t n = room ? read(fd, room, (size_t)left) : -1;

		if (n <= 0)
			return "it cannot be read";
		buf_commit(&text, (size_t)n);
		left -= n;
	}
	return parse(m, buf_slice(&text));
}

/* A directory that only this user can write to. */
static int open_dir(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return TAKE_FD(fd);
}

static int write_all(int fd, struct slice text)
{
	while (text.len) {
		ssize_t n = write(fd, text.data, text.len);

		if (n < 0)
			return -errno;
		text = slice_sub(text, (size_t)n, text.len);
	}
	return 0;
}

int memo_save(struct memo *m)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(MEMO_BYTES_MAX);
	_cleanup_close_ int dir = -1, fd = -1;
	char name[64];
	int r;

	if (!m->dirty || !m->dir || !m->build[0])
		return 0;
	m->dirty = false;
	buf_printf(&text, "%s\n", m->build);
	table_each(&m->files, write_entry, &text);
	buf_printf(&text, "sum %" PRIu64 "\n", slice_hash(SLICE_HASH, buf_slice(&text)));
	if (buf_error(&text))
		return buf_error(&text);
	dir = open_dir(m->dir);
	if (dir < 0)
		return dir;
	/* Whole or not at all, also with two agents. */
	snprintf(name, sizeof(name), "." FILE_NAME ".%d", getpid());
	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, buf_slice(&text));
	if (!r && renameat(dir, name, dir, FILE_NAME))
		r = -errno;
	if (r)
		unlinkat(dir, name, 0);
	return r;
}

/* ---- The object --------------------------------------------------------------------- */

/* Another build may find other things. */
static void read_build(char ret[2 * ELF_BUILD_ID_MAX + 1])
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;

	if (elf_open(&e, "/proc/self/exe"))
		return;
	for (size_t i = 0; i < e->build_id_len; i++)
		snprintf(ret + 2 * i, 3, "%02x", e->build_id[i]);
}

int memo_new(struct memo **ret, const char *dir, const char **ret_problem)
{
	struct memo *m = calloc(1, sizeof(*m));
	_cleanup_close_ int fd = -1;

	*ret_problem = NULL;
	if (!m)
		return -ENOMEM;
	table_init(&m->files, MEMO_FILES_MAX);
	read_build(m->build);
	*ret = m;
	if (!dir)
		return 0;
	m->dir = strdup(dir);
	if (!m->dir) {
		memo_free(m);
		return -ENOMEM;
	}
	fd = open_dir(dir);
	*ret_problem =
		fd < 0 ? "its directory is not there, or not of this user alone" : load(m, fd);
	return 0;
}

void memo_free(struct memo *m)
{
	if (!m)
		return;
	memo_save(m);
	table_release(&m->files, free);
	free(m->dir);
	free(m);
}
