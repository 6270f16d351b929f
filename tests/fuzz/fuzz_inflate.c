/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflate: any split of the input decodes to the same; what an encoder made comes back.
 * First byte: the coding, and whether the rest is coded or to be coded.
 */
#include "fuzz.h"
#include "inflate.h"

#include <brotli/encode.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define OUT_MAX (1 << 20)

static const char *const lists[] = { "gzip",	 "deflate",    "br",	  "zstd",
				     "gzip, br", "zstd, gzip", "identity" };

static void on_out(void *ctx, struct slice data)
{
	REQUIRE(data.len);
	REQUIRE(buf_add_slice(ctx, data) == 0);
}

static int feed(void *i, const void *data, size_t len)
{
	return inflate_feed(i, data, len);
}

struct result {
	struct buf out;
	int r;
	bool complete;
};

static struct result decode(const char *list, struct slice in, uint64_t *chain)
{
	struct result res = { .out = BUF_INIT(OUT_MAX) };
	struct inflate *i = NULL;

	REQUIRE(inflate_new(&i, slice_from(list), OUT_MAX, on_out, &res.out) == 0);
	res.r = chain ? fuzz_feed_split(chain, in.data, in.len, feed, i)
		      : inflate_feed(i, in.data, in.len);
	REQUIRE(res.r == 0 || res.r == -EBADMSG || res.r == -ENOBUFS);
	res.complete = inflate_complete(i);
	REQUIRE(!res.r || !res.complete);
	inflate_free(i);
	return res;
}

static void compare_split(const char *list, struct slice in, uint64_t *chain)
{
	struct result a = decode(list, in, NULL), b = decode(list, in, chain);
	struct slice x = buf_slice(&a.out), y = buf_slice(&b.out);

	/* How much came out in front of an error is the library's affair. */
	REQUIRE(slice_starts(x, y) || slice_starts(y, x));
	if (a.r != -ENOBUFS && b.r != -ENOBUFS) {
		/* libzstd looks at a whole block at once when it has one, and then sees an error
		 * that it would see in pieces only with the next byte: of input that is not
		 * whole either way. */
		REQUIRE(a.r == b.r || strstr(list, "zstd"));
		REQUIRE(a.complete == b.complete);
		REQUIRE(!a.complete || x.len == y.len);
	}
	buf_release(&a.out);
	buf_release(&b.out);
}

static void encode_z(struct buf *to, struct slice in, int window_bits)
{
	z_stream z = { 0 };
	size_t bound;

	REQUIRE(deflateInit2(&z, 1, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	bound = deflateBound(&z, in.len) + 20;
	z.next_in = (Bytef *)in.data;
	z.avail_in = (uInt)in.len;
	z.next_out = buf_reserve(to, bound);
	z.avail_out = (uInt)bound;
	REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
	buf_commit(to, bound - z.avail_out);
	deflateEnd(&z);
}

static void encode(struct buf *to, struct slice in, struct slice coding)
{
	size_t len = in.len + 1000;

	if (slice_eq(coding, SLICE("gzip"))) {
		encode_z(to, in, 31);
	} else if (slice_eq(coding, SLICE("deflate"))) {
		encode_z(to, in, in.len % 2 ? 15 : -15);
	} else if (slice_eq(coding, SLICE("br"))) {
		REQUIRE(BrotliEncoderCompress(1, 18, BROTLI_MODE_GENERIC, in.len,
					      (const uint8_t *)in.data, &len,
					      buf_reserve(to, len)));
		buf_commit(to, len);
	} else if (slice_eq(coding, SLICE("zstd"))) {
		len = ZSTD_compressBound(in.len);
		len = ZSTD_compress(buf_reserve(to, len), len, in.data, in.len, 1);
		REQUIRE(!ZSTD_isError(len));
		buf_commit(to, len);
	} else {
		buf_add_slice(to, in);
	}
}

static void there_and_back(const char *list, struct slice in, uint64_t *chain)
{
	struct slice rest = slice_from(list);
	struct buf coded = BUF_INIT(OUT_MAX);
	struct result res;

	buf_add_slice(&coded, in);
	while (rest.data) {
		struct buf next = BUF_INIT(OUT_MAX);

		encode(&next, buf_slice(&coded), slice_trim(slice_cut(&rest, ',')));
		buf_release(&coded);
		coded = next;
	}
	res = decode(list, buf_slice(&coded), chain);
	REQUIRE(res.r == 0 && res.complete);
	REQUIRE(slice_eq(buf_slice(&res.out), in));
	buf_release(&res.out);
	buf_release(&coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t chain = fuzz_seed(data, len);
	const char *list;
	struct slice in;

	if (len < 2 || len > OUT_MAX / 2)
		return 0;
	list = lists[data[0] % (sizeof(lists) / sizeof(*lists))];
	in = (struct slice){ (const char *)data + 1, len - 1 };
	if (data[0] & 0x80)
		there_and_back(list, in, &chain);
	else
		compare_split(list, in, &chain);
	return 0;
}
