/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Plaintext of the JDK's TLS, as our agent in the JVM (agent/probe/java/Tap.java) hands it over:
 * the arguments of a native method,
 *
 *   static native int pwrite0(FileDescriptor fd, long address, int len, long position)
 *
 * behind the JNI environment and the class. Other callers of it have no such head before
 * their bytes.
 */
#include "records.bpf.h"

#define MAGIC 0x31564a5041544e47ULL

struct head {
	u64 magic;
	u64 conn; /* a number of its own for each SSLSocket and SSLEngine */
	u32 len;
	u32 dir; /* enum gentap_dir */
};

/* The thread received from the socket before it decrypted. */
static __always_inline void bind_received(u64 conn)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread *t = bpf_map_lookup_elem(&threads, &pid_tgid);

	if (t && t->sock) {
		bind(conn, GENTAP_SRC_JAVA, t->sock);
		t->sock = 0;
	}
}

SEC("uprobe")
int java_tap(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	u64 at = REGS_ARG4(ctx);
	struct conn_key key;
	struct conn *conn;
	struct head h;

	if (bpf_probe_read_user(&h, sizeof(h), (const void *)at) || h.magic != MAGIC)
		return 0;
	key = conn_key(h.conn);
	conn = bpf_map_lookup_elem(&conns, &key);
	if (h.dir == GENTAP_READ)
		bind_received(h.conn);
	else if (!conn || !conn->sock)
		note_seal(h.conn, GENTAP_SRC_JAVA, h.len);
	tls_transfer_now(h.conn, GENTAP_SRC_JAVA, h.dir, at + sizeof(h), h.len);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
