/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded trace: what the ring delivered, so that it can be decoded again.
 *
 * Format (version 2, little endian). Header: "gentap\n\0", u32 version, u32 ABI
 * version, i64 boot_to_wall_ns, 16 bytes 0. Then frames: u32 type, u32 length,
 * payload. Frame types: 1 record (struct gentap_event and its payload), 2 process (JSON
 * object: the fields of struct process; stands before the process's first record), 3
 * process exit (u32 tgid, u32 0, u64 ts_ns), 4 exec (same), 5 end (u64 records, u64 lost:
 * not kept for want of memory, u64 bare: written without their payload, u64 lost_records:
 * gaps in seq of what was recorded). Readers skip unknown types and what a known frame has
 * beyond these. A file without an end frame was cut off: what is there still replays.
 *
 * Secret-free: before a byte is written, flow/masker.c overwrites secrets with 'x'. HTTP/1
 * keeps its lengths. HTTP/2 and WebSocket connections are written anew (masked values as
 * plain literals, messages as plain frames), so that seq, pos and call_len of the records
 * are those of the connection as it is written: in order, without repetition, and with
 * holes (data_len 0, NOCOPY) of the size of what was lost. What could not be understood is
 * a hole too: connections of other protocols, and all that comes before a call that begins
 * like a head. Of exchanges that are no calls the bodies are overwritten (flow/gate.h).
 *
 * Version 1 differs in this: HTTP/2 connections have no payload, lost_records is absent.
 */
#ifndef FLOW_TRACEFILE_H
#define FLOW_TRACEFILE_H

#include "gentap_event.h"
#include "pipeline.h"

#include <stdio.h>

#define TRACEFILE_CONNS_MAX 16384 /* whose masking state is kept; the oldest one ends */

struct tracefile_writer;

/* Takes `file` (written with buffering; errors are sticky and told by close). */
int tracefile_writer_new(struct tracefile_writer **ret, FILE *file, int64_t boot_to_wall_ns);
/* Who knows which processes ask models? Of those, what other requests tell of their calls is kept
 * (gate.h). Without it nobody is known to. */
void tracefile_writer_ask(struct tracefile_writer *w, bool (*asks)(void *ctx, uint32_t tgid),
			  void *ctx);
/* 0, -EBADMSG for what is no record, or the first error of writing. */
int tracefile_write_record(struct tracefile_writer *w, const void *record, size_t len);
int tracefile_write_process(struct tracefile_writer *w, const struct process *p);
int tracefile_write_exit(struct tracefile_writer *w, uint32_t tgid, uint64_t ts_ns, bool exec);
/* Writes the end frame, flushes, closes and frees. First error of its life, or 0. */
int tracefile_writer_close(struct tracefile_writer *w);

/* Feeds a whole file into a pipeline made by this function from *config (its
 * boot_to_wall_ns is replaced by the file's). The sink's `process` is not used: the file
 * names its processes. *ret_stats of the pipeline at its end. 0; -EBADMSG not a trace or
 * another version (*ret_error says what); -EIO; -ENOMEM. */
int tracefile_replay(FILE *file, const struct pipeline_config *config,
		     const struct pipeline_sink *sink, struct pipeline_stats *ret_stats,
		     const char **ret_error);

#endif
