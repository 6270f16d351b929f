/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"
#include "cleanup.h"
#include "inflate.h"
#include "test.h"

#include <brotli/encode.h>
#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#define PLAIN "hello hello hello, caf\xc3\xa9"
#define TEST_MAX (64 << 20)

static void on_out(void *ctx, struct slice data)
{
	CHECK(data.len > 0);
	buf_add_slice(ctx, data);
}

static void add_z(struct buf *to, struct slice in, int window_bits)
{
	z_stream z = { 0 };
	size_t bound;

	deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
	bound = deflateBound(&z, in.len);
	z.next_in = (Bytef *)in.data;
	z.avail_in = (uInt)in.len;
	z.next_out = buf_reserve(to, bound);
	z.avail_out = (uInt)bound;
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_commit(to, bound - z.avail_out);
	deflateEnd(&z);
}

static void add_br(struct buf *to, struct slice in)
{
	size_t len = BrotliEncoderMaxCompressedSize(in.len) + 100;

	CHECK(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, in.len, (const uint8_t *)in.data,
				    &len, buf_reserve(to, len)));
	buf_commit(to, len);
}

static void add_zstd(struct buf *to, struct slice in)
{
	size_t bound = ZSTD_compressBound(in.len);
	void *at = buf_reserve(to, bound);

	buf_commit(to, ZSTD_compress(at, bound, in.data, in.len, 3));
}

/* Applies the codings of a list, as a server would. */
static void encode(struct buf *to, const char *codings, struct slice in)
{
	struct slice rest = slice_from(codings);

	buf_add_slice(to, in);
	while (rest.data) {
		struct slice name = slice_trim(slice_cut(&rest, ','));
		struct buf coded = BUF_INIT(TEST_MAX);

		if (slice_eq(name, SLICE("gzip")) || slice_eq(name, SLICE("X-GZip")))
			add_z(&coded, buf_slice(to), 31);
		else if (slice_eq(name, SLICE("deflate")))
			add_z(&coded, buf_slice(to), 15);
		else if (slice_eq(name, SLICE("raw")))
			add_z(&coded, buf_slice(to), -15);
		else if (slice_eq(name, SLICE("br")))
			add_br(&coded, buf_slice(to));
		else if (slice_eq(name, SLICE("zstd")))
			add_zstd(&coded, buf_slice(to));
		else
			buf_add_slice(&coded, buf_slice(to));
		buf_release(to);
		*to = coded;
	}
}

/* Decodes in pieces: `first` bytes, then `step` at a time. The first error, or 0. */
static int decode(struct buf *to, const char *coding, struct slice in, uint64_t out_max,
		  size_t first, size_t step, bool *ret_complete)
{
	struct inflate *i = NULL;
	int r = inflate_new(&i, slice_from(coding), out_max, on_out, to);

	CHECK_INT(r, 0);
	for (size_t at = 0, len = first; !r && at < in.len; at += len, len = step) {
		size_t n = MIN(len, in.len - at);
		_cleanup_free_ char *copy = malloc(n); /* ASan sees a read past its end */

		memcpy(copy, in.data + at, n);
		r = inflate_feed(i, copy, n);
		if (r)
			CHECK_INT(inflate_feed(i, "", 1), r);
	}
	*ret_complete = inflate_complete(i);
	inflate_free(i);
	return r;
}

static const struct {
	const char *encode;
	const char *coding; /* the field's value */
} codings[] = {
	{ "", NULL },
	{ "", "" },
	{ "", "identity" },
	{ "gzip", "gzip" },
	{ "gzip", "X-GZip" },
	{ "deflate", "deflate" },
	{ "raw", "Deflate" },
	{ "br", "br" },
	{ "zstd", "zstd" },
	{ "gzip, br", "gzip, br" },
	{ "zstd,deflate", "zstd , identity,, deflate" },
	{ "gzip, gzip, gzip, gzip", "gzip,gzip,gzip,gzip" },
};

TEST(inflate_codings_at_every_split)
{
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);

		encode(&coded, codings[i].encode, SLICE(PLAIN));
		for (size_t split = 1; split <= coded.len; split++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
			bool complete;

			test_row("%s, split at %zu", codings[i].encode, split);
			/* The last row of splits goes byte by byte. */
			CHECK_INT(decode(&got, codings[i].coding, buf_slice(&coded), 1000,
					 split == coded.len ? 1 : split,
					 split == coded.len ? 1 : coded.len, &complete),
				  0);
			CHECK(complete);
			CHECK_STR(buf_slice(&got), PLAIN);
		}
	}
}

TEST(inflate_cut_bodies_are_not_complete)
{
	for (size_t i = 3; i < ARRAY_LEN(codings); i++) {
		_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);

		encode(&coded, codings[i].encode, SLICE(PLAIN));
		for (size_t len = 0; len < coded.len; len++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
			bool complete;

			test_row("%s, %zu bytes", codings[i].encode, len);
			CHECK_INT(decode(&got, codings[i].coding,
					 slice_sub(buf_slice(&coded), 0, len), 1000, len, 1,
					 &complete),
				  0);
			CHECK(!complete);
			CHECK(slice_starts(SLICE(PLAIN), buf_slice(&got)));
		}
	}
}

/* Text that does not compress to nothing, over many output buffers. */
static void make_large(struct buf *b)
{
	uint32_t seed = 1;

	while (b->len < 120000) {
		seed = seed * 1103515245 + 12345;
		buf_printf(b, "{\"delta\":\"%x\"}\n", seed >> 12);
	}
}

TEST(inflate_large_bodies)
{
	_cleanup_(buf_cleanup) struct buf plain = BUF_INIT(TEST_MAX);

	make_large(&plain);
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		static const size_t steps[] = { 5, 1000, TEST_MAX };
		_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);

		encode(&coded, codings[i].encode, buf_slice(&plain));
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
			bool complete;

			test_row("%s, %zu at a time", codings[i].encode, steps[k]);
			CHECK_INT(decode(&got, codings[i].coding, buf_slice(&coded), plain.len,
					 steps[k], steps[k], &complete),
				  0);
			CHECK(complete);
			CHECK(slice_eq(buf_slice(&got), buf_slice(&plain)));
		}
	}
}

TEST(inflate_passes_on_exactly_out_max)
{
	_cleanup_(buf_cleanup) struct buf plain = BUF_INIT(TEST_MAX);

	make_large(&plain);
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		static const size_t maxima[] = { 0, 1, 16384, 100000 };
		_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);

		encode(&coded, codings[i].encode, buf_slice(&plain));
		for (size_t k = 0; k < ARRAY_LEN(maxima); k++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
			bool complete;

			test_row("%s, %zu at most", codings[i].encode, maxima[k]);
			CHECK_INT(decode(&got, codings[i].coding, buf_slice(&coded), maxima[k], 777,
					 777, &complete),
				  -ENOBUFS);
			CHECK(!complete);
			CHECK_INT(got.len, maxima[k]);
			CHECK(slice_starts(buf_slice(&plain), buf_slice(&got)));
		}
	}
}

TEST(inflate_stops_bombs)
{
	static const struct {
		const char *encode;
		int want;
	} bombs[] = {
		{ "gzip", -ENOBUFS },	   { "br", -ENOBUFS },	      { "zstd", -ENOBUFS },
		{ "gzip,gzip", -ENOBUFS }, { "zstd,zstd", -ENOBUFS },
	};
	size_t len = 40 << 20;
	_cleanup_free_ char *zeros = calloc(1, len);

	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
		bool complete;

		test_row("%s", bombs[i].encode);
		encode(&coded, bombs[i].encode, (struct slice){ zeros, len });
		/* Each coding of a list has its own ratio: the second gzip brings 40 KB from
		 * 200 bytes, which is allowed, and the whole is bounded by out_max. */
		CHECK_INT(decode(&got, bombs[i].encode, buf_slice(&coded),
				 strchr(bombs[i].encode, ',') ? 30 << 20 : UINT64_MAX, coded.len, 1,
				 &complete),
			  bombs[i].want);
		CHECK(bombs[i].want ? got.len < len : got.len == len);
	}
}

/* A bomb between two codings: many empty gzip members bring nothing out at all. */
TEST(inflate_bounds_what_is_between_two_codings)
{
	_cleanup_(buf_cleanup) struct buf empty = BUF_INIT(TEST_MAX);
	_cleanup_(buf_cleanup) struct buf members = BUF_INIT(TEST_MAX);
	_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);
	_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
	bool complete;

	add_z(&empty, SLICE(""), 31);
	while (members.len < 20 << 20)
		buf_add_slice(&members, buf_slice(&empty));
	add_br(&coded, buf_slice(&members));
	CHECK_INT(decode(&got, "gzip, br", buf_slice(&coded), 1000, coded.len, 1, &complete),
		  -ENOBUFS);
	CHECK_INT(got.len, 0);
}

TEST(inflate_several_members_and_what_follows)
{
	static const struct {
		const char *coding;
		int copies;
		struct slice tail;
		int want;
		bool complete;
	} rows[] = {
		{ "gzip", 3, SLICE(""), 0, true },
		{ "gzip", 2, SLICE("\0\0\0"), 0, true },
		{ "gzip", 1, SLICE("\0\x1f\x8c"), 0, true },
		{ "gzip", 1, SLICE("\x1f"), 0, false },
		{ "gzip", 1, SLICE("\x1f\x8c"), -EBADMSG, false },
		{ "deflate", 1, SLICE("xyz"), 0, true },
		{ "br", 1, SLICE("xyz"), 0, true },
		{ "zstd", 3, SLICE(""), 0, true },
		{ "zstd", 1, SLICE("\x28"), 0, false },
		{ "zstd", 1, SLICE("xyzzy"), -EBADMSG, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf one = BUF_INIT(TEST_MAX);
		_cleanup_(buf_cleanup) struct buf all = BUF_INIT(TEST_MAX);
		_cleanup_(buf_cleanup) struct buf want = BUF_INIT(TEST_MAX);

		encode(&one, rows[i].coding, SLICE(PLAIN));
		for (int k = 0; k < rows[i].copies; k++) {
			buf_add_slice(&all, buf_slice(&one));
			buf_add_str(&want, PLAIN);
		}
		buf_add_slice(&all, rows[i].tail);
		for (size_t split = 1; split <= all.len; split++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
			bool last = split == all.len; /* goes byte by byte */
			bool complete;

			test_row("%s %zu, split at %zu", rows[i].coding, i, split);
			CHECK_INT(decode(&got, rows[i].coding, buf_slice(&all), 1000,
					 last ? 1 : split, last ? 1 : all.len, &complete),
				  rows[i].want);
			CHECK_INT(complete, rows[i].complete);
			CHECK_SLICE(buf_slice(&got), buf_slice(&want));
		}
	}
}

TEST(inflate_garbage)
{
	static const struct {
		const char *coding;
		struct slice in;
		int want;
	} rows[] = {
		{ "gzip", SLICE("{\"plain\":\"text\"}"), -EBADMSG },
		{ "deflate", SLICE("\x07plain text\"}"), -EBADMSG },
		{ "deflate", SLICE("\x78\xbb\0\0\0\1"), -EBADMSG }, /* wants a dictionary */
		{ "br", SLICE("\xff\xff\xff\xff\xff\xff\xff\xff"), -EBADMSG },
		{ "zstd", SLICE("{\"plain\":\"text\"}"), -EBADMSG },
		{ "zstd", SLICE("\x27\xb5\x2f\xfd\x04\x68\x58"), -EBADMSG },   /* zstd 0.7 */
		{ "zstd", SLICE("\x28\x26\xb5\x2f\xfd\x04\x58\0"), -EBADMSG }, /* 0.6, late */
		/* A frame header that asks for a window of 128 MiB. */
		{ "zstd", SLICE("\x28\xb5\x2f\xfd\x00\x88\x00\x00\x00"), -ENOBUFS },
		{ "gzip, br", SLICE("\x0b\x02\x80hello\x03"), -EBADMSG }, /* fine br of no gzip */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
		bool complete;

		test_row("%s %zu", rows[i].coding, i);
		CHECK_INT(decode(&got, rows[i].coding, rows[i].in, 1000, rows[i].in.len, 1,
				 &complete),
			  rows[i].want);
		CHECK(!complete);
		CHECK_INT(decode(&got, rows[i].coding, rows[i].in, 1000, 1, 1, &complete),
			  rows[i].want);
		CHECK_INT(got.len, 0);
	}
}

/* A streamed response: what a flush has brought is there at once. */
TEST(inflate_passes_on_what_was_flushed)
{
	_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
	struct inflate *i = NULL;
	z_stream z = { 0 };
	char out[200];

	CHECK_INT(inflate_new(&i, SLICE("gzip"), 1000, on_out, &got), 0);
	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	for (int n = 1; n <= 5; n++) {
		z.next_in = (Bytef *)"data: x\n\n";
		z.avail_in = 9;
		z.next_out = (Bytef *)out;
		z.avail_out = sizeof(out);
		deflate(&z, Z_SYNC_FLUSH);
		CHECK_INT(inflate_feed(i, out, sizeof(out) - z.avail_out), 0);
		CHECK_INT(got.len, 9 * n);
		CHECK(!inflate_complete(i));
	}
	deflateEnd(&z);
	inflate_free(i);
}

TEST(inflate_unknown_codings)
{
	static const char *const unknown[] = { "compress",    "gzip, compress",
					       "gzi",	      "gzip2",
					       "aws-chunked", "gzip,gzip,gzip,gzip,gzip",
					       "gzip;q=1" };

	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		struct inflate *z = NULL;

		test_row("%s", unknown[i]);
		CHECK_INT(inflate_new(&z, slice_from(unknown[i]), 1000, on_out, NULL),
			  -EPROTONOSUPPORT);
		CHECK(!z);
	}
	inflate_free(NULL);
}

/* zstd takes its memory past the test's malloc: only ours can fail for it. */
TEST(inflate_without_memory)
{
	static const char *const lists[] = { "gzip", "deflate", "br", "zstd", "gzip, br" };

	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		_cleanup_(buf_cleanup) struct buf coded = BUF_INIT(TEST_MAX);
		int oom = 0, fine = 0;

		test_row("%s", lists[k]);
		encode(&coded, lists[k], SLICE(PLAIN));
		EACH_MALLOC_FAILURE
		{
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(TEST_MAX);
			struct inflate *i = NULL;
			int r = inflate_new(&i, slice_from(lists[k]), 1000, on_out, &got);

			if (!r)
				r = inflate_feed(i, coded.data, coded.len);
			CHECK(r == 0 || r == -ENOMEM);
			oom += r == -ENOMEM;
			fine += r == 0 && slice_eq(buf_slice(&got), SLICE(PLAIN));
			inflate_free(i);
		}
		CHECK(oom >= 2);
		CHECK_INT(fine, 1);
	}
}
