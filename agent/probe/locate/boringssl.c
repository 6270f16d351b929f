/* SPDX-License-Identifier: Apache-2.0 */
#include "boringssl.h"
#include "code.h"
#include "sites.h"

#include "cleanup.h"

#include <errno.h>

enum reason {
	SHOULD_NOT_HAVE_BEEN_CALLED = 1, /* of QUIC connections */
	BAD_LENGTH = 2,
	UNINITIALIZED = 4,
	HANDSHAKE_FAILURE = 8,
	FAILURES = UNINITIALIZED | HANDSHAKE_FAILURE,
};

static const struct code_number reasons[] = {
	{ 66, SHOULD_NOT_HAVE_BEEN_CALLED },
	{ 111, BAD_LENGTH },
	{ 226, UNINITIALIZED },
	{ 215, HANDSHAKE_FAILURE },
};

#define FUNCTIONS_MAX 64
#define CANDIDATES_MAX 16
#define BESIDE 0x4000

/* A function that reports any of the reasons. */
struct function {
	uint64_t vaddr;
	unsigned int reasons;
};

struct search {
	const struct elf *e;
	const struct called *called;
	size_t n;
	struct function functions[FUNCTIONS_MAX];
};

static void gather(struct search *s, const struct locate_input *in)
{
	for (size_t i = 0; i < in->sites->n; i++) {
		const struct site *site = &in->sites->site[i];
		unsigned int found;
		size_t k = 0;

		/* What nobody calls (SSL_peek of gRPC) has no known beginning: its reports would
		 * be those of the function before it. */
		if (site->string != in->first_string || !site->function ||
		    code_ends_before(s->e, site->function, site->vaddr))
			continue;
		found = code_numbers_near(s->e, site->function, site->vaddr, reasons,
					  ARRAY_LEN(reasons));
		if (!found)
			continue;
		while (k < s->n && s->functions[k].vaddr != site->function)
			k++;
		if (k == FUNCTIONS_MAX)
			return;
		if (k == s->n)
			s->functions[s->n++].vaddr = site->function;
		s->functions[k].reasons |= found;
	}
}

/* Functions that report all of one set and none of another. */
static size_t select_by(const struct search *s, unsigned int all, unsigned int none,
			uint64_t ret[CANDIDATES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < CANDIDATES_MAX; i++)
		if ((s->functions[i].reasons & all) == all && !(s->functions[i].reasons & none))
			ret[n++] = s->functions[i].vaddr;
	return n;
}

/* The functions that call one of these; n: how many, CANDIDATES_MAX at most. */
static int callers(const struct search *s, const uint64_t *functions, size_t n,
		   uint64_t ret[CANDIDATES_MAX], size_t *ret_n)
{
	struct sites calls;
	int r = sites_find_calls(&calls, s->e, s->called, functions, n);

	*ret_n = 0;
	for (size_t i = 0; i < calls.n && *ret_n < CANDIDATES_MAX; i++) {
		uint64_t caller = calls.site[i].function;
		/* The beginning of a function that nobody calls is not known. */
		bool known = !caller || !code_contains(s->e, caller, calls.site[i].vaddr);

		for (size_t k = 0; k < *ret_n; k++)
			known |= ret[k] == caller;
		for (size_t k = 0; k < n; k++)
			known |= functions[k] == caller;
		if (!known)
			ret[(*ret_n)++] = caller;
	}
	sites_release(&calls);
	return r;
}

static struct function *find_function(struct search *s, uint64_t vaddr)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->functions[i].vaddr == vaddr)
			return &s->functions[i];
	return NULL;
}

/* Of functions that are SSL_read or SSL_peek: the one that takes the bytes away. 0: none,
 * or more than one that could be. */
static uint64_t the_one_that_stores(const struct elf *e, const uint64_t *candidates, size_t n)
{
	uint64_t best = 0;
	int most = 1, count = 0;

	for (size_t i = 0; i < n; i++) {
		int stores = code_count_stores(e, candidates[i]);

		if (stores < most)
			continue;
		count = stores == most ? count + 1 : 1;
		most = stores;
		best = candidates[i];
	}
	return count == 1 ? best : 0;
}

/* SSL_read and SSL_peek, those of them that contain ssl_read_impl or call it. */
static int find_peeks(struct search *s, uint64_t ret[CANDIDATES_MAX], size_t *ret_n)
{
	uint64_t impl[CANDIDATES_MAX];
	size_t n, kept = 0;
	int r;

	*ret_n = select_by(s, FAILURES | SHOULD_NOT_HAVE_BEEN_CALLED, BAD_LENGTH, ret);
	if (*ret_n)
		return 0;
	n = select_by(s, FAILURES, BAD_LENGTH, impl);
	if (!n)
		return -ENOENT;
	r = callers(s, impl, n, ret, &n);
	for (size_t i = 0; i < n; i++) {
		const struct function *f = find_function(s, ret[i]);

		if (!f || !(f->reasons & UNINITIALIZED)) /* SSL_shutdown calls it too */
			ret[kept++] = ret[i];
	}
	*ret_n = kept;
	return r ? r : kept ? 0 : -ENOENT;
}

static int find_read(struct search *s, uint64_t *ret)
{
	uint64_t peek[CANDIDATES_MAX], read[CANDIDATES_MAX];
	size_t n, n_read, kept = 0;
	int r = find_peeks(s, peek, &n);

	if (r)
		return r;
	*ret = the_one_that_stores(s->e, peek, n);
	if (*ret)
		return 0;
	/* SSL_peek alone: SSL_read calls it, and is beside it; so may the program. */
	r = callers(s, peek, n, read, &n_read);
	for (size_t i = 0; i < n_read; i++)
		if (read[i] - peek[0] + BESIDE < 2 * BESIDE)
			read[kept++] = read[i];
	*ret = the_one_that_stores(s->e, read, kept);
	return r ? r : *ret ? 0 : -ENOENT;
}

/*
 * Before 2023 what it calls reports BAD_LENGTH, and it reports the failures as ssl_read_impl does,
 * but unlike that it does not take QUIC's connections. Where that one is not a function of its own,
 * those that contain it look the same. Returns how many there are.
 */
static size_t find_write(struct search *s, uint64_t ret[CANDIDATES_MAX])
{
	uint64_t impl[CANDIDATES_MAX];
	size_t n = select_by(s, BAD_LENGTH | HANDSHAKE_FAILURE, 0, ret);

	if (!n)
		n = select_by(s, BAD_LENGTH, 0, ret);
	if (n)
		return n;
	n = select_by(s, FAILURES | SHOULD_NOT_HAVE_BEEN_CALLED, 0, ret);
	if (n == 1 && select_by(s, FAILURES, SHOULD_NOT_HAVE_BEEN_CALLED, impl) == 1)
		find_function(s, ret[0])->reasons |= BAD_LENGTH;
	else
		n = 0;
	return n;
}

static int by_errors(const struct locate_input *in, struct finding *ret)
{
	struct search s = { .e = in->e, .called = &in->sites->called };
	uint64_t write[CANDIDATES_MAX], read = 0;
	size_t n;
	int r;

	if (!(in->sites->mentioned >> in->first_string & 1))
		return -ENOENT;
	gather(&s, in);
	n = find_write(&s, write);
	if (n != 1) {
		finding_note(ret, "stripped; %s reports errors as SSL_write does",
			     n ? "more than one function" : "no function");
		return -ENOTSUP;
	}
	r = find_read(&s, &read);
	if (r) {
		finding_note(ret, "stripped; SSL_write found, but no SSL_read");
		return -ENOTSUP;
	}
	r = finding_add_pair(ret, in->e, ROLE_BORINGSSL_WRITE, write[0], 0);
	if (!r)
		r = finding_add_pair(ret, in->e, ROLE_BORINGSSL_READ, read, 0);
	finding_note(ret, r ? "stripped; the kernel has no probe for how its functions begin"
			    : "its error reports (stripped)");
	return r ? -ENOTSUP : 0;
}

static const char *const strings[] = { "ssl_lib.cc", NULL };

const struct locator boringssl_by_errors = {
	.stack = STACK_BORINGSSL,
	.slow = true,
	.strings = strings,
	.named_as = 1 << STACK_OPENSSL,
	.locate = by_errors,
};
