/* SPDX-License-Identifier: Apache-2.0 */
#include "protobuf_json.h"

#include "cleanup.h"
#include "protobuf.h"

#include <errno.h>

struct writer {
	struct buf *to;
	unsigned int layout;
	int error;
};

static void write_struct(struct writer *w, struct slice from, int depth);
static void write_list(struct writer *w, struct slice from, int depth);
static void write_message(struct writer *w, const struct protobuf_message *type, struct slice from,
			  int depth);

/* The next field; false at the end, or where the message is damaged. */
static bool next(struct writer *w, struct slice *rest, struct protobuf_field *f)
{
	int r = protobuf_next(rest, f);

	if (r < 0)
		w->error = r;
	return r == 1;
}

static void write_number(struct writer *w, double n, int digits)
{
	if (isfinite(n))
		buf_printf(w->to, "%.*g", digits, n);
	else
		buf_add_str(w->to, "null");
}

/* google.protobuf.Value. Of several kinds the last one counts. */
static void write_value(struct writer *w, struct slice from, int depth)
{
	enum { NUMBER = 2, STRING, BOOL, STRUCT, LIST };
	struct protobuf_field f, kind = { 0 };

	while (next(w, &from, &f))
		kind = f;
	if (kind.number == NUMBER && kind.wire == PROTOBUF_I64)
		write_number(w, protobuf_double(kind.value), 17);
	else if (kind.number == STRING && kind.bytes.data)
		buf_add_json(w->to, kind.bytes);
	else if (kind.number == BOOL && kind.wire == PROTOBUF_VARINT)
		buf_add_str(w->to, kind.value ? "true" : "false");
	else if (kind.number == STRUCT && kind.bytes.data && depth)
		write_struct(w, kind.bytes, depth - 1);
	else if (kind.number == LIST && kind.bytes.data && depth)
		write_list(w, kind.bytes, depth - 1);
	else
		buf_add_str(w->to, "null");
}

static void write_list(struct writer *w, struct slice from, int depth)
{
	struct protobuf_field f;
	size_t count = 0;

	buf_add_char(w->to, '[');
	while (next(w, &from, &f)) {
		if (f.number != 1 || !f.bytes.data)
			continue;
		if (count++)
			buf_add_char(w->to, ',');
		write_value(w, f.bytes, depth);
	}
	buf_add_char(w->to, ']');
}

/* A map is a list of entries {1: key, 2: value}. */
static void write_struct(struct writer *w, struct slice from, int depth)
{
	struct protobuf_field f;
	size_t count = 0;

	buf_add_char(w->to, '{');
	while (next(w, &from, &f)) {
		struct slice key;

		if (f.number != 1 || !f.bytes.data)
			continue;
		if (count++)
			buf_add_char(w->to, ',');
		key = protobuf_bytes(f.bytes, 1);
		buf_add_json(w->to, key.data ? key : SLICE(""));
		buf_add_char(w->to, ':');
		write_value(w, protobuf_bytes(f.bytes, 2), depth);
	}
	buf_add_char(w->to, '}');
}

static bool fits(const struct protobuf_field *f, enum protobuf_kind kind)
{
	switch (kind) {
	case PROTOBUF_STRING:
	case PROTOBUF_MESSAGE:
	case PROTOBUF_STRUCT:
	case PROTOBUF_VALUE:
		return f->wire == PROTOBUF_BYTES;
	case PROTOBUF_FLOAT:
		return f->wire == PROTOBUF_I32;
	case PROTOBUF_DOUBLE:
		return f->wire == PROTOBUF_I64;
	default:
		return f->wire == PROTOBUF_VARINT;
	}
}

static void write_word(struct writer *w, const char *const *words, uint64_t number)
{
	for (uint64_t i = 0; words[i]; i++)
		if (i == number) {
			buf_add_json(w->to, slice_from(words[i]));
			return;
		}
	buf_printf(w->to, "%" PRId64, (int64_t)number);
}

static void write_field(struct writer *w, const struct protobuf_row *row,
			const struct protobuf_field *f, int depth)
{
	switch (row->kind) {
	case PROTOBUF_STRING:
		buf_add_json(w->to, f->bytes);
		break;
	case PROTOBUF_INT:
		buf_printf(w->to, "%" PRId64, (int64_t)f->value);
		break;
	case PROTOBUF_BOOL:
		buf_add_str(w->to, f->value ? "true" : "false");
		break;
	case PROTOBUF_FLOAT:
		/* 0.7 is 0.7 again, not 0.699999988. */
		write_number(w, (double)protobuf_float(f->value), 7);
		break;
	case PROTOBUF_DOUBLE:
		write_number(w, protobuf_double(f->value), 17);
		break;
	case PROTOBUF_WORD:
		write_word(w, row->words, f->value);
		break;
	case PROTOBUF_MESSAGE:
		write_message(w, row->message, f->bytes, depth);
		break;
	case PROTOBUF_STRUCT:
		write_struct(w, f->bytes, depth);
		break;
	case PROTOBUF_VALUE:
		write_value(w, f->bytes, depth);
		break;
	}
}

/* One member of a message; false when it is not there. */
static bool write_member(struct writer *w, const struct protobuf_row *row, struct slice from,
			 const char *before, int depth)
{
	uint32_t number = row->number[w->layout];
	struct protobuf_field f, last = { 0 };
	size_t count = 0;

	for (struct slice rest = from; next(w, &rest, &f);) {
		if (f.number != number || !fits(&f, row->kind))
			continue;
		last = f;
		if (!row->repeated && count++)
			continue;
		if (row->repeated && count++) {
			buf_add_char(w->to, ',');
		} else {
			buf_printf(w->to, "%s\"%s\":%s", before, row->name,
				   row->repeated ? "[" : "");
		}
		if (row->repeated)
			write_field(w, row, &f, depth);
	}
	if (!count)
		return false;
	if (row->repeated)
		buf_add_char(w->to, ']');
	else
		write_field(w, row, &last, depth);
	return true;
}

static void write_message(struct writer *w, const struct protobuf_message *type, struct slice from,
			  int depth)
{
	const char *before = "";

	if (!depth) {
		buf_add_str(w->to, "null");
		return;
	}
	buf_add_char(w->to, '{');
	for (size_t i = 0; i < type->n_rows; i++)
		if (type->rows[i].number[w->layout] &&
		    write_member(w, &type->rows[i], from, before, depth - 1))
			before = ",";
	buf_add_char(w->to, '}');
}

int protobuf_json(struct buf *to, const struct protobuf_message *type, unsigned int layout,
		  struct slice message)
{
	struct writer w = { .to = to, .layout = layout };

	write_message(&w, type, message, PROTOBUF_JSON_DEPTH);
	return buf_error(to) ? buf_error(to) : w.error;
}
