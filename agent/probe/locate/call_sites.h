/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who calls an inner function of a library, where all of them are in the same file: for one that
 * ends in a jump through a pointer, the instructions behind its calls are where it returns to.
 * What callers pass tells its arguments: the address of a variable of theirs is where a result
 * goes.
 */
#ifndef LOCATE_CALL_SITES_H
#define LOCATE_CALL_SITES_H

#include "sites.h"

#define CALL_SITES_MAX 8

struct call_sites {
	int error; /* -ENOENT: nobody calls it; -ENOTSUP: not all of its callers can be known, or
		    * something jumps to it; -E2BIG */
	size_t n;
	uint64_t after[CALL_SITES_MAX]; /* the instruction behind the call */
	int out; /* the argument, 4 or 5, in which a caller passes an address on its stack; 0 */
};

/* Of n functions; ret has n elements. known, and what is returned: as of sites_find_calls. */
int call_sites_find(const struct elf *e, const struct called *known, const uint64_t *functions,
		    size_t n, struct call_sites *ret);

#endif
