/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans into a database, as a sink. A thread of its own writes them, a batch each
 * quarter of a second, so that a slow disk holds up nobody; what a killed agent loses is
 * what came in since the last batch. While the database cannot be written (full,
 * read-only, gone) spans wait in a queue with a ceiling; those beyond it are lost, which
 * is counted and said.
 *
 * All functions are for the thread that made it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "span.h"

#define STORE_QUEUE_MAX 65536			   /* spans */
#define STORE_QUEUE_BYTES_MAX (128u * 1024 * 1024) /* of them together */

struct store_config {
	const char *path;
	struct slice host_name; /* copied; for spans that do not name their host */
	bool must_open;		/* fail when it cannot be opened now; else try again later */
	uint64_t keep_ns;	/* spans that ended longer ago are deleted; 0: never */
	uint64_t max_bytes;	/* of the file: beyond it the oldest spans go; 0: no limit */
};

struct store_stats {
	uint64_t spans; /* handed to store_span and store_connection; so all below */
	uint64_t written;
	uint64_t duplicates; /* stood there already */
	uint64_t queued;     /* wait to be written */
	uint64_t lost_full;  /* the queue was full */
	uint64_t lost_other; /* too big, no memory, or left at the end */
	uint64_t errors;     /* batches that could not be written, and were kept */
	uint64_t expired;    /* spans deleted by age or size */
	int last_error;	     /* -errno of the last batch; 0: it went well */
};

/* A portion of the traffic between a process and an endpoint. What is 0 or absent here
 * leaves what is known of them. */
struct store_connection {
	const struct process *process; /* NULL: not known */
	uint32_t pid;
	const char *library;   /* NULL: not known */
	struct slice endpoint; /* absent: not known */
	const char *reason;    /* why not all of it is decoded; NULL: it is */
	const char *remedy;    /* NULL: none */
	uint64_t calls;
	/* Negative: an earlier portion is withdrawn. */
	int64_t bytes_decoded, bytes_partial, bytes_opaque;
	uint64_t first_ns, last_ns; /* Unix time */
};

struct store;

int store_new(struct store **ret, const struct store_config *config);
/* Writes what is queued, waiting at most timeout_ms; 0, or -ETIMEDOUT. */
int store_flush(struct store *s, uint64_t timeout_ms);
/* One more try to write what is queued; what is left is lost. NULL is fine. */
void store_free(struct store *s);

/* For struct span_sink; ctx is the store. */
void store_span(void *store, struct span *span);
/* Adds to the coverage ledger (ledger.h); all is lent. */
void store_connection(struct store *s, const struct store_connection *c);
void store_read_stats(struct store *s, struct store_stats *ret);

#endif
