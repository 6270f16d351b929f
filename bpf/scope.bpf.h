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

static __always_inline u32 watch_state(u32 tgid)
{
	struct watch *w = bpf_map_lookup_elem(&watched, &tgid);

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
