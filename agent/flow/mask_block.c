/* SPDX-License-Identifier: Apache-2.0 */
#include "mask_block.h"

#include "cleanup.h"
#include "mask.h"

/* RFC 7541: a reference to the first entry of a table that is empty, and to none. */
#define NO_SUCH_ENTRY "\xbe"
#define NO_ENTRY "\x80"

/* RFC 7541, section 5.1, behind a first byte whose other bits are 0. */
static void put_length(struct buf *to, size_t n, unsigned int prefix_bits)
{
	size_t limit = ((size_t)1 << prefix_bits) - 1;

	if (n < limit) {
		buf_add_char(to, (char)n);
		return;
	}
	buf_add_char(to, (char)limit);
	for (n -= limit; n >= 128; n >>= 7)
		buf_add_char(to, (char)(n | 128));
	buf_add_char(to, (char)n);
}

static bool is_field_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", name.data[i]) ||
		    !name.data[i])
			return false;
	return true;
}

/* Reads the value as part of a head of HTTP/1, which the rules of secrets are made for. */
static void mask_value(struct slice name, char *value, size_t len)
{
	char before[MASK_WORD_MAX * 2 + 4] = "x: ";
	size_t n = strlen(before);
	struct mask mask;

	if ((name.data[0] != ':' && !is_field_name(name)) || memchr(value, '\n', len)) {
		memset(value, 'x', len);
		return;
	}
	if (slice_eq(name, SLICE(":path"))) {
		memcpy(before, "GET ", n = 4);
	} else if (name.data[0] != ':') {
		n = MIN(name.len, sizeof(before) - 2);
		memcpy(before, name.data, n);
		memcpy(before + n, ": ", 2);
		n += 2;
	}
	mask_init(&mask);
	mask_bytes(&mask, before, n);
	mask_bytes(&mask, value, len);
}

static void put_field(struct buf *to, const struct http_field *f)
{
	size_t at;

	if (!f->name.len) {
		buf_add_str(to, NO_SUCH_ENTRY);
		return;
	}
	buf_add_char(to, 0x10); /* literal, never indexed, with a name of its own */
	put_length(to, f->name.len, 7);
	buf_add_slice(to, f->name);
	put_length(to, f->value.len, 7);
	at = to->len;
	buf_add_slice(to, f->value);
	if (!buf_error(to))
		mask_value(f->name, to->data + at, f->value.len);
}

void mask_block(struct buf *to, const struct h2_block *b)
{
	for (size_t i = 0; i < b->n_fields; i++)
		put_field(to, &b->fields[i]);
	for (size_t i = 0; i < b->omitted && i < HTTP_FIELDS_MAX; i++)
		buf_add_str(to, NO_SUCH_ENTRY);
	if (!b->readable)
		buf_add_str(to, NO_ENTRY);
}
