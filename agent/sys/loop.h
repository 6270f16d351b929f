/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread's event loop: epoll, timers, signals. Sources are owned by the loop and
 * removed by handle; a callback may remove any source, its own included, and may call
 * loop_run_once. Nothing here is safe to call from another thread or a signal handler.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_source;

typedef void (*loop_fd_fn)(void *ctx, int fd, uint32_t events); /* EPOLLIN … */
typedef void (*loop_timer_fn)(void *ctx);
typedef void (*loop_signal_fn)(void *ctx, int signo);

int loop_new(struct loop **ret);
void loop_free(struct loop *l); /* removes all sources; fds stay open */

/* Level-triggered. Remove the source before closing the fd: the number may be reused. */
int loop_add_fd(struct loop *l, struct loop_source **ret, int fd, uint32_t events, loop_fd_fn fn,
		void *ctx);
int loop_set_events(struct loop_source *s, uint32_t events);
/* Fires once, after_ns from now; arm again with loop_set_timer (0 disarms). */
int loop_add_timer(struct loop *l, struct loop_source **ret, uint64_t after_ns, loop_timer_fn fn,
		   void *ctx);
int loop_set_timer(struct loop_source *s, uint64_t after_ns);
/* Blocks the signal in this thread and delivers it here (signalfd); removing the source
 * restores the mask. Add signals before starting threads. */
int loop_add_signal(struct loop *l, struct loop_source **ret, int signo, loop_signal_fn fn,
		    void *ctx);
void loop_remove(struct loop_source *s); /* NULL is fine */

/* Until loop_quit. 0 or -errno. */
int loop_run(struct loop *l);
/* Handles what is ready, waiting at most timeout_ms (-1: for ever). The number of
 * callbacks called, or -errno. */
int loop_run_once(struct loop *l, int timeout_ms);
void loop_quit(struct loop *l);
/* fn(ctx, true) before each wait, fn(ctx, false) after it: a place to give up a lock that
 * is held while callbacks run, so that others may arm the timers of this loop. */
void loop_on_wait(struct loop *l, void (*fn)(void *ctx, bool waits), void *ctx);

#endif
