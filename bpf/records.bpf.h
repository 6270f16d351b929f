/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * rustls, seen where it encrypts and decrypts records: AEAD functions, of AWS-LC or of ring.
 * They know nothing of connections, so three things are made out here.
 *
 * What is a TLS record: the additional data of a call says so (RFC 8446 section 5.2, RFC 5246
 * section 6.2.3.3), and how long it is. In TLS 1.3 the last byte of the plaintext is the type.
 *
 * Which connection: there is one AEAD object per direction. The connection is named by the
 * one that sends, since clients speak first; its socket is that to which the same thread
 * then sends a record of the same length. The one that receives belongs to the socket from
 * which its thread last received, so to what that socket was bound to. Where nothing was
 * sent before (a server), the connection is named by the one that receives; the one that sends
 * joins it with the first record that looks like a response. Its socket is that from which the
 * thread had received when it sealed the end of the handshake, else when it seals that record.
 *
 * When an object is another one at the same address: its connection was closed with its
 * socket, or its thread receives from another socket.
 */
#ifndef BPF_RECORDS_H
#define BPF_RECORDS_H

#include "tls.bpf.h"

#define APPLICATION_DATA 23
#define TAG_LEN 16
#define PADDING_MAX 128 /* zeros behind the type that are looked through */

#define TLS13 1
#define TLS12 2

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
__weak __noinline int padding_len(u64 buf, u64 len)
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
	__type(key, struct conn_key); /* of the object, but for the one that names it */
	__type(value, struct aead);
} aeads __weak SEC(".maps");

/* Where the thread had received from when an object sealed what is no data. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct conn_key); /* of the object that sends */
	__type(value, u64);	      /* the socket */
} sealers __weak SEC(".maps");

/* The thread sealed a record that it has not sent yet. ptr 0: of a handshake. */
static __always_inline void note_seal(u64 ptr, u8 source, u64 len)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread fresh = { .ptr = ptr, .len = len, .source = source };
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
		t->source = source;
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

/* A request begins with its method, HTTP/2 of a client with "PRI". */
static __always_inline bool looks_like_response(u64 buf)
{
	u32 word;

	return !bpf_probe_read_user(&word, sizeof(word), (const void *)buf) &&
	       word == FOUR('H', 'T', 'T', 'P');
}

static __always_inline u64 last_received(void)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);

	return t ? t->received : 0;
}

/* Which connection does the object send on: its own, or that of a server which so far has only
 * received. A global function: the verifier proves it once. data: it seals data, at buf. */
__weak __noinline u64 conn_of_sender(u64 object, u64 buf, u64 data)
{
	struct conn_key key = conn_key(object), ckey = key;
	struct aead *known = bpf_map_lookup_elem(&aeads, &key), now;
	struct sock_owner *owner;
	struct conn *conn;
	u64 sock = 0, *seen;

	if (known) {
		ckey.ptr = known->ptr;
		conn = bpf_map_lookup_elem(&conns, &ckey);
		return conn && conn->gen == known->gen ? ckey.ptr : object;
	}
	if (bpf_map_lookup_elem(&conns, &key))
		return object;
	if (!data) {
		sock = last_received();
		if (sock)
			bpf_map_update_elem(&sealers, &key, &sock, BPF_ANY);
		return object;
	}
	if (!looks_like_response(buf))
		return object;
	seen = bpf_map_lookup_elem(&sealers, &key);
	sock = seen ? *seen : last_received();
	owner = sock ? bpf_map_lookup_elem(&socks, &sock) : NULL;
	if (!owner || !owner->ptr || owner->ptr == object || owner->tgid != key.tgid)
		return object;
	ckey.ptr = owner->ptr;
	conn = bpf_map_lookup_elem(&conns, &ckey);
	if (!conn || conn->source != GENTAP_SRC_RUSTLS || conn->pos[GENTAP_WRITE] ||
	    !conn->pos[GENTAP_READ])
		return object;
	now = (struct aead){ ckey.ptr, conn->gen };
	bpf_map_update_elem(&aeads, &key, &now, BPF_ANY);
	return ckey.ptr;
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
	key.ptr = conn_of_sender(s->object, s->in, type == APPLICATION_DATA && len);
	conn = bpf_map_lookup_elem(&conns, &key);
	if (!conn || !conn->sock) {
		watch_records(key.tgid);
		note_seal(type == APPLICATION_DATA ? key.ptr : 0, GENTAP_SRC_RUSTLS, plain);
	}
	if (type == APPLICATION_DATA && len)
		tls_transfer_now(key.ptr, GENTAP_SRC_RUSTLS, GENTAP_WRITE, s->in, len);
	return 0;
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

/* `buf` has the plaintext of a record, with its type and padding where TLS 1.3 has them. */
static __always_inline void opened(u64 object, u64 buf, u64 len, u32 version)
{
	u8 type = APPLICATION_DATA;

	if (version == TLS13)
		len = inner_len(buf, len, &type);
	if (type == APPLICATION_DATA && len)
		tls_transfer_now(conn_of_receiver(object), GENTAP_SRC_RUSTLS, GENTAP_READ, buf,
				 len);
}

#endif
