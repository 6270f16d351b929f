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

void targets_init(struct targets *t)
{
	*t = (struct targets){ 0 };
	table_init(&t->by_file, TARGETS_MAX);
}

void targets_release(struct targets *t)
{
	table_release(&t->by_file, NULL);
}

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
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}

static void unref_cleanup(struct target **t)
{
	target_unref(*t);
}

/* What is in the file. -ENOENT: nothing. */
static int look(struct target *t, int fd)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	int r = elf_open_fd(&e, fd);

	if (r)
		return r == -EMFILE || r == -ENOMEM ? r : -ENOENT;
	t->owner->located++;
	r = locate_quick(e, &t->findings);
	return r ? r : t->findings.n || t->findings.imports_ex ? 0 : -ENOENT;
}

static int make(struct targets *owner, const struct discover_mapping *m, int fd,
		const struct stat *st, struct target **ret)
{
	_cleanup_(unref_cleanup) struct target *t = calloc(1, sizeof(*t));
	struct file_key key = { m->dev, m->inode };
	uint64_t start_ns;
	int r;

	if (!t)
		return -ENOMEM;
	*t = (struct target){
		.owner = owner,
		.refs = 1,
		.dev = m->dev,
		.inode = m->inode,
		.size = st->st_size,
		.mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
		.fd = -1,
		.path = strdup(m->path),
	};
	if (!t->path)
		return -ENOMEM;
	start_ns = clock_mono_ns();
	r = look(t, fd);
	log_debug("probe: looked at file=%s ms=%" PRIu64, m->path,
		  (clock_mono_ns() - start_ns) / NSEC_PER_MSEC);
	if (r)
		return r;
	if (t->findings.n) {
		t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (t->fd < 0)
			return -errno;
	}
	r = table_add(&owner->by_file, &key, sizeof(key), t);
	if (r)
		return r;
	t->in_table = true;
	*ret = TAKE(t);
	return 0;
}

int targets_get(struct targets *t, const struct discover_mapping *m, struct target **ret)
{
	struct file_key key = { m->dev, m->inode };
	struct target *known = table_get(&t->by_file, &key, sizeof(key));
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = proc_open_mapping(m->tgid, m->path, m->start, m->start + m->len, m->inode);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	if (fstat(fd, &st))
		return -errno;
	if (known && known->size == (uint64_t)st.st_size &&
	    known->mtime_ns == st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec) {
		*ret = target_ref(known);
		return 0;
	}
	/* The number was given to another file meanwhile. */
	if (known)
		forget(known);
	return make(t, m, fd, &st, ret);
}
