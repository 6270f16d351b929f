/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows processes and puts the probes into them, in a thread of its own: a process that
 * has mapped its TLS library uses it within milliseconds, which the loop that decodes
 * traffic does not have to spare. The thread goes before ordinary ones where that is
 * permitted, for a little at a time (urgent.h).
 *
 * All functions are for the agent's main thread, which may wait for the watcher's current
 * step: an attach, well below a millisecond.
 */
#ifndef PROBE_WATCHER_H
#define PROBE_WATCHER_H

#include "kern.h"
#include "observed.h"

struct watcher;

/* Existing processes are attached when it returns. kern is borrowed. 0 or -errno. */
int watcher_new(struct watcher **ret, struct kern *kern, const struct probe_config *config);
/* Takes all probes out; ends that were not taken are dropped. NULL is fine. */
void watcher_free(struct watcher *w);

/* Readable when processes have ended, or turned into other programs. */
int watcher_fd(const struct watcher *w);
/* Those, oldest first, linked by `next`; each to be given back. NULL: none. */
struct observed *watcher_take_ended(struct watcher *w);
void watcher_give_back(struct watcher *w, struct observed *o);

/* What is known of the process: of its oldest end that was not taken yet, else as it is
 * now. Lends, until that end is given back. NULL: it is not observed. */
struct process *watcher_process(struct watcher *w, uint32_t tgid);
/* Observes this process (and children) from now on, whatever the filter says. */
/* See probe_explain. */
bool watcher_explain(struct watcher *w, uint32_t tgid, uint64_t since_ns, struct probe_reason *ret);
int watcher_add_pid(struct watcher *w, uint32_t pid);

/* What the traffic tells of a process: much of it is of no interest; it opens a connection
 * while it is parked; a connection of it is wanted. */
void watcher_is_hot(struct watcher *w, uint32_t tgid);
void watcher_connects(struct watcher *w, uint32_t tgid);
void watcher_is_wanted(struct watcher *w, uint32_t tgid);
/* Its standard streams carry no MCP. */
void watcher_no_stdio(struct watcher *w, uint32_t tgid);

/* Fills in what it knows. */
void watcher_read_stats(struct watcher *w, struct probe_stats *ret);
/* Every observed process; fn may read it, and its process when it has one. */
void watcher_each(struct watcher *w, void (*fn)(void *ctx, const struct observed *o), void *ctx);

#endif
