/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange, seen twice: by the process that asks and by the one that answers, when
 * both run on this host and are observed (over TLS or plain sockets). It counts once: the
 * client's side stays, and learns who answered; the server's is dropped.
 *
 * Both sides of a TCP connection have the same two ends, mirrored. While (or shortly
 * before) the client's side is known, each exchange of the server's side is the twin of
 * one of its, and as many are dropped as the client's side has begun. Which of them is
 * which does not matter, nor in what order their records come. Where the client's side is
 * not seen, nothing is dropped. Network namespaces are not told apart: two loopbacks with
 * the same two ports would have to carry calls at the same time.
 */
#ifndef FLOW_TWINS_H
#define FLOW_TWINS_H

#include "gentap_event.h"
#include "process.h"
#include "slice.h"
#include "table.h"

struct twins {
	struct table conns; /* struct twin_key → struct twin, by the client's side */
};

void twins_init(struct twins *t, size_t conns_max);
void twins_release(struct twins *t);

/* The client's side of a connection begins an exchange; first: its first. 0 or -ENOMEM. */
int twins_ask(struct twins *t, const struct gentap_bind *client, bool first);
/* It has ended, at end_ns (Unix time as below). */
void twins_end(struct twins *t, const struct gentap_bind *client, uint64_t end_ns);
/* The server's side has seen a request that began at start_ns: remembers the process. */
void twins_answer(struct twins *t, const struct gentap_bind *server, struct process *process,
		  uint64_t start_ns);
/* An exchange of the server's side makes its first call: is it one of the client's? Each of
 * those answers once. */
bool twins_take(struct twins *t, const struct gentap_bind *server, uint64_t start_ns);
/* Who answers the client's requests; NULL: not seen. Lends. */
struct process *twins_server(const struct twins *t, const struct gentap_bind *client);

#endif
