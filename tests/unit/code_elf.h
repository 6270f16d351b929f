/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small executables with code that looks as compilers make it: functions that call each
 * other, report errors, store. x86-64 (position-independent or not) and arm64.
 */
#ifndef TESTS_CODE_ELF_H
#define TESTS_CODE_ELF_H

#include "elf.h"
#include "test.h"

#include <elf.h>

#define CODE_ELF_LEN 0x8000
#define CODE_ELF_RODATA 0x1000 /* where it is, as offset and as address + 0x400000 */
#define CODE_ELF_TEXT 0x3000
#define CODE_ELF_DATA 0x7000 /* where code_add_data() puts it */
#define CODE_ELF_DATA_VADDR 0x600000
#define CODE_ELF_DATA_LEN 0x800
#define CODE_ELF_RELA 0x7900 /* where code_add_rela() puts it, and sections */
#define CODE_ELF_BASE UINT64_C(0x400000)

enum code_kind { CODE_PIE, CODE_FIXED, CODE_ARM };

struct code_elf {
	enum code_kind kind;
	size_t rodata, text; /* offsets of what comes next */
	uint64_t fail;	     /* the function that takes error reports */
	char bytes[CODE_ELF_LEN];
};

static void code_bytes(struct code_elf *c, const void *data, size_t len)
{
	memcpy(c->bytes + c->text, data, len);
	c->text += len;
}

static void code_u32(struct code_elf *c, uint32_t v)
{
	code_bytes(c, &v, sizeof(v));
}

static uint64_t code_here(const struct code_elf *c)
{
	return CODE_ELF_BASE + c->text;
}

/* Its address. */
static inline uint64_t code_string(struct code_elf *c, const char *s)
{
	uint64_t at = CODE_ELF_BASE + c->rodata;

	memcpy(c->bytes + c->rodata, s, strlen(s) + 1);
	c->rodata += strlen(s) + 1;
	return at;
}

static uint64_t code_begin(struct code_elf *c)
{
	while (c->text % 16)
		c->bytes[c->text++] = (char)0xcc;
	if (c->kind == CODE_ARM) {
		code_u32(c, 0xa9bf7bfd); /* stp x29, x30, [sp, #-16]! */
		return code_here(c) - 4;
	}
	code_bytes(c, "\x55\x48\x89\xe5", 4); /* push rbp; mov rbp, rsp */
	return code_here(c) - 4;
}

static inline void code_call(struct code_elf *c, uint64_t to)
{
	if (c->kind == CODE_ARM) {
		code_u32(c, 0x94000000 | ((uint32_t)((to - code_here(c)) / 4) & 0x3ffffff));
		return;
	}
	code_bytes(c, "\xe8", 1);
	code_u32(c, (uint32_t)(to - code_here(c) - 4));
}

/* Into the register of argument 4. */
static inline void code_address(struct code_elf *c, uint64_t to)
{
	uint64_t page;

	switch (c->kind) {
	case CODE_PIE:
		code_bytes(c, "\x48\x8d\x0d", 3);
		code_u32(c, (uint32_t)(to - code_here(c) - 4));
		break;
	case CODE_FIXED:
		code_bytes(c, "\xb9", 1);
		code_u32(c, (uint32_t)to);
		break;
	case CODE_ARM:
		page = (to >> 12) - (code_here(c) >> 12);
		code_u32(c, 0x90000003 | (uint32_t)(page & 3) << 29 |
				    ((uint32_t)(page >> 2) & 0x7ffff) << 5);
		code_u32(c, 0x91000063 | (uint32_t)(to & 0xfff) << 10);
		break;
	}
}

/* Into the register of argument n: 1 to 3. */
static inline void code_number(struct code_elf *c, int n, uint32_t v)
{
	static const char mov[][2] = { "", "\xbf", "\xbe", "\xba" };

	if (c->kind == CODE_ARM) {
		code_u32(c, 0x52800000 | v << 5 | (uint32_t)(n - 1));
		return;
	}
	code_bytes(c, mov[n], 1);
	code_u32(c, v);
}

/* ERR_put_error(16, 0, reason, file) as BoringSSL has it. */
static inline void code_report(struct code_elf *c, uint64_t file, uint32_t reason)
{
	code_number(c, 1, 16);
	code_number(c, 3, reason);
	code_address(c, file);
	code_call(c, c->fail);
}

static inline void code_store(struct code_elf *c)
{
	if (c->kind == CODE_ARM)
		code_u32(c, 0xf9004401); /* str x1, [x0, #0x88] */
	else
		code_bytes(c, "\x48\x89\x88\x88\x00\x00\x00", 7); /* mov [rax + 0x88], rcx */
}

static void code_end(struct code_elf *c)
{
	if (c->kind == CODE_ARM)
		code_u32(c, 0xd65f03c0);
	else
		code_bytes(c, "\x5d\xc3", 2);
}

static void code_init(struct code_elf *c, enum code_kind kind)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = kind == CODE_FIXED ? ET_EXEC : ET_DYN,
			 .e_machine = kind == CODE_ARM ? EM_AARCH64 : EM_X86_64,
			 .e_phoff = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2 };
	Elf64_Phdr p[2] = {
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R,
		  .p_offset = CODE_ELF_RODATA,
		  .p_vaddr = CODE_ELF_BASE + CODE_ELF_RODATA,
		  .p_filesz = CODE_ELF_TEXT - CODE_ELF_RODATA },
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_X,
		  .p_offset = CODE_ELF_TEXT,
		  .p_vaddr = CODE_ELF_BASE + CODE_ELF_TEXT,
		  .p_filesz = CODE_ELF_LEN - CODE_ELF_TEXT },
	};

	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->rodata = CODE_ELF_RODATA + 1; /* behind a NUL */
	c->text = CODE_ELF_TEXT;
	memcpy(c->bytes, &h, sizeof(h));
	memcpy(c->bytes + sizeof(h), p, sizeof(p));
	c->fail = code_begin(c);
	code_end(c);
}

static inline void code_add_data(struct code_elf *c, uint32_t flags)
{
	Elf64_Ehdr h;
	Elf64_Phdr p = { .p_type = PT_LOAD,
			 .p_flags = flags,
			 .p_offset = CODE_ELF_DATA,
			 .p_vaddr = CODE_ELF_DATA_VADDR,
			 .p_filesz = CODE_ELF_DATA_LEN };

	memcpy(&h, c->bytes, sizeof(h));
	memcpy(c->bytes + sizeof(h) + h.e_phnum * sizeof(p), &p, sizeof(p));
	h.e_phnum++;
	memcpy(c->bytes, &h, sizeof(h));
}

/* The only relocation: a word that will be this address. */
static inline void code_add_rela(struct code_elf *c, uint64_t where, uint64_t to)
{
	static const char names[] = "\0.rela.dyn\0.shstrtab";
	const uint32_t type = c->kind == CODE_ARM ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
	const Elf64_Rela r = { .r_offset = where,
			       .r_info = ELF64_R_INFO(0, type),
			       .r_addend = (int64_t)to };
	const Elf64_Shdr sections[] = {
		{ 0 },
		{ .sh_name = 1,
		  .sh_type = SHT_RELA,
		  .sh_offset = CODE_ELF_RELA,
		  .sh_size = sizeof(r) },
		{ .sh_name = 11,
		  .sh_type = SHT_STRTAB,
		  .sh_offset = CODE_ELF_RELA + 0x100,
		  .sh_size = sizeof(names) },
	};
	Elf64_Ehdr h;

	memcpy(c->bytes + CODE_ELF_RELA, &r, sizeof(r));
	memcpy(c->bytes + CODE_ELF_RELA + 0x100, names, sizeof(names));
	memcpy(c->bytes + CODE_ELF_RELA + 0x200, sections, sizeof(sections));
	memcpy(&h, c->bytes, sizeof(h));
	h.e_shoff = CODE_ELF_RELA + 0x200;
	h.e_shentsize = sizeof(sections[0]);
	h.e_shnum = ARRAY_LEN(sections);
	h.e_shstrndx = 2;
	memcpy(c->bytes, &h, sizeof(h));
}

static struct elf *code_open(struct code_elf *c)
{
	struct elf *e = NULL;

	CHECK(c->text < CODE_ELF_LEN && c->rodata < CODE_ELF_TEXT);
	CHECK_INT(elf_from_bytes(&e, (struct slice){ c->bytes, sizeof(c->bytes) }), 0);
	return e;
}

#endif
