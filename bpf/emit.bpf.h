/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Records into the ring.
 *
 * Space is reserved and filled in place, never in a per-CPU scratch: a uprobe program can
 * be preempted by the probe of another task on the same CPU, which would use the scratch
 * meanwhile. Reservations of the classic kind have constant sizes, hence the classes.
 *
 * Waking the consumer costs more than a small record does. It therefore polls on a timer
 * while there is traffic; a record wakes it only when it sleeps without a timer (IDLE) or
 * when much is unread (once, then URGED until it read).
 */
#ifndef BPF_EMIT_H
#define BPF_EMIT_H

#include "maps.bpf.h"

static __always_inline void count(u32 stat, u64 n)
{
	u32 zero = 0;
	struct stats *s = bpf_map_lookup_elem(&stats, &zero);

	if (s && stat < GENTAP_STAT_MAX)
		__sync_fetch_and_add(&s->count[stat], n);
}

static __always_inline u64 wake_flags(void)
{
	if (consumer_state == GENTAP_CONSUMER_IDLE) {
		consumer_state = GENTAP_CONSUMER_POLLS;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (consumer_state == GENTAP_CONSUMER_POLLS &&
	    bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wake_bytes) {
		consumer_state = GENTAP_CONSUMER_URGED;
		return BPF_RB_FORCE_WAKEUP;
	}
	return BPF_RB_NO_WAKEUP;
}

static __always_inline void submit(struct gentap_event *e)
{
	count(GENTAP_STAT_EVENTS, 1);
	bpf_ringbuf_submit(e, wake_flags());
}

/* What the agent has to act on before the next bytes pass; rare. */
static __always_inline void submit_now(struct gentap_event *e)
{
	count(GENTAP_STAT_EVENTS, 1);
	wake_flags();
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
}

/* A record without payload, of a type that is about a process. */
static __always_inline void emit_bare(u8 type, u8 source, u32 tgid)
{
	struct gentap_event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e) {
		count(GENTAP_STAT_RING_FULL, 1);
		return;
	}
	*e = (struct gentap_event){
		.type = type,
		.source = source,
		.tid = bpf_get_current_pid_tgid(),
		.ts_ns = bpf_ktime_get_boot_ns(),
		.tgid = tgid,
	};
	/* Its probes have to stand before the handshake on that connection is over. */
	if (type == GENTAP_EV_CONNECT)
		submit_now(e);
	else
		submit(e);
}

/* With where both streams end: what a full ring refused last leaves no other gap. */
static __always_inline void emit_close(const struct conn_key *key, const struct conn *conn)
{
	struct gentap_event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e) {
		count(GENTAP_STAT_RING_FULL, 1);
		return;
	}
	*e = (struct gentap_event){
		.type = GENTAP_EV_CLOSE,
		.source = conn->source,
		.tid = bpf_get_current_pid_tgid(),
		.ts_ns = bpf_ktime_get_boot_ns(),
		.ptr = key->ptr,
		.gen = conn->gen,
		.tgid = key->tgid,
		.pos = conn->pos[GENTAP_WRITE],
		.call_len = conn->pos[GENTAP_READ],
	};
	submit(e);
}

/*
 * Sends the next chunks of the call with this key, both halves of it; 1 while more is left. A
 * global function: the verifier proves it once, not once per turn of the loop around it, and
 * kernels before 5.12 pass only numbers to one.
 */
#define CHUNKS_AT_ONCE 64
int emit_chunks(u64 pid_tgid, u64 sp);

static __always_inline void emit_call(u64 pid_tgid, u64 sp)
{
	for (u32 i = 0; i < GENTAP_CALL_CHUNKS_MAX / CHUNKS_AT_ONCE; i++)
		if (!emit_chunks(pid_tgid, sp))
			return;
}

#endif
