/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"
#include "kern.h"
#include "reaper.h"

#include "cleanup.h"
#include "elf.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define MULTI_RETURN 1 /* BPF_F_UPROBE_MULTI_RETURN */
#define PATH_SIZE 32

/* The union bpf_attr of BPF_LINK_CREATE with its uprobe_multi part (Linux 6.6), which the
 * installed header may not have. */
struct link_create_multi {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, zero;
};

static void fd_path(char path[PATH_SIZE], int fd)
{
	/* The kernel follows it to the very file, whatever namespace its path is in. */
	snprintf(path, PATH_SIZE, "/proc/self/fd/%d", fd);
}

/* cookies: NULL for none. */
static int create_multi(int program_fd, int file_fd, const unsigned long *offsets,
			const uint64_t *cookies, size_t n, bool at_return, uint32_t tgid)
{
	char path[PATH_SIZE];
	struct link_create_multi attr = {
		.prog_fd = program_fd,
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets,
		.cookies = (uintptr_t)cookies,
		.count = n,
		.multi_flags = at_return ? MULTI_RETURN : 0,
		.pid = tgid,
	};
	long fd;

	fd_path(path, file_fd);
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

/* In all processes: whatever CPU it names, the program runs on each. */
static int create_perf(const struct kern *k, int program_fd, int file_fd, const struct point *p)
{
	char path[PATH_SIZE];
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = k->perf_uprobe_type,
		.config = p->at_return ? k->perf_return_flag : 0,
		.config1 = (uintptr_t)path,
		.config2 = p->offset,
	};
	_cleanup_close_ int fd = -1;

	fd_path(path, file_fd);
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program_fd) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return TAKE_FD(fd);
}

/* Takes the fd. */
static int add_link(struct links *l, int fd)
{
	if (fd < 0)
		return fd;
	if (l->n == l->size) {
		size_t size = l->size ? 2 * l->size : 8;
		int *fds = realloc(l->fds, size * sizeof(*fds));

		if (!fds) {
			close(fd);
			return -ENOMEM;
		}
		l->fds = fds;
		l->size = size;
	}
	l->fds[l->n++] = fd;
	return 0;
}

/* The oldest first: the returns go before the entries, or every call meanwhile would look
 * like one whose entry was lost. */
static void close_from(struct links *l, size_t n, struct reaper *reaper)
{
	for (size_t i = n; i < l->n; i++) {
		int fd = l->fds[i];

		if (reaper)
			reaper_close(reaper, fd);
		else
			close(fd);
	}
	l->n = MIN(l->n, n);
}

/* Returns before entries, also among the points of one link (the roles are in that order
 * from the end): an entry that is seen has its return seen. */
static int attach_multi(struct links *l, const struct kern *k, int file_fd, uint32_t tgid,
			const struct points *points, bool at_return)
{
	unsigned long offsets[POINTS_MAX];
	uint64_t cookies[POINTS_MAX];
	size_t n = 0;

	for (int role = ROLE_MAX - 1; role >= 0; role--) {
		for (size_t i = 0; i < points->n; i++) {
			const struct point *p = &points->point[i];

			if ((int)p->role != role || p->at_return != at_return)
				continue;
			cookies[n] = p->role;
			offsets[n++] = p->offset;
		}
	}
	if (!n)
		return 0;
	return add_link(
		l, create_multi(kern_dispatch(k), file_fd, offsets, cookies, n, at_return, tgid));
}

static int attach_perf(struct links *l, const struct kern *k, int file_fd,
		       const struct points *points, bool at_return)
{
	int r = 0;

	for (int role = ROLE_MAX - 1; role >= 0; role--) {
		for (size_t i = 0; i < points->n && !r; i++) {
			const struct point *p = &points->point[i];

			if ((int)p->role == role && p->at_return == at_return)
				r = add_link(l,
					     create_perf(k, kern_program(k, p->role), file_fd, p));
		}
	}
	return r;
}

int attach_points(struct links *l, const struct kern *k, int file_fd, uint32_t tgid,
		  const struct points *points)
{
	size_t before = l->n;
	int r = 0;

	for (int at_return = 1; at_return >= 0 && !r; at_return--)
		r = k->has[FEATURE_MULTI] ? attach_multi(l, k, file_fd, tgid, points, at_return)
					  : attach_perf(l, k, file_fd, points, at_return);
	if (r)
		close_from(l, before, NULL);
	return r;
}

void attach_release(struct links *l, struct reaper *reaper)
{
	close_from(l, 0, reaper);
	free(l->fds);
	*l = (struct links){ 0 };
}

static uint64_t read_flag(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[64];
	const char *digits;
	uint64_t bit;

	if (!f || !fgets(line, sizeof(line), f))
		return 1;
	digits = strchr(line, ':'); /* "config:0" */
	if (!digits || slice_u64(slice_trim(slice_from(digits + 1)), &bit) || bit > 63)
		return 1;
	return UINT64_C(1) << bit;
}

void attach_find_perf(int *ret_type, uint64_t *ret_return_flag)
{
	static const char dir[] = "/sys/bus/event_source/devices/uprobe";
	char path[96], line[32];
	_cleanup_fclose_ FILE *f = NULL;
	uint64_t type;

	*ret_type = -1;
	snprintf(path, sizeof(path), "%s/type", dir);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f) || slice_u64(slice_trim(slice_from(line)), &type) ||
	    type > INT32_MAX)
		return;
	*ret_type = type;
	snprintf(path, sizeof(path), "%s/format/retprobe", dir);
	*ret_return_flag = read_flag(path);
}

static int test_target(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n;
}

static void *call_target(void *arg)
{
	/* Where its address is, and nowhere else: no compiler sees through a volatile. */
	int (*volatile target)(int) = test_target;

	(void)arg;
	target(1);
	return NULL;
}

/* The first object is the executable itself. */
static int first_base(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(uint64_t *)arg = info->dlpi_addr;
	return 1;
}

bool attach_test_multi(int program_fd, volatile uint32_t *hits)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	uint64_t base = 0, offset;
	unsigned long where;
	uint32_t before = *hits;
	pthread_t thread;
	int fd, link;

	dl_iterate_phdr(first_base, &base);
	if (elf_open(&e, "/proc/self/exe") || elf_offset(e, (uintptr_t)test_target - base, &offset))
		return false;
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	where = offset;
	link = create_multi(program_fd, fd, &where, NULL, 1, false, getpid());
	close(fd);
	if (link < 0)
		return false;
	if (!pthread_create(&thread, NULL, call_target, NULL))
		pthread_join(thread, NULL);
	close(link);
	return *hits != before;
}
