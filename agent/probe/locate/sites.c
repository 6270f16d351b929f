/* SPDX-License-Identifier: Apache-2.0 */
#include "sites.h"
#include "walk.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define TARGETS_MAX 1024    /* places where the strings are */
#define STRING_LEN_MAX 512  /* from where a string begins to its asked-for end */
#define FUNCTION_MAX 0x8000 /* how far behind its beginning a site may be */
#define PAGE_SHIFT 12
#define PAGES_MAX (UINT64_C(1) << 20) /* 4 GiB: twice as far as a call reaches */

/* A string in read-only data. */
struct target {
	uint64_t vaddr;
	uint32_t string;
};

struct search {
	const struct elf *e;
	const char *const *strings;
	size_t n_strings;
	bool last[256]; /* whether any string ends in this character */
	size_t n_targets;
	struct target targets[TARGETS_MAX]; /* by vaddr */
	struct sites *sites;
	int error;
};

/* ---- Strings ------------------------------------------------------------------------ */

/* nul: where the string ends. */
static void add_target(struct search *s, struct slice bytes, size_t nul, uint64_t vaddr)
{
	for (size_t i = 0; i < s->n_strings; i++) {
		bool whole = s->strings[i][0] == '=';
		const char *want = s->strings[i] + whole;
		size_t len = strlen(want), start = nul - len;

		if (nul < len || memcmp(bytes.data + nul - len, want, len))
			continue;
		while (!whole && start && nul - start < STRING_LEN_MAX && bytes.data[start - 1])
			start--;
		if (s->n_targets < TARGETS_MAX)
			s->targets[s->n_targets++] = (struct target){ vaddr + start, (uint32_t)i };
	}
}

typedef uint8_t block __attribute__((vector_size(16)));

/* A NUL that one of the last characters is before: none in most blocks of most files. */
static bool may_end(const char *at, const uint8_t *last, size_t n_last)
{
	block here, before, hit;
	uint64_t words[2];

	memcpy(&here, at, sizeof(here));
	memcpy(&before, at - 1, sizeof(before));
	hit = (block)(before == last[0]);
	for (size_t i = 1; i < n_last; i++)
		hit |= (block)(before == last[i]);
	hit &= (block)(here == 0);
	memcpy(words, &hit, sizeof(words));
	return words[0] | words[1];
}

static void find_strings_in(struct search *s, struct slice bytes, uint64_t vaddr,
			    const uint8_t *last, size_t n_last)
{
	size_t at = 1, kept = 0;

	while (at < bytes.len) {
		size_t end = MIN(at + sizeof(block), bytes.len);

		if (end - at < sizeof(block) || may_end(bytes.data + at, last, n_last))
			for (size_t i = at; i < end; i++)
				if (!bytes.data[i] && s->last[(uint8_t)bytes.data[i - 1]])
					add_target(s, bytes, i, vaddr);
		at = end;
		if (at - kept >= WALK_STEP) {
			elf_drop(s->e, slice_sub(bytes, kept, at - kept));
			kept = at;
		}
	}
	elf_drop(s->e, slice_sub(bytes, kept, bytes.len));
}

static int by_target(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static void find_strings(struct search *s)
{
	uint8_t last[256];
	size_t n_last = 0;

	for (size_t i = 0; i < s->n_strings; i++) {
		size_t len = strlen(s->strings[i]);

		if (len)
			s->last[(uint8_t)s->strings[i][len - 1]] = true;
	}
	for (int c = 0; c < 256; c++)
		if (s->last[c])
			last[n_last++] = (uint8_t)c;
	for (size_t i = 0; i < s->e->n_segments; i++) {
		const struct elf_segment *seg = &s->e->segments[i];

		/* With lld the strings of small programs are beside the code. */
		if (!(seg->flags & PF_W))
			find_strings_in(s, elf_segment_bytes(s->e, i), seg->vaddr, last, n_last);
	}
	qsort(s->targets, s->n_targets, sizeof(s->targets[0]), by_target);
}

/* ---- Their mentions ----------------------------------------------------------------- */

static void add_site(struct search *s, uint64_t vaddr, uint32_t string)
{
	struct sites *sites = s->sites;

	sites->mentioned |= UINT64_C(1) << (string & 63);
	if (sites->n == SITES_MAX)
		return;
	if (sites->n == sites->size) {
		size_t size = sites->size ? 2 * sites->size : 256;
		struct site *site = realloc(sites->site, size * sizeof(*site));

		if (!site) {
			s->error = -ENOMEM;
			return;
		}
		sites->site = site;
		sites->size = size;
	}
	sites->site[sites->n++] = (struct site){ .vaddr = vaddr, .string = string };
}

/* The same string may be asked for by several rows. */
static void mention(struct search *s, uint64_t vaddr, uint64_t target)
{
	size_t low = 0, high = s->n_targets;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->targets[mid].vaddr < target)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < s->n_targets && s->targets[low].vaddr == target; low++)
		add_site(s, vaddr, s->targets[low].string);
}

static void mentions_x86(void *arg, const struct code_run *run)
{
	struct search *s = arg;
	uint64_t low = s->targets[0].vaddr, span = s->targets[s->n_targets - 1].vaddr - low;
	bool fits = s->e->type == ET_EXEC && low + span <= INT32_MAX;

	struct code_bytes lea = code_bytes_of(run, 0xff, 0x8d),
			  mov = code_bytes_of(run, 0xf8, 0xb8);
	size_t i;

	/* lea reg, [rip + disp32] */
	while (code_next_byte(&lea, &i)) {
		const uint8_t *b = run->code + i;
		uint64_t to;

		if (!i || i + 6 > run->len || (b[1] & 0xc7) != 5 || (b[-1] & 0xfb) != 0x48)
			continue;
		to = run->vaddr + i + 6 + (uint64_t)(int64_t)(int32_t)code_read32(b + 2);
		if (to - low <= span)
			mention(s, run->vaddr + i - 1, to);
	}
	/* mov reg, imm32 */
	while (fits && code_next_byte(&mov, &i))
		if (i + 5 <= run->len && code_read32(run->code + i + 1) - low <= span)
			mention(s, run->vaddr + i, code_read32(run->code + i + 1));
}

/* adrp x, page; add y, x, #low. */
static void mentions_arm(void *arg, const struct code_run *run)
{
	struct search *s = arg;
	uint64_t low = s->targets[0].vaddr & ~UINT64_C(0xfff);
	uint64_t span = s->targets[s->n_targets - 1].vaddr - low;

	for (size_t i = 0; i + 4 <= run->len; i += 4) {
		uint32_t insn = code_read32(run->code + i), add;
		uint64_t page;

		if ((insn & 0x9f000000) != 0x90000000)
			continue;
		page = ((run->vaddr + i) & ~UINT64_C(0xfff)) +
		       (uint64_t)((int64_t)((uint64_t)((insn >> 5 & 0x7ffff) << 2 |
						       (insn >> 29 & 3))
					    << 43) >>
				  31);
		if (page - low > span)
			continue;
		for (size_t k = i + 4; k + 4 <= run->len && k <= i + 4 * WALK_PAIR_MAX; k += 4) {
			add = code_read32(run->code + k);
			if ((add & 0xffc00000) == 0x91000000 && (add >> 5 & 31) == (insn & 31)) {
				mention(s, run->vaddr + k, page + (add >> 10 & 0xfff));
				break;
			}
		}
	}
}

static int by_site(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr > y->vaddr ? 1 : -1;
	return (x->string > y->string) - (x->string < y->string);
}

/* In order, and once each: steps overlap. */
static void sort_sites(struct sites *sites)
{
	size_t kept = 0;

	if (sites->n)
		qsort(sites->site, sites->n, sizeof(sites->site[0]), by_site);
	for (size_t i = 0; i < sites->n; i++)
		if (!kept || by_site(&sites->site[kept - 1], &sites->site[i]))
			sites->site[kept++] = sites->site[i];
	sites->n = kept;
}

/* ---- The functions that they are in ------------------------------------------------- */

/* A filter before the search: the pages in which a function of interest may begin. */
struct pages {
	uint64_t low, n; /* of PAGE_SHIFT */
	uint8_t *bits;
};

/* -EBADMSG for a file whose code is said to be further apart than code can be. */
static int mark_pages(struct pages *p, const struct sites *sites)
{
	uint64_t first = sites->site[0].vaddr, last = sites->site[sites->n - 1].vaddr;

	p->low = (first > FUNCTION_MAX ? first - FUNCTION_MAX : 0) >> PAGE_SHIFT;
	p->n = (last >> PAGE_SHIFT) - p->low + 1;
	if (p->n > PAGES_MAX)
		return -EBADMSG;
	p->bits = calloc(p->n / 8 + 1, 1);
	if (!p->bits)
		return -ENOMEM;
	for (size_t i = 0; i < sites->n; i++) {
		uint64_t to = (sites->site[i].vaddr >> PAGE_SHIFT) - p->low;
		uint64_t from =
			to > FUNCTION_MAX >> PAGE_SHIFT ? to - (FUNCTION_MAX >> PAGE_SHIFT) : 0;

		for (uint64_t page = from; page <= to; page++)
			p->bits[page / 8] |= 1 << page % 8;
	}
	return 0;
}

static bool in_pages(const struct pages *p, uint64_t vaddr)
{
	uint64_t page = (vaddr >> PAGE_SHIFT) - p->low;

	return page < p->n && p->bits[page / 8] >> page % 8 & 1;
}

/* A byte that looks like a call may be part of another instruction; where it leads then is
 * random, and rarely looks like a beginning. */
static bool may_begin(const struct elf *e, uint64_t vaddr)
{
	struct slice code;

	if (e->machine != EM_X86_64 || !(vaddr & 15))
		return true;
	code = elf_bytes(e, vaddr, 4);
	return code.len &&
	       (slice_starts(code, SLICE("\x55")) || slice_starts(code, SLICE("\x53")) ||
		slice_starts(code, SLICE("\x41\x57")) || slice_starts(code, SLICE("\x41\x56")) ||
		slice_starts(code, SLICE("\x41\x55")) || slice_starts(code, SLICE("\x41\x54")) ||
		slice_starts(code, SLICE("\x48\x83\xec")) ||
		slice_starts(code, SLICE("\x48\x81\xec")) ||
		slice_starts(code, SLICE("\xf3\x0f\x1e\xfa")));
}

static void add_beginning(const struct elf *e, struct sites *sites, uint64_t vaddr)
{
	size_t low = 0, high = sites->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sites->site[mid].vaddr < vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == sites->n || sites->site[low].vaddr - vaddr >= FUNCTION_MAX ||
	    sites->site[low].function >= vaddr || !may_begin(e, vaddr))
		return;
	for (; low < sites->n && sites->site[low].vaddr - vaddr < FUNCTION_MAX; low++)
		if (sites->site[low].function < vaddr)
			sites->site[low].function = vaddr;
}

struct beginnings {
	const struct elf *e;
	struct sites *sites;
	struct pages pages;
};

static void on_call(void *arg, uint64_t target, uint64_t from)
{
	struct beginnings *b = arg;

	(void)from;
	if (in_pages(&b->pages, target))
		add_beginning(b->e, b->sites, target);
}

static void beginnings_in(void *arg, const struct code_run *run)
{
	struct beginnings *b = arg;

	walk_calls(b->e, run, false, on_call, b);
}

static int find_functions(struct sites *sites, const struct elf *e)
{
	struct beginnings b = { .e = e, .sites = sites };
	int r;

	sort_sites(sites);
	if (!sites->n)
		return 0;
	r = mark_pages(&b.pages, sites);
	if (!r)
		walk_code(e, beginnings_in, &b);
	free(b.pages.bits);
	return r;
}

/* ---- API ---------------------------------------------------------------------------- */

int sites_find(struct sites *ret, const struct elf *e, const char *const *strings, size_t n)
{
	struct search *s;
	int r;

	*ret = (struct sites){ 0 };
	if (!n || (e->machine != EM_X86_64 && e->machine != EM_AARCH64))
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->e = e;
	s->strings = strings;
	s->n_strings = n;
	s->sites = ret;
	find_strings(s);
	if (s->n_targets)
		walk_code(e, e->machine == EM_X86_64 ? mentions_x86 : mentions_arm, s);
	r = s->error ? s->error : find_functions(ret, e);
	free(s);
	return r;
}

struct calls {
	const struct elf *e;
	const uint64_t *functions;
	size_t n;
	struct search s; /* add_site and its error */
};

static void on_any_call(void *arg, uint64_t target, uint64_t from)
{
	struct calls *c = arg;

	for (size_t i = 0; i < c->n; i++)
		if (target == c->functions[i])
			add_site(&c->s, from, (uint32_t)i);
}

static void calls_in(void *arg, const struct code_run *run)
{
	struct calls *c = arg;

	walk_calls(c->e, run, true, on_any_call, c);
}

int sites_find_calls(struct sites *ret, const struct elf *e, const uint64_t *functions, size_t n)
{
	struct calls *c;
	int r;

	*ret = (struct sites){ 0 };
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->e = e;
	c->functions = functions;
	c->n = n;
	c->s.sites = ret;
	walk_code(e, calls_in, c);
	r = c->s.error ? c->s.error : find_functions(ret, e);
	free(c);
	return r;
}

void sites_release(struct sites *s)
{
	free(s->site);
	*s = (struct sites){ 0 };
}
