/* SPDX-License-Identifier: Apache-2.0 */
#include "discover_internal.h"

#include "cleanup.h"
#include "clock.h"
#include "filter.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define ANCESTORS_MAX 64
#define MAPS_BYTES_MAX (16 * 1024 * 1024)
#define PATH_LEN 4096
#define SCAN_TEXT_MAX 65536

static bool read_stat(uint32_t tgid, struct proc_stat *ret, char text[1024])
{
	return !proc_read_stat(tgid, ret, text, 1024) && ret->state != 'Z' && ret->state != 'X';
}

enum liveness discover_liveness(uint32_t tgid)
{
	char text[1024];
	struct proc_stat s;

	if (proc_read_stat(tgid, &s, text, sizeof(text)))
		return GONE;
	if (s.state != 'Z' && s.state != 'X' && !(s.flags & PROC_FLAG_EXITING))
		return ALIVE;
	return s.threads <= 1 ? GONE : DYING;
}

/* Whether it, or one that it descends from, is in the filter's pids or was added. */
bool discover_is_family(struct discover *d, uint32_t tgid, bool *ret_forced)
{
	*ret_forced = false;
	if (!d->any_forced && !(d->needs & FILTER_FAMILY))
		return false;
	for (int i = 0; i < ANCESTORS_MAX && tgid > 1; i++) {
		const struct entry *e = i ? discover_find(d, tgid) : NULL;
		struct proc_stat s;
		char text[1024];

		if (e) {
			*ret_forced = e->forced;
			return e->family;
		}
		if (filter_has_pid(&d->filter, tgid))
			return true;
		if (!read_stat(tgid, &s, text))
			return false;
		tgid = s.ppid;
	}
	return false;
}

static uint64_t hash_of(const char *path)
{
	return slice_hash(SLICE_HASH, slice_from(path));
}

struct entry *discover_learn(struct discover *d, uint32_t tgid)
{
	uint64_t now = clock_boot_ns();
	char text[1024], exe[PATH_LEN];
	struct proc_stat s;
	struct entry *e;

	if (!read_stat(tgid, &s, text))
		return NULL;
	e = discover_add(d, tgid, now);
	if (!e)
		return NULL;
	e->start_ticks = s.start_ticks;
	e->threads = s.threads > 1;
	snprintf(e->comm, sizeof(e->comm), "%.*s", SLICE_FMT(s.comm));
	if (s.flags & PROC_FLAG_KTHREAD || proc_read_exe(tgid, exe, sizeof(exe)) < 0)
		return e; /* left out until it execs */
	e->exe_hash = hash_of(exe);
	e->family = discover_is_family(d, tgid, &e->forced);
	discover_judge(d, e, exe, now);
	if (e->verdict == VERDICT_PASSES)
		discover_scan_maps(d, e);
	return e;
}

/* ---- /proc/PID/maps ----------------------------------------------------------------- */

struct maps_scan {
	struct discover *d;
	struct entry *e;
	char exe[PATH_LEN];
	uint64_t ts_ns;
	uint64_t last_dev, last_inode; /* a file's mappings follow one another */
};

static void scan_line(struct maps_scan *s, struct slice line)
{
	struct discover_mapping m = { .tgid = s->e->tgid, .ts_ns = s->ts_ns };
	struct proc_mapping p;
	char path[PATH_LEN];

	if (proc_parse_mapping(line, &p) < 0 || !p.executable || p.path.len < 2 ||
	    p.path.data[0] != '/' || p.path.data[1] == '/' || p.path.len >= sizeof(path) ||
	    (p.dev == s->last_dev && p.inode == s->last_inode))
		return;
	s->last_dev = p.dev;
	s->last_inode = p.inode;
	memcpy(path, p.path.data, p.path.len);
	path[p.path.len] = '\0';
	m.path = path;
	m.exe = !strcmp(path, s->exe);
	m.dev = p.dev;
	m.inode = p.inode;
	m.start = p.start;
	m.len = p.end - p.start;
	m.offset = p.offset;
	discover_map(s->d, s->e, &m);
}

void discover_scan_maps(struct discover *d, struct entry *e)
{
	struct maps_scan s = { .d = d, .e = e, .ts_ns = clock_boot_ns() };
	/* Its own: the sink may ask for another scan meanwhile. */
	_cleanup_free_ char *text = malloc(SCAN_TEXT_MAX);
	_cleanup_close_ int fd = -1;
	size_t len = 0, total = 0;
	char name[32];

	if (!text || proc_read_exe(e->tgid, s.exe, sizeof(s.exe)) < 0)
		return;
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/maps", e->tgid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && total < MAPS_BYTES_MAX) {
		ssize_t n = read(fd, text + len, SCAN_TEXT_MAX - len);
		struct slice rest;

		if (n <= 0)
			break;
		total += (size_t)n;
		rest = (struct slice){ text, len + (size_t)n };
		while (slice_find_char(rest, '\n') >= 0)
			scan_line(&s, slice_cut(&rest, '\n'));
		/* What is longer than the buffer is no mapping that we can use. */
		len = rest.len < SCAN_TEXT_MAX ? rest.len : 0;
		memmove(text, rest.data, len);
	}
}

/* ---- /proc ------------------------------------------------------------------------- */

static bool next_process(DIR *proc, uint32_t *ret)
{
	struct dirent *entry;

	while ((entry = readdir(proc))) {
		uint64_t pid;

		if (slice_u64(slice_from(entry->d_name), &pid) < 0 || pid > UINT32_MAX)
			continue;
		*ret = (uint32_t)pid;
		return true;
	}
	return false;
}

/* It runs something else than we thought, without our having seen an exec, or it may
 * pass the filter now: judges it as it is. */
static void judge_again(struct discover *d, struct entry *e, const char *exe)
{
	uint64_t now = clock_boot_ns();

	e->fresh = false;
	e->exe_hash = hash_of(exe);
	e->since_ns = now;
	proc_read_comm(e->tgid, e->comm, sizeof(e->comm));
	discover_judge(d, e, exe, now);
	if (e->verdict == VERDICT_PASSES)
		discover_scan_maps(d, e);
}

/* After lost records: another process under the same number, another program in the same
 * process, or mappings that we were not told of. */
static void look_again(struct discover *d, struct entry *e)
{
	char text[1024], exe[PATH_LEN];
	uint32_t tgid = e->tgid;
	struct proc_stat s;

	if (tgid == d->self || !read_stat(tgid, &s, text))
		return;
	if (e->start_ticks && e->start_ticks != s.start_ticks) {
		discover_forget(d, e, clock_boot_ns());
		discover_learn(d, tgid);
		return;
	}
	e->start_ticks = s.start_ticks;
	e->threads |= s.threads > 1;
	if (s.flags & PROC_FLAG_KTHREAD || proc_read_exe(tgid, exe, sizeof(exe)) < 0)
		return;
	if (e->exe_hash != hash_of(exe))
		judge_again(d, e, exe);
	else if (e->verdict == VERDICT_PASSES)
		discover_scan_maps(d, e);
}

static void scan_process(struct discover *d, uint32_t tgid)
{
	struct entry *e = discover_find(d, tgid);
	char exe[PATH_LEN];

	if (!e) {
		discover_learn(d, tgid);
		return;
	}
	e->scan = d->scan;
	if (d->full)
		look_again(d, e);
	else if (e->verdict == VERDICT_LEFT_OUT && d->needs & FILTER_UID && tgid != d->self &&
		 !proc_read_exe(tgid, exe, sizeof(exe)))
		judge_again(d, e, exe); /* no record tells of a change of uid */
}

int discover_scan_begin(struct discover *d, bool full)
{
	DIR *proc = opendir("/proc");

	if (!proc)
		return -errno;
	discover_scan_end(d);
	d->proc = proc;
	d->full = full;
	d->scan++;
	return 0;
}

void discover_scan_end(struct discover *d)
{
	if (d->proc)
		closedir(d->proc);
	d->proc = NULL;
}

static int doubt_unseen(void *value, void *arg)
{
	struct discover *d = arg;
	struct entry *e = value;

	/* A new child is as new as this scan's end; telling of it might change the table. */
	if (e->scan != d->scan && e->queue != &d->forks)
		discover_doubt(d, e);
	return 0;
}

bool discover_scan_step(struct discover *d, uint64_t until_ns)
{
	uint32_t tgid;

	while (d->proc && next_process(d->proc, &tgid)) {
		scan_process(d, tgid);
		if (until_ns != UINT64_MAX && clock_boot_ns() >= until_ns)
			return true;
	}
	if (d->proc) {
		discover_scan_end(d);
		d->stats.scans++;
		table_each(&d->processes, doubt_unseen, d);
	}
	return false;
}

/* ---- On demand ---------------------------------------------------------------------- */

static void force(struct discover *d, uint32_t tgid)
{
	struct entry *e = discover_find(d, tgid);
	char exe[PATH_LEN];

	if (!e)
		e = discover_learn(d, tgid);
	if (!e)
		return;
	e->forced = true;
	if (e->verdict != VERDICT_PASSES && tgid != d->self &&
	    !proc_read_exe(tgid, exe, sizeof(exe)))
		judge_again(d, e, exe);
}

static bool descends_from(uint32_t tgid, uint32_t ancestor)
{
	for (int i = 0; i < ANCESTORS_MAX && tgid > 1; i++) {
		struct proc_stat s;
		char text[1024];

		if (!read_stat(tgid, &s, text))
			return false;
		if (s.ppid == ancestor)
			return true;
		tgid = s.ppid;
	}
	return false;
}

int discover_add_pid(struct discover *d, uint32_t pid)
{
	struct proc_stat s;
	char text[1024];
	uint32_t tgid;
	DIR *proc;

	if (!read_stat(pid, &s, text))
		return -ESRCH;
	d->any_forced = true;
	force(d, pid);
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (next_process(proc, &tgid))
		if (descends_from(tgid, pid))
			force(d, tgid);
	closedir(proc);
	return 0;
}

int discover_scan_pid(struct discover *d, uint32_t pid)
{
	struct entry *e = discover_find(d, pid);

	if (!e)
		return -ESRCH;
	if (e->verdict == VERDICT_PASSES)
		discover_scan_maps(d, e);
	return 0;
}
