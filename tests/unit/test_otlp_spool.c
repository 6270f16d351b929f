/* SPDX-License-Identifier: Apache-2.0 */
#include "spool.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD 24

static char dir[64];

static void new_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/gentap_spool_XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

/* Calls each(path) for every segment, in order; returns how many there are. */
static size_t each_file(void (*each)(const char *path))
{
	char pattern[128];
	glob_t files = { 0 };
	size_t n;

	snprintf(pattern, sizeof(pattern), "%s/*.seg", dir);
	glob(pattern, 0, NULL, &files);
	n = files.gl_pathc;
	for (size_t i = 0; each && i < n; i++)
		each(files.gl_pathv[i]);
	globfree(&files);
	return n;
}

static void remove_file(const char *path)
{
	CHECK(!unlink(path));
}

static void remove_dir(void)
{
	each_file(remove_file);
	CHECK(!rmdir(dir));
}

static struct spool *open_spool(uint64_t max)
{
	struct spool *s = NULL;

	CHECK_INT(spool_open(&s, dir, max), 0);
	return s;
}

/* "r0", "r1" …, one unit each. */
static void add_records(struct spool *s, int from, int to)
{
	for (int i = from; i < to; i++) {
		char text[16];
		int len = snprintf(text, sizeof(text), "r%d", i);

		CHECK_INT(spool_add(s, (struct slice){ text, (size_t)len }, 1), 0);
	}
}

/* Takes everything out: "r0 r1 …" */
static const char *drain(struct spool *s)
{
	static char text[4096];
	struct buf b = BUF_INIT(1 << 20);
	uint32_t units;
	size_t len = 0;
	int r;

	text[0] = '\0';
	while ((r = spool_peek(s, &b, &units)) == 1 && len < sizeof(text) - 64) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s", len ? " " : "",
					SLICE_FMT(buf_slice(&b)));
		spool_done(s);
	}
	CHECK_INT(r, 0);
	buf_release(&b);
	return text;
}

TEST(in_order_and_over_a_restart)
{
	struct buf b = BUF_INIT(1000);
	struct spool *s, *other = NULL;
	uint32_t units = 0;

	new_dir();
	s = open_spool(1 << 20);
	CHECK_INT(spool_peek(s, &b, &units), 0);
	add_records(s, 0, 3);
	CHECK_INT(spool_add(s, SLICE("many"), 40), 0);
	CHECK_INT(spool_stats(s)->units, 43);
	CHECK_INT(spool_open(&other, dir, 1 << 20), -EBUSY);
	CHECK_INT(spool_peek(s, &b, &units), 1);
	CHECK_SLICE(buf_slice(&b), SLICE("r0"));
	spool_done(s);
	/* Looked at, and not done: it comes again. */
	CHECK_INT(spool_peek(s, &b, &units), 1);
	CHECK_SLICE(buf_slice(&b), SLICE("r1"));
	spool_close(s);
	s = open_spool(1 << 20);
	CHECK_INT(spool_stats(s)->units, 42);
	add_records(s, 3, 5);
	CHECK_STR(slice_from(drain(s)), "r1 r2 many r3 r4");
	CHECK_INT(spool_stats(s)->units, 0);
	CHECK_INT(spool_stats(s)->bytes, 0);
	CHECK_INT(each_file(NULL), 0);
	spool_close(s);
	buf_release(&b);
	remove_dir();
}

static void check_mode(const char *path)
{
	struct stat st;

	CHECK(!stat(path, &st));
	CHECK_INT(st.st_mode & 0777, 0600);
}

TEST(nobody_else_may_read_it)
{
	char deep[sizeof(dir) + 32];
	struct spool *s = NULL;
	struct stat st;

	new_dir();
	snprintf(deep, sizeof(deep), "%s/a/b", dir);
	CHECK_INT(spool_open(&s, deep, 1 << 20), 0);
	spool_close(s);
	CHECK(!stat(deep, &st));
	CHECK_INT(st.st_mode & 0777, 0700);
	CHECK(!rmdir(deep));
	snprintf(deep, sizeof(deep), "%s/a", dir);
	CHECK(!rmdir(deep));
	s = open_spool(1 << 20);
	add_records(s, 0, 1);
	each_file(check_mode);
	spool_close(s);
	remove_dir();
}

TEST(at_the_ceiling_the_oldest_go)
{
	static char filler[20000], huge[400000];
	const uint64_t max = sizeof(huge);
	struct buf b = BUF_INIT(1 << 20);
	struct spool *s;
	uint32_t units;
	uint64_t added = 0;

	memset(filler, 'x', sizeof(filler));
	new_dir();
	s = open_spool(max);
	for (int i = 0; i < 100; i++) {
		snprintf(filler, 16, "%06d", i);
		CHECK_INT(spool_add(s, (struct slice){ filler, sizeof(filler) }, 3), 0);
		added += 3;
		CHECK(spool_stats(s)->bytes <= max);
		CHECK_INT(spool_stats(s)->units + spool_stats(s)->dropped, added);
	}
	CHECK(spool_stats(s)->dropped > 0);
	/* What is with somebody stays, whatever comes. */
	CHECK_INT(spool_peek(s, &b, &units), 1);
	memcpy(filler, b.data, 8);
	for (int i = 0; i < 60; i++)
		spool_add(s, (struct slice){ "later", 5 }, 1), added++;
	CHECK(!memcmp(filler, b.data, 8));
	spool_done(s);
	spool_put_back(s);
	CHECK_INT(spool_stats(s)->units + spool_stats(s)->dropped + 3, added);
	/* One that is too large for all of it. */
	CHECK_INT(spool_add(s, (struct slice){ huge, max }, 1), -ENOSPC);
	spool_close(s);
	buf_release(&b);
	remove_dir();
}

static off_t cut_to;
static off_t flip_at;

static void cut(const char *path)
{
	CHECK(!truncate(path, cut_to));
}

static void flip(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c = 0;

	CHECK(pread(fd, &c, 1, flip_at) == 1);
	c ^= 0x20;
	CHECK(pwrite(fd, &c, 1, flip_at) == 1);
	close(fd);
}

/* A write that was torn: whatever was whole before it is there. */
TEST(cut_off_at_every_byte)
{
	const off_t record = HEAD + 2, whole = 3 * record;

	for (cut_to = 0; cut_to <= whole; cut_to++) {
		static const char *const want[] = { "", "r0", "r0 r1", "r0 r1 r2" };
		struct spool *s;

		test_row("%ld of %ld bytes", (long)cut_to, (long)whole);
		new_dir();
		s = open_spool(1 << 20);
		add_records(s, 0, 3);
		spool_close(s);
		each_file(cut);
		s = open_spool(1 << 20);
		CHECK_INT(spool_stats(s)->damaged, cut_to % record != 0);
		CHECK_INT(spool_stats(s)->units, cut_to / record);
		add_records(s, 7, 8);
		CHECK(slice_starts(slice_from(drain(s)), slice_from(want[cut_to / record])));
		spool_close(s);
		remove_dir();
	}
	test_row(NULL);
}

/* A byte that is not what was written: never delivered as if it were. */
TEST(damaged_at_every_byte)
{
	const off_t record = HEAD + 2;

	for (flip_at = 0; flip_at < 3 * record; flip_at++) {
		struct slice rest;
		struct spool *s;

		test_row("byte %ld", (long)flip_at);
		new_dir();
		s = open_spool(1 << 20);
		add_records(s, 0, 3);
		spool_close(s);
		each_file(flip);
		s = open_spool(1 << 20);
		rest = slice_from(drain(s));
		/* But for the byte of state, something is found to be missing. */
		CHECK(spool_stats(s)->damaged || flip_at % record == 4);
		while (rest.data && rest.len) {
			struct slice one = slice_cut(&rest, ' ');

			CHECK(slice_eq(one, SLICE("r0")) || slice_eq(one, SLICE("r1")) ||
			      slice_eq(one, SLICE("r2")));
		}
		spool_close(s);
		remove_dir();
	}
	test_row(NULL);
}

/* Killed at any moment: what was added is there once, in order, but for what was done. */
TEST(killed_while_it_works)
{
	new_dir();
	for (int round = 0; round < 20; round++) {
		int added = 0, taken = 0, pipes[2];
		struct buf b = BUF_INIT(1000);
		struct spool *s;
		uint32_t units;
		pid_t child;
		char what;

		CHECK(!pipe(pipes));
		child = fork();
		if (!child) {
			s = open_spool(1 << 24);
			for (int i = 0; i < 1000000; i++) {
				char text[16];
				int len = snprintf(text, sizeof(text), "r%d", i);

				if (spool_add(s, (struct slice){ text, (size_t)len }, 1) ||
				    write(pipes[1], "a", 1) != 1)
					_exit(1);
				if (i % 3 == 2 && spool_peek(s, &b, &units) == 1) {
					spool_done(s);
					if (write(pipes[1], "t", 1) != 1)
						_exit(1);
				}
			}
			_exit(1);
		}
		close(pipes[1]);
		usleep(2000 + (useconds_t)round * 700);
		kill(child, SIGKILL);
		while (read(pipes[0], &what, 1) == 1)
			*(what == 'a' ? &added : &taken) += 1;
		close(pipes[0]);
		waitpid(child, NULL, 0);
		s = open_spool(1 << 24);
		/* One that was just being added or done may be either, and the first of a page at a
		 * time. */
		CHECK(spool_stats(s)->damaged <= 1);
		CHECK(spool_stats(s)->units + 1 >= (uint64_t)(added - taken));
		CHECK(spool_stats(s)->units <= (uint64_t)(added - taken) + 1);
		for (int i = -1; spool_peek(s, &b, &units) == 1; i++) {
			char want[16];

			if (i < 0) {
				i = taken;
				snprintf(want, sizeof(want), "r%d", taken);
				i += !slice_eq(buf_slice(&b), slice_from(want));
			}
			snprintf(want, sizeof(want), "r%d", i);
			CHECK_STR(buf_slice(&b), want);
			spool_done(s);
		}
		spool_close(s);
		buf_release(&b);
	}
	remove_dir();
}

/* Adds until the sync of the first is under way; each ends, and another follows what came. */
TEST(synced_without_waiting)
{
	struct spool *s;
	int rounds = 0;

	new_dir();
	s = open_spool(1 << 20);
	CHECK_INT(spool_stats(s)->unsynced, 0);
	add_records(s, 0, 3);
	CHECK_INT(spool_stats(s)->unsynced, 3 * (HEAD + 2));
	for (; spool_stats(s)->unsynced && rounds < 10; rounds++) {
		struct pollfd p = { .fd = spool_fd(s), .events = POLLIN };

		CHECK_INT(poll(&p, 1, 20000), 1);
		spool_synced(s);
	}
	CHECK(rounds > 0 && rounds < 10);
	CHECK_INT(spool_stats(s)->sync_failures, 0);
	CHECK_STR(slice_from(drain(s)), "r0 r1 r2");
	CHECK_INT(spool_stats(s)->unsynced, 0);
	spool_close(s);
	remove_dir();
}

TEST(where_it_cannot_be)
{
	struct spool *s = NULL;

	CHECK_INT(spool_open(&s, "/dev/null/x", 1000), -ENOTDIR);
	CHECK_INT(spool_open(&s, "", 1000), -ENAMETOOLONG);
	spool_close(NULL);
}
