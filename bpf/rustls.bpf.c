/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * rustls, seen where it encrypts and decrypts records: the AEAD functions of AWS-LC. They
 * know nothing of connections, so three things are made out here.
 *
 * What is a TLS record: the additional data of a call says so (RFC 8446 section 5.2, RFC 5246
 * section 6.2.3.3), and how long it is. In TLS 1.3 the last byte of the plaintext is the type.
 *
 * Which connection: there is one AEAD object per direction. The connection is named by the
 * one that sends, since clients speak first; its socket is that to which the same thread
 * then sends a record of the same length. The one that receives belongs to the socket from
 * which its thread last received, so to what that socket was bound to. Where nothing was
 * sent before (a server), the connection is named by the one that receives, and what is sent
 * is a connection of its own.
 *
 * The functions for records whose tag is apart may be called by the others, depending on the
 * version and the compiler: what both see counts once.
 *
 * When an object is another one at the same address: its connection was closed with its
 * socket, or its thread receives from another socket.
 */
#include "tls.bpf.h"

#define APPLICATION_DATA 23
#define TAG_LEN 16
#define PADDING_MAX 128 /* zeros behind the type that are looked through */

#define TLS13 1
#define TLS12 2

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

/*
 * The version of the record, by its additional data; 0: it is no record of TLS. *type is that
 * of TLS 1.2. `wire`: bytes of the record without its header, `plain`: of its plaintext.
 */
static __always_inline u32 record_version(u64 ad, u64 ad_len, u64 wire, u64 plain, u8 *type)
{
	u8 h[13] = { 0 };

	if (ad_len == 5) {
		if (bpf_probe_read_user(h, 5, (const void *)ad))
			return 0;
		return h[0] == APPLICATION_DATA && h[1] == 3 && h[2] == 3 &&
				       ((u64)h[3] << 8 | h[4]) == wire
			       ? TLS13
			       : 0;
	}
	if (ad_len != sizeof(h) || bpf_probe_read_user(h, sizeof(h), (const void *)ad))
		return 0;
	*type = h[8];
	return h[9] == 3 && h[10] == 3 && ((u64)h[11] << 8 | h[12]) == plain ? TLS12 : 0;
}

/* How many zeros there are at the end of [buf, buf + len): nobody pads in practice. A global
 * function: the verifier proves it once. */
__noinline int padding_len(u64 buf, u64 len)
{
	u8 byte = 0;

	for (u32 i = 0; i < PADDING_MAX; i++) {
		if (i >= len || bpf_probe_read_user(&byte, 1, (const void *)(buf + len - 1 - i)))
			return -1;
		if (byte)
			return i;
	}
	return -1;
}

/* The plaintext of TLS 1.3 without its type and what pads it; 0: not known. */
static __always_inline u64 inner_len(u64 buf, u64 len, u8 *type)
{
	int zeros;

	if (!len || bpf_probe_read_user(type, 1, (const void *)(buf + len - 1)))
		return 0;
	if (*type)
		return len - 1;
	zeros = padding_len(buf, len);
	if (zeros < 0) {
		count(GENTAP_STAT_READ_FAULT, 1);
		return 0;
	}
	len -= (u32)zeros + 1;
	bpf_probe_read_user(type, 1, (const void *)(buf + len));
	return len;
}

/* ---- Connections -------------------------------------------------------------------- */

struct aead {
	u64 ptr, gen; /* of the connection */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct conn_key); /* of the object that receives */
	__type(value, struct aead);
} aeads SEC(".maps");

/* The thread sealed a record that it has not sent yet. ptr 0: of a handshake. */
static __always_inline void note_seal(u64 ptr, u64 len)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread fresh = { .ptr = ptr, .len = len, .source = GENTAP_SRC_RUSTLS };
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);

	if (!t) {
		bpf_map_update_elem(&threads, &pid_tgid, &fresh, BPF_ANY);
		return;
	}
	/* What is sent begins with the first of them. */
	if (!t->len)
		t->len = len;
	if (ptr) {
		t->ptr = ptr;
		t->source = GENTAP_SRC_RUSTLS;
		t->in_call = 0;
	}
}

static __always_inline void watch_records(u32 tgid)
{
	struct watch *w = bpf_map_lookup_elem(&watched, &tgid);

	if (w)
		w->records = true;
}

static __always_inline u64 conn_of_receiver(u64 object)
{
	struct conn_key key = conn_key(object), ckey = key;
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);
	struct aead *known = bpf_map_lookup_elem(&aeads, &key), now;
	u64 sock = t ? t->received : 0;
	struct sock_owner *owner;
	struct conn *conn;

	if (known) {
		ckey.ptr = known->ptr;
		conn = bpf_map_lookup_elem(&conns, &ckey);
		if (conn && conn->gen == known->gen && (!sock || !conn->sock || conn->sock == sock))
			return known->ptr;
		ckey.ptr = object;
	}
	owner = sock ? bpf_map_lookup_elem(&socks, &sock) : NULL;
	if (owner && owner->ptr && owner->tgid == key.tgid)
		ckey.ptr = owner->ptr;
	else if (sock)
		bind(object, GENTAP_SRC_RUSTLS, sock);
	conn = conn_get(&ckey, GENTAP_SRC_RUSTLS);
	now = (struct aead){ ckey.ptr, conn ? conn->gen : 0 };
	bpf_map_update_elem(&aeads, &key, &now, BPF_ANY);
	return ckey.ptr;
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

/* ---- Sealing: the plaintext is there at the entry ------------------------------------ */

struct seal {
	u64 object, in, in_len, ad, ad_len;
	u64 extra, extra_len; /* of the plaintext too, behind `in` */
};

static __always_inline int sealed(const struct seal *s)
{
	u64 plain = s->in_len + s->extra_len, len = s->in_len;
	struct conn_key key = conn_key(s->object);
	u8 type = 0;
	u32 version = record_version(s->ad, s->ad_len, plain + TAG_LEN, plain, &type);
	struct conn *conn;

	if (!version)
		return 0;
	if (version == TLS13 && s->extra_len == 1)
		bpf_probe_read_user(&type, 1, (const void *)s->extra);
	else if (version == TLS13)
		len = inner_len(s->in, len, &type);
	conn = bpf_map_lookup_elem(&conns, &key);
	if (!conn || !conn->sock) {
		watch_records(key.tgid);
		note_seal(type == APPLICATION_DATA ? s->object : 0, plain);
	}
	if (type == APPLICATION_DATA && len)
		tls_transfer_now(s->object, GENTAP_SRC_RUSTLS, GENTAP_WRITE, s->in, len);
	return 0;
}

/* (ctx, out, *out_len, max, nonce, nonce_len, in, in_len, ad, ad_len) */
SEC("uprobe")
int aead_seal(struct pt_regs *ctx)
{
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

/* ---- Opening: at the return ---------------------------------------------------------- */

struct open {
	u64 object, out;
	u64 out_len; /* where the length will be; 0: it is that of the input */
	u64 wire, ad, ad_len;
};

static __always_inline int opening(const struct pt_regs *ctx, const struct open *o)
{
	struct call_key key = { bpf_get_current_pid_tgid(), call_sp(ctx) };
	struct call call = {
		.ptr = o->object,
		.buf = o->out,
		.out = o->out_len,
		.dir = GENTAP_READ,
		.source = GENTAP_SRC_RUSTLS,
		.left = o->wire - TAG_LEN,
	};
	u8 type = APPLICATION_DATA;

	call.flags = record_version(o->ad, o->ad_len, o->wire, o->wire - TAG_LEN, &type);
	/* No record: what a lost return left behind must not be taken for it. */
	if (!call.flags || type != APPLICATION_DATA)
		call.ptr = 0;
	if (call.ptr)
		watch_records(key.pid_tgid >> 32);
	note_call(&key, &call);
	return 0;
}

/* (ctx, out, *out_len, max, nonce, nonce_len, in, in_len, ad, ad_len) */
SEC("uprobe")
int aead_open(struct pt_regs *ctx)
{
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
	struct call_key key = { bpf_get_current_pid_tgid(), call_sp(ctx) };
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	u8 type = APPLICATION_DATA;
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
	if (call->flags == TLS13)
		len = inner_len(buf, len, &type);
	if (type == APPLICATION_DATA && len)
		tls_transfer_now(conn_of_receiver(object), GENTAP_SRC_RUSTLS, GENTAP_READ, buf,
				 len);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
