/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart/form-data (RFC 7578, RFC 2046 section 5.1), push style: one callback per
 * part, at its end. Text fields come with their value, up to `value_max`; of files only
 * the size is kept. Any split of the input gives the same parts.
 *
 * A hole marks the part it falls into as damaged; if a boundary was in it, what stood
 * before and after it comes as one damaged part.
 */
#ifndef WIRE_MULTIPART_H
#define WIRE_MULTIPART_H

#include "buf.h"

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_HEAD_MAX 8192

/* Lent until the callback returns. Absent is what the part does not have. */
struct multipart_part {
	struct slice name;
	struct slice filename;
	struct slice content_type;
	struct slice value; /* absent for files and damaged parts */
	uint64_t size;	    /* of the content, holes included */
	bool truncated;	    /* value is only its beginning */
	bool damaged;
};

typedef void (*multipart_part_fn)(void *ctx, const struct multipart_part *part);

enum multipart_state {
	MULTIPART_PREAMBLE,
	MULTIPART_AFTER_BOUNDARY, /* up to the end of its line */
	MULTIPART_HEAD,
	MULTIPART_CONTENT,
	MULTIPART_DONE,
};

struct multipart {
	multipart_part_fn part;
	void *ctx;
	enum multipart_state state;
	char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CR LF - - boundary */
	size_t delimiter_len;
	size_t matched; /* bytes of it that have come … */
	size_t lent;	/* … of which so many at its start were no content anyway */
	char last[2];	/* after a boundary: its first two characters */
	size_t n_last;
	struct buf head;
	struct buf value;
	struct multipart_part current;
	bool file;
};

/* The boundary that a Content-Type names; absent when it is not multipart/form-data
 * (or /mixed, /related) or has none. */
struct slice multipart_boundary(struct slice content_type);

/* -EINVAL for a boundary that is empty or longer than the RFC allows. */
int multipart_init(struct multipart *m, struct slice boundary, size_t value_max,
		   multipart_part_fn part, void *ctx);
void multipart_release(struct multipart *m);
int multipart_feed(struct multipart *m, const void *data, size_t len); /* 0, -ENOMEM */
void multipart_hole(struct multipart *m, uint64_t len);
void multipart_eof(struct multipart *m); /* a part without its end is given as damaged */

#endif
