/* SPDX-License-Identifier: Apache-2.0 */
#include "span.h"

#include <errno.h>

int span_new(struct span **ret)
{
	struct span *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	arena_init(&s->arena, SPAN_ARENA_MAX);
	s->kind = SPAN_CLIENT;
	*ret = s;
	return 0;
}

void span_free(struct span *s)
{
	if (!s)
		return;
	process_unref(s->process);
	arena_release(&s->arena);
	free(s);
}

static struct attr *find(const struct span *s, const char *key)
{
	for (size_t i = 0; i < s->n_attrs; i++)
		if (s->attrs[i].key == key || !strcmp(s->attrs[i].key, key))
			return &s->attrs[i];
	return NULL;
}

const struct attr *span_attr(const struct span *s, const char *key)
{
	return find(s, key);
}

void span_unset(struct span *s, const char *key)
{
	struct attr *a = find(s, key);

	if (!a)
		return;
	s->n_attrs--;
	memmove(a, a + 1, (size_t)(s->attrs + s->n_attrs - a) * sizeof(*a));
}

static void set(struct span *s, const struct attr *value)
{
	struct attr *a = find(s, value->key);

	if (!a)
		a = arena_push(&s->arena, &s->attrs, &s->n_attrs, sizeof(*a));
	if (a)
		*a = *value;
	else
		s->dropped_attrs++;
}

void span_set_str(struct span *s, const char *key, struct slice value)
{
	struct attr a = { .key = key, .type = ATTR_STRING };

	if (!value.data)
		return;
	a.string = arena_copy(&s->arena, value);
	if (a.string.data)
		set(s, &a);
	else
		s->dropped_attrs++;
}

void span_set_int(struct span *s, const char *key, int64_t value)
{
	set(s, &(struct attr){ .key = key, .type = ATTR_INT, .integer = value });
}

void span_set_double(struct span *s, const char *key, double value)
{
	if (!isnan(value))
		set(s, &(struct attr){ .key = key, .type = ATTR_DOUBLE, .number = value });
}

void span_set_bool(struct span *s, const char *key, bool value)
{
	set(s, &(struct attr){ .key = key, .type = ATTR_BOOL, .boolean = value });
}

void span_set_strs(struct span *s, const char *key, const struct slice *items, size_t count)
{
	struct attr a = { .key = key, .type = ATTR_STRINGS, .strings.count = count };
	struct slice *copy;
	size_t size;

	if (!items || !count)
		return;
	if (__builtin_mul_overflow(count, sizeof(*copy), &size))
		size = SIZE_MAX;
	copy = arena_alloc(&s->arena, size);
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = arena_copy(&s->arena, items[i].data ? items[i] : SLICE(""));
		if (!copy[i].data)
			copy = NULL;
	}
	a.strings.items = copy;
	if (copy)
		set(s, &a);
	else
		s->dropped_attrs++;
}
