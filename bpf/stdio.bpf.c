/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The standard streams of processes that may serve MCP over them, pipes or sockets. They are
 * known by their inodes: servers move them to other descriptors, so that nobody else writes
 * to them. The agent chooses the processes, and attaches this to the exits of the system
 * calls only while there are any. The first bytes that one reads decide: JSON-RPC begins with
 * an object, and whose input does not is not looked at again.
 */
#include "conn.bpf.h"
#include "file.bpf.h"
#include "syscall.bpf.h"

/* A connection is named by its process: it has one of these. */
#define STDIO_PTR 1

static __always_inline u64 first_address(const struct request *r, u64 iov)
{
	struct user_iovec first = { 0 };

	if (!iov)
		return r->buf;
	bpf_probe_read_user(&first, sizeof(first), (const void *)iov);
	return first.base;
}

/* Whitespace before the object is nothing that a client sends. */
static __always_inline bool begins_object(struct request *r)
{
	u64 iov = 0, n_iov;
	u8 c = 0;

	return find_segments(r, &iov, &n_iov) &&
	       !bpf_probe_read_user(&c, 1, (const void *)first_address(r, iov)) && c == '{';
}

static __always_inline void tell_peer(const struct conn_key *key, struct conn *conn, u32 peer)
{
	struct {
		struct gentap_event e;
		struct gentap_bind bind;
	} *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r) {
		count(GENTAP_STAT_RING_FULL, 1);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->e.type = GENTAP_EV_BIND;
	r->e.source = GENTAP_SRC_PIPE;
	r->e.tid = bpf_get_current_pid_tgid();
	r->e.ts_ns = bpf_ktime_get_boot_ns();
	r->e.ptr = key->ptr;
	r->e.gen = conn->gen;
	r->e.tgid = key->tgid;
	r->e.data_len = sizeof(r->bind);
	r->bind.sock = peer;
	r->bind.family = AF_UNIX;
	conn->bind_told = true;
	submit(&r->e);
}

static __always_inline void stop_watching(struct watch *w, u32 tgid)
{
	w->stdio = 0;
	emit_bare(GENTAP_EV_NO_STDIO, GENTAP_SRC_PIPE, tgid);
}

/* The connection, made by the first object that is read. NULL: none (yet). */
static __always_inline struct conn *stdio_conn(struct watch *w, const struct conn_key *key, u32 dir)
{
	struct conn *conn = bpf_map_lookup_elem(&conns, key);
	struct request r;

	if (conn || dir == GENTAP_WRITE)
		return conn;
	if (!read_request(&r) || !begins_object(&r)) {
		stop_watching(w, key->tgid);
		return NULL;
	}
	conn = conn_get(key, GENTAP_SRC_PIPE);
	if (!conn)
		return NULL;
	conn->judged = true;
	tell_peer(key, conn, w->stdio);
	return conn;
}

enum { NOT_SENT, SENT_WRITE, SENT_READ };

/*
 * In which direction the system call under way transferred bytes that are to be sent. A function
 * of its own because a chain of calls may have 512 bytes of stack.
 */
__noinline int stdio_judge(u64 pid_tgid)
{
	u32 tgid = pid_tgid >> 32, dir;
	struct conn_key key = conn_key(STDIO_PTR);
	struct conn *conn;
	struct watch *w;
	struct file *file;
	u64 fd, nr;

	w = bpf_map_lookup_elem(&watched, &tgid);
	if (!w || !w->stdio || !read_fd(&fd, &nr))
		return NOT_SENT;
	dir = is_send(nr) ? GENTAP_WRITE : GENTAP_READ;
	file = file_of_fd(fd);
	if (!file || BPF_CORE_READ(file, f_inode, i_ino) != w->stdio_ino[dir])
		return NOT_SENT;
	conn = stdio_conn(w, &key, dir);
	if (!conn)
		return NOT_SENT;
	conn_refresh(&key, conn);
	if (conn->verdict == GENTAP_IGNORED) {
		stop_watching(w, tgid);
		return NOT_SENT;
	}
	return dir == GENTAP_WRITE ? SENT_WRITE : SENT_READ;
}

SEC("tracepoint")
int stdio_exit(struct exit_args *ctx)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	s64 n = ctx->result;
	int sent = n > 0 && may_be_watched(pid_tgid >> 32) ? stdio_judge(pid_tgid) : NOT_SENT;

	if (sent != NOT_SENT)
		plain_emit(STDIO_PTR, GENTAP_SRC_PIPE,
			   sent == SENT_WRITE ? GENTAP_WRITE : GENTAP_READ, n);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
