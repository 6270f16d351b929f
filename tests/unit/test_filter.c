/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "filter.h"
#include "test.h"

#include <errno.h>

static const char *const python[] = { "python*", "node", NULL };
static const char *const long_name[] = { "a-very-long-program-name", NULL };
static const char *const nothing[] = { NULL };
static const char *const opt[] = { "/opt/*", NULL };
static const char *const base[] = { "python3.1?", "[cd]laude", NULL };
static const uint32_t pids[] = { 7, 8, 0 };
static const uint32_t users[] = { 1000, 1001, 0 };
static const uint32_t root[] = { 0, 0 };
static const uint32_t root_too[] = { 0, 1000, 0 };

static const struct {
	const char *name;
	struct probe_filter filter;
	struct filter_subject subject;
	bool want;
} rows[] = {
	{ "no condition", { 0 }, { false, "x", "/x", 0 }, true },
	{ "nothing known", { 0 }, { 0 }, true },
	{ "family", { .pids = pids }, { .family = true }, true },
	{ "not family", { .pids = pids }, { .family = false }, false },
	{ "comm", { .comms = python }, { .comm = "python3" }, true },
	{ "second comm", { .comms = python }, { .comm = "node" }, true },
	{ "other comm", { .comms = python }, { .comm = "nodejs" }, false },
	{ "no comm known", { .comms = python }, { .exe = "/usr/bin/node" }, false },
	{ "empty list", { .comms = nothing }, { .comm = "x" }, false },
	{ "comm cut by the kernel", { .comms = long_name }, { .comm = "a-very-long-pro" }, true },
	{ "shorter than the cut", { .comms = long_name }, { .comm = "a-very-long-pr" }, false },
	{ "path", { .exes = opt }, { .exe = "/opt/a/b" }, true },
	{ "other path", { .exes = opt }, { .exe = "/usr/opt/a" }, false },
	{ "last component", { .exes = base }, { .exe = "/usr/bin/python3.11" }, true },
	{ "bracket", { .exes = base }, { .exe = "/x/claude" }, true },
	{ "component is longer", { .exes = base }, { .exe = "/x/claude-2" }, false },
	{ "exe not known", { .exes = base }, { .comm = "claude" }, false },
	{ "uid", { .uids = users }, { .uid = 1001 }, true },
	{ "other uid", { .uids = users }, { .uid = 1002 }, false },
	{ "root is not in it", { .uids = users }, { .uid = 0 }, false },
	{ "root", { .uids = root }, { .uid = 0 }, true },
	{ "root only", { .uids = root }, { .uid = 1000 }, false },
	{ "root and another", { .uids = root_too }, { .uid = 1000 }, true },
	{ "excluded comm", { .exclude_comms = python }, { .comm = "python3" }, false },
	{ "not excluded", { .exclude_comms = python }, { .comm = "ruby" }, true },
	{ "unknown is not excluded",
	  { .exclude_comms = python, .exclude_exes = opt },
	  { 0 },
	  true },
	{ "excluded exe", { .exclude_exes = base }, { .exe = "/x/claude" }, false },
	{ "excluded uid", { .exclude_uids = root }, { .uid = 0 }, false },
	{ "not excluded uid", { .exclude_uids = root }, { .uid = 5 }, true },
	{ "excluded wins",
	  { .comms = python, .exclude_uids = users },
	  { .comm = "node", .uid = 1000 },
	  false },
	{ "all of them",
	  { .pids = pids, .comms = python, .exes = opt, .uids = users },
	  { true, "python3", "/opt/python3", 1000 },
	  true },
	{ "all but one",
	  { .pids = pids, .comms = python, .exes = opt, .uids = users },
	  { true, "python3", "/usr/python3", 1000 },
	  false },
};

TEST(filter_decides)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		CHECK_INT(filter_passes(&rows[i].filter, &rows[i].subject), rows[i].want);
	}
}

/* A copy decides alike, whatever becomes of the lists it was made from. */
TEST(filter_copies)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct probe_filter copy;

		test_row("%s", rows[i].name);
		CHECK_INT(filter_copy(&copy, &rows[i].filter), 0);
		CHECK_INT(filter_needs(&copy), filter_needs(&rows[i].filter));
		CHECK_INT(filter_passes(&copy, &rows[i].subject), rows[i].want);
		filter_release(&copy);
		CHECK_INT(filter_needs(&copy), 0);
	}
	EACH_MALLOC_FAILURE
	{
		const struct probe_filter f = { .pids = pids,
						.comms = python,
						.exes = opt,
						.uids = users,
						.exclude_comms = long_name,
						.exclude_exes = base,
						.exclude_uids = root };
		struct probe_filter copy = { 0 };
		int r = filter_copy(&copy, &f);

		CHECK(r == 0 || r == -ENOMEM);
		CHECK_INT(filter_needs(&copy),
			  r ? 0 : FILTER_FAMILY | FILTER_COMM | FILTER_EXE | FILTER_UID);
		filter_release(&copy);
	}
}

TEST(filter_names_pids)
{
	const struct probe_filter f = { .pids = pids };

	CHECK(filter_has_pid(&f, 8));
	CHECK(!filter_has_pid(&f, 9));
	CHECK(!filter_has_pid(&f, 0));
	CHECK(!filter_has_pid(&rows[0].filter, 7));
	CHECK_INT(filter_needs(&f), FILTER_FAMILY);
}
