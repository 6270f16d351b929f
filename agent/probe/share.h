/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that are in every process that maps a file. The kernel puts them in with the mapping
 * itself, so a process that maps the file later is observed from its first instruction. Probes
 * for one process come after it was noticed, and may wait for a grace period of the kernel's:
 * the shortest-lived are gone by then.
 *
 * Who is not observed is to pay nothing. So a file is shared only where the filter names nobody
 * to observe, while no process that it leaves out maps the file (the agent itself apart), and
 * until one that maps it is parked; from then on each process has its own, for good.
 *
 * Only what the first mount namespace has under the same path is shared: layers of containers
 * show one file under several numbers, and its probes would fire once for each; and what is
 * shared is held open, which must not keep a container's file system from going.
 */
#ifndef PROBE_SHARE_H
#define PROBE_SHARE_H

#include "target.h"

/* Puts in what of the file is not in yet. False: it is not shared. ex: see finding_points. */
bool share_attach(struct target *t, const struct kern *k, bool ex);
/* Takes the probes out, and waits until they are: for good. */
void share_end(struct target *t);
/* A process that is left out maps the file. */
void share_forbid(struct targets *ts, uint64_t dev, uint64_t inode);
/* May a file that was not known before be shared? One that is, and may be the same, is not any
 * more then. */
bool share_may(struct targets *ts, const struct target *t);
/* All, in the background; before targets_release. */
void share_release(struct targets *ts);

#endif
