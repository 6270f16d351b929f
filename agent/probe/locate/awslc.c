/* SPDX-License-Identifier: Apache-2.0 */
#include "awslc.h"
#include "code.h"
#include "pointers.h"
#include "sites.h"
#include "x86.h"

#include "cleanup.h"

#include <errno.h>

#define PLACES_MAX 64

enum reason {
	BAD_DECRYPT = 1,
	BUFFER_TOO_SMALL = 2,
	CTRL_NOT_IMPLEMENTED = 4,
	INVALID_OPERATION = 8,
	OUTPUT_ALIASES_INPUT = 16,
	TOO_LARGE = 32,
};

static const struct code_number numbers[] = {
	{ 101, BAD_DECRYPT },	    { 103, BUFFER_TOO_SMALL },	   { 104, CTRL_NOT_IMPLEMENTED },
	{ 112, INVALID_OPERATION }, { 115, OUTPUT_ALIASES_INPUT }, { 117, TOO_LARGE },
};

/* What a function reports, and what it does not. */
static const struct {
	unsigned int all, none;
	enum point_role role;
	bool returns; /* the bytes are there when it returns */
} functions[] = {
	{ TOO_LARGE | BUFFER_TOO_SMALL, BAD_DECRYPT, ROLE_AEAD_SEAL, false },
	{ INVALID_OPERATION | OUTPUT_ALIASES_INPUT, BAD_DECRYPT | TOO_LARGE, ROLE_AEAD_SEAL_SCATTER,
	  false },
	{ BAD_DECRYPT | BUFFER_TOO_SMALL, TOO_LARGE, ROLE_AEAD_OPEN, true },
	{ CTRL_NOT_IMPLEMENTED | OUTPUT_ALIASES_INPUT, BAD_DECRYPT | TOO_LARGE | INVALID_OPERATION,
	  ROLE_AEAD_OPEN_GATHER, true },
};

struct place_list {
	size_t n;
	struct pointer_place place[PLACES_MAX];
};

static int gather(const struct locate_input *in, struct place_list *ret)
{
	for (size_t i = 0; i < in->sites->n && ret->n < PLACES_MAX; i++) {
		const struct site *s = &in->sites->site[i];

		if (s->string == in->first_string)
			ret->place[ret->n++] = (struct pointer_place){ s->vaddr, s->function };
	}
	return pointers_improve(in->e, ret->place, ret->n);
}

static unsigned int reasons_of(const struct elf *e, const struct place_list *l, uint64_t function)
{
	unsigned int reasons = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->place[i].function == function)
			reasons |= code_numbers_near(e, function, l->place[i].vaddr, numbers,
						     ARRAY_LEN(numbers));
	return reasons;
}

/* The function of a row; 0: none, or more than one. */
static uint64_t find(const struct elf *e, const struct place_list *l, size_t row)
{
	uint64_t found = 0;

	for (size_t i = 0; i < l->n; i++) {
		uint64_t function = l->place[i].function;
		unsigned int reasons;

		if (!function || function == found)
			continue;
		reasons = reasons_of(e, l, function);
		if ((reasons & functions[row].all) != functions[row].all ||
		    reasons & functions[row].none)
			continue;
		if (found)
			return 0;
		found = function;
	}
	return found;
}

static int by_errors(const struct locate_input *in, struct finding *ret)
{
	struct place_list places = { 0 };
	unsigned int seals = 0, opens = 0;
	int r;

	if (!(in->sites->mentioned >> in->first_string & 1) ||
	    in->sites->mentioned >> (in->first_string + 1) & 1)
		return -ENOENT;
	if (in->sites->mentioned >> (in->first_string + 2) & 1) {
		finding_note(
			ret,
			"a FIPS module: it checks its own code, a probe would end the program");
		return -ENOTSUP;
	}
	r = gather(in, &places);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		uint64_t entry, function = find(in->e, &places, i);

		if (!function)
			continue;
		entry = x86_entry(in->e, function, NULL);
		if (finding_add(ret, in->e, functions[i].role, false, entry))
			continue;
		if (functions[i].returns)
			finding_add_returns(ret, in->e, ROLE_AEAD_OPEN_RETURN, function, 0);
		*(functions[i].returns ? &opens : &seals) += 1;
	}
	if (!seals || !opens) {
		finding_note(ret, "stripped; %s",
			     places.n ? "its AEAD functions are not told apart"
				      : "no code mentions aead.c");
		return -ENOTSUP;
	}
	finding_note(ret, "stripped, AEAD functions by their error reports");
	return 0;
}

static const char *const strings[] = { "fipsmodule/cipher/aead.c", "ssl_lib.cc",
				       "=FIPS integrity test", NULL };

const struct locator awslc_by_errors = {
	.stack = STACK_AWSLC,
	.slow = true,
	.strings = strings,
	.used_by = 1 << STACK_S2N,
	.locate = by_errors,
};
