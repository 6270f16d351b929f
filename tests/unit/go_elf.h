/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small Go program, made by hand: a table of functions of any version, code that begins
 * as the compiler's does, and the places where the start of the text can be told.
 *
 *   0x000 headers   0x400 text (R X, at 0x401000)   0x800 rodata (R, at 0x500000)
 *   0xd00 data (RW, at 0x600000): moduledata   0xe00 .rela.dyn   0xf00 sections, names
 */
#ifndef TESTS_GO_ELF_H
#define TESTS_GO_ELF_H

#include "test.h"

#include <elf.h>

#define GO_ELF_LEN 0x1200
#define GO_TEXT 0x401000
#define GO_TABLE 0x500000
#define GO_DATA 0x600000
#define GO_MEMMOVE 0x10 /* entries, in the text */
#define GO_WRITE 0x40
#define GO_READ 0x100
#define GO_CLOSE 0x300

enum go_elf_text { GO_IN_HEADER, GO_IN_HEADER_RELA, GO_IN_DATA, GO_IN_DATA_RELA, GO_IN_SECTION };

struct go_elf {
	uint32_t magic;
	enum go_elf_text text;
	bool no_sections; /* none but .text's and the names' */
	bool merged;	  /* the table is inside of .data.rel.ro */
	const char *package, *type;
	const char *read; /* code of Read behind its stack check; NULL: one that copies once */
	size_t read_len;
};

static void go_put(uint8_t *to, uint64_t v, size_t size)
{
	memcpy(to, &v, size);
}

static void go_segment(uint8_t *f, int i, uint32_t flags, uint64_t offset, uint64_t vaddr,
		       uint64_t len)
{
	Elf64_Phdr p = { .p_type = PT_LOAD,
			 .p_flags = flags,
			 .p_offset = offset,
			 .p_vaddr = vaddr,
			 .p_filesz = len,
			 .p_memsz = len };

	memcpy(f + sizeof(Elf64_Ehdr) + i * sizeof(p), &p, sizeof(p));
}

static void go_section(uint8_t *f, int i, uint32_t name, uint64_t offset, uint64_t vaddr,
		       uint64_t len)
{
	Elf64_Shdr s = { .sh_name = name,
			 .sh_type = i == 4 ? SHT_STRTAB : SHT_PROGBITS,
			 .sh_addr = vaddr,
			 .sh_offset = offset,
			 .sh_size = len };

	memcpy(f + 0xf00 + i * sizeof(s), &s, sizeof(s));
}

static void go_headers(uint8_t *f, const struct go_elf *g)
{
	static const char names[] = "\0.text\0.gopclntab\0.rela.dyn\0.shstrtab\0.data.rel.ro"
				    "\0.go.buildinfo";
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_phoff = sizeof(h),
			 .e_shoff = 0xf00,
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 3,
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 6,
			 .e_shstrndx = 4 };

	if (g->no_sections)
		h.e_shoff = h.e_shnum = h.e_shstrndx = 0;
	memcpy(f, &h, sizeof(h));
	go_segment(f, 0, PF_R | PF_X, 0x400, GO_TEXT, 0x400);
	go_segment(f, 1, PF_R, 0x800, GO_TABLE, 0x500);
	go_segment(f, 2, PF_R | PF_W, 0xd00, GO_DATA, 0x100);
	/* Linked with C code: Go's text begins behind it. */
	go_section(f, 1, 1, 0x400, g->text == GO_IN_SECTION ? GO_TEXT : GO_TEXT - 0x20, 0x400);
	go_section(f, 2, g->merged ? 38 : 7, 0x800, GO_TABLE, 0x500);
	go_section(f, 3, 18, 0xe00, 0, 0x100);
	go_section(f, 4, 28, 0x1100, 0, sizeof(names));
	go_section(f, 5, 51, 0xdf0, GO_DATA + 0xf0, 0x10);
	memcpy(f + 0x1100, names, sizeof(names));
}

static void go_rela(uint8_t *f, int i, uint64_t where, uint64_t addend)
{
	Elf64_Rela r = { .r_offset = where,
			 .r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE),
			 .r_addend = (int64_t)addend };

	memcpy(f + 0xe00 + i * sizeof(r), &r, sizeof(r));
}

static void go_code(uint8_t *text, const struct go_elf *g)
{
	static const uint8_t check[] = { 0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0x20, 0, 0, 0 };
	/* push rbp; mov rbp, rsp; sub rsp, 0x58; mov [rsp + 0x68], rax; call memmove; ret */
	static const char copies[] = "\x55\x48\x89\xe5\x48\x83\xec\x58\x48\x89\x44\x24\x68"
				     "\xe8\xf4\xfe\xff\xff\xc3";

	memset(text, 0xcc, 0x400);
	for (size_t i = 0; i < 3; i++)
		memcpy(text + (const size_t[]){ GO_WRITE, GO_READ, GO_CLOSE }[i], check,
		       sizeof(check));
	if (g->read)
		memcpy(text + GO_READ + sizeof(check), g->read, g->read_len);
	else
		memcpy(text + GO_READ + sizeof(check), copies, sizeof(copies) - 1);
	text[GO_CLOSE + sizeof(check)] = 0xc3;
}

/* The header, the names at 0x80, the functions at 0x200, their records behind. */
static void go_table(uint8_t *t, const struct go_elf *g)
{
	static const char *const methods[] = { NULL, "Write", "Read", "Close" };
	static const uint64_t entries[] = { GO_MEMMOVE, GO_WRITE, GO_READ, GO_CLOSE, 0x380 };
	bool old = g->magic == 0xfffffffa;
	size_t field = old ? 8 : 4, name = 1, word = 0;
	uint64_t base = old ? GO_TEXT : 0;
	char whole[64];

	go_put(t, g->magic, 4);
	t[6] = 1;
	t[7] = 8;
	go_put(t + 8 + 8 * word++, 4, 8);
	go_put(t + 8 + 8 * word++, 0, 8);
	if (!old)
		go_put(t + 8 + 8 * word++, g->text == GO_IN_HEADER ? GO_TEXT : 0, 8);
	go_put(t + 8 + 8 * word++, 0x80, 8);
	for (int i = 0; i < 3; i++)
		go_put(t + 8 + 8 * word++, 0x180, 8);
	go_put(t + 8 + 8 * word, 0x200, 8);
	for (size_t i = 0; i < 5; i++) {
		go_put(t + 0x200 + 2 * i * field, base + entries[i], field);
		if (i == 4)
			break;
		go_put(t + 0x200 + (2 * i + 1) * field, 0x100 + 16 * i, field);
		go_put(t + 0x300 + 16 * i, base + entries[i], field);
		go_put(t + 0x300 + 16 * i + field, name, 4);
		snprintf(whole, sizeof(whole), "%s%s%s",
			 methods[i] ? g->package : "runtime.memmove",
			 methods[i] ? g->type ? g->type : ".(*Conn)." : "",
			 methods[i] ? methods[i] : "");
		memcpy(t + 0x80 + name, whole, strlen(whole));
		name += strlen(whole) + 1;
	}
}

static void go_elf_make(uint8_t f[GO_ELF_LEN], const struct go_elf *given)
{
	struct go_elf g = *given;

	memset(f, 0, GO_ELF_LEN);
	g.magic = g.magic ? g.magic : 0xfffffff1;
	g.package = g.package ? g.package : "crypto/tls";
	go_headers(f, &g);
	go_code(f + 0x400, &g);
	go_table(f + 0x800, &g);
	if (g.text == GO_IN_HEADER_RELA)
		go_rela(f, 0, GO_TABLE + 24, GO_TEXT);
	if (g.text == GO_IN_DATA) {
		go_put(f + 0xd08, GO_TABLE, 8); /* something else that points there */
		go_put(f + 0xd20, GO_TABLE, 8);
		go_put(f + 0xd28, GO_TABLE + 0x80, 8);
		go_put(f + 0xd20 + 176, GO_TEXT, 8);
	}
	if (g.text == GO_IN_DATA_RELA) {
		go_rela(f, 0, GO_DATA + 0x20, GO_TABLE);
		go_rela(f, 1, GO_DATA + 0x28, GO_TABLE + 0x80);
		go_rela(f, 2, GO_DATA + 0x20 + 176, GO_TEXT);
	}
}

#endif
