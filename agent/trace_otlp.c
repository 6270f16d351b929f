/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_otlp.h"

#include "cleanup.h"
#include "encode.h"
#include "json.h"
#include "span.h"

#include <errno.h>
#include <sys/utsname.h>

#define TEXT_MAX (64u * 1024 * 1024)
#define ITEMS_MAX 65536 /* spans of one trace; what is more is left out, which is an error */

struct item {
	size_t resource, span; /* where they end in the texts */
	bool same;	       /* resource as the one before */
};

struct trace_otlp {
	struct buf resources, spans;
	struct item *items;
	size_t n;
	struct buf last; /* resource, as the database has it */
	struct json json;
	struct otlp_host host;
	int error;
};

/* JSON does not tell whole numbers from others: these are not. */
static bool is_double(struct slice key)
{
	static const struct slice begins[] = { SLICE("gentap.cost."), SLICE("gentap.run.cost") };
	static const struct slice ends[] = { SLICE(".top_p"),	    SLICE(".top_k"),
					     SLICE(".temperature"), SLICE("_penalty"),
					     SLICE("_chunk"),	    SLICE("retry_wait"),
					     SLICE(".used"),	    SLICE(".reset"),
					     SLICE("retry_after"),  SLICE("_time") };

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (slice_starts(key, begins[i]) && !slice_ends(key, SLICE("_calls")))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(key, ends[i]))
			return true;
	return false;
}

static struct slice text_of(struct arena *a, struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(TEXT_MAX);

	return json_str(v, &text) ? SLICE_NONE : arena_copy(a, buf_slice(&text));
}

static void set_strings(struct span *s, const char *key, struct json_val v)
{
	struct slice *all;
	size_t n = 0;

	for (struct json_val i = json_first(v); i.doc; i = json_next(i))
		n++;
	all = arena_alloc(&s->arena, MAX(n, (size_t)1) * sizeof(*all));
	if (!all)
		return;
	n = 0;
	for (struct json_val i = json_first(v); i.doc; i = json_next(i))
		all[n++] = text_of(&s->arena, i);
	span_set_strs(s, key, all, n);
}

static void set_attribute(struct span *s, const char *key, struct json_val v)
{
	int64_t whole;
	double number;
	bool yes;

	if (json_type(v) == JSON_STRING)
		span_set_str(s, key, text_of(&s->arena, v));
	else if (json_type(v) == JSON_ARRAY)
		set_strings(s, key, v);
	else if (!json_bool(v, &yes))
		span_set_bool(s, key, yes);
	else if (!is_double(slice_from(key)) && !json_i64(v, &whole))
		span_set_int(s, key, whole);
	else if (!json_f64(v, &number))
		span_set_double(s, key, number);
}

static void set_attributes(struct trace_otlp *t, struct span *s, struct slice text)
{
	if (json_parse(&t->json, text))
		return;
	for (struct json_val v = json_first(json_root(&t->json)); v.doc; v = json_next(v)) {
		struct slice name = json_key(v);
		char *key = arena_alloc(&s->arena, name.len + 1);

		if (!key)
			return;
		memcpy(key, name.data, name.len);
		key[name.len] = '\0';
		set_attribute(s, key, v);
	}
}

static char *word(struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(TEXT_MAX);

	return json_str(v, &text) ? NULL : strndup(text.data ? text.data : "", text.len);
}

static int add_resource(struct trace_otlp *t, struct slice stored)
{
	struct process *p = NULL;
	struct json_val root;
	int64_t pid = 0;
	int r = process_new(&p);

	if (r)
		return r;
	if (!json_parse(&t->json, stored)) {
		root = json_root(&t->json);
		json_i64(json_get(root, "pid"), &pid);
		p->pid = (uint32_t)pid;
		p->comm = word(json_get(root, "comm"));
		p->exe = word(json_get(root, "exe"));
		p->cmdline = word(json_get(root, "cmdline"));
		p->cwd = word(json_get(root, "cwd"));
		p->owner = word(json_get(root, "owner"));
		p->cgroup = word(json_get(root, "cgroup"));
		p->container_id = word(json_get(root, "container_id"));
		p->service_name = word(json_get(root, "service_name"));
	}
	otlp_encode_resource(&t->resources, OTLP_JSON, p->pid ? p : NULL, &t->host);
	process_unref(p);
	buf_reset(&t->last, 65536);
	buf_add_slice(&t->last, stored);
	return 0;
}

static void on_span(void *ctx, const struct query_span *q)
{
	struct trace_otlp *t = ctx;
	struct span *s = NULL;
	bool same = t->n && slice_eq(buf_slice(&t->last), q->resource);

	if (!t->error && t->n == ITEMS_MAX)
		t->error = -E2BIG;
	if (!t->error)
		t->error = span_new(&s);
	if (!t->error && !same)
		t->error = add_resource(t, q->resource);
	if (t->error) {
		span_free(s);
		return;
	}
	memcpy(s->trace_id, q->trace_id, sizeof(s->trace_id));
	memcpy(s->span_id, q->span_id, sizeof(s->span_id));
	memcpy(s->parent_id, q->parent_id, sizeof(s->parent_id));
	s->kind = (enum span_kind)q->kind;
	s->name = q->name;
	s->start_ns = q->start_ns;
	s->end_ns = q->end_ns;
	s->error = q->error;
	s->status_message = q->status_message;
	s->trace_flags = 1;
	set_attributes(t, s, q->attributes);
	otlp_encode_span(&t->spans, OTLP_JSON, s);
	t->items[t->n++] = (struct item){ t->resources.len, t->spans.len, same };
	span_free(s);
}

static int add_request(const struct trace_otlp *t, enum semconv_profile profile, struct buf *to)
{
	_cleanup_free_ struct otlp_group *groups = calloc(t->n, sizeof(*groups));
	_cleanup_free_ struct slice *spans = calloc(t->n, sizeof(*spans));
	size_t n = 0, resource = 0, span = 0;

	if (!groups || !spans)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		const struct item *at = &t->items[i];

		if (!at->same)
			groups[n++] = (struct otlp_group){
				.resource = slice_sub(buf_slice(&t->resources), resource,
						      at->resource - resource),
				.items = &spans[i],
			};
		groups[n - 1].n_items++;
		spans[i] = slice_sub(buf_slice(&t->spans), span, at->span - span);
		resource = at->resource;
		span = at->span;
	}
	otlp_encode_request(to, OTLP_TRACES, OTLP_JSON, groups, n, profile, t->host.version);
	buf_add_char(to, '\n');
	return buf_error(to);
}

int trace_otlp_add(struct query_db *db, const uint8_t trace_id[16], enum semconv_profile profile,
		   struct buf *to)
{
	struct utsname u = { 0 };
	struct trace_otlp t = {
		.resources = BUF_INIT(TEXT_MAX),
		.spans = BUF_INIT(4 * TEXT_MAX),
		.last = BUF_INIT(TEXT_MAX),
		.items = calloc(ITEMS_MAX, sizeof(*t.items)),
		.host = { .version = SLICE(GENTAP_VERSION) },
	};
	int r = t.items ? 0 : -ENOMEM;

	uname(&u);
	t.host.host_name = slice_from(u.nodename);
	json_init(&t.json);
	if (!r)
		r = query_trace(db, trace_id, on_span, &t);
	if (r >= 0)
		r = t.error		  ? t.error
		    : buf_error(&t.spans) ? buf_error(&t.spans)
					  : buf_error(&t.resources);
	if (!r && t.n)
		r = add_request(&t, profile, to);
	json_release(&t.json);
	buf_release(&t.resources);
	buf_release(&t.spans);
	buf_release(&t.last);
	free(t.items);
	return r;
}
