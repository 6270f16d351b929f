/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "priv.h"
#include "test.h"

#include <errno.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(priv_parses_lockdown)
{
	CHECK_INT(priv_parse_lockdown(SLICE("[none] integrity confidentiality\n")), LOCKDOWN_NONE);
	CHECK_INT(priv_parse_lockdown(SLICE("none [integrity] confidentiality\n")),
		  LOCKDOWN_INTEGRITY);
	CHECK_INT(priv_parse_lockdown(SLICE("none integrity [confidentiality]\n")),
		  LOCKDOWN_CONFIDENTIALITY);
	CHECK_INT(priv_parse_lockdown(SLICE_NONE), LOCKDOWN_NONE);
}

TEST(priv_parses_release)
{
	static const struct {
		const char *release;
		int want;
		unsigned int major, minor;
	} rows[] = {
		{ "6.18.44-fc-v782", 0, 6, 18 }, { "5.8", 0, 5, 8 },
		{ "6.1-rc3", 0, 6, 1 },		 { "5.15.0-1053-aws", 0, 5, 15 },
		{ "6", -EBADMSG, 0, 0 },	 { "6.x", -EBADMSG, 0, 0 },
		{ "", -EBADMSG, 0, 0 },		 { "99999999999999999999.1", -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned int major = 0, minor = 0;

		test_row("%s", rows[i].release);
		CHECK_INT(priv_parse_release(slice_from(rows[i].release), &major, &minor),
			  rows[i].want);
		CHECK_INT(major, rows[i].major);
		CHECK_INT(minor, rows[i].minor);
	}
}

TEST(priv_knows_the_first_user_namespace)
{
	CHECK(priv_is_first_user_ns(SLICE("         0          0 4294967295\n")));
	CHECK(!priv_is_first_user_ns(SLICE("         0       1000          1\n")));
	CHECK(!priv_is_first_user_ns(
		SLICE("         0     100000      65536\n     65536     165536          1\n")));
	CHECK(!priv_is_first_user_ns(
		SLICE("         0          0 4294967295\n         1          1          1\n")));
	CHECK(!priv_is_first_user_ns(SLICE("")));
}

TEST(priv_says_what_is_missing)
{
	const struct priv good = { .bpf = true,
				   .perfmon = true,
				   .ptrace = true,
				   .dac_read = true,
				   .btf = true,
				   .lockdown = LOCKDOWN_INTEGRITY,
				   .kernel_major = 5,
				   .kernel_minor = 8 };
	struct priv p = good;

	CHECK(!priv_problem(&p));
#define BREAKS(field, value, word)                                                                 \
	do {                                                                                       \
		p = good;                                                                          \
		p.field = value;                                                                   \
		CHECK(priv_problem(&p) && strstr(priv_problem(&p), word));                         \
	} while (0)
	BREAKS(bpf, false, "sudo");
	BREAKS(perfmon, false, "CAP_PERFMON");
	BREAKS(ptrace, false, "CAP_SYS_PTRACE");
	BREAKS(dac_read, false, "CAP_DAC_READ_SEARCH");
	BREAKS(user_ns, true, "user namespace");
	BREAKS(btf, false, "BTF");
	BREAKS(lockdown, LOCKDOWN_CONFIDENTIALITY, "lockdown=integrity");
	BREAKS(kernel_minor, 7, "5.8");
	BREAKS(kernel_major, 4, "5.8");
#undef BREAKS
	p = good;
	p.kernel_major = p.kernel_minor = 0; /* not known is no problem */
	CHECK(!priv_problem(&p));
	p = good;
	p.kernel_major = 6;
	p.kernel_minor = 0;
	CHECK(!priv_problem(&p));
}

TEST(priv_reads_this_machine)
{
	struct priv p;

	priv_read(&p);
	CHECK(p.kernel_major >= 4);
	CHECK(p.release[0]);
	if (geteuid())
		CHECK(!p.bpf && priv_problem(&p));
}

TEST(priv_finds_the_invoker)
{
	static const struct {
		const char *name, *sudo_uid, *sudo_gid, *pkexec_uid, *doas;
		int want;
		uint32_t uid, gid;
	} rows[] = {
		{ "nobody called", NULL, NULL, NULL, NULL, -ENOENT, 0, 0 },
		{ "sudo", "65534", "7", NULL, NULL, 0, 65534, 7 },
		{ "sudo without group", "65534", NULL, NULL, NULL, 0, 65534, 65534 },
		{ "pkexec", NULL, NULL, "65534", NULL, 0, 65534, 65534 },
		{ "doas", NULL, NULL, NULL, "nobody", 0, 65534, 65534 },
		{ "sudo by root", "0", "0", NULL, NULL, -ENOENT, 0, 0 },
		{ "no number", "x", NULL, NULL, NULL, -EINVAL, 0, 0 },
		{ "empty", "", NULL, NULL, NULL, -EINVAL, 0, 0 },
		{ "minus one", "4294967295", NULL, NULL, NULL, -EINVAL, 0, 0 },
		{ "group minus one", "65534", "-1", NULL, NULL, -EINVAL, 0, 0 },
		{ "no such user", "4000000000", NULL, NULL, NULL, -ESRCH, 0, 0 },
		{ "no such name", NULL, NULL, NULL, "no such user", -ESRCH, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct {
			const char *name, *value;
		} vars[] = { { "SUDO_UID", rows[i].sudo_uid },
			     { "SUDO_GID", rows[i].sudo_gid },
			     { "PKEXEC_UID", rows[i].pkexec_uid },
			     { "DOAS_USER", rows[i].doas } };
		struct priv_invoker u = { 0 };

		for (size_t k = 0; k < ARRAY_LEN(vars); k++) {
			unsetenv(vars[k].name);
			if (vars[k].value)
				setenv(vars[k].name, vars[k].value, 1);
		}
		test_row("%s", rows[i].name);
		CHECK_INT(priv_find_invoker(&u), rows[i].want);
		CHECK_INT(u.uid, rows[i].uid);
		CHECK_INT(u.gid, rows[i].gid);
		if (!rows[i].want)
			CHECK(!strcmp(u.name, "nobody") && u.home[0] == '/');
		for (size_t k = 0; k < ARRAY_LEN(vars); k++)
			unsetenv(vars[k].name);
	}
}

/* In a child; the exit status tells what went wrong. */
static int become_nobody(void)
{
	struct priv_invoker u = {
		.uid = 65534, .gid = 65534, .name = "nobody", .home = "/tmp", .shell = "/bin/sh"
	};
	gid_t groups[64];
	int n;

	setenv("SUDO_UID", "65534", 1);
	if (priv_become(&u))
		return 1;
	if (getuid() != 65534 || geteuid() != 65534 || getgid() != 65534 || getegid() != 65534)
		return 2;
	n = getgroups(64, groups);
	for (int i = 0; i < n; i++)
		if (groups[i] == 0)
			return 3;
	if (strcmp(getenv("HOME"), "/tmp") || strcmp(getenv("USER"), "nobody") ||
	    getenv("SUDO_UID"))
		return 4;
	return access("/etc/shadow", R_OK) ? 0 : 5;
}

TEST(priv_becomes_the_invoker)
{
	struct priv_invoker root = { .name = "root" };
	int status = 0;
	pid_t pid;

	CHECK_INT(priv_become(&root), -EINVAL);
	if (geteuid())
		return;
	pid = fork();
	if (!pid)
		_exit(become_nobody());
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}
