/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "gzip.h"
#include "test.h"

#include <errno.h>
#include <zlib.h>

static void check_roundtrip(struct slice in)
{
	_cleanup_(buf_cleanup) struct buf packed = BUF_INIT(8 * 1024 * 1024);
	char *out = malloc(in.len + 1);
	z_stream z = { 0 };

	CHECK_INT(gzip_add(&packed, in), 0);
	CHECK_INT(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)packed.data;
	z.avail_in = (uInt)packed.len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)in.len + 1;
	CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
	CHECK_SLICE(((struct slice){ out, z.total_out }), in);
	CHECK_INT(z.avail_in, 0);
	inflateEnd(&z);
	free(out);
}

TEST(gzip_gives_back_what_went_in)
{
	static const size_t lens[] = { 0, 1, 1000, 65536, 300000, 3000000 };

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		char *text = malloc(lens[i] + 1);
		uint32_t x = 1;

		for (size_t k = 0; k < lens[i]; k++) {
			x = x * 1664525 + 1013904223;
			/* The last is noise, which grows. */
			text[k] = (char)(i == ARRAY_LEN(lens) - 1 ? x >> 24 : 'a' + (x >> 30));
		}
		test_row("%zu bytes", lens[i]);
		check_roundtrip((struct slice){ text, lens[i] });
		free(text);
	}
}

TEST(gzip_without_room)
{
	_cleanup_(buf_cleanup) struct buf packed = BUF_INIT(10);

	CHECK_INT(gzip_add(&packed, SLICE("some text that does not fit")), -ENOBUFS);
}

TEST(gzip_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf packed = BUF_INIT(100000);
		int r = gzip_add(&packed, SLICE("some text"));

		CHECK(r == 0 || r == -ENOMEM);
	}
}
