/* SPDX-License-Identifier: Apache-2.0 */
/* The generated skeleton of the kernel programs, which uses the kernel's type names. */
#ifndef PROBE_SKEL_H
#define PROBE_SKEL_H

#include <linux/types.h>
#include <stdbool.h>

typedef __u32 u32;
typedef __u64 u64;

#include "gentap.skel.h"

#endif
