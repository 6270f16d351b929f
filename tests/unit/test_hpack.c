/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "buf.h"
#include "hpack.h"
#include "test.h"

#include <errno.h>

static void on_field(void *ctx, struct slice name, struct slice value)
{
	buf_printf(ctx, "%.*s=%.*s|", SLICE_FMT(name), SLICE_FMT(value));
}

struct row {
	struct slice block;
	int want;
	size_t omitted;
	const char *fields;
};

static void check_rows(bool known, const struct row *rows, size_t n)
{
	struct hpack h;

	hpack_init(&h, known);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 20);
		size_t omitted = 0;

		test_row("block %zu", i);
		CHECK_INT(hpack_decode(&h, rows[i].block, on_field, &got, &omitted), rows[i].want);
		CHECK_INT(omitted, rows[i].omitted);
		if (!rows[i].want)
			CHECK_STR(buf_slice(&got), rows[i].fields);
	}
	hpack_release(&h);
}

/* RFC 7541, appendix C.4: three requests on one connection, with Huffman. */
TEST(hpack_rfc_examples)
{
	static const struct row rows[] = {
		{ SLICE("\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"), 0,
		  0, ":method=GET|:scheme=http|:path=/|:authority=www.example.com|" },
		{ SLICE("\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"), 0, 0,
		  ":method=GET|:scheme=http|:path=/|:authority=www.example.com|"
		  "cache-control=no-cache|" },
		{ SLICE("\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49"
			"\xe9\x5b\xb8\xe8\xb4\xbf"),
		  0, 0,
		  ":method=GET|:scheme=https|:path=/index.html|:authority=www.example.com|"
		  "custom-key=custom-value|" },
	};

	check_rows(true, rows, ARRAY_LEN(rows));
}

/* The same, joined after the first. */
TEST(hpack_joined)
{
	static const struct row rows[] = {
		{ SLICE("\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"), 0, 1,
		  ":method=GET|:scheme=http|:path=/|cache-control=no-cache|" },
		{ SLICE("\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49"
			"\xe9\x5b\xb8\xe8\xb4\xbf"),
		  0, 1, ":method=GET|:scheme=https|:path=/index.html|custom-key=custom-value|" },
		{ SLICE("\xbe\xbf\xc0"), 0, 1, "custom-key=custom-value|cache-control=no-cache|" },
		/* A value under an unknown name, not indexed, then indexed, then referred to. */
		{ SLICE("\x0f\x40\x01v\x7f\x50\x01w\xbe\xbf"), 0, 3, "custom-key=custom-value|" },
		{ SLICE("\x20\x3f\xe1\x1f\x40\x01n\x01v"), 0, 0, "n=v|" },
		{ SLICE("\xbe"), 0, 0, "n=v|" },
		{ SLICE("\xbf"), -EBADMSG, 0, NULL }, /* the table is known now */
		{ SLICE("\xbf\x82"), 0, 1, ":method=GET|" },
	};

	check_rows(false, rows, ARRAY_LEN(rows));
}

TEST(hpack_size_updates)
{
	static const struct row rows[] = {
		{ SLICE("\x3f\xe1\x1f\x40\x01n\x01v"), 0, 0, "n=v|" }, /* 4096 */
		{ SLICE("\x3e\xbe"), -EBADMSG, 0, NULL },	       /* 30: nothing fits */
	};
	static const struct row too_large[] = {
		{ SLICE("\x3f\xe2\x1f\x82"), -EBADMSG, 0, NULL }, /* 4097 */
	};
	static const struct row misplaced[] = {
		{ SLICE("\x82\x20"), -EBADMSG, 0, NULL },
	};
	struct hpack h;
	size_t omitted;

	check_rows(true, rows, ARRAY_LEN(rows));
	check_rows(true, too_large, ARRAY_LEN(too_large));
	check_rows(true, misplaced, ARRAY_LEN(misplaced));
	/* A legal one above our ceiling: not all that it holds will be known. */
	hpack_init(&h, true);
	h.limit = 1 << 20;
	CHECK_INT(hpack_decode(&h, SLICE("\x3f\xe1\xff\x3f"), on_field, NULL, &omitted), 0);
	CHECK(!h.known);
	hpack_release(&h);
}

TEST(hpack_garbage)
{
	static const struct slice rows[] = {
		SLICE("\x80"),			       /* index 0 */
		SLICE("\xbe"),			       /* nothing is there */
		SLICE("\x7f"),			       /* half an integer */
		SLICE("\xff\xff\xff\xff\xff\xff\x01"), /* more than 32 bits */
		SLICE("\xff\x80\x80\x80\x80\x80\x80\x01"),
		SLICE("\x40\x05"
		      "abc"),		    /* string longer than the block */
		SLICE("\x40\x01n"),	    /* no value */
		SLICE("\x40\x81\x00\x01v"), /* Huffman code that is none */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1000);
		struct hpack h;
		size_t omitted = 7;

		test_row("row %zu", i);
		hpack_init(&h, true);
		CHECK_INT(hpack_decode(&h, rows[i], on_field, &got, &omitted), -EBADMSG);
		CHECK_INT(omitted, 7);
		CHECK(!h.known);
		hpack_release(&h);
	}
}
