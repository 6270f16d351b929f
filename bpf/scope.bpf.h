/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is of interest, decided on a glance at the first bytes. The kernel parses nothing:
 * it recognises that a connection cannot be HTTP, and that an ignored one may start a
 * request of the kind that LLM APIs have.
 */
#ifndef BPF_SCOPE_H
#define BPF_SCOPE_H

#include "emit.bpf.h"

#define FOUR(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)

enum glance {
	GLANCE_OTHER,	 /* cannot be the start of HTTP */
	GLANCE_START,	 /* may be the start of a connection */
	GLANCE_RESPONSE, /* HTTP, but its beginning was missed */
};

/* 0: the programs of sockets have nothing to do with it. Parked ones are not known here. */
static __always_inline u32 watch_state(u32 tgid)
{
	struct watch *w;

	if (!may_be_watched(tgid))
		return 0;
	w = bpf_map_lookup_elem(&watched, &tgid);
	return w && tgid != agent_tgid ? w->state : 0;
}

/* Fewer than 4 bytes are given the benefit of the doubt. HTTP/2 servers may begin with
 * their SETTINGS (RFC 9113 section 3.4): a frame of type 4 on stream 0. */
static __always_inline enum glance glance(u64 buf, u64 len)
{
	u32 head[2] = { 0 };

	if (len < 4)
		return GLANCE_START;
	if (len < 8 ? bpf_probe_read_user(head, 4, (const void *)buf)
		    : bpf_probe_read_user(head, 8, (const void *)buf))
		return GLANCE_START;
	switch (head[0]) {
	case FOUR('G', 'E', 'T', ' '):
	case FOUR('P', 'O', 'S', 'T'):
	case FOUR('P', 'U', 'T', ' '):
	case FOUR('H', 'E', 'A', 'D'):
	case FOUR('D', 'E', 'L', 'E'):
	case FOUR('P', 'A', 'T', 'C'):
	case FOUR('O', 'P', 'T', 'I'):
	case FOUR('C', 'O', 'N', 'N'):
	case FOUR('P', 'R', 'I', ' '):
		return GLANCE_START;
	case FOUR('H', 'T', 'T', 'P'):
		return GLANCE_RESPONSE;
	}
	if ((head[0] & 0xff00ffff) == FOUR(0, 0, 0, 4) && (head[1] & 0xff) <= 1)
		return GLANCE_START;
	/* A frame of at most 16 KiB, of a known type, on a stream below 2^16 (section 4.1):
	 * HTTP/2, joined midway. */
	if ((head[0] & 0xff) == 0 && (head[0] >> 8 & 0xff) <= 0x40 && head[0] >> 24 <= 9 &&
	    (head[1] & 0x00ffff00) == 0 && (head[1] & 0xd2) == 0)
		return GLANCE_RESPONSE;
	return GLANCE_OTHER;
}

#define PARENTS_MAX 8
#define STATEMENTS_MAX 10000 /* between two signs that its tools may be at work */

/* May the process work for a tool, of it or of what started it? */
static __always_inline bool acts(bool counted)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	for (int i = 0; i < PARENTS_MAX && tgid > 1; i++) {
		u64 *seen = bpf_map_lookup_elem(&acting, &tgid);

		if (seen && *seen >= STATEMENTS_MAX) {
			count(GENTAP_STAT_UNSEEN_STATEMENTS, 1);
			return false;
		}
		if (seen) {
			*seen += counted;
			return true;
		}
		task = BPF_CORE_READ(task, real_parent);
		tgid = BPF_CORE_READ(task, tgid);
	}
	return false;
}

/*
 * May it be a statement to a database (agent/wire/db.h)? PostgreSQL: a query, a preparation or a
 * bind, its length after it. MySQL: the same behind a length and the number 0. Redis: "*3\r\n$".
 */
static __always_inline bool starts_statement(u64 buf, u64 len)
{
	u8 h[8];

	if (len < sizeof(h) || bpf_probe_read_user(h, sizeof(h), (const void *)buf))
		return false;
	if ((h[0] == 'Q' || h[0] == 'P' || h[0] == 'B') && !h[1] && h[2] < 0x10)
		return true;
	if (h[0] == '*' && h[1] >= '1' && h[1] <= '9')
		return (h[2] == '\r' && h[3] == '\n' && h[4] == '$') ||
		       (h[2] >= '0' && h[2] <= '9' && h[3] == '\r' && h[4] == '\n');
	return !h[3] && (h[4] == 0x03 || h[4] == 0x16 || h[4] == 0x17) &&
	       (u64)(h[0] | h[1] << 8 | h[2] << 16) + 4 >= len;
}

/* LLM requests carry a body. */
static __always_inline bool starts_request(u64 buf, u64 len)
{
	u32 head;

	return len >= 8 && !bpf_probe_read_user(&head, sizeof(head), (const void *)buf) &&
	       (head == FOUR('P', 'O', 'S', 'T') || head == FOUR('P', 'U', 'T', ' '));
}

/* Tells the agent of a process that makes hot_calls of them within a second. Races of two
 * threads cost a count, no more. */
static __always_inline void count_ignored(u32 tgid, u64 now_ns)
{
	struct watch *w = bpf_map_lookup_elem(&watched, &tgid);

	count(GENTAP_STAT_IGNORED_CALLS, 1);
	if (!w || ++w->ignored_calls < hot_calls)
		return;
	if (now_ns - w->window_ns < 1000000000)
		emit_bare(GENTAP_EV_HOT, 0, tgid);
	w->window_ns = now_ns;
	w->ignored_calls = 0;
}

#endif
