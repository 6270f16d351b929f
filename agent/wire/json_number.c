/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, exactly: whole ones never pass through a double. */
#include "json.h"
#include "json_token.h"

#include <errno.h>

/* Longer numbers are refused: 767 digits are the most that can decide a double. */
#define NUMBER_MAX 1000

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
		return json_mismatch(v);
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
		return json_mismatch(v);
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
