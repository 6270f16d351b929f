/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions and the code that it names. Points lie inside of the file, and
 * there are none without a reason to have them. */
#include "cleanup.h"
#include "locate/go.h"
#include "locate/gopcln.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct points points;
	struct gopcln table;
	struct elf *e;
	int r;

	if (elf_from_bytes(&e, (struct slice){ (const char *)data, size }))
		return 0;
	if (!gopcln_open(&table, e)) {
		struct gopcln_function f = { .name = SLICE("runtime.memmove") };
		size_t at = 0;
		struct slice name;

		gopcln_find(&table, &f, 1);
		while ((name = gopcln_next_name(&table, SLICE("e"), &at)).data)
			if (name.data < e->bytes.data ||
			    name.data + name.len > e->bytes.data + e->bytes.len)
				abort();
	}
	r = go_locate(e, &points);
	if (!points.note || points.n > POINTS_MAX || !points.n == !r)
		abort();
	for (size_t i = 0; i < points.n; i++)
		if (points.point[i].offset >= size)
			abort();
	elf_free(e);
	return 0;
}
