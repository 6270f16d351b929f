/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"

#include "cleanup.h"
#include "json.h"
#include "redact.h"

#include <errno.h>

#define STRING_MIN 256 /* strings are not cut shorter than this */

struct writer {
	struct buf *to;
	size_t string_max;
	bool nomem;
};

/* Cut at a character's edge, masked, quoted. `whole`: length before anybody cut it. */
static void add_string(struct writer *w, struct slice text, uint64_t whole)
{
	size_t len = MIN(text.len, w->string_max);
	bool cut = len < whole;
	struct buf masked = BUF_INIT(2 * len + 4096);

	while (cut && len < text.len && len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--;
	redact_add(&masked, slice_sub(text, 0, len), cut);
	if (cut)
		buf_printf(&masked, "[truncated: %" PRIu64 " bytes]", whole);
	if (buf_error(&masked))
		w->nomem = true;
	else
		buf_add_json(w->to, buf_slice(&masked));
	buf_release(&masked);
}

static void add_plain(struct writer *w, struct slice s)
{
	add_string(w, s, s.len);
}

/* ,"key":"value" when there is a value. */
static void add_member(struct writer *w, const char *key, struct slice value)
{
	if (!value.data)
		return;
	buf_printf(w->to, ",\"%s\":", key);
	add_plain(w, value);
}

static void add_json_string(struct writer *w, struct json_val v)
{
	struct buf s = BUF_INIT(3 * json_raw(v).len + 1);

	if (redact_is_secret_name(json_key(v)))
		buf_add_str(w->to, "\"" REDACT_MASK "\"");
	else if (json_str(v, &s))
		w->nomem = true;
	else
		add_plain(w, buf_slice(&s));
	buf_release(&s);
}

/* Writes a JSON value anew, strings masked. Depth is bounded by JSON_DEPTH_MAX. */
static void add_json_value(struct writer *w, struct json_val v)
{
	bool object = json_type(v) == JSON_OBJECT, first = true;

	if (json_type(v) == JSON_STRING) {
		add_json_string(w, v);
		return;
	}
	if (!object && json_type(v) != JSON_ARRAY) {
		buf_add_slice(w->to, json_raw(v));
		return;
	}
	buf_add_char(w->to, object ? '{' : '[');
	for (struct json_val i = json_first(v); i.doc && !buf_error(w->to); i = json_next(i)) {
		if (!first)
			buf_add_char(w->to, ',');
		first = false;
		if (object) {
			add_plain(w, json_key(i));
			buf_add_char(w->to, ':');
		}
		add_json_value(w, i);
	}
	buf_add_char(w->to, object ? '}' : ']');
}

/* JSON where the text is whole and really JSON, else a string. */
static void add_value(struct writer *w, struct slice text, uint64_t whole, bool json)
{
	struct json doc;
	int r = -EBADMSG;

	if (!text.data) {
		buf_add_str(w->to, "null");
		return;
	}
	json_init(&doc);
	if (json && text.len == whole)
		r = json_parse(&doc, text);
	if (r == -ENOMEM)
		w->nomem = true;
	else if (!r && !json_truncated(&doc))
		add_json_value(w, json_root(&doc));
	else
		add_string(w, text, whole);
	json_release(&doc);
}

static void add_named_value(struct writer *w, const char *key, const struct part *p)
{
	buf_printf(w->to, ",\"%s\":", key);
	add_value(w, p->text, p->len, p->json);
}

static void add_content(struct writer *w, const struct part *p)
{
	buf_add_str(w->to, ",\"content\":");
	add_string(w, p->text.data ? p->text : SLICE(""), p->len);
}

static void add_media(struct writer *w, const struct part *p, const char *key)
{
	add_member(w, "mime_type", p->mime);
	add_member(w, "modality", p->modality.data ? p->modality : SLICE("document"));
	buf_printf(w->to, ",\"%s\":", key);
	/* Base64 that is not whole is of no use to anybody. */
	if (p->type == PART_BLOB && (p->text.len < p->len || p->len > w->string_max))
		buf_printf(w->to, "\"[blob: %" PRIu64 " bytes]\"", p->len);
	else
		add_string(w, p->text.data ? p->text : SLICE(""), p->len);
}

static void add_server_tool(struct writer *w, const struct part *p, const char *type)
{
	add_member(w, "id", p->id);
	add_member(w, "name", p->name.data ? p->name : SLICE(""));
	buf_printf(w->to, ",\"%s\":{\"type\":", type);
	add_plain(w, p->name);
	add_named_value(w, p->type == PART_SERVER_TOOL_CALL ? "arguments" : "response", p);
	buf_add_char(w->to, '}');
}

static const char *const part_types[] = {
	[PART_TEXT] = "text",
	[PART_REASONING] = "reasoning",
	[PART_TOOL_CALL] = "tool_call",
	[PART_TOOL_RESPONSE] = "tool_call_response",
	[PART_SERVER_TOOL_CALL] = "server_tool_call",
	[PART_SERVER_TOOL_RESPONSE] = "server_tool_call_response",
	[PART_BLOB] = "blob",
	[PART_FILE] = "file",
	[PART_URI] = "uri",
	[PART_COMPACTION] = "compaction",
};

static void add_part(struct writer *w, const struct part *p)
{
	buf_add_str(w->to, "{\"type\":");
	if (p->type < ARRAY_LEN(part_types))
		buf_printf(w->to, "\"%s\"", part_types[p->type]);
	else
		add_plain(w, p->name.data ? p->name : SLICE("other"));
	switch (p->type) {
	case PART_TEXT:
	case PART_REASONING:
		add_content(w, p);
		break;
	case PART_TOOL_CALL:
		add_member(w, "id", p->id);
		add_member(w, "name", p->name.data ? p->name : SLICE(""));
		add_named_value(w, "arguments", p);
		break;
	case PART_TOOL_RESPONSE:
		add_member(w, "id", p->id);
		add_named_value(w, "response", p);
		break;
	case PART_SERVER_TOOL_CALL:
	case PART_SERVER_TOOL_RESPONSE:
		add_server_tool(w, p, part_types[p->type]);
		break;
	case PART_BLOB:
		add_media(w, p, "content");
		break;
	case PART_FILE:
		add_media(w, p, "file_id");
		break;
	case PART_URI:
		add_media(w, p, "uri");
		break;
	case PART_COMPACTION:
		add_member(w, "id", p->id);
		if (p->text.data)
			add_content(w, p);
		break;
	case PART_OTHER:
		break;
	}
	buf_add_char(w->to, '}');
}

static void add_message(struct writer *w, const struct message *m, bool output)
{
	struct slice finish = m->finish_reason.data ? m->finish_reason : SLICE("error");

	buf_add_str(w->to, "{\"role\":");
	add_plain(w, m->role.data ? m->role : SLICE("user"));
	add_member(w, "name", m->name);
	buf_add_str(w->to, ",\"parts\":[");
	for (size_t i = 0; i < m->n_parts; i++) {
		if (i)
			buf_add_char(w->to, ',');
		add_part(w, &m->parts[i]);
	}
	buf_add_char(w->to, ']');
	/* The schema's word is singular, the attribute's plural. */
	if (output)
		add_member(w, "finish_reason",
			   slice_eq(finish, SLICE("tool_calls")) ? SLICE("tool_call") : finish);
	buf_add_char(w->to, '}');
}

/* ---- Lists that have to fit -------------------------------------------------------- */

struct list {
	const struct call *call;
	size_t count;
	void (*add)(struct writer *w, const struct call *c, size_t i);
};

/* Elements from `first` on. False when they do not fit into the writer's buffer. */
static bool add_list(struct writer *w, const struct list *l, size_t first)
{
	buf_reset(w->to, SIZE_MAX);
	buf_add_char(w->to, '[');
	for (size_t i = first; i < l->count && !buf_error(w->to) && !w->nomem; i++) {
		if (i > first)
			buf_add_char(w->to, ',');
		l->add(w, l->call, i);
	}
	buf_add_char(w->to, ']');
	return !buf_error(w->to) && !w->nomem;
}

static bool fit(struct writer *w, const struct list *l, size_t max)
{
	size_t low = 0, high = l->count;

	for (w->string_max = max; w->string_max > STRING_MIN; w->string_max /= 8)
		if (add_list(w, l, 0))
			return true;
	w->string_max = STRING_MIN;
	if (add_list(w, l, 0))
		return true;
	/* The fewest to leave out: more never fit worse. */
	while (low + 1 < high && !w->nomem) {
		size_t middle = low + (high - low) / 2;

		if (add_list(w, l, middle))
			high = middle;
		else
			low = middle;
	}
	return high < l->count && add_list(w, l, high);
}

static int render(const struct list *l, size_t max, struct buf *to)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(max);
	struct writer w = { .to = &text };

	if (!l->count)
		return -ENODATA;
	if (!fit(&w, l, max))
		return w.nomem || text.error == -ENOMEM ? -ENOMEM : -ENOBUFS;
	return buf_add_slice(to, buf_slice(&text));
}

static void add_input(struct writer *w, const struct call *c, size_t i)
{
	add_message(w, &c->input[i], false);
}

static void add_output(struct writer *w, const struct call *c, size_t i)
{
	add_message(w, &c->output[i], true);
}

static void add_system(struct writer *w, const struct call *c, size_t i)
{
	add_part(w, &c->system[i]);
}

static void add_tool(struct writer *w, const struct call *c, size_t i)
{
	const struct tool_definition *t = &c->tools[i];

	buf_add_str(w->to, "{\"type\":");
	add_plain(w, t->type);
	add_member(w, "name", t->name.data ? t->name : SLICE(""));
	add_member(w, "description", t->description);
	if (t->parameters.data) {
		buf_add_str(w->to, ",\"parameters\":");
		add_value(w, t->parameters, t->parameters.len, true);
	}
	buf_add_char(w->to, '}');
}

int content_input_messages(const struct call *c, size_t max, struct buf *to)
{
	return render(&(struct list){ c, c->n_input, add_input }, max, to);
}

int content_output_messages(const struct call *c, size_t max, struct buf *to)
{
	return render(&(struct list){ c, c->n_output, add_output }, max, to);
}

int content_system_instructions(const struct call *c, size_t max, struct buf *to)
{
	return render(&(struct list){ c, c->n_system, add_system }, max, to);
}

int content_tool_definitions(const struct call *c, size_t max, struct buf *to)
{
	return render(&(struct list){ c, c->n_tools, add_tool }, max, to);
}

static const struct part *task_of(const struct message *m)
{
	const struct part *found = NULL;

	for (size_t i = 0; i < m->n_parts; i++) {
		const struct part *p = &m->parts[i];
		struct slice text = slice_trim(p->text);

		if (p->type == PART_TEXT && text.len &&
		    (*text.data != '<' || !found || *slice_trim(found->text).data == '<'))
			found = p;
	}
	return found;
}

static void add_line(struct buf *to, struct slice text, size_t max)
{
	bool space = false;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte <= ' ') {
			space = to->len;
			continue;
		}
		/* Room for the whole character and the sign that it was cut. */
		if ((byte & 0xc0) != 0x80 && to->len + space + 8 > max) {
			buf_add_str(to, "…");
			return;
		}
		if (space)
			buf_add_char(to, ' ');
		space = false;
		buf_add_char(to, (char)byte);
	}
}

int content_task(const struct call *c, size_t max, struct buf *to)
{
	_cleanup_(buf_cleanup) struct buf masked = BUF_INIT(8 * max + 4096);
	_cleanup_(buf_cleanup) struct buf line = BUF_INIT(max + 8);
	const struct part *task = NULL;
	struct slice head;

	for (size_t i = c->n_input; !task && i-- > 0;)
		if (slice_eq(c->input[i].role, SLICE("user")))
			task = task_of(&c->input[i]);
	if (!task)
		return -ENODATA;
	head = slice_sub(slice_trim(task->text), 0, 4 * max);
	redact_add(&masked, head, head.len < task->len);
	if (buf_error(&masked))
		return -ENOMEM;
	add_line(&line, buf_slice(&masked), max);
	if (buf_error(&line))
		return buf_error(&line) == -ENOBUFS ? -ENOBUFS : -ENOMEM;
	return line.len ? buf_add_slice(to, buf_slice(&line)) : -ENODATA;
}

int content_tool_arguments(const struct tool_call *t, size_t max, struct buf *to)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(max);
	struct writer w = { .to = &text };
	uint64_t whole = t->arguments.len + (t->truncated ? 1 : 0);

	if (!t->arguments.data)
		return -ENODATA;
	for (w.string_max = max; w.string_max; w.string_max /= 8) {
		buf_reset(&text, SIZE_MAX);
		add_value(&w, t->arguments, whole, !t->truncated);
		if (w.nomem || text.error == -ENOMEM)
			return -ENOMEM;
		if (!buf_error(&text))
			return buf_add_slice(to, buf_slice(&text));
	}
	return -ENOBUFS;
}
