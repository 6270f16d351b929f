/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a function returns: all of its RET instructions, found by following every branch from
 * its first one. A probe on each of them does what a return probe does, but leaves the return
 * address on the stack alone: exceptions, cancelled threads and profilers unwind through the
 * function as ever, and filters of system calls have nothing to see.
 *
 * A jump out of the function is followed: a part that was moved away, or another function whose
 * return is this one's. What follows a call is followed too, though the call may never return:
 * then ends of the next function may be among the result, which cost a probe that finds no call.
 *
 * Formats: as x86.h; Arm Architecture Reference Manual, C4.1 (A64, branches).
 */
#ifndef LOCATE_RETURNS_H
#define LOCATE_RETURNS_H

#include "elf.h"

#define RETURNS_MAX 16

struct returns {
	size_t n;
	uint64_t vaddr[RETURNS_MAX];
};

/* `size`: of the function; 0: not known. 0; -ENOTSUP: not all of its ends can be known, as it
 * jumps through a pointer, or has an end where the kernel takes no probe; -E2BIG: it is too large
 * or has too many; -EBADMSG: code that is not understood. */
int returns_find(const struct elf *e, uint64_t function, uint64_t size, struct returns *ret);

#endif
