/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the plaintext of an observed process's TLS was not seen: the first of these that is
 * true, as a sentence that names what to look at.
 *
 *   the filter leaves the process out           filtered by the user
 *   probes were refused                         no privilege, or the kernel's own reason
 *   it is a JVM, and our agent is not in it     no locator
 *   probes came after the connection            attached too late
 *   its executable is, or was, being searched   attached too late, the first time of a build
 *   a TLS library without a place for probes    no locator for its build-id
 *   no TLS library                              no locator for its build-id
 *   probes were there                           another TLS library carried it
 */
#ifndef PROBE_EXPLAIN_H
#define PROBE_EXPLAIN_H

#include "observed.h"
#include "probe.h"

/* since_ns: when the connection began (CLOCK_BOOTTIME). */
void explain_unread(struct observed *o, uint64_t since_ns, struct probe_reason *ret);

#endif
