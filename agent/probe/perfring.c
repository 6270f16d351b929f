/* SPDX-License-Identifier: Apache-2.0 */
#include "perfring.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define CPUS_MAX 4096
#define WAKEUPS_MAX 64

/* ---- Records ------------------------------------------------------------------------ */

struct raw_mmap2 {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[];
};

struct raw_comm {
	struct perf_event_header header;
	uint32_t pid, tid;
	char comm[];
};

struct raw_task {
	struct perf_event_header header;
	uint32_t pid, ppid, tid, ptid;
	uint64_t time;
};

struct raw_lost {
	struct perf_event_header header;
	uint64_t id, lost;
};

/* With sample_id_all and PERF_SAMPLE_TIME, the time of each record. */
#define TRAILER sizeof(uint64_t)

static bool ends(const char *name, const char *end)
{
	return name < end && memchr(name, '\0', (size_t)(end - name));
}

static int parse_mmap(const char *data, const char *end, struct perf_record *ret)
{
	const struct raw_mmap2 *m = (const void *)data;

	if (!ends(data + offsetof(struct raw_mmap2, path), end))
		return -EBADMSG;
	ret->type = PERF_MMAP;
	ret->pid = m->pid;
	ret->tid = m->tid;
	ret->map.start = m->addr;
	ret->map.len = m->len;
	ret->map.offset = m->pgoff;
	ret->map.dev = makedev(m->major, m->minor);
	ret->map.inode = m->inode;
	ret->map.path = m->path;
	return 0;
}

static int parse_comm(const char *data, const char *end, struct perf_record *ret)
{
	const struct raw_comm *c = (const void *)data;

	if (!ends(data + offsetof(struct raw_comm, comm), end))
		return -EBADMSG;
	ret->type = c->header.misc & PERF_RECORD_MISC_COMM_EXEC ? PERF_EXEC : PERF_COMM;
	ret->pid = c->pid;
	ret->tid = c->tid;
	ret->comm = c->comm;
	return 0;
}

static int parse_task(const char *data, const char *end, struct perf_record *ret)
{
	const struct raw_task *t = (const void *)data;

	if ((size_t)(end - data) < sizeof(*t))
		return -EBADMSG;
	ret->type = t->header.type == PERF_RECORD_FORK ? PERF_FORK : PERF_EXIT;
	ret->pid = t->pid;
	ret->tid = t->tid;
	ret->parent.pid = t->ppid;
	ret->parent.tid = t->ptid;
	return 0;
}

static int parse_lost(const char *data, const char *end, struct perf_record *ret)
{
	const struct raw_lost *l = (const void *)data;

	if ((size_t)(end - data) < sizeof(*l))
		return -EBADMSG;
	ret->type = PERF_LOST;
	ret->pid = ret->tid = 0;
	ret->lost = l->lost;
	return 0;
}

int perf_parse(struct slice raw, struct perf_record *ret)
{
	static int (*const parsers[])(const char *, const char *, struct perf_record *) = {
		[PERF_RECORD_MMAP2] = parse_mmap, [PERF_RECORD_COMM] = parse_comm,
		[PERF_RECORD_FORK] = parse_task,  [PERF_RECORD_EXIT] = parse_task,
		[PERF_RECORD_LOST] = parse_lost,
	};
	struct perf_event_header h;

	if (raw.len < sizeof(h) + TRAILER)
		return -EBADMSG;
	memcpy(&h, raw.data, sizeof(h));
	if (h.type >= ARRAY_LEN(parsers) || !parsers[h.type])
		return -ENOENT;
	memcpy(&ret->ts_ns, raw.data + raw.len - TRAILER, TRAILER);
	return parsers[h.type](raw.data, raw.data + raw.len - TRAILER, ret);
}

/* ---- One ring ----------------------------------------------------------------------- */

/* Records begin at multiples of 8, so neither a header nor a time wraps. */
static uint16_t record_len(const struct perf_ring *r)
{
	struct perf_event_header h;

	if (r->head - r->tail < sizeof(h))
		return 0;
	memcpy(&h, r->data + (r->tail & (r->size - 1)), sizeof(h));
	return h.size >= sizeof(h) + TRAILER && h.size % 8 == 0 && h.size <= r->head - r->tail
		       ? h.size
		       : 0;
}

struct slice perf_ring_peek(struct perf_ring *r, uint8_t *scratch, bool *ret_bad)
{
	uint64_t at = r->tail & (r->size - 1);
	uint16_t len = record_len(r);
	size_t first;

	if (!len) {
		*ret_bad = r->tail != r->head;
		r->tail = r->head;
		return SLICE_NONE;
	}
	if (len <= r->size - at)
		return (struct slice){ (const char *)r->data + at, len };
	first = r->size - at;
	memcpy(scratch, r->data + at, first);
	memcpy(scratch + first, r->data, len - first);
	return (struct slice){ (const char *)scratch, len };
}

uint64_t perf_ring_time(const struct perf_ring *r)
{
	uint16_t len = record_len(r);
	uint64_t time;

	if (!len)
		return r->tail == r->head ? UINT64_MAX : 0; /* a bad one: soon be rid of it */
	memcpy(&time, r->data + ((r->tail + len - TRAILER) & (r->size - 1)), TRAILER);
	return time;
}

int perf_parse_cpus(struct slice text, bool *cpus, size_t max)
{
	text = slice_trim(text);
	while (text.data) {
		struct slice last = slice_cut(&text, ',');
		struct slice first = slice_cut(&last, '-');
		uint64_t from, to;

		if (slice_u64(first, &from) < 0 || from >= max)
			return -EBADMSG;
		to = from;
		if (last.data && (slice_u64(last, &to) < 0 || to < from || to >= max))
			return -EBADMSG;
		for (uint64_t i = from; i <= to; i++)
			cpus[i] = true;
	}
	return 0;
}

/* ---- All rings ---------------------------------------------------------------------- */

struct cpu_ring {
	struct perf_ring ring;
	struct perf_event_mmap_page *page;
	size_t map_len;
	int fd;
	unsigned int cpu;
	uint64_t until; /* the head of the first look: see perf_rings_read */
	uint64_t next_ns;
};

struct perf_rings {
	int epoll_fd;
	size_t bytes; /* of each, a power of two pages */
	struct cpu_ring *cpus;
	size_t n;
	uint8_t scratch[PERF_RECORD_BYTES_MAX];
};

static int read_online_cpus(bool *cpus)
{
	_cleanup_close_ int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n > 0 && !perf_parse_cpus((struct slice){ text, (size_t)n }, cpus, CPUS_MAX))
		return 0;
	/* No sysfs: what there is, in a row. */
	n = sysconf(_SC_NPROCESSORS_ONLN);
	for (ssize_t i = 0; i < MIN(n, CPUS_MAX); i++)
		cpus[i] = true;
	return n > 0 ? 0 : -ENODEV;
}

static int open_event(unsigned int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.mmap = 1, /* of code: mmap_data is what would add the rest */
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_BOOTTIME,
		.watermark = 1,
		.wakeup_watermark = 1, /* bytes: every record wakes us */
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Fewer bytes where the limit on locked memory has no room for more. */
static int map_ring(struct perf_rings *r, struct cpu_ring *c)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (;; r->bytes /= 2) {
		void *map =
			mmap(NULL, page + r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);

		if (map != MAP_FAILED) {
			c->page = map;
			c->map_len = page + r->bytes;
			c->ring.data = (const uint8_t *)map + page;
			c->ring.size = r->bytes;
			return 0;
		}
		if ((errno != EPERM && errno != ENOMEM) || r->bytes <= page)
			return -errno;
	}
}

static void close_ring(struct cpu_ring *c)
{
	if (c->page)
		munmap(c->page, c->map_len);
	if (c->fd >= 0)
		close(c->fd);
}

static int add_ring(struct perf_rings *r, unsigned int cpu)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct cpu_ring c = { .cpu = cpu, .fd = open_event(cpu) };
	struct cpu_ring *cpus;
	int e;

	if (c.fd < 0)
		return c.fd;
	e = map_ring(r, &c);
	if (e < 0)
		goto out_close;
	cpus = realloc(r->cpus, (r->n + 1) * sizeof(*cpus));
	if (!cpus) {
		e = -ENOMEM;
		goto out_close;
	}
	r->cpus = cpus;
	if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, c.fd, &ev) < 0) {
		e = -errno;
		goto out_close;
	}
	r->cpus[r->n++] = c;
	return 0;
out_close:
	close_ring(&c);
	return e;
}

int perf_rings_refresh(struct perf_rings *r)
{
	_cleanup_free_ bool *online = calloc(CPUS_MAX, sizeof(*online));
	int opened = 0, e;

	if (!online)
		return -ENOMEM;
	e = read_online_cpus(online);
	if (e < 0)
		return e;
	for (size_t i = 0; i < r->n;) {
		struct cpu_ring *c = &r->cpus[i];

		if (online[c->cpu]) {
			online[c->cpu] = false;
			i++;
			continue;
		}
		close_ring(c);
		*c = r->cpus[--r->n];
	}
	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!online[cpu])
			continue;
		e = add_ring(r, cpu);
		/* It went offline just now. */
		if (e == -ENODEV)
			continue;
		if (e < 0)
			return e;
		opened++;
	}
	return opened;
}

int perf_rings_open(struct perf_rings **ret, size_t bytes_per_cpu)
{
	struct perf_rings *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->bytes = (size_t)sysconf(_SC_PAGESIZE);
	while (r->bytes < bytes_per_cpu)
		r->bytes *= 2;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	e = r->epoll_fd < 0 ? -errno : perf_rings_refresh(r);
	if (e < 0) {
		perf_rings_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void perf_rings_free(struct perf_rings *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		close_ring(&r->cpus[i]);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r->cpus);
	free(r);
}

int perf_rings_fd(const struct perf_rings *r)
{
	return r->epoll_fd;
}

static uint64_t look(const struct cpu_ring *c)
{
	return __atomic_load_n(&c->page->data_head, __ATOMIC_ACQUIRE);
}

/* Looks at all heads twice. What caused a record that the first look saw was written
 * before it, so the second look sees it on whichever CPU it is; and its time is lower.
 * So up to the heads of the first look, the order of times is the order of causes. */
static bool look_at_heads(struct perf_rings *r)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++)
		r->cpus[i].until = look(&r->cpus[i]);
	for (size_t i = 0; i < r->n; i++) {
		struct cpu_ring *c = &r->cpus[i];

		c->ring.head = look(c);
		c->next_ns = perf_ring_time(&c->ring);
		any |= c->ring.tail < c->until;
	}
	return any;
}

/* Of the ring with the oldest record, while any has one that the first look saw. */
static struct cpu_ring *pick(struct perf_rings *r)
{
	struct cpu_ring *oldest = NULL;
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		struct cpu_ring *c = &r->cpus[i];

		any |= c->ring.tail < c->until;
		if (c->next_ns != UINT64_MAX && (!oldest || c->next_ns < oldest->next_ns))
			oldest = c;
	}
	return any ? oldest : NULL;
}

static size_t read_round(struct perf_rings *r, void (*fn)(void *, const struct perf_record *),
			 void *ctx)
{
	struct cpu_ring *c;
	size_t n = 0;

	while ((c = pick(r))) {
		struct perf_record rec = { .type = PERF_LOST, .lost = 1 };
		bool bad = false;
		struct slice raw = perf_ring_peek(&c->ring, r->scratch, &bad);

		if (bad || !perf_parse(raw, &rec)) {
			fn(ctx, &rec);
			n++;
		}
		c->ring.tail += raw.len;
		c->next_ns = perf_ring_time(&c->ring);
		/* At once: what the callback does may take its time. */
		__atomic_store_n(&c->page->data_tail, c->ring.tail, __ATOMIC_RELEASE);
	}
	return n;
}

size_t perf_rings_read(struct perf_rings *r, void (*fn)(void *ctx, const struct perf_record *rec),
		       void *ctx)
{
	struct epoll_event events[WAKEUPS_MAX];
	size_t n = 0;

	/* Only to be woken anew by what comes from here on. */
	while (epoll_wait(r->epoll_fd, events, WAKEUPS_MAX, 0) == WAKEUPS_MAX)
		;
	for (int round = 0; round < 16 && look_at_heads(r); round++)
		n += read_round(r, fn, ctx);
	return n;
}
