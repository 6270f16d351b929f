/* SPDX-License-Identifier: Apache-2.0 */
#include "sites.h"
#include "walk.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>

#define TARGETS_MAX 1024    /* places where the strings are */
#define STRING_LEN_MAX 512  /* from where a string begins to its asked-for end */
#define FUNCTION_MAX 0x8000 /* how far behind its beginning a site may be */
#define SHARED_MAX 8	    /* instructions of a mention that is a function of its own */
#define SHARED_FUNCTIONS_MAX 32

/* A string in read-only data. Bytes that happen to be printable, of a table without a NUL at its
 * end, may stand before it: code may mention any place up to where the asked-for end begins. */
struct target {
	uint64_t vaddr, last;
	uint32_t string;
};

struct search {
	const struct elf *e;
	const char *const *strings;
	size_t n_strings;
	bool ends[256]; /* whether any string ends in this character */
	size_t n_targets;
	struct target targets[TARGETS_MAX]; /* by vaddr */
	uint8_t endings[256];		    /* these characters */
	size_t n_endings;
	pthread_mutex_t lock; /* of what is found: little, by several threads */
	struct sites *sites;
	struct called *called; /* NULL: known already */
	int error;
};

/* ---- Strings ------------------------------------------------------------------------ */

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* nul: where the string ends. */
static void add_target(struct search *s, const struct walk_part *part, size_t nul)
{
	const char *bytes = (const char *)part->bytes;

	for (size_t i = 0; i < s->n_strings; i++) {
		bool whole = s->strings[i][0] == '=';
		const char *want = s->strings[i] + whole;
		size_t len = strlen(want), start = nul - len;

		if (nul < len || memcmp(bytes + start, want, len))
			continue;
		while (!whole && start && nul - start < STRING_LEN_MAX &&
		       is_printable(bytes[start - 1]))
			start--;
		pthread_mutex_lock(&s->lock);
		if (s->n_targets < TARGETS_MAX)
			s->targets[s->n_targets++] =
				(struct target){ part->vaddr + start, part->vaddr + nul - len,
						 (uint32_t)i };
		pthread_mutex_unlock(&s->lock);
	}
}

/* Of 16 bytes: those that are NUL and behind one of the endings; none in most blocks of most
 * files. The byte before them is there. */
static uint32_t ends_in(const struct search *s, const uint8_t *at)
{
#ifdef __SSE2__
	__m128i here = _mm_loadu_si128((const __m128i *)at), before, hit = _mm_setzero_si128();
	int nuls = _mm_movemask_epi8(_mm_cmpeq_epi8(here, hit));

	if (!nuls)
		return 0;
	before = _mm_loadu_si128((const __m128i *)(at - 1));
	for (size_t i = 0; i < s->n_endings; i++)
		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(before, _mm_set1_epi8((char)s->endings[i])));
	return (uint32_t)(nuls & _mm_movemask_epi8(hit));
#else
	uint32_t hits = 0;

	for (int i = 0; i < 16; i++)
		hits |= (uint32_t)(!at[i] && s->ends[at[i - 1]]) << i;
	return hits;
#endif
}

static bool strings_in(void *arg, const struct walk_part *part)
{
	struct search *s = arg;
	size_t at = MAX(part->seen, (size_t)1);

	for (; at + 16 <= part->len; at += 16)
		for (uint32_t hits = ends_in(s, part->bytes + at); hits; hits &= hits - 1)
			add_target(s, part, at + (size_t)__builtin_ctz(hits));
	for (; at < part->len; at++)
		if (!part->bytes[at] && s->ends[part->bytes[at - 1]])
			add_target(s, part, at);
	return true;
}

static int by_target(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static int find_strings(struct search *s)
{
	int r;

	for (size_t i = 0; i < s->n_strings; i++) {
		size_t len = strlen(s->strings[i]);

		if (len)
			s->ends[(uint8_t)s->strings[i][len - 1]] = true;
	}
	for (int c = 0; c < 256; c++)
		if (s->ends[c])
			s->endings[s->n_endings++] = (uint8_t)c;
	r = walk_parallel(s->e, 0, PF_W | PF_X, strings_in, s);
	/* Some linkers put the strings of small programs beside the code. */
	if (!r && !s->n_targets)
		r = walk_parallel(s->e, PF_X, PF_W, strings_in, s);
	qsort(s->targets, s->n_targets, sizeof(s->targets[0]), by_target);
	return r;
}

/* ---- Their mentions ----------------------------------------------------------------- */

static int push_site(struct sites *sites, uint64_t vaddr, uint32_t string)
{
	sites->mentioned |= UINT64_C(1) << (string & 63);
	if (sites->n == SITES_MAX)
		return 0;
	if (sites->n == sites->size) {
		size_t size = sites->size ? 2 * sites->size : 256;
		struct site *site = realloc(sites->site, size * sizeof(*site));

		if (!site)
			return -ENOMEM;
		sites->site = site;
		sites->size = size;
	}
	sites->site[sites->n++] = (struct site){ .vaddr = vaddr, .string = string };
	return 0;
}

static void add_site(struct search *s, uint64_t vaddr, uint32_t string)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = push_site(s->sites, vaddr, string);
	if (r)
		s->error = r;
	pthread_mutex_unlock(&s->lock);
}

/* The same string may be asked for by several rows. */
static void mention(struct search *s, uint64_t vaddr, uint64_t target)
{
	size_t low = 0, high = s->n_targets;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->targets[mid].vaddr <= target)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low && target - s->targets[low - 1].vaddr <= STRING_LEN_MAX; low--)
		if (target <= s->targets[low - 1].last)
			add_site(s, vaddr, s->targets[low - 1].string);
}

/* From the first of the targets to the last place in one. */
static uint64_t targets_span(const struct search *s)
{
	uint64_t last = 0;

	for (size_t i = 0; i < s->n_targets; i++)
		last = MAX(last, s->targets[i].last);
	return last - s->targets[0].vaddr;
}

static void mentions_x86(struct search *s, const struct walk_part *part)
{
	uint64_t low = s->targets[0].vaddr, span = targets_span(s);
	bool fits = s->e->type == ET_EXEC && low + span <= INT32_MAX;
	bool alike = low >> 24 == (low + span) >> 24; /* the last byte of all addresses */
	struct code_places lea =
		code_places(part, (struct code_pattern){ 0xff, 0x8d, 1, 0, 0xc7, 5 });
	struct code_places mov =
		code_places(part, (struct code_pattern){ 0xf8, 0xb8, 4, 0, alike ? 0xff : 0,
							 alike ? (uint8_t)(low >> 24) : 0 });
	size_t i;

	/* lea reg, [rip + disp32] */
	while (code_next(&lea, &i)) {
		const uint8_t *b = part->bytes + i;
		uint64_t to;

		if (!i || i + 6 > part->len || (b[-1] & 0xfb) != 0x48)
			continue;
		to = part->vaddr + i + 6 + (uint64_t)(int64_t)(int32_t)code_read32(b + 2);
		if (to - low <= span)
			mention(s, part->vaddr + i - 1, to);
	}
	/* mov reg, imm32 */
	while (fits && code_next(&mov, &i))
		if (i + 5 <= part->len && code_read32(part->bytes + i + 1) - low <= span)
			mention(s, part->vaddr + i, code_read32(part->bytes + i + 1));
}

#define ADD_IMM 0x91000000 /* add x, x, #imm12 */

/* The next of some instructions that adds a number to the register. Its index; 0: none does. */
static size_t next_add(const struct walk_part *part, size_t from, size_t last, uint32_t reg)
{
	for (size_t i = from; i + 4 <= part->len && i <= last; i += 4) {
		uint32_t insn = code_read32(part->bytes + i);

		if ((insn & 0xffc00000) == ADD_IMM && (insn >> 5 & 31) == reg)
			return i;
	}
	return 0;
}

/* adrp x, page; add y, x, #low; and, where strings are told by one before them (GCC's anchors),
 * add z, y, #more. */
static void mentions_arm(struct search *s, const struct walk_part *part)
{
	uint64_t low = (s->targets[0].vaddr & ~UINT64_C(0xfff)) - 0x1000;
	uint64_t span = s->targets[0].vaddr + targets_span(s) - low;

	for (size_t i = 0; i + 4 <= part->len; i += 4) {
		uint32_t insn = code_read32(part->bytes + i), reg = insn & 31;
		size_t at = i, last = i + 4 * WALK_PAIR_MAX;
		uint64_t to;

		if ((insn & 0x9f000000) != 0x90000000)
			continue;
		to = ((part->vaddr + i) & ~UINT64_C(0xfff)) +
		     (uint64_t)((int64_t)((uint64_t)((insn >> 5 & 0x7ffff) << 2 | (insn >> 29 & 3))
					  << 43) >>
				31);
		if (to - low > span)
			continue;
		for (int adds = 0; adds < 2; adds++) {
			at = next_add(part, at + 4, last, reg);
			if (!at)
				break;
			insn = code_read32(part->bytes + at);
			reg = insn & 31;
			to += insn >> 10 & 0xfff;
			mention(s, part->vaddr + at, to);
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

/* Where one site's search ended the next one's does. */
static void find_functions(struct sites *sites, const struct elf *e, const struct called *c)
{
	uint64_t before = 0, function = 0;

	sort_sites(sites);
	for (size_t i = 0; i < sites->n && c->bits; i++) {
		uint64_t at = sites->site[i].vaddr, found;
		uint64_t from = MAX(before + 1, at - MIN(at, FUNCTION_MAX - 1));

		if (at > before) {
			found = called_last(c, e, from, at);
			function = found ? found : function;
		}
		sites->site[i].function = function && at - function < FUNCTION_MAX ? function : 0;
		before = at;
	}
}

/* ---- Mentions that are shared ------------------------------------------------------- */

/*
 * Where code is to be small, compilers put what several error reports have in common, and the name
 *of the file is that, into functions of their own (arm64): adrp x3, file; add x3, x3, #low; mov w0,
 *#library; ret Who calls one of them mentions the file.
 */
static bool is_shared(const struct elf *e, const struct site *s)
{
	if (e->machine != EM_AARCH64 || !s->function || s->vaddr - s->function > 4 * SHARED_MAX)
		return false;
	for (uint64_t at = s->function; at <= s->vaddr + 4 * SHARED_MAX; at += 4) {
		struct slice bytes = elf_bytes(e, at, 4);
		uint32_t insn = bytes.len == 4 ? code_read32(bytes.data) : 0;

		if (insn == 0xd65f03c0) /* ret */
			return at > s->vaddr;
		if (!insn || (insn & 0x1c000000) == 0x14000000) /* branches and system */
			return false;
	}
	return false;
}

static int add_shared(struct search *s)
{
	uint64_t functions[SHARED_FUNCTIONS_MAX];
	uint32_t strings[SHARED_FUNCTIONS_MAX];
	struct sites calls;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < s->sites->n && n < SHARED_FUNCTIONS_MAX; i++) {
		const struct site *site = &s->sites->site[i];

		if (!is_shared(s->e, site))
			continue;
		functions[n] = site->function;
		strings[n++] = site->string;
	}
	r = sites_find_calls(&calls, s->e, s->called, functions, n);
	for (size_t i = 0; i < calls.n && !r; i++)
		r = push_site(s->sites, calls.site[i].vaddr, strings[calls.site[i].string]);
	if (calls.n && !r)
		find_functions(s->sites, s->e, s->called);
	sites_release(&calls);
	return r;
}

/* ---- API ---------------------------------------------------------------------------- */

static bool is_read(const struct elf *e)
{
	return e->machine == EM_X86_64 || e->machine == EM_AARCH64;
}

static bool mentions_in(void *arg, const struct walk_part *part)
{
	struct search *s = arg;

	if (s->e->machine == EM_X86_64)
		mentions_x86(s, part);
	else
		mentions_arm(s, part);
	walk_calls(s->e, part, false, called_add, s->called);
	return true;
}

static int search(struct search *s)
{
	int r = find_strings(s);

	if (r || !s->n_targets)
		return r;
	r = called_init(s->called, s->e);
	if (!r)
		r = walk_parallel(s->e, PF_X, 0, mentions_in, s);
	if (!r)
		r = s->error;
	if (!r) {
		called_add_pointers(s->called, s->e);
		find_functions(s->sites, s->e, s->called);
		r = add_shared(s);
	}
	return r;
}

int sites_find(struct sites *ret, const struct elf *e, const char *const *strings, size_t n)
{
	struct search *s;
	int r;

	*ret = (struct sites){ 0 };
	if (!n || !is_read(e))
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->e = e;
	s->strings = strings;
	s->n_strings = n;
	s->sites = ret;
	s->called = &ret->called;
	pthread_mutex_init(&s->lock, NULL);
	r = search(s);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return r;
}

struct calls {
	const uint64_t *functions;
	size_t n;
	uint64_t low, high; /* of them */
	struct search s;
};

static void on_any_call(void *arg, uint64_t target, uint64_t from)
{
	struct calls *c = arg;

	if (target < c->low || target > c->high)
		return;
	for (size_t i = 0; i < c->n; i++)
		if (target == c->functions[i])
			add_site(&c->s, from, (uint32_t)i);
}

static bool calls_in(void *arg, const struct walk_part *part)
{
	struct calls *c = arg;

	walk_calls(c->s.e, part, true, on_any_call, c);
	if (c->s.called)
		walk_calls(c->s.e, part, false, called_add, c->s.called);
	return true;
}

int sites_find_calls(struct sites *ret, const struct elf *e, const struct called *known,
		     const uint64_t *functions, size_t n)
{
	struct calls *c;
	int r = 0;

	*ret = (struct sites){ 0 };
	if (!n || !is_read(e))
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->s.e = e;
	c->s.sites = ret;
	c->functions = functions;
	c->n = n;
	c->low = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		c->low = MIN(c->low, functions[i]);
		c->high = MAX(c->high, functions[i]);
	}
	if (!known || !known->bits) {
		known = c->s.called = &ret->called;
		r = called_init(c->s.called, e);
	}
	pthread_mutex_init(&c->s.lock, NULL);
	if (!r)
		r = walk_parallel(e, PF_X, 0, calls_in, c);
	if (!r)
		r = c->s.error;
	if (!r && c->s.called)
		called_add_pointers(c->s.called, e);
	if (!r)
		find_functions(ret, e, known);
	pthread_mutex_destroy(&c->s.lock);
	free(c);
	return r;
}

void sites_release(struct sites *s)
{
	free(s->site);
	called_release(&s->called);
	*s = (struct sites){ 0 };
}
