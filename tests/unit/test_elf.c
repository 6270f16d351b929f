/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "elf.h"
#include "test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>

/*
 * A small shared object, made by hand:
 *   0x000 headers   0x200 text (R X, at 0x10200)   0x300 rodata and note (R, at 0x20300)
 *   0x400 dynsym    0x500 dynstr   0x600 symtab   0x700 strtab   0x800 shstrtab
 *   0x900 section headers
 */
#define SO_LEN 0xb40
#define N_SECTIONS 9

static const char dynstr[] = "\0SSL_write\0SSL_read\0undefined\0data";
static const char strtab[] = "\0ssl_read_internal\0_ZN6rustls4conn17hdeadbeefE\0SSL_write";
static const char shstrtab[] =
	"\0.text\0.dynsym\0.dynstr\0.symtab\0.strtab\0.shstrtab\0.bss\0.gopclntab";

static void put(uint8_t *so, size_t at, const void *data, size_t len)
{
	memcpy(so + at, data, len);
}

static void put_segment(uint8_t *so, unsigned int i, uint32_t type, uint32_t flags, uint64_t offset,
			uint64_t vaddr, uint64_t len)
{
	Elf64_Phdr p = { .p_type = type,
			 .p_flags = flags,
			 .p_offset = offset,
			 .p_vaddr = vaddr,
			 .p_filesz = len,
			 .p_memsz = len };

	put(so, sizeof(Elf64_Ehdr) + i * sizeof(p), &p, sizeof(p));
}

static void put_section(uint8_t *so, unsigned int i, const char *name, uint32_t type, uint32_t link,
			uint64_t offset, uint64_t size, uint64_t entsize)
{
	const char *at = memmem(shstrtab, sizeof(shstrtab), name, strlen(name) + 1);
	Elf64_Shdr s = { .sh_name = (uint32_t)(at - shstrtab),
			 .sh_type = type,
			 .sh_link = link,
			 .sh_offset = offset,
			 .sh_size = size,
			 .sh_addr = 0x10000 + offset,
			 .sh_entsize = entsize };

	put(so, 0x900 + i * sizeof(s), &s, sizeof(s));
}

static void put_symbol(uint8_t *so, size_t at, unsigned int i, const char *strings,
		       size_t strings_len, const char *name, unsigned char type, uint16_t shndx,
		       uint64_t value)
{
	const char *in = memmem(strings, strings_len, name, strlen(name) + 1);
	Elf64_Sym s = { .st_name = (uint32_t)(in - strings),
			.st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, type),
			.st_shndx = shndx,
			.st_value = value,
			.st_size = 16 };

	put(so, at + i * sizeof(s), &s, sizeof(s));
}

static void make_so(uint8_t so[SO_LEN])
{
	static const char note[] = "\4\0\0\0\3\0\0\0\1\0\0\0Abc\0xyz\0" /* not the GNU's */
				   "\4\0\0\0\10\0\0\0\3\0\0\0GNU\0\1\2\3\4\5\6\7\10";
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_DYN,
			 .e_machine = EM_X86_64,
			 .e_phoff = sizeof(h),
			 .e_shoff = 0x900,
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 3,
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = N_SECTIONS,
			 .e_shstrndx = 6 };

	memset(so, 0, SO_LEN);
	put(so, 0, &h, sizeof(h));
	/* Not in the order of their addresses. */
	put_segment(so, 0, PT_LOAD, PF_R, 0x300, 0x20300, 0x100);
	put_segment(so, 1, PT_LOAD, PF_R | PF_X, 0x200, 0x10200, 0x100);
	put_segment(so, 2, PT_NOTE, PF_R, 0x380, 0x20380, sizeof(note) - 1);
	memset(so + 0x200, 0xcc, 0x100);
	put(so, 0x240, "\x55\x48\x89\xe5", 4);
	put(so, 0x310, "ssl_lib.cc", 11);
	put(so, 0x3f0, "no end..........", 16);
	put(so, 0x380, note, sizeof(note) - 1);
	put_symbol(so, 0x400, 1, dynstr, sizeof(dynstr), "SSL_write", STT_FUNC, 1, 0x10240);
	put_symbol(so, 0x400, 2, dynstr, sizeof(dynstr), "SSL_read", STT_FUNC, 1, 0x10250);
	put_symbol(so, 0x400, 3, dynstr, sizeof(dynstr), "undefined", STT_FUNC, SHN_UNDEF, 0);
	put_symbol(so, 0x400, 4, dynstr, sizeof(dynstr), "data", STT_OBJECT, 1, 0x20310);
	put(so, 0x500, dynstr, sizeof(dynstr));
	put_symbol(so, 0x600, 1, strtab, sizeof(strtab), "ssl_read_internal", STT_FUNC, 1, 0x10260);
	put_symbol(so, 0x600, 2, strtab, sizeof(strtab), "_ZN6rustls4conn17hdeadbeefE", STT_FUNC, 1,
		   0x10270);
	put_symbol(so, 0x600, 3, strtab, sizeof(strtab), "SSL_write", STT_FUNC, 1, 0x10280);
	put(so, 0x700, strtab, sizeof(strtab));
	put(so, 0x800, shstrtab, sizeof(shstrtab));
	put_section(so, 1, ".text", SHT_PROGBITS, 0, 0x200, 0x100, 0);
	put_section(so, 2, ".dynsym", SHT_DYNSYM, 3, 0x400, 5 * sizeof(Elf64_Sym),
		    sizeof(Elf64_Sym));
	put_section(so, 3, ".dynstr", SHT_STRTAB, 0, 0x500, sizeof(dynstr), 0);
	put_section(so, 4, ".symtab", SHT_SYMTAB, 5, 0x600, 4 * sizeof(Elf64_Sym),
		    sizeof(Elf64_Sym));
	put_section(so, 5, ".strtab", SHT_STRTAB, 0, 0x700, sizeof(strtab), 0);
	put_section(so, 6, ".shstrtab", SHT_STRTAB, 0, 0x800, sizeof(shstrtab), 0);
	put_section(so, 7, ".bss", SHT_NOBITS, 0, 0x300, 1 << 20, 0);
	put_section(so, 8, ".gopclntab", SHT_PROGBITS, 0, 0x300, 0x10, 0);
}

static const char *const names[] = { "SSL_write", "SSL_read", "ssl_read_internal",
				     "undefined", "data",     "_ZN6rustls4conn*",
				     "SSL_wri" };

/* Everything there is to call; the numbers do not matter, only that it comes back. */
static void exercise(const struct elf *e)
{
	struct elf_symbol symbols[ARRAY_LEN(names)];
	struct elf_section section;
	uint64_t at;

	for (size_t i = 0; i < e->n_segments; i++) {
		struct slice s = elf_segment_bytes(e, i);

		CHECK(s.len && s.data >= e->bytes.data &&
		      s.data + s.len <= e->bytes.data + e->bytes.len);
		elf_string(e, e->segments[i].vaddr + e->segments[i].len - 1, SIZE_MAX);
	}
	elf_find_symbols(e, names, ARRAY_LEN(names), symbols);
	elf_find_section(e, ".gopclntab", &section);
	elf_find_bytes(e, 0, SLICE("\xff\xfe\xfd"), 0, &at);
	elf_vaddr(e, UINT64_MAX, &at);
	elf_bytes(e, UINT64_MAX, SIZE_MAX);
}

/* The input in memory of exactly its size, so that ASan sees a byte too far. */
static int exercise_bytes(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct elf *e = NULL;
	int r;

	memcpy(copy, data, len);
	r = elf_from_bytes(&e, (struct slice){ (char *)copy, len });
	if (!r)
		exercise(e);
	else
		CHECK(r == -ENOEXEC || r == -EBADMSG);
	elf_free(e);
	free(copy);
	return r;
}

TEST(elf_looks_at_a_file)
{
	static const struct {
		uint64_t vaddr, offset;
	} symbols[ARRAY_LEN(names)] = { { 0x10240, 0x240 },
					{ 0x10250, 0x250 },
					{ 0x10260, 0x260 },
					{ 0, 0 },
					{ 0, 0 },
					{ 0x10270, 0x270 },
					{ 0, 0 } };
	struct elf_symbol got[ARRAY_LEN(names)];
	struct elf_section section;
	uint8_t so[SO_LEN];
	struct elf *e = NULL;
	uint64_t at = 0;

	make_so(so);
	CHECK_INT(elf_from_bytes(&e, (struct slice){ (char *)so, sizeof(so) }), 0);
	if (!e)
		return;
	CHECK_INT(e->machine, EM_X86_64);
	CHECK_INT(e->type, ET_DYN);
	CHECK_INT(e->n_segments, 2);
	CHECK_INT(e->segments[0].vaddr, 0x10200);
	CHECK_INT(e->segments[1].flags, PF_R);
	CHECK_SLICE(((struct slice){ (char *)e->build_id, e->build_id_len }),
		    SLICE("\1\2\3\4\5\6\7\10"));

	CHECK_INT(elf_find_symbols(e, names, ARRAY_LEN(names), got), 4);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		test_row("%s", names[i]);
		CHECK_INT(got[i].vaddr, symbols[i].vaddr);
		CHECK_INT(got[i].offset, symbols[i].offset);
		CHECK_INT(got[i].size, symbols[i].vaddr ? 16 : 0);
	}
	test_row(NULL);

	CHECK_INT(elf_find_section(e, ".gopclntab", &section), 0);
	CHECK_INT(section.vaddr, 0x10300);
	CHECK_INT(section.bytes.len, 0x10);
	CHECK_INT(elf_find_section(e, ".bss", &section), 0);
	CHECK(!section.bytes.data);
	CHECK_INT(elf_find_section(e, ".gopclnta", &section), -ENOENT);

	CHECK_INT(elf_offset(e, 0x102ff, &at), 0);
	CHECK_INT(at, 0x2ff);
	CHECK_INT(elf_offset(e, 0x10300, &at), -ENOENT);
	CHECK_INT(elf_vaddr(e, 0x300, &at), 0);
	CHECK_INT(at, 0x20300);
	CHECK_SLICE(elf_bytes(e, 0x10240, 2), SLICE("\x55\x48"));
	CHECK_SLICE(elf_bytes(e, 0x102ff, 2), SLICE_NONE);
	CHECK_SLICE(elf_string(e, 0x20310, 10), SLICE("ssl_lib.cc"));
	CHECK_SLICE(elf_string(e, 0x20310, 9), SLICE_NONE);
	CHECK_SLICE(elf_string(e, 0x203f0, 100), SLICE_NONE);
	elf_free(e);
}

TEST(elf_finds_bytes)
{
	static const struct {
		const char *name;
		uint32_t flags;
		struct slice needle;
		uint64_t from, want; /* 0: not found */
	} rows[] = {
		{ "read-only", PF_R, SLICE("ssl_lib.cc"), 0, 0x20310 },
		{ "from it", PF_R, SLICE("ssl_lib.cc"), 0x20310, 0x20310 },
		{ "from behind it", PF_R, SLICE("ssl_lib.cc"), 0x20311, 0 },
		{ "not executable", PF_X, SLICE("ssl_lib.cc"), 0, 0 },
		{ "executable", PF_X, SLICE("\x55\x48\x89\xe5"), 0, 0x10240 },
		{ "second byte", PF_X, SLICE("\xcc"), 0x10201, 0x10201 },
		{ "last byte", PF_X, SLICE("\xcc"), 0x102ff, 0x102ff },
		{ "behind all", 0, SLICE("\xcc"), UINT64_MAX, 0 },
		{ "longer than a segment's rest", PF_X, SLICE("\xcc\xcc"), 0x102ff, 0 },
	};
	uint8_t so[SO_LEN];
	struct elf *e = NULL;

	make_so(so);
	CHECK_INT(elf_from_bytes(&e, (struct slice){ (char *)so, sizeof(so) }), 0);
	for (size_t i = 0; e && i < ARRAY_LEN(rows); i++) {
		uint64_t at = 0;
		int r = elf_find_bytes(e, rows[i].flags, rows[i].needle, rows[i].from, &at);

		test_row("%s", rows[i].name);
		CHECK_INT(r, rows[i].want ? 0 : -ENOENT);
		CHECK_INT(at, rows[i].want);
	}
	elf_free(e);
}

TEST(elf_refuses)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
		int want;
	} rows[] = {
		{ "magic", 0, 0x7e, -ENOEXEC },
		{ "32 bit", EI_CLASS, ELFCLASS32, -ENOEXEC },
		{ "big-endian", EI_DATA, ELFDATA2MSB, -ENOEXEC },
		{ "program header size", offsetof(Elf64_Ehdr, e_phentsize), 55, -EBADMSG },
		{ "program headers outside", offsetof(Elf64_Ehdr, e_phoff) + 3, 1, -EBADMSG },
	};
	uint8_t so[SO_LEN];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make_so(so);
		so[rows[i].at] = rows[i].value;
		test_row("%s", rows[i].name);
		CHECK_INT(exercise_bytes(so, sizeof(so)), rows[i].want);
	}
}

TEST(elf_survives_truncation)
{
	uint8_t so[SO_LEN];

	make_so(so);
	for (size_t len = 0; len <= SO_LEN; len++) {
		test_row("len %zu", len);
		exercise_bytes(so, len);
	}
}

TEST(elf_survives_mutation)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xf0, 0xff };
	uint8_t so[SO_LEN];

	make_so(so);
	for (size_t at = 0; at < SO_LEN; at++) {
		uint8_t was = so[at];

		if (at >= 0x200 && at < 0x380)
			continue; /* nothing is parsed there */
		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			test_row("byte %zx = %02x", at, values[k]);
			so[at] = values[k];
			exercise_bytes(so, sizeof(so));
		}
		/* And all of an 8-byte field. */
		if (at + 8 <= SO_LEN) {
			uint8_t field[8];

			memcpy(field, so + at, 8);
			memset(so + at, 0xff, 8);
			exercise_bytes(so, sizeof(so));
			memcpy(so + at, field, 8);
		}
		so[at] = was;
	}
}

TEST(elf_opens_this_program)
{
	static const char *const own[] = { "test_fail" };
	struct elf_symbol symbol;
	struct elf *e = NULL;

	CHECK_INT(elf_open(&e, "/proc/self/exe"), 0);
	if (!e)
		return;
	CHECK(e->map.inode && e->map.size == e->bytes.len && e->map.mtime_ns > 0);
	CHECK_INT(elf_find_symbols(e, own, 1, &symbol), 1);
	/* What the file has at the offset is what memory has at the function. */
	CHECK_SLICE(slice_sub(e->bytes, symbol.offset, 16),
		    ((struct slice){ (const char *)test_fail, 16 }));
	elf_free(e);
	CHECK_INT(elf_open(&e, "/proc/self/nothing"), -ENOENT);
	CHECK_INT(elf_open(&e, "/dev/null"), -EINVAL);
	CHECK_INT(elf_open(&e, "/proc/self/stat"), -ENODATA);
}

TEST(elf_without_memory)
{
	uint8_t so[SO_LEN];

	make_so(so);
	EACH_MALLOC_FAILURE
	{
		struct elf *e = NULL;
		int r = elf_from_bytes(&e, (struct slice){ (char *)so, sizeof(so) });

		CHECK(r == 0 || (r == -ENOMEM && !e));
		elf_free(e);
	}
}

static int temporary(size_t len)
{
	char path[] = "/tmp/gentap-test-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	unlink(path);
	for (size_t i = 0; i < len; i += 8)
		CHECK_INT(pwrite(fd,
				 "\x7f"
				 "ELF....",
				 8, (off_t)i),
			  8);
	return fd;
}

TEST(mapfile_shrinks_under_its_reader)
{
	_cleanup_close_ int fd = temporary(64 * 1024);
	struct mapfile m, none = { 0 };

	CHECK_INT(mapfile_open(&m, fd), 0);
	CHECK_INT(m.bytes.data[40000], 0x7f);
	CHECK_INT(ftruncate(fd, 0), 0);
	for (size_t i = 0; i < m.bytes.len; i += 4096)
		CHECK_INT(m.bytes.data[i], 0);
	mapfile_close(&m);
	CHECK(!m.bytes.data);
	mapfile_close(&m);
	mapfile_close(&none);
}

TEST(mapfile_has_a_ceiling)
{
	_cleanup_close_ int fd = temporary(8);
	static struct mapfile m[MAPFILES_MAX + 1];

	for (size_t i = 0; i < MAPFILES_MAX; i++)
		CHECK_INT(mapfile_open(&m[i], fd), 0);
	CHECK_INT(mapfile_open(&m[MAPFILES_MAX], fd), -EMFILE);
	mapfile_close(&m[7]);
	CHECK_INT(mapfile_open(&m[MAPFILES_MAX], fd), 0);
	for (size_t i = 0; i <= MAPFILES_MAX; i++)
		mapfile_close(&m[i]);
}
