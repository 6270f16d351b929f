/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "jvm_text.h"
#include "test.h"

#include <errno.h>

#define UID "Uid:\t1000\t1001\t1002\t1003\n"
#define GID "Gid:\t2000\t2001\t2002\t2003\n"
#define PID "NSpid:\t4711\n"
#define CAUGHT "SigCgt:\t2000000181005ccf\n"

static const struct {
	const char *name, *text;
	int want;
	struct jvm_status status;
} rows[] = {
	{ "a JVM of JDK 17",
	  "Name:\tjava\nUmask:\t0022\n" UID GID "FDSize:\t64\n" PID "SigBlk:\t0\n" CAUGHT,
	  0,
	  { 1001, 2001, 4711, true } },
	{ "in another order", CAUGHT PID GID UID, 0, { 1001, 2001, 4711, true } },
	{ "the last line has no end", UID GID CAUGHT "NSpid:\t7", 0, { 1001, 2001, 7, true } },
	{ "in a container: the innermost counts",
	  UID GID "NSpid:\t4711\t52\t1\n" CAUGHT,
	  0,
	  { 1001, 2001, 1, true } },
	{ "-Xrs: SIGQUIT is not caught",
	  UID GID PID "SigCgt:\t2000000181005ccb\n",
	  0,
	  { 1001, 2001, 4711, false } },
	{ "SIGQUIT alone",
	  UID GID PID "SigCgt:\t0000000000000004\n",
	  0,
	  { 1001, 2001, 4711, true } },
	{ "no signal at all", UID GID PID "SigCgt:\t\n", 0, { 1001, 2001, 4711, false } },
	{ "no hexadecimal digit", UID GID PID "SigCgt:\tzz\n", 0, { 1001, 2001, 4711, false } },
	{ "the largest uid",
	  "Uid:\t0\t4294967295\t0\t0\n" GID PID CAUGHT,
	  0,
	  { 4294967295, 2001, 4711, true } },
	{ "nothing", "", -EBADMSG, { 0 } },
	{ "no uid", GID PID CAUGHT, -EBADMSG, { 0 } },
	{ "no gid", UID PID CAUGHT, -EBADMSG, { 0 } },
	{ "no NSpid", UID GID CAUGHT, -EBADMSG, { 0 } },
	{ "no SigCgt", UID GID PID, -EBADMSG, { 0 } },
	{ "NSpid is empty", UID GID "NSpid:\t\n" CAUGHT, -EBADMSG, { 0 } },
	{ "a uid that is none", "Uid:\tx\ty\n" GID PID CAUGHT, -EBADMSG, { 0 } },
	{ "a uid that is negative", "Uid:\t0\t-1\n" GID PID CAUGHT, -EBADMSG, { 0 } },
	{ "a uid beyond 32 bits", "Uid:\t0\t4294967296\n" GID PID CAUGHT, -EBADMSG, { 0 } },
	{ "a name that looks like a key", "Name:\tUid:\n" GID PID CAUGHT, -EBADMSG, { 0 } },
};

TEST(jvm_parses_status)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct jvm_status s = { 0 };
		const struct jvm_status *want = &rows[i].status;

		test_row("%s", rows[i].name);
		CHECK_INT(jvm_parse_status(slice_from(rows[i].text), &s), rows[i].want);
		CHECK_INT(s.uid, want->uid);
		CHECK_INT(s.gid, want->gid);
		CHECK_INT(s.inner_pid, want->inner_pid);
		CHECK_INT(s.handles_quit, want->handles_quit);
	}
}

/* A status that was cut off is refused, or what it says is what the whole says, but where the
 * cut goes through a number. */
TEST(jvm_status_cut_anywhere)
{
	struct slice whole = slice_from(UID GID CAUGHT "NSpid:\t4711");
	size_t complete = whole.len - strlen("4711");

	for (size_t n = 0; n <= whole.len; n++) {
		struct jvm_status s = { 0 };
		int r = jvm_parse_status(slice_sub(whole, 0, n), &s);

		test_row("%zu bytes", n);
		CHECK_INT(r, n > complete ? 0 : -EBADMSG);
		CHECK_INT(s.uid, r ? 0 : 1001);
	}
}

static const struct {
	const char *name, *text;
	int want;
} answers[] = {
	{ "JDK 17 and before", "0\n0\n", 0 },
	{ "JDK 21 and later", "0\nreturn code: 0\n", 0 },
	{ "CRLF", "0\r\n0\r\n", 0 },
	{ "the library says more", "0\nreturn code: 0\nand so on\n", 0 },
	{ "a warning before it", "0\nWARNING: loaded dynamically\nreturn code: 0\n", 0 },
	{ "no last newline", "0\n0", 0 },
	{ "the command is refused", "101\nProtocol mismatch with target VM\n", -EPROTO },
	{ "it is still starting", "-1\njava.lang.NullPointerException\n", -EAGAIN },
	{ "another exception", "-1\njava.lang.module.FindException\n", -EPROTO },
	{ "attaching is off", "1\n", -EPROTO },
	{ "the library was not loaded", "0\nlibinstrument.so: cannot open\n", -EPROTO },
	{ "its agentmain failed", "0\n102\n", -EPROTO },
	{ "and by the newer form", "0\nreturn code: 102\n", -EPROTO },
	{ "0 is a prefix", "0\nreturn code: 01\n", -EPROTO },
	{ "the first line alone", "0\n", -EPROTO },
	{ "nothing", "", -EPROTO },
	{ "newlines", "\n\n\n", -EPROTO },
};

TEST(jvm_parses_answer)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		test_row("%s", answers[i].name);
		CHECK_INT(jvm_parse_answer(slice_from(answers[i].text)), answers[i].want);
	}
}

TEST(jvm_makes_command)
{
	static const char on[] = "1\0load\0instrument\0false\0/tmp/a.jar=on:/tmp/a.jar";
	static const char off[] = "1\0load\0instrument\0false\0/tmp/a.jar=off";
	char command[JVM_COMMAND_MAX], path[JVM_COMMAND_MAX];
	size_t around = strlen("1 load instrument false =off") + 1;
	int n = jvm_make_command(command, "/tmp/a.jar", "on");

	CHECK_SLICE(((struct slice){ command, (size_t)n }), ((struct slice){ on, sizeof(on) }));
	n = jvm_make_command(command, "/tmp/a.jar", "off");
	CHECK_SLICE(((struct slice){ command, (size_t)n }), ((struct slice){ off, sizeof(off) }));
	for (size_t len = 1; len < sizeof(path); len++) {
		memset(path, 'p', len);
		path[len] = '\0';
		test_row("a path of %zu bytes", len);
		n = jvm_make_command(command, path, "off");
		CHECK_INT(n, len + around <= JVM_COMMAND_MAX ? (int)(len + around) : -ENAMETOOLONG);
	}
}
