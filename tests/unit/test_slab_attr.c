/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in comes out, of every type and width; what is too long or cut is refused. */
#include "cleanup.h"
#include "slab_attr.h"
#include "test.h"

#include <errno.h>

#define ROWS 1000

static struct slab_attr out;

static struct slab_value text(const char *s)
{
	return (struct slab_value){ .type = SLAB_TEXT, .text = slice_from(s) };
}

/* Of the i-th span, of `distinct` values; every fifth has none. */
static struct slab_value value(size_t i, size_t distinct, char *room, size_t size)
{
	size_t n = i % distinct;

	switch (n % 6) {
	case 0:
		return (struct slab_value){ .type = SLAB_INT, .integer = (int64_t)n - 3 };
	case 1:
		return (struct slab_value){ .type = SLAB_REAL, .real = (double)n / 8 };
	case 2:
		return (struct slab_value){ .type = SLAB_TRUE };
	case 3:
		return (struct slab_value){ .type = SLAB_FALSE };
	case 4:
		snprintf(room, size, "[\"%zu\"]", n);
		return (struct slab_value){ .type = SLAB_JSON, .text = slice_from(room) };
	default:
		snprintf(room, size, "%.*s%zu", (int)(n % 7), "\x01\xff:::::", n);
		return text(room);
	}
}

static bool same(const struct slab_value *a, const struct slab_value *b)
{
	return a->type == b->type && a->integer == b->integer && a->real == b->real &&
	       slice_eq(a->text, b->text);
}

static void make(size_t distinct, struct buf *to)
{
	struct slab_attr_maker *m = NULL;
	char room[64];

	CHECK_INT(slab_attr_maker_new(&m), 0);
	for (size_t i = 0; i < ROWS; i++) {
		struct slab_value v = value(i, distinct, room, sizeof(room));

		if (i % 5)
			CHECK_INT(slab_attr_add(m, i, &v), 0);
	}
	/* The first one counts. */
	CHECK_INT(slab_attr_add(m, 1, &(struct slab_value){ .type = SLAB_TRUE }), 0);
	slab_attr_encode(m, ROWS, to);
	CHECK_INT(buf_error(to), 0);
	slab_attr_maker_free(m);
}

TEST(attributes_come_back)
{
	static const size_t distinct[] = { 2, 6, 254, 300, ROWS };

	for (size_t d = 0; d < ARRAY_LEN(distinct); d++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
		size_t differ = 0;
		char room[64];

		test_row("%zu values", distinct[d]);
		make(distinct[d], &b);
		memset(out.codes, 0xa5, sizeof(out.codes));
		CHECK_INT(slab_attr_decode(buf_slice(&b), ROWS, &out), 0);
		for (size_t i = 0; i < ROWS; i++) {
			struct slab_value want = value(i, distinct[d], room, sizeof(room));

			differ +=
				i % 5 ? !out.codes[i] || !same(&out.values[out.codes[i] - 1], &want)
				      : out.codes[i] != 0;
		}
		CHECK_INT(differ, 0);
		CHECK(out.n_values <= distinct[d]);
	}
	test_row(NULL);
	slab_attr_release(&out);
}

/* Each cut, and each byte that is another one: refused, or other values, and nothing is read
 * behind the end. */
TEST(what_is_cut_or_wrong_is_survived)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	make(20, &b);
	for (size_t n = 1; n < b.len; n++) {
		char *copy = malloc(n);

		memcpy(copy, b.data, n);
		CHECK_INT(slab_attr_decode((struct slice){ copy, n }, ROWS, &out), -EBADMSG);
		free(copy);
	}
	CHECK_INT(slab_attr_decode(buf_slice(&b), ROWS + 1, &out), -EBADMSG);
	for (size_t i = 0; i < b.len; i++) {
		char before = b.data[i];
		int r;

		b.data[i] = (char)(before ^ 0xff);
		r = slab_attr_decode(buf_slice(&b), ROWS, &out);
		CHECK(!r || r == -EBADMSG);
		for (size_t row = 0; !r && row < ROWS; row++)
			CHECK(out.codes[row] <= out.n_values);
		b.data[i] = before;
	}
	slab_attr_release(&out);
}

TEST(nothing_is_nothing)
{
	memset(out.codes, 0xa5, sizeof(out.codes));
	CHECK_INT(slab_attr_decode(SLICE_NONE, ROWS, &out), 0);
	CHECK_INT(out.n_values, 0);
	CHECK(!out.codes[0] && !out.codes[ROWS - 1]);
}

TEST(what_is_too_long_is_told)
{
	static char long_text[SLAB_VALUE_MAX + 1];
	struct slab_attr_maker *m = NULL;
	struct slab_value v = { .type = SLAB_TEXT, .text = { long_text, SLAB_VALUE_MAX } };
	size_t kept = 0;
	int r = 0;

	memset(long_text, 'x', sizeof(long_text));
	CHECK_INT(slab_attr_maker_new(&m), 0);
	CHECK_INT(slab_attr_add(m, 0, &v), 0);
	v.text.len++;
	CHECK_INT(slab_attr_add(m, 1, &v), -EMSGSIZE);
	v.text.len = SLAB_VALUE_MAX;
	for (size_t i = 2; !r && i < SLAB_SPANS; i++) {
		snprintf(long_text, 8, "%06zu", i);
		r = slab_attr_add(m, i, &v);
		kept += !r;
	}
	CHECK_INT(r, -EMSGSIZE);
	CHECK_INT(kept, SLAB_VALUES_BYTES / SLAB_VALUE_MAX - 1);
	slab_attr_maker_free(m);
}

TEST(as_many_values_as_spans)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	struct slab_attr_maker *m = NULL;

	CHECK_INT(slab_attr_maker_new(&m), 0);
	for (size_t i = 0; i < SLAB_SPANS; i++)
		CHECK_INT(slab_attr_add(m, i,
					&(struct slab_value){ .type = SLAB_INT,
							      .integer = (int64_t)(i << 40) }),
			  0);
	slab_attr_encode(m, SLAB_SPANS, &b);
	CHECK_INT(slab_attr_decode(buf_slice(&b), SLAB_SPANS, &out), 0);
	CHECK_INT(out.n_values, SLAB_SPANS);
	CHECK_INT(out.values[out.codes[SLAB_SPANS - 1] - 1].integer, (int64_t)(SLAB_SPANS - 1)
									     << 40);
	slab_attr_maker_free(m);
	slab_attr_release(&out);
}

TEST(without_memory_nothing_is_half_made)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
		struct slab_attr_maker *m = NULL;
		struct slab_attr own = { .n_values = 0 };
		struct slab_value v = text("a"), w = text("b");
		int r = slab_attr_maker_new(&m);

		if (!r)
			r = slab_attr_add(m, 0, &v);
		if (!r)
			r = slab_attr_add(m, 1, &w);
		if (!r) {
			slab_attr_encode(m, 2, &b);
			r = buf_error(&b);
		}
		if (!r)
			r = slab_attr_decode(buf_slice(&b), 2, &own);
		CHECK(!r || r == -ENOMEM);
		if (!r)
			CHECK_SLICE(own.values[own.codes[1] - 1].text, SLICE("b"));
		slab_attr_release(&own);
		slab_attr_maker_free(m);
	}
}
