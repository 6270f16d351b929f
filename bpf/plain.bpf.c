/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Plain HTTP on TCP sockets, client and server side. What was sent or received is known when
 * the call ends: how much, from the tracepoint; where it is, from the registers with which
 * the process entered the kernel. So nothing is noted in between, and a process that is not
 * observed costs one lookup, as does a socket that is known to carry something else.
 *
 * Linux 6.3 has a tracepoint at the end of either transfer, with the socket; before that the
 * exits of the system calls tell the same, by their descriptor.
 *
 * So is what a process writes to a socket that the kernel encrypts (kernel TLS), once its handshake
 * is over.
 *
 * The connection is named by its socket. One that begins with CONNECT carries TLS soon: the
 * proxy's answer to it makes no plain HTTP connection of it.
 */
#include "file.bpf.h"
#include "socket.bpf.h"
#include "syscall.bpf.h"
#include "tls.bpf.h"

/* Of writev, sendmsg and their like; what is in more is a hole. gRPC sends each header name and
 * value as a segment of its own: 27 for its first request, 3 more for each header. */
#define SEGMENTS_MAX 128
#define LOOK_AGAIN_NS 1000000000
#define MSG_PEEK 2

/* ---- Whether they are of interest ------------------------------------------------------ */

#define GLANCE_MIN 8 /* what it takes to know HTTP */

/* The first bytes, of which `len` are there; 0: they cannot be read. rustls sends its
 * ChangeCipherSpec, 6 bytes, as a segment of its own, before what it has sealed. */
static __always_inline u64 first_bytes(u64 iov, u64 buf, u64 *len)
{
	struct user_iovec first;

	if (!iov)
		return buf;
	if (bpf_probe_read_user(&first, sizeof(first), (const void *)iov))
		return 0;
	if (first.len < *len)
		*len = first.len;
	return first.base;
}

enum judgement {
	NOT_YET,
	NO_HTTP,
	HTTP,
	TLS,
	TUNNEL,
};

static __always_inline enum judgement judge(u64 buf, bool tunnel)
{
	struct tls_head head;
	u32 word;

	if (bpf_probe_read_user(&head, sizeof(head), (const void *)buf))
		return NOT_YET;
	if (is_tls(&head))
		return TLS;
	__builtin_memcpy(&word, &head, sizeof(word));
	if (word == FOUR('C', 'O', 'N', 'N'))
		return TUNNEL;
	if (word == FOUR('H', 'T', 'T', 'P') && tunnel)
		return NOT_YET;
	if (word == FOUR('H', 'T', 'T', 'P') || glance(buf, 8) == GLANCE_START)
		return HTTP;
	return NO_HTTP;
}

/* May the socket carry plain HTTP? Answers without a look where it was looked at lately. */
static __always_inline bool may_look(const struct sock_owner *owner, u64 sock, u64 now_ns)
{
	if (!owner)
		return true;
	if (owner->ptr)
		return owner->ptr == sock;
	if (owner->kernel_tls && unbound_call(bpf_get_current_pid_tgid()))
		return false; /* it is that call's */
	return !owner->tls && (!owner->looked_ns || now_ns - owner->looked_ns > LOOK_AGAIN_NS);
}

static __always_inline bool is_http(struct sock_owner *owner, u64 sock, u64 buf, u64 now_ns)
{
	struct sock_owner fresh = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	enum judgement j;

	if (owner && owner->ptr)
		return true;
	j = buf ? judge(buf, owner && owner->tunnel) : NOT_YET;
	if (j == NOT_YET)
		return false;
	if (!owner) {
		fresh.ptr = j == HTTP ? sock : 0;
		fresh.tls = j == TLS;
		fresh.tunnel = j == TUNNEL;
		fresh.looked_ns = j == NO_HTTP ? now_ns : 0;
		bpf_map_update_elem(&socks, &sock, &fresh, BPF_ANY);
		return j == HTTP;
	}
	if (j == TLS)
		owner->tls = true;
	else if (j == TUNNEL)
		owner->tunnel = true;
	else if (j == HTTP)
		owner->ptr = sock;
	else if (!owner->kernel_tls || owner->plain_sends >= PLAIN_SENDS_MAX)
		owner->looked_ns = now_ns;
	return j == HTTP;
}

/* Is it for the TLS programs alone, and do they know all of it that they need? */
static __always_inline bool is_settled(const struct sock_owner *owner, u32 dir)
{
	return owner && owner->tls && (owner->ptr || dir != GENTAP_WRITE || !inspects_after);
}

/* What could not be read is a hole of known size. */
static __always_inline void skip(u64 sock, u32 dir, u64 n, u32 stat)
{
	struct conn_key key = conn_key(sock);
	struct conn *conn = bpf_map_lookup_elem(&conns, &key);

	if (conn)
		conn->pos[dir & 1] += n;
	count(stat, 1);
}

/* May they be for a database, of a process that acts? */
__noinline int plain_peeks(u64 sock, u64 dir, u64 buf, u64 n)
{
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);
	struct conn_key key = conn_key(sock);
	struct conn *conn;

	if (!owner || owner->tls || owner->ptr)
		return 0;
	if (dir == GENTAP_READ) {
		conn = bpf_map_lookup_elem(&conns, &key);
		return conn && conn->peeks;
	}
	if (!starts_statement(buf, n) || !acts(false))
		return 0;
	conn = conn_get(&key, GENTAP_SRC_SOCKET);
	if (!conn)
		return 0;
	conn->sock = sock;
	owner->peeked = true;
	return 1;
}

/* Once: what the server's socket is called. */
static __always_inline void tell_unix(const struct conn_key *key, struct conn *conn)
{
	struct {
		struct gentap_event e;
		struct gentap_bind bind;
		char path[128]; /* a power of two: the verifier wants its mask */
	} * r;
	const struct unix_sock *u = (const struct unix_sock *)conn->sock, *peer;
	const struct unix_address *addr;
	u64 len;

	if (conn->bind_told)
		return;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(GENTAP_STAT_RING_FULL, 1);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	peer = (const struct unix_sock *)BPF_CORE_READ(u, peer);
	addr = BPF_CORE_READ(peer, addr);
	len = (u32)BPF_CORE_READ(addr, len) - sizeof(u16);
	if (!addr || len > GENTAP_UNIX_PATH_MAX)
		len = 0;
	asm volatile("%0 &= 127" : "+r"(len));
	if (bpf_probe_read_kernel(r->path, len, &addr->name[0].sun_path))
		len = 0;
	r->e.type = GENTAP_EV_BIND;
	r->e.source = GENTAP_SRC_SOCKET;
	r->e.tid = bpf_get_current_pid_tgid();
	r->e.ts_ns = bpf_ktime_get_boot_ns();
	r->e.ptr = key->ptr;
	r->e.gen = conn->gen;
	r->e.tgid = key->tgid;
	r->e.data_len = sizeof(r->bind) + len;
	r->bind.sock = conn->sock;
	r->bind.family = AF_UNIX;
	conn->bind_told = true;
	submit(&r->e);
}

/*
 * The same over a socket of the machine alone, which carries nothing else that is read: its name
 * among the connections when the bytes are to be sent, else 0.
 */
__noinline u64 plain_peeks_unix(u64 sock, u64 dir, u64 n)
{
	u64 name = unix_name((const struct sock *)sock), iov = 0, n_iov = 0, buf, len = n;
	struct conn_key key = conn_key(name);
	struct request r;
	struct conn *conn;

	if (!name)
		return 0;
	if (dir == GENTAP_READ) {
		conn = bpf_map_lookup_elem(&conns, &key);
		return conn && conn->peeks ? name : 0;
	}
	if (!read_request(&r) || !find_segments(&r, &iov, &n_iov))
		return 0;
	buf = first_bytes(iov, r.buf, &len);
	if (len < GLANCE_MIN || !starts_statement(buf, n) || !acts(false))
		return 0;
	conn = conn_get(&key, GENTAP_SRC_SOCKET);
	if (!conn)
		return 0;
	conn->sock = sock;
	tell_unix(&key, conn);
	return name;
}

#define QUIC_FIRST_MIN 1200 /* RFC 9000 section 14.1 */
#define QUIC_V1 0x01000000  /* as its bytes are read here */
#define QUIC_V2 0xcf43336b

/*
 * A datagram. The first ones of a QUIC connection are told to the agent, as a ClientHello is:
 * it reads the server's name in them, and no more is seen of the connection. What else the
 * socket sends is looked at once a second.
 */
__noinline int plain_datagram(u64 sock, u64 n)
{
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);
	u64 pid_tgid = bpf_get_current_pid_tgid(), now_ns = bpf_ktime_get_boot_ns();
	struct sock_owner fresh = { .tgid = pid_tgid >> 32, .looked_ns = now_ns };
	struct user_iovec v = { .len = n };
	u64 iov = 0, n_iov = 0;
	struct request r;
	u8 head[5];
	u32 version;

	if (n < QUIC_FIRST_MIN || !read_request(&r) || !find_segments(&r, &iov, &n_iov))
		return 0;
	v.base = r.buf;
	if (iov && bpf_probe_read_user(&v, sizeof(v), (const void *)iov))
		return 0;
	if (bpf_probe_read_user(head, sizeof(head), (const void *)v.base))
		return 0;
	__builtin_memcpy(&version, head + 1, sizeof(version));
	if (((head[0] & 0xf0) == 0xc0 && version == QUIC_V1) ||
	    ((head[0] & 0xf0) == 0xd0 && version == QUIC_V2)) {
		emit_hello(sock, pid_tgid >> 32, v.base, v.len < n ? v.len : n);
		return 0;
	}
	if (owner)
		owner->looked_ns = now_ns;
	else
		bpf_map_update_elem(&socks, &sock, &fresh, BPF_ANY);
	return 0;
}

/*
 * n bytes went over the socket: 1 when they are to be sent to the agent. This and what follows
 * are functions of their own because a chain of calls may have 512 bytes of stack.
 */
__noinline int plain_judge(u64 sock, u64 dir, u64 n)
{
	u64 now_ns = bpf_ktime_get_boot_ns(), iov = 0, n_iov = 0, buf = 0, len = n;
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);
	struct request r;
	bool known, look;

	if (is_settled(owner, dir) ||
	    (!inspects_after && !n_acting && !may_look(owner, sock, now_ns)))
		return 0;
	if (!is_tcp((const struct sock *)sock)) {
		if (dir == GENTAP_WRITE && is_udp((const struct sock *)sock) &&
		    may_look(owner, sock, now_ns))
			plain_datagram(sock, n);
		return 0;
	}
	if (!read_request(&r))
		return 0;
	known = find_segments(&r, &iov, &n_iov);
	if (known)
		buf = first_bytes(iov, r.buf, &len);
	if (dir == GENTAP_WRITE && inspects_after && buf && len >= sizeof(struct tls_head) &&
	    (!owner || (!owner->ptr && owner->plain_sends < PLAIN_SENDS_MAX))) {
		inspect(sock, owner, bpf_get_current_pid_tgid(), buf, len);
		owner = bpf_map_lookup_elem(&socks, &sock);
	}
	if (len < GLANCE_MIN)
		buf = 0;
	look = may_look(owner, sock, now_ns);
	if (known && look && is_http(owner, sock, buf, now_ns)) {
		struct conn_key key = conn_key(sock);
		struct conn *conn = conn_get(&key, GENTAP_SRC_SOCKET);

		if (conn) {
			conn->sock = sock;
			conn->kernel_tls = owner && owner->kernel_tls;
		}
		return 1;
	}
	if (!known && look && owner && owner->ptr)
		skip(sock, dir, n, GENTAP_STAT_UNREADABLE);
	return known && n_acting && plain_peeks(sock, dir, buf, n);
}

/* ---- Transfers ------------------------------------------------------------------------- */

/* Global functions: the verifier proves each once, not once per segment. */
__noinline int plain_buffer(u64 ptr, u64 source, u64 dir, u64 buf, u64 len)
{
	tls_transfer_now(ptr, source, dir, buf, len);
	return 0;
}

/* What of the `left` bytes is in this segment; negative: it cannot be read. */
__noinline int plain_segment(u64 ptr, u64 source, u64 dir, u64 iov, u64 left)
{
	struct user_iovec v;

	if (bpf_probe_read_user(&v, sizeof(v), (const void *)iov))
		return -1;
	if (v.len > left)
		v.len = left;
	if (v.len)
		plain_buffer(ptr, source, dir, v.base, v.len);
	return v.len;
}

__noinline int plain_emit(u64 ptr, u64 source, u64 dir, u64 n)
{
	u64 iov = 0, n_iov = 1;
	struct request r;

	if (!read_request(&r) || !find_segments(&r, &iov, &n_iov))
		return 0;
	if (!iov)
		return plain_buffer(ptr, source, dir, r.buf, n);
	for (u32 i = 0; i < SEGMENTS_MAX && i < n_iov && n; i++) {
		s64 len = plain_segment(ptr, source, dir, iov, n);

		if (len < 0)
			break;
		n -= len;
		iov += sizeof(struct user_iovec);
	}
	if (n)
		skip(ptr, dir, n, GENTAP_STAT_CALL_TRUNC);
	return 0;
}

/* Of a process that the filter leaves out only a ClientHello is of interest. */
__noinline int plain_hello(u64 sock, u64 n)
{
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);
	u64 iov = 0, n_iov = 0, len = n, buf;
	struct request r;

	if ((owner && (owner->ptr || owner->tls || owner->plain_sends >= PLAIN_SENDS_MAX)) ||
	    !is_tcp((const struct sock *)sock) || !read_request(&r) ||
	    !find_segments(&r, &iov, &n_iov))
		return 0;
	buf = first_bytes(iov, r.buf, &len);
	inspect(sock, owner, bpf_get_current_pid_tgid(), buf, len);
	return 0;
}

static __always_inline bool is_unix(u64 sock)
{
	return BPF_CORE_READ((const struct sock *)sock, __sk_common.skc_family) == AF_UNIX;
}

static __always_inline int transferred(u64 sock, u32 dir, s32 n)
{
	u32 state = watch_state(bpf_get_current_pid_tgid() >> 32);
	u64 name;

	if (n_acting && state == GENTAP_WATCH_ON && is_unix(sock)) {
		name = plain_peeks_unix(sock, dir, n);
		return name ? plain_emit(name, GENTAP_SRC_SOCKET, dir, n) : 0;
	}

	if (state == GENTAP_WATCH_HELLO && dir == GENTAP_WRITE && inspects_after)
		return plain_hello(sock, n);
	if (state == GENTAP_WATCH_ON && plain_judge(sock, dir, n))
		plain_emit(sock, GENTAP_SRC_SOCKET, dir, n);
	return 0;
}

/* These two run for every transfer of the machine: first what decides most often. */
SEC("tp_btf/sock_send_length")
int plain_sent(u64 *ctx)
{
	s32 n = ctx[1];

	if (n <= 0 || !may_be_watched(bpf_get_current_pid_tgid() >> 32))
		return 0;
	return transferred(sock_number(ctx), GENTAP_WRITE, n);
}

SEC("tp_btf/sock_recv_length")
int plain_received(u64 *ctx)
{
	s32 n = ctx[1];
	u64 sock;

	if (n <= 0 || !may_be_watched(bpf_get_current_pid_tgid() >> 32) || ctx[2] & MSG_PEEK)
		return 0;
	sock = sock_number(ctx);
	if (receives_after)
		socket_received(sock);
	return transferred(sock, GENTAP_READ, n);
}

/* Before Linux 6.3. */
SEC("tracepoint")
int plain_exit(struct exit_args *ctx)
{
	u64 fd, nr, sock;

	if (ctx->result <= 0 || watch_state(bpf_get_current_pid_tgid() >> 32) != GENTAP_WATCH_ON ||
	    !read_fd(&fd, &nr))
		return 0;
	sock = n_acting ? any_sock_of_fd(fd) : sock_of_fd(fd);
	return sock ? transferred(sock, is_send(nr) ? GENTAP_WRITE : GENTAP_READ, ctx->result) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
