/* SPDX-License-Identifier: Apache-2.0 */
#include "proc.h"

#include "cgroup.h"
#include "cleanup.h"
#include "clock.h"
#include "mask.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define STAT_MAX 1024
#define STATUS_MAX 4096
#define CMDLINE_MAX 4096
#define CGROUP_MAX 16384
#define ENVIRON_MAX 131072
#define LINK_MAX_LEN 4096
#define PASSWD_MAX 16384

static int vanished(int error)
{
	return error == ENOENT ? -ESRCH : -error;
}

/* A directory handle keeps meaning this process when its number is given to another. */
static int open_process(uint32_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32, pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? vanished(errno) : fd;
}

/* At most size bytes of the file; the rest is cut. */
static ssize_t read_at(int process, const char *name, char *buffer, size_t size)
{
	_cleanup_close_ int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return vanished(errno);
	while (len < size) {
		ssize_t n = read(fd, buffer + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return vanished(errno);
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static struct slice cut_deleted(struct slice path)
{
	static const struct slice deleted = { " (deleted)", 10 };

	return slice_ends(path, deleted) ? slice_sub(path, 0, path.len - deleted.len) : path;
}

static int read_link_at(int process, const char *name, char *buffer, size_t size)
{
	ssize_t n = readlinkat(process, name, buffer, size - 1);

	if (n < 0)
		return vanished(errno);
	n = (ssize_t)cut_deleted((struct slice){ buffer, (size_t)n }).len;
	buffer[n] = '\0';
	return 0;
}

/* ---- Parsers --------------------------------------------------------------------- */

int proc_parse_stat(struct slice text, struct proc_stat *ret)
{
	struct slice rest, field;
	ssize_t open = slice_find_char(text, '(');
	const char *close = text.len ? memrchr(text.data, ')', text.len) : NULL;
	struct proc_stat stat = { 0 };
	uint64_t fields[23] = { 0 };

	if (open < 0 || !close || close < text.data + open)
		return -EBADMSG;
	stat.comm = slice_sub(text, (size_t)open + 1, (size_t)(close - text.data - open - 1));
	rest = slice_sub(text, (size_t)(close - text.data) + 1, text.len);
	if (rest.len < 3 || rest.data[0] != ' ' || rest.data[2] != ' ')
		return -EBADMSG;
	stat.state = rest.data[1];
	rest = slice_sub(rest, 3, rest.len);
	/* Counted from 1, the pid; the state was the third. Some of them are negative:
	 * those stay 0. */
	for (size_t i = 4; i < ARRAY_LEN(fields); i++) {
		field = slice_trim(slice_cut(&rest, ' '));
		if (!field.len)
			return -EBADMSG;
		if (slice_u64(field, &fields[i]) < 0 && (i == 4 || i == 22))
			return -EBADMSG;
	}
	if (fields[4] > UINT32_MAX)
		return -EBADMSG;
	stat.ppid = (uint32_t)fields[4];
	stat.flags = fields[9];
	stat.threads = fields[20];
	stat.start_ticks = fields[22];
	*ret = stat;
	return 0;
}

uint64_t proc_ticks_to_ns(uint64_t ticks)
{
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK), ns;

	if (__builtin_mul_overflow(ticks, NSEC_PER_SEC / per_second, &ns))
		return UINT64_MAX;
	return ns;
}

int proc_parse_status_uid(struct slice text, uint32_t *ret)
{
	while (text.data) {
		struct slice line = slice_cut(&text, '\n');
		uint64_t uid;

		if (!slice_starts(line, SLICE("Uid:\t")))
			continue;
		slice_cut(&line, '\t');
		slice_cut(&line, '\t'); /* the real one */
		if (slice_u64(slice_cut(&line, '\t'), &uid) < 0 || uid > UINT32_MAX)
			return -EBADMSG;
		*ret = (uint32_t)uid;
		return 0;
	}
	return -EBADMSG;
}

struct slice proc_find_env(struct slice environ_block, const char *name)
{
	struct slice want = slice_from(name);

	while (environ_block.data) {
		struct slice var = slice_cut(&environ_block, '\0');

		if (var.len > want.len && slice_starts(var, want) && var.data[want.len] == '=')
			return slice_sub(var, want.len + 1, var.len);
	}
	return SLICE_NONE;
}

static int parse_hex(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len || s.len > 16)
		return -EBADMSG;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (digit < 0)
			return -EBADMSG;
		v = v << 4 | (uint64_t)digit;
	}
	*ret = v;
	return 0;
}

int proc_parse_mapping(struct slice line, struct proc_mapping *ret)
{
	struct slice range = slice_cut(&line, ' ');
	struct slice start = slice_cut(&range, '-');
	struct slice perms = slice_cut(&line, ' ');
	struct slice offset = slice_cut(&line, ' ');
	struct slice minor = slice_cut(&line, ' ');
	struct slice major = slice_cut(&minor, ':');
	struct slice inode = slice_cut(&line, ' ');
	struct proc_mapping m = { .executable = perms.len == 4 && perms.data[2] == 'x' };
	uint64_t maj, min;

	if (perms.len != 4 || parse_hex(start, &m.start) < 0 || parse_hex(range, &m.end) < 0 ||
	    parse_hex(offset, &m.offset) < 0 || parse_hex(major, &maj) < 0 ||
	    parse_hex(minor, &min) < 0 || slice_u64(inode, &m.inode) < 0 || m.end <= m.start)
		return -EBADMSG;
	m.dev = makedev((unsigned int)maj, (unsigned int)min);
	while (line.len && line.data[0] == ' ')
		line = slice_sub(line, 1, line.len);
	if (line.len)
		m.path = cut_deleted(line);
	*ret = m;
	return 0;
}

/* ---- Reading ---------------------------------------------------------------------- */

static int read_stat_at(int process, struct proc_stat *ret, char *buffer, size_t size)
{
	ssize_t n = read_at(process, "stat", buffer, size);

	return n < 0 ? (int)n : proc_parse_stat((struct slice){ buffer, (size_t)n }, ret);
}

int proc_read_stat(uint32_t pid, struct proc_stat *ret, char *buffer, size_t size)
{
	_cleanup_close_ int process = open_process(pid);

	return process < 0 ? process : read_stat_at(process, ret, buffer, size);
}

int proc_read_exe(uint32_t pid, char *buffer, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/exe", pid);
	return read_link_at(AT_FDCWD, path, buffer, size);
}

bool proc_shares_memory(uint32_t pid, uint32_t other)
{
	return !syscall(SYS_kcmp, pid, other, KCMP_VM, 0, 0);
}

int proc_read_fd(uint32_t pid, int fd, char *buffer, size_t size)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", pid, fd);
	return read_link_at(AT_FDCWD, path, buffer, size);
}

int proc_read_comm(uint32_t pid, char *buffer, size_t size)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/comm", pid);
	n = read_at(AT_FDCWD, path, buffer, size - 1);
	if (n < 0)
		return (int)n;
	if (n && buffer[n - 1] == '\n')
		n--;
	buffer[n] = '\0';
	return 0;
}

static int read_uid_at(int process, uint32_t *ret)
{
	char text[STATUS_MAX];
	ssize_t n = read_at(process, "status", text, sizeof(text));

	return n < 0 ? (int)n : proc_parse_status_uid((struct slice){ text, (size_t)n }, ret);
}

int proc_read_uid(uint32_t pid, uint32_t *ret)
{
	_cleanup_close_ int process = open_process(pid);

	return process < 0 ? process : read_uid_at(process, ret);
}

static int set(char **field, struct slice value)
{
	if (!value.data)
		return 0;
	*field = strndup(value.data, value.len);
	return *field ? 0 : -ENOMEM;
}

static int set_masked(char **field, struct slice value, int (*mask)(struct buf *, struct slice))
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(4 * CMDLINE_MAX);
	int r;

	if (!value.len)
		return 0;
	r = mask(&b, value);
	return r < 0 ? r : set(field, buf_slice(&b));
}

/* What follows may be refused to us: then it stays NULL. */
static int set_link(char **field, int process, const char *name)
{
	char target[LINK_MAX_LEN];

	if (read_link_at(process, name, target, sizeof(target)) < 0)
		return 0;
	return set(field, slice_from(target));
}

static int set_links(struct process *p, int process)
{
	int r = set_link(&p->exe, process, "exe");

	return r < 0 ? r : set_link(&p->cwd, process, "cwd");
}

static int set_cmdline(struct process *p, int process)
{
	char text[CMDLINE_MAX];
	ssize_t n = read_at(process, "cmdline", text, sizeof(text));

	return n <= 0 ? 0
		      : set_masked(&p->cmdline, (struct slice){ text, (size_t)n }, mask_arguments);
}

static int set_owner(struct process *p, int process)
{
	_cleanup_free_ char *text = malloc(PASSWD_MAX);
	struct passwd pw, *found = NULL;

	(void)process;
	if (!text)
		return -ENOMEM;
	if (getpwuid_r(p->uid, &pw, text, PASSWD_MAX, &found) || !found)
		return 0;
	return set(&p->owner, slice_from(pw.pw_name));
}

static int set_cgroup(struct process *p, int process)
{
	_cleanup_free_ char *text = malloc(CGROUP_MAX);
	struct cgroup c;
	ssize_t n;
	int r;

	if (!text)
		return -ENOMEM;
	n = read_at(process, "cgroup", text, CGROUP_MAX);
	if (n <= 0)
		return 0;
	cgroup_parse((struct slice){ text, (size_t)n }, &c);
	r = set(&p->cgroup, c.path);
	return r < 0 ? r : set(&p->container_id, c.container_id);
}

static int set_environ(struct process *p, int process)
{
	_cleanup_free_ char *text = malloc(ENVIRON_MAX);
	struct {
		const char *name;
		char **field;
	} const vars[] = {
		{ "OTEL_SERVICE_NAME", &p->service_name },
		{ "OTEL_RESOURCE_ATTRIBUTES", &p->resource_attributes },
		{ "TRACEPARENT", &p->traceparent },
	};
	ssize_t n;
	int r = 0;

	if (!text)
		return -ENOMEM;
	n = read_at(process, "environ", text, ENVIRON_MAX);
	for (size_t i = 0; n > 0 && !r && i < ARRAY_LEN(vars); i++) {
		struct slice value = proc_find_env((struct slice){ text, (size_t)n }, vars[i].name);

		r = set_masked(vars[i].field, slice_sub(value, 0, CMDLINE_MAX), mask_text);
	}
	return r;
}

int proc_read_environ(uint32_t pid, struct buf *ret)
{
	_cleanup_close_ int process = open_process(pid);
	char *room = buf_reserve(ret, ENVIRON_MAX);
	ssize_t n;

	if (process < 0)
		return process;
	if (!room)
		return buf_error(ret);
	n = read_at(process, "environ", room, ENVIRON_MAX);
	if (n < 0)
		return (int)n;
	buf_commit(ret, (size_t)n);
	return 0;
}

static int set_identity(struct process *p, int process)
{
	char text[STAT_MAX];
	struct proc_stat stat;
	int r = read_stat_at(process, &stat, text, sizeof(text));

	if (r < 0)
		return r;
	p->ppid = stat.ppid;
	p->start_ns = proc_ticks_to_ns(stat.start_ticks);
	r = read_uid_at(process, &p->uid);
	return r < 0 ? r : set(&p->comm, stat.comm);
}

/* Those that are gone end the line. */
static int set_ancestors(struct process *p, int process)
{
	char text[STAT_MAX];
	struct proc_stat stat;
	uint32_t pid = p->ppid;

	(void)process;
	while (pid > 1 && p->n_ancestors < PROCESS_ANCESTORS_MAX) {
		p->ancestors[p->n_ancestors++] = pid;
		if (proc_read_stat(pid, &stat, text, sizeof(text)) < 0)
			break;
		pid = stat.ppid;
	}
	return 0;
}

static void process_cleanup(struct process **p)
{
	process_unref(*p);
}

int proc_read(struct process **ret, uint32_t pid)
{
	static int (*const steps[])(struct process * p, int process) = {
		set_identity, set_ancestors, set_links,	  set_cmdline,
		set_owner,    set_cgroup,    set_environ,
	};
	_cleanup_(process_cleanup) struct process *p = NULL;
	_cleanup_close_ int process = open_process(pid);
	int r;

	if (process < 0)
		return process;
	r = process_new(&p);
	if (r < 0)
		return r;
	p->pid = pid;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		r = steps[i](p, process);
		if (r < 0)
			return r;
	}
	*ret = TAKE(p);
	return 0;
}

/* ---- Mapped files ----------------------------------------------------------------- */

int proc_open_path(uint32_t pid, const char *path)
{
	/* The process's symlinks mean what they mean to it, and never lead out of its
	 * root; not blocking, should a pipe be there by now. */
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int root = -1;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/root", pid);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

int proc_open_mapping(uint32_t pid, const char *path, uint64_t start, uint64_t end, uint64_t inode)
{
	_cleanup_close_ int fd = proc_open_path(pid, path);
	struct stat st;
	char name[80];
	int r;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == inode)
		return TAKE_FD(fd);
	/* Replaced, deleted, or out of reach: through the mapping itself. */
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64, pid, start,
		 end);
	r = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return r < 0 ? -errno : r;
}
