/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * AWS-LC's AEAD functions. Those for records whose tag is apart may be called by the others,
 * depending on the version and the compiler: what both see counts once.
 */
#include "records.bpf.h"

/* Argument n of a C function at its entry, from 0; n is a constant. */
static __always_inline u64 call_arg(const struct pt_regs *ctx, u32 n)
{
#if defined(__TARGET_ARCH_x86)
	const u64 regs[] = { ctx->di, ctx->si, ctx->dx, ctx->cx, ctx->r8, ctx->r9 };
	const u32 in_regs = 6;
	u64 at = ctx->sp + 8;
#else
	const u64 regs[] = { ctx->regs[0], ctx->regs[1], ctx->regs[2], ctx->regs[3],
			     ctx->regs[4], ctx->regs[5], ctx->regs[6], ctx->regs[7] };
	const u32 in_regs = 8;
	u64 at = ctx->sp;
#endif
	u64 v = 0;

	if (n < in_regs)
		return regs[n];
	bpf_probe_read_user(&v, sizeof(v), (const void *)(at + 8 * (u64)(n - in_regs)));
	return v;
}

/* ---- One function inside of another ------------------------------------------------ */

/* What a thread's last call was about, under keys that no call has: no stack is there. */
enum last {
	LAST_SEAL = 1,
	LAST_OPEN,
};

static __always_inline void note_last(enum last which, u64 object, u64 buf)
{
	struct call_key key = { bpf_get_current_pid_tgid(), which };
	struct call call = { .ptr = object, .buf = buf };

	note_call(&key, &call);
}

/* Was it about the same? Forgets it. */
static __always_inline bool take_last(enum last which, u64 object, u64 buf)
{
	struct call_key key = { bpf_get_current_pid_tgid(), which };
	struct call *last = bpf_map_lookup_elem(&calls, &key);
	bool same = last && last->ptr == object && last->buf == buf;

	if (last)
		last->ptr = 0;
	return same;
}

/* (ctx, out, *out_len, max, nonce, nonce_len, in, in_len, ad, ad_len) */
SEC("uprobe")
int aead_seal(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	const struct seal s = {
		.object = call_arg(ctx, 0),
		.in = call_arg(ctx, 6),
		.in_len = call_arg(ctx, 7),
		.ad = call_arg(ctx, 8),
		.ad_len = call_arg(ctx, 9),
	};

	note_last(LAST_SEAL, s.object, s.in);
	return sealed(&s);
}

/* (ctx, out, tag, *tag_len, max, nonce, nonce_len, in, in_len, extra, extra_len, ad, ad_len) */
SEC("uprobe")
int aead_seal_scatter(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	const struct seal s = {
		.object = call_arg(ctx, 0),
		.in = call_arg(ctx, 7),
		.in_len = call_arg(ctx, 8),
		.extra = call_arg(ctx, 9),
		.extra_len = call_arg(ctx, 10),
		.ad = call_arg(ctx, 11),
		.ad_len = call_arg(ctx, 12),
	};

	return take_last(LAST_SEAL, s.object, s.in) ? 0 : sealed(&s);
}

/* (ctx, out, *out_len, max, nonce, nonce_len, in, in_len, ad, ad_len) */
SEC("uprobe")
int aead_open(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	const struct open o = {
		.object = call_arg(ctx, 0),
		.out = call_arg(ctx, 1),
		.out_len = call_arg(ctx, 2),
		.wire = call_arg(ctx, 7),
		.ad = call_arg(ctx, 8),
		.ad_len = call_arg(ctx, 9),
	};

	take_last(LAST_OPEN, 0, 0);
	return opening(ctx, &o);
}

/* (ctx, out, nonce, nonce_len, in, in_len, tag, tag_len, ad, ad_len) */
SEC("uprobe")
int aead_open_gather(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	const struct open o = {
		.object = call_arg(ctx, 0),
		.out = call_arg(ctx, 1),
		.wire = call_arg(ctx, 5) + call_arg(ctx, 7),
		.ad = call_arg(ctx, 8),
		.ad_len = call_arg(ctx, 9),
	};

	return opening(ctx, &o);
}

SEC("uprobe")
int aead_open_return(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct call_key key = { bpf_get_current_pid_tgid(), call_sp(ctx) };
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	u64 len, object, buf;

	if (!call || !call->ptr)
		return 0;
	object = call->ptr;
	buf = call->buf;
	len = call->left;
	call->ptr = 0;
	if (!(s32)REGS_RESULT(ctx))
		return 0;
	if (!call->out)
		note_last(LAST_OPEN, object, buf);
	else if (take_last(LAST_OPEN, object, buf))
		return 0;
	if (call->out && bpf_probe_read_user(&len, sizeof(len), (const void *)call->out)) {
		count(GENTAP_STAT_READ_FAULT, 1);
		return 0;
	}
	opened(object, buf, len, call->flags);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
