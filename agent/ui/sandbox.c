/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include "cleanup.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define UID_FIRST 61184
#define UID_LAST 65519

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#else
#error "seccomp: which audit architecture is this?"
#endif

uint32_t sandbox_uid(void)
{
	for (uint32_t uid = 64777; uid <= UID_LAST; uid++)
		if (!getpwuid(uid) && !getgrgid(uid))
			return uid;
	for (uint32_t uid = UID_FIRST; uid < 64777; uid++)
		if (!getpwuid(uid) && !getgrgid(uid))
			return uid;
	return 65534;
}

/* What a web server that has its socket and its files never needs. */
static const unsigned int refused_calls[] = {
	SYS_execve,	 SYS_execveat,	      SYS_ptrace,      SYS_process_vm_readv,
	SYS_socket,	 SYS_connect,	      SYS_bind,	       SYS_process_vm_writev,
	SYS_bpf,	 SYS_perf_event_open, SYS_mount,       SYS_umount2,
	SYS_pivot_root,	 SYS_chroot,	      SYS_setns,       SYS_unshare,
	SYS_keyctl,	 SYS_add_key,	      SYS_request_key, SYS_kexec_load,
	SYS_init_module, SYS_finit_module,    SYS_setuid,      SYS_setgid,
	SYS_setresuid,	 SYS_setresgid,	      SYS_setgroups,   SYS_io_uring_setup,
	SYS_userfaultfd, SYS_reboot,	      SYS_swapon,      SYS_pidfd_getfd,
};

static int refuse_calls(void)
{
	struct sock_filter code[ARRAY_LEN(refused_calls) + 6];
	struct sock_fprog program = { .filter = code };
	size_t n = 0, calls = ARRAY_LEN(refused_calls);

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < calls; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 refused_calls[i], (uint8_t)(calls - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = (unsigned short)n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

/* A service that was not given CAP_SETUID and CAP_SETGID (gentap.service is one) cannot change
 * its user: it stays root by name, and loses all that root may do beside owning files. */
static int leave_root(uint32_t uid)
{
	bool may = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) &&
		   capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID);

	/* Without CAP_SETPCAP the bounding set stays; nothing is executed any more. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		capng_clear(CAPNG_SELECT_BOTH);
		if (capng_apply(CAPNG_SELECT_BOUNDS))
			return -EPERM;
	}
	if (!may)
		return 0;
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

int sandbox_enter(uint32_t uid, int with_parent)
{
	static const struct rlimit none = { 0, 0 };
	int r = geteuid() ? 0 : leave_root(uid);

	if (r)
		return r;
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	/* After the change of user: that clears it. */
	if (with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0))
		return -errno;
	return refuse_calls();
}
