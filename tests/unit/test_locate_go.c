/* SPDX-License-Identifier: Apache-2.0 */
/* On programs made by hand, and on real ones that the test builds where Go is installed:
 * each probe point must be the start of an instruction that its program expects. */
#include "cleanup.h"
#include "go_elf.h"
#include "locate/go.h"
#include "locate/x86.h"

#include <errno.h>
#include <sys/wait.h>

#define TEXT_OFFSET 0x400

static int locate_in(const struct elf *e, struct finding *ret)
{
	const struct locate_input in = { .e = e };
	int r;

	*ret = (struct finding){ .stack = STACK_GO };
	r = go_by_section.locate(&in, ret);
	return r == -ENOENT ? go_by_search.locate(&in, ret) : r;
}

static int locate(uint8_t f[GO_ELF_LEN], const struct go_elf *made, struct finding *ret)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;

	go_elf_make(f, made);
	CHECK_INT(elf_from_bytes(&e, (struct slice){ (const char *)f, GO_ELF_LEN }), 0);
	return locate_in(e, ret);
}

#define FRAME "\x55\x48\x89\xe5\x48\x83\xec\x58"
#define KEEP "\x48\x89\x44\x24\x68"
#define COPY_AT(n) "\xe8" n "\xfe\xff\xff"

TEST(forms_of_read)
{
	static const struct {
		const char *name, *code;
		size_t len;
		int want;
		enum point_role role;
		size_t n;
	} rows[] = {
		{ "one copy", NULL, 0, 0, ROLE_GO_READ_COPY, 3 },
		{ "frame of before 1.21",
		  "\x48\x83\xec\x60\x48\x89\x6c\x24\x58\x48\x8d\x6c\x24\x58" KEEP COPY_AT(
			  "\xee") "\xc3",
		  25, 0, ROLE_GO_READ_COPY, 3 },
		{ "two copies", FRAME KEEP COPY_AT("\xf4") COPY_AT("\xef") "\xc3", 24, 0,
		  ROLE_GO_READ_RETURN, 4 },
		{ "no copy", FRAME KEEP "\xc3\xc3", 15, 0, ROLE_GO_READ_RETURN, 5 },
		{ "the Conn elsewhere", FRAME "\x48\x89\x44\x24\x60" COPY_AT("\xf4") "\xc3", 19, 0,
		  ROLE_GO_READ_RETURN, 4 },
		{ "another register there", FRAME "\x48\x89\x5c\x24\x68" COPY_AT("\xf4") "\xc3", 19,
		  0, ROLE_GO_READ_RETURN, 4 },
		{ "an unknown instruction", FRAME KEEP COPY_AT("\xf4") "\xc3\x06\x90\x90", 22,
		  -ENOTSUP, ROLE_MAX, 0 },
		{ "no return", FRAME KEEP, 13, -ENOTSUP, ROLE_MAX, 0 },
	};
	uint8_t f[GO_ELF_LEN];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct go_elf made = { .read = rows[i].code, .read_len = rows[i].len };
		struct finding p;

		test_row("%s", rows[i].name);
		CHECK_INT(locate(f, &made, &p), rows[i].want);
		CHECK_INT(p.points.n, rows[i].n);
		CHECK(p.note[0]);
		if (!p.points.n)
			continue;
		CHECK_INT(p.points.point[0].role, ROLE_GO_WRITE_ROOM);
		CHECK_INT(p.points.point[0].offset, TEXT_OFFSET + GO_WRITE + 4);
		CHECK_INT(p.points.point[2].role, ROLE_GO_CLOSE);
		CHECK_INT(p.points.point[p.points.n == 3 ? 1 : 3].role, rows[i].role);
		if (rows[i].role == ROLE_GO_READ_RETURN)
			CHECK_INT(p.points.point[1].offset, TEXT_OFFSET + GO_READ);
		else
			CHECK_INT(f[p.points.point[1].offset], 0xe8);
	}
}

TEST(programs)
{
	uint8_t f[GO_ELF_LEN];
	struct finding p;

	CHECK_INT(locate(f, &(struct go_elf){ .package = "example.org/utls" }, &p), 0);
	CHECK_INT(p.points.n, 3);
	CHECK_INT(locate(f, &(struct go_elf){ .package = "a.org/utls", .type = ".(*UConn)." }, &p),
		  0);
	CHECK_INT(p.points.n, 3);
	CHECK_INT(locate(f, &(struct go_elf){ .type = ".(*XConn)." }, &p), -ENOENT);
	CHECK_INT(locate(f, &(struct go_elf){ .package = "example.org/http" }, &p), -ENOENT);
	/* 1.16 and 1.17 share the table's format; this one's code is of 1.17. */
	CHECK_INT(locate(f, &(struct go_elf){ .magic = 0xfffffffa }, &p), 0);
	CHECK_INT(locate(f, &(struct go_elf){ .text = GO_IN_DATA_RELA }, &p), 0);
	CHECK_INT(p.points.point[0].offset, TEXT_OFFSET + GO_WRITE + 4);
}

/* Arguments on the stack: mov rcx, fs:[-8] instead of r14. */
TEST(before_1_17)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	uint8_t f[GO_ELF_LEN];
	struct finding p;

	go_elf_make(f, &(struct go_elf){ .magic = 0xfffffffa });
	memcpy(f + TEXT_OFFSET + GO_WRITE, "\x64\x48\x8b\x0c\x25\xf8\xff\xff\xff", 9);
	CHECK_INT(elf_from_bytes(&e, (struct slice){ (const char *)f, GO_ELF_LEN }), 0);
	CHECK_INT(locate_in(e, &p), -ENOTSUP);
	CHECK_INT(p.points.n, 0);
}

/* ---- Real programs -------------------------------------------------------------------- */

static bool build(const char *arch, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd tests/live/clients/go/http && GOENV=off GO111MODULE=off GOARCH=%s "
		 "CGO_ENABLED=0 "
		 "nice go build -ldflags '-s -w' -o \"%s/%s\" main.go >/dev/null 2>&1",
		 arch, path[0] == '/' ? "" : "$OLDPWD", path);
	return !system(command);
}

static void check_instruction(const struct elf *e, const struct point *p)
{
	uint64_t vaddr = 0;
	struct slice code;
	struct x86_insn insn = { 0 };

	CHECK_INT(elf_vaddr(e, p->offset, &vaddr), 0);
	code = elf_bytes_from(e, vaddr);
	if (e->machine == EM_AARCH64) {
		static const char ret[] = "\xc0\x03\x5f\xd6";

		CHECK_INT(!memcmp(code.data, ret, 4), p->role == ROLE_GO_READ_RETURN);
		return;
	}
	CHECK_INT(x86_decode(code, &insn), 0);
	CHECK_INT(x86_is_branch(&insn), p->role == ROLE_GO_WRITE_ROOM);
	CHECK_INT(x86_is_call(&insn), p->role == ROLE_GO_READ_COPY);
}

static void check_real(const char *path, const char *note)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct finding p;

	CHECK_INT(elf_open(&e, path), 0);
	CHECK_INT(locate_in(e, &p), 0);
	CHECK_STR(slice_from(p.note), note);
	for (size_t i = 0; i < p.points.n; i++)
		check_instruction(e, &p.points.point[i]);
	fprintf(stderr, "# %s: %zu points, %s\n", path, p.points.n, p.note);
}

TEST(stripped_programs)
{
	static const struct {
		const char *arch, *note;
	} rows[] = {
		{ "amd64", "where bytes are copied" },
		{ "arm64", "functions and their returns" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[256];

		test_row("%s", rows[i].arch);
		snprintf(path, sizeof(path), "%s/unit/go-http-%s",
			 getenv("BUILD") ? getenv("BUILD") : "build", rows[i].arch);
		if (access(path, R_OK) && !build(rows[i].arch, path)) {
			fprintf(stderr, "# no Go here: nothing built for %s\n", rows[i].arch);
			continue;
		}
		check_real(path, rows[i].note);
	}
}
