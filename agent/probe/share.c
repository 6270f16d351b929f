/* SPDX-License-Identifier: Apache-2.0 */
#include "share.h"
#include "reaper.h"

#include "cleanup.h"
#include "log.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PATH_SIZE 4352

struct file_key {
	uint64_t dev, inode;
};

/* ---- Those that are kept ------------------------------------------------------------- */

/* Is it there, under this path, for the first process? */
static bool is_in_first_namespace(const struct target *t)
{
	char path[PATH_SIZE];
	struct stat st;
	int n = snprintf(path, sizeof(path), "/proc/1/root%s", t->path);

	return n > 0 && n < PATH_SIZE && !stat(path, &st) && st.st_dev == (dev_t)t->key.dev &&
	       st.st_ino == t->key.inode;
}

static void drop(struct targets *ts, size_t i)
{
	struct target *t = ts->kept[i];

	ts->kept[i] = ts->kept[--ts->n_kept];
	t->kept = false;
	/* At once: whoever maps it from now on may get other probes. */
	attach_release(&t->shared.links, NULL);
	target_unref(t);
}

/* Files that are deleted, and where there is no room, one that nobody maps. */
static void make_room(struct targets *ts)
{
	struct stat st;

	for (size_t i = ts->n_kept; i-- > 0;)
		if (ts->kept[i]->refs == 1 && (fstat(ts->kept[i]->fd, &st) || !st.st_nlink))
			drop(ts, i);
	for (size_t i = 0; i < ts->n_kept && ts->n_kept == SHARED_KEPT_MAX; i++)
		if (ts->kept[i]->refs == 1)
			drop(ts, i);
}

static bool keep(struct target *t)
{
	struct targets *ts = t->owner;

	if (t->kept)
		return true;
	if (!is_in_first_namespace(t))
		return false;
	make_room(ts);
	if (ts->n_kept == SHARED_KEPT_MAX)
		return false;
	ts->kept[ts->n_kept++] = target_ref(t);
	t->kept = true;
	return true;
}

static bool has_points(const struct findings *f, bool ex)
{
	for (size_t i = 0; i < f->n; i++)
		if (finding_points(&f->finding[i], ex)->n)
			return true;
	return false;
}

/* ---- API ----------------------------------------------------------------------------- */

bool share_attach(struct target *t, const struct kern *k, bool ex)
{
	if (!t->may_share || !has_points(&t->findings, ex))
		return false;
	if (!keep(t) || target_attach(t, &t->shared, k, 0, ex)) {
		share_end(t);
		return false;
	}
	return true;
}

void share_end(struct target *t)
{
	struct targets *ts = t->owner;

	t->may_share = false;
	attach_release(&t->shared.links, NULL);
	for (size_t i = 0; t->kept && i < ts->n_kept; i++)
		if (ts->kept[i] == t)
			drop(ts, i);
}

void share_forbid(struct targets *ts, uint64_t dev, uint64_t inode)
{
	struct file_key key = { dev, inode };
	struct target *t = table_get(&ts->by_file, &key, sizeof(key));

	if (!ts->share || table_get(&ts->outsiders, &key, sizeof(key)))
		return;
	if (table_add(&ts->outsiders, &key, sizeof(key), ts)) {
		log_info("probe: processes that are left out map too many files: no more are "
			 "shared");
		ts->share = false;
	}
	if (t && t->kept)
		ts->unshare(ts->ctx, t);
	else if (t)
		t->may_share = false;
}

/* A layered file system gives files of its layers its own device, and maybe other high bits
 * of the inode's number. */
static bool may_be_one(const struct memo_key *a, const struct memo_key *b)
{
	return a->dev != b->dev && (uint32_t)a->inode == (uint32_t)b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

static int find_twin(void *value, void *arg)
{
	const struct target *t = value, *of = arg;

	return may_be_one(&t->key, &of->key);
}

bool share_may(struct targets *ts, const struct target *t)
{
	struct file_key key = { t->dev, t->inode };

	for (size_t i = ts->n_kept; i-- > 0;)
		if (may_be_one(&ts->kept[i]->key, &t->key)) {
			ts->unshare(ts->ctx, ts->kept[i]);
			return false;
		}
	return ts->share && !table_get(&ts->outsiders, &key, sizeof(key)) &&
	       !table_each(&ts->by_file, find_twin, (void *)t);
}

void share_release(struct targets *ts)
{
	while (ts->n_kept) {
		struct target *t = ts->kept[--ts->n_kept];

		t->kept = false;
		attach_release(&t->shared.links, ts->reaper);
		target_unref(t);
	}
}
