/* SPDX-License-Identifier: Apache-2.0 */
#include "price_builtin.h"

/* The file itself, as made by agent/account/prices/extract.mjs. */
__asm__(".section .rodata\n"
	".global price_builtin_begin, price_builtin_end\n"
	"price_builtin_begin:\n"
	".incbin \"" PRICES_JSON "\"\n"
	"price_builtin_end:\n"
	".previous\n");

extern const char price_builtin_begin[], price_builtin_end[];

struct slice price_builtin(void)
{
	return (struct slice){ price_builtin_begin,
			       (size_t)(price_builtin_end - price_builtin_begin) };
}
