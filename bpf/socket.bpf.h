/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a socket sends: TLS records, whose they are, the ClientHello.
 */
#ifndef BPF_SOCKET_H
#define BPF_SOCKET_H

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

/* A number: the verifier passes no pointers to global functions. */
static __always_inline u64 sock_number(const u64 *ctx)
{
	u64 sock = 0;

	bpf_probe_read_kernel(&sock, sizeof(sock), ctx);
	return sock;
}

/* In socket.bpf.c. */
int socket_received(u64 sock);

/* Does the kernel encrypt what it is given (setsockopt TCP_ULP "tls")? */
static __always_inline bool is_kernel_tls(u64 sock)
{
	const struct inet_connection_sock *sk = (const struct inet_connection_sock *)sock;
	const struct tcp_ulp_ops *ulp = BPF_CORE_READ(sk, icsk_ulp_ops);
	u32 name = 0;

	return ulp && !bpf_core_read(&name, sizeof(name), &ulp->name) &&
	       name == FOUR('t', 'l', 's', 0);
}

/* The call of a TLS library that the thread is in, about a connection without a socket. */
static __always_inline struct thread *unbound_call(u64 pid_tgid)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);

	return t && t->ptr && t->in_call ? t : NULL;
}

/*
 * Plaintext on a socket that began with TLS. Within a call of a TLS library it is that call's,
 * which tells it; else the process itself writes and reads it, as on any plain socket. Nobody's
 * call is the end of the handshake, which looks the same: what follows may be either.
 */
static __always_inline void inspect_kernel_tls(u64 sock, struct sock_owner *owner, u64 pid_tgid)
{
	struct thread *t = unbound_call(pid_tgid);

	if (t) {
		bind(t->ptr, t->source, sock);
		t->ptr = 0;
		t->len = 0;
		return;
	}
	owner->tls = false;
	owner->kernel_tls = true;
	owner->plain_sends++;
}

/* Looks at what a socket of unknown or unbound purpose sends. */
static __always_inline void inspect(u64 sock, struct sock_owner *owner, u64 pid_tgid, u64 buf,
				    u64 len)
{
	struct sock_owner fresh = { .tgid = pid_tgid >> 32 };
	bool began = owner && owner->tls;
	struct tls_head head;
	struct thread *t;

	if (!buf || len < sizeof(head) ||
	    bpf_probe_read_user(&head, sizeof(head), (const void *)buf) || !is_tls(&head)) {
		if (owner && !owner->ptr &&
		    (owner->kernel_tls || (owner->tls && is_kernel_tls(sock))))
			inspect_kernel_tls(sock, owner, pid_tgid);
		else if (owner && !owner->tls)
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

#endif
