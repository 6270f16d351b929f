/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading end of the kernel's ring. While there is traffic it looks every few
 * milliseconds and the kernel wakes nobody; after a while without, it tells the kernel so
 * and sleeps: an idle system costs no wakeup at all.
 *
 * Records lie in memory that the kernel shares: they are lent until the callback returns.
 *
 * Format: include/uapi/linux/bpf.h (BPF_RINGBUF_*), Documentation/bpf/ringbuf.rst.
 */
#ifndef PROBE_RING_H
#define PROBE_RING_H

#include "loop.h"

#include <stddef.h>

struct ring;

typedef void (*ring_record_fn)(void *ctx, const void *record, size_t len);

/* map_fd stays the caller's; size is the map's; consumer_state is the kernel's variable of
 * that name. 0 or -errno. */
int ring_new(struct ring **ret, struct loop *loop, int map_fd, size_t size,
	     volatile uint32_t *consumer_state, ring_record_fn fn, void *ctx);
void ring_free(struct ring *r); /* NULL is fine; does not drain */
/* Hands over what is there now. False: not from within a record's callback. */
bool ring_drain(struct ring *r);

#endif
