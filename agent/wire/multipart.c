/* SPDX-License-Identifier: Apache-2.0 */
#include "multipart.h"

#include "cleanup.h"

#include <errno.h>

/* ---- Parameters of header fields ------------------------------------------------------ */

/* Cuts `name=value` or `name="value"` off *rest, which begins behind a semicolon. */
static struct slice cut_parameter(struct slice *rest, struct slice *ret_value)
{
	struct slice value, name;
	size_t at = 0;

	while (at < rest->len && rest->data[at] != '=' && rest->data[at] != ';')
		at++;
	name = slice_trim(slice_sub(*rest, 0, at));
	*ret_value = SLICE_NONE;
	if (at < rest->len && rest->data[at] == '=') {
		value = slice_sub(*rest, at + 1, rest->len);
		while (value.len && (value.data[0] == ' ' || value.data[0] == '\t'))
			value = slice_sub(value, 1, value.len);
		at = 0;
		if (value.len && value.data[0] == '"') {
			for (at = 1; at < value.len && value.data[at] != '"'; at++)
				at += value.data[at] == '\\';
			at = MIN(at, value.len);
			*ret_value = slice_sub(value, 1, at - 1);
		}
		*rest = slice_sub(value, at, value.len);
		value = slice_cut(rest, ';');
		if (!ret_value->data)
			*ret_value = slice_trim(value);
	} else {
		slice_cut(rest, ';');
	}
	return name;
}

/* The value of a parameter of a field like `type; name=value; other="value"`. */
static struct slice get_parameter(struct slice field, struct slice name)
{
	slice_cut(&field, ';');
	while (field.data) {
		struct slice value;

		if (slice_eq_nocase(cut_parameter(&field, &value), name))
			return value;
	}
	return SLICE_NONE;
}

struct slice multipart_boundary(struct slice content_type)
{
	struct slice boundary;

	if (!slice_starts_nocase(slice_trim(content_type), SLICE("multipart/")))
		return SLICE_NONE;
	boundary = get_parameter(content_type, SLICE("boundary"));
	return boundary.len ? boundary : SLICE_NONE;
}

/* ---- Parts ---------------------------------------------------------------------------- */

int multipart_init(struct multipart *m, struct slice boundary, size_t value_max,
		   multipart_part_fn part, void *ctx)
{
	if (!boundary.len || boundary.len > MULTIPART_BOUNDARY_MAX ||
	    slice_find_char(boundary, '\r') >= 0)
		return -EINVAL;
	*m = (struct multipart){ .part = part, .ctx = ctx };
	buf_init(&m->head, MULTIPART_HEAD_MAX);
	buf_init(&m->value, value_max);
	memcpy(m->delimiter, "\r\n--", 4);
	memcpy(m->delimiter + 4, boundary.data, boundary.len);
	m->delimiter_len = 4 + boundary.len;
	m->matched = m->lent = 2; /* the first boundary needs no line before it */
	return 0;
}

void multipart_release(struct multipart *m)
{
	buf_release(&m->head);
	buf_release(&m->value);
}

static void begin_part(struct multipart *m)
{
	m->state = MULTIPART_HEAD;
	m->current = (struct multipart_part){ 0 };
	m->file = false;
	buf_reset(&m->head, MULTIPART_HEAD_MAX);
	buf_reset(&m->value, MULTIPART_HEAD_MAX);
}

static void end_part(struct multipart *m)
{
	if (!m->file && !m->current.damaged)
		m->current.value = buf_slice(&m->value);
	m->part(m->ctx, &m->current);
}

static void parse_head(struct multipart *m)
{
	struct slice head = buf_slice(&m->head);

	while (head.data) {
		struct slice value = slice_cut(&head, '\n');
		struct slice name = slice_trim(slice_cut(&value, ':'));

		value = slice_trim(value);
		if (slice_eq_nocase(name, SLICE("content-type"))) {
			m->current.content_type = value;
		} else if (slice_eq_nocase(name, SLICE("content-disposition"))) {
			struct slice file = get_parameter(value, SLICE("filename"));

			m->current.name = get_parameter(value, SLICE("name"));
			if (!file.data)
				file = get_parameter(value, SLICE("filename*"));
			m->current.filename = file;
		}
	}
	m->file = m->current.filename.data;
	m->state = MULTIPART_CONTENT;
	/* Content may be empty: the end of the head is also the line before a boundary. */
	m->matched = m->lent = 2;
}

static int take_head(struct multipart *m, char c)
{
	int r = buf_add_char(&m->head, c);

	if (r < 0) {
		m->current.damaged = true;
		m->state = MULTIPART_CONTENT;
		m->matched = 0;
		return r == -ENOMEM ? r : 0;
	}
	if (slice_ends(buf_slice(&m->head), SLICE("\r\n\r\n")) ||
	    slice_eq(buf_slice(&m->head), SLICE("\r\n")))
		parse_head(m);
	return 0;
}

/* ---- Bytes ---------------------------------------------------------------------------- */

static int take_content(struct multipart *m, struct slice content)
{
	int r;

	if (m->state != MULTIPART_CONTENT)
		return 0;
	m->current.size += content.len;
	if (m->file || m->current.damaged)
		return 0;
	if (content.len > m->value.max - m->value.len) {
		m->current.truncated = true;
		content.len = m->value.max - m->value.len;
	}
	r = buf_add_slice(&m->value, content);
	if (r < 0)
		m->current.damaged = true;
	return r;
}

/* What looked like a delimiter so far is none: it was content. */
static int unmatch(struct multipart *m)
{
	struct slice content = { m->delimiter + m->lent, m->matched - m->lent };

	m->matched = m->lent = 0;
	return take_content(m, content);
}

static void take_boundary(struct multipart *m)
{
	if (m->state == MULTIPART_CONTENT)
		end_part(m);
	m->state = MULTIPART_AFTER_BOUNDARY;
	m->matched = m->lent = m->n_last = 0;
}

/* The boundary is the last one if two hyphens follow; else its line ends. */
static void take_after_boundary(struct multipart *m, char c)
{
	if (m->n_last < 2)
		m->last[m->n_last++] = c;
	if (m->n_last == 2 && m->last[0] == '-' && m->last[1] == '-')
		m->state = MULTIPART_DONE;
	else if (c == '\n')
		begin_part(m);
}

/* Looks for the delimiter. As CR stands only at its beginning, a failed match starts
 * again at the very character that failed it. */
static int scan(struct multipart *m, struct slice *rest)
{
	size_t at = 0;
	int r;

	if (!m->matched) {
		ssize_t cr = slice_find_char(*rest, '\r');

		at = cr < 0 ? rest->len : (size_t)cr;
		r = take_content(m, slice_sub(*rest, 0, at));
		m->matched = cr >= 0;
		*rest = slice_sub(*rest, at + (cr >= 0), rest->len);
		return r;
	}
	while (at < rest->len && m->matched < m->delimiter_len &&
	       rest->data[at] == m->delimiter[m->matched]) {
		at++;
		m->matched++;
	}
	*rest = slice_sub(*rest, at, rest->len);
	if (m->matched == m->delimiter_len) {
		take_boundary(m);
		return 0;
	}
	return rest->len ? unmatch(m) : 0;
}

int multipart_feed(struct multipart *m, const void *data, size_t len)
{
	struct slice rest = { data, len };
	int result = 0;

	while (rest.len && m->state != MULTIPART_DONE) {
		int r = 0;

		if (m->state == MULTIPART_PREAMBLE || m->state == MULTIPART_CONTENT) {
			r = scan(m, &rest);
		} else {
			if (m->state == MULTIPART_HEAD)
				r = take_head(m, rest.data[0]);
			else
				take_after_boundary(m, rest.data[0]);
			rest = slice_sub(rest, 1, rest.len);
		}
		result = r ? r : result;
	}
	return result;
}

void multipart_hole(struct multipart *m, uint64_t len)
{
	if (!len || m->state == MULTIPART_DONE)
		return;
	if (m->state == MULTIPART_AFTER_BOUNDARY)
		begin_part(m);
	unmatch(m);
	if (m->state != MULTIPART_PREAMBLE)
		m->state = MULTIPART_CONTENT;
	m->current.damaged = true;
	m->current.size += len;
}

void multipart_eof(struct multipart *m)
{
	if (m->state == MULTIPART_CONTENT || m->state == MULTIPART_HEAD) {
		unmatch(m);
		m->current.damaged = true;
		end_part(m);
	}
	m->state = MULTIPART_DONE;
}
