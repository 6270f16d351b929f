/* SPDX-License-Identifier: Apache-2.0 */
#include "multipart.h"
#include "splits.h"

#include <errno.h>

#define BODY                                                                                       \
	"preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"               \
	"whisper-1\r\n--XX\r\n"                                                                    \
	"content-type: audio/wav\r\n"                                                              \
	"content-disposition: form-data; name=file; filename=\"a \\\"b\\\";c.wav\"\r\n\r\n"        \
	"RIFF\r\n--X\r\r\n--\r\n--XX  \r\n"                                                        \
	"Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XX\r\n"                       \
	"Content-Disposition: form-data; name=long\r\n\r\n0123456789ABCDEF\r\n--XX\r\n"            \
	"\r\nbare\r\n--XX--\r\nepilogue\r\n--XX\r\n\r\nnothing"

static void on_part(void *ctx, const struct multipart_part *p)
{
	buf_add_slice(ctx, p->name);
	if (p->filename.data)
		buf_printf(ctx, "@%.*s", SLICE_FMT(p->filename));
	if (p->content_type.data)
		buf_printf(ctx, " %.*s", SLICE_FMT(p->content_type));
	if (p->value.data)
		buf_printf(ctx, " '%.*s'", SLICE_FMT(p->value));
	buf_printf(ctx, " %llu%s%s|", (unsigned long long)p->size, p->truncated ? "+" : "",
		   p->damaged ? "?" : "");
}

static void run(struct buf *log, struct cutter *c)
{
	struct multipart m;
	struct slice piece;
	uint64_t hole;

	CHECK_INT(multipart_init(&m, SLICE("XX"), 10, on_part, log), 0);
	while (cutter_next(c, &piece, &hole)) {
		if (hole)
			multipart_hole(&m, hole);
		else
			multipart_feed(&m, piece.data, piece.len);
	}
	multipart_eof(&m);
	multipart_release(&m);
}

TEST(multipart_parts)
{
	check_splits(run, SLICE(BODY),
		     "model 'whisper-1' 9|file@a \\\"b\\\";c.wav audio/wav 14|empty '' 0"
		     "|long '0123456789' 16+| 'bare' 4|");
	check_splits(run, SLICE("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n--XX--"),
		     "a '' 0|");
	check_splits(run, SLICE("--XX--"), "");
	check_splits(run,
		     SLICE("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n--X"),
		     "a 10?|");
	check_splits(run, SLICE("no boundary"), "");
}

TEST(multipart_holes)
{
	const struct slice body =
		SLICE("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n0123\r\n"
		      "--XX\r\nContent-Disposition: form-data; name=b\r\n\r\n4567\r\n"
		      "--XX--");

	check_splits_hole(run, body, 49, 2, "a 4?|b '4567' 4|");
	/* The boundary is in it: one part where two were. */
	check_splits_hole(run, body, 51, 50, "a 58?|");
	check_splits_hole(run, body, 20, 4, " 32?|b '4567' 4|");
	check_splits_hole(run, body, 53, 1, "a 58?|");
}

TEST(multipart_boundaries)
{
	static const struct {
		const char *type;
		const char *want;
	} rows[] = {
		{ "multipart/form-data; boundary=abc", "abc" },
		{ "Multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\" ; x=y", "a b;c" },
		{ "multipart/form-data; boundary=abc; charset=x", "abc" },
		{ "multipart/form-data; boundary=", NULL },
		{ "multipart/form-data; boundary", NULL },
		{ "multipart/form-data", NULL },
		{ "multipart/form-data; boundary=\"abc", "abc" },
		{ "multipart/form-data; x=\"; boundary=no\"", NULL },
		{ "application/json; boundary=abc", NULL },
		{ "", NULL },
	};
	struct multipart m;
	char large[MULTIPART_BOUNDARY_MAX + 1] = "";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].type);
		CHECK_STR(multipart_boundary(slice_from(rows[i].type)), rows[i].want);
	}
	CHECK_INT(multipart_init(&m, SLICE(""), 10, on_part, NULL), -EINVAL);
	CHECK_INT(multipart_init(&m, SLICE("a\r"), 10, on_part, NULL), -EINVAL);
	CHECK_INT(multipart_init(&m, (struct slice){ large, sizeof(large) }, 10, on_part, NULL),
		  -EINVAL);
}

TEST(multipart_endless_head)
{
	static char head[3 * MULTIPART_HEAD_MAX];
	_cleanup_(buf_cleanup) struct buf log = BUF_INIT(1000);
	struct multipart m;

	memset(head, 'h', sizeof(head));
	CHECK_INT(multipart_init(&m, SLICE("XX"), 10, on_part, &log), 0);
	CHECK_INT(multipart_feed(&m, "--XX\r\n", 6), 0);
	CHECK_INT(multipart_feed(&m, head, sizeof(head)), 0);
	CHECK_INT(multipart_feed(&m, "\r\n--XX\r\n\r\nok\r\n--XX--", 22), 0);
	CHECK(slice_ends(buf_slice(&log), SLICE("?| 'ok' 2|")));
	multipart_release(&m);
}

TEST(multipart_without_memory)
{
	check_without_memory(run, SLICE(BODY), SIZE_MAX);
}
