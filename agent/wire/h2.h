/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 (RFC 9113) of one observed connection: two directions of bytes in, heads,
 * bodies and ends per stream out. Any split of the input gives the same callbacks,
 * but for how body bytes are cut.
 *
 * Directions are the caller's 0 and 1. The client is found by its preface, or by its
 * first request head when the connection was joined midway (h2_join); prior
 * knowledge and h2c differ only in h2_upgrade().
 *
 * Losses. A hole inside the payload of one frame leaves the framing exact: in DATA it
 * is passed on with its size, in a field block the block is lost. Any other hole loses
 * the place: the streams of that direction are told of a hole of unknown size (0), and
 * reading goes on where frames plausibly begin again, which only h2_mark() can show
 * (resync.h). A lost field block makes the HPACK table unknown; hpack.h tells what can
 * still be read, exactly; heads with fields left out are marked `inferred`. A response
 * whose head was lost gets an empty, inferred head before its first body byte.
 *
 * Only streams whose request was seen to begin are reported; frames of others are
 * skipped. Pushed streams are decoded and dropped. Informational heads are skipped.
 *
 * Ceilings: H2_STREAMS_MAX open streams (the oldest makes way, counted), H2_BLOCK_MAX
 * coded and HTTP_HEAD_MAX decoded bytes of a head, HPACK_TABLE_MAX per direction,
 * RESYNC_HELD_MAX while lost. Nothing of a body is kept.
 */
#ifndef WIRE_H2_H
#define WIRE_H2_H

#include "h2_frame.h"
#include "hpack.h"
#include "http.h"
#include "resync.h"
#include "table.h"

#define H2_STREAMS_MAX 1024
#define H2_BLOCK_MAX (256 * 1024)
#define H2_ROLE_UNKNOWN (-1)

enum h2_half { H2_IDLE, H2_OPEN, H2_ENDED }; /* one direction of a stream */

struct h2_stream {
	uint32_t id;
	void *user; /* the caller's; given back by `closed` */
	enum h2_half half[2];
	bool damaged[2];   /* bytes of it may be missing */
	bool client_reset; /* ended by the client's RST_STREAM: nobody waits for the rest */
	uint64_t last;	   /* the connection's `closed` count at its latest frame */
};

/* Called synchronously from the functions below; may not call them. `user` is NULL at
 * the first head. Order per stream: request head first; `end` once for each direction
 * that had a head; `closed` once, last. Trailers come before the end. */
struct h2_sink {
	void *ctx;
	void (*head)(void *ctx, struct h2_stream *s, int dir, const struct http_head *head);
	void (*trailers)(void *ctx, struct h2_stream *s, int dir, const struct http_head *fields);
	void (*body)(void *ctx, struct h2_stream *s, int dir, struct slice data);
	void (*hole)(void *ctx, struct h2_stream *s, int dir, uint64_t len); /* 0: not known */
	void (*end)(void *ctx, struct h2_stream *s, int dir, enum http_end how);
	void (*closed)(void *ctx, struct h2_stream *s);
};

/* For who writes a connection anew (flow/mask_h2.c): what was read of a direction, in its
 * order. Parts of a frame come as they arrive; a field block comes once it is whole, its
 * frames are not shown. Called before the sink; may not call back. */
enum h2_part { H2_PART_PREFACE, H2_PART_PREFIX, H2_PART_CONTENT, H2_PART_PADDING };

struct h2_block {
	uint32_t stream;
	bool ends_stream;
	bool pushed;
	const struct http_field *fields; /* pseudo fields too; lent */
	size_t n_fields;
	size_t omitted;
	bool readable;
};

struct h2_tap {
	void *ctx;
	void (*frame)(void *ctx, int dir, const struct h2_frame *f); /* its header */
	void (*part)(void *ctx, int dir, const struct h2_frame *f, enum h2_part part,
		     struct slice data); /* f is NULL for the preface */
	void (*block)(void *ctx, int dir, const struct h2_block *b);
	/* len bytes of the frame's payload are missing. */
	void (*hole)(void *ctx, int dir, const struct h2_frame *f, uint64_t len);
	/* The place is lost; len bytes are missing, 0: what came made no sense. */
	void (*lost)(void *ctx, int dir, uint64_t len);
	/* It is found again where a record began, skipped bytes later. */
	void (*found)(void *ctx, int dir, uint64_t skipped);
};

struct h2_stats {
	uint64_t frames;
	uint64_t bad_frames;	 /* illegal ones: the place was given up */
	uint64_t losses;	 /* times the place was lost, or not known from the start */
	uint64_t resyncs;	 /* times it was found again */
	uint64_t skipped_bytes;	 /* while it was lost */
	uint64_t fields_omitted; /* unknown HPACK references */
	uint64_t blocks_lost;	 /* field blocks damaged, too large, or no HPACK */
	uint64_t streams_evicted;
	uint64_t no_memory;
};

enum h2_state { H2_IN_PREFACE, H2_IN_HEADER, H2_IN_PAYLOAD, H2_LOST };

struct h2_dir {
	enum h2_state state;
	uint8_t fixed[24]; /* preface, frame header, or a setting: what must be whole */
	size_t fixed_len;
	struct h2_frame frame;
	uint32_t prefix, content, padding; /* bytes of the payload still to come */

	struct buf block; /* field block in the making */
	uint32_t block_stream;
	bool in_block, block_ends_stream, block_pushed, block_damaged;
	struct hpack hpack;

	uint32_t frame_max;	  /* the other side's SETTINGS_MAX_FRAME_SIZE */
	uint32_t table_max;	  /* its newest SETTINGS_HEADER_TABLE_SIZE … */
	unsigned int unconfirmed; /* … and how many SETTINGS of it await their ACK */
	struct resync resync;
	uint64_t skipped; /* bytes since the place was lost */
};

struct h2 {
	struct h2_sink sink;
	const struct h2_tap *tap; /* NULL: nobody's; set after h2_init() */
	int client;		  /* direction, or H2_ROLE_UNKNOWN */
	struct h2_dir dirs[2];
	struct table streams;
	bool waiting;	  /* for the request of a response: this feed may stop */
	uint32_t last_id; /* of the client's streams */
	uint64_t closed;  /* streams */
	size_t n_damaged; /* open streams with damage: they may have ended unseen */
	struct h2_stats stats;
};

/* client: its direction if known, else H2_ROLE_UNKNOWN. `trailers` may be NULL. */
void h2_init(struct h2 *h, int client, const struct h2_sink *sink);
/* Before any feed: this direction is not seen from its first byte on. */
void h2_join(struct h2 *h, int dir);
void h2_release(struct h2 *h); /* open streams are only `closed` */

/* 0, or -EBADMSG when the place was lost within these bytes. Memory that runs out
 * costs what was in the making and is counted. */
int h2_feed(struct h2 *h, int dir, const void *data, size_t len);
/* The same, but stops where a response begins whose request has not come to its end: a
 * reading thread's record may overtake that of the writing one. 1 then, else 0; *ret_used bytes
 * were taken. The next h2_feed of this direction, even an empty one, does not wait. */
int h2_feed_waiting(struct h2 *h, int dir, const void *data, size_t len, size_t *ret_used);
int h2_hole(struct h2 *h, int dir, uint64_t len); /* 0: size not known */
/* The next byte of this direction is the first of a record or call of len bytes (0: not
 * known). Does nothing unless the place is lost; then it may call back. */
void h2_mark(struct h2 *h, int dir, uint64_t len);
bool h2_lost(const struct h2 *h, int dir);
/* The connection ended: so do all streams. */
void h2_eof(struct h2 *h);

/* After an HTTP/1.1 upgrade to h2c: the request becomes stream 1, ended in the client's
 * direction; `settings` is the value of its HTTP2-Settings field (RFC 7540, section
 * 3.2), absent when it is not known. To be called before any feed. 0, -EBADMSG for the settings,
 * -ENOMEM. */
int h2_upgrade(struct h2 *h, int client, struct slice settings, void *user);

/* Could these be the first bytes of a client? True as long as nothing contradicts. */
bool h2_plausible_preface(const void *data, size_t len);
/* Could a frame begin here, on a connection joined midway? False with fewer than 9 bytes. */
bool h2_plausible_frame(const void *data, size_t len);

#endif
