/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /metrics, /healthz and /readyz over HTTP, on the agent's own loop and in no thread:
 * what is read is never half written. It answers once the loop runs, which is when probes
 * are attached: ready is who answers.
 */
#ifndef SCRAPE_H
#define SCRAPE_H

#include "expose.h"
#include "loop.h"

#define SCRAPE_VALUES_MAX 128

struct scrape;

/* The agent's own numbers, at most SCRAPE_VALUES_MAX of them; returns how many. */
typedef size_t (*scrape_own_fn)(void *ctx, struct expose_value *to);

struct scrape_config {
	int listen_fd; /* taken, also when it fails */
	const struct metrics *metrics;
	scrape_own_fn own;
	void *ctx;
};

/* 0 or -errno. What the configuration points to must outlive it. */
int scrape_new(struct scrape **ret, struct loop *loop, const struct scrape_config *config);
void scrape_free(struct scrape *s); /* before loop_free; NULL is fine */

#endif
