/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a system call transferred, told from the registers with which the process entered the
 * kernel: nothing needs to be noted in between.
 */
#ifndef BPF_SYSCALL_H
#define BPF_SYSCALL_H

#include "kernel.h"

#define THREAD_SIZE 16384
#define USER32_CS 0x23

#if defined(__TARGET_ARCH_x86)
enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_READV = 19,
	NR_WRITEV = 20,
	NR_SENDTO = 44,
	NR_RECVFROM = 45,
	NR_SENDMSG = 46,
	NR_RECVMSG = 47
};
#else
enum {
	NR_READ = 63,
	NR_WRITE = 64,
	NR_READV = 65,
	NR_WRITEV = 66,
	NR_SENDTO = 206,
	NR_RECVFROM = 207,
	NR_SENDMSG = 211,
	NR_RECVMSG = 212
};
#endif

/* What the process asked for. */
struct request {
	u64 nr, fd, buf; /* buf: or of a struct msghdr, or of iovecs */
	u64 n_iov;
};

/* ---- Where the bytes are -------------------------------------------------------------- */

static __always_inline const void *user_regs(void)
{
	const struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (const struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

static __always_inline bool read_request(struct request *ret)
{
	const void *at = user_regs();
#if defined(__TARGET_ARCH_x86)
	struct {
		u64 dx, si, di, orig_ax, ip, cs;
	} r;

	if (bpf_probe_read_kernel(&r, sizeof(r), at + offsetof(struct pt_regs, dx)) ||
	    r.cs == USER32_CS)
		return false;
	*ret = (struct request){ r.orig_ax, r.di, r.si, r.dx };
#else
	struct {
		u64 orig_x0;
		s32 syscallno;
		u32 zero;
	} r;
	u64 args[2]; /* the first has become the result */

	if (bpf_probe_read_kernel(&r, sizeof(r), at + sizeof(struct pt_regs)) ||
	    bpf_probe_read_kernel(args, sizeof(args), at + offsetof(struct pt_regs, regs[1])))
		return false;
	*ret = (struct request){ r.syscallno, r.orig_x0, args[0], args[1] };
#endif
	return true;
}

/* Of the registers only these two, for want of stack. */
static __always_inline bool read_fd(u64 *ret_fd, u64 *ret_nr)
{
	const void *at = user_regs();
#if defined(__TARGET_ARCH_x86)
	const u64 fd = offsetof(struct pt_regs, di), nr = offsetof(struct pt_regs, orig_ax);
#else
	const u64 fd = sizeof(struct pt_regs), nr = fd + sizeof(u64);
#endif

	*ret_nr = 0;
	return !bpf_probe_read_kernel(ret_fd, sizeof(*ret_fd), at + fd) &&
	       !bpf_probe_read_kernel(ret_nr, sizeof(s32), at + nr);
}

static __always_inline bool is_send(u64 nr)
{
	return nr == NR_WRITE || nr == NR_SENDTO || nr == NR_WRITEV || nr == NR_SENDMSG;
}

struct user_iovec {
	u64 base, len;
};

/* As segments, one or more. False: not by a system call that is known here, as by io_uring
 * or sendfile. */
static __always_inline bool find_segments(struct request *r, u64 *ret_iov, u64 *ret_n)
{
	struct {
		u64 name, name_len, iov, n_iov;
	} msg;

	switch (r->nr) {
	case NR_READ:
	case NR_WRITE:
	case NR_SENDTO:
	case NR_RECVFROM:
		*ret_iov = 0;
		return true;
	case NR_READV:
	case NR_WRITEV:
		*ret_iov = r->buf;
		*ret_n = r->n_iov;
		return true;
	case NR_SENDMSG:
	case NR_RECVMSG:
		if (bpf_probe_read_user(&msg, sizeof(msg), (const void *)r->buf))
			return false;
		*ret_iov = msg.iov;
		*ret_n = msg.n_iov;
		return true;
	}
	return false;
}

/* What the exits of system calls tell: syscalls:sys_exit_read and its like. */
struct exit_args {
	u64 common;
	s64 nr;
	s64 result;
};

/* In plain.bpf.c. Sends the n bytes that the system call under way transferred, as those of
 * the connection `ptr`; a function of its own because a chain of calls may have 512 bytes of
 * stack. */
int plain_emit(u64 ptr, u64 source, u64 dir, u64 n);

#endif
