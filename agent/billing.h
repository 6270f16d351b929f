/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of agent/account: which price lists and rules of identity are in
 * force, and that a list that was replaced is taken within seconds.
 */
#ifndef BILLING_H
#define BILLING_H

#include "account.h"
#include "clues.h"
#include "identity.h"
#include "loop.h"
#include "options.h"

/* Where a newer list may be dropped in without touching the configuration. */
#define BILLING_DROPPED "/var/lib/gentap/prices.json"

struct billing {
	struct price_book book;
	struct account *account;
	struct identity *identity;
	struct clue_config clues; /* what the rules want of requests; for the decoder */
	struct loop_source *timer;
};

/* `salt` is for fingerprints of API keys. 0, or -errno after an error line on stderr. */
int billing_start(struct billing *b, const struct options *o, struct loop *loop,
		  const uint8_t salt[16]);
/* Between the tracer and the sinks. */
void billing_span(struct billing *b, struct span *s);
/* Prices and rules of identity as the configuration has them now; one that is wrong leaves
 * everything as it is, and is said on stderr. */
void billing_reload(struct billing *b, const struct options *o);
void billing_release(struct billing *b); /* before loop_free; zeroed is fine */
/* The lists alone, for commands that only look at them. */
int billing_open_book(struct price_book *b, const struct options *o);

#endif
