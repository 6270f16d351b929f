/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at an ELF file: 64-bit, little-endian, any machine. Read-only and lazy: the
 * file is mapped, not read, and nothing is indexed, so that opening one of 400 MB costs
 * as much as a small one. The file may be hostile: every offset is checked against the
 * file's length, every count has a ceiling, and a file that shrinks reads as zeros.
 *
 * An address (vaddr) is what the file says, before any load bias; an offset is into the
 * file, which is what uprobes take. Slices lent from a struct elf live as long as it.
 *
 * Formats: System V ABI, gABI 4.1, chapters 4 and 5.
 */
#ifndef SYS_ELF_H
#define SYS_ELF_H

#include "mapfile.h"

#define ELF_SEGMENTS_MAX 64
#define ELF_BYTES_MAX (UINT64_C(4) << 30)
#define ELF_SYMBOLS_MAX 2000000 /* of a table that are looked at; the rest is not seen */
#define ELF_BUILD_ID_MAX 64

/* A PT_LOAD with bytes in the file. */
struct elf_segment {
	uint64_t vaddr;
	uint64_t offset;
	uint64_t len;	/* bytes in the file, cut at its end */
	uint32_t flags; /* PF_R | PF_W | PF_X */
};

struct elf {
	struct slice bytes; /* the whole file */
	struct mapfile map;
	uint16_t machine; /* EM_X86_64, EM_AARCH64 … */
	uint16_t type;	  /* ET_EXEC, ET_DYN … */
	size_t n_segments;
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* by vaddr */
	size_t build_id_len;			       /* 0: none */
	uint8_t build_id[ELF_BUILD_ID_MAX];
};

struct elf_section {
	uint64_t vaddr; /* 0 when not loaded */
	uint64_t offset;
	struct slice bytes; /* absent for SHT_NOBITS */
};

/* A defined function. */
struct elf_symbol {
	uint64_t vaddr; /* 0: not found */
	uint64_t size;
	uint64_t offset;
};

/* All return 0; -ENOEXEC: not an ELF file of the kind above; -EBADMSG: its headers
 * contradict its length; -EFBIG: larger than ELF_BYTES_MAX; -ENOMEM; or what mapfile_open says. */
int elf_open(struct elf **ret, const char *path);
int elf_open_fd(struct elf **ret, int fd);		  /* the fd stays the caller's */
int elf_from_bytes(struct elf **ret, struct slice bytes); /* borrows them */
void elf_free(struct elf *e);				  /* NULL is fine */

static inline void elf_cleanup(struct elf **e)
{
	elf_free(*e);
}

/* Between addresses and offsets: 0, or -ENOENT where no segment has it in the file. */
int elf_offset(const struct elf *e, uint64_t vaddr, uint64_t *ret_offset);
int elf_vaddr(const struct elf *e, uint64_t offset, uint64_t *ret_vaddr);
/* The len bytes at an address; absent unless one segment's file part has them all. */
struct slice elf_bytes(const struct elf *e, uint64_t vaddr, size_t len);
/* From an address to the end of its segment's file part; absent when in none. */
struct slice elf_bytes_from(const struct elf *e, uint64_t vaddr);
struct slice elf_segment_bytes(const struct elf *e, size_t index);
/* The NUL-terminated string at an address, without the NUL; absent if it is longer
 * than max bytes or does not end. */
struct slice elf_string(const struct elf *e, uint64_t vaddr, size_t max);

/* From the first to the last byte of segments with code: how long, and its address (NULL: not
 * asked). */
uint64_t elf_code(const struct elf *e, uint64_t *ret_vaddr);

/* Copies bytes lent by this file, without making them part of this process's memory. False: they
 * are in it already (elf_from_bytes), and nothing was done. */
bool elf_copy(const struct elf *e, struct slice bytes, void *to);

/* 0, or -ENOENT. */
int elf_find_section(const struct elf *e, const char *name, struct elf_section *ret);

/* The functions with these names, from .dynsym and then .symtab in one pass over each;
 * the first definition of a name wins. A name that ends in '*' is a prefix. ret has n
 * elements, in the order of names. Returns how many were found. */
int elf_find_symbols(const struct elf *e, const char *const *names, size_t n,
		     struct elf_symbol *ret);
/* Calls each(name, symbol, arg) for every defined function of both tables; stops at the
 * first result that is not 0 and returns it. */
int elf_each_symbol(const struct elf *e,
		    int (*each)(struct slice name, const struct elf_symbol *s, void *arg),
		    void *arg);

/* The first occurrence of needle at or after the address `from`, in the segments that
 * have all of `flags` (0: in any). Does not look across segments. 0 or -ENOENT. */
int elf_find_bytes(const struct elf *e, uint32_t flags, struct slice needle, uint64_t from,
		   uint64_t *ret_vaddr);

#endif
