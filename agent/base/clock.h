/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks, in nanoseconds. Records carry CLOCK_BOOTTIME (monotonic through suspend);
 * spans carry Unix time. The offset between them is taken once, at the start, so
 * that durations never jump when somebody sets the clock; a recorded trace carries
 * the offset of the machine it was made on.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_USEC UINT64_C(1000)

uint64_t clock_mono_ns(void);
uint64_t clock_boot_ns(void);
uint64_t clock_wall_ns(void);
/* Unix time minus boot time, from the tightest of several readings. */
int64_t clock_boot_to_wall_ns(void);

#endif
