/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Connections: found or made by (tgid, object), bound to their socket, closed.
 *
 * No object knows its socket: TLS libraries are driven through memory buffers as often as
 * through a file descriptor. What holds for all of them is the thread: it sends or
 * receives inside the TLS call, or sends right after a write, or receives right before a
 * read. The socket programs note what the thread does, the TLS programs what it is about.
 */
#ifndef BPF_CONN_H
#define BPF_CONN_H

#include "scope.bpf.h"

static __always_inline struct conn_key conn_key(u64 ptr)
{
	return (struct conn_key){ .ptr = ptr, .tgid = bpf_get_current_pid_tgid() >> 32 };
}

static __always_inline struct conn *conn_get(const struct conn_key *key, u8 source)
{
	struct conn *conn = bpf_map_lookup_elem(&conns, key);

	if (conn)
		return conn;

	struct conn fresh = { .gen = bpf_ktime_get_boot_ns(), .source = source };

	bpf_map_update_elem(&conns, key, &fresh, BPF_NOEXIST);
	conn = bpf_map_lookup_elem(&conns, key);
	count(conn ? GENTAP_STAT_CONNS : GENTAP_STAT_CONN_FULL, 1);
	return conn;
}

static __always_inline void read_addresses(struct gentap_bind *b, u64 sock)
{
	const struct sock *sk = (const struct sock *)sock;

	b->sock = sock;
	b->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	b->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	b->peer_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (b->family == AF_INET6) {
		BPF_CORE_READ_INTO(&b->local_addr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&b->peer_addr, sk, __sk_common.skc_v6_daddr);
		return;
	}
	*(u32 *)b->local_addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	*(u32 *)b->peer_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
}

/* Once per connection, when both are known: that it is of interest, and its socket. */
static __always_inline void tell_bind(const struct conn_key *key, struct conn *conn)
{
	struct {
		struct gentap_event e;
		struct gentap_bind bind;
	} * r;

	if (conn->bind_told || !conn->sock)
		return;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(GENTAP_STAT_RING_FULL, 1);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->e.type = GENTAP_EV_BIND;
	r->e.source = conn->source;
	r->e.tid = bpf_get_current_pid_tgid();
	r->e.ts_ns = bpf_ktime_get_boot_ns();
	r->e.ptr = key->ptr;
	r->e.gen = conn->gen;
	r->e.tgid = key->tgid;
	r->e.data_len = sizeof(r->bind);
	read_addresses(&r->bind, conn->sock);
	conn->bind_told = true;
	submit(&r->e);
}

static __always_inline void bind(u64 ptr, u8 source, u64 sock)
{
	struct conn_key key = conn_key(ptr);
	struct conn *conn = conn_get(&key, source);
	struct sock_owner owner = { .ptr = ptr, .tgid = key.tgid, .tls = true };

	if (!conn || conn->sock)
		return;
	conn->sock = sock;
	bpf_map_update_elem(&socks, &sock, &owner, BPF_ANY);
	if (conn->told)
		tell_bind(&key, conn);
}

/* The next use of this address is another connection. */
static __always_inline void conn_close(const struct conn_key *key)
{
	struct conn *conn = bpf_map_lookup_elem(&conns, key);

	if (!conn)
		return;
	if (conn->told)
		emit_close(key, conn);
	if (conn->sock) {
		u64 sock = conn->sock;
		struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);

		if (owner && owner->ptr == key->ptr && owner->tgid == key->tgid)
			bpf_map_delete_elem(&socks, &sock);
	}
	bpf_map_delete_elem(&conns, key);
	bpf_map_delete_elem(&verdicts, key);
}

/* What the agent thinks of it. An ignored one asks no more: the agent sees nothing of it
 * that could change its mind; its next request does. */
static __always_inline void conn_refresh(const struct conn_key *key, struct conn *conn)
{
	struct verdict *v;

	if (conn->verdict == GENTAP_IGNORED)
		return;
	v = bpf_map_lookup_elem(&verdicts, key);
	if (v && v->gen == conn->gen)
		conn->verdict = v->verdict;
}

#define PEEK_LEN 1024	 /* of a statement, or of a read that answers it */
#define PEEK_READS_MAX 4 /* some libraries read lengths by themselves */

/* Of an ignored connection: is it a statement of a process that acts, or answers one? */
static __always_inline bool conn_peeks(struct conn *conn, u32 dir, u64 buf, u64 len)
{
	if (!n_acting)
		return false;
	if (dir == GENTAP_READ) {
		if (!conn->peeks)
			return false;
		conn->peeks--;
		return true;
	}
	if (!starts_statement(buf, len) || !acts(true))
		return false;
	conn->peeks = PEEK_READS_MAX;
	return true;
}

enum admission { ADMIT_NOTHING, ADMIT_ALL, ADMIT_HEAD };

/* May the bytes of this call be sent? Judges a connection by its first bytes, and takes an
 * ignored one up again when a request may start. */
static __always_inline enum admission conn_admits(const struct conn_key *key, struct conn *conn,
						  u32 dir, u64 buf, u64 len, u64 now_ns)
{
	conn_refresh(key, conn);
	if (!conn->judged) {
		enum glance g = glance(buf, len);

		conn->judged = true;
		conn->midstream = g != GLANCE_START;
		if (g == GLANCE_OTHER)
			conn->verdict = GENTAP_IGNORED;
	}
	if (conn->verdict != GENTAP_IGNORED)
		return ADMIT_ALL;
	if (!starts_request(buf, len)) {
		if (conn_peeks(conn, dir, buf, len))
			return ADMIT_HEAD;
		count_ignored(key->tgid, now_ns);
		return ADMIT_NOTHING;
	}
	conn->verdict = GENTAP_UNKNOWN;
	conn->sent[0] = conn->sent[1] = 0;
	bpf_map_delete_elem(&verdicts, key);
	return ADMIT_ALL;
}

/* How many of the call's bytes to send. */
static __always_inline u64 conn_budget(struct conn *conn, u32 dir, u64 len)
{
	u64 rest;

	if (conn->verdict != GENTAP_UNKNOWN)
		return len;
	rest = conn->sent[dir & 1] < unknown_budget ? unknown_budget - conn->sent[dir & 1] : 0;
	if (len > rest) {
		count(GENTAP_STAT_OVER_BUDGET, len - rest);
		len = rest;
	}
	conn->sent[dir & 1] += len;
	return len;
}

#endif
