/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_place.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char base[64];

static void new_base(void)
{
	snprintf(base, sizeof(base), "/tmp/gentap_place_XXXXXX");
	CHECK(mkdtemp(base) != NULL);
}

static void remove_base(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/key", base);
	CHECK(!unlink(path));
	CHECK(!rmdir(base));
}

static const struct otlp_options one = {
	.signal = OTLP_TRACES,
	.endpoint = "http://collector:4318/v1/traces?k=SECRET",
	.headers = "x-tenant=a,authorization=Bearer%20abc",
};

static char *place(const struct spool_place *p, const struct otlp_options *o)
{
	char *dir = NULL;

	CHECK_INT(spool_place_for(p, o, &dir), 0);
	return dir;
}

TEST(one_directory_each)
{
	static const struct {
		const char *name;
		struct otlp_options options;
		bool same;
	} rows[] = {
		{ "itself", one, true },
		{ "its headers in another order",
		  { .endpoint = "http://collector:4318/v1/traces?k=SECRET",
		    .headers = "authorization=Bearer%20abc, x-tenant=a" },
		  true },
		{ "another tenant",
		  { .endpoint = "http://collector:4318/v1/traces?k=SECRET",
		    .headers = "x-tenant=b,authorization=Bearer%20abc" },
		  false },
		{ "no headers", { .endpoint = "http://collector:4318/v1/traces?k=SECRET" }, false },
		{ "one header twice",
		  { .endpoint = "http://collector:4318/v1/traces?k=SECRET",
		    .headers = "x-tenant=a,authorization=Bearer%20abc,x-tenant=a" },
		  false },
		{ "another key in its URL",
		  { .endpoint = "http://collector:4318/v1/traces?k=OTHER",
		    .headers = "x-tenant=a,authorization=Bearer%20abc" },
		  false },
		{ "another signal",
		  { .signal = OTLP_LOGS,
		    .endpoint = "http://collector:4318/v1/traces?k=SECRET",
		    .headers = "x-tenant=a,authorization=Bearer%20abc" },
		  false },
		{ "compressed",
		  { .endpoint = "http://collector:4318/v1/traces?k=SECRET",
		    .headers = "x-tenant=a,authorization=Bearer%20abc",
		    .gzip = true },
		  false },
		{ "another client",
		  { .endpoint = "http://collector:4318/v1/traces?k=SECRET",
		    .headers = "x-tenant=a,authorization=Bearer%20abc",
		    .client_certificate = "/a.pem" },
		  false },
	};
	struct spool_place p, again;
	_cleanup_free_ char *first = NULL;

	new_base();
	CHECK_INT(spool_place_init(&p, base), 0);
	CHECK_INT(spool_place_init(&again, base), 0);
	CHECK(!memcmp(p.key, again.key, sizeof(p.key)));
	first = place(&p, &one);
	CHECK(!strstr(first, "SECRET") && !strstr(first, "abc"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_free_ char *dir = place(&again, &rows[i].options);

		test_row("%s", rows[i].name);
		CHECK_INT(!strcmp(dir, first), rows[i].same);
	}
	test_row(NULL);
	remove_base();
}

TEST(the_key_is_one_machine_s_and_nobody_else_s)
{
	struct spool_place p, q;
	_cleanup_free_ char *first = NULL, *second = NULL;
	char path[80];
	struct stat st;

	new_base();
	snprintf(path, sizeof(path), "%s/key", base);
	CHECK_INT(spool_place_init(&p, base), 0);
	first = place(&p, &one);
	CHECK(!stat(path, &st));
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK(!truncate(path, 3)); /* damaged: another is made */
	CHECK_INT(spool_place_init(&q, base), 0);
	second = place(&q, &one);
	CHECK(strcmp(first + strlen(base), second + strlen(base)) != 0);
	remove_base();
	CHECK_INT(spool_place_init(&p, "/dev/null/x"), -ENOTDIR);
}

struct found {
	char dir[128];
	uint64_t bytes;
	int n;
};

static void on_orphan(void *ctx, const char *dir, uint64_t bytes)
{
	struct found *f = ctx;

	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	f->bytes = bytes;
	f->n++;
}

TEST(what_nobody_sends_is_found)
{
	static const char *const dirs[] = { "traces-1", "traces-2", "logs-3", "else-4" };
	struct found f = { 0 };
	struct spool_place p;
	char path[128], used_dir[128];
	const char *used[] = { NULL, used_dir };

	new_base();
	CHECK_INT(spool_place_init(&p, base), 0);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%s", base, dirs[i]);
		CHECK(!mkdir(path, 0700));
		if (i == 2) /* nothing waits there */
			continue;
		snprintf(path, sizeof(path), "%s/%s/00000001.seg", base, dirs[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK(fd >= 0 && write(fd, "12345", 5) == 5);
		close(fd);
	}
	snprintf(used_dir, sizeof(used_dir), "%s/traces-1", base);
	spool_place_orphans(&p, used, ARRAY_LEN(used), on_orphan, &f);
	CHECK_INT(f.n, 1);
	CHECK_INT(f.bytes, 5);
	snprintf(path, sizeof(path), "%s/traces-2", base);
	CHECK_STR(slice_from(f.dir), path);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s/00000001.seg", base, dirs[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", base, dirs[i]);
		CHECK(!rmdir(path));
	}
	remove_base();
}
