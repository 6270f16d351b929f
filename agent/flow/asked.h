/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of processes that act (pipeline.h) to others than models: what is kept of one until
 * it is answered. What turns out to be a call is told as such, and not here.
 */
#ifndef FLOW_ASKED_H
#define FLOW_ASKED_H

#include "exchange.h"

/* Its head has come. As long as it is open, its connection is not ignored. */
void asked_open(struct exchange *x, const struct http_head *head);
void asked_answer(struct exchange *x, int status);
/* It is at its end; `tell` where that, or that there is none, may be told. */
void asked_close(struct exchange *x, bool tell, bool whole, uint64_t ts_ns);

#endif
