/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "elf.h"
#include "locate/walk.h"
#include "test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

/* Two segments, one of code; every MARK_EVERY bytes of each a mark with its number. */
#define CODE_LEN (3 * WALK_STEP + 77)
#define DATA_LEN (WALK_STEP - 1)
#define LARGE_LEN (5 * WALK_LANE_MIN + 13)
#define CODE_AT 0x1000
#define CODE_VADDR UINT64_C(0x400000)
#define DATA_VADDR UINT64_C(0x60000000)
#define MARK 0xfeedf00du
#define MARK_EVERY 4093 /* so that some lie on every kind of edge */
#define MARKS_MAX 8192

struct marks {
	pthread_mutex_t lock;
	size_t n, last, limit;
	bool in_order;
	uint8_t times[MARKS_MAX];
};

static void put_marks(char *bytes, size_t len)
{
	for (uint32_t i = 0; i * (size_t)MARK_EVERY + 8 <= len; i++) {
		const uint32_t mark[] = { MARK, i };

		memcpy(bytes + i * (size_t)MARK_EVERY, mark, sizeof(mark));
	}
}

static size_t make(char **ret, size_t code_len)
{
	size_t data_at = CODE_AT + code_len, len = data_at + DATA_LEN;
	char *f = calloc(1, len);
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_phoff = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2 };
	const Elf64_Phdr p[] = {
		{ PT_LOAD, PF_R | PF_X, CODE_AT, CODE_VADDR, 0, code_len, code_len, 0 },
		{ PT_LOAD, PF_R, data_at, DATA_VADDR, 0, DATA_LEN, DATA_LEN, 0 },
	};

	CHECK(f);
	memcpy(f, &h, sizeof(h));
	memcpy(f + sizeof(h), p, sizeof(p));
	put_marks(f + CODE_AT, code_len);
	put_marks(f + data_at, DATA_LEN);
	*ret = f;
	return len;
}

/* What the part before had whole is not told again. */
static bool find_marks(void *arg, const struct walk_part *part)
{
	struct marks *m = arg;
	bool more;

	pthread_mutex_lock(&m->lock);
	for (size_t at = 0; at + 8 <= part->len; at++) {
		uint32_t i = code_read32(part->bytes + at + 4);

		if (at + 8 <= part->seen || code_read32(part->bytes + at) != MARK)
			continue;
		m->in_order &= !m->n || i > m->last || !i;
		m->last = i;
		m->n++;
		m->times[i % MARKS_MAX]++;
	}
	more = m->n < m->limit;
	pthread_mutex_unlock(&m->lock);
	return more;
}

static struct marks marks_of(size_t limit)
{
	return (struct marks){ .lock = PTHREAD_MUTEX_INITIALIZER,
			       .limit = limit,
			       .in_order = true };
}

static size_t marks_in(size_t len)
{
	return (len - 8) / MARK_EVERY + 1;
}

/* From a file, and from memory. */
static struct elf *open_made(const char *bytes, size_t len, bool file)
{
	_cleanup_close_ int fd = -1;
	struct elf *e = NULL;

	if (!file) {
		CHECK_INT(elf_from_bytes(&e, (struct slice){ bytes, len }), 0);
		return e;
	}
	fd = memfd_create("walk", MFD_CLOEXEC);
	CHECK_INT(write(fd, bytes, len), len);
	CHECK_INT(elf_open_fd(&e, fd), 0);
	return e;
}

TEST(every_byte_once_in_order)
{
	static const struct {
		uint32_t with, without;
		size_t want;
	} rows[] = {
		{ PF_X, 0, (CODE_LEN - 8) / MARK_EVERY + 1 },
		{ 0, PF_X, (DATA_LEN - 8) / MARK_EVERY + 1 },
		{ 0, 0, (CODE_LEN - 8) / MARK_EVERY + (DATA_LEN - 8) / MARK_EVERY + 2 },
		{ PF_W, 0, 0 },
	};
	_cleanup_free_ char *bytes = NULL;
	size_t len = make(&bytes, CODE_LEN);

	for (int file = 0; file < 2; file++) {
		_cleanup_(elf_cleanup) struct elf *e = open_made(bytes, len, file);

		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			struct marks m = marks_of(SIZE_MAX);

			test_row("%s, row %zu", file ? "file" : "memory", i);
			CHECK_INT(walk(e, rows[i].with, rows[i].without, find_marks, &m), 0);
			CHECK_INT(m.n, rows[i].want);
			CHECK(m.in_order);
		}
	}
}

TEST(every_byte_once_in_parallel)
{
	_cleanup_free_ char *bytes = NULL;
	size_t len = make(&bytes, LARGE_LEN);

	for (int file = 0; file < 2; file++) {
		_cleanup_(elf_cleanup) struct elf *e = open_made(bytes, len, file);
		struct marks m = marks_of(SIZE_MAX);

		CHECK_INT(walk_parallel(e, PF_X, 0, find_marks, &m), 0);
		CHECK_INT(m.n, marks_in(LARGE_LEN));
		for (size_t i = 0; i < marks_in(LARGE_LEN); i++)
			CHECK_INT(m.times[i], 1);
	}
}

TEST(until_it_is_enough)
{
	_cleanup_free_ char *bytes = NULL;
	size_t len = make(&bytes, CODE_LEN);
	_cleanup_(elf_cleanup) struct elf *e = open_made(bytes, len, true);
	struct marks m = marks_of(1);

	CHECK_INT(walk(e, 0, 0, find_marks, &m), 0);
	CHECK_INT(m.n, marks_in(WALK_STEP + WALK_OVERLAP)); /* of the first part */
}

/* What is gone when it is read reads as zeros. */
TEST(a_file_that_shrinks)
{
	_cleanup_free_ char *bytes = NULL;
	size_t len = make(&bytes, CODE_LEN);
	_cleanup_close_ int fd = memfd_create("walk", MFD_CLOEXEC);
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct marks m = marks_of(SIZE_MAX);

	CHECK_INT(write(fd, bytes, len), len);
	CHECK_INT(elf_open_fd(&e, fd), 0);
	CHECK_INT(ftruncate(fd, CODE_AT + 2 * MARK_EVERY), 0);
	CHECK_INT(walk_parallel(e, 0, 0, find_marks, &m), 0);
	CHECK_INT(m.n, 2);
}

TEST(without_memory_it_says_so)
{
	_cleanup_free_ char *bytes = NULL;
	size_t len = make(&bytes, CODE_LEN);
	_cleanup_(elf_cleanup) struct elf *e = open_made(bytes, len, true);

	EACH_MALLOC_FAILURE
	{
		struct marks m = marks_of(SIZE_MAX);
		int r = walk_parallel(e, PF_X, 0, find_marks, &m);

		CHECK(r == -ENOMEM || m.n == marks_in(CODE_LEN));
	}
}
