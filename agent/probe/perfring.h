/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The perf events that tell of processes and their executable mappings, on every CPU,
 * and their rings. Records are handed out in the order of their times, which are
 * CLOCK_BOOTTIME: a record comes after every record that caused it, whichever CPU wrote
 * it.
 *
 * Format: perf_event_open(2), "MMAP layout".
 */
#ifndef PROBE_PERFRING_H
#define PROBE_PERFRING_H

#include "slice.h"

struct perf_rings;

enum perf_record_type {
	PERF_MMAP, /* an executable mapping was made */
	PERF_COMM, /* a thread was renamed */
	PERF_EXEC, /* comm is that of the new program */
	PERF_FORK, /* of a thread too: then pid == ppid */
	PERF_EXIT, /* of a thread */
	PERF_LOST,
};

struct perf_record {
	enum perf_record_type type;
	uint32_t pid, tid; /* tgid and tid, in the pid namespace of who opened the rings */
	uint64_t ts_ns;
	union {
		struct {
			uint64_t start, len, offset, dev, inode;
			const char *path; /* lent; NUL-terminated */
		} map;
		const char *comm; /* lent; NUL-terminated */
		struct {
			uint32_t pid, tid;
		} parent;
		uint64_t lost;
	};
};

/* One record with its header, contiguous and aligned to 8. 0; -ENOENT: of a type that is not asked
 * for; -EBADMSG: shorter than its type must be, or with a name that does not end. */
int perf_parse(struct slice raw, struct perf_record *ret);

/* A ring as the kernel shares it. size is a power of two and a multiple of 8. */
struct perf_ring {
	const uint8_t *data;
	uint64_t size;
	uint64_t tail; /* the next byte to read */
	uint64_t head; /* read up to here this time */
};

#define PERF_RECORD_BYTES_MAX 65536

/* The next record: in the ring, or, where it wraps, in scratch (PERF_RECORD_BYTES_MAX).
 * Lent until the tail moves. Absent when there is none; a record of an impossible length
 * drops all there is, sets *ret_bad, and is absent too. */
struct slice perf_ring_peek(struct perf_ring *r, uint8_t *scratch, bool *ret_bad);
/* Its time, which ends every record; UINT64_MAX when there is none. */
uint64_t perf_ring_time(const struct perf_ring *r);

/* "0-3,8": sets cpus[i] for those below max; the rest stay. 0 or -EBADMSG. */
int perf_parse_cpus(struct slice text, bool *cpus, size_t max);

/* Rings of bytes_per_cpu (rounded up to pages, less where that is refused) for all online
 * CPUs. 0, -ENOMEM, -EACCES or -EPERM without privilege, or what perf_event_open says. */
int perf_rings_open(struct perf_rings **ret, size_t bytes_per_cpu);
void perf_rings_free(struct perf_rings *r); /* NULL is fine */
/* Closes those of CPUs that went, opens those of CPUs that came. The number of rings
 * opened, or -errno. */
int perf_rings_refresh(struct perf_rings *r);
/* To be polled for EPOLLIN; perf_rings_read makes it quiet. */
int perf_rings_fd(const struct perf_rings *r);
/* Hands out all records there are now; returns how many. */
size_t perf_rings_read(struct perf_rings *r, void (*fn)(void *ctx, const struct perf_record *rec),
		       void *ctx);

#endif
