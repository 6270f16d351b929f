/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include "cleanup.h"
#include "elf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skel.h"

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI; the headers of Debian 12 lack it */
#define UPROBE_MULTI_RETURN 1

/* The uprobe_multi arm of union bpf_attr for BPF_LINK_CREATE (linux/bpf.h, 6.6). */
struct multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, zero;
};

bool locate_openssl(struct target *t, const struct elf *e)
{
	static const struct {
		const char *name;
		enum probe_role role;
		bool returns;
	} wanted[] = {
		{ "SSL_write", ROLE_WRITE, true },
		{ "SSL_read", ROLE_READ, true },
		{ "SSL_write_ex", ROLE_WRITE_OUT4, true },
		{ "SSL_read_ex", ROLE_READ_OUT4, true },
		{ "SSL_free", ROLE_FREE, false },
		{ "SSL_clear", ROLE_FREE, false },
	};
	const char *names[ARRAY_LEN(wanted)];
	struct elf_symbol found[ARRAY_LEN(wanted)];

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		names[i] = wanted[i].name;
	elf_find_symbols(e, names, ARRAY_LEN(names), found);
	if (!found[0].vaddr || !found[1].vaddr)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (!found[i].vaddr)
			continue;
		t->points[t->n_points].role = wanted[i].role;
		t->points[t->n_points++].offset = found[i].offset;
		if (!wanted[i].returns)
			continue;
		t->points[t->n_points].role = ROLE_RETURN;
		t->points[t->n_points++].offset = found[i].offset;
	}
	return true;
}

static int program_fd(const struct gentap_bpf *skel, enum probe_role role)
{
	const struct bpf_program *programs[ROLE_MAX] = {
		[ROLE_WRITE] = skel->progs.openssl_write,
		[ROLE_WRITE_OUT4] = skel->progs.openssl_write_out4,
		[ROLE_READ] = skel->progs.openssl_read,
		[ROLE_READ_OUT4] = skel->progs.openssl_read_out4,
		[ROLE_RETURN] = skel->progs.openssl_return,
		[ROLE_FREE] = skel->progs.openssl_free,
	};

	return bpf_program__fd(programs[role]);
}

static int link_multi(int prog_fd, const char *path, const uint64_t *offsets, uint32_t count,
		      bool returns, uint32_t pid)
{
	struct multi_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets,
		.count = count,
		.multi_flags = returns ? UPROBE_MULTI_RETURN : 0,
		.pid = pid,
	};
	long fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* The number of a dynamic PMU: /sys/bus/event_source/devices/uprobe/type. */
static int uprobe_pmu(void)
{
	_cleanup_fclose_ FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	char line[16] = "";
	uint64_t type;

	if (!f || !fgets(line, sizeof(line), f) || slice_u64(slice_trim(slice_from(line)), &type))
		return -ENOTSUP;
	return (int)type;
}

/* Bit 0 of config: a return probe (format/retprobe of the same device). */
static int link_perf(int prog_fd, const char *path, uint64_t offset, bool returns, uint32_t pid)
{
	int type = uprobe_pmu();
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config = returns,
		.config1 = (uintptr_t)path,
		.config2 = offset,
	};
	_cleanup_close_ int fd = -1;

	if (type < 0)
		return type;
	fd = (int)syscall(__NR_perf_event_open, &attr, (pid_t)pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return TAKE_FD(fd);
}

bool attach_multi_works(struct gentap_bpf *skel)
{
	struct elf *self;
	struct elf_symbol start;
	const char *name = "_start";
	int fd = -1;

	if (elf_open(&self, "/proc/self/exe"))
		return false;
	if (elf_find_symbols(self, &name, 1, &start) == 1)
		fd = link_multi(program_fd(skel, ROLE_FREE), "/proc/self/exe", &start.offset, 1,
				false, (uint32_t)getpid());
	elf_free(self);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int attach_role(struct gentap_bpf *skel, bool multi, const struct target *t,
		       const char *path, enum probe_role role, uint32_t pid, int *ret_fds)
{
	uint64_t offsets[TARGET_POINTS_MAX];
	uint32_t count = 0;
	int n = 0, fd = 0;

	for (size_t i = 0; i < t->n_points; i++)
		if (t->points[i].role == role)
			offsets[count++] = t->points[i].offset;
	if (!count)
		return 0;
	if (multi) {
		fd = link_multi(program_fd(skel, role), path, offsets, count, role == ROLE_RETURN,
				pid);
		if (fd >= 0)
			ret_fds[n++] = fd;
	}
	for (uint32_t i = 0; !multi && i < count && fd >= 0; i++) {
		fd = link_perf(program_fd(skel, role), path, offsets[i], role == ROLE_RETURN, pid);
		if (fd >= 0)
			ret_fds[n++] = fd;
	}
	if (fd >= 0)
		return n;
	while (n)
		close(ret_fds[--n]);
	return fd;
}

int attach_target(struct gentap_bpf *skel, bool multi, const struct target *t, int file_fd,
		  uint32_t pid, int *ret_fds)
{
	char path[64];
	int n = 0;

	/* Through our own descriptor: right for other mount namespaces and deleted files. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
	/* Returns first: an entry without its return would leave a call behind. */
	for (int role = ROLE_MAX - 1; role >= 0; role--) {
		int r = attach_role(skel, multi, t, path, (enum probe_role)role, pid, ret_fds + n);

		if (r < 0) {
			while (n)
				close(ret_fds[--n]);
			return r;
		}
		n += r;
	}
	return n;
}
