/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which directory of a spool is whose. What waits for a destination must never go out to
 * another: not to one of the same URL with other headers, which is another customer of the
 * same backend. So the name is a hash of all that makes a destination, headers in any order;
 * keyed (SipHash, the key is made once and lies beside, 0600), for no header to be guessed
 * from it.
 */
#ifndef OTLP_SPOOL_PLACE_H
#define OTLP_SPOOL_PLACE_H

#include "exporter.h"

struct spool_place {
	const char *base;
	uint8_t key[16];
};

/* Makes the directory (0700, and those above it) and the key where they are not there. 0 or
 * -errno. */
int spool_place_init(struct spool_place *p, const char *base);
/* The directory of this destination; the caller frees it. 0 or -ENOMEM. */
int spool_place_for(const struct spool_place *p, const struct otlp_options *o, char **ret);
/* Each directory of a spool in which something waits and that is not of any of `used`: nobody
 * sends it. Calls `orphan` with its name and bytes. */
void spool_place_orphans(const struct spool_place *p, const char *const *used, size_t n_used,
			 void (*orphan)(void *ctx, const char *dir, uint64_t bytes), void *ctx);

#endif
