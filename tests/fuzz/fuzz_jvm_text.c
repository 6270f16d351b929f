/* SPDX-License-Identifier: Apache-2.0 */
/* What a JVM's /proc/PID/status and its answer may hold: the reading of either ends, and gives
 * the same again for its own words. */
#include "jvm_text.h"

#include "fuzz.h"

static void check_status(struct slice in)
{
	struct jvm_status s, again;
	char text[256];

	if (jvm_parse_status(in, &s))
		return;
	snprintf(text, sizeof(text), "Uid:\t0\t%u\nGid:\t0\t%u\nNSpid:\t1\t%u\nSigCgt:\t%x\n",
		 s.uid, s.gid, s.inner_pid, s.handles_quit ? 4 : 0);
	REQUIRE(!jvm_parse_status(slice_from(text), &again));
	REQUIRE(s.uid == again.uid && s.gid == again.gid && s.inner_pid == again.inner_pid);
	REQUIRE(s.handles_quit == again.handles_quit);
}

/* The first line decides: nothing that follows mends it, and a good one begins with 0. */
static void check_answer(struct slice in)
{
	struct slice rest = in, first = slice_trim(slice_cut(&rest, '\n'));

	if (!jvm_parse_answer(in))
		REQUIRE(slice_eq(first, SLICE("0")) && slice_find(rest, SLICE("0")) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	char command[JVM_COMMAND_MAX];
	char *path = strndup(in.data, in.len);
	int n = path ? jvm_make_command(command, path, size % 2 ? "on" : "off") : 0;

	REQUIRE(n <= JVM_COMMAND_MAX && (n <= 0 || !command[n - 1]));
	free(path);
	check_status(in);
	check_answer(in);
	return 0;
}
