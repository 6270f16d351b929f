/* SPDX-License-Identifier: Apache-2.0 */
#include "numbers.h"

#include "clock.h"
#include "utf8.h"

#include <time.h>

static void add_grouped(struct buf *b, double v)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%.0f", v);

	for (int i = 0; i < len; i++) {
		buf_add_char(b, digits[i]);
		if (i + 1 < len && (len - i - 1) % 3 == 0)
			buf_add_char(b, ',');
	}
}

void number_add_money(struct buf *b, double picodollars)
{
	double usd = fabs(picodollars) / 1e12;

	buf_add_str(b, picodollars < 0 ? "-$" : "$");
	if (usd >= 999.995)
		add_grouped(b, usd);
	else if (usd >= 0.00995)
		buf_printf(b, "%.2f", usd);
	else if (usd >= 0.000995)
		buf_printf(b, "%.4f", usd);
	else if (usd > 0)
		buf_printf(b, "%.*f", 1 - (int)floor(log10(usd)), usd);
	else
		buf_add_char(b, '0');
}

static void add_scaled(struct buf *b, double v, double step, const char *const *units, size_t n)
{
	size_t i = 0;

	/* 999.95 of one is 1.0 of the next. */
	while (i + 1 < n && fabs(v) >= (i ? step - step / 20000 : step)) {
		v /= step;
		i++;
	}
	if (!i)
		buf_printf(b,
			   v == floor(v)  ? "%.0f%s"
			   : fabs(v) < 10 ? "%.2g%s"
					  : "%.0f%s",
			   v, units[0]);
	else
		buf_printf(b, "%.1f%s", v, units[i]);
}

void number_add_count(struct buf *b, double n)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };

	add_scaled(b, n, 1000, units, 5);
}

void number_add_bytes(struct buf *b, double bytes)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB" };

	add_scaled(b, bytes, 1024, units, 5);
}

void number_add_duration(struct buf *b, double ns)
{
	double s = ns / 1e9;

	if (s < 0.0009995)
		buf_printf(b, "%.0f µs", ns / 1e3);
	else if (s < 0.9995)
		buf_printf(b, "%.0f ms", ns / 1e6);
	else if (s < 9.995)
		buf_printf(b, "%.2f s", s);
	else if (s < 59.95)
		buf_printf(b, "%.1f s", s);
	else if (s < 3600)
		buf_printf(b, "%d m %d s", (int)s / 60, (int)s % 60);
	else if (s < 86400)
		buf_printf(b, "%d h %d m", (int)s / 3600, (int)s % 3600 / 60);
	else
		buf_printf(b, "%.0f d %d h", floor(s / 86400), (int)fmod(s, 86400) / 3600);
}

void number_add_percent(struct buf *b, double ratio)
{
	double percent = 100 * ratio;

	buf_printf(b, percent > 0 && percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
}

void number_add_time(struct buf *b, int64_t ns, uint64_t now_ns)
{
	int64_t age = ((int64_t)now_ns - ns) / (int64_t)NSEC_PER_SEC;
	time_t t = (time_t)(ns / (int64_t)NSEC_PER_SEC);
	struct tm tm;
	char text[40];

	if (age >= 0 && age < 60) {
		buf_printf(b, "%d s ago", (int)age);
	} else if (age >= 0 && age < 3600) {
		buf_printf(b, "%d m ago", (int)age / 60);
	} else {
		localtime_r(&t, &tm);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
		buf_add_str(b, text);
	}
}

static void add_value(struct buf *b, const struct query_column *c, double v, uint64_t now_ns)
{
	switch (c->unit) {
	case UNIT_USD:
		number_add_money(b, v);
		break;
	case UNIT_SECONDS:
		number_add_duration(b, v);
		break;
	case UNIT_TIME:
		number_add_time(b, (int64_t)v, now_ns);
		break;
	case UNIT_RATIO:
		number_add_percent(b, v);
		break;
	case UNIT_BYTES:
		number_add_bytes(b, v);
		break;
	case UNIT_NONE:
		buf_printf(b, "%.6g", v);
		break;
	default:
		number_add_count(b, v);
	}
	if (c->per_second)
		buf_add_str(b, "/s");
}

void number_add_cell(struct buf *b, const struct query_column *c, const struct query_cell *cell,
		     uint64_t now_ns)
{
	bool bound = cell->unknown && c->unit != UNIT_TIME &&
		     (c->fn == QUERY_SUM || c->fn == QUERY_VALUE || c->fn == QUERY_RATE);

	if (cell->type == QUERY_NULL) {
		buf_add_char(b, '-');
		return;
	}
	if (cell->type == QUERY_TEXT) {
		buf_add_slice(b, cell->text);
		return;
	}
	buf_add_str(b, bound ? "≥" : "");
	if (c->unit == UNIT_NONE && cell->type == QUERY_INT)
		buf_printf(b, "%lld", (long long)cell->integer);
	else
		add_value(b, c, cell->type == QUERY_INT ? (double)cell->integer : cell->number,
			  now_ns);
}

static uint32_t code_point(const unsigned char *s, size_t len)
{
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = s[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* Combining marks take none, East Asian wide characters and pictures two (after Markus
 * Kuhn's wcwidth; the tables of Unicode in large strokes). */
static size_t char_width(uint32_t c)
{
	static const struct {
		uint32_t from, to;
		size_t width;
	} ranges[] = {
		{ 0x0300, 0x036f, 0 },	 { 0x0483, 0x0489, 0 },	  { 0x0591, 0x05bd, 0 },
		{ 0x0610, 0x061a, 0 },	 { 0x064b, 0x065f, 0 },	  { 0x1100, 0x115f, 2 },
		{ 0x200b, 0x200f, 0 },	 { 0x20d0, 0x20ff, 0 },	  { 0x2e80, 0x303e, 2 },
		{ 0x3041, 0xa4cf, 2 },	 { 0xac00, 0xd7a3, 2 },	  { 0xf900, 0xfaff, 2 },
		{ 0xfe00, 0xfe0f, 0 },	 { 0xfe30, 0xfe6f, 2 },	  { 0xff00, 0xff60, 2 },
		{ 0xffe0, 0xffe6, 2 },	 { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 },
		{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return ranges[i].width;
	return 1;
}

/* The next character and its width; what is no UTF-8 is one byte wide. */
static size_t next_char(struct slice s, size_t at, size_t *ret_width)
{
	const unsigned char *p = (const unsigned char *)s.data + at;
	size_t len = utf8_len(p, s.len - at);

	*ret_width = len > 1 ? char_width(code_point(p, len)) : 1;
	return len ? len : 1;
}

size_t text_width(struct slice s)
{
	size_t width = 0, one;

	for (size_t at = 0; at < s.len; width += one)
		at += next_char(s, at, &one);
	return width;
}

static void add_char(struct buf *b, struct slice s, size_t at, size_t len)
{
	unsigned char c = (unsigned char)s.data[at];
	/* 0x80 … 0x9f are control characters as well, and steer some terminals. */
	bool control = c < 0x20 || c == 0x7f || (len == 1 && c >= 0x80) ||
		       (len == 2 && c == 0xc2 && (unsigned char)s.data[at + 1] < 0xa0);

	if (control)
		buf_add_char(b, '?');
	else
		buf_add(b, s.data + at, len);
}

void text_add_padded(struct buf *b, struct slice s, size_t width, bool right)
{
	size_t whole = text_width(s), used = 0, one, len;
	size_t room = whole > width ? width - (width > 0) : whole;

	if (right && whole < width)
		buf_printf(b, "%*s", (int)(width - whole), "");
	for (size_t at = 0; at < s.len; at += len, used += one) {
		len = next_char(s, at, &one);
		if (used + one > room)
			break;
		add_char(b, s, at, len);
	}
	if (whole > width && width) {
		buf_add_str(b, "…");
		used++;
	}
	if (used < width && !(right && whole < width))
		buf_printf(b, "%*s", (int)(width - used), "");
}
