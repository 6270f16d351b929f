/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds records to discovery and looks at what it tells; the processes do not exist. */
#include "cleanup.h"
#include "clock.h"
#include "discover_internal.h"
#include "test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSL "/usr/lib/libssl.so.3"
#define EXE "/usr/bin/python3"

/* Beyond pid_max: /proc knows none of them. */
#define P(n) (5000000u + (n))

struct told {
	char text[4096];
	size_t len;
	const char *dull; /* the file that mapped() refuses */
};

static void note(struct told *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct told *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, ap);
	t->len += strlen(t->text + t->len);
	va_end(ap);
}

static void note_exec(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	note(ctx, "exec %u @%d; ", tgid - P(0), (int)ts_ns);
}

static void note_fork(void *ctx, uint32_t parent, uint32_t tgid, uint64_t ts_ns)
{
	note(ctx, "fork %u>%u @%d; ", parent - P(0), tgid - P(0), (int)ts_ns);
}

static void note_exit(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	note(ctx, "exit %u @%d; ", tgid - P(0), (int)ts_ns);
}

static bool note_mapped(void *ctx, const struct discover_mapping *m)
{
	struct told *t = ctx;

	note(t, "map %u %s%s; ", m->tgid - P(0), m->exe ? "exe " : "", m->path);
	return !t->dull || strcmp(t->dull, m->path) != 0;
}

struct fixture {
	struct loop *loop;
	struct discover d;
	struct told told;
};

static void begin(struct fixture *f, const struct probe_filter *filter)
{
	const struct probe_filter none = { 0 };
	const struct discover_sink sink = { .ctx = &f->told,
					    .mapped = note_mapped,
					    .exec = note_exec,
					    .fork = note_fork,
					    .exit = note_exit };

	*f = (struct fixture){ 0 };
	CHECK_INT(loop_new(&f->loop), 0);
	CHECK_INT(discover_init(&f->d, f->loop, filter ? filter : &none, &sink), 0);
}

static void end(struct fixture *f)
{
	discover_release(&f->d);
	loop_free(f->loop);
}

/* What was told since the last time. */
static const char *told(struct fixture *f)
{
	static char text[sizeof(f->told.text)];

	memcpy(text, f->told.text, f->told.len);
	text[f->told.len] = '\0';
	f->told.len = 0;
	return text;
}

#define CHECK_TOLD(f, want) CHECK_STR(slice_from(told(f)), want)

static void fork_(struct fixture *f, uint32_t parent, uint32_t child, uint64_t ts)
{
	discover_handle(&f->d, &(struct perf_record){ .type = PERF_FORK,
						      .pid = P(child),
						      .tid = P(child),
						      .ts_ns = ts,
						      .parent = { P(parent), P(parent) } });
}

static void thread(struct fixture *f, uint32_t pid, uint64_t ts)
{
	discover_handle(&f->d, &(struct perf_record){ .type = PERF_FORK,
						      .pid = P(pid),
						      .tid = P(pid) + 1,
						      .ts_ns = ts,
						      .parent = { P(pid), P(pid) } });
}

static void exec_(struct fixture *f, uint32_t pid, const char *comm, uint64_t ts)
{
	discover_handle(&f->d, &(struct perf_record){ .type = PERF_EXEC,
						      .pid = P(pid),
						      .tid = P(pid),
						      .ts_ns = ts,
						      .comm = comm });
}

static void map(struct fixture *f, uint32_t pid, const char *path, uint64_t ts)
{
	discover_handle(&f->d, &(struct perf_record){ .type = PERF_MMAP,
						      .pid = P(pid),
						      .tid = P(pid),
						      .ts_ns = ts,
						      .map = { .inode = 1, .path = path } });
}

static void exit_(struct fixture *f, uint32_t pid, uint32_t tid, uint64_t ts)
{
	discover_handle(&f->d,
			&(struct perf_record){
				.type = PERF_EXIT, .pid = P(pid), .tid = P(tid), .ts_ns = ts });
}

TEST(discover_wants_libraries)
{
	static const struct {
		const char *path;
		bool exe, want;
	} rows[] = {
		{ "/usr/bin/node", true, true },       { "/usr/bin/node", false, false },
		{ "/usr/lib/libssl.so", false, true }, { "/usr/lib/libssl.so.1.1", false, true },
		{ "/x/_rust.abi3.so", false, true },   { "/x/_net.solver.so", false, true },
		{ "/x/addon.node", false, true },      { "/x/.node", false, true },
		{ "/x.so.d/file", false, false },      { "/x/lib.sock", false, false },
		{ "/x/nodes", false, false },	       { "", false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].path);
		CHECK_INT(discover_wants_file(rows[i].path, rows[i].exe), rows[i].want);
	}
}

TEST(discover_tells_of_a_life)
{
	struct discover_stats stats;
	struct fixture f;

	begin(&f, NULL);
	exec_(&f, 1, "python3", 10);
	map(&f, 1, EXE, 11);
	map(&f, 1, EXE, 12); /* its second segment is not told: not the exe any more, no .so */
	map(&f, 1, SSL, 13);
	map(&f, 1, SSL " (deleted)", 14);
	map(&f, 1, "//anon", 15);
	map(&f, 1, "[vdso]", 15);
	map(&f, 1, "/memory.bin", 15);
	CHECK_TOLD(&f, "exec 1 @10; map 1 exe " EXE "; map 1 " SSL "; map 1 " SSL "; ");
	discover_read_stats(&f.d, &stats);
	CHECK_INT(stats.processes, 1);
	CHECK_INT(stats.records, 8);
	exec_(&f, 1, "sh", 20);
	map(&f, 1, "/bin/sh", 21);
	CHECK_TOLD(&f, "exec 1 @20; map 1 exe /bin/sh; ");
	exit_(&f, 1, 1, 30);
	CHECK_TOLD(&f, "exit 1 @30; ");
	exit_(&f, 1, 1, 31);
	map(&f, 1, SSL, 32); /* late, of a process that is gone */
	CHECK_TOLD(&f, "");
	discover_read_stats(&f.d, &stats);
	CHECK_INT(stats.processes, 0);
	CHECK_INT(f.d.processes.count, 0);
	end(&f);
}

TEST(discover_remembers_dull_files)
{
	struct fixture f;

	begin(&f, NULL);
	f.told.dull = "/lib/libc.so.6";
	for (uint32_t pid = 1; pid <= 3; pid++) {
		exec_(&f, pid, "x", 10);
		map(&f, pid, "/lib/libc.so.6", 11);
		map(&f, pid, SSL, 12);
	}
	CHECK_TOLD(&f, "exec 1 @10; map 1 exe /lib/libc.so.6; map 1 " SSL "; exec 2 @10; map 2 " SSL
		       "; exec 3 @10; map 3 " SSL "; ");
	/* Once in a while it is looked at anew. */
	map(&f, 1, "/lib/libc.so.6", 600 * NSEC_PER_SEC);
	CHECK_TOLD(&f, "map 1 /lib/libc.so.6; ");
	end(&f);
}

TEST(discover_holds_back_forks)
{
	struct fixture f;
	uint64_t now = clock_boot_ns();

	begin(&f, NULL);
	exec_(&f, 1, "server", now - 10);
	CHECK(f.told.len);
	f.told.len = 0;
	fork_(&f, 1, 2, now);
	fork_(&f, 1, 3, now);
	fork_(&f, 1, 4, now);
	thread(&f, 1, now);
	CHECK_TOLD(&f, "");
	exit_(&f, 2, 2, now + 1);    /* came and went */
	exec_(&f, 3, "ls", now + 1); /* as good as a new process */
	CHECK(!strncmp(told(&f), "exec 3 ", 7));
	for (int i = 0; i < 100 && !f.told.len; i++)
		CHECK(loop_run_once(f.loop, 10) >= 0);
	CHECK(!strncmp(told(&f), "fork 1>4 ", 9));
	/* A mapping is not told before the process is. */
	fork_(&f, 4, 5, now + 2);
	map(&f, 5, SSL, now + 3);
	CHECK(!strncmp(told(&f), "fork 4>5 ", 9));
	end(&f);
}

__attribute__((no_sanitize("address"))) static int stay(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

static pid_t borrow_memory(char *stack, size_t size)
{
	pid_t pid = clone(stay, stack + size, CLONE_VM | SIGCHLD, NULL);

	CHECK(pid > 0);
	return pid;
}

TEST(discover_waits_for_the_exec_of_those_that_borrow_memory)
{
	static char stacks[2][65536] __attribute__((aligned(16)));
	struct fixture f;
	uint64_t now = clock_boot_ns();
	pid_t pids[2];

	begin(&f, NULL);
	for (int i = 0; i < 2; i++)
		pids[i] = borrow_memory(stacks[i], sizeof(stacks[i]));
	exec_(&f, pids[0] - P(0), "shell", now - 10);
	f.told.len = 0;
	fork_(&f, pids[0] - P(0), pids[1] - P(0), now);
	for (int i = 0; i < FORK_HELD_MAX / 2; i++)
		CHECK(loop_run_once(f.loop, 10) >= 0);
	CHECK_TOLD(&f, "");
	/* It is no such thing after all. */
	for (int i = 0; i < 2 * FORK_HELD_MAX && !f.told.len; i++)
		CHECK(loop_run_once(f.loop, 10) >= 0);
	CHECK(!strncmp(told(&f), "fork ", 5));
	end(&f);
	for (int i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		CHECK_INT(waitpid(pids[i], NULL, 0), pids[i]);
	}
}

TEST(discover_tells_of_children_before_their_parents_end)
{
	struct fixture f;

	begin(&f, NULL);
	exec_(&f, 1, "daemon", 10);
	fork_(&f, 1, 2, 11);
	fork_(&f, 2, 3, 12);
	exit_(&f, 1, 1, 13);
	CHECK_TOLD(&f, "exec 1 @10; fork 1>2 @11; exit 1 @13; ");
	exit_(&f, 2, 2, 14);
	CHECK_TOLD(&f, "fork 2>3 @12; exit 2 @14; ");
	end(&f);
}

TEST(discover_applies_the_filter)
{
	static const char *const comms[] = { "py*", NULL }, *const exes[] = { "/opt/*", NULL };
	const struct probe_filter by_comm = { .comms = comms }, by_exe = { .exes = exes };
	struct fixture f;

	begin(&f, &by_comm);
	exec_(&f, 1, "sh", 10);
	map(&f, 1, "/bin/sh", 11);
	map(&f, 1, SSL, 12);
	fork_(&f, 1, 2, 13);
	CHECK_TOLD(&f, "");
	exec_(&f, 2, "python3", 14);
	map(&f, 2, EXE, 15);
	CHECK_TOLD(&f, "exec 2 @14; map 2 exe " EXE "; ");
	exec_(&f, 2, "ls", 16); /* now it is left out */
	map(&f, 2, "/bin/ls", 17);
	CHECK_TOLD(&f, "exit 2 @16; ");
	exit_(&f, 2, 2, 18);
	CHECK_TOLD(&f, "");
	end(&f);

	begin(&f, &by_exe);
	exec_(&f, 1, "x", 10);
	CHECK_TOLD(&f, ""); /* of what executable, the mapping will tell */
	map(&f, 1, "/opt/x", 11);
	map(&f, 1, SSL, 12);
	CHECK_TOLD(&f, "exec 1 @11; map 1 exe /opt/x; map 1 " SSL "; ");
	exec_(&f, 1, "x", 20);
	map(&f, 1, "/bin/x", 21);
	map(&f, 1, SSL, 22);
	CHECK_TOLD(&f, "exit 1 @21; ");
	end(&f);
}

TEST(discover_follows_families)
{
	const uint32_t pids[] = { P(1), 0 };
	const struct probe_filter filter = { .pids = pids };
	struct fixture f;

	begin(&f, &filter);
	exec_(&f, 1, "a", 10);
	exec_(&f, 9, "other", 11);
	fork_(&f, 1, 2, 12);
	exec_(&f, 2, "b", 13);
	fork_(&f, 2, 3, 14);
	exec_(&f, 3, "c", 15);
	fork_(&f, 9, 8, 16);
	exec_(&f, 8, "d", 17);
	CHECK_TOLD(&f, "exec 1 @10; exec 2 @13; exec 3 @15; ");
	end(&f);
}

TEST(discover_ignores_what_it_must)
{
	struct fixture f;
	uint32_t self = (uint32_t)getpid();

	begin(&f, NULL);
	/* Records from before what it knows. */
	exec_(&f, 1, "new", 100);
	exec_(&f, 1, "old", 50);
	fork_(&f, 7, 1, 40);
	CHECK_TOLD(&f, "exec 1 @100; ");
	/* Processes of other pid namespaces, and the agent. */
	discover_handle(&f.d, &(struct perf_record){
				      .type = PERF_EXEC, .pid = 0, .comm = "x", .ts_ns = 1 });
	discover_handle(&f.d,
			&(struct perf_record){
				.type = PERF_EXEC, .pid = UINT32_MAX, .comm = "x", .ts_ns = 1 });
	discover_handle(
		&f.d,
		&(struct perf_record){
			.type = PERF_EXEC, .pid = self, .tid = self, .comm = "x", .ts_ns = 1 });
	CHECK_TOLD(&f, "");
	/* A fork that reuses a number whose exit was missed. */
	fork_(&f, 1, 1, 200);
	CHECK_TOLD(&f, "");
	exec_(&f, 2, "x", 201);
	fork_(&f, 1, 2, 202);
	CHECK_TOLD(&f, "exec 2 @201; exit 2 @202; ");
	end(&f);
}

/* Threads end in any order; the process ends with the last. These do not exist in /proc,
 * which is what an ended process looks like. */
TEST(discover_tells_one_exit)
{
	struct fixture f;

	begin(&f, NULL);
	exec_(&f, 1, "x", 10);
	thread(&f, 1, 11);
	exit_(&f, 1, 2, 12); /* a thread of many */
	CHECK_TOLD(&f, "exec 1 @10; ");
	exit_(&f, 1, 1, 13);
	exit_(&f, 1, 3, 14);
	CHECK_TOLD(&f, "exit 1 @13; ");
	/* An exit from before what is known of the process: doubted, and then found true. */
	exec_(&f, 2, "x", 20);
	exit_(&f, 2, 2, 15);
	CHECK_TOLD(&f, "exec 2 @20; ");
	for (int i = 0; i < 100 && !f.told.len; i++)
		CHECK(loop_run_once(f.loop, 10) >= 0);
	CHECK(!strncmp(told(&f), "exit 2 ", 7));
	end(&f);
}

/* This process itself, under a number that is not taken for the agent's. */
TEST(discover_keeps_what_lives)
{
	struct fixture f;
	uint32_t self = (uint32_t)getpid();
	struct perf_record exit = { .type = PERF_EXIT, .pid = self, .tid = self, .ts_ns = 1 };

	begin(&f, NULL);
	f.d.self = 1;
	CHECK(discover_learn(&f.d, self) != NULL);
	CHECK(strstr(told(&f), "map"));
	discover_handle(&f.d, &exit); /* of one that had the number before */
	for (int i = 0; i < 40; i++)
		CHECK(loop_run_once(f.loop, 10) >= 0);
	CHECK(discover_find(&f.d, self) != NULL);
	CHECK_TOLD(&f, "");
	end(&f);
}

TEST(discover_rescans_after_loss)
{
	struct discover_stats stats;
	struct fixture f;

	begin(&f, NULL);
	exec_(&f, 1, "x", 10);
	f.told.len = 0;
	discover_handle(&f.d, &(struct perf_record){ .type = PERF_LOST, .lost = 5 });
	discover_handle(&f.d, &(struct perf_record){ .type = PERF_LOST, .lost = 6 });
	for (int i = 0; i < 500 && discover_find(&f.d, P(1)); i++)
		CHECK(loop_run_once(f.loop, 10) >= 0);
	discover_read_stats(&f.d, &stats);
	CHECK_INT(stats.lost, 11);
	CHECK(stats.scans >= 1);
	CHECK(!discover_find(&f.d, P(1))); /* the scan did not see it */
	CHECK(discover_find(&f.d, (uint32_t)getppid()) != NULL);
	end(&f);
}

TEST(discover_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		const struct probe_filter none = { 0 };
		const struct discover_sink sink = { 0 };
		struct discover *d = NULL;
		struct loop *loop = NULL;

		if (!loop_new(&loop)) {
			struct fixture f = { .loop = loop };
			int r = discover_init(&f.d, loop, &none, &sink);

			CHECK(r == 0 || r == -ENOMEM);
			if (!r) {
				exec_(&f, 1, "x", 10);
				map(&f, 1, SSL, 11);
				fork_(&f, 1, 2, 12);
				exit_(&f, 1, 1, 13);
			}
			discover_release(&f.d);
		}
		loop_free(loop);
		discover_free(d);
	}
}
