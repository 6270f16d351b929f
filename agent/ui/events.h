/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is new, told to every open page: server-sent events (WHATWG HTML, 9.2). One
 * event, "change", with the number of the store's last commit that was seen; pages ask
 * again for what they show. A comment every 15 s keeps the stream open.
 */
#ifndef UI_EVENTS_H
#define UI_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct events;
struct events_reader;

int events_new(struct events **ret);
void events_free(struct events *e); /* after events_stop, and after all readers are gone */
/* Something was committed: wakes every reader. */
void events_publish(struct events *e, uint64_t version);
/* Ends all readers: their next read says the end. */
void events_stop(struct events *e);

/* 0, -EBUSY when too many are open, -ENOMEM. */
int events_open(struct events *e, struct events_reader **ret);
void events_close(struct events_reader *r);
/* Blocks until there is something to send; the bytes written, or -1 at the end. */
ssize_t events_read(struct events_reader *r, char *to, size_t size);

#endif
