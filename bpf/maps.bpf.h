/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The maps, and the variables that the agent sets or reads. All are weak: every object
 * that includes this header has them, and the linker keeps one of each.
 *
 * The LRU maps heal by themselves: what a lost return or an unseen close leaves behind is
 * the first to go. Each CPU keeps a stock of free entries, so the agent enlarges them where
 * there are many.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include "kernel.h"
#include "gentap_event.h"

/* Set before loading; the verifier drops what they rule out. The types are those that the
 * agent's skeleton knows. */
const volatile __u32 agent_tgid __weak = 0;
const volatile bool have_user_dynptr __weak = false;   /* bpf_probe_read_user_dynptr */
const volatile __u64 unknown_budget __weak = 32 << 20; /* bytes per direction without a verdict */
const volatile __u64 wake_bytes __weak = 1 << 20;      /* unread bytes that wake the consumer */
const volatile __u32 hot_calls __weak = 1000; /* ignored calls in a second that make EV_HOT */
const volatile bool never __weak = false;

/* Whether the consumer must be woken; see emit.bpf.h. */
volatile __u32 consumer_state __weak = 0;
/* Set by the agent when what sockets send is looked at, */
volatile bool have_socket_send __weak = false;
/* and when that is done after the call. */
volatile bool inspects_after __weak = false;
/* Set where the end of a transfer tells what was received, and by which socket. */
volatile bool receives_after __weak = false;
/* Set where probes are in every process that maps the file, observed or not. */
volatile bool probes_shared __weak = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 25); /* the agent resizes it */
} ring __weak SEC(".maps");

/* What dispatch goes on to, by the agent's enum point_role. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u32);
} roles __weak SEC(".maps");

struct stats {
	u64 count[GENTAP_STAT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stats);
} stats __weak SEC(".maps");

/* The processes that the agent observes: the socket programs ask it. The agent writes
 * `state` and what is about `stdio`, the kernel the rest, and 0 to `stdio`. */
#define WATCH_EXITED 0x80000000 /* it has ended */

struct watch {
	u32 state; /* enum gentap_watch */
	u32 ignored_calls;
	u64 window_ns; /* when counting them began */
	u32 records;   /* it is seen by records: threads are to be told from which socket */
	u32 stdio; /* who is at the other end of its standard streams; 0: they are not watched */
	u32 exit_code;	  /* as wait(2) has it, and WATCH_EXITED */
	u32 hinted;	  /* the agent's: it counts in watch_hints */
	u64 stdio_ino[2]; /* of what it writes to and reads from, by enum gentap_dir */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768); /* allocated at once: old kernels warn of anything else */
	__type(key, u32);	    /* tgid */
	__type(value, struct watch);
} watched __weak SEC(".maps");

/* How many processes of these last bits of their number the programs of sockets and of standard
 * streams have to do with: where there are none, which is most of the machine, it costs one load to
 * know. The agent counts. In socket.bpf.c: the linker would keep room for each of weak ones. */
#define WATCH_HINTS 65536
extern volatile __u8 watch_hints[WATCH_HINTS];

static __always_inline bool may_be_watched(u32 tgid)
{
	return watch_hints[tgid % WATCH_HINTS];
}

/* Processes that may have tools to run, as they ask models: how many of their statements to
 * databases were looked at since the agent said so last. It counts the processes too: where there
 * are none, nobody asks. */
volatile __u32 n_acting __weak = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32); /* tgid */
	__type(value, u64);
} acting __weak SEC(".maps");

struct conn_key {
	u64 ptr;
	u32 tgid;
	u32 zero;
};

struct conn {
	u64 gen;
	u64 pos[2];
	u64 sent[2]; /* bytes while unknown, against unknown_budget */
	u64 sock;    /* what carries it; 0: not known yet */
	u32 seq[2];
	u8 verdict;
	u8 source;
	bool judged;	/* its first bytes were looked at */
	bool midstream; /* they were not those of a beginning */
	bool told;	/* the agent knows of it */
	bool bind_told;
	u8 peeks; /* reads whose heads are still to be sent: an answer is awaited */
	bool kernel_tls;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct conn_key);
	__type(value, struct conn);
} conns __weak SEC(".maps");

/* Written by the agent alone. Apart from `conns`, since an update from userspace replaces
 * the whole value and would set positions back. */
struct verdict {
	u64 gen; /* of the connection it was meant for */
	u32 verdict;
	u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct conn_key);
	__type(value, struct verdict);
} verdicts __weak SEC(".maps");

/* A call under way, from the entry of its function to the return. The stack pointer is
 * part of the key because calls nest: TLS inside TLS. */
struct call_key {
	u64 pid_tgid;
	u64 sp;
};

struct call {
	u64 ptr; /* 0: not under way */
	u64 buf;
	u64 out; /* where the function stores the length; 0: it returns it */
	u64 ts_ns;
	u32 dir;
	/* From the return on: what is left to send. */
	u32 seq;
	u64 gen;
	u64 pos;
	u64 left;
	u64 call_len;
	u8 source;
	u8 flags;
	u16 zero16;
	u32 zero32;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct call_key);
	__type(value, struct call);
} calls __weak SEC(".maps");

/* What a thread did last, to tell which socket carries a connection. Only while it is
 * about one that is not bound yet. */
struct thread {
	u64 ptr;      /* of its last TLS call; 0: bound or none */
	u64 sock;     /* what it last received from, unless that is bound */
	u64 received; /* what it last received from, in processes seen by records */
	u64 len; /* bytes of the last write that returned, or that begins what is not sent yet */
	u32 in_call;
	u32 source;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* pid_tgid */
	__type(value, struct thread);
} threads __weak SEC(".maps");

/* Sockets of observed processes. */
struct sock_owner {
	u64 ptr;       /* the TLS connection, or the socket itself: plain HTTP; 0: not known yet */
	u64 looked_ns; /* when it was last no HTTP; 0: not looked at */
	u32 tgid;
	bool tls;	 /* sent TLS records */
	u8 plain_sends;	 /* what it sent else; from PLAIN_SENDS_MAX on it is not looked at */
	bool peeked;	 /* a database's: there is a connection of its name */
	bool tunnel;	 /* a proxy was asked by CONNECT; what it answers is not for the agent */
	bool kernel_tls; /* encrypted by the kernel: what it is given is plain */
};

#define PLAIN_SENDS_MAX 8 /* STARTTLS and CONNECT come before that */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* struct sock * */
	__type(value, struct sock_owner);
} socks __weak SEC(".maps");

/*
 * Since Linux 6.13 a program like these may get a stack per CPU instead of the task's. That is
 * for programs which do not interrupt each other; those of uprobes can be preempted by the next
 * one on the same CPU, which then writes into the same stack: the kernel crashed so (7.3, in
 * test-kernels). A program that has a tail call keeps the task's stack. The call is dead code,
 * which the verifier neither follows nor keeps.
 */
static __always_inline void avoid_private_stack(void *ctx)
{
	if (never)
		bpf_tail_call(ctx, &roles, 0);
}

/* What a program of a uprobe does first. False: the process is not to be looked at. */
static __always_inline bool begins(void *ctx)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct watch *w;

	avoid_private_stack(ctx);
	if (!probes_shared)
		return true;
	if (!may_be_watched(tgid) || tgid == agent_tgid)
		return false;
	w = bpf_map_lookup_elem(&watched, &tgid);
	return w && w->state == GENTAP_WATCH_ON;
}

#endif
