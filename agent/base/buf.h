/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer with a ceiling named at its start. It owns its memory.
 *
 * Errors are sticky: after an append that failed (-ENOMEM, or -ENOBUFS at the
 * ceiling) nothing more is added, and buf_error() tells. So a writer may append
 * a hundred times and look once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "slice.h"

#include <stdarg.h>

struct buf {
	char *data; /* NUL-terminated when len > 0; NULL when nothing was added */
	size_t len;
	size_t size;
	size_t max;
	int error;
};

#define BUF_INIT(ceiling) ((struct buf){ .max = (ceiling) })

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* leaves an empty buffer with the same ceiling */
/* Empties it and clears the error; keeps its memory when that is at most `keep` bytes. */
void buf_reset(struct buf *b, size_t keep);

int buf_error(const struct buf *b);
struct slice buf_slice(const struct buf *b); /* lends; until the next append */

int buf_add(struct buf *b, const void *data, size_t len);
int buf_add_slice(struct buf *b, struct slice s);
int buf_add_str(struct buf *b, const char *cstr);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for len more bytes, to be written by the caller and then counted with
 * buf_commit; NULL when there is none. */
void *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);
/* Drops the first len bytes. */
void buf_drop(struct buf *b, size_t len);
/* Text as it is; bytes that are not UTF-8 become U+FFFD. */
int buf_add_utf8(struct buf *b, struct slice s);
/* Two lower-case digits for each byte. */
int buf_add_hex(struct buf *b, const void *data, size_t len);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
int buf_add_json(struct buf *b, struct slice s);
/* What base64 (RFC 4648) stands for; white space passes. -EBADMSG when it is none. */
int buf_add_base64(struct buf *b, struct slice text);

static inline void buf_cleanup(struct buf *b)
{
	buf_release(b);
}

#endif
