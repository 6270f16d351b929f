/* SPDX-License-Identifier: Apache-2.0 */
#include "elf.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>

#define SECTIONS_MAX 65536
#define SYMBOL_NAME_MAX 2048 /* a hostile table may point each of its symbols at one long name */
#define NOTES_MAX 1000

/* Copies a structure out of the file: nothing there is aligned by promise. */
static bool get(const struct elf *e, uint64_t offset, void *ret, size_t len)
{
	if (offset > e->bytes.len || len > e->bytes.len - offset)
		return false;
	memcpy(ret, e->bytes.data + offset, len);
	return true;
}

/* What of [offset, offset + len) is in the file. */
static struct slice clip(const struct elf *e, uint64_t offset, uint64_t len)
{
	return offset < e->bytes.len ? slice_sub(e->bytes, offset, len) : SLICE_NONE;
}

static uint64_t align4(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

static void read_build_id(struct elf *e, struct slice notes)
{
	for (int i = 0; i < NOTES_MAX && !e->build_id_len; i++) {
		Elf64_Nhdr n;
		struct slice name, desc;

		if (notes.len < sizeof(n))
			return;
		memcpy(&n, notes.data, sizeof(n));
		notes = slice_sub(notes, sizeof(n), notes.len);
		name = slice_sub(notes, 0, n.n_namesz);
		notes = slice_sub(notes, align4(n.n_namesz), notes.len);
		desc = slice_sub(notes, 0, n.n_descsz);
		if (desc.len < n.n_descsz)
			return;
		notes = slice_sub(notes, align4(n.n_descsz), notes.len);
		if (n.n_type != NT_GNU_BUILD_ID || desc.len > sizeof(e->build_id) ||
		    !slice_eq(name, (struct slice){ ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU) }))
			continue;
		memcpy(e->build_id, desc.data, desc.len);
		e->build_id_len = desc.len;
	}
}

static int by_vaddr(const void *a, const void *b)
{
	const struct elf_segment *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static void read_segments(struct elf *e, const Elf64_Ehdr *h)
{
	for (unsigned int i = 0; i < h->e_phnum && i < 4 * ELF_SEGMENTS_MAX; i++) {
		struct elf_segment *s = &e->segments[e->n_segments];
		struct slice bytes;
		Elf64_Phdr p;

		if (!get(e, h->e_phoff + i * (uint64_t)sizeof(p), &p, sizeof(p)))
			return;
		bytes = clip(e, p.p_offset, p.p_filesz);
		if (p.p_type == PT_NOTE)
			read_build_id(e, bytes);
		/* One that wraps around the address space would make every sum of it lie. */
		if (p.p_type != PT_LOAD || !bytes.len || p.p_vaddr > UINT64_MAX - bytes.len ||
		    e->n_segments == ELF_SEGMENTS_MAX)
			continue;
		*s = (struct elf_segment){
			.vaddr = p.p_vaddr,
			.offset = p.p_offset,
			.len = bytes.len,
			.flags = p.p_flags,
		};
		e->n_segments++;
	}
	qsort(e->segments, e->n_segments, sizeof(e->segments[0]), by_vaddr);
}

static int read_headers(struct elf *e)
{
	struct elf_section note;
	Elf64_Ehdr h;

	if (!get(e, 0, &h, sizeof(h)))
		return -ENOEXEC;
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (h.e_phnum && (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phoff >= e->bytes.len))
		return -EBADMSG;
	e->machine = h.e_machine;
	e->type = h.e_type;
	read_segments(e, &h);
	if (!e->build_id_len && !elf_find_section(e, ".note.gnu.build-id", &note))
		read_build_id(e, note.bytes);
	return 0;
}

int elf_from_bytes(struct elf **ret, struct slice bytes)
{
	_cleanup_free_ struct elf *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->bytes = bytes;
	r = read_headers(e);
	if (r < 0)
		return r;
	*ret = TAKE(e);
	return 0;
}

int elf_open_fd(struct elf **ret, int fd)
{
	struct mapfile map;
	int r = mapfile_open(&map, fd);

	if (r < 0)
		return r;
	/* Hours could be spent in a sparse file. */
	r = map.size > ELF_BYTES_MAX ? -EFBIG : elf_from_bytes(ret, map.bytes);
	if (r < 0)
		mapfile_close(&map);
	else
		(*ret)->map = map;
	return r;
}

int elf_open(struct elf **ret, const char *path)
{
	/* Not blocking: it may be somebody's pipe. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : elf_open_fd(ret, fd);
}

void elf_free(struct elf *e)
{
	if (!e)
		return;
	mapfile_close(&e->map);
	free(e);
}

int elf_offset(const struct elf *e, uint64_t vaddr, uint64_t *ret_offset)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (vaddr < s->vaddr || vaddr - s->vaddr >= s->len)
			continue;
		*ret_offset = vaddr - s->vaddr + s->offset;
		return 0;
	}
	return -ENOENT;
}

int elf_vaddr(const struct elf *e, uint64_t offset, uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (offset < s->offset || offset - s->offset >= s->len)
			continue;
		*ret_vaddr = offset - s->offset + s->vaddr;
		return 0;
	}
	return -ENOENT;
}

struct slice elf_bytes_from(const struct elf *e, uint64_t vaddr)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->len)
			return clip(e, s->offset + (vaddr - s->vaddr), s->len - (vaddr - s->vaddr));
	}
	return SLICE_NONE;
}

struct slice elf_bytes(const struct elf *e, uint64_t vaddr, size_t len)
{
	struct slice s = elf_bytes_from(e, vaddr);

	return s.len < len ? SLICE_NONE : slice_sub(s, 0, len);
}

struct slice elf_segment_bytes(const struct elf *e, size_t index)
{
	if (index >= e->n_segments)
		return SLICE_NONE;
	return clip(e, e->segments[index].offset, e->segments[index].len);
}

uint64_t elf_code(const struct elf *e, uint64_t *ret_vaddr)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < e->n_segments; i++) {
		if (!(e->segments[i].flags & PF_X))
			continue;
		low = MIN(low, e->segments[i].vaddr);
		high = MAX(high, e->segments[i].vaddr + e->segments[i].len);
	}
	if (ret_vaddr)
		*ret_vaddr = low;
	return high > low ? high - low : 0;
}

bool elf_copy(const struct elf *e, struct slice bytes, void *to)
{
	if (!e->map.bytes.data)
		return false;
	mapfile_copy(&e->map, bytes, to);
	return true;
}

/* The string at the start of s. */
static struct slice string_in(struct slice s, size_t max)
{
	ssize_t nul = slice_find_char(slice_sub(s, 0, max < SIZE_MAX ? max + 1 : max), '\0');

	return nul < 0 ? SLICE_NONE : slice_sub(s, 0, (size_t)nul);
}

struct slice elf_string(const struct elf *e, uint64_t vaddr, size_t max)
{
	return string_in(elf_bytes_from(e, vaddr), max);
}

int elf_find_bytes(const struct elf *e, uint32_t flags, struct slice needle, uint64_t from,
		   uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];
		uint64_t skip = from > s->vaddr ? from - s->vaddr : 0;
		struct slice bytes;
		ssize_t at;

		if ((s->flags & flags) != flags || skip >= s->len)
			continue;
		bytes = clip(e, s->offset + skip, s->len - skip);
		at = slice_find(bytes, needle);
		if (at < 0)
			continue;
		*ret_vaddr = s->vaddr + skip + (uint64_t)at;
		return 0;
	}
	return -ENOENT;
}

/* ---- Sections ------------------------------------------------------------------- */

struct section_table {
	uint64_t offset;
	uint32_t n;
	uint32_t names; /* index of the section with their names */
};

static bool get_section(const struct elf *e, const struct section_table *t, uint32_t i,
			Elf64_Shdr *ret)
{
	return i < t->n && get(e, t->offset + i * (uint64_t)sizeof(*ret), ret, sizeof(*ret));
}

static bool get_section_table(const struct elf *e, struct section_table *ret)
{
	Elf64_Ehdr h;
	Elf64_Shdr first;

	if (!get(e, 0, &h, sizeof(h)) || !h.e_shoff || h.e_shentsize != sizeof(first) ||
	    !get(e, h.e_shoff, &first, sizeof(first)))
		return false;
	/* Counts that do not fit into 16 bits are in the first header. */
	*ret = (struct section_table){
		.offset = h.e_shoff,
		.n = MIN(h.e_shnum ? h.e_shnum : first.sh_size, (uint64_t)SECTIONS_MAX),
		.names = h.e_shstrndx == SHN_XINDEX ? first.sh_link : h.e_shstrndx,
	};
	return true;
}

static struct slice section_bytes(const struct elf *e, const Elf64_Shdr *s)
{
	return s->sh_type == SHT_NOBITS ? SLICE_NONE : clip(e, s->sh_offset, s->sh_size);
}

int elf_find_section(const struct elf *e, const char *name, struct elf_section *ret)
{
	struct section_table t;
	struct slice names, want = slice_from(name);
	Elf64_Shdr s;

	if (!get_section_table(e, &t) || !get_section(e, &t, t.names, &s))
		return -ENOENT;
	names = section_bytes(e, &s);
	for (uint32_t i = 1; get_section(e, &t, i, &s); i++) {
		if (s.sh_name >= names.len ||
		    !slice_eq(string_in(slice_sub(names, s.sh_name, names.len), want.len), want))
			continue;
		*ret = (struct elf_section){
			.vaddr = s.sh_addr,
			.offset = s.sh_offset,
			.bytes = section_bytes(e, &s),
		};
		return 0;
	}
	return -ENOENT;
}

/* ---- Symbols -------------------------------------------------------------------- */

typedef int (*symbol_fn)(struct slice name, const struct elf_symbol *s, void *arg);

/* The first bytes of names to look at: most symbols of a large file end here, before
 * their long names are read. */
struct first_bytes {
	bool wanted[256];
};

static int each_in_table(const struct elf *e, struct slice table, struct slice names,
			 const struct first_bytes *first, symbol_fn each, void *arg)
{
	size_t n = MIN(table.len / sizeof(Elf64_Sym), (size_t)ELF_SYMBOLS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct elf_symbol symbol;
		struct slice name;
		Elf64_Sym s;
		int r;

		memcpy(&s, table.data + i * sizeof(s), sizeof(s));
		if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF ||
		    !s.st_value || s.st_name >= names.len ||
		    (first && !first->wanted[(unsigned char)names.data[s.st_name]]))
			continue;
		name = string_in(slice_sub(names, s.st_name, names.len), SYMBOL_NAME_MAX);
		symbol = (struct elf_symbol){ .vaddr = s.st_value, .size = s.st_size };
		if (!name.len || elf_offset(e, symbol.vaddr, &symbol.offset) < 0)
			continue;
		r = each(name, &symbol, arg);
		if (r)
			return r;
	}
	return 0;
}

static int each_symbol(const struct elf *e, const struct first_bytes *first, symbol_fn each,
		       void *arg)
{
	static const uint32_t types[] = { SHT_DYNSYM, SHT_SYMTAB };
	struct section_table t;

	if (!get_section_table(e, &t))
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(types); k++) {
		Elf64_Shdr s, names;

		for (uint32_t i = 1; get_section(e, &t, i, &s); i++) {
			int r;

			if (s.sh_type != types[k] || s.sh_entsize != sizeof(Elf64_Sym) ||
			    !get_section(e, &t, s.sh_link, &names))
				continue;
			r = each_in_table(e, section_bytes(e, &s), section_bytes(e, &names), first,
					  each, arg);
			if (r)
				return r;
			break; /* the ABI allows one of each */
		}
	}
	return 0;
}

int elf_each_symbol(const struct elf *e, symbol_fn each, void *arg)
{
	return each_symbol(e, NULL, each, arg);
}

struct symbol_search {
	const char *const *names;
	size_t n;
	struct elf_symbol *ret;
	int found;
};

static bool name_matches(struct slice name, const char *want)
{
	size_t len = strlen(want);

	if (len && want[len - 1] == '*')
		return slice_starts(name, (struct slice){ want, len - 1 });
	return slice_eq(name, (struct slice){ want, len });
}

static int search_each(struct slice name, const struct elf_symbol *s, void *arg)
{
	struct symbol_search *search = arg;

	for (size_t i = 0; i < search->n; i++) {
		if (search->ret[i].vaddr || !name_matches(name, search->names[i]))
			continue;
		search->ret[i] = *s;
		search->found++;
	}
	return search->found == (int)search->n;
}

int elf_find_symbols(const struct elf *e, const char *const *names, size_t n,
		     struct elf_symbol *ret)
{
	struct symbol_search search = { .names = names, .n = n, .ret = ret };
	struct first_bytes first = { 0 };

	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct elf_symbol){ 0 };
		if (names[i][0] == '*')
			memset(first.wanted, true, sizeof(first.wanted));
		else
			first.wanted[(unsigned char)names[i][0]] = true;
	}
	each_symbol(e, &first, search_each, &search);
	return search.found;
}
