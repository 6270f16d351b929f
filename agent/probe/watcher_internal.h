/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the watcher share: watcher.c has the thread and answers the main one,
 * watcher_follow.c does what discovery tells. Under the lock, all of it.
 */
#ifndef PROBE_WATCHER_INTERNAL_H
#define PROBE_WATCHER_INTERNAL_H

#include "discover.h"
#include "jvms.h"
#include "primer.h"
#include "urgent.h"
#include "watcher.h"

#include <pthread.h>

#define PARK_TICK_NS NSEC_PER_SEC

struct watcher {
	struct kern *kern;
	pthread_t thread;
	bool started;
	struct urgent urgent; /* the thread's */
	int told_fd;	      /* the main thread looks at `ended` */
	int asked_fd;	      /* the thread looks at its timers again, and at `quit` */
	/* The thread holds it while it handles events, the others for moments. */
	pthread_mutex_t lock;
	bool quit;
	struct loop *loop;
	struct reaper *reaper;
	struct primer *primer;
	struct discover *discover;
	struct targets targets;
	struct jvms *jvms;	       /* NULL: JVMs are not to be observed */
	struct table processes;	       /* tgid → struct observed */
	struct observed *pending;      /* to be attached when the loop gets to it */
	struct loop_source *on_attach; /* fires then */
	struct loop_source *on_park;   /* while anything is parked */
	/* Those whose exec was not over when /proc was asked what they are. */
	struct observed *unread;
	uint64_t unread_delay_ns;
	struct loop_source *on_unread;
	struct loop_source *on_asked;
	struct observed *ended, **ended_end;
	uint64_t attach_errors;
	uint64_t short_processes;
	bool one_tree;		       /* only descendants of named processes are observed */
	size_t n_stdio;		       /* processes whose standard streams are watched */
	struct loop_source *stdio_off; /* fires when there have been none for a while */
};

/* watcher.c: adds 1 to an eventfd. */
void watcher_signal(int fd);

/* watcher_stdio.c: which processes may serve MCP over their standard streams? */
/* Is it, or is what started it, an agent? As far as that can be told: it uses TLS. */
bool stdio_may_be_agent(const struct watcher *w, uint32_t tgid);
uint32_t stdio_parent_of(uint32_t tgid); /* 0: not known */
/* A process has begun. */
void stdio_check(struct watcher *w, struct observed *o);
/* One that it was not known of calls TLS: what it has started may be of interest. */
void stdio_check_all(struct watcher *w);
/* They are of no interest (any more). */
void stdio_drop(struct watcher *w, struct observed *o);
void stdio_on_timer(void *ctx);

/* watcher_follow.c */
extern const struct discover_sink watcher_follows; /* but for its ctx */
struct observed *watcher_find(const struct watcher *w, uint32_t tgid);
void watcher_ask_jvm(struct watcher *w, struct observed *o); /* for its java_problem */
/* The timers, and what the scout tells. ctx is the watcher. */
void watcher_attach_pending(void *ctx);
void watcher_check_parked(void *ctx);
void watcher_read_unread(void *ctx);
void watcher_on_found(void *ctx, const uint32_t *tgids, size_t n);

#endif
