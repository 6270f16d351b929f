/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "scout.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct told {
	size_t n;
	int error[8];
	void *arg[8];
	size_t findings[8];
};

static void on_done(void *ctx, void *arg, int fd, int error, const struct findings *f)
{
	struct told *t = ctx;

	CHECK(fd >= 0);
	close(fd);
	t->error[t->n] = error;
	t->arg[t->n] = arg;
	t->findings[t->n++] = f->n;
}

static void add(struct scout *s, const char *path, const struct findings *so_far, void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(scout_add(s, fd, false, so_far, arg), 0);
}

TEST(every_file_is_told_of_once)
{
	struct findings none = { 0 }, one = { .n = 1 };
	struct scout *s = NULL;
	struct loop *l = NULL;
	struct told told = { 0 };
	int a, b, c;

	CHECK_INT(loop_new(&l), 0);
	CHECK_INT(scout_new(&s, l, on_done, &told), 0);
	finding_note(&one.finding[0], "known before");
	add(s, "/proc/self/exe", &none, &a);
	add(s, "/proc/self/exe", &one, &b);
	add(s, "/dev/null", &none, &c);
	CHECK_INT(scout_pending(s), 3);
	for (int i = 0; i < 100 && scout_pending(s); i++)
		loop_run_once(l, 1000);
	CHECK_INT(told.n, 3);
	CHECK_INT(told.error[0], 0);
	CHECK(told.arg[0] == &a && told.arg[1] == &b && told.arg[2] == &c);
	CHECK_INT(told.findings[0], 0);
	CHECK_INT(told.findings[1], 1); /* kept */
	CHECK_INT(told.error[2], -EINVAL);
	scout_free(s);
	loop_free(l);
}

TEST(what_is_queued_at_the_end_is_told_of_too)
{
	struct findings none = { 0 };
	struct scout *s = NULL;
	struct loop *l = NULL;
	struct told told = { 0 };

	CHECK_INT(loop_new(&l), 0);
	CHECK_INT(scout_new(&s, l, on_done, &told), 0);
	for (int i = 0; i < 8; i++)
		add(s, "/proc/self/exe", &none, NULL);
	scout_free(s);
	CHECK_INT(told.n, 8);
	for (size_t i = 0; i < told.n; i++)
		CHECK(!told.error[i] || told.error[i] == -ECANCELED);
	loop_free(l);
}
