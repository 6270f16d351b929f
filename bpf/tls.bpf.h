/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A call that writes or reads plaintext, whatever the library: noted at its entry, sent
 * at its return with the bytes that were really transferred. Writes too: a library that
 * could not send everything is called again with the rest.
 */
#ifndef BPF_TLS_H
#define BPF_TLS_H

#include "conn.bpf.h"

/*
 * A call is entered and returned from with the same stack pointer, seen from different
 * instructions: at the first one of a function (x86-64: 8 below a multiple of 16, the
 * return address is on top), at a call or a jump inside its caller or at the return (a
 * multiple of 16). Rounding makes one number of them.
 */
static __always_inline u64 call_sp(const struct pt_regs *ctx)
{
	return (REGS_SP(ctx) + 8) & ~15ULL;
}

/* Entries are reused, not deleted: a thread calls from the same depth again and again, and
 * an update of the map costs as much as the rest of the program. */
static __always_inline void note_call(const struct call_key *key, const struct call *call)
{
	struct call *old = bpf_map_lookup_elem(&calls, key);

	if (old)
		*old = *call;
	else
		bpf_map_update_elem(&calls, key, call, BPF_ANY);
}

/* The thread is in a call about an unbound connection. */
static __always_inline void note_thread(u64 pid_tgid, u64 ptr, u8 source, u32 dir)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);
	struct thread fresh = { .ptr = ptr, .in_call = 1, .source = source };

	if (!t) {
		bpf_map_update_elem(&threads, &pid_tgid, &fresh, BPF_ANY);
		return;
	}
	if (dir != GENTAP_READ)
		t->sock = 0;
	t->ptr = ptr;
	t->in_call = 1;
	t->source = source;
	t->len = 0;
}

/* `out`: where the length will be stored; 0: the function returns it. */
static __always_inline int tls_enter(const struct pt_regs *ctx, u8 source, u32 dir, u64 out)
{
	struct call_key key = { bpf_get_current_pid_tgid(), call_sp(ctx) };
	struct conn_key ckey = conn_key(REGS_ARG1(ctx));
	struct conn *conn = bpf_map_lookup_elem(&conns, &ckey);
	struct call call = {
		.ptr = ckey.ptr,
		.buf = REGS_ARG2(ctx),
		.out = out,
		.ts_ns = bpf_ktime_get_boot_ns(),
		.dir = dir,
		.source = source,
	};

	note_call(&key, &call);
	if (!conn || !conn->sock)
		note_thread(key.pid_tgid, ckey.ptr, source, dir);
	return 0;
}

/* The thread left its TLS call: what it sends now it may send for another reason. */
static __always_inline void thread_leave(const struct call *call, u64 pid_tgid, u64 len)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);

	if (!t || !t->in_call || t->ptr != call->ptr)
		return;
	t->in_call = 0;
	t->len = call->dir == GENTAP_WRITE ? len : 0;
	if (t->sock && len)
		bind(call->ptr, call->source, t->sock);
	t->sock = 0;
}

static __always_inline void tls_transfer(struct call *call, const struct call_key *key, u64 len)
{
	struct conn_key ckey = conn_key(call->ptr);
	struct conn *conn = conn_get(&ckey, call->source);
	u32 dir = call->dir & 1;
	enum admission admitted;
	u64 send;

	if (!conn)
		return;
	if (dir == GENTAP_READ)
		call->ts_ns = bpf_ktime_get_boot_ns();
	admitted = conn_admits(&ckey, conn, dir, call->buf, len, call->ts_ns);
	if (admitted != ADMIT_NOTHING) {
		conn->told = true;
		tell_bind(&ckey, conn);
		send = admitted == ADMIT_ALL ? conn_budget(conn, dir, len)
		       : len < PEEK_LEN	     ? len
					     : PEEK_LEN;
		if (send > (u64)GENTAP_CALL_CHUNKS_MAX * GENTAP_CHUNK_MAX) {
			send = (u64)GENTAP_CALL_CHUNKS_MAX * GENTAP_CHUNK_MAX;
			count(GENTAP_STAT_CALL_TRUNC, 1);
		}
		call->seq = conn->seq[dir];
		call->gen = conn->gen;
		call->pos = conn->pos[dir];
		call->left = send;
		call->call_len = len;
		call->flags = GENTAP_F_FIRST | (conn->midstream ? GENTAP_F_MIDSTREAM : 0) |
			      (conn->kernel_tls ? GENTAP_F_KERNEL_TLS : 0);
		conn->seq[dir] += (send + GENTAP_CHUNK_MAX - 1) / GENTAP_CHUNK_MAX;
		emit_call(key->pid_tgid, key->sp);
	}
	conn->pos[dir] += len;
}

static const struct call no_call;

/* A transfer that is known whole in one place. No call of this thread has the key: none has
 * a stack pointer of 0. */
static __always_inline void tls_transfer_now(u64 ptr, u8 source, u32 dir, u64 buf, u64 len)
{
	struct call_key key = { bpf_get_current_pid_tgid(), 0 };
	struct call *call = bpf_map_lookup_elem(&calls, &key);

	if (!call) {
		bpf_map_update_elem(&calls, &key, &no_call, BPF_ANY);
		call = bpf_map_lookup_elem(&calls, &key);
		if (!call)
			return;
	}
	call->ptr = ptr;
	call->buf = buf;
	call->ts_ns = bpf_ktime_get_boot_ns();
	call->dir = dir;
	call->source = source;
	tls_transfer(call, &key, len);
	call->ptr = 0;
}

static __always_inline int tls_return(const struct pt_regs *ctx)
{
	struct call_key key = { bpf_get_current_pid_tgid(), call_sp(ctx) };
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	s32 result = REGS_RESULT(ctx);
	u64 len = 0;

	if (!call || !call->ptr) {
		if (!probes_shared)
			count(GENTAP_STAT_NO_ENTRY, 1);
		return 0;
	}
	if (result > 0) {
		len = result;
		if (call->out && bpf_probe_read_user(&len, sizeof(len), (const void *)call->out)) {
			count(GENTAP_STAT_READ_FAULT, 1);
			len = 0;
		}
	}
	thread_leave(call, key.pid_tgid, len);
	if (len)
		tls_transfer(call, &key, len);
	call->ptr = 0;
	return 0;
}

#endif
