/* SPDX-License-Identifier: Apache-2.0 */
#include "price_match.h"

#include "cleanup.h"

#include <ctype.h>
#include <errno.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_MAX 4096
#define DEPTH_MAX 8
/* A list may come from a user: no pattern may take long on a name of a few dozen bytes. */
#define REGEX_STEPS_MAX 10000

static const struct {
	const char *key;
	enum price_match_kind kind;
} kinds[] = {
	{ "equals", PRICE_MATCH_EQUALS },  { "starts_with", PRICE_MATCH_STARTS },
	{ "ends_with", PRICE_MATCH_ENDS }, { "contains", PRICE_MATCH_CONTAINS },
	{ "regex", PRICE_MATCH_REGEX },	   { "or", PRICE_MATCH_OR },
	{ "and", PRICE_MATCH_AND },
};

int price_match_regex(struct price_match *m, struct arena *a, struct slice pattern)
{
	PCRE2_SIZE at;
	int error;

	(void)a;
	m->kind = PRICE_MATCH_REGEX;
	m->regex =
		pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, PCRE2_UTF, &error, &at, NULL);
	if (!m->regex)
		m->kind = PRICE_MATCH_NONE;
	return m->regex ? 0 : error == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -EBADMSG;
}

static int read_text(struct price_match *m, struct arena *a, struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(PATTERN_MAX);
	int r = json_str(v, &b);

	if (r)
		return r == -ENOMEM ? r : -EBADMSG;
	if (m->kind == PRICE_MATCH_REGEX)
		return price_match_regex(m, a, buf_slice(&b));
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
	pcre2_code_free(m->regex);
	m->regex = NULL;
	for (size_t i = 0; i < m->n_items; i++)
		price_match_release(&m->items[i]);
}

static bool match_regex(const struct price_match *m, struct slice name)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int r = -1;

	if (data && context) {
		pcre2_set_match_limit(context, REGEX_STEPS_MAX);
		r = pcre2_match(m->regex, (PCRE2_SPTR)name.data, name.len, 0, 0, data, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return r >= 0;
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
		return match_regex(m, name);
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
