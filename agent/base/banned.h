/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that no file of the agent may call. The Makefile includes this header
 * in front of every source file, so that a use does not compile.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Declared before they are poisoned: poison applies to what comes after. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef GENTAP_USES_BPF /* its enumerations are spelled with some of these names */
#include <linux/bpf.h>
#endif

/* Macros in the C library, sprintf with clang; a poisoned name may not be one. */
#undef alloca
#undef sprintf
#pragma GCC poison strcpy strcat strncat sprintf vsprintf strtok atoi atol atoll atof
#pragma GCC poison strtol strtoul sscanf fscanf alloca gets

#endif
