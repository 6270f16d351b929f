/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that could not be delivered, on disk until they can: a directory of segments,
 * each a row of records, taken out in the order they were put in. A ceiling on its bytes: at
 * it the oldest segment goes, and what was in it is counted.
 *
 * Whole at any moment: a record is one write at the end, with checksums of its head and of
 * its content; that it is delivered is one byte written over. So a SIGKILL loses nothing
 * that was added, and doubles at most the one request that was just being answered.
 *
 * Brought to disk without waiting: a sync begins when something was written and the one before
 * has ended. So a power cut takes what was added during the last sync and since
 * (stats.unsynced: as much as one sync takes, milliseconds on most disks), and doubles what
 * was delivered in that time; what it tore is recognised, left out and counted. For the syncs
 * to follow each other, somebody calls spool_synced() when spool_fd() is readable.
 *
 *   NNNNNNNN.seg   record*
 *   record         magic "GTS1", state u8 (0 waits, 1 delivered), 0 u8[3], content's length
 *                  u32, units u32, CRC-32 of the content u32, CRC-32 of all these but the
 *                  state u32; then the content. Little-endian
 *
 * Files are 0600: with content capture on they hold prompts.
 */
#ifndef OTLP_SPOOL_H
#define OTLP_SPOOL_H

#include "buf.h"

struct spool;

/* Units are spans, data points, log records. */
struct spool_stats {
	uint64_t units;	   /* that wait */
	uint64_t dropped;  /* at the ceiling */
	uint64_t damaged;  /* whose content or head was not whole: units where they are known */
	uint64_t bytes;	   /* on disk */
	uint64_t unsynced; /* of them, what a power cut would take */
	uint64_t sync_failures;
};

/* Makes it (0700), and those above it, where they are not there. 0 or -errno. */
int spool_make_dir(const char *dir);
/* Makes the directory (0700) when it is not there, and reads what is in it. 0; -EBUSY:
 * another process has it; or -errno. */
int spool_open(struct spool **ret, const char *dir, uint64_t bytes_max);
void spool_close(struct spool *s); /* NULL is fine; what waits stays */
/* 0; -ENOSPC: it does not fit; or -errno: it is not in it. */
int spool_add(struct spool *s, struct slice content, uint32_t units);
/* The oldest one that waits, in `to` (emptied first). 1; 0: there is none; or -errno. */
int spool_peek(struct spool *s, struct buf *to, uint32_t *ret_units);
/* The one that was peeked at: it is delivered, or waits on and may be given up. */
void spool_done(struct spool *s);
void spool_put_back(struct spool *s);
/* -1: this kernel or sandbox has no asynchronous sync, the kernel writes when it likes to. */
int spool_fd(const struct spool *s);
void spool_synced(struct spool *s);
const struct spool_stats *spool_stats(const struct spool *s);

#endif
