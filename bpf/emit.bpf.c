/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "emit.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void fill_header(struct gentap_event *e, const struct call *c, u32 len,
					u8 flags)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();

	*e = (struct gentap_event){
		.type = GENTAP_EV_DATA,
		.dir = c->dir,
		.source = c->source,
		.flags = flags,
		.tid = pid_tgid,
		.ts_ns = c->ts_ns,
		.ptr = c->ptr,
		.gen = c->gen,
		.tgid = pid_tgid >> 32,
		.seq = c->seq,
		.pos = c->pos,
		.call_len = c->call_len,
		.data_len = len,
	};
}

static __always_inline void count_fault(struct gentap_event *e)
{
	e->data_len = 0;
	e->flags |= GENTAP_F_NOCOPY;
	count(GENTAP_STAT_READ_FAULT, 1);
}

/* `room`, a constant, is the most payload that a record of this class holds. */
static __always_inline bool emit_class(const struct call *c, u32 len, u8 flags, const u32 room)
{
	struct gentap_event *e = bpf_ringbuf_reserve(&ring, sizeof(*e) + room, 0);
	u64 n = len;

	if (!e)
		return false;
	fill_header(e, c, len, flags);
	/* In assembly, or clang tests one copy of the length and passes another: the verifier
	 * must see the bound on the one that is passed. */
	asm volatile("if %[n] <= %[max] goto +1\n\t%[n] = %[max]" : [n] "+r"(n) : [max] "i"(room));
	if (bpf_probe_read_user(e + 1, n, (const void *)c->buf))
		count_fault(e);
	else
		count(GENTAP_STAT_BYTES, len);
	submit(e);
	return true;
}

/* Exactly as long as its payload. */
static __always_inline bool emit_exact(const struct call *c, u32 len, u8 flags)
{
	struct gentap_event header;
	struct bpf_dynptr record;

	if (bpf_ringbuf_reserve_dynptr(&ring, sizeof(header) + len, 0, &record)) {
		bpf_ringbuf_discard_dynptr(&record, 0);
		return false;
	}
	fill_header(&header, c, len, flags);
	if (bpf_probe_read_user_dynptr(&record, sizeof(header), len, (const void *)c->buf))
		count_fault(&header);
	else
		count(GENTAP_STAT_BYTES, len);
	bpf_dynptr_write(&record, 0, &header, sizeof(header), 0);
	count(GENTAP_STAT_EVENTS, 1);
	bpf_ringbuf_submit_dynptr(&record, wake_flags());
	return true;
}

static __always_inline bool emit_sized(const struct call *c, u32 len, u8 flags)
{
	if (have_user_dynptr)
		return emit_exact(c, len, flags);
	if (len <= 256)
		return emit_class(c, len, flags, 256);
	if (len <= 1024)
		return emit_class(c, len, flags, 1024);
	if (len <= 4096)
		return emit_class(c, len, flags, 4096);
	return emit_class(c, len, flags, GENTAP_CHUNK_MAX);
}

/* The next chunk; 1 while more is left. Global too: proved once, not in each turn of a loop. */
__noinline int emit_chunk(u64 pid_tgid, u64 sp)
{
	struct call_key key = { pid_tgid, sp };
	struct call *c = bpf_map_lookup_elem(&calls, &key);

	if (!c || !c->left)
		return 0;

	u32 len = c->left > GENTAP_CHUNK_MAX ? GENTAP_CHUNK_MAX : c->left;
	u8 flags = c->flags | (c->left == len ? GENTAP_F_LAST : 0);

	if (!emit_sized(c, len, flags)) {
		count(GENTAP_STAT_RING_FULL, 1);
		count(GENTAP_STAT_RING_FULL_BYTES, len);
	}
	c->flags &= ~GENTAP_F_FIRST;
	c->seq++;
	c->buf += len;
	c->pos += len;
	c->left -= len;
	return c->left != 0;
}

__noinline int emit_chunks(u64 pid_tgid, u64 sp)
{
	for (u32 i = 0; i < CHUNKS_AT_ONCE; i++)
		if (!emit_chunk(pid_tgid, sp))
			return 0;
	return 1;
}
