/* SPDX-License-Identifier: Apache-2.0 */
#include "libraries.h"

#include "cleanup.h"

#include <errno.h>

struct function {
	enum point_role role;
	int instead_of; /* index + 1 of the function that makes this one needless; 0: none */
	int inner;	/* index + 1 of one with its arguments that it calls; 0: none is known */
};

static int add(const struct locate_input *in, const struct function *f, const struct elf_symbol *s,
	       struct finding *ret)
{
	int r;

	/* Without these a reused address is told by its first bytes only. */
	if (f->role == ROLE_FREE) {
		finding_add(ret, in->e, ROLE_FREE, false, s->vaddr);
		return 0;
	}
	r = finding_add_pair(ret, in->e, f->role, s->vaddr, s->size);
	if (r == -EOPNOTSUPP && f->inner && in->symbols[f->inner - 1].vaddr)
		r = finding_add_pair(ret, in->e, f->role, in->symbols[f->inner - 1].vaddr,
				     in->symbols[f->inner - 1].size);
	return r;
}

static int by_symbols(const struct locate_input *in, const char *const *names,
		      const struct function *functions, struct finding *ret)
{
	bool any = false;

	for (size_t i = 0; names[i]; i++) {
		const struct function *f = &functions[i];
		int r;

		if (f->role == ROLE_MAX || !in->symbols[i].vaddr ||
		    (f->instead_of && in->symbols[f->instead_of - 1].vaddr))
			continue;
		r = add(in, f, &in->symbols[i], ret);
		if (r) {
			finding_note(ret,
				     r == -EOPNOTSUPP ? "the kernel has no probe for how %s begins"
						      : "%s is outside of the file",
				     names[i]);
			return -ENOTSUP;
		}
		any |= f->role != ROLE_FREE;
	}
	if (!any)
		return -ENOENT;
	finding_note(ret, "symbols");
	return 0;
}

/* gnutls_record_send ends in gnutls_record_send2 where there is one (3.6.3). */
static const char *const gnutls_names[] = { "gnutls_record_send2", "gnutls_record_send",
					    "gnutls_record_recv",  "gnutls_record_recv_seq",
					    "gnutls_deinit",	   NULL };
static const struct function gnutls_functions[] = {
	{ .role = ROLE_GNUTLS_WRITE }, { .role = ROLE_GNUTLS_WRITE, .instead_of = 1 },
	{ .role = ROLE_GNUTLS_READ },  { .role = ROLE_GNUTLS_READ },
	{ .role = ROLE_FREE },
};

static int find_gnutls(const struct locate_input *in, struct finding *ret)
{
	return by_symbols(in, gnutls_names, gnutls_functions, ret);
}

const struct locator gnutls_by_symbols = {
	.stack = STACK_GNUTLS,
	.symbols = gnutls_names,
	.locate = find_gnutls,
};

/* The others: write, read, free. */
static const struct function plain_functions[] = {
	{ .role = ROLE_OTHER_WRITE },
	{ .role = ROLE_OTHER_READ },
	{ .role = ROLE_FREE },
	{ .role = ROLE_FREE },
};

/* Where it is linked into something else: compilers that keep branches within lines of 32
 * bytes fill up with prefixes that the kernel refuses, s2n_recv among others. */
static const char *const s2n_names[] = {
	"s2n_send", "s2n_recv", "s2n_connection_free", "s2n_connection_wipe", "s2n_recv_impl", NULL
};
static const struct function s2n_functions[] = {
	{ .role = ROLE_OTHER_WRITE }, { .role = ROLE_OTHER_READ, .inner = 5 },
	{ .role = ROLE_FREE },	      { .role = ROLE_FREE },
	{ .role = ROLE_MAX },
};

static int find_s2n(const struct locate_input *in, struct finding *ret)
{
	return by_symbols(in, s2n_names, s2n_functions, ret);
}

const struct locator s2n_by_symbols = {
	.stack = STACK_S2N,
	.symbols = s2n_names,
	.locate = find_s2n,
};

static const char *const mbedtls_names[] = { "mbedtls_ssl_write", "mbedtls_ssl_read",
					     "mbedtls_ssl_free", "mbedtls_ssl_session_reset",
					     NULL };

static int find_mbedtls(const struct locate_input *in, struct finding *ret)
{
	return by_symbols(in, mbedtls_names, plain_functions, ret);
}

const struct locator mbedtls_by_symbols = {
	.stack = STACK_MBEDTLS,
	.symbols = mbedtls_names,
	.locate = find_mbedtls,
};

static const char *const wolfssl_names[] = { "wolfSSL_write", "wolfSSL_read", "wolfSSL_free",
					     "wolfSSL_clear", NULL };

static int find_wolfssl(const struct locate_input *in, struct finding *ret)
{
	return by_symbols(in, wolfssl_names, plain_functions, ret);
}

const struct locator wolfssl_by_symbols = {
	.stack = STACK_WOLFSSL,
	.symbols = wolfssl_names,
	.locate = find_wolfssl,
};
