/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack.h"

#include "cleanup.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define ROOM_MIN 512
#define ROOM_MAX 65536

/* zlib allocates through these, so that tests can make it fail. */
static voidpf mem_alloc(voidpf opaque, uInt items, uInt size)
{
	(void)opaque;
	return calloc(items, size);
}

static void mem_free(voidpf opaque, voidpf p)
{
	(void)opaque;
	free(p);
}

void unpack_init(struct unpack *u, enum unpack_format format)
{
	*u = (struct unpack){ .format = format };
}

void unpack_release(struct unpack *u)
{
	if (u->z)
		inflateEnd(u->z);
	free(u->z);
	u->z = NULL;
}

void unpack_reset(struct unpack *u)
{
	if (u->z)
		inflateReset(u->z);
}

static int make(struct unpack *u)
{
	/* The largest window reads what was made with any; 32: find out gzip or zlib. */
	int bits = u->format == UNPACK_RAW ? -MAX_WBITS : 32 + MAX_WBITS;

	if (u->z)
		return 0;
	u->z = calloc(1, sizeof(*u->z));
	if (!u->z)
		return -ENOMEM;
	u->z->zalloc = mem_alloc;
	u->z->zfree = mem_free;
	if (inflateInit2(u->z, bits) == Z_OK)
		return 0;
	free(u->z);
	u->z = NULL;
	return -ENOMEM;
}

/* Room for more output: what the buffer has, or a step more, up to its ceiling. */
static size_t make_room(struct buf *out)
{
	size_t spare = out->size > out->len + 1 ? out->size - out->len - 1 : 0;
	size_t room = MIN(MAX(out->len, ROOM_MIN), ROOM_MAX);

	room = spare >= ROOM_MIN ? spare : MIN(room, out->max - out->len);
	return room && buf_reserve(out, room) ? room : 0;
}

int unpack_add(struct unpack *u, struct slice *in, struct buf *out)
{
	int r = make(u);

	if (r < 0)
		return r;
	for (;;) {
		size_t room = make_room(out);
		size_t given = MIN(in->len, (size_t)UINT_MAX), made;

		if (!room)
			return buf_error(out) == -ENOMEM ? -ENOMEM : -ENOBUFS;
		u->z->next_in = (z_const Bytef *)(uintptr_t)in->data;
		u->z->avail_in = (uInt)given;
		u->z->next_out = (Bytef *)out->data + out->len;
		u->z->avail_out = (uInt)room;
		r = inflate(u->z, Z_SYNC_FLUSH);
		made = room - u->z->avail_out;
		buf_commit(out, made);
		*in = slice_sub(*in, given - u->z->avail_in, in->len);
		if (r == Z_STREAM_END)
			return 1;
		if (r != Z_OK && r != Z_BUF_ERROR)
			return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
		/* Full output may mean that there is more of it. */
		if (u->z->avail_out && (!in->len || r == Z_BUF_ERROR))
			return in->len ? -EBADMSG : 0;
	}
}
