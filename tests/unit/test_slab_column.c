/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in comes out, of every width; what is cut or lengthened is refused. */
#include "cleanup.h"
#include "slab_column.h"
#include "test.h"

#include <errno.h>

static struct slab_column in, out, at;
static uint16_t places[SLAB_SPANS];

static const struct {
	const char *name;
	int64_t least, step; /* value i is least + i * step, in two's complement */
	int unknown;	     /* every so many-th; 0: none */
	unsigned int width;
} cases[] = {
	{ "one value", 7, 0, 0, 0 },
	{ "one value or unknown", 7, 0, 3, 1 },
	{ "small", -3, 1, 5, 1 },
	{ "253 apart", 1000, 11, 0, 2 },
	{ "words", 1 << 20, 300, 2, 2 },
	{ "three bytes", 0, 70000, 4, 3 },
	{ "nanoseconds of a day", 1790000000000000000, 4320000000000, 0, 7 },
	{ "ids", INT64_MIN, INT64_C(0x7a35c1e0f1b9d3), 7, 8 },
	{ "all bits", -1, INT64_MIN, 3, 8 },
	{ "the end", INT64_MAX, 0, 2, 1 },
};

static void make(size_t row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		in.known[i] = !cases[row].unknown || i % (size_t)cases[row].unknown;
		in.values[i] = in.known[i] ? (int64_t)((uint64_t)cases[row].least +
						       i * (uint64_t)cases[row].step)
					   : 0;
	}
}

TEST(columns_come_back)
{
	static const size_t lengths[] = { 1, 2, 3, 7, 8, 9, 20, 200, SLAB_SPANS };

	for (size_t i = 0; i < SLAB_SPANS / 3; i++)
		places[i] = (uint16_t)(3 * i);
	for (size_t row = 0; row < ARRAY_LEN(cases); row++)
		for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
			_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
			size_t n = lengths[l], differ = 0;

			test_row("%s, %zu", cases[row].name, n);
			make(row, n);
			slab_column_encode(&in, n, &b);
			CHECK_INT(buf_error(&b), 0);
			memset(&out, 0xa5, sizeof(out));
			CHECK_INT(slab_column_decode(buf_slice(&b), n, &out), 0);
			for (size_t i = 0; i < n; i++)
				differ += in.known[i] != out.known[i] ||
					  in.values[i] != out.values[i];
			CHECK_INT(differ, 0);
			differ = !!slab_column_decode_at(buf_slice(&b), n, places, n / 3, &at);
			for (size_t i = 0; i < n / 3; i++)
				differ += in.known[3 * i] != at.known[3 * i] ||
					  in.values[3 * i] != at.values[3 * i];
			CHECK_INT(differ, 0);
			if (n == 200)
				CHECK_INT((unsigned char)b.data[0], cases[row].width);
			if (!b.len || n + 16 > SLAB_SPANS)
				continue;
			CHECK_INT(
				slab_column_decode(slice_sub(buf_slice(&b), 0, b.len - 1), n, &out),
				-EBADMSG);
			CHECK_INT(slab_column_decode(buf_slice(&b), n + 16, &out),
				  b.data[0] ? -EBADMSG : 0);
		}
	test_row(NULL);
}

TEST(nothing_known_takes_nothing)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(64);

	memset(&in, 0, sizeof(in));
	slab_column_encode(&in, 100, &b);
	CHECK_INT(b.len, 0);
	memset(&out, 0xa5, sizeof(out));
	CHECK_INT(slab_column_decode(buf_slice(&b), 100, &out), 0);
	CHECK(!out.known[0] && !out.known[99] && !out.values[99]);
}

TEST(wrong_widths_are_refused)
{
	char bytes[32] = { 9 };

	CHECK_INT(slab_column_decode((struct slice){ bytes, sizeof(bytes) }, 1, &out), -EBADMSG);
	CHECK_INT(slab_column_decode((struct slice){ bytes, 1 }, 0, &out), -EBADMSG);
}
