/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to try again: the OTLP specification's rules, as functions of what was answered.
 * Pure.
 */
#ifndef OTLP_RETRY_H
#define OTLP_RETRY_H

#include "slice.h"

enum retry_verdict {
	RETRY_DONE,   /* accepted, wholly or in part */
	RETRY_AGAIN,  /* later */
	RETRY_SPLIT,  /* too large as it is */
	RETRY_REFUSED /* for good */
};

/* By the HTTP status; 0: no answer. */
enum retry_verdict retry_verdict(int status);
/* By grpc-status, whether RetryInfo came with it, and grpc-message. */
enum retry_verdict retry_verdict_grpc(int status, bool retry_info, struct slice message);
/* The delay that google.rpc.RetryInfo in grpc-status-details-bin (base64) asks for; -1:
 * there is none. */
int64_t retry_info_ms(struct slice details);

/* Retry-After (RFC 9110 section 10.2.3), seconds or any of the three forms of a date, as
 * milliseconds from wall_ns. -1 when it says neither; a date that has passed is 0. */
int64_t retry_after_ms(struct slice value, uint64_t wall_ns);

/* The n-th wait (from 0): base doubled n times, at most max, of which `random` takes up
 * to a half away, so that many agents do not come back together. Never 0. */
uint64_t retry_backoff_ms(uint64_t base_ms, uint64_t max_ms, unsigned int n, uint32_t random);

#endif
