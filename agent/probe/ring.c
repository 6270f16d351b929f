/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include "cleanup.h"
#include "clock.h"
#include "gentap_event.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#define POLL_NS (4 * NSEC_PER_MSEC)
#define QUIET_NS (24 * NSEC_PER_MSEC) /* without records before it sleeps */
#define GRACE_NS (100 * NSEC_PER_MSEC)
#define BATCH_MAX (4 << 20) /* bytes handed over before others in the loop get a turn */

struct ring {
	struct loop_source *readable, *timer;
	volatile uint32_t *consumer_state;
	ring_record_fn fn;
	void *ctx;
	size_t size, page;
	unsigned long *consumer_pos;	   /* ours to write, the kernel reads it */
	const unsigned long *producer_pos; /* the kernel's */
	const char *data;
	char *whole; /* where a record that wraps is put together; of whole_size bytes */
	size_t whole_size;
	uint64_t last_record_ns;
	bool in_callback;
};

static unsigned long unread(const struct ring *r)
{
	return __atomic_load_n(r->producer_pos, __ATOMIC_ACQUIRE) - *r->consumer_pos;
}

/* The kernel would map the ring twice in a row, so that no record wraps; but then every page
 * of it counts twice as memory of ours. One record per turn of the ring is copied instead.
 * NULL: out of memory. */
static const char *unwrap(struct ring *r, unsigned long pos, uint32_t len)
{
	size_t at = pos & (r->size - 1), first = MIN(len, r->size - at);

	if (first == len)
		return r->data + at;
	if (len > r->whole_size) {
		char *p = realloc(r->whole, len);

		if (!p)
			return NULL;
		r->whole = p;
		r->whole_size = len;
	}
	memcpy(r->whole, r->data + at, first);
	memcpy(r->whole + first, r->data, len - first);
	return r->whole;
}

/* Hands over at most max bytes. True: something was there. */
static bool consume(struct ring *r, unsigned long max)
{
	unsigned long pos = *r->consumer_pos, start = pos;
	unsigned long end = __atomic_load_n(r->producer_pos, __ATOMIC_ACQUIRE);

	while (pos != end && pos - start < max) {
		const char *head = r->data + (pos & (r->size - 1));
		uint32_t len = __atomic_load_n((const uint32_t *)head, __ATOMIC_ACQUIRE);
		const char *record;

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			record = unwrap(r, pos + BPF_RINGBUF_HDR_SZ, len);
			if (record)
				r->fn(r->ctx, record, len);
		}
		len &= ~BPF_RINGBUF_DISCARD_BIT;
		pos += (BPF_RINGBUF_HDR_SZ + (unsigned long)len + 7) & ~7ul;
		__atomic_store_n(r->consumer_pos, pos, __ATOMIC_RELEASE);
	}
	return pos != start;
}

/* The kernel looks at consumer_state after it moved producer_pos; so, once IDLE is written,
 * either it sees that or we see its record here, finished or not. */
static void sleep_or_stay(struct ring *r)
{
	__atomic_store_n(r->consumer_state, GENTAP_CONSUMER_IDLE, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unread(r)) {
		*r->consumer_state = GENTAP_CONSUMER_POLLS;
		loop_set_timer(r->timer, POLL_NS);
		return;
	}
	/* One more look, for machines on which that order is not kept strictly. */
	loop_set_timer(r->timer, GRACE_NS);
}

static void turn(struct ring *r)
{
	bool asleep = *r->consumer_state == GENTAP_CONSUMER_IDLE;
	uint64_t now = clock_mono_ns();

	if (asleep && !unread(r))
		return;
	*r->consumer_state = GENTAP_CONSUMER_POLLS;
	r->in_callback = true;
	if (consume(r, BATCH_MAX))
		r->last_record_ns = now;
	r->in_callback = false;
	if (now - r->last_record_ns > QUIET_NS)
		sleep_or_stay(r);
	else
		loop_set_timer(r->timer, unread(r) > BATCH_MAX ? 1 : POLL_NS);
}

static void on_timer(void *ctx)
{
	turn(ctx);
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	turn(ctx);
}

bool ring_drain(struct ring *r)
{
	/* A record's receiver may ask for it: the record would be told twice. */
	if (r->in_callback)
		return false;
	r->in_callback = true;
	consume(r, r->size);
	r->in_callback = false;
	return true;
}

static int map_memory(struct ring *r, int map_fd)
{
	void *p = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	r->consumer_pos = p;
	p = mmap(NULL, r->page + r->size, PROT_READ, MAP_SHARED, map_fd, r->page);
	if (p == MAP_FAILED)
		return -errno;
	r->producer_pos = p;
	r->data = (const char *)p + r->page;
	return 0;
}

int ring_new(struct ring **ret, struct loop *loop, int map_fd, size_t size,
	     volatile uint32_t *consumer_state, ring_record_fn fn, void *ctx)
{
	struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	*r = (struct ring){
		.consumer_state = consumer_state,
		.fn = fn,
		.ctx = ctx,
		.size = size,
		.page = sysconf(_SC_PAGESIZE),
	};
	err = map_memory(r, map_fd);
	if (!err)
		err = loop_add_fd(loop, &r->readable, map_fd, EPOLLIN, on_readable, r);
	if (!err)
		err = loop_add_timer(loop, &r->timer, POLL_NS, on_timer, r);
	if (err) {
		ring_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	loop_remove(r->timer);
	loop_remove(r->readable);
	if (r->producer_pos)
		munmap((void *)r->producer_pos, r->page + r->size);
	if (r->consumer_pos)
		munmap(r->consumer_pos, r->page);
	free(r->whole);
	free(r);
}
