/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes to find the probe points of executables that were never seen before, and how
 * much memory: bench_locate [FILE...], without any this program itself. Each file in a process of
 * its own, so that the memory is that of one search; wall time, the median of ROUNDS, with the file
 * in the page cache.
 */
#include "cleanup.h"
#include "clock.h"
#include "locate/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ROUNDS 5

struct result {
	double quick_ms, slow_ms, cpu_ms;
	long extra_kb;
	size_t points;
	char stacks[80];
};

static double ms_since(uint64_t ns)
{
	return (double)(clock_mono_ns() - ns) / 1e6;
}

static double cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static long peak_kb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void name_stacks(const struct findings *f, struct result *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < f->n && at < sizeof(ret->stacks); i++) {
		ret->points += f->finding[i].points.n;
		at += (size_t)snprintf(ret->stacks + at, sizeof(ret->stacks) - at, "%s%s%s",
				       i ? ", " : "", tls_stack_name(f->finding[i].stack),
				       f->finding[i].points.n ? "" : " (not located)");
	}
}

static int once(int fd, struct result *ret)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct findings f;
	double cpu = cpu_ms();
	uint64_t start = clock_mono_ns();
	int r = elf_open_fd(&e, fd);

	f = (struct findings){ 0 };
	*ret = (struct result){ 0 };
	if (!r)
		r = locate_quick(e, &f);
	ret->quick_ms = ms_since(start);
	start = clock_mono_ns();
	if (!r)
		r = locate_slow(e, &f);
	ret->slow_ms = ms_since(start);
	ret->cpu_ms = cpu_ms() - cpu;
	name_stacks(&f, ret);
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct result *x = a, *y = b;

	return (x->slow_ms > y->slow_ms) - (x->slow_ms < y->slow_ms);
}

static int measure(int fd, struct result *ret)
{
	struct result all[ROUNDS];
	long before = peak_kb();

	for (size_t i = 0; i < ROUNDS; i++) {
		int r = once(fd, &all[i]);

		if (r)
			return r;
	}
	qsort(all, ROUNDS, sizeof(all[0]), by_time);
	*ret = all[ROUNDS / 2];
	ret->extra_kb = peak_kb() - before;
	return 0;
}

/* ---- One file ------------------------------------------------------------------------ */

static void print(const char *name, int fd)
{
	const char *slash = strrchr(name, '/');
	off_t len = lseek(fd, 0, SEEK_END);
	struct result result;
	int r = measure(fd, &result);

	if (r)
		printf("%-28.28s  %s\n", slash ? slash + 1 : name, strerror(-r));
	else
		printf("%-28.28s  %6.1f  %8.2f  %7.1f  %7.1f  %8.1f  %6zu  %s\n",
		       slash ? slash + 1 : name, (double)len / (1 << 20), result.quick_ms,
		       result.slow_ms, result.cpu_ms, (double)result.extra_kb / 1024, result.points,
		       result.stacks);
}

int main(int argc, char **argv)
{
	const char *self = "/proc/self/exe";
	int failed = 0;

	printf("%-28s  %6s  %8s  %7s  %7s  %8s  %6s  %s\n", "file", "MiB", "quick ms", "slow ms",
	       "CPU ms", "more MiB", "points", "stacks");
	fflush(stdout);
	for (int i = 1; i < MAX(argc, 2); i++) {
		const char *name = argc > 1 ? argv[i] : self;
		int fd = open(name, O_RDONLY | O_CLOEXEC), status = 0;
		pid_t pid;

		if (fd < 0) {
			printf("%s: %s\n", name, strerror(errno));
			failed = 1;
			continue;
		}
		fflush(stdout);
		pid = fork();
		if (!pid) {
			print(name, fd);
			fflush(stdout);
			_exit(0);
		}
		close(fd);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			failed = 1;
	}
	return failed;
}
