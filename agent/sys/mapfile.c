/* SPDX-License-Identifier: Apache-2.0 */
#include "mapfile.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read by the signal handler, on whichever thread faults. `start` is set last and
 * cleared first, so that a slot with a start has its length. */
static struct {
	atomic_bool taken;
	_Atomic uintptr_t start;
	_Atomic size_t len;
} slots[MAPFILES_MAX];

static struct sigaction handler_before;
static long page_size;

static bool is_mapped_file(uintptr_t addr)
{
	for (size_t i = 0; i < MAPFILES_MAX; i++) {
		uintptr_t start = atomic_load(&slots[i].start);

		if (start && addr >= start && addr - start < atomic_load(&slots[i].len))
			return true;
	}
	return false;
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;
	void *page = (void *)(addr & ~((uintptr_t)page_size - 1));
	int saved = errno;

	(void)context;
	if (!is_mapped_file(addr) ||
	    mmap(page, (size_t)page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		/* The instruction faults again, and is handled as if we were not here. */
		sigaction(signo, &handler_before, NULL);
	errno = saved;
}

static void install_handler(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus,
				    .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	page_size = sysconf(_SC_PAGESIZE);
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, &handler_before);
}

static int take_slot(unsigned int *ret)
{
	for (unsigned int i = 0; i < MAPFILES_MAX; i++) {
		bool expected = false;

		if (atomic_compare_exchange_strong(&slots[i].taken, &expected, true)) {
			*ret = i;
			return 0;
		}
	}
	return -EMFILE;
}

int mapfile_open(struct mapfile *m, int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	_cleanup_close_ int own = -1;
	struct stat st;
	unsigned int slot;
	void *map;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (!st.st_size)
		return -ENODATA;
	pthread_once(&once, install_handler);
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -errno;
	r = take_slot(&slot);
	if (r < 0)
		return r;
	/* Shared: into private mappings the kernel writes the breakpoints of uprobes, though
	 * they be for reading only, and what is read here decides where probes go. */
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		r = -errno;
		atomic_store(&slots[slot].taken, false);
		return r;
	}
	atomic_store(&slots[slot].len, (size_t)st.st_size);
	atomic_store(&slots[slot].start, (uintptr_t)map);
	*m = (struct mapfile){
		.bytes = { map, (size_t)st.st_size },
		.slot = slot,
		.fd = TAKE_FD(own),
		.dev = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_ns = st.st_mtim.tv_sec * (int64_t)NSEC_PER_SEC + st.st_mtim.tv_nsec,
	};
	return 0;
}

void mapfile_copy(const struct mapfile *m, struct slice bytes, void *to)
{
	off_t offset = bytes.data - m->bytes.data;
	size_t at = 0;

	while (at < bytes.len) {
		ssize_t n = pread(m->fd, (char *)to + at, bytes.len - at, offset + (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	memset((char *)to + at, 0, bytes.len - at);
}

void mapfile_close(struct mapfile *m)
{
	if (!m->bytes.data)
		return;
	atomic_store(&slots[m->slot].start, 0);
	munmap((void *)m->bytes.data, m->bytes.len);
	close(m->fd);
	atomic_store(&slots[m->slot].taken, false);
	*m = (struct mapfile){ 0 };
}
