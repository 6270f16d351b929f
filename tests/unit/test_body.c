/* SPDX-License-Identifier: Apache-2.0 */
#include "body.h"
#include "cleanup.h"
#include "test.h"

#define JSON "{\"id\":\"chatcmpl-1\",\"usage\":{\"prompt_tokens\":3}}"
#define BR "\x0b\x17\x80{\"id\":\"chatcmpl-1\",\"usage\":{\"prompt_tokens\":3}}\x03"
#define ZLIB                                                                                       \
	"\x78\x9c\xab\x56\xca\x4c\x51\xb2\x52\x4a\xce\x48\x2c\x49\xce\x2d\xc8\xd1\x35\x54\xd2\x51" \
	"\x2a\x2d\x4e\x4c\x4f\x55\xb2\xaa\x56\x2a\x28\xca\xcf\x2d\x28\x89\x2f\xc9\xcf\x4e\xcd\x2b" \
	"\x56\xb2\x32\xae\xad\x05\x00\x74\x71\x10\x2f"
#define GZIP                                                                                       \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\xca\x4c\x51\xb2\x52\x4a\xce\x48\x2c\x49" \
	"\xce\x2d\xc8\xd1\x35\x54\xd2\x51\x2a\x2d\x4e\x4c\x4f\x55\xb2\xaa\x56\x2a\x28\xca\xcf\x2d" \
	"\x28\x89\x2f\xc9\xcf\x4e\xcd\x2b\x56\xb2\x32\xae\xad\x05\x00\x49\x08\xa0\x42\x2f\x00\x00" \
	"\x00"
#define ZSTD "\x28\xb5\x2f\xfd\x20\x2f\x79\x01\x00" JSON
/* The bytes 0 to 39 in br. */
#define BR_OF_NO_TEXT                                                                              \
	"\x1b\x27\x00\xe8\x05\x36\x60\x6c\x6d\xcc\x32\x44\x96\x42\x62\x82\x4d\x1c\xbb\xfb\x23\xa7" \
	"\x3b"

struct collected {
	struct body body;
	struct buf text;
};

static void collect(void *ctx, struct slice data)
{
	struct collected *c = ctx;

	buf_add_slice(&c->text, data);
}

/* In pieces: `first` bytes, then `step` at a time. */
static void feed(struct collected *c, const struct http_head *head, struct slice wire, size_t first,
		 size_t step)
{
	buf_init(&c->text, 4096);
	body_init(&c->body, 4096, collect, c);
	body_set_coding(&c->body, head, 1 << 20);
	body_feed(&c->body, slice_sub(wire, 0, first));
	for (size_t at = first; at < wire.len; at += step)
		body_feed(&c->body, slice_sub(wire, at, step));
	body_end(&c->body);
}

static void collected_release(struct collected *c)
{
	body_release(&c->body);
	buf_release(&c->text);
}

static const struct {
	const char *name;
	const char *type;   /* NULL: not known */
	const char *coding; /* NULL: not known, or none */
	bool whole;	    /* the head: a coding that is not in it is none */
	struct slice wire;
	const char *want;
	const char *reason;
} rows[] = {
	{ "none", "application/json", NULL, true, SLICE(JSON), JSON, NULL },
	{ "named", "application/json", "br", true, SLICE(BR), JSON, NULL },
	{ "named, in a head with fields left out", NULL, "br", false, SLICE(BR), JSON, NULL },
	{ "named wrongly", "application/json", "gzip", true, SLICE(JSON), "", "coding_damaged" },
	{ "no such", "application/json", "rot13", true, SLICE(JSON), "", "coding_unknown" },
	{ "unnamed: none", NULL, NULL, false, SLICE(JSON), JSON, NULL },
	{ "unnamed: shorter than what shows", NULL, NULL, false, SLICE("{}"), "{}", NULL },
	{ "unnamed: a BOM", NULL, NULL, false, SLICE("\xef\xbb\xbf{}"), "\xef\xbb\xbf{}", NULL },
	{ "unnamed: gzip", NULL, NULL, false, SLICE(GZIP), JSON, NULL },
	{ "unnamed: zstd", "text/event-stream", NULL, false, SLICE(ZSTD), JSON, NULL },
	{ "unnamed: zlib", "application/json", NULL, false, SLICE(ZLIB), JSON, NULL },
	{ "unnamed: br", NULL, NULL, false, SLICE(BR), JSON, NULL },
	{ "unnamed: br of a type that is text", "application/problem+json; charset=utf-8", NULL,
	  false, SLICE(BR), JSON, NULL },
	{ "unnamed: a type that is no text stays as it is", "audio/mpeg", NULL, false, SLICE(BR),
	  BR, NULL },
	{ "unnamed: gRPC stays as it is", NULL, NULL, false,
	  SLICE("\1\x0b\x17\x80\x05\x80\x80\x80\x80"), "\1\x0b\x17\x80\x05\x80\x80\x80\x80", NULL },
	{ "unnamed: garbage", NULL, NULL, false, SLICE("\x91\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	  "", "coding_unknown" },
	{ "unnamed: what comes out is no text", NULL, NULL, false, SLICE(BR_OF_NO_TEXT), "",
	  "coding_unknown" },
};

TEST(body_codings)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_field fields[2];
		struct http_head head = { .fields = fields, .inferred = !rows[i].whole };

		if (rows[i].type)
			fields[head.n_fields++] = (struct http_field){ SLICE("content-type"),
								       slice_from(rows[i].type) };
		if (rows[i].coding)
			fields[head.n_fields++] = (struct http_field){ SLICE("content-encoding"),
								       slice_from(rows[i].coding) };
		for (size_t first = 0; first <= rows[i].wire.len; first++)
			for (size_t step = 1; step < 80; step += 39) {
				struct collected c;

				test_row("%s (first %zu, then %zu)", rows[i].name, first, step);
				feed(&c, &head, rows[i].wire, first, step);
				CHECK_STR(buf_slice(&c.text), rows[i].want);
				CHECK_STR(slice_from(c.body.reason), rows[i].reason);
				CHECK(c.body.reason || body_complete(&c.body));
				collected_release(&c);
			}
	}
	test_row(NULL);
}

/* A body of which the end is missing says so. */
TEST(body_of_a_guessed_coding_that_is_cut)
{
	const struct http_head head = { .inferred = true };
	const struct slice wire = SLICE(BR);
	struct collected c;

	feed(&c, &head, slice_sub(wire, 0, wire.len - 1), 3, 7);
	CHECK(!c.body.reason);
	CHECK(!body_complete(&c.body));
	collected_release(&c);
}

TEST(body_without_memory)
{
	const struct http_head head = { .inferred = true };

	EACH_MALLOC_FAILURE
	{
		struct collected c;

		feed(&c, &head, SLICE(BR), 4, 9);
		if (!test_malloc_failed())
			CHECK_STR(buf_slice(&c.text), JSON);
		else
			CHECK(c.body.reason || buf_error(&c.text));
		collected_release(&c);
	}
}
