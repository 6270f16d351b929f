/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From a file descriptor of the current process to its file, or its TCP socket.
 */
#ifndef BPF_FILE_H
#define BPF_FILE_H

#include "kernel.h"

/* IPv4 and IPv6 streams. */
static __always_inline bool is_tcp(const struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_type) == SOCK_STREAM;
}

static __always_inline bool is_udp(const struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM;
}

static __always_inline struct file *file_of_fd(u64 fd)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	const struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		return NULL;
	return file;
}

/* Of any family; 0: it is none. */
static __always_inline u64 any_sock_of_fd(u64 fd)
{
	const struct file *file = file_of_fd(fd);
	const struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return (u64)BPF_CORE_READ(socket, sk);
}

static __always_inline u64 sock_of_fd(u64 fd)
{
	const struct sock *sk = (const struct sock *)any_sock_of_fd(fd);

	return sk && (is_tcp(sk) || is_udp(sk)) ? (u64)sk : 0;
}

/* A stream between processes of the machine, of who has connected: 0: it is none, or a kernel that
 * does not say. Named by its inode's number, as addresses of sockets are used again. */
#define UNIX_NAME (1ULL << 62)

static __always_inline u64 unix_name(const struct sock *sk)
{
	const struct unix_sock *u = (const struct unix_sock *)sk;

	if (!bpf_core_type_exists(struct unix_sock) ||
	    BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX ||
	    BPF_CORE_READ(sk, sk_type) != SOCK_STREAM || BPF_CORE_READ(u, addr))
		return 0;
	return UNIX_NAME | BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

#endif
