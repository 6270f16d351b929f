/* SPDX-License-Identifier: Apache-2.0 */
#include "gopcln.h"
#include "walk.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define MAGIC_1_2 0xfffffffb
#define MAGIC_1_16 0xfffffffa
#define MAGIC_1_18 0xfffffff0
#define MAGIC_1_20 0xfffffff1
#define MODULEDATA_TEXT 176 /* behind one pointer, six slices, findfunctab, minpc, maxpc */
#define NAME_MAX_LEN 512
#define MODULEDATA_TRIES 64
#define CANDIDATES_MAX 16

enum { /* words behind the magic and the sizes; 1.16 has no text start */
       W_FUNCTIONS,
       W_FILES,
       W_TEXT,
       W_NAMES,
       W_CU,
       W_FILETAB,
       W_PCTAB,
       W_TABLE,
       W_MAX,
};

static uint64_t number(struct slice s, size_t at, size_t size)
{
	uint64_t v = 0;

	if (at <= s.len && s.len - at >= size)
		memcpy(&v, s.data + at, size);
	return v;
}

/* ---- Pointers in the file, or what will be relocated into them ---------------------- */

struct relocations {
	struct slice rela;
	uint32_t relative; /* the type that adds the load bias */
};

static struct relocations relocations(const struct elf *e)
{
	struct elf_section s;

	return (struct relocations){
		.rela = elf_find_section(e, ".rela.dyn", &s) ? SLICE_NONE : s.bytes,
		.relative = e->machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE,
	};
}

static bool relative_at(const struct relocations *r, size_t at, Elf64_Rela *ret)
{
	if (at + sizeof(*ret) > r->rela.len)
		return false;
	memcpy(ret, r->rela.data + at, sizeof(*ret));
	return ELF64_R_TYPE(ret->r_info) == r->relative;
}

static uint64_t pointer_at(const struct elf *e, const struct relocations *r, uint64_t vaddr)
{
	uint64_t v = number(elf_bytes(e, vaddr, 8), 0, 8);
	Elf64_Rela rela;

	for (size_t at = 0; !v && at < r->rela.len; at += sizeof(rela))
		if (relative_at(r, at, &rela) && rela.r_offset == vaddr)
			v = rela.r_addend;
	return v;
}

/* ---- Where the text starts ---------------------------------------------------------- */

static void add_text(struct gopcln *p, uint64_t vaddr)
{
	for (size_t i = 0; i < p->n_texts; i++)
		if (p->texts[i] == vaddr)
			return;
	if (vaddr && p->n_texts < GOPCLN_TEXTS_MAX)
		p->texts[p->n_texts++] = vaddr;
}

/* The runtime's moduledata begins with the addresses of the header and of the names. */
static uint64_t text_of_moduledata(const struct elf *e, const struct relocations *r,
				   uint64_t header, uint64_t names)
{
	uint64_t at = 0;
	Elf64_Rela rela;
	const struct slice needle = { (const char *)&header, sizeof(header) };

	for (int n = 0; n < MODULEDATA_TRIES && !elf_find_bytes(e, 0, needle, at, &at); n++, at++)
		if (number(elf_bytes(e, at + 8, 8), 0, 8) == names)
			return number(elf_bytes(e, at + MODULEDATA_TEXT, 8), 0, 8);
	for (size_t i = 0; i < r->rela.len; i += sizeof(rela))
		if (relative_at(r, i, &rela) && (uint64_t)rela.r_addend == header &&
		    pointer_at(e, r, rela.r_offset + 8) == names)
			return pointer_at(e, r, rela.r_offset + MODULEDATA_TEXT);
	return 0;
}

static void find_texts(struct gopcln *p, const struct elf *e, uint64_t header, uint64_t names)
{
	struct relocations r = relocations(e);
	struct elf_section text;

	add_text(p, pointer_at(e, &r, header + 8 + 8 * W_TEXT));
	add_text(p, text_of_moduledata(e, &r, header, names));
	if (!elf_find_section(e, ".text", &text))
		add_text(p, text.vaddr);
}

/* ---- The header ---------------------------------------------------------------------- */

/* magic, two zeros, the smallest size of an instruction, the size of a pointer */
static uint64_t header_start(const struct elf *e, uint32_t magic)
{
	return magic | (uint64_t)(e->machine == EM_AARCH64 ? 4 : 1) << 48 | UINT64_C(8) << 56;
}

static int read_header(struct gopcln *ret, const struct elf *e, uint64_t vaddr)
{
	struct gopcln p = { .bytes = elf_bytes_from(e, vaddr) };
	uint32_t magic = number(p.bytes, 0, 4);
	bool old = magic == MAGIC_1_16;
	uint64_t w[W_MAX];

	for (int i = 0; i < W_MAX; i++)
		w[i] = number(p.bytes, 8 + 8 * (size_t)(old && i > W_TEXT ? i - 1 : i), 8);
	if (w[W_FUNCTIONS] > GOPCLN_FUNCTIONS_MAX || w[W_NAMES] > p.bytes.len ||
	    w[W_CU] < w[W_NAMES] || w[W_CU] > p.bytes.len || w[W_TABLE] > p.bytes.len)
		return -EBADMSG;
	p.field = old ? 8 : 4;
	p.n = w[W_FUNCTIONS];
	p.names = slice_sub(p.bytes, w[W_NAMES], w[W_CU] - w[W_NAMES]);
	p.functions = slice_sub(p.bytes, w[W_TABLE], p.bytes.len);
	/* A last entry without an offset says where the last function ends. */
	if ((2 * (uint64_t)p.n + 1) * p.field > p.functions.len)
		return -EBADMSG;
	if (old)
		p.n_texts = 1; /* entries are addresses */
	else
		find_texts(&p, e, vaddr, vaddr + w[W_NAMES]);
	*ret = p;
	return p.n_texts ? 0 : -EBADMSG;
}

static const uint32_t magics[] = { MAGIC_1_20, MAGIC_1_18, MAGIC_1_16 };

int gopcln_open(struct gopcln *ret, const struct elf *e)
{
	static const char *const sections[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	struct elf_section s;

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (elf_find_section(e, sections[i], &s))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(magics); k++)
			if (number(s.bytes, 0, 8) == header_start(e, magics[k]))
				return read_header(ret, e, s.vaddr);
		return number(s.bytes, 0, 4) == MAGIC_1_2 ? -ENOTSUP : -EBADMSG;
	}
	return -ENOENT;
}

struct candidates {
	uint64_t starts[ARRAY_LEN(magics)];
	pthread_mutex_t lock;
	size_t n;
	uint64_t vaddr[CANDIDATES_MAX];
};

/* Linkers align it. */
static bool headers_in(void *arg, const struct walk_part *part)
{
	struct candidates *c = arg;
	uint64_t word;

	for (size_t at = -part->vaddr & 7; at + sizeof(word) <= part->len; at += sizeof(word)) {
		memcpy(&word, part->bytes + at, sizeof(word));
		if (word >> 32 != c->starts[0] >> 32)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(magics); k++) {
			if (word != c->starts[k])
				continue;
			pthread_mutex_lock(&c->lock);
			if (c->n < CANDIDATES_MAX)
				c->vaddr[c->n++] = part->vaddr + at;
			pthread_mutex_unlock(&c->lock);
		}
	}
	return true;
}

/* Where there are sections, it may be inside of a larger one: linkers of C code put it into
 * .data.rel.ro in libraries and programs that may be anywhere, lld always. */
static bool may_be_go(const struct elf *e)
{
	static const char *const sections[] = { ".go.buildinfo", ".note.go.buildid" };
	struct elf_section s;
	bool any = elf_find_section(e, ".text", &s) != 0;

	for (size_t i = 0; i < ARRAY_LEN(sections) && !any; i++)
		any = !elf_find_section(e, sections[i], &s);
	return any;
}

int gopcln_search(struct gopcln *ret, const struct elf *e)
{
	struct candidates c = { .n = 0 };
	int r;

	if (!may_be_go(e))
		return -ENOENT;
	for (size_t k = 0; k < ARRAY_LEN(magics); k++)
		c.starts[k] = header_start(e, magics[k]);
	pthread_mutex_init(&c.lock, NULL);
	r = walk_parallel(e, 0, PF_X, headers_in, &c);
	pthread_mutex_destroy(&c.lock);
	/* Programs that read such tables have the numbers too. */
	for (size_t i = 0; i < c.n && !r; i++)
		if (!read_header(ret, e, c.vaddr[i]))
			return 0;
	return r ? r : -ENOENT;
}

/* ---- Functions ----------------------------------------------------------------------- */

/* The offset of a whole name, or -1. */
static ssize_t name_offset(const struct gopcln *p, struct slice name)
{
	char whole[NAME_MAX_LEN + 2] = { 0 };
	ssize_t at;

	if (name.len > NAME_MAX_LEN)
		return -1;
	memcpy(whole + 1, name.data, name.len);
	at = slice_find(p->names, (struct slice){ whole, name.len + 2 });
	return at < 0 ? -1 : at + 1;
}

struct slice gopcln_next_name(const struct gopcln *p, struct slice tail, size_t *at)
{
	for (;;) {
		struct slice rest = slice_sub(p->names, *at, p->names.len);
		ssize_t found = slice_find(rest, tail);
		size_t start, end;

		if (found < 0)
			return SLICE_NONE;
		start = *at + found;
		end = start + tail.len;
		*at = end;
		if (end >= p->names.len || p->names.data[end])
			continue;
		while (start && p->names.data[start - 1] && end - start <= NAME_MAX_LEN)
			start--;
		return slice_sub(p->names, start, end - start);
	}
}

int gopcln_find(const struct gopcln *p, struct gopcln_function *f, size_t n)
{
	ssize_t offsets[8];
	int found = 0;

	n = MIN(n, ARRAY_LEN(offsets));
	for (size_t k = 0; k < n; k++) {
		f[k].entry = f[k].size = 0;
		offsets[k] = name_offset(p, f[k].name);
	}
	for (uint32_t i = 0; i < p->n; i++) {
		size_t at = 2 * (size_t)i * p->field;
		uint64_t entry = number(p->functions, at, p->field);
		uint64_t next = number(p->functions, at + 2 * p->field, p->field);
		uint64_t record = number(p->functions, at + p->field, p->field);
		/* Behind the entry, which has the size of a field here too. */
		ssize_t name = record < p->functions.len
				       ? (ssize_t)number(p->functions, record + p->field, 4)
				       : -1;

		for (size_t k = 0; k < n; k++) {
			if (name < 0 || name != offsets[k] || f[k].size || next <= entry)
				continue;
			f[k].entry = entry;
			f[k].size = next - entry;
			found++;
		}
	}
	return found;
}
