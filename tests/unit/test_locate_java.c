/* SPDX-License-Identifier: Apache-2.0 */
/* A JVM's libraries by the names that stay: the native method that our agent in it calls, and
 * libjvm, which says that there is a JVM. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/java.h"

#include <errno.h>

static const char *const names[] = {
	"Java_sun_nio_ch_FileDispatcherImpl_pwrite0",
	"Java_sun_nio_ch_UnixFileDispatcherImpl_pwrite0",
	"JNI_CreateJavaVM",
};

/* How such a function begins; what the kernel does not put a probe on. */
#define PUSH "\x55"
#define REFUSED "\x2e\x2e\x41\x54" /* cs cs push r12 */

static const struct {
	const char *name;
	const char *begins[ARRAY_LEN(names)]; /* NULL: the file has no such function */
	int want, point;		      /* which of them is the point; -1: none */
	const char *note;
} rows[] = {
	{ "another library", { NULL }, -ENOENT, -1, "" },
	{ "libnio of JDK 11 to 20", { PUSH }, 0, 0, "a native method of its agent" },
	{ "libnio of JDK 21", { NULL, PUSH }, 0, 1, "a native method of its agent" },
	{ "both: one point is enough", { PUSH, PUSH }, 0, 0, "a native method of its agent" },
	{ "the other where the kernel refuses one",
	  { REFUSED, PUSH },
	  0,
	  1,
	  "a native method of its agent" },
	{ "refused",
	  { REFUSED },
	  -EOPNOTSUPP,
	  -1,
	  "the kernel has no probe for how a native method begins" },
	{ "libjvm", { NULL, NULL, PUSH }, -ENOTSUP, -1, JAVA_NOTE },
	{ "a static one: libjvm with libnio in it",
	  { PUSH, NULL, PUSH },
	  0,
	  0,
	  "a native method of its agent" },
};

static void look(size_t i)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct elf_symbol symbols[ARRAY_LEN(names) + 1] = { 0 };
	struct finding f = { 0 };
	struct locate_input in;

	code_init(&c, CODE_PIE);
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		const char *begins = rows[i].begins[k];

		if (!begins)
			continue;
		while (c.text % 16)
			code_bytes(&c, "\xcc", 1);
		symbols[k].vaddr = code_here(&c);
		code_bytes(&c, begins, strlen(begins));
		code_end(&c);
	}
	e = code_open(&c);
	in = (struct locate_input){ .e = e, .symbols = symbols };
	test_row("%s", rows[i].name);
	CHECK_INT(java_by_symbols.locate(&in, &f), rows[i].want);
	CHECK_STR(slice_from(f.note), rows[i].note);
	CHECK_INT(f.points.n, rows[i].point >= 0);
	if (!f.points.n || rows[i].point < 0)
		return;
	CHECK_INT(f.points.point[0].role, ROLE_JAVA_TAP);
	CHECK_INT(f.points.point[0].at_return, false);
	CHECK_INT(f.points.point[0].offset + CODE_ELF_BASE, symbols[rows[i].point].vaddr);
}

TEST(java_by_its_names)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		look(i);
}

/* The names are a contract with agent/probe/java/Tap.java. */
TEST(java_asks_for_these_names)
{
	const char *const *n = java_by_symbols.symbols;

	CHECK_INT(java_by_symbols.stack, STACK_JAVA);
	CHECK(!java_by_symbols.slow);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK_STR(slice_from(n[i]), names[i]);
	CHECK(!n[ARRAY_LEN(names)]);
}
