/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * TCP sockets of observed processes: which of them carries which TLS connection, the
 * ClientHello, the close. Tracepoints with typed arguments only: they need no tracefs and
 * no system call hook, and cost one map lookup where a process is not observed.
 */
#include "socket.bpf.h"

volatile __u8 watch_hints[WATCH_HINTS] = { 0 };

/* The first run of user memory that is about to be sent. */
static __always_inline u64 user_bytes(const struct msghdr *msg, u64 *ret_len)
{
	u64 offset = BPF_CORE_READ(msg, msg_iter.iov_offset);
	u8 type = BPF_CORE_READ(msg, msg_iter.iter_type);
	const struct iovec *iov;

	*ret_len = BPF_CORE_READ(msg, msg_iter.count);
	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF))
		return (u64)BPF_CORE_READ(msg, msg_iter.ubuf) + offset;
	if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC))
		return 0;
	iov = BPF_CORE_READ(msg, msg_iter.__iov);
	*ret_len = BPF_CORE_READ(iov, iov_len) - offset;
	return (u64)BPF_CORE_READ(iov, iov_base) + offset;
}

/* Kernels from 6.16 on; attached where plain_sent (plain.bpf.c) is not, which looks later. */
SEC("tp_btf/tcp_sendmsg_locked")
int socket_send(u64 *ctx)
{
	u64 pid_tgid = bpf_get_current_pid_tgid(), sock = ctx[0];
	u32 state = watch_state(pid_tgid >> 32);
	struct sock_owner *owner;
	u64 buf, len;

	if (state != GENTAP_WATCH_ON && state != GENTAP_WATCH_HELLO)
		return 0;
	owner = bpf_map_lookup_elem(&socks, &sock);
	if (owner && (owner->ptr || owner->plain_sends >= PLAIN_SENDS_MAX))
		return 0;
	if (owner && owner->tls && state == GENTAP_WATCH_HELLO)
		return 0;
	buf = user_bytes((const struct msghdr *)ctx[1], &len);
	inspect(sock, owner, pid_tgid, buf, len);
	return 0;
}

/* The process has received from the socket. A function of its own because a chain of calls may
 * have 512 bytes of stack. */
__noinline int socket_received(u64 sock)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread fresh = { .sock = sock, .received = sock };
	u32 tgid = pid_tgid >> 32;
	struct watch *w = bpf_map_lookup_elem(&watched, &tgid);
	struct sock_owner *owner;
	struct thread *t;

	if (!w || w->state != GENTAP_WATCH_ON || tgid == agent_tgid)
		return 0;
	owner = bpf_map_lookup_elem(&socks, &sock);
	/* With socket_send, it is known which sockets carry TLS. */
	if (have_socket_send && !(owner && (owner->tls || owner->kernel_tls)))
		return 0;
	t = bpf_map_lookup_elem(&threads, &pid_tgid);
	if (t)
		t->received = sock;
	if (owner && owner->ptr) {
		if (t)
			t->sock = 0;
		fresh.sock = 0;
		if (!t && w->records)
			bpf_map_update_elem(&threads, &pid_tgid, &fresh, BPF_ANY);
	} else if (t && t->ptr && t->in_call) {
		bind(t->ptr, t->source, sock);
		t->ptr = 0;
	} else if (t) {
		t->sock = sock;
	} else {
		bpf_map_update_elem(&threads, &pid_tgid, &fresh, BPF_ANY);
	}
	return 0;
}

/* Called whenever received bytes were handed to the process, on every kernel; attached where
 * plain_received (plain.bpf.c) is not. */
SEC("tp_btf/tcp_rcv_space_adjust")
int socket_receive(u64 *ctx)
{
	return may_be_watched(bpf_get_current_pid_tgid() >> 32) ? socket_received(sock_number(ctx))
								: 0;
}

static __always_inline void socket_ended(u64 sock)
{
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);

	if (!owner)
		return;

	struct conn_key key = { .ptr = owner->ptr, .tgid = owner->tgid };

	if (!key.ptr && owner->peeked)
		key.ptr = sock;
	if (key.ptr)
		conn_close(&key);
	bpf_map_delete_elem(&socks, &sock);
}

SEC("tp_btf/inet_sock_set_state")
int socket_state(u64 *ctx)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	int state = ctx[2];
	struct watch *w;

	if (state != TCP_SYN_SENT)
		return 0;
	socket_ended(ctx[0]); /* one that was reset may be connected again */
	w = bpf_map_lookup_elem(&watched, &tgid);
	if (w && w->state == GENTAP_WATCH_PARKED)
		emit_bare(GENTAP_EV_CONNECT, 0, tgid);
	return 0;
}

/*
 * When both the process and TCP are done with it. Not when its state becomes CLOSE: after a
 * reset by the peer, or when both sides have said that they send no more, the process may
 * still fetch what was received before.
 */
SEC("tp_btf/tcp_destroy_sock")
int socket_destroy(u64 *ctx)
{
	socket_ended(ctx[0]);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
