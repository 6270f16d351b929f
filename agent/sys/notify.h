/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the service manager how we are. Format: sd_notify(3), "Notes": datagrams of
 * VARIABLE=value lines to the unix socket $NOTIFY_SOCKET.
 */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

#include <stdint.h>

/* For instance "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..."; several, one a line.
 * Never blocks. 1: sent; 0: nobody asks; or -errno. */
int notify_send(const char *state);
/* How often WATCHDOG=1 must come at the latest; 0: never. Send it twice as often. */
uint64_t notify_watchdog_ns(void);

#endif
