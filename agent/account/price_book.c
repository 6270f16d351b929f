/* SPDX-License-Identifier: Apache-2.0 */
#include "price_book.h"

#include "cleanup.h"
#include "price_builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

static int read_file(int fd, struct buf *to)
{
	char block[64 * 1024];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_add(to, block, (size_t)n);
	return n < 0 ? -errno : buf_error(to);
}

/* A list that names no date is of the day its file was written. */
static int load(const char *path, struct stat *ret_seen, struct price_table **ret)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(PRICE_FILE_BYTES_MAX);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char date[sizeof("YYYY-MM-DD")];
	struct stat st;
	struct tm tm;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret_seen = st;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = read_file(fd, &text);
	if (r)
		return r;
	gmtime_r(&st.st_mtime, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	return price_table_new(ret, buf_slice(&text), slice_from(date));
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* 1: there is a new list, or none any more; 0: nothing changed. */
static int refresh_file(struct price_file *f, bool may_be_absent)
{
	struct price_table *fresh = NULL;
	struct stat st;
	int r;

	if (!f->path)
		return 0;
	if (stat(f->path, &st) < 0) {
		/* In a folder that is another user's, it is not there for us. */
		if ((errno != ENOENT && errno != EACCES) || !may_be_absent)
			return -errno;
		if (!f->table)
			return 0;
		price_table_free(TAKE(f->table));
		f->seen = (struct stat){ 0 };
		return 1;
	}
	if (same_file(&st, &f->seen))
		return 0;
	r = load(f->path, &f->seen, &fresh);
	if (r)
		return r;
	price_table_free(f->table);
	f->table = fresh;
	return 1;
}

static void put_in_order(struct price_book *b)
{
	b->count = 0;
	if (b->user.table)
		b->order[b->count++] = b->user.table;
	if (b->dropped.table)
		b->order[b->count++] = b->dropped.table;
	b->order[b->count++] = b->builtin;
}

int price_book_refresh(struct price_book *b, const char **ret_path)
{
	struct price_file *const files[] = { &b->user, &b->dropped };
	int changed = 0;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int r = refresh_file(files[i], files[i] == &b->dropped);

		if (r < 0) {
			*ret_path = files[i]->path;
			put_in_order(b);
			return r;
		}
		changed |= r;
	}
	put_in_order(b);
	return changed;
}

int price_book_init(struct price_book *b, const char *user, const char *dropped,
		    const char **ret_path)
{
	int r;

	*b = (struct price_book){ .user.path = user, .dropped.path = dropped };
	*ret_path = NULL;
	r = price_table_new(&b->builtin, price_builtin(), SLICE_NONE);
	if (!r)
		r = price_book_refresh(b, ret_path);
	if (r < 0)
		price_book_release(b);
	return MIN(r, 0);
}

void price_book_release(struct price_book *b)
{
	price_table_free(b->user.table);
	price_table_free(b->dropped.table);
	price_table_free(b->builtin);
	*b = (struct price_book){ 0 };
}
