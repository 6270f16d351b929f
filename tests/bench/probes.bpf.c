// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0
/*
 * What gentap's probes are measured against: programs that do nothing, and the smallest
 * capture there can be, every byte of every call to a ring and nothing decided.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define COPY_MAX 16384

struct pending {
	__u64 buf;
	__u64 write;
};

struct record {
	__u64 tid_write;
	__u32 len;
	__u32 reserved;
	char data[COPY_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct pending);
} calls SEC(".maps");

/* Variable-size records are put together here: the ring's own reservations are constant. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} scratch SEC(".maps");

__u64 lost;
const volatile __u64 wakeup_flags;

SEC("uprobe.multi")
int empty(struct pt_regs *ctx)
{
	return 0;
}

/* The whole machine's. */
SEC("tp_btf/sock_send_length")
int sock_sent(__u64 *ctx)
{
	return 0;
}

SEC("tp_btf/sock_recv_length")
int sock_received(__u64 *ctx)
{
	return 0;
}

SEC("tracepoint")
int syscall_exit(void *ctx)
{
	return 0;
}

static int begin(struct pt_regs *ctx, __u64 write)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct pending p = { PT_REGS_PARM2(ctx), write };

	bpf_map_update_elem(&calls, &tid, &p, BPF_ANY);
	return 0;
}

SEC("uprobe.multi")
int begin_read(struct pt_regs *ctx)
{
	return begin(ctx, 0);
}

SEC("uprobe.multi")
int begin_write(struct pt_regs *ctx)
{
	return begin(ctx, 1);
}

/* At the conditional jump behind the inner call: eax is success, the length lies at (%rsp). */
SEC("uprobe.multi")
int end(struct pt_regs *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), zero = 0;
	struct pending *p = bpf_map_lookup_elem(&calls, &tid);
	struct record *r = bpf_map_lookup_elem(&scratch, &zero);
	__u64 len = 0;

	if (!p || !r || (int)PT_REGS_RC(ctx) <= 0)
		return 0;
	bpf_probe_read_user(&len, sizeof(len), (void *)PT_REGS_SP(ctx));
	for (int i = 0; i < 4 && len; i++) {
		__u32 n = len > COPY_MAX ? COPY_MAX : len;

		r->tid_write = p->write << 32 | tid;
		r->len = n;
		/* The verifier forgets the bound above: say it where it is used. */
		asm volatile("%0 &= 0x7fff" : "+r"(n));
		if (n > COPY_MAX)
			n = COPY_MAX;
		bpf_probe_read_user(r->data, n, (void *)(p->buf + i * COPY_MAX));
		if (bpf_ringbuf_output(&ring, r, 16 + n, wakeup_flags))
			__sync_fetch_and_add(&lost, 1);
		len -= n;
	}
	return 0;
}
