/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can be asked of an ELF file. What is lent lies inside of the file. */
#include "cleanup.h"
#include "elf.h"

static void inside(const struct elf *e, struct slice s)
{
	if (s.len && (s.data < e->bytes.data || s.len > e->bytes.len ||
		      s.data > e->bytes.data + e->bytes.len - s.len))
		abort();
}

static int each(struct slice name, const struct elf_symbol *s, void *arg)
{
	const struct elf *e = arg;

	inside(e, name);
	if (!s->vaddr || s->offset >= e->bytes.len)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "SSL_write", "SSL_read", "_ZN*", "*" };
	struct elf_symbol symbols[ARRAY_LEN(names)];
	struct elf_section section;
	struct elf *e;

	if (elf_from_bytes(&e, (struct slice){ (const char *)data, size }))
		return 0;
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];
		uint64_t at;

		inside(e, elf_segment_bytes(e, i));
		inside(e, elf_string(e, s->vaddr, 64));
		inside(e, elf_bytes(e, s->vaddr + s->len / 2, s->len / 2));
		if (elf_offset(e, s->vaddr, &at) || at >= size)
			abort();
		if (elf_vaddr(e, s->offset, &at))
			abort();
		if (!elf_find_bytes(e, s->flags, SLICE("\x0f\x05"), s->vaddr, &at))
			inside(e, elf_bytes(e, at, 2));
	}
	if (elf_find_symbols(e, names, ARRAY_LEN(names), symbols) > (int)ARRAY_LEN(names))
		abort();
	elf_each_symbol(e, each, e);
	if (!elf_find_section(e, ".text", &section))
		inside(e, section.bytes);
	elf_free(e);
	return 0;
}
