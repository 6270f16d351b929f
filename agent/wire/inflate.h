/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content codings (RFC 9110, section 8.4), streamed: gzip (RFC 1952), deflate (zlib
 * or raw, both occur), br (RFC 7932), zstd (RFC 8878), identity, and lists of them.
 *
 * What can be decoded is passed on with the feed that brought it. `out_max` bounds the
 * decoded bytes of one body; a ratio ceiling bounds bombs while they are still small;
 * both hold for each coding of a list. A hole ends decoding: none can resume.
 *
 * Memory: at most INFLATE_CODINGS_MAX decoders, each with 16 KiB and its window (gzip
 * and deflate 32 KiB, br 16 MiB, zstd 8 MiB, which is what RFC 9659 allows on the web).
 */
#ifndef WIRE_INFLATE_H
#define WIRE_INFLATE_H

#include "slice.h"

#define INFLATE_RATIO_MAX                                                                          \
	250 /* decoded : coded, once past INFLATE_RATIO_FREE; gzip cannot pass 1032 */
#define INFLATE_RATIO_FREE (1024 * 1024) /* decoded bytes that are always allowed */
#define INFLATE_CODINGS_MAX 4

struct inflate;

typedef void (*inflate_out_fn)(void *ctx, struct slice data);

/* `coding` is the value of Content-Encoding; the absent slice means identity.
 * 0, -EPROTONOSUPPORT for an unknown coding or too many of them, -ENOMEM. */
int inflate_new(struct inflate **ret, struct slice coding, uint64_t out_max, inflate_out_fn out,
		void *ctx);
void inflate_free(struct inflate *i);
/* 0; -EBADMSG garbage; -ENOBUFS at a ceiling (exactly out_max bytes were passed on, if
 * it is that one); -ENOMEM. After an error, every feed returns it. Several gzip members
 * or zstd frames in a row are one body; what else follows the end of a coding is passed
 * over, except behind a zstd frame, where it is garbage. */
int inflate_feed(struct inflate *i, const void *data, size_t len);
/* True when each coding's own end was seen (identity: always). */
bool inflate_complete(const struct inflate *i);

#endif
