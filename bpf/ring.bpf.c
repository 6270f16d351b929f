/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ring's functions for whole records: seal(key, nonce, aad, in_out, …) and open(key, nonce,
 * aad, …, in_out, …). Rust passes arguments as it likes: each version of the compiler and of
 * ring has them elsewhere. A record says itself where they are: one argument points to its
 * header, with 5 (or 13) next to it, and some other argument has the length that the header
 * tells, next to the address of the bytes. What was found for a function of a process is
 * tried first the next time.
 */
#include "records.bpf.h"

#define IN_STACK 10 /* arguments in memory that are looked at */
#define GCM_NONCE 8 /* before the ciphertext in TLS 1.2 (RFC 5288 section 3) */
#define STACK_NEAR (1 << 20)

#if defined(__TARGET_ARCH_x86)
#define IN_REGS 6
#define STACK_ARGS(ctx) ((ctx)->sp + 8)
#else
#define IN_REGS 8
#define STACK_ARGS(ctx) ((ctx)->sp)
#endif
#define SLOTS (IN_REGS + IN_STACK)

#define SLOTS_ROOM 32 /* a power of two: an index is masked */

struct slots {
	u64 v[SLOTS_ROOM];
};

/* The arguments of a thread's last call. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64); /* pid_tgid */
	__type(value, struct slots);
} arguments SEC(".maps");

static const struct slots no_slots;

static __always_inline struct slots *read_slots(const struct pt_regs *ctx)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct slots *s = bpf_map_lookup_elem(&arguments, &pid_tgid);

	if (!s) {
		bpf_map_update_elem(&arguments, &pid_tgid, &no_slots, BPF_ANY);
		s = bpf_map_lookup_elem(&arguments, &pid_tgid);
		if (!s)
			return NULL;
	}
#if defined(__TARGET_ARCH_x86)
	s->v[0] = ctx->di;
	s->v[1] = ctx->si;
	s->v[2] = ctx->dx;
	s->v[3] = ctx->cx;
	s->v[4] = ctx->r8;
	s->v[5] = ctx->r9;
#else
	s->v[0] = ctx->regs[0];
	s->v[1] = ctx->regs[1];
	s->v[2] = ctx->regs[2];
	s->v[3] = ctx->regs[3];
	s->v[4] = ctx->regs[4];
	s->v[5] = ctx->regs[5];
	s->v[6] = ctx->regs[6];
	s->v[7] = ctx->regs[7];
#endif
	if (bpf_probe_read_user(s->v + IN_REGS, 8 * IN_STACK, (const void *)STACK_ARGS(ctx)))
		__builtin_memset(s->v + IN_REGS, 0, 8 * IN_STACK);
	return s;
}

static __always_inline u64 slot(const struct slots *s, u32 n)
{
	return s->v[n & (SLOTS_ROOM - 1)];
}

/* A record: what its additional data says, and where its bytes are. */
struct record {
	u64 object, buf;
	u64 ad, ad_len;
	u64 plain; /* bytes of it, with the type of TLS 1.3 */
};

/* How long the plaintext is by this additional data; 0: it is none. */
static __always_inline u64 plain_len(u64 ad, u64 ad_len)
{
	u8 h[13] = { 0 };

	if (ad_len == 5) {
		if (bpf_probe_read_user(h, 5, (const void *)ad) || h[0] != APPLICATION_DATA ||
		    h[1] != 3 || h[2] != 3)
			return 0;
		u64 wire = (u64)h[3] << 8 | h[4];

		return wire > TAG_LEN ? wire - TAG_LEN : 0;
	}
	if (ad_len != sizeof(h) || bpf_probe_read_user(h, sizeof(h), (const void *)ad) ||
	    h[9] != 3 || h[10] != 3)
		return 0;
	return (u64)h[11] << 8 | h[12];
}

/* Where in the slots the pairs begin. */
struct layout {
	u8 ad, buf;
};

struct layout_key {
	u64 function;
	u32 tgid;
	u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct layout_key);
	__type(value, struct layout);
} layouts SEC(".maps");

static __always_inline bool is_readable(u64 at)
{
	u8 byte;

	return !bpf_probe_read_user(&byte, 1, (const void *)at);
}

/* Looks at every pair of slots. */
static __always_inline bool calibrate(const struct slots *s, struct layout *ret)
{
	u64 plain = 0;

	for (u32 i = 0; i < SLOTS - 1 && !plain; i++) {
		ret->ad = i;
		if (slot(s, i + 1) == 5 || slot(s, i + 1) == 13)
			plain = plain_len(slot(s, i), slot(s, i + 1));
	}
	if (!plain)
		return false;
	for (u32 i = 0; i < SLOTS - 1; i++) {
		u64 len = slot(s, i + 1);

		if ((len != plain && len != plain + GCM_NONCE) || i == ret->ad || i + 1 == ret->ad)
			continue;
		ret->buf = i;
		if (is_readable(slot(s, i)))
			return true;
	}
	return false;
}

/* By a layout: false when this call's arguments do not fit it. */
static __always_inline bool read_record(const struct slots *s, const struct layout *l, u64 sp,
					struct record *ret)
{
	u64 len = slot(s, l->buf + 1);

	ret->ad = slot(s, l->ad);
	ret->ad_len = slot(s, l->ad + 1);
	ret->plain = plain_len(ret->ad, ret->ad_len);
	ret->buf = slot(s, l->buf);
	/* The key; before it comes where the result goes, when that does not fit registers. */
	ret->object = slot(s, slot(s, 0) - sp < STACK_NEAR);
	return ret->plain && (len == ret->plain || len == ret->plain + GCM_NONCE);
}

static __always_inline bool find_record(const struct pt_regs *ctx, struct record *ret)
{
	struct layout_key key = { REGS_IP(ctx), bpf_get_current_pid_tgid() >> 32, 0 };
	struct layout *known = bpf_map_lookup_elem(&layouts, &key), found = { 0 };
	const struct slots *s = read_slots(ctx);

	if (!s)
		return false;
	if (known && read_record(s, known, REGS_SP(ctx), ret))
		return true;
	if (!calibrate(s, &found) || !read_record(s, &found, REGS_SP(ctx), ret))
		return false;
	bpf_map_update_elem(&layouts, &key, &found, BPF_ANY);
	return true;
}

SEC("uprobe")
int ring_seal(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct record r;

	if (!find_record(ctx, &r))
		return 0;

	const struct seal s = {
		.object = r.object,
		.in = r.buf,
		.in_len = r.plain,
		.ad = r.ad,
		.ad_len = r.ad_len,
	};

	return sealed(&s);
}

/* Forgets what a lost return left behind when it is no record. */
SEC("uprobe")
int ring_open(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct record r = { 0 };

	if (!find_record(ctx, &r))
		r = (struct record){ 0 };

	const struct open o = {
		.object = r.object,
		.out = r.buf,
		.wire = r.plain + TAG_LEN,
		.ad = r.ad,
		.ad_len = r.ad_len,
	};

	return opening(ctx, &o);
}

/* The tag is compared by the caller: what was forged is reported too, as what it became. */
SEC("uprobe")
int ring_open_return(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct call_key key = { bpf_get_current_pid_tgid(), call_sp(ctx) };
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	u64 object;

	if (!call || !call->ptr)
		return 0;
	object = call->ptr;
	call->ptr = 0;
	opened(object, call->buf, call->left, call->flags);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
