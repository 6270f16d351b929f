/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "perfring.h"
#include "test.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/sysmacros.h>

/* A record as the kernel writes it: header, fixed part, name padded to 8, time. */
struct made {
	_Alignas(8) uint8_t bytes[512];
	size_t len;
};

static void make(struct made *m, uint32_t type, uint16_t misc, const void *fixed, size_t fixed_len,
		 const char *name, uint64_t time)
{
	struct perf_event_header h = { .type = type, .misc = misc };
	size_t name_len = name ? (strlen(name) + 8) & ~(size_t)7 : 0;

	memset(m, 0, sizeof(*m));
	memcpy(m->bytes + sizeof(h), fixed, fixed_len);
	if (name)
		memcpy(m->bytes + sizeof(h) + fixed_len, name, strlen(name));
	m->len = sizeof(h) + fixed_len + name_len;
	memcpy(m->bytes + m->len, &time, sizeof(time));
	m->len += sizeof(time);
	h.size = (uint16_t)m->len;
	memcpy(m->bytes, &h, sizeof(h));
}

static void make_mmap(struct made *m, uint32_t pid, const char *path, uint64_t time)
{
	const struct {
		uint32_t pid, tid;
		uint64_t addr, len, pgoff;
		uint32_t major, minor;
		uint64_t inode, generation;
		uint32_t prot, flags;
	} fixed = { pid, pid + 1, 0x7f0000001000, 0x2000, 0x1f000, 8, 1, 4711, 3, 5, 2 };

	make(m, PERF_RECORD_MMAP2, 2, &fixed, sizeof(fixed), path, time);
}

static void make_comm(struct made *m, uint32_t pid, bool exec, const char *comm, uint64_t time)
{
	const uint32_t fixed[] = { pid, pid };

	make(m, PERF_RECORD_COMM, exec ? PERF_RECORD_MISC_COMM_EXEC : 0, fixed, sizeof(fixed), comm,
	     time);
}

static void make_task(struct made *m, uint32_t type, uint32_t pid, uint32_t ppid, uint64_t time)
{
	const struct {
		uint32_t pid, ppid, tid, ptid;
		uint64_t time;
	} fixed = { pid, ppid, pid + 1, ppid + 1, time };

	make(m, type, 0, &fixed, sizeof(fixed), NULL, time);
}

static struct slice raw(const struct made *m)
{
	return (struct slice){ (const char *)m->bytes, m->len };
}

TEST(perf_parses_records)
{
	const uint64_t lost[] = { 3, 17 };
	struct perf_record rec;
	struct made m;

	make_mmap(&m, 5, "/usr/lib/libssl.so.3", 99);
	CHECK_INT(perf_parse(raw(&m), &rec), 0);
	CHECK_INT(rec.type, PERF_MMAP);
	CHECK_INT(rec.pid, 5);
	CHECK_INT(rec.tid, 6);
	CHECK_INT(rec.ts_ns, 99);
	CHECK_INT(rec.map.start, 0x7f0000001000);
	CHECK_INT(rec.map.len, 0x2000);
	CHECK_INT(rec.map.offset, 0x1f000);
	CHECK_INT(rec.map.dev, makedev(8, 1));
	CHECK_INT(rec.map.inode, 4711);
	CHECK_STR(slice_from(rec.map.path), "/usr/lib/libssl.so.3");

	make_comm(&m, 7, true, "python3", 100);
	CHECK_INT(perf_parse(raw(&m), &rec), 0);
	CHECK_INT(rec.type, PERF_EXEC);
	CHECK_STR(slice_from(rec.comm), "python3");
	make_comm(&m, 7, false, "renamed", 101);
	CHECK_INT(perf_parse(raw(&m), &rec), 0);
	CHECK_INT(rec.type, PERF_COMM);

	make_task(&m, PERF_RECORD_FORK, 9, 7, 102);
	CHECK_INT(perf_parse(raw(&m), &rec), 0);
	CHECK_INT(rec.type, PERF_FORK);
	CHECK_INT(rec.pid, 9);
	CHECK_INT(rec.tid, 10);
	CHECK_INT(rec.parent.pid, 7);
	CHECK_INT(rec.parent.tid, 8);
	make_task(&m, PERF_RECORD_EXIT, 9, 7, 103);
	CHECK_INT(perf_parse(raw(&m), &rec), 0);
	CHECK_INT(rec.type, PERF_EXIT);
	CHECK_INT(rec.ts_ns, 103);

	make(&m, PERF_RECORD_LOST, 0, lost, sizeof(lost), NULL, 104);
	CHECK_INT(perf_parse(raw(&m), &rec), 0);
	CHECK_INT(rec.type, PERF_LOST);
	CHECK_INT(rec.lost, 17);

	make(&m, PERF_RECORD_THROTTLE, 0, lost, sizeof(lost), NULL, 105);
	CHECK_INT(perf_parse(raw(&m), &rec), -ENOENT);
	make(&m, UINT32_MAX, 0, lost, sizeof(lost), NULL, 106);
	CHECK_INT(perf_parse(raw(&m), &rec), -ENOENT);
}

TEST(perf_refuses_short_records)
{
	struct made all[4];

	make_mmap(&all[0], 5, "/usr/lib/libssl.so.3", 99);
	make_comm(&all[1], 7, true, "python3", 100);
	make_task(&all[2], PERF_RECORD_FORK, 9, 7, 102);
	make(&all[3], PERF_RECORD_LOST, 0, (uint64_t[]){ 3, 17 }, 16, NULL, 104);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		for (size_t len = 0; len < all[i].len; len++) {
			_cleanup_free_ char *copy = malloc(len + 1);
			struct perf_record rec;
			int r;

			memcpy(copy, all[i].bytes, len);
			r = perf_parse((struct slice){ copy, len }, &rec);
			/* A name may lose its padding, or all but one of its NULs. */
			if (i >= 2)
				CHECK_INT(r, -EBADMSG);
			else
				CHECK(r == -EBADMSG || r == 0);
		}
	}
	/* A name without an end in front of the time. */
	memset(all[1].bytes + 16, 'x', all[1].len - 16);
	CHECK_INT(perf_parse(raw(&all[1]), &(struct perf_record){ 0 }), -EBADMSG);
}

/* Written into a ring at every position, so that it wraps everywhere. */
TEST(perf_ring_wraps)
{
	_Alignas(8) static uint8_t data[256], scratch[PERF_RECORD_BYTES_MAX];
	struct made m;

	make_mmap(&m, 5, "/usr/lib/libssl.so.3", 0x1122334455667788);
	for (uint64_t at = 0; at < 4 * sizeof(data); at += 8) {
		struct perf_ring r = { data, sizeof(data), at, at + m.len };
		struct perf_record rec;
		bool bad = false;
		struct slice got;

		test_row("at %d", (int)at);
		memset(data, 0xee, sizeof(data));
		for (size_t i = 0; i < m.len; i++)
			data[(at + i) % sizeof(data)] = m.bytes[i];
		CHECK(perf_ring_time(&r) == 0x1122334455667788);
		got = perf_ring_peek(&r, scratch, &bad);
		CHECK_SLICE(got, raw(&m));
		CHECK(!bad);
		CHECK_INT(perf_parse(got, &rec), 0);
		CHECK_STR(slice_from(rec.map.path), "/usr/lib/libssl.so.3");
		r.tail += got.len;
		CHECK(perf_ring_time(&r) == UINT64_MAX);
		CHECK(!perf_ring_peek(&r, scratch, &bad).data && !bad);
	}
}

TEST(perf_ring_drops_nonsense)
{
	_Alignas(8) static uint8_t data[256], scratch[PERF_RECORD_BYTES_MAX];
	static const uint16_t sizes[] = { 0, 8, 12, 17, 72, 65528, 65535 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct perf_event_header h = { .type = PERF_RECORD_COMM, .size = sizes[i] };
		struct perf_ring r = { data, sizeof(data), 512, 512 + 64 };
		bool bad = false;

		test_row("size %u", sizes[i]);
		memcpy(data, &h, sizeof(h));
		CHECK_INT(perf_ring_time(&r), 0); /* first to be dealt with */
		CHECK(!perf_ring_peek(&r, scratch, &bad).data);
		CHECK(bad);
		CHECK_INT(r.tail, r.head);
	}
}

TEST(perf_parses_cpus)
{
	static const struct {
		const char *text;
		int want;
		unsigned int mask;
	} rows[] = {
		{ "0\n", 0, 1 },	 { "0-3\n", 0, 0xf },  { "0-1,3,5-6\n", 0, 0x6b },
		{ "7", 0, 0x80 },	 { "8", -EBADMSG, 0 }, { "2-1", -EBADMSG, 0 },
		{ "0-8", -EBADMSG, 0 },	 { "x", -EBADMSG, 0 }, { "1-", -EBADMSG, 0 },
		{ "1,", -EBADMSG, 0x2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool cpus[8] = { false };
		unsigned int mask = 0;

		test_row("%s", rows[i].text);
		CHECK_INT(perf_parse_cpus(slice_from(rows[i].text), cpus, 8), rows[i].want);
		for (size_t k = 0; k < 8; k++)
			mask |= cpus[k] ? 1u << k : 0;
		CHECK_INT(mask, rows[i].mask);
	}
}
