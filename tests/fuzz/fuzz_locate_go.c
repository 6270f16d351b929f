/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions and the code that it names. Points lie inside of the file, and
 * there are none without a reason to have them. */
#include "cleanup.h"
#include "locate/go.h"
#include "locate/gopcln.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct finding f = { .stack = STACK_GO };
	struct gopcln table;
	struct elf *e;
	int r;

	if (elf_from_bytes(&e, (struct slice){ (const char *)data, size }))
		return 0;
	r = gopcln_open(&table, e);
	if (r == -ENOENT)
		r = gopcln_search(&table, e);
	if (!r) {
		struct gopcln_function want = { .name = SLICE("runtime.memmove") };
		size_t at = 0;
		struct slice name;

		gopcln_find(&table, &want, 1);
		while ((name = gopcln_next_name(&table, SLICE("e"), &at)).data)
			if (name.data < e->bytes.data ||
			    name.data + name.len > e->bytes.data + e->bytes.len)
				abort();
	}
	r = go_by_section.locate(&(struct locate_input){ .e = e }, &f);
	if (r == -ENOENT)
		r = go_by_search.locate(&(struct locate_input){ .e = e }, &f);
	if (!f.points.n != !!r || (r != -ENOENT && !f.note[0]))
		abort();
	for (size_t i = 0; i < f.points.n; i++)
		if (f.points.point[i].offset >= size)
			abort();
	elf_free(e);
	return 0;
}
