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
 * The connection is named by its socket. One that begins with CONNECT carries TLS soon.
 */
#include "file.bpf.h"
#include "socket.bpf.h"
#include "tls.bpf.h"

#define SEGMENTS_MAX 16 /* of readv, writev, recvmsg, sendmsg; what is in more is a hole */
#define LOOK_AGAIN_NS 1000000000
#define MSG_PEEK 2
#define THREAD_SIZE 16384
#define USER32_CS 0x23

#if defined(__TARGET_ARCH_x86)
enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_READV = 19,
	NR_WRITEV = 20,
	NR_SENDTO = 44,
	NR_RECVFROM = 45,
	NR_SENDMSG = 46,
	NR_RECVMSG = 47
};
#else
enum {
	NR_READ = 63,
	NR_WRITE = 64,
	NR_READV = 65,
	NR_WRITEV = 66,
	NR_SENDTO = 206,
	NR_RECVFROM = 207,
	NR_SENDMSG = 211,
	NR_RECVMSG = 212
};
#endif

/* What the process asked for. */
struct request {
	u64 nr, fd, buf; /* buf: or of a struct msghdr, or of iovecs */
	u64 n_iov;
};

/* ---- Where the bytes are -------------------------------------------------------------- */

static __always_inline const void *user_regs(void)
{
	const struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (const struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

static __always_inline bool read_request(struct request *ret)
{
	const void *at = user_regs();
#if defined(__TARGET_ARCH_x86)
	struct {
		u64 dx, si, di, orig_ax, ip, cs;
	} r;

	if (bpf_probe_read_kernel(&r, sizeof(r), at + offsetof(struct pt_regs, dx)) ||
	    r.cs == USER32_CS)
		return false;
	*ret = (struct request){ r.orig_ax, r.di, r.si, r.dx };
#else
	struct {
		u64 orig_x0;
		s32 syscallno;
		u32 zero;
	} r;
	u64 args[2]; /* the first has become the result */

	if (bpf_probe_read_kernel(&r, sizeof(r), at + sizeof(struct pt_regs)) ||
	    bpf_probe_read_kernel(args, sizeof(args), at + offsetof(struct pt_regs, regs[1])))
		return false;
	*ret = (struct request){ r.syscallno, r.orig_x0, args[0], args[1] };
#endif
	return true;
}

/* Of the registers only these two, for want of stack. */
static __always_inline bool read_fd(u64 *ret_fd, u64 *ret_nr)
{
	const void *at = user_regs();
#if defined(__TARGET_ARCH_x86)
	const u64 fd = offsetof(struct pt_regs, di), nr = offsetof(struct pt_regs, orig_ax);
#else
	const u64 fd = sizeof(struct pt_regs), nr = fd + sizeof(u64);
#endif

	*ret_nr = 0;
	return !bpf_probe_read_kernel(ret_fd, sizeof(*ret_fd), at + fd) &&
	       !bpf_probe_read_kernel(ret_nr, sizeof(s32), at + nr);
}

static __always_inline bool is_send(u64 nr)
{
	return nr == NR_WRITE || nr == NR_SENDTO || nr == NR_WRITEV || nr == NR_SENDMSG;
}

struct user_iovec {
	u64 base, len;
};

/* As segments, one or more. False: not by a system call that is known here, as by io_uring
 * or sendfile. */
static __always_inline bool find_segments(struct request *r, u64 *ret_iov, u64 *ret_n)
{
	struct {
		u64 name, name_len, iov, n_iov;
	} msg;

	switch (r->nr) {
	case NR_READ:
	case NR_WRITE:
	case NR_SENDTO:
	case NR_RECVFROM:
		*ret_iov = 0;
		return true;
	case NR_READV:
	case NR_WRITEV:
		*ret_iov = r->buf;
		*ret_n = r->n_iov;
		return true;
	case NR_SENDMSG:
	case NR_RECVMSG:
		if (bpf_probe_read_user(&msg, sizeof(msg), (const void *)r->buf))
			return false;
		*ret_iov = msg.iov;
		*ret_n = msg.n_iov;
		return true;
	}
	return false;
}

/* ---- Whether they are of interest ------------------------------------------------------ */

/* The first bytes; 0: too few of them to tell. */
static __always_inline u64 first_bytes(u64 iov, u64 buf, u64 len)
{
	struct user_iovec first;

	if (!iov)
		return len >= 8 ? buf : 0;
	if (bpf_probe_read_user(&first, sizeof(first), (const void *)iov) || first.len < 8)
		return 0;
	return first.base;
}

enum judgement {
	NOT_YET,
	NO_HTTP,
	HTTP,
	TLS,
};

static __always_inline enum judgement judge(u64 buf)
{
	struct tls_head head;
	u32 word;

	if (bpf_probe_read_user(&head, sizeof(head), (const void *)buf))
		return NOT_YET;
	if (is_tls(&head))
		return TLS;
	__builtin_memcpy(&word, &head, sizeof(word));
	if (word == FOUR('C', 'O', 'N', 'N'))
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
	return !owner->tls && (!owner->looked_ns || now_ns - owner->looked_ns > LOOK_AGAIN_NS);
}

static __always_inline bool is_http(struct sock_owner *owner, u64 sock, u64 buf, u64 now_ns)
{
	struct sock_owner fresh = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	enum judgement j;

	if (owner && owner->ptr)
		return true;
	j = buf ? judge(buf) : NOT_YET;
	if (j == NOT_YET)
		return false;
	if (!owner) {
		fresh.ptr = j == HTTP ? sock : 0;
		fresh.tls = j == TLS;
		fresh.looked_ns = j == NO_HTTP ? now_ns : 0;
		bpf_map_update_elem(&socks, &sock, &fresh, BPF_ANY);
		return j == HTTP;
	}
	if (j == TLS)
		owner->tls = true;
	else if (j == HTTP)
		owner->ptr = sock;
	else
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

/*
 * n bytes went over the socket: 1 when they are to be sent to the agent. This and what follows
 * are functions of their own because a chain of calls may have 512 bytes of stack.
 */
__noinline int plain_judge(u64 sock, u64 dir, u64 n)
{
	u64 now_ns = bpf_ktime_get_boot_ns(), iov = 0, n_iov = 0, buf = 0;
	struct sock_owner *owner = bpf_map_lookup_elem(&socks, &sock);
	struct request r;
	bool known;

	if (is_settled(owner, dir) || (!inspects_after && !may_look(owner, sock, now_ns)) ||
	    !is_tcp((const struct sock *)sock) || !read_request(&r))
		return 0;
	known = find_segments(&r, &iov, &n_iov);
	if (known)
		buf = first_bytes(iov, r.buf, n);
	if (dir == GENTAP_WRITE && inspects_after && buf &&
	    (!owner || (!owner->ptr && owner->plain_sends < PLAIN_SENDS_MAX))) {
		inspect(sock, owner, bpf_get_current_pid_tgid(), buf, n);
		owner = bpf_map_lookup_elem(&socks, &sock);
	}
	if (!may_look(owner, sock, now_ns))
		return 0;
	if (known && is_http(owner, sock, buf, now_ns)) {
		struct conn_key key = conn_key(sock);
		struct conn *conn = conn_get(&key, GENTAP_SRC_SOCKET);

		if (conn)
			conn->sock = sock;
		return 1;
	}
	if (!known && owner && owner->ptr)
		skip(sock, dir, n, GENTAP_STAT_UNREADABLE);
	return 0;
}

/* ---- Transfers ------------------------------------------------------------------------- */

/* A global function: the verifier proves it once, not once per segment. */
__noinline int plain_segment(u64 sock, u64 dir, u64 buf, u64 len)
{
	tls_transfer_now(sock, GENTAP_SRC_SOCKET, dir, buf, len);
	return 0;
}

__noinline int plain_emit(u64 sock, u64 dir, u64 n)
{
	u64 iov = 0, n_iov = 1;
	struct user_iovec v;
	struct request r;

	if (!read_request(&r) || !find_segments(&r, &iov, &n_iov))
		return 0;
	v = (struct user_iovec){ r.buf, n };
	for (u32 i = 0; i < SEGMENTS_MAX && i < n_iov && n; i++) {
		if (iov && bpf_probe_read_user(&v, sizeof(v), (const void *)(iov + i * sizeof(v))))
			break;
		if (v.len > n)
			v.len = n;
		if (v.len)
			plain_segment(sock, dir, v.base, v.len);
		n -= v.len;
	}
	if (n)
		skip(sock, dir, n, GENTAP_STAT_CALL_TRUNC);
	return 0;
}

static __always_inline int transferred(u64 sock, u32 dir, s32 n)
{
	if (n > 0 && watch_state(bpf_get_current_pid_tgid() >> 32) == GENTAP_WATCH_ON &&
	    plain_judge(sock, dir, n))
		plain_emit(sock, dir, n);
	return 0;
}

/* A number: the verifier passes no pointers to global functions. */
static __always_inline u64 sock_number(const u64 *ctx)
{
	u64 sock = 0;

	bpf_probe_read_kernel(&sock, sizeof(sock), ctx);
	return sock;
}

SEC("tp_btf/sock_send_length")
int plain_sent(u64 *ctx)
{
	return transferred(sock_number(ctx), GENTAP_WRITE, ctx[1]);
}

SEC("tp_btf/sock_recv_length")
int plain_received(u64 *ctx)
{
	return ctx[2] & MSG_PEEK ? 0 : transferred(sock_number(ctx), GENTAP_READ, ctx[1]);
}

/* Before Linux 6.3: syscalls:sys_exit_read and its like. */
struct exit_args {
	u64 common;
	s64 nr;
	s64 result;
};

SEC("tracepoint")
int plain_exit(struct exit_args *ctx)
{
	u64 fd, nr, sock;

	if (ctx->result <= 0 || watch_state(bpf_get_current_pid_tgid() >> 32) != GENTAP_WATCH_ON ||
	    !read_fd(&fd, &nr))
		return 0;
	sock = sock_of_fd(fd);
	return sock ? transferred(sock, is_send(nr) ? GENTAP_WRITE : GENTAP_READ, ctx->result) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
