/* SPDX-License-Identifier: Apache-2.0 */
#include "nss.h"
#include "pointers.h"
#include "returns.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define TABLES_MAX 512

/* struct sslSocketOpsStr behind `accept`, which may be NULL. */
enum { BIND, LISTEN, SHUTDOWN, CLOSE, RECV, SEND, READ, WRITE, PEER_NAME, NAME, OPERATIONS };

struct search {
	const struct elf *e;
	uint64_t expected; /* place of the pointer that would continue the run */
	size_t run, n;
	uint64_t last[OPERATIONS]; /* of the run */
	uint64_t table[TABLES_MAX][OPERATIONS];
};

static bool is_code(const struct elf *e, uint64_t vaddr)
{
	for (size_t i = 0; i < e->n_segments; i++)
		if (vaddr - e->segments[i].vaddr < e->segments[i].len)
			return e->segments[i].flags & PF_X;
	return false;
}

/* Each ten pointers to code in a row. */
static bool take(void *arg, uint64_t where, uint64_t to)
{
	struct search *s = arg;

	if (where != s->expected || !is_code(s->e, to))
		s->run = 0;
	s->expected = where + 8;
	if (!is_code(s->e, to))
		return true;
	memmove(s->last, s->last + 1, sizeof(s->last) - sizeof(*s->last));
	s->last[OPERATIONS - 1] = to;
	if (++s->run < OPERATIONS)
		return true;
	memcpy(s->table[s->n++], s->last, sizeof(s->last));
	return s->n < TABLES_MAX;
}

static bool are_pair(const uint64_t *a, const uint64_t *b)
{
	for (int i = 0; i < OPERATIONS; i++) {
		bool shared = i == BIND || i == LISTEN || i == PEER_NAME || i == NAME;

		if ((a[i] == b[i]) != shared)
			return false;
	}
	return true;
}

/* Does the one function end as the other: does it jump there? */
static bool ends_in(const struct elf *e, uint64_t function, uint64_t other)
{
	struct returns a, b;

	if (returns_find(e, function, 0, &a) || returns_find(e, other, 0, &b) || a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		bool found = false;

		for (size_t k = 0; k < b.n; k++)
			found |= a.vaddr[i] == b.vaddr[k];
		if (!found)
			return false;
	}
	return true;
}

static const uint64_t *find_secure(const struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const uint64_t *t = s->table[i];

		for (size_t k = 0; k < s->n; k++)
			if (are_pair(t, s->table[k]) && ends_in(s->e, t[READ], t[RECV]) &&
			    ends_in(s->e, t[WRITE], t[SEND]))
				return t;
	}
	return NULL;
}

static int by_operations(const struct locate_input *in, struct finding *ret)
{
	_cleanup_free_ struct search *s = NULL;
	const uint64_t *t;
	int r;

	if (!in->symbols[0].vaddr)
		return -ENOENT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->e = in->e;
	r = pointers_each(in->e, take, s);
	if (r)
		return r;
	t = find_secure(s);
	finding_note(ret, t ? "its table of operations" : "its table of operations was not found");
	if (!t)
		return -ENOTSUP;
	r = finding_add_pair(ret, in->e, ROLE_NSS_READ, t[RECV], 0);
	if (!r)
		r = finding_add_pair(ret, in->e, ROLE_NSS_WRITE, t[SEND], 0);
	/* Without it a reused address is told by its first bytes only. */
	finding_add(ret, in->e, ROLE_FREE, false, t[CLOSE]);
	return r;
}

static const char *const names[] = { "SSL_ImportFD", NULL };

const struct locator nss_by_operations = {
	.stack = STACK_NSS,
	.symbols = names,
	.locate = by_operations,
};
