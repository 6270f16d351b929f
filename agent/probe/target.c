/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct file_key {
	uint64_t dev, inode;
};

static void forget(struct target *t)
{
	struct file_key key = { t->dev, t->inode };

	if (t->in_table)
		table_take(&t->owner->by_file, &key, sizeof(key));
	t->in_table = false;
}

struct target *target_ref(struct target *t)
{
	t->refs++;
	return t;
}

void target_unref(struct target *t)
{
	if (!t || --t->refs)
		return;
	forget(t);
	attach_release(&t->shared, t->owner->reaper);
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}

static void unref_cleanup(struct target **t)
{
	target_unref(*t);
}

static struct memo_key memo_key_of(const struct stat *st)
{
	return (struct memo_key){
		.dev = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
	};
}

static int keep_fd(struct target *t, int fd)
{
	if (t->fd >= 0 || !t->findings.n)
		return 0;
	t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return t->fd < 0 ? -errno : 0;
}

/* ---- Shared probes ------------------------------------------------------------------- */

#define SWEEP_NS (60 * NSEC_PER_SEC)

static void drop_shared(struct targets *owner, size_t i)
{
	owner->n_shared -= owner->shared[i] != NULL;
	target_unref(TAKE(owner->shared[i]));
}

/* What is gone, or was not mapped for long, is not kept from going. */
static void sweep_shared(void *ctx)
{
	struct targets *owner = ctx;

	for (size_t i = 0; i < TARGETS_SHARED_MAX; i++) {
		struct target *t = owner->shared[i];
		struct stat st;

		if (!t)
			continue;
		t->idle = t->refs > 1 ? 0 : t->idle + 1;
		if (t->idle && (t->idle > SHARED_IDLE_MAX || fstat(t->fd, &st) || !st.st_nlink))
			drop_shared(owner, i);
	}
	if (owner->n_shared)
		loop_set_timer(owner->on_sweep, SWEEP_NS);
}

static void keep_shared(struct target *t)
{
	struct targets *owner = t->owner;
	size_t i = owner->next_shared++ % TARGETS_SHARED_MAX;

	if (!owner->n_shared)
		loop_set_timer(owner->on_sweep, SWEEP_NS);
	drop_shared(owner, i);
	owner->shared[i] = target_ref(t);
	owner->n_shared++;
}

int target_share(struct target *t, const struct kern *k, size_t i)
{
	bool first = !t->shared.n;
	int r;

	if (t->is_shared[i])
		return 0;
	r = attach_points(&t->shared, k, t->fd, 0, &t->findings.finding[i].points);
	if (r)
		return r;
	t->is_shared[i] = true;
	if (first)
		keep_shared(t);
	return 0;
}

void target_unshare(struct target *t)
{
	struct targets *owner = t->owner;

	attach_release(&t->shared, owner->reaper);
	memset(t->is_shared, 0, sizeof(t->is_shared));
	for (size_t i = 0; i < TARGETS_SHARED_MAX; i++) {
		if (owner->shared[i] == t) {
			drop_shared(owner, i);
			return;
		}
	}
}

/* ---- The scout ---------------------------------------------------------------------- */

static void wait_for(struct target *t, uint32_t tgid)
{
	for (size_t i = 0; i < t->n_waiting; i++)
		if (t->waiting[i] == tgid)
			return;
	if (t->n_waiting < TARGET_WAITING_MAX)
		t->waiting[t->n_waiting++] = tgid;
}

static void on_scanned(void *ctx, void *arg, int fd_, int error, const struct findings *f)
{
	_cleanup_close_ int fd = fd_;
	_cleanup_(unref_cleanup) struct target *t = arg; /* the scout's reference */
	struct targets *owner = ctx;

	t->scanning = false;
	if (error == -ECANCELED)
		return;
	owner->scanned++;
	if (error) {
		LOG_RATE(LOG_LEVEL_INFO, "probe: file not searched: %s file=%s", strerror(-error),
			 t->path);
		return;
	}
	memo_put(owner->memo, &t->key, fd, f);
	if (!scout_pending(owner->scout))
		memo_save(owner->memo);
	t->findings = *f;
	if (!f->n || keep_fd(t, fd))
		return;
	owner->found(owner->ctx, t->waiting, t->n_waiting);
}

/* The quick locators now, the slow ones later. */
static int look(struct target *t, int fd, bool urgent)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	_cleanup_close_ int scout_fd = -1;
	uint64_t start_ns = clock_mono_ns();
	int r = elf_open_fd(&e, fd);

	if (r)
		return r == -EMFILE || r == -ENOMEM ? r : -ENOENT;
	t->findings.entries_only = t->owner->entries_only;
	r = locate_quick(e, &t->findings);
	log_debug("probe: looked at file=%s us=%" PRIu64, t->path,
		  (clock_mono_ns() - start_ns) / NSEC_PER_USEC);
	if (r)
		return r;
	scout_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (scout_fd < 0)
		return -errno;
	r = scout_add(t->owner->scout, scout_fd, urgent, &t->findings, t);
	if (r)
		return r;
	TAKE_FD(scout_fd);
	target_ref(t);
	t->scanning = true;
	return 0;
}

/* ---- API ---------------------------------------------------------------------------- */

int targets_init(struct targets *t, struct loop *loop, struct reaper *reaper, const char *cache_dir,
		 void (*found)(void *ctx, const uint32_t *tgids, size_t n), void *ctx)
{
	const char *problem;
	int r;

	*t = (struct targets){ .reaper = reaper, .found = found, .ctx = ctx };
	table_init(&t->by_file, TARGETS_MAX);
	r = memo_new(&t->memo, cache_dir, &problem);
	if (r)
		return r;
	if (problem)
		log_info("probe: what was located before is not used: %s dir=%s", problem,
			 cache_dir);
	r = loop_add_timer(loop, &t->on_sweep, 0, sweep_shared, t);
	if (r)
		return r;
	return scout_new(&t->scout, loop, on_scanned, t);
}

void targets_stop(struct targets *t)
{
	scout_free(t->scout);
	t->scout = NULL;
}

void targets_release(struct targets *t)
{
	targets_stop(t);
	for (size_t i = 0; i < TARGETS_SHARED_MAX; i++)
		drop_shared(t, i);
	memo_free(t->memo);
	t->memo = NULL;
	table_release(&t->by_file, NULL);
}

static int search(const char *path, int fd, struct memo *memo)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	_cleanup_free_ struct findings *f = calloc(1, sizeof(*f));
	struct memo_key key;
	struct stat st;
	int r;

	if (!f)
		return -ENOMEM;
	if (fstat(fd, &st))
		return -errno;
	key = memo_key_of(&st);
	if (memo_get(memo, &key, fd))
		return 0;
	r = elf_open_fd(&e, fd);
	if (!r)
		r = locate_quick(e, f);
	if (!r)
		r = locate_slow(e, f);
	if (r)
		return r;
	log_debug("probe: searched beforehand file=%s stacks=%zu", path, f->n);
	memo_put(memo, &key, fd, f);
	return memo_save(memo);
}

int targets_prepare(const char *cache_dir, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct memo *memo = NULL;
	const char *problem;
	int r;

	if (!cache_dir)
		return -ENOTDIR;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	r = memo_new(&memo, cache_dir, &problem);
	if (!r)
		r = search(path, fd, memo);
	memo_free(memo);
	return r;
}

static int make(struct targets *owner, const struct discover_mapping *m, int fd,
		const struct memo_key *key, struct target **ret)
{
	_cleanup_(unref_cleanup) struct target *t = NULL;
	const struct findings *known = memo_get(owner->memo, key, fd);
	struct file_key file = { m->dev, m->inode };
	int r;

	if (known && !known->n)
		return -ENOENT;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct target){
		.owner = owner,
		.refs = 1,
		.dev = m->dev,
		.inode = m->inode,
		.key = *key,
		.fd = -1,
		.path = strdup(m->path),
	};
	if (!t->path)
		return -ENOMEM;
	if (known)
		t->findings = *known;
	r = known ? 0 : look(t, fd, m->exe);
	if (!r)
		r = keep_fd(t, fd);
	if (!r)
		r = table_add(&owner->by_file, &file, sizeof(file), t);
	if (r)
		return r;
	t->in_table = true;
	*ret = TAKE(t);
	return 0;
}

/* Of what /proc/PID/maps shows as one file, stat has another device where it is seen through an
 * overlay (before Linux 6.8). */
static bool is_same(const struct memo_key *a, const struct memo_key *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns;
}

int targets_get(struct targets *owner, const struct discover_mapping *m, struct target **ret)
{
	struct file_key file = { m->dev, m->inode };
	struct target *t = table_get(&owner->by_file, &file, sizeof(file));
	_cleanup_close_ int fd = -1;
	struct memo_key key;
	struct stat st;
	int r;

	fd = proc_open_mapping(m->tgid, m->path, m->start, m->start + m->len, m->inode);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	if (fstat(fd, &st))
		return -errno;
	key = memo_key_of(&st);
	if (t && is_same(&t->key, &key)) {
		target_ref(t);
	} else {
		/* The number was given to another file meanwhile. */
		if (t)
			forget(t);
		r = make(owner, m, fd, &key, &t);
		if (r)
			return r;
	}
	if (t->scanning)
		wait_for(t, m->tgid);
	if (!t->findings.n) {
		if (t->scanning) {
			*ret = t;
			return -EINPROGRESS;
		}
		target_unref(t);
		return -ENOENT;
	}
	*ret = t;
	return 0;
}
