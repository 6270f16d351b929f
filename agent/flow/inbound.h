/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which request is a process answering when it asks a model? Only of processes that ask models.
 * Two rules tell, the better first:
 *
 *  - where one thread reads a request, works on it and writes the answer, the call belongs to the
 *    request that is open on its thread. That a process works so has to be shown, by ANSWERED_MIN
 *    requests; one whose threads have two requests open at once, or answer what another has
 *    read (event loops, goroutines, green threads) never counts again;
 *  - the call says what one of the open requests says (inbound_text.h), and no other does.
 *
 * So a call may be under no request, but not under another's.
 */
#ifndef FLOW_INBOUND_H
#define FLOW_INBOUND_H

#include "buf.h"
#include "inbound_text.h"
#include "list.h"
#include "served.h"
#include "slice.h"
#include "table.h"

#define INBOUND_ANSWERED_MIN 3
#define INBOUND_OPEN_MAX 4096	     /* of one process; more are not looked at */
#define INBOUND_PROCESSES_MAX 4096   /* that ask models; the oldest is forgotten */
#define INBOUND_HELD_MAX (16u << 20) /* bytes of bodies; beyond them they say nothing */

struct inbounds {
	struct table callers; /* tgid → struct caller */
	size_t held;	      /* bytes of bodies that are being read */
	uint64_t unread;      /* bodies for which there was no room */
	uint64_t ambiguous;   /* calls for which several requests were equally likely */
};

struct inbound {
	struct list link; /* in its process's */
	struct caller *caller;
	uint32_t tid; /* that has read it */
	struct served as;
	struct slice method, path; /* owned */
	struct buf body;	   /* until it has come to its end */
	struct inbound_texts texts;
	uint64_t calls;
	int status;
	bool elsewhere; /* another thread answers */
};

void inbounds_init(struct inbounds *t);
void inbounds_release(struct inbounds *t); /* no request is open any more */

/* The process asks a model. */
void inbounds_calls(struct inbounds *t, uint32_t tgid);
bool inbounds_caller(const struct inbounds *t, uint32_t tgid); /* has it asked one? */
/* The process is gone; its requests may still be open. */
void inbounds_forget(struct inbounds *t, uint32_t tgid);

/* A request has been read by this thread; NULL: it is of no interest, or there is no memory. */
struct inbound *inbound_open(struct inbounds *t, uint32_t tgid, uint32_t tid,
			     const struct served *as, struct slice method, struct slice path);
/* Of its body; a hole ends it. */
void inbound_body(struct inbounds *t, struct inbound *in, struct slice data);
void inbound_body_end(struct inbounds *t, struct inbound *in);
/* The answer begins. */
void inbound_answer(struct inbound *in, uint32_t tid, int status);
/* It is at its end; whole: and was answered. Frees it. */
void inbound_close(struct inbounds *t, struct inbound *in, bool whole);

/* What the thread works on, if that is certain; else start_ns is 0. */
struct served inbound_find(const struct inbounds *t, uint32_t tgid, uint32_t tid);
/* What the call says that it is made for; start_ns 0: none, or several. */
struct served inbound_find_by_text(struct inbounds *t, uint32_t tgid, const struct call *c);
/* A call was made for it. False: it is not open any more. */
bool inbound_count(struct inbounds *t, uint32_t tgid, const struct served *as);

#endif
