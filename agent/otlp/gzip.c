/* SPDX-License-Identifier: Apache-2.0 */
#include "gzip.h"

#include "cleanup.h"

#include <errno.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* +16: gzip's framing, not zlib's */
#define CHUNK (1u << 30)      /* what fits zlib's 32-bit counters */

int gzip_add(struct buf *to, struct slice from)
{
	z_stream z = { 0 };
	int r, status = Z_OK;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY))
		return -ENOMEM;
	while (status == Z_OK || status == Z_BUF_ERROR) {
		size_t room = deflateBound(&z, MIN(from.len, 64ul * 1024));

		z.next_out = buf_reserve(to, room);
		if (!z.next_out)
			break;
		z.avail_out = (uInt)room;
		z.next_in = (Bytef *)from.data;
		z.avail_in = (uInt)MIN(from.len, CHUNK);
		status = deflate(&z, from.len > CHUNK ? Z_NO_FLUSH : Z_FINISH);
		from = slice_sub(from, (size_t)(z.next_in - (Bytef *)from.data), from.len);
		buf_commit(to, room - z.avail_out);
	}
	r = buf_error(to);
	if (!r && status != Z_STREAM_END)
		r = -ENOMEM;
	deflateEnd(&z);
	return r;
}
