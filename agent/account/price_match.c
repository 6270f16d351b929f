/* SPDX-License-Identifier: Apache-2.0 */
#include "price_match.h"

#include "cleanup.h"

#include <ctype.h>
#include <errno.h>

#define PATTERN_MAX 4096
#define DEPTH_MAX 8

static const struct {
	const char *key;
	enum price_match_kind kind;
} kinds[] = {
	{ "equals", PRICE_MATCH_EQUALS },  { "starts_with", PRICE_MATCH_STARTS },
	{ "ends_with", PRICE_MATCH_ENDS }, { "contains", PRICE_MATCH_CONTAINS },
	{ "regex", PRICE_MATCH_REGEX },	   { "or", PRICE_MATCH_OR },
	{ "and", PRICE_MATCH_AND },
};

int price_match_regex(struct price_match *m, struct slice pattern)
{
	int r = pattern_new(&m->regex, pattern, false, NULL, 0);

	m->kind = r ? PRICE_MATCH_NONE : PRICE_MATCH_REGEX;
	return r == -EINVAL ? -EBADMSG : r;
}

static int read_text(struct price_match *m, struct arena *a, struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(PATTERN_MAX);
	int r = json_str(v, &b);

	if (r)
		return r == -ENOMEM ? r : -EBADMSG;
	if (m->kind == PRICE_MATCH_REGEX)
		return price_match_regex(m, buf_slice(&b));
	for (size_t i = 0; i < b.len; i++)
		b.data[i] = (char)tolower((unsigned char)b.data[i]);
	m->text = arena_copy(a, b.len ? buf_slice(&b) : SLICE(""));
	return m->text.data ? 0 : -ENOMEM;
}

static int read_match(struct price_match *m, struct arena *a, struct json_val v, int depth);

static int read_items(struct price_match *m, struct arena *a, struct json_val list, int depth)
{
	for (struct json_val i = json_first(list); i.doc; i = json_next(i)) {
		struct price_match *item = arena_push(a, &m->items, &m->n_items, sizeof(*item));
		int r = item ? read_match(item, a, i, depth + 1) : -ENOMEM;

		if (r)
			return r;
	}
	return json_type(list) == JSON_ARRAY ? 0 : -EBADMSG;
}

static int read_match(struct price_match *m, struct arena *a, struct json_val v, int depth)
{
	struct json_val member = json_first(v);

	if (json_type(v) != JSON_OBJECT || depth > DEPTH_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_eq(json_key(member), slice_from(kinds[i].key)))
			continue;
		m->kind = kinds[i].kind;
		return m->kind >= PRICE_MATCH_OR ? read_items(m, a, member, depth)
						 : read_text(m, a, member);
	}
	return -EBADMSG;
}

int price_match_read(struct price_match *m, struct arena *a, struct json_val v)
{
	*m = (struct price_match){ 0 };
	return read_match(m, a, v, 0);
}

void price_match_release(struct price_match *m)
{
	pattern_free(m->regex);
	m->regex = NULL;
	for (size_t i = 0; i < m->n_items; i++)
		price_match_release(&m->items[i]);
}

bool price_match(const struct price_match *m, struct slice name, bool *ret_exact)
{
	switch (m->kind) {
	case PRICE_MATCH_EQUALS:
		if (!slice_eq(name, m->text))
			return false;
		if (ret_exact)
			*ret_exact = true;
		return true;
	case PRICE_MATCH_STARTS:
		return slice_starts(name, m->text);
	case PRICE_MATCH_ENDS:
		return slice_ends(name, m->text);
	case PRICE_MATCH_CONTAINS:
		return slice_find(name, m->text) >= 0;
	case PRICE_MATCH_REGEX:
		return pattern_match(m->regex, name) == 1;
	case PRICE_MATCH_OR:
		for (size_t i = 0; i < m->n_items; i++)
			if (price_match(&m->items[i], name, ret_exact))
				return true;
		return false;
	case PRICE_MATCH_AND:
		for (size_t i = 0; i < m->n_items; i++)
			if (!price_match(&m->items[i], name, NULL))
				return false;
		return m->n_items > 0;
	default:
		return false;
	}
}
