/* SPDX-License-Identifier: Apache-2.0 */
/* show: a trace of the database as a tree with bars, as JSON, or as OTLP has it. */
#include "cleanup.h"
#include "commands.h"
#include "log.h"
#include "reader.h"
#include "trace_otlp.h"
#include "trace_rows.h"

#include <errno.h>

#define TRACE_MAX (256u * 1024 * 1024)

static void add_hex(struct buf *b, const char *name, const uint8_t *bytes, size_t len)
{
	buf_printf(b, "\"%s\":\"", name);
	for (size_t i = 0; i < len; i++)
		buf_printf(b, "%02x", bytes[i]);
	buf_add_str(b, "\",");
}

static void add_json(struct buf *b, const struct query_span *s)
{
	static const uint8_t none[8];

	buf_add_char(b, '{');
	add_hex(b, "trace_id", s->trace_id, sizeof(s->trace_id));
	add_hex(b, "span_id", s->span_id, sizeof(s->span_id));
	if (memcmp(s->parent_id, none, sizeof(none)))
		add_hex(b, "parent_id", s->parent_id, sizeof(s->parent_id));
	buf_add_str(b, "\"name\":");
	buf_add_json(b, s->name);
	buf_printf(b, ",\"start_ns\":%llu,\"end_ns\":%llu,\"error\":%s",
		   (unsigned long long)s->start_ns, (unsigned long long)s->end_ns,
		   s->error ? "true" : "false");
	if (s->status_message.data) {
		buf_add_str(b, ",\"status_message\":");
		buf_add_json(b, s->status_message);
	}
	buf_add_str(b, ",\"process\":");
	buf_add_slice(b, s->resource);
	buf_add_str(b, ",\"attributes\":");
	buf_add_slice(b, s->attributes);
	buf_add_str(b, "}\n");
}

static void on_span(void *ctx, const struct query_span *s)
{
	add_json(ctx, s);
}

static int get_json(struct query_db *db, struct slice id, struct buf *to)
{
	uint8_t trace_id[16];
	int r = query_find_trace(db, id, trace_id);

	if (!r)
		r = query_trace(db, trace_id, on_span, to);
	return r < 0 ? r : buf_error(to);
}

static int get_otlp(struct query_db *db, struct slice id, enum semconv_profile profile,
		    struct buf *to)
{
	uint8_t trace_id[16];
	int r = query_find_trace(db, id, trace_id);

	return r ? r : trace_otlp_add(db, trace_id, profile, to);
}

static const char *why_not(int error)
{
	return error == -ENOENT	    ? "no trace, run or span of that id"
	       : error == -ENOTUNIQ ? "several ids begin like that; write more of it"
	       : error == -EINVAL   ? "an id is 4 to 32 hex digits, or 'last'"
				    : strerror(-error);
}

int cmd_show(const struct options *o)
{
	_cleanup_(buf_cleanup) struct buf out = BUF_INIT(TRACE_MAX);
	const struct waterfall_style style = {
		.width = (int)reader_width(),
		.utf8 = reader_utf8(),
		.colour = reader_colour(),
	};
	bool json = o->output == OUTPUT_JSON || o->output == OUTPUT_JSONL;
	struct slice id = slice_from(o->args[0]);
	struct query_db *db = NULL;
	int r = reader_open(o, &db);

	if (r)
		return 1;
	r = json			    ? get_json(db, id, &out)
	    : o->output == OUTPUT_OTLP_JSON ? get_otlp(db, id, o->semconv, &out)
					    : trace_rows_print(db, id, &style, &out);
	query_close(db);
	if (!r && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout)))
		r = -EIO;
	if (r)
		log_error("show: %s: %s", o->args[0], why_not(r));
	return r ? 1 : 0;
}
