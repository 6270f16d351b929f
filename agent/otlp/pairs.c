/* SPDX-License-Identifier: Apache-2.0 */
#include "pairs.h"

#include <errno.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int percent_decode(struct slice s, struct buf *to)
{
	while (s.len) {
		size_t plain = 0;
		int high, low;

		while (plain < s.len && s.data[plain] != '%')
			plain++;
		buf_add_slice(to, slice_sub(s, 0, plain));
		s = slice_sub(s, plain, s.len);
		if (!s.len)
			break;
		high = s.len > 2 ? hex_digit(s.data[1]) : -1;
		low = s.len > 2 ? hex_digit(s.data[2]) : -1;
		if (high < 0 || low < 0)
			return -EBADMSG;
		buf_add_char(to, (char)(high << 4 | low));
		s = slice_sub(s, 3, s.len);
	}
	return buf_error(to);
}

int pairs_next(struct slice *rest, struct slice *ret_key, struct buf *value)
{
	while (rest->data && rest->len) {
		struct slice pair = slice_trim(slice_cut(rest, ',')), key;
		int r;

		if (!pair.len)
			continue;
		buf_reset(value, value->max);
		key = slice_trim(slice_cut(&pair, '='));
		if (!pair.data || !key.len)
			return -EBADMSG;
		r = percent_decode(slice_trim(pair), value);
		if (r)
			return r;
		*ret_key = key;
		return 1;
	}
	return 0;
}
