/* SPDX-License-Identifier: Apache-2.0 */
#include "boards.h"
#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>

#define WIDGET "{\"kind\":\"line\",\"query\":\"count\",\"x\":0,\"y\":0,\"w\":6,\"h\":4}"

TEST(names)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = { { "spend", true },	  { "a-1", true },  { "", false },
		     { "../etc", false }, { "A", false },   { "a.json", false },
		     { "a/b", false },	  { "a b", false }, { "\xc3\xa4", false } };
	char longest[66];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		CHECK_INT(board_name_ok(slice_from(rows[i].name)), rows[i].ok);
	}
	memset(longest, 'a', sizeof(longest));
	CHECK(board_name_ok((struct slice){ longest, 64 }));
	CHECK(!board_name_ok((struct slice){ longest, 65 }));
}

TEST(problems)
{
	static const struct {
		const char *text;
		bool fine;
	} rows[] = {
		{ "{\"title\":\"t\",\"widgets\":[]}", true },
		{ "{\"title\":\"t\",\"widgets\":[" WIDGET "," WIDGET "]}", true },
		{ "{\"title\":\"t\",\"widgets\":[{\"kind\":\"part\",\"query\":\"spend model\","
		  "\"x\":0,\"y\":0,\"w\":6,\"h\":4}]}",
		  true },
		{ "[]", false },
		{ "", false },
		{ "{\"title\":\"t\"}", false },
		{ "{\"title\":1,\"widgets\":[]}", false },
		{ "{\"widgets\":[]}", false },
		{ "{\"title\":\"t\",\"widgets\":[1]}", false },
		{ "{\"title\":\"t\",\"widgets\":[{}]}", false },
		{ "{\"title\":\"t\",\"widgets\":[" WIDGET, false },
		{ "{\"title\":\"t\",\"widgets\":[{\"kind\":\"pie\",\"query\":\"count\",\"x\":0,"
		  "\"y\":0,\"w\":6,\"h\":4}]}",
		  false },
		{ "{\"title\":\"t\",\"widgets\":[{\"kind\":\"big\",\"query\":\"count\",\"x\":8,"
		  "\"y\":0,\"w\":6,\"h\":4}]}",
		  false },
		{ "{\"title\":\"t\",\"widgets\":[{\"kind\":\"big\",\"query\":\"count\",\"x\":0.5,"
		  "\"y\":0,\"w\":6,\"h\":4}]}",
		  false },
		{ "{\"title\":\"t\",\"widgets\":[{\"kind\":\"big\",\"x\":0,\"y\":0,\"w\":6,\"h\":4}"
		  "]}",
		  false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].text);
		CHECK_INT(!board_problem(slice_from(rows[i].text)), rows[i].fine);
	}
}

struct seen {
	size_t own, all;
	bool spend;
};

static void see(void *ctx, struct slice name, bool own)
{
	struct seen *s = ctx;

	s->all++;
	s->own += own;
	s->spend |= slice_eq(name, SLICE("spend"));
}

TEST(files_of_a_folder)
{
	char folder[] = "/tmp/test_boards.XXXXXX";
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX * 2);
	struct slice board = SLICE("{\"title\":\"t\",\"widgets\":[" WIDGET "]}");
	struct seen before = { 0 }, after = { 0 };
	int fd;

	CHECK(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	board_each(fd, see, &before);
	CHECK(before.all > 0);
	CHECK_INT(before.own, 0);
	CHECK_INT(board_write(fd, SLICE("spend"), board), 0);
	CHECK_INT(board_read(fd, SLICE("spend"), &text), 0);
	CHECK_SLICE(buf_slice(&text), board);
	/* One of ours hides what comes with the program, until it is removed. */
	CHECK_INT(board_write(fd, SLICE("seed"), board), 0);
	board_each(fd, see, &after);
	CHECK_INT(after.all, before.all + 1);
	CHECK_INT(after.own, 2);
	CHECK(after.spend);
	CHECK_INT(board_remove(fd, SLICE("seed")), 0);
	CHECK_INT(board_remove(fd, SLICE("seed")), -ENOENT);
	buf_reset(&text, 0);
	CHECK_INT(board_read(fd, SLICE("seed"), &text), 0);
	CHECK(!board_problem(buf_slice(&text)));
	CHECK_INT(board_read(fd, SLICE("none"), &text), -ENOENT);
	CHECK_INT(board_read(fd, SLICE("../x"), &text), -EINVAL);
	CHECK_INT(board_write(-1, SLICE("spend"), board), -EROFS);
	CHECK_INT(board_remove(fd, SLICE("spend")), 0);
	close(fd);
	rmdir(folder);
}

/* What comes with the program is right. */
static void check_built_in(void *ctx, struct slice name, bool own)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX * 2);

	(void)ctx;
	(void)own;
	test_row("%.*s", SLICE_FMT(name));
	CHECK_INT(board_read(-1, name, &text), 0);
	CHECK(!board_problem(buf_slice(&text)));
}

TEST(built_in)
{
	board_each(-1, check_built_in, NULL);
}
