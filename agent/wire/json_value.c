/* SPDX-License-Identifier: Apache-2.0 */
/* Reading values out of a token array. */
#include "json.h"
#include "json_token.h"
#include "utf8.h"

#include <errno.h>

/* Longer numbers are refused: 767 digits are the most that can decide a double. */
#define NUMBER_MAX 1000

static const struct json_token *token(struct json_val v)
{
	return v.doc && v.at < v.doc->count ? &v.doc->tokens[v.at] : NULL;
}

static struct slice text_of(const struct json *j, const struct json_token *t)
{
	return (struct slice){ j->text.data + t->start, t->len };
}

enum json_type json_type(struct json_val v)
{
	const struct json_token *t = token(v);

	return t ? (enum json_type)t->type : JSON_ABSENT;
}

bool json_cut(struct json_val v)
{
	const struct json_token *t = token(v);

	return t && t->cut;
}

struct json_val json_first(struct json_val v)
{
	const struct json_token *t = token(v);

	if (!t || !t->children)
		return JSON_NONE;
	return (struct json_val){ v.doc, v.at + (t->type == JSON_OBJECT ? 2 : 1) };
}

struct json_val json_next(struct json_val v)
{
	const struct json_token *t = token(v);

	return t && t->next ? (struct json_val){ v.doc, t->next } : JSON_NONE;
}

size_t json_len(struct json_val v)
{
	const struct json_token *t = token(v);

	return t ? t->children : 0;
}

struct slice json_key(struct json_val v)
{
	const struct json_token *t = token(v);

	return t && t->member ? text_of(v.doc, t - 1) : SLICE_NONE;
}

struct slice json_raw(struct json_val v)
{
	const struct json_token *t = token(v);

	return t ? text_of(v.doc, t) : SLICE_NONE;
}

/* Four hex digits, which the tokenizer has checked. */
static uint32_t hex4(const char *at)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
	return v;
}

/* Cuts a \u escape, or the two of a pair, off *rest; half a pair is no character. */
static struct slice take_unicode(struct slice *rest, char to[4])
{
	uint32_t c = hex4(rest->data + 2), low;

	*rest = slice_sub(*rest, 6, rest->len);
	if (c >= 0xd800 && c < 0xe000) {
		if (c >= 0xdc00 || !slice_starts(*rest, SLICE("\\u")))
			return SLICE(UTF8_REPLACEMENT);
		low = hex4(rest->data + 2);
		if (low < 0xdc00 || low >= 0xe000)
			return SLICE(UTF8_REPLACEMENT);
		*rest = slice_sub(*rest, 6, rest->len);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return (struct slice){ to, utf8_put(c, to) };
}

static struct slice take_escape(struct slice *rest, char to[4])
{
	static const char meaning[] = {
		['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
	};
	unsigned char c = (unsigned char)rest->data[1];

	if (c == 'u')
		return take_unicode(rest, to);
	to[0] = meaning[c];
	*rest = slice_sub(*rest, 2, rest->len);
	return (struct slice){ to, 1 };
}

/* Length of the text in front that means itself: no escape, nothing that is not UTF-8. */
static size_t plain_len(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.data;
	size_t i = 0;

	while (i < s.len) {
		size_t len;
		uint64_t v;

		if (s.len - i >= sizeof(v)) {
			memcpy(&v, p + i, sizeof(v));
			v = (v |
			     ((v ^ UINT64_C(0x5c5c5c5c5c5c5c5c)) - UINT64_C(0x0101010101010101))) &
			    UINT64_C(0x8080808080808080);
			if (!v) {
				i += sizeof(v);
				continue;
			}
		}
		len = p[i] == '\\' ? 0 : utf8_len(p + i, s.len - i);
		if (!len)
			break;
		i += len;
	}
	return i;
}

/* Cuts the next piece of the decoded string off the escaped text. */
static struct slice take_piece(struct slice *rest, char to[4])
{
	size_t plain = plain_len(*rest);
	struct slice piece = slice_sub(*rest, 0, plain);

	if (!plain && rest->data[0] == '\\')
		return take_escape(rest, to);
	if (!plain) {
		*rest = slice_sub(*rest, 1, rest->len);
		return SLICE(UTF8_REPLACEMENT);
	}
	*rest = slice_sub(*rest, plain, rest->len);
	return piece;
}

/* Compares without decoding where there is nothing to decode. */
static bool string_is(const struct json *j, const struct json_token *t, struct slice want)
{
	struct slice rest = text_of(j, t);
	char to[4];

	if (!t->escaped)
		return slice_eq(rest, want);
	while (rest.len) {
		struct slice piece = take_piece(&rest, to);

		if (!slice_starts(want, piece))
			return false;
		want = slice_sub(want, piece.len, want.len);
	}
	return !want.len;
}

bool json_is(struct json_val v, const char *text)
{
	const struct json_token *t = token(v);

	return t && t->type == JSON_STRING && string_is(v.doc, t, slice_from(text));
}

static struct json_val get(struct json_val v, struct slice key)
{
	struct json_val found = JSON_NONE;

	if (json_type(v) != JSON_OBJECT)
		return JSON_NONE;
	for (struct json_val i = json_first(v); i.doc; i = json_next(i))
		if (string_is(v.doc, token(i) - 1, key))
			found = i;
	return found;
}

struct json_val json_get(struct json_val v, const char *key)
{
	return get(v, slice_from(key));
}

struct json_val json_path(struct json_val v, const char *path)
{
	struct slice rest = slice_from(path);

	while (rest.data)
		v = get(v, slice_cut(&rest, '.'));
	return v;
}

/* What every getter answers for a value that is not of its type. */
static int mismatch(struct json_val v)
{
	return json_type(v) <= JSON_NULL ? -ENOENT : -EINVAL;
}

int json_str(struct json_val v, struct buf *to)
{
	struct slice rest = json_raw(v);
	char decoded[4];

	if (json_type(v) != JSON_STRING)
		return mismatch(v);
	while (rest.len)
		buf_add_slice(to, take_piece(&rest, decoded));
	return buf_error(to);
}

int json_bool(struct json_val v, bool *ret)
{
	enum json_type type = json_type(v);

	if (type != JSON_TRUE && type != JSON_FALSE)
		return mismatch(v);
	*ret = type == JSON_TRUE;
	return 0;
}

/* A decimal number as sign, digits (without zeros at either end) and exponent. */
struct decimal {
	bool negative;
	uint64_t digits;
	unsigned int n_digits; /* 20 means: 20 or more, `digits` is of no use */
	int64_t exponent;
};

#define DIGITS_MAX 19 /* always fit 64 bits */
#define EXPONENT_MAX 100000

static void decimal_add(struct decimal *d, char digit, int64_t *zeros)
{
	if (digit == '0') {
		*zeros += d->n_digits > 0;
		return;
	}
	/* Zeros count only once a digit follows them. */
	for (; *zeros > 0 && d->n_digits <= DIGITS_MAX; --*zeros, d->n_digits++)
		d->digits *= 10;
	*zeros = 0;
	if (d->n_digits > DIGITS_MAX)
		return;
	d->digits = d->digits * 10 + (uint64_t)(digit - '0');
	d->n_digits++;
}

static int64_t exponent_value(struct slice s)
{
	bool negative = s.len && s.data[0] == '-';
	int64_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] >= '0' && s.data[i] <= '9' && v < EXPONENT_MAX)
			v = v * 10 + (s.data[i] - '0');
	return negative ? -v : v;
}

/* `s` has the shape of a JSON number, by the tokenizer. */
static struct decimal decimal_from(struct slice s)
{
	struct decimal d = { .negative = s.data[0] == '-' };
	int64_t zeros = 0;
	bool fraction = false;

	for (size_t i = d.negative; i < s.len; i++) {
		if ((s.data[i] | 0x20) == 'e') {
			d.exponent += exponent_value(slice_sub(s, i + 1, s.len));
			break;
		}
		if (s.data[i] == '.') {
			fraction = true;
			continue;
		}
		decimal_add(&d, s.data[i], &zeros);
		d.exponent -= fraction;
	}
	d.exponent += zeros;
	return d;
}

int json_i64(struct json_val v, int64_t *ret)
{
	struct decimal d;
	uint64_t n;

	if (json_type(v) != JSON_NUMBER)
		return mismatch(v);
	d = decimal_from(json_raw(v));
	n = d.digits;
	if (d.n_digits > DIGITS_MAX || (n && (d.exponent < 0 || d.exponent > DIGITS_MAX)))
		return -ERANGE;
	for (; n && d.exponent; d.exponent--)
		if (__builtin_mul_overflow(n, 10, &n))
			return -ERANGE;
	if (n > (uint64_t)INT64_MAX + d.negative)
		return -ERANGE;
	*ret = (int64_t)(d.negative ? -n : n);
	return 0;
}

int json_f64(struct json_val v, double *ret)
{
	static const double tens[] = { 1e0,  1e1,  1e2,	 1e3,  1e4,  1e5,  1e6,	 1e7,
				       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	struct slice s = json_raw(v);
	char text[NUMBER_MAX + 1];
	struct decimal d;
	double f;

	if (json_type(v) != JSON_NUMBER)
		return mismatch(v);
	d = decimal_from(s);
	/* Both factors are exact doubles, so that one rounding gives the nearest one. */
	if (d.n_digits <= DIGITS_MAX && d.digits <= UINT64_C(1) << 53 && d.exponent >= -22 &&
	    d.exponent <= 22) {
		f = (double)d.digits;
		f = d.exponent < 0 ? f / tens[-d.exponent] : f * tens[d.exponent];
		*ret = d.negative ? -f : f;
		return 0;
	}
	if (s.len > NUMBER_MAX)
		return -ERANGE;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	f = strtod(text, NULL);
	if (!isfinite(f))
		return -ERANGE;
	*ret = f;
	return 0;
}
