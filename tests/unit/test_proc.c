/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "clock.h"
#include "proc.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define REST " 1 1 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 "

static const struct {
	const char *name, *text;
	int want;
	const char *comm;
	char state;
	uint32_t ppid;
	uint64_t ticks;
} stats[] = {
	{ "plain", "7 (bash) S 1" REST "12345 900 30\n", 0, "bash", 'S', 1, 12345 },
	{ "ends after the start time", "7 (bash) S 1" REST "12345\n", 0, "bash", 'S', 1, 12345 },
	{ "space", "7 (tmux: server) R 2" REST "5 0\n", 0, "tmux: server", 'R', 2, 5 },
	{ "parentheses", "7 (a) S 9 (b)) Z 2" REST "5 0\n", 0, "a) S 9 (b)", 'Z', 2, 5 },
	{ "newline", "7 (a\nb) S 2" REST "5 0\n", 0, "a\nb", 'S', 2, 5 },
	{ "empty comm", "7 () S 2" REST "5 0\n", 0, "", 'S', 2, 5 },
	{ "nothing", "", -EBADMSG, NULL, 0, 0, 0 },
	{ "no comm", "7 S 2" REST "5 0\n", -EBADMSG, NULL, 0, 0, 0 },
	{ "closed before open", "7 )( S 2" REST "5 0\n", -EBADMSG, NULL, 0, 0, 0 },
	{ "no fields", "7 (x)", -EBADMSG, NULL, 0, 0, 0 },
	{ "too few fields", "7 (x) S 2 3 4\n", -EBADMSG, NULL, 0, 0, 0 },
	{ "parent is no number", "7 (x) S y" REST "5 0\n", -EBADMSG, NULL, 0, 0, 0 },
	{ "parent is too large", "7 (x) S 4294967296" REST "5 0\n", -EBADMSG, NULL, 0, 0, 0 },
};

TEST(proc_parses_stat)
{
	for (size_t i = 0; i < ARRAY_LEN(stats); i++) {
		struct proc_stat s = { 0 };

		test_row("%s", stats[i].name);
		CHECK_INT(proc_parse_stat(slice_from(stats[i].text), &s), stats[i].want);
		CHECK_STR(s.comm, stats[i].comm);
		CHECK_INT(s.state, stats[i].state);
		CHECK_INT(s.ppid, stats[i].ppid);
		CHECK_INT(s.start_ticks, stats[i].ticks);
		CHECK_INT(s.flags, stats[i].want ? 0 : 4194304);
		CHECK_INT(s.threads, stats[i].want ? 0 : 1);
	}
	CHECK_INT(proc_ticks_to_ns((uint64_t)sysconf(_SC_CLK_TCK)), NSEC_PER_SEC);
	CHECK(proc_ticks_to_ns(UINT64_MAX) == UINT64_MAX);
}

TEST(proc_parses_uid)
{
	static const struct {
		const char *text;
		int want;
		uint32_t uid;
	} rows[] = {
		{ "Name:\tx\nUid:\t1000\t1001\t1002\t1003\nGid:\t0\t0\t0\t0\n", 0, 1001 },
		{ "Name:\tUid:\t5\t6\nUid:\t0\t0\t0\t0", 0, 0 },
		{ "Uid:\t0\t4294967295\t0\t0\n", 0, UINT32_MAX },
		{ "Uid:\t0\t4294967296\t0\t0\n", -EBADMSG, 0 },
		{ "Uid:\t0\n", -EBADMSG, 0 },
		{ "Name:\tx\n", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t uid = 0;

		test_row("%s", rows[i].text);
		CHECK_INT(proc_parse_status_uid(slice_from(rows[i].text), &uid), rows[i].want);
		CHECK_INT(uid, rows[i].uid);
	}
}

TEST(proc_finds_variables)
{
	struct slice block = SLICE("A=1\0AB=2\0\0EMPTY=\0B=A=3\0broken\0A=4\0CUT=of");

	CHECK_STR(proc_find_env(block, "A"), "1");
	CHECK_STR(proc_find_env(block, "AB"), "2");
	CHECK_STR(proc_find_env(block, "B"), "A=3");
	CHECK_STR(proc_find_env(block, "EMPTY"), "");
	CHECK_STR(proc_find_env(block, "CUT"), "of");
	CHECK_STR(proc_find_env(block, "broken"), NULL);
	CHECK_STR(proc_find_env(SLICE_NONE, "A"), NULL);
}

static const struct {
	const char *name, *line;
	int want;
	struct proc_mapping m;
	const char *path;
} mappings[] = {
	{ "code",
	  "7f0000001000-7f0000003000 r-xp 0002a000 fe:01 4711                       "
	  "/usr/lib/libssl.so.3",
	  0,
	  { 0x7f0000001000, 0x7f0000003000, true, 0x2a000, 0xfe01, 4711, SLICE_NONE },
	  "/usr/lib/libssl.so.3" },
	{ "data",
	  "1000-2000 rw-p 00000000 00:1a 9 /x y",
	  0,
	  { 0x1000, 0x2000, false, 0, 0x1a, 9, SLICE_NONE },
	  "/x y" },
	{ "deleted",
	  "1000-2000 r-xs 0 0:0 1 /x (deleted)",
	  0,
	  { 0x1000, 0x2000, true, 0, 0, 1, SLICE_NONE },
	  "/x" },
	{ "anonymous",
	  "1000-2000 ---p 00000000 00:00 0 ",
	  0,
	  { 0x1000, 0x2000, false, 0, 0, 0, SLICE_NONE },
	  NULL },
	{ "no rest",
	  "1000-2000 ---p 00000000 00:00 0",
	  0,
	  { 0x1000, 0x2000, false, 0, 0, 0, SLICE_NONE },
	  NULL },
	{ "nothing", "", -EBADMSG, { 0 }, NULL },
	{ "no end", "1000 r-xp 0 0:0 1 /x", -EBADMSG, { 0 }, NULL },
	{ "backwards", "2000-1000 r-xp 0 0:0 1 /x", -EBADMSG, { 0 }, NULL },
	{ "17 digits", "1000-20000000000000000 r-xp 0 0:0 1 /x", -EBADMSG, { 0 }, NULL },
	{ "short permissions", "1000-2000 r-x 0 0:0 1 /x", -EBADMSG, { 0 }, NULL },
	{ "no device", "1000-2000 r-xp 0 0 1 /x", -EBADMSG, { 0 }, NULL },
};

TEST(proc_parses_mappings)
{
	for (size_t i = 0; i < ARRAY_LEN(mappings); i++) {
		const struct proc_mapping *want = &mappings[i].m;
		struct proc_mapping m = { 0 };

		test_row("%s", mappings[i].name);
		CHECK_INT(proc_parse_mapping(slice_from(mappings[i].line), &m), mappings[i].want);
		CHECK_INT(m.start, want->start);
		CHECK_INT(m.end, want->end);
		CHECK_INT(m.executable, want->executable);
		CHECK_INT(m.offset, want->offset);
		CHECK_INT(m.inode, want->inode);
		CHECK_INT(major(m.dev) << 8 | minor(m.dev), want->dev);
		CHECK_STR(m.path, mappings[i].path);
	}
}

/* In memory of exactly its size, so that ASan sees a byte too far. */
static void parse_cut(const char *text, size_t len)
{
	_cleanup_free_ char *copy = malloc(len + 1);
	struct slice s = { copy + 1, len };
	struct proc_mapping m;
	struct proc_stat stat;
	uint32_t uid;

	memcpy(copy + 1, text, len);
	proc_parse_stat(s, &stat);
	proc_parse_mapping(s, &m);
	proc_parse_status_uid(s, &uid);
	proc_find_env(s, "x");
}

TEST(proc_parsers_survive_truncation)
{
	for (size_t i = 0; i < ARRAY_LEN(stats); i++)
		for (size_t len = 0; len <= strlen(stats[i].text); len++)
			parse_cut(stats[i].text, len);
	for (size_t i = 0; i < ARRAY_LEN(mappings); i++)
		for (size_t len = 0; len <= strlen(mappings[i].line); len++)
			parse_cut(mappings[i].line, len);
}

/* A process that stops itself once it is what the test wants to read. */
static pid_t start(char *const argv[], char *const env[])
{
	pid_t pid = fork();

	if (!pid) {
		execve("/bin/sh", argv, env);
		_exit(127);
	}
	CHECK(pid > 0);
	CHECK_INT(waitpid(pid, NULL, WUNTRACED), pid);
	return pid;
}

TEST(proc_reads_a_process)
{
	char *const argv[] = { "sh", "-c", "cd /tmp; kill -STOP $$", "--api-key", "hunter2", NULL };
	char *const env[] = { "OTEL_SERVICE_NAME=shop",
			      "OTEL_RESOURCE_ATTRIBUTES=a=b,auth.token=hunter2,c=d",
			      "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			      NULL };
	uint64_t before = clock_boot_ns();
	pid_t pid = start(argv, env);
	struct process *p = NULL;

	CHECK_INT(proc_read(&p, (uint32_t)pid), 0);
	if (p) {
		CHECK_INT(p->pid, pid);
		CHECK_INT(p->ppid, getpid());
		CHECK_INT(p->uid, geteuid());
		CHECK(p->start_ns + NSEC_PER_SEC > before && p->start_ns < clock_boot_ns());
		CHECK_SLICE(slice_from(p->comm), SLICE("sh"));
		CHECK(p->exe && p->exe[0] == '/');
		CHECK_SLICE(slice_from(p->cwd), SLICE("/tmp"));
		CHECK_SLICE(slice_from(p->cmdline),
			    SLICE("sh -c cd /tmp; kill -STOP $$ --api-key ***"));
		CHECK(p->cgroup && p->cgroup[0] == '/');
		CHECK_SLICE(slice_from(p->service_name), SLICE("shop"));
		CHECK_SLICE(slice_from(p->resource_attributes), SLICE("a=b,auth.token=***,c=d"));
		CHECK_SLICE(slice_from(p->traceparent),
			    SLICE("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	}
	process_unref(p);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	p = NULL;
	CHECK_INT(proc_read(&p, (uint32_t)pid), -ESRCH);
	CHECK(!p);
}

TEST(proc_reads_parts)
{
	char buffer[4096], name[16] = { 0 };
	struct proc_stat stat;
	uint32_t uid;

	prctl(PR_GET_NAME, name);
	CHECK_INT(proc_read_comm((uint32_t)getpid(), buffer, sizeof(buffer)), 0);
	CHECK_SLICE(slice_from(buffer), slice_from(name));
	CHECK_INT(proc_read_comm((uint32_t)getpid(), buffer, 3), 0);
	CHECK_INT(strlen(buffer), 2);
	CHECK_INT(proc_read_exe((uint32_t)getpid(), buffer, sizeof(buffer)), 0);
	CHECK(slice_ends(slice_from(buffer), SLICE("/test_proc")));
	CHECK_INT(proc_read_uid((uint32_t)getpid(), &uid), 0);
	CHECK_INT(uid, geteuid());
	CHECK_INT(proc_read_stat((uint32_t)getpid(), &stat, buffer, sizeof(buffer)), 0);
	CHECK_INT(stat.ppid, getppid());
	CHECK_INT(proc_read_exe(UINT32_MAX, buffer, sizeof(buffer)), -ESRCH);
	CHECK_INT(proc_read_uid(UINT32_MAX, &uid), -ESRCH);
	CHECK_INT(proc_read_comm(UINT32_MAX, buffer, sizeof(buffer)), -ESRCH);
}

TEST(proc_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct process *p = NULL;
		int r = proc_read(&p, (uint32_t)getpid());

		CHECK(r == 0 || r == -ENOMEM);
		CHECK(!r == !!p);
		process_unref(p);
	}
}

/* The file that is mapped, not what has its name now. */
TEST(proc_opens_mapped_files)
{
	char path[] = "/tmp/gentap-test-XXXXXX";
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
	uint64_t start;
	struct stat st;
	char c = 0;
	void *map;
	int got;

	CHECK_INT(write(fd, "mapped", 6), 6);
	CHECK_INT(fstat(fd, &st), 0);
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	start = (uintptr_t)map;
	got = proc_open_mapping((uint32_t)getpid(), path, start, start + 4096, st.st_ino);
	CHECK(got >= 0);
	close(got);
	unlink(path);
	CHECK_INT(mkfifo(path, 0600), 0);
	got = proc_open_mapping((uint32_t)getpid(), path, start, start + 4096, st.st_ino);
	if (got != -EPERM) { /* without CAP_SYS_ADMIN there is no map_files */
		CHECK(got >= 0);
		CHECK_INT(pread(got, &c, 1, 0), 1);
		CHECK_INT(c, 'm');
		close(got);
	}
	munmap(map, 4096);
	got = proc_open_mapping((uint32_t)getpid(), path, start, start + 4096, st.st_ino);
	CHECK(got == -ENOENT || got == -EPERM);
	unlink(path);
}

TEST(proc_tells_who_shares_memory)
{
	uint32_t self = getpid();
	pid_t pid = fork();
	int status;

	if (!pid) {
		pause();
		_exit(0);
	}
	CHECK(pid > 0);
	CHECK(proc_shares_memory(self, self));
	CHECK(!proc_shares_memory(self, pid));
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK(!proc_shares_memory(self, pid)); /* gone */
	pid = vfork();
	if (!pid)
		_exit(proc_shares_memory(self, getpid()) ? 7 : 1);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WEXITSTATUS(status), 7);
}
