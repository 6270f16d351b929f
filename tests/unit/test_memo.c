/* SPDX-License-Identifier: Apache-2.0 */
/* What was kept is used only when nothing speaks against it. */
#include "cleanup.h"
#include "memo.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const char code[] = "the code of a function, then that of another one";

/* A directory with a file of code in it. */
struct place {
	char dir[64], file[80], cache[80];
	int fd;
};

static void put(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text.data, text.len), text.len);
	close(fd);
}

static struct place place(void)
{
	struct place p = { .dir = "/tmp/gentap-memo-XXXXXX" };

	CHECK(mkdtemp(p.dir));
	snprintf(p.file, sizeof(p.file), "%s/code", p.dir);
	snprintf(p.cache, sizeof(p.cache), "%s/located", p.dir);
	put(p.file, (struct slice){ code, sizeof(code) });
	p.fd = open(p.file, O_RDWR | O_CLOEXEC);
	return p;
}

static void clear(struct place *p)
{
	close(p->fd);
	unlink(p->file);
	unlink(p->cache);
	rmdir(p->dir);
}

static const struct memo_key key = { 1, 2, 3, -4 };

static void put_findings(struct memo *m, const struct place *p)
{
	struct findings f = { .n = 2 };

	f.finding[0].stack = STACK_BORINGSSL;
	finding_note(&f.finding[0], "%s", "a note with spaces");
	points_add(&f.finding[0].points, ROLE_BORINGSSL_WRITE, false, 4);
	points_add(&f.finding[0].points, ROLE_RETURN, true, 4);
	points_add(&f.finding[0].points, ROLE_BORINGSSL_READ, false, 20);
	f.finding[1].stack = STACK_GNUTLS;
	memo_put(m, &key, p->fd, &f);
}

static void check_findings(const struct findings *f)
{
	CHECK(f);
	if (!f)
		return;
	CHECK_INT(f->n, 2);
	CHECK_INT(f->finding[0].stack, STACK_BORINGSSL);
	CHECK_STR(slice_from(f->finding[0].note), "a note with spaces");
	CHECK_INT(f->finding[0].points.n, 3);
	CHECK_INT(f->finding[0].points.point[1].role, ROLE_RETURN);
	CHECK(f->finding[0].points.point[1].at_return);
	CHECK_INT(f->finding[0].points.point[2].offset, 20);
	CHECK_INT(f->finding[1].stack, STACK_GNUTLS);
	CHECK_STR(slice_from(f->finding[1].note), "");
}

static struct memo *open_memo(const struct place *p, const char *want_problem)
{
	struct memo *m = NULL;
	const char *problem;

	CHECK_INT(memo_new(&m, p->dir, &problem), 0);
	CHECK_STR(slice_from(problem), want_problem);
	return m;
}

TEST(kept_across_runs)
{
	struct place p = place();
	struct memo *m = open_memo(&p, NULL);
	struct memo_key other = key;
	struct findings none = { 0 };
	struct stat st;

	other.mtime_ns++;
	CHECK(!memo_get(m, &key, p.fd));
	put_findings(m, &p);
	memo_put(m, &other, p.fd, &none);
	check_findings(memo_get(m, &key, p.fd));
	memo_free(m);
	CHECK_INT(stat(p.cache, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	m = open_memo(&p, NULL);
	check_findings(memo_get(m, &key, p.fd));
	CHECK(memo_get(m, &other, p.fd) && !memo_get(m, &other, p.fd)->n);
	memo_free(m);
	clear(&p);
}

TEST(other_code_under_a_point_is_another_file)
{
	static const size_t changes[] = { 4, 19, 20 };

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct place p = place();
		struct memo *m = open_memo(&p, NULL);

		test_row("byte %zu", changes[i]);
		put_findings(m, &p);
		CHECK_INT(pwrite(p.fd, "!", 1, (off_t)changes[i]), 1);
		CHECK(!memo_get(m, &key, p.fd));
		CHECK_INT(pwrite(p.fd, &code[changes[i]], 1, (off_t)changes[i]), 1);
		CHECK(!memo_get(m, &key, p.fd)); /* forgotten, not hidden */
		memo_free(m);
		clear(&p);
	}
}

static struct slice read_cache(const struct place *p, char text[4096])
{
	int fd = open(p->cache, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, 4096);

	close(fd);
	CHECK(n > 0);
	return (struct slice){ text, (size_t)n };
}

/* Every byte changed, every length cut: read as damaged, or as of another build, never used. */
TEST(a_damaged_cache_is_ignored)
{
	struct place p = place();
	struct memo *m = open_memo(&p, NULL);
	char text[4096];
	const char *problem;
	struct slice all;

	put_findings(m, &p);
	memo_free(m);
	all = read_cache(&p, text);
	for (size_t i = 0; i < all.len; i++) {
		for (int cut = 0; cut < 2; cut++) {
			test_row("byte %zu %s", i, cut ? "cut" : "changed");
			text[i] ^= 1;
			put(p.cache, cut ? slice_sub(all, 0, i) : all);
			text[i] ^= 1;
			CHECK_INT(memo_new(&m, p.dir, &problem), 0);
			CHECK_STR(slice_from(problem), "it is damaged");
			CHECK(!memo_get(m, &key, p.fd));
			memo_free(m);
		}
	}
	clear(&p);
}

/* With a right sum, as somebody may write it who knows how. */
TEST(a_hostile_cache_is_ignored)
{
	static const char *const lines[] = {
		"file 1 2 3 4 9\n",
		"file 1 2 3 4 1\n",
		"file 1 2 3 4\n",
		"file 1 2 3 4 0 0\n",
		"file 1 2 3 4 1\nstack 99 x\n",
		"file 1 2 3 4 1\nstack 0 x\nstack 1 y\n",
		"file 1 2 3 4 1\nstack 0 x\npoint 0 2 4 5\n",
		"file 1 2 3 4 1\nstack 0 x\npoint 200 0 4 5\n",
		"file 1 2 3 4 1\nstack 0 x\npoint 0 0 18446744073709551615 5\n",
		"file 1 2 3 4 0\npoint 0 0 4 5\n",
		"nonsense\n",
	};
	struct place p = place();
	struct memo *m = open_memo(&p, NULL);
	char text[4096];
	struct slice first;

	put_findings(m, &p);
	memo_free(m);
	first = read_cache(&p, text);
	first.len = (size_t)slice_find_char(first, '\n') + 1;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char all[8192];
		int n = snprintf(all, sizeof(all), "%.*s%s", SLICE_FMT(first), lines[i]);

		test_row("%s", lines[i]);
		n += snprintf(all + n, sizeof(all) - (size_t)n, "sum %llu\n",
			      (unsigned long long)slice_hash(SLICE_HASH,
							     (struct slice){ all, (size_t)n }));
		put(p.cache, (struct slice){ all, (size_t)n });
		memo_free(open_memo(&p, "it is damaged"));
	}
	clear(&p);
}

TEST(a_cache_that_others_can_write_is_ignored)
{
	struct place p = place();
	struct memo *m = open_memo(&p, NULL);

	put_findings(m, &p);
	memo_free(m);
	CHECK_INT(chmod(p.cache, 0666), 0);
	m = open_memo(&p, "it is not a file of this user alone");
	CHECK(!memo_get(m, &key, p.fd));
	memo_free(m);
	CHECK_INT(chmod(p.cache, 0600), 0);
	CHECK_INT(chmod(p.dir, 0777), 0);
	memo_free(open_memo(&p, "its directory is not there, or not of this user alone"));
	CHECK_INT(chmod(p.dir, 0700), 0);
	unlink(p.cache);
	CHECK_INT(symlink("/etc/passwd", p.cache), 0);
	memo_free(open_memo(&p, "it cannot be opened"));
	clear(&p);
}

TEST(memory_is_a_need_not_a_right)
{
	struct place p = place();

	EACH_MALLOC_FAILURE
	{
		struct memo *m = NULL;
		const char *problem;

		if (memo_new(&m, p.dir, &problem))
			continue;
		put_findings(m, &p);
		if (memo_get(m, &key, p.fd))
			check_findings(memo_get(m, &key, p.fd));
		memo_free(m);
	}
	clear(&p);
}
