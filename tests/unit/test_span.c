/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "span.h"
#include "test.h"

static void span_cleanup(struct span **s)
{
	span_free(*s);
}

TEST(span_attributes_keep_their_order_and_are_unique)
{
	_cleanup_(span_cleanup) struct span *s = NULL;
	char value[] = "one";

	CHECK_INT(span_new(&s), 0);
	span_set_str(s, "a", slice_from(value));
	span_set_int(s, "b", -5);
	span_set_bool(s, "c", false);
	span_set_double(s, "d", 0.5);
	span_set_strs(s, "e", (struct slice[]){ SLICE("x"), SLICE_NONE, SLICE("") }, 3);
	memset(value, 'z', sizeof(value));
	CHECK_INT(s->n_attrs, 5);
	for (size_t i = 0; i < s->n_attrs; i++)
		CHECK_INT(s->attrs[i].key[0], "abcde"[i]);
	CHECK_STR(span_attr(s, "a")->string, "one");
	CHECK_INT(span_attr(s, "b")->integer, -5);
	CHECK(!span_attr(s, "c")->boolean);
	CHECK(span_attr(s, "d")->number == 0.5);
	CHECK_INT(span_attr(s, "e")->strings.count, 3);
	CHECK_STR(span_attr(s, "e")->strings.items[1], "");
	span_set_int(s, "a", 7);
	CHECK_INT(s->n_attrs, 5);
	CHECK_INT(span_attr(s, "a")->type, ATTR_INT);
	CHECK_INT(span_attr(s, "a")->integer, 7);
	CHECK(!span_attr(s, "f"));
}

TEST(span_absent_values_set_nothing)
{
	_cleanup_(span_cleanup) struct span *s = NULL;

	CHECK_INT(span_new(&s), 0);
	span_set_str(s, "a", SLICE_NONE);
	span_set_double(s, "b", NAN);
	span_set_strs(s, "c", NULL, 0);
	CHECK_INT(s->n_attrs, 0);
	CHECK_INT(s->dropped_attrs, 0);
	span_set_str(s, "a", SLICE(""));
	CHECK_STR(span_attr(s, "a")->string, "");
}

TEST(span_counts_what_has_no_room)
{
	_cleanup_(span_cleanup) struct span *s = NULL;
	struct slice huge;

	CHECK_INT(span_new(&s), 0);
	huge = (struct slice){ calloc(1, SPAN_ARENA_MAX), SPAN_ARENA_MAX };
	span_set_str(s, "huge", huge);
	span_set_strs(s, "huge list", &huge, 1);
	span_set_int(s, "small", 1);
	CHECK_INT(s->dropped_attrs, 2);
	CHECK_INT(s->n_attrs, 1);
	free((char *)huge.data);
}

TEST(span_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(span_cleanup) struct span *s = NULL;

		if (span_new(&s))
			continue;
		for (size_t i = 0; i < 200; i++) {
			static const char *const keys[] = { "a", "b", "c", "d", "e", "f", "g" };

			span_set_str(s, keys[i % 7], SLICE("a string that takes some room"));
		}
		CHECK(s->n_attrs == 7 || s->dropped_attrs);
		CHECK(s->n_attrs <= 7);
	}
}

TEST(unset)
{
	_cleanup_(span_cleanup) struct span *s = NULL;

	CHECK_INT(span_new(&s), 0);
	span_set_int(s, "a", 1);
	span_set_int(s, "b", 2);
	span_set_int(s, "c", 3);
	span_unset(s, "b");
	span_unset(s, "never");
	CHECK_INT(s->n_attrs, 2);
	CHECK(!span_attr(s, "b"));
	CHECK_INT(span_attr(s, "c")->integer, 3);
	span_unset(s, "c");
	span_unset(s, "a");
	CHECK_INT(s->n_attrs, 0);
}
