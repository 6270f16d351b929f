/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"
#include "utf8.h"

#include <errno.h>
#include <stdint.h>

#define BUF_FIRST_SIZE 64

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b, size_t keep)
{
	if (b->size > keep) {
		buf_release(b);
		return;
	}
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

int buf_error(const struct buf *b)
{
	return b->error;
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->data ? b->data : "", b->len };
}

static int buf_fail(struct buf *b, int error)
{
	b->error = error;
	return error;
}

void *buf_reserve(struct buf *b, size_t len)
{
	size_t need, size = b->size ? b->size : BUF_FIRST_SIZE;
	char *data;

	if (b->error)
		return NULL;
	if (__builtin_add_overflow(b->len, len, &need) || need > b->max) {
		buf_fail(b, -ENOBUFS);
		return NULL;
	}
	if (need < b->size)
		return b->data + b->len;
	while (size <= need)
		if (__builtin_mul_overflow(size, 2, &size))
			size = SIZE_MAX;
	size = size > b->max ? b->max + 1 : size;
	data = realloc(b->data, size);
	if (!data) {
		buf_fail(b, -ENOMEM);
		return NULL;
	}
	b->data = data;
	b->size = size;
	return b->data + b->len;
}

void buf_commit(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	void *to;

	if (!len)
		return b->error;
	to = buf_reserve(b, len);
	if (!to)
		return b->error;
	memcpy(to, data, len);
	buf_commit(b, len);
	return 0;
}

int buf_add_slice(struct buf *b, struct slice s)
{
	return buf_add(b, s.data, s.len);
}

int buf_add_str(struct buf *b, const char *cstr)
{
	return buf_add(b, cstr, strlen(cstr));
}

int buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return buf_fail(b, -EINVAL);
	to = buf_reserve(b, (size_t)len);
	if (!to)
		return b->error;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return 0;
}

void buf_drop(struct buf *b, size_t len)
{
	if (!len)
		return;
	if (len > b->len)
		len = b->len;
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
	b->data[b->len] = '\0';
}

/* How many bytes at the start of s, a multiple of 8, are plain ASCII. */
static size_t ascii_run(const unsigned char *s, size_t len)
{
	size_t i = 0;

	for (uint64_t word; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

int buf_add_hex(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	char *to = buf_reserve(b, 2 * len);

	for (size_t i = 0; to && i < len; i++) {
		to[2 * i] = digits[bytes[i] >> 4];
		to[2 * i + 1] = digits[bytes[i] & 15];
	}
	if (to)
		buf_commit(b, 2 * len);
	return b->error;
}

int buf_add_utf8(struct buf *b, struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.data;
	size_t plain = 0, i = 0;

	while (i < s.len) {
		size_t run = ascii_run(p + i, s.len - i);
		size_t len = run ? run : utf8_len(p + i, s.len - i);

		if (!len) {
			buf_add(b, p + plain, i - plain);
			buf_add_str(b, UTF8_REPLACEMENT);
			plain = i + 1;
			len = 1;
		}
		i += len;
	}
	return buf_add(b, p + plain, s.len - plain);
}

static void add_json_char(struct buf *b, unsigned char c)
{
	static const char named[] = {
		['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};

	if (c < sizeof(named) && named[c])
		buf_printf(b, "\\%c", named[c]);
	else
		buf_printf(b, "\\u%04x", c);
}

int buf_add_json(struct buf *b, struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.data;
	size_t plain = 0;

	buf_add_char(b, '"');
	for (size_t i = 0; i < s.len;) {
		size_t len = utf8_len(p + i, s.len - i);

		if (len && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' && p[i] != 0x7f) {
			i += len;
			continue;
		}
		buf_add(b, p + plain, i - plain);
		if (len)
			add_json_char(b, p[i]);
		else
			buf_add_str(b, "\xef\xbf\xbd");
		plain = ++i;
	}
	buf_add(b, p + plain, s.len - plain);
	return buf_add_char(b, '"');
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int buf_add_base64(struct buf *b, struct slice text)
{
	uint32_t bits = 0;
	unsigned int n = 0;

	for (size_t i = 0; i < text.len && text.data[i] != '='; i++) {
		char c = text.data[i];
		int v = base64_value(c);

		if (v < 0 && (c == '\n' || c == '\r' || c == ' '))
			continue;
		if (v < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)v;
		n += 6;
		if (n >= 8) {
			n -= 8;
			buf_add_char(b, (char)(bits >> n));
		}
	}
	return buf_error(b);
}
