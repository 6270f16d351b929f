/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * TCP sockets of observed processes: which of them carries which TLS connection, the
 * ClientHello, the close. Tracepoints with typed arguments only: they need no tracefs and
 * no system call hook, and cost one map lookup where a process is not observed.
 */
#include "conn.bpf.h"

#define HELLO_MAX 2048

/* TLS record types (RFC 8446 section 5.1) */
#define TLS_CHANGE_CIPHER_SPEC 20
#define TLS_HANDSHAKE 22
#define TLS_APPLICATION_DATA 23

#define TLS_CLIENT_HELLO 1

struct tls_head {
	u8 type;
	u8 major, minor;
	u8 len_high, len_low;
	u8 message; /* of a handshake record: what begins */
};

static __always_inline bool is_tls(const struct tls_head *h)
{
	return h->type >= TLS_CHANGE_CIPHER_SPEC && h->type <= TLS_APPLICATION_DATA &&
	       h->major == 3 && h->minor <= 4;
}

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

/* A write of `len` bytes right before begins with a record of min(len, 16384) bytes and
 * some: 8 to 256 of type, nonce, tag and padding. */
static __always_inline bool fits(const struct tls_head *h, u64 len)
{
	u64 record = (u64)h->len_high << 8 | h->len_low;
	u64 plain = len < 16384 ? len : 16384;

	return h->type != TLS_APPLICATION_DATA || (record >= plain + 8 && record <= plain + 256);
}

static __always_inline void emit_hello(u64 sock, u32 tgid, u64 buf, u64 len)
{
	struct {
		struct gentap_event e;
		u8 data[HELLO_MAX];
	} *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r) {
		count(GENTAP_STAT_RING_FULL, 1);
		return;
	}
	r->e = (struct gentap_event){
		.type = GENTAP_EV_HELLO,
		.dir = GENTAP_WRITE,
		.source = GENTAP_SRC_SOCKET,
		.flags = GENTAP_F_FIRST | GENTAP_F_LAST,
		.tid = bpf_get_current_pid_tgid(),
		.ts_ns = bpf_ktime_get_boot_ns(),
		.ptr = sock,
		.tgid = tgid,
		.call_len = len,
	};
	r->e.gen = r->e.ts_ns;
	if (len > HELLO_MAX)
		len = HELLO_MAX;
	if (bpf_probe_read_user(r->data, len, (const void *)buf))
		r->e.flags |= GENTAP_F_NOCOPY;
	else
		r->e.data_len = len;
	submit(&r->e);
}

/* Looks at what a socket of unknown or unbound purpose sends. */
static __always_inline void inspect(u64 sock, struct sock_owner *owner, u64 pid_tgid,
				    const struct msghdr *msg)
{
	struct sock_owner fresh = { .tgid = pid_tgid >> 32 };
	u64 len, buf = user_bytes(msg, &len);
	bool began = owner && owner->tls;
	struct tls_head head;
	struct thread *t;

	if (!buf || len < sizeof(head) ||
	    bpf_probe_read_user(&head, sizeof(head), (const void *)buf) || !is_tls(&head)) {
		if (owner && !owner->tls)
			owner->plain_sends++;
		if (!owner) {
			fresh.plain_sends = 1;
			bpf_map_update_elem(&socks, &sock, &fresh, BPF_ANY);
		}
		return;
	}
	if (owner) {
		owner->tls = true;
	} else {
		fresh.tls = true;
		bpf_map_update_elem(&socks, &sock, &fresh, BPF_ANY);
	}
	if (!began && head.type == TLS_HANDSHAKE && head.message == TLS_CLIENT_HELLO)
		emit_hello(sock, pid_tgid >> 32, buf, len);
	t = bpf_map_lookup_elem(&threads, &pid_tgid);
	if (!t)
		return;
	if (t->ptr && (t->in_call || fits(&head, t->len)))
		bind(t->ptr, t->source, sock);
	t->ptr = 0;
	t->len = 0;
}

/* Kernels from 6.16 on. */
SEC("tp_btf/tcp_sendmsg_locked")
int socket_send(u64 *ctx)
{
	u64 pid_tgid = bpf_get_current_pid_tgid(), sock = ctx[0];
	struct sock_owner *owner;

	if (watch_state(pid_tgid >> 32) != GENTAP_WATCH_ON)
		return 0;
	owner = bpf_map_lookup_elem(&socks, &sock);
	if (!owner || (!owner->ptr && owner->plain_sends < PLAIN_SENDS_MAX))
		inspect(sock, owner, pid_tgid, (const struct msghdr *)ctx[1]);
	return 0;
}

/* Called whenever received bytes were handed to the process, on every kernel. */
SEC("tp_btf/tcp_rcv_space_adjust")
int socket_receive(u64 *ctx)
{
	u64 pid_tgid = bpf_get_current_pid_tgid(), sock = ctx[0];
	struct thread fresh = { .sock = sock, .received = sock };
	u32 tgid = pid_tgid >> 32;
	struct watch *w = bpf_map_lookup_elem(&watched, &tgid);
	struct sock_owner *owner;
	struct thread *t;

	if (!w || w->state != GENTAP_WATCH_ON || tgid == agent_tgid)
		return 0;
	owner = bpf_map_lookup_elem(&socks, &sock);
	/* With socket_send, it is known which sockets carry TLS. */
	if (have_socket_send && !(owner && owner->tls))
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

/*
 * The end of a socket counts when the process closed it: after a reset by the peer, what
 * the library has read already may still be fetched from it. close() shuts both ways
 * down before the state changes, a reset does so afterwards.
 */
static __always_inline void socket_closed(u64 sock)
{
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);
	const struct sock *sk = (const struct sock *)sock;

	if (!owner)
		return;

	struct conn_key key = { .ptr = owner->ptr, .tgid = owner->tgid };

	if (key.ptr &&
	    (BPF_CORE_READ(sk, sk_shutdown) == SHUTDOWN_MASK || !BPF_CORE_READ(sk, sk_socket)))
		conn_close(&key);
	bpf_map_delete_elem(&socks, &sock);
}

SEC("tp_btf/inet_sock_set_state")
int socket_state(u64 *ctx)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	int state = ctx[2];

	if (state == TCP_CLOSE)
		socket_closed(ctx[0]);
	else if (state == TCP_SYN_SENT && watch_state(tgid) == GENTAP_WATCH_PARKED)
		emit_bare(GENTAP_EV_CONNECT, 0, tgid, 0, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
