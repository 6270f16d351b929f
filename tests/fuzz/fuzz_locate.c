/* SPDX-License-Identifier: Apache-2.0 */
/* All locators over a hostile file: every point lies inside of it. */
#include "cleanup.h"
#include "locate/locate.h"

static void inside(const struct elf *e, const struct points *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->point[i].offset >= e->bytes.len || p->point[i].role >= ROLE_MAX)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct findings f;
	struct elf *e;

	if (elf_from_bytes(&e, (struct slice){ (const char *)data, size }))
		return 0;
	f.n = 0;
	locate_quick(e, &f);
	locate_slow(e, &f);
	for (size_t i = 0; i < f.n; i++) {
		inside(e, &f.finding[i].points);
		if (!f.finding[i].note[0])
			abort();
	}
	elf_free(e);
	return 0;
}
