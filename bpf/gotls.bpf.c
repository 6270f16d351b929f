/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crypto/tls of Go; agent/probe/locate/go.h says where these programs go.
 *
 *   func (c *Conn) Write(b []byte) (int, error)
 *   func (c *Conn) Read(b []byte) (int, error)
 *
 * Goroutines move between threads and their stacks between addresses: a call under way is
 * known by its goroutine and by its depth in that goroutine's stack.
 */
#include "file.bpf.h"
#include "tls.bpf.h"

#define STACK_HI 8	    /* runtime.g: stack.lo, stack.hi */
#define CONN_ABOVE_FRAME 16 /* as agent/probe/locate/go.c makes sure of */
#define SYSFD 16	    /* net.netFD: a lock of 16 bytes, the descriptor */
#define WRAPPERS_MAX 3

#define X86_CARRY_OR_ZERO 0x41

/*
 * The socket under a Conn. Its first field is a net.Conn: two words, of which the second
 * points to a *net.TCPConn or to what wraps one; that begins with a pointer to the netFD, a
 * wrapper mostly with another net.Conn.
 */
static __always_inline u64 go_socket(u64 c)
{
	u64 object = 0, inner, fd;

	for (u32 i = 0; i < WRAPPERS_MAX; i++) {
		if (bpf_probe_read_user(&object, sizeof(object), (const void *)(c + 8)))
			return 0;
		fd = ~0ULL;
		if (!bpf_probe_read_user(&inner, sizeof(inner), (const void *)object))
			bpf_probe_read_user(&fd, sizeof(fd), (const void *)(inner + SYSFD));
		fd = sock_of_fd(fd);
		if (fd)
			return fd;
		c = object;
	}
	return 0;
}

/* Under TLS in TLS both connections have the socket; the outer one, which came first, owns
 * it. */
static __always_inline bool go_bind(u64 c)
{
	struct conn_key key = conn_key(c);
	struct conn *conn = conn_get(&key, GENTAP_SRC_GO);
	struct sock_owner owner = { .ptr = c, .tgid = key.tgid, .tls = true }, *known;
	u64 sock;

	if (!conn || conn->sock)
		return true;
	sock = go_socket(c);
	if (!sock)
		return false;
	conn->sock = sock;
	known = bpf_map_lookup_elem(&socks, &sock);
	if (!known || !known->ptr)
		bpf_map_update_elem(&socks, &sock, &owner, BPF_ANY);
	return true;
}

static __always_inline int write_all(const struct pt_regs *ctx)
{
	struct thread t = { .ptr = REGS_GO1(ctx), .len = REGS_GO3(ctx), .source = GENTAP_SRC_GO };
	u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!t.len)
		return 0;
	/* Else by what this thread sends next. */
	if (!go_bind(t.ptr))
		bpf_map_update_elem(&threads, &pid_tgid, &t, BPF_ANY);
	tls_transfer_now(t.ptr, GENTAP_SRC_GO, GENTAP_WRITE, REGS_GO2(ctx), t.len);
	return 0;
}

SEC("uprobe")
int go_write(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return write_all(ctx);
}

SEC("uprobe")
int go_write_room(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
#if defined(__TARGET_ARCH_x86)
	/* No room: the function will start again with more. */
	if (ctx->flags & X86_CARRY_OR_ZERO)
		return 0;
#endif
	return write_all(ctx);
}

SEC("uprobe")
int go_read_copy(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
#if defined(__TARGET_ARCH_x86)
	u64 len = REGS_GO3(ctx), c;

	if (!len)
		return 0;
	if (bpf_probe_read_user(&c, sizeof(c), (const void *)(ctx->bp + CONN_ABOVE_FRAME))) {
		count(GENTAP_STAT_READ_FAULT, 1);
		return 0;
	}
	go_bind(c);
	tls_transfer_now(c, GENTAP_SRC_GO, GENTAP_READ, REGS_GO2(ctx), len);
#endif
	return 0;
}

static __always_inline struct call_key go_call_key(const struct pt_regs *ctx)
{
	u64 g = REGS_GOROUTINE(ctx), hi = 0;
	u64 tgid = bpf_get_current_pid_tgid() >> 32;

	bpf_probe_read_user(&hi, sizeof(hi), (const void *)(g + STACK_HI));
	return (struct call_key){ tgid << 32 | (u32)(hi - REGS_SP(ctx)), g };
}

SEC("uprobe")
int go_read(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct call_key key = go_call_key(ctx);
	struct call call = {
		.ptr = REGS_GO1(ctx),
		.buf = REGS_GO2(ctx),
		.dir = GENTAP_READ,
		.source = GENTAP_SRC_GO,
	};

	note_call(&key, &call);
	return 0;
}

SEC("uprobe")
int go_read_return(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct call_key key = go_call_key(ctx);
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	s64 len = REGS_GO1(ctx);

	if (!call || !call->ptr) {
		count(GENTAP_STAT_NO_ENTRY, 1);
		return 0;
	}
	if (len > 0) {
		go_bind(call->ptr);
		tls_transfer(call, &key, len);
	}
	call->ptr = 0;
	return 0;
}

SEC("uprobe")
int go_close(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct conn_key key = conn_key(REGS_GO1(ctx));

	conn_close(&key);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
