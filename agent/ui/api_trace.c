/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace as the page draws it: /traces/ID gives every span with what a waterfall needs,
 * times in nanoseconds from the first; /traces/ID/SPAN one span with everything; with
 * ?full=1 all spans with everything.
 */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct trace_writer {
	struct buf *to;
	struct json doc; /* its token array is reused */
	uint64_t start_ns;
	uint8_t only[8]; /* this span alone */
	bool one, full;
	size_t n;
};

static void write_hex(struct buf *to, const char *name, const uint8_t *id, size_t len)
{
	static const uint8_t none[16];

	if (!memcmp(id, none, len))
		return;
	buf_printf(to, ",\"%s\":\"", name);
	buf_add_hex(to, id, len);
	buf_add_char(to, '"');
}

static void write_text(struct buf *to, const char *name, struct slice value)
{
	if (!value.len)
		return;
	buf_printf(to, ",\"%s\":", name);
	buf_add_json(to, value);
}

static void write_count(struct buf *to, const char *name, int64_t value)
{
	if (value >= 0)
		buf_printf(to, ",\"%s\":%" PRId64, name, value);
}

/* Of the other attributes, what the rows of a waterfall show. */
static void write_marks(struct trace_writer *w, struct slice attributes)
{
	static const struct {
		const char *attr, *name;
	} marks[] = {
		{ "gentap.inferred", "inferred" },
		{ "gentap.retry_count", "retries" },
		{ "gentap.retry.wait", "waited" },
		{ "process.exit.code", "exit" },
		{ "http.response.status_code", "http" },
		{ "gentap.run.calls", "calls" },
		{ "gentap.run.cost.unknown_calls", "cost_unknown" },
	};

	if (!attributes.len || json_parse(&w->doc, attributes))
		return;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		struct json_val v = json_get(json_root(&w->doc), marks[i].attr);

		if (json_type(v) == JSON_STRING)
			buf_printf(w->to, ",\"%s\":\"%.*s\"", marks[i].name,
				   SLICE_FMT(json_raw(v)));
		else if (v.doc && json_type(v) != JSON_NULL)
			buf_printf(w->to, ",\"%s\":%.*s", marks[i].name, SLICE_FMT(json_raw(v)));
	}
}

static void write_span(void *ctx, const struct query_span *s)
{
	struct trace_writer *w = ctx;
	struct buf *to = w->to;
	const char *class = span_class_name(s->class);

	if (!w->start_ns)
		w->start_ns = s->start_ns;
	if (w->one && memcmp(w->only, s->span_id, sizeof(w->only)))
		return;
	buf_printf(to,
		   "%s{\"op\":\"%s\",\"start\":%" PRIu64 ",\"duration\":%" PRIu64 ",\"error\":%s",
		   w->n++ ? ",\n" : "", class ? class : "other", s->start_ns - w->start_ns,
		   s->end_ns - s->start_ns, s->error ? "true" : "false");
	write_hex(to, "id", s->span_id, sizeof(s->span_id));
	write_hex(to, "parent", s->parent_id, sizeof(s->parent_id));
	write_hex(to, "run", s->run_id, sizeof(s->run_id));
	write_text(to, "name", s->name);
	write_text(to, "model", s->model);
	write_text(to, "agent", s->agent);
	write_text(to, "tool", s->tool);
	write_text(to, "error_type", s->error_type);
	write_text(to, "completeness", s->completeness);
	write_text(to, "finish", s->finish);
	write_text(to, "cost_source", s->cost_source);
	write_count(to, "input", s->input);
	write_count(to, "output", s->output);
	write_count(to, "cached", s->cached);
	write_count(to, "cache_write", s->cache_write);
	write_count(to, "reasoning", s->reasoning);
	write_count(to, "ttft", s->ttft_ns);
	if (s->cost_pd >= 0)
		buf_printf(to, ",\"cost\":%.12g", (double)s->cost_pd / 1e12);
	write_marks(w, s->attributes);
	if (w->full) {
		buf_printf(to, ",\"kind\":%d,\"start_unix_ns\":\"%" PRIu64 "\"", s->kind,
			   s->start_ns);
		write_text(to, "provider", s->provider);
		write_text(to, "status_message", s->status_message);
		buf_add_str(to, ",\"attributes\":");
		buf_add_slice(to, s->attributes.len ? s->attributes : SLICE("{}"));
		buf_add_str(to, ",\"resource\":");
		buf_add_slice(to, s->resource.len ? s->resource : SLICE("{}"));
	}
	buf_add_char(to, '}');
}

static int hex_id(struct slice text, uint8_t id[8])
{
	if (text.len != 16)
		return -EINVAL;
	for (size_t i = 0; i < 8; i++) {
		int byte = 0;

		for (size_t k = 0; k < 2; k++) {
			char d = text.data[2 * i + k];
			int v = d >= '0' && d <= '9'   ? d - '0'
				: d >= 'a' && d <= 'f' ? d - 'a' + 10
						       : -1;

			if (v < 0)
				return -EINVAL;
			byte = byte << 4 | v;
		}
		id[i] = (uint8_t)byte;
	}
	return 0;
}

int api_trace(struct api_context *c)
{
	struct slice rest = slice_from(c->rest), id = slice_cut(&rest, '/');
	struct trace_writer w = { .to = c->to, .one = rest.len > 0 };
	uint8_t trace_id[16];
	int r;

	r = api_flag(c, "full", &w.full);
	if (r)
		return r;
	w.full |= w.one;
	if (!id.len)
		return api_problem(c, 400, "Which trace? /traces/ID");
	if (w.one && hex_id(rest, w.only))
		return api_problem(c, 400, "A span's id is 16 hex digits.");
	r = query_find_trace(c->db, id, trace_id);
	if (r)
		return api_failed(c, r);
	json_init(&w.doc);
	buf_add_str(c->to, "{\"spans\":[");
	r = query_trace(c->db, trace_id, write_span, &w);
	json_release(&w.doc);
	if (r < 0)
		return api_failed(c, r);
	if (w.one && !w.n)
		return api_failed(c, -ENOENT);
	buf_printf(c->to, "],\"start\":%.3f", (double)w.start_ns / NSEC_PER_MSEC);
	write_hex(c->to, "trace_id", trace_id, sizeof(trace_id));
	buf_add_str(c->to, "}\n");
	return 200;
}
