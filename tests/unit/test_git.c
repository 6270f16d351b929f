/* SPDX-License-Identifier: Apache-2.0 */
#include "git.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <sys/stat.h>

TEST(git_heads)
{
	static const struct {
		const char *text, *branch, *commit;
	} rows[] = {
		{ "ref: refs/heads/main\n", "main", "" },
		{ "ref: refs/heads/feature/a b\n", "feature/a b", "" },
		{ "0123456789abcdef0123456789abcdef01234567\n", "",
		  "0123456789abcdef0123456789abcdef01234567" },
		{ "0123456789abcdef0123456789abcdef0123456Z\n", "", "" },
		{ "ref: refs/tags/x", "", "" },
		{ "", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct git g;

		test_row("%s", rows[i].text);
		git_init(&g);
		git_parse_head(&g, slice_from(rows[i].text));
		CHECK(slice_eq(buf_slice(&g.branch), slice_from(rows[i].branch)));
		CHECK(slice_eq(buf_slice(&g.commit), slice_from(rows[i].commit)));
		git_release(&g);
	}
	test_row(NULL);
}

TEST(git_configs)
{
	static const struct {
		const char *text, *url, *name;
	} rows[] = {
		{ "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = "
		  "https://host/team/repo.git\n",
		  "https://host/team/repo.git", "repo" },
		{ "[remote \"origin\"]\nURL=git@host:team/repo.git\n", "host:team/repo.git",
		  "repo" },
		{ "[remote \"origin\"]\nurl = host:repo\n", "host:repo", "repo" },
		/* Neither user nor password, nor a token behind a question mark. */
		{ "[remote \"origin\"]\nurl = https://me:s3cret@host/r/\n", "https://host/r/",
		  "r" },
		{ "[remote \"origin\"]\nurl = https://tok@en@host/r?token=s3cret\n",
		  "https://host/r", "r" },
		{ "[remote \"up\"]\nurl = https://host/other\n", "", "" },
		{ "[remote \"origin\"]\npush = x\n[x]\nurl = https://host/other\n", "", "" },
		{ "[remote \"origin\"]\nurl =\n", "", "" },
		{ "[remote \"origin\"", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct git g;

		test_row("%s", rows[i].text);
		git_init(&g);
		git_parse_config(&g, slice_from(rows[i].text));
		CHECK(slice_eq(buf_slice(&g.url), slice_from(rows[i].url)));
		CHECK(slice_eq(buf_slice(&g.name), slice_from(rows[i].name)));
		git_release(&g);
	}
	test_row(NULL);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static void make_dir(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (mkdir(path, 0700))
		abort();
}

/* As `git clone` and `git worktree add` leave them, seen from a directory inside. */
TEST(git_in_directories)
{
	char dir[] = "/tmp/gentap-git-XXXXXX", path[4096];
	struct git g;

	if (!mkdtemp(dir))
		abort();
	make_dir(dir, "a");
	make_dir(dir, "a/.git");
	make_dir(dir, "a/.git/worktrees");
	make_dir(dir, "a/.git/worktrees/b");
	make_dir(dir, "a/src");
	make_dir(dir, "b");
	write_file(dir, "a/.git/HEAD", "ref: refs/heads/main\n");
	write_file(dir, "a/.git/config", "[remote \"origin\"]\n\turl = ssh://git@h/t/x.git\n");
	snprintf(path, sizeof(path), "gitdir: %s/a/.git/worktrees/b\n", dir);
	write_file(dir, "b/.git", path);
	write_file(dir, "a/.git/worktrees/b/HEAD", "ref: refs/heads/topic\n");
	write_file(dir, "a/.git/worktrees/b/commondir", "../..\n");

	git_init(&g);
	snprintf(path, sizeof(path), "%s/a/src", dir);
	CHECK_INT(git_read(&g, (uint32_t)getpid(), path), 0);
	CHECK_STR(buf_slice(&g.branch), "main");
	CHECK_STR(buf_slice(&g.url), "ssh://h/t/x.git");
	git_release(&g);

	git_init(&g);
	snprintf(path, sizeof(path), "%s/b", dir);
	CHECK_INT(git_read(&g, (uint32_t)getpid(), path), 0);
	CHECK_STR(buf_slice(&g.branch), "topic");
	CHECK_STR(buf_slice(&g.name), "x");
	git_release(&g);

	/* Without a remote, the directory's name. */
	write_file(dir, "a/.git/config", "[core]\n");
	git_init(&g);
	snprintf(path, sizeof(path), "%s/a", dir);
	CHECK_INT(git_read(&g, (uint32_t)getpid(), path), 0);
	CHECK_STR(buf_slice(&g.name), "a");
	git_release(&g);

	/* A file that names itself, or nothing, leads nowhere. */
	write_file(dir, "b/.git", "gitdir: .git\n");
	git_init(&g);
	snprintf(path, sizeof(path), "%s/b", dir);
	git_read(&g, (uint32_t)getpid(), path);
	CHECK_INT(g.branch.len, 0);
	CHECK_INT(git_read(&g, (uint32_t)getpid(), "relative"), -EINVAL);
	CHECK_INT(git_read(&g, (uint32_t)getpid(), dir), -ENOENT);
	git_release(&g);
	snprintf(path, sizeof(path), "rm -rf %s", dir);
	CHECK_INT(system(path), 0);
}
