/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /limits: what providers said last of their rate limits, by provider, model and kind of
 * limit: of the latest calls of the range, the newest that tells it.
 */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"
#include "json.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>

#define CALLS_MAX "1000" /* that are looked at */
#define LIMITS_MAX 200
#define PREFIX "gentap.rate_limit."

enum column { START, DURATION, PROVIDER, MODEL, ATTRIBUTES };
#define LIMIT_FIELDS "timestamp,duration,gen_ai.provider.name,model,attributes"

struct limits {
	const struct query_result *result;
	struct table seen; /* provider, model, kind of those that are written */
	struct buf *to;
	size_t n;
};

static struct slice text_of(const struct query_result *r, size_t row, enum column c)
{
	const struct query_cell *cell = query_cell(r, row, c);

	return cell->type == QUERY_TEXT ? cell->text : SLICE_NONE;
}

static void write_text(struct buf *to, const char *name, struct slice text)
{
	buf_printf(to, "\"%s\":", name);
	if (text.data)
		buf_add_json(to, text);
	else
		buf_add_str(to, "null");
}

static void write_numbers(struct limits *l, struct json_val attributes, struct slice kind)
{
	static const char *const names[] = { "limit", "remaining", "reset", "used" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char key[160];
		struct json_val v;

		snprintf(key, sizeof(key), PREFIX "%.*s.%s", SLICE_FMT(kind), names[i]);
		v = json_get(attributes, key);
		buf_printf(l->to, ",\"%s\":", names[i]);
		if (v.doc && json_type(v) == JSON_NUMBER)
			buf_add_slice(l->to, json_raw(v));
		else
			buf_add_str(l->to, "null");
	}
}

/* When the answer had come: what resets counts from then. */
static int64_t told_at_ms(const struct query_result *r, size_t row)
{
	return (query_cell(r, row, START)->integer + query_cell(r, row, DURATION)->integer) /
	       (int64_t)NSEC_PER_MSEC;
}

static int add_limit(struct limits *l, size_t row, struct json_val attributes, struct slice kind)
{
	struct slice provider = text_of(l->result, row, PROVIDER);
	struct slice model = text_of(l->result, row, MODEL);
	char key[1024];
	int len = snprintf(key, sizeof(key), "%.*s\n%.*s\n%.*s", SLICE_FMT(provider),
			   SLICE_FMT(model), SLICE_FMT(kind));
	int r = len < 0 || (size_t)len >= sizeof(key) ? -ENOSPC
						      : table_add(&l->seen, key, (size_t)len, l);

	if (r)
		return r == -EEXIST || r == -ENOSPC ? 0 : r;
	buf_add_str(l->to, l->n++ ? ",{" : "{");
	write_text(l->to, "provider", provider);
	buf_add_char(l->to, ',');
	write_text(l->to, "model", model);
	buf_add_char(l->to, ',');
	write_text(l->to, "kind", kind);
	buf_printf(l->to, ",\"at\":%" PRId64, told_at_ms(l->result, row));
	write_numbers(l, attributes, kind);
	buf_add_char(l->to, '}');
	return 0;
}

/* Each kind has several attributes; add_limit() takes it once. */
static int add_call(struct limits *l, size_t row, struct json *doc)
{
	struct slice text = text_of(l->result, row, ATTRIBUTES);
	struct json_val root;
	int r = text.data ? json_parse(doc, text) : -EBADMSG;

	if (r)
		return r == -EBADMSG ? 0 : r;
	root = json_root(doc);
	for (struct json_val v = json_first(root); !r && v.doc; v = json_next(v)) {
		struct slice kind = json_key(v);

		if (!slice_starts(kind, SLICE(PREFIX)))
			continue;
		kind = slice_sub(kind, sizeof(PREFIX) - 1, kind.len);
		r = add_limit(l, row, root, slice_cut(&kind, '.'));
	}
	return r;
}

static int write_limits(struct api_context *c, const struct query_result *result)
{
	struct limits l = { .result = result, .to = c->to };
	struct json doc;
	int r = 0;

	json_init(&doc);
	table_init(&l.seen, LIMITS_MAX);
	buf_add_str(c->to, "{\"limits\":[");
	for (size_t row = 0; !r && row < result->n_rows; row++)
		r = add_call(&l, row, &doc);
	buf_printf(c->to, "],\"looked\":%zu}\n", result->n_rows);
	table_release(&l.seen, NULL);
	json_release(&doc);
	return r;
}

int api_limits(struct api_context *c)
{
	return api_newest(c, LIMIT_FIELDS, "span.op:gen_ai.request", CALLS_MAX, write_limits);
}
