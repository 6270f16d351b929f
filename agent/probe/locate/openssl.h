/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to observe OpenSSL (1.1, 3) and what has its functions, by symbols.
 *
 * A probe costs what the kernel must do for the instruction under it: a call, a jump or a
 * push it emulates, anything else it executes apart and traps again, at six times the
 * price. So, on x86-64, for SSL_read and SSL_write the points are, where the compiler left
 * them, the call of the inner function and the branch on its result:
 *
 *	call ssl_read_internal   arguments 1 to 4 (5) in their registers
 *	test eax, eax
 *	jle                      the result in eax, the length where argument 4 pointed
 *
 * The _ex functions have no such branch: theirs is the instruction behind the call. Everything
 * else gets the classic pair: first instruction and returns (returns.h).
 */
#ifndef LOCATE_OPENSSL_H
#define LOCATE_OPENSSL_H

#include "locate.h"

extern const struct locator openssl_by_symbols;
/* Stripped and linked into a larger file: the inner functions, by the names (3.0 and later:
 * __func__) or the numbers (1.1) that they report errors under. */
extern const struct locator openssl_by_names;

#endif
