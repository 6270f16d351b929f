/* SPDX-License-Identifier: Apache-2.0 */
#include "container_name.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT(literal) SLICE(literal) /* with its NULs */

TEST(of_conmon)
{
	static const char other[] = "1" ID;
	const struct {
		struct slice arguments;
		const char *want;
	} rows[] = {
		{ TEXT("/usr/bin/conmon\0--api-version\0001\0-c\0" ID "\0-u\0" ID
		       "\0-r\0/usr/bin/runc\0-n\0web-1.a_b\0--exit-command-arg\0container\0"),
		  "web-1.a_b" },
		{ TEXT("conmon\0-n\0web\0-c\0" ID), "web" },
		{ TEXT("conmon\0-n\0web\0-c\0" ID "\0"), "web" },
		/* Another's, somebody else's, none's. */
		{ TEXT("conmon\0-c\0fedcba\0-n\0web\0"), NULL },
		{ TEXT("sh\0-c\0" ID "\0-n\0web\0"), NULL },
		{ TEXT("conmon\0-c\0" ID "\0"), NULL },
		{ TEXT("conmon\0-c\0" ID "\0-n\0"), NULL },
		{ TEXT("conmon\0-c\0" ID "\0-n\0\0"), NULL },
		/* What looks like an option is another one's value. */
		{ TEXT("conmon\0-c\0" ID "\0-b\0-n\0web\0"), NULL },
		/* No name that an engine gives. */
		{ TEXT("conmon\0-c\0" ID "\0-n\0-x\0"), NULL },
		{ TEXT("conmon\0-c\0" ID "\0-n\0a b\0"), NULL },
		{ TEXT("conmon"), NULL },
		{ TEXT(""), NULL },
		{ SLICE_NONE, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("row %zu", i);
		CHECK_STR(container_name_of_conmon(rows[i].arguments, SLICE(ID)), rows[i].want);
	}
	test_row(NULL);
	CHECK(!container_name_of_conmon(rows[0].arguments, slice_from(other)).data);
}

TEST(of_docker)
{
	static const struct {
		const char *config, *want;
	} rows[] = {
		{ "{\"ID\":\"" ID "\",\"Name\":\"/web-1\",\"Driver\":\"overlay2\"}", "web-1" },
		{ "{\"MountPoints\":{\"/d\":{\"Name\":\"vol\"}},\"Name\":\"/db\"}", "db" },
		{ "{\"Name\":\"vol\"}", NULL },
		{ "{\"Name\":\"/", NULL },
		{ "{\"Name\":\"/cut", NULL },
		{ "{\"Name\":\"/\"}", NULL },
		{ "{\"Name\":\"/a/b\"}", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].config ? rows[i].config : "-");
		CHECK_STR(container_name_of_docker(slice_from(rows[i].config)), rows[i].want);
	}
	test_row(NULL);
}

TEST(of_a_process)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(CONTAINER_NAME_MAX);
	struct process *p = NULL;

	CHECK_INT(process_new(&p), 0);
	CHECK_INT(container_name_read(p, &name), -ENOENT);
	p->container_id = strdup(ID);
	p->ancestors[0] = (uint32_t)getpid(); /* no conmon */
	p->n_ancestors = 1;
	CHECK_INT(container_name_read(p, &name), -ENOENT);
	EACH_MALLOC_FAILURE
	{
		int r = container_name_read(p, &name);

		CHECK(r == -ENOENT || r == -ENOMEM);
	}
	process_unref(p);
}
