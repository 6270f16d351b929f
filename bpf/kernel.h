/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs need to know of the kernel, and no more: a vmlinux.h is of one
 * machine and one kernel, this header builds the same source for x86-64 and arm64.
 *
 * Structures are stubs: libbpf relocates every field by its name (CO-RE), so only the
 * names and the types have to be right. pt_regs is a layout fixed by the ABI.
 */
#ifndef BPF_KERNEL_H
#define BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#define REGS_ARG1(c) ((c)->di)
#define REGS_ARG2(c) ((c)->si)
#define REGS_ARG3(c) ((c)->dx)
#define REGS_ARG4(c) ((c)->cx)
#define REGS_ARG5(c) ((c)->r8)
#define REGS_RESULT(c) ((c)->ax)
#define REGS_SP(c) ((c)->sp)
#define REGS_IP(c) ((c)->ip)
/* Go: arguments and results of its functions, the goroutine. */
#define REGS_GO1(c) ((c)->ax)
#define REGS_GO2(c) ((c)->bx)
#define REGS_GO3(c) ((c)->cx)
#define REGS_GOROUTINE(c) ((c)->r14)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31], sp, pc, pstate;
};
#define REGS_ARG1(c) ((c)->regs[0])
#define REGS_ARG2(c) ((c)->regs[1])
#define REGS_ARG3(c) ((c)->regs[2])
#define REGS_ARG4(c) ((c)->regs[3])
#define REGS_ARG5(c) ((c)->regs[4])
#define REGS_RESULT(c) ((c)->regs[0])
#define REGS_SP(c) ((c)->sp)
#define REGS_IP(c) ((c)->pc)
#define REGS_GO1(c) ((c)->regs[0])
#define REGS_GO2(c) ((c)->regs[1])
#define REGS_GO3(c) ((c)->regs[2])
#define REGS_GOROUTINE(c) ((c)->regs[28])
#else
#error "which machine? -D__TARGET_ARCH_x86 or -D__TARGET_ARCH_arm64"
#endif

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define S_IFMT 0170000
#define S_IFSOCK 0140000

#define SOCK_STREAM 1
#define SOCK_DGRAM 2

#define TCP_SYN_SENT 2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	u8 in6_u[16];
};

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport; /* network order */
	u16 skc_num;   /* host order */
	u16 skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock;
struct file;

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
	struct socket *sk_socket;
};

struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; /* of the name */
	struct sockaddr_un name[];
};

struct unix_sock {
	struct unix_address *addr; /* NULL: it has no name, as who connects */
	struct sock *peer;
};

struct tcp_ulp_ops {
	char name[16];
};

struct inet_connection_sock {
	const struct tcp_ulp_ops *icsk_ulp_ops;
};

struct inode {
	unsigned long i_ino;
	u16 i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	u32 max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	struct files_struct *files;
	void *stack;
	int exit_code;
	s32 tgid;
	struct task_struct *real_parent;
};

struct iovec {
	void *iov_base;
	size_t iov_len;
};

enum iter_type {
	ITER_UBUF,
	ITER_IOVEC,
};

struct iov_iter {
	u8 iter_type;
	size_t iov_offset;
	const struct iovec *__iov;
	void *ubuf;
	size_t count;
};

struct msghdr {
	struct iov_iter msg_iter;
};

#pragma clang attribute pop

/* Weak: a kernel without it must still load the programs. */
extern int bpf_probe_read_user_dynptr(struct bpf_dynptr *to, u32 offset, u32 size,
				      const void *from) __ksym __weak;

#endif
