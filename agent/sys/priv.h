/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process may do and what this kernel can, as far as capturing needs it, and
 * becoming the user who called sudo.
 */
#ifndef SYS_PRIV_H
#define SYS_PRIV_H

#include "slice.h"

enum lockdown { LOCKDOWN_NONE, LOCKDOWN_INTEGRITY, LOCKDOWN_CONFIDENTIALITY };

struct priv {
	/* Effective capabilities. CAP_SYS_ADMIN stands for the first two, as it does in
	 * the kernel. */
	bool bpf;      /* CAP_BPF: load programs */
	bool perfmon;  /* CAP_PERFMON: attach them, read other processes' memory */
	bool ptrace;   /* CAP_SYS_PTRACE: /proc/PID/exe, maps, environ of others */
	bool dac_read; /* CAP_DAC_READ_SEARCH: executables of others */
	bool user_ns;  /* not the first user namespace: its capabilities do not count */
	bool btf;      /* /sys/kernel/btf/vmlinux */
	enum lockdown lockdown;
	unsigned int kernel_major, kernel_minor; /* 0.0 when the release has another form */
	char release[65];
};

void priv_read(struct priv *ret);
/* One sentence that says what is missing and what to do; NULL: nothing that is known.
 * Static. */
const char *priv_problem(const struct priv *p);

/* /sys/kernel/security/lockdown; LOCKDOWN_NONE for anything else. */
enum lockdown priv_parse_lockdown(struct slice text);
/* "6.18.44-fc" gives 6 and 18; -EBADMSG. */
int priv_parse_release(struct slice release, unsigned int *ret_major, unsigned int *ret_minor);
/* Whether /proc/self/uid_map is that of the first user namespace. */
bool priv_is_first_user_ns(struct slice uid_map);

/* The user who called sudo or pkexec, or doas; from the environment. */
struct priv_invoker {
	uint32_t uid, gid;
	char name[64];
	char home[256];
	char shell[128];
};

/* 0; -ENOENT: called by none of them, or by root; -EINVAL: the variables make no sense;
 * -ESRCH: no such user. */
int priv_find_invoker(struct priv_invoker *ret);
/* Gives up root for good: groups, gid, uid, all capabilities with them; sets HOME, USER,
 * LOGNAME and SHELL, removes SUDO_*. For a child between fork and exec, with one thread.
 * 0 or -errno; then the process must exit. */
int priv_become(const struct priv_invoker *u);

#endif
