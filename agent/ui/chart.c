/* SPDX-License-Identifier: Apache-2.0 */
#include "chart.h"

#include "cleanup.h"
#include "numbers.h"

#include <errno.h>

#define LABEL_MAX 32

static double value_of(const struct query_cell *c)
{
	return c->type == QUERY_INT	 ? (double)c->integer
	       : c->type == QUERY_DOUBLE ? c->number
					 : NAN;
}

/* What a query answers with: a time (or not), keys, aggregates. */
struct shape {
	bool series;
	size_t first_key, n_keys, first_value, n_values;
};

static struct shape shape_of(const struct query_result *r)
{
	struct shape s = { 0 };

	s.series = r->n_columns && r->columns[0].fn == QUERY_BUCKET;
	s.first_key = s.series;
	for (size_t i = s.first_key; i < r->n_columns && r->columns[i].fn == QUERY_VALUE; i++)
		s.n_keys++;
	s.first_value = s.first_key + s.n_keys;
	s.n_values = r->n_columns - s.first_value;
	return s;
}

static void add_label(const struct query_result *r, const struct shape *s, size_t row,
		      struct buf *b)
{
	if (!s->n_keys)
		buf_add_slice(b, r->columns[s->first_value].name);
	for (size_t i = 0; i < s->n_keys; i++) {
		buf_add_str(b, i ? " · " : "");
		number_add_cell(b, &r->columns[s->first_key + i],
				query_cell(r, row, s->first_key + i), 0);
	}
}

/* `eighths` of columns, in blocks. */
static void add_bar(struct buf *b, size_t eighths, bool utf8)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

	for (size_t i = 0; i < eighths / 8; i++)
		buf_add_str(b, utf8 ? "█" : "#");
	if (utf8)
		buf_add_str(b, parts[eighths % 8]);
}

static void print_bars(const struct query_result *r, const struct shape *s,
		       const struct chart_style *style, struct buf *b)
{
	_cleanup_(buf_cleanup) struct buf label = BUF_INIT(64 * 1024);
	size_t label_width = 0, room;
	double most = 0;

	for (size_t i = 0; i < r->n_rows; i++) {
		double v = value_of(query_cell(r, i, s->first_value));

		buf_reset(&label, 64 * 1024);
		add_label(r, s, i, &label);
		label_width = MAX(label_width, text_width(buf_slice(&label)));
		most = isnan(v) ? most : fmax(most, v);
	}
	label_width = MIN(label_width, LABEL_MAX);
	room = style->width > label_width + 24 ? style->width - label_width - 14 : 10;
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct query_cell *cell = query_cell(r, i, s->first_value);
		double v = value_of(cell);

		buf_reset(&label, 64 * 1024);
		add_label(r, s, i, &label);
		text_add_padded(b, buf_slice(&label), label_width, false);
		buf_add_str(b, "  ");
		if (v > 0 && most > 0)
			add_bar(b, (size_t)llround(v / most * 8 * (double)room), style->utf8);
		buf_add_char(b, ' ');
		number_add_cell(b, &r->columns[s->first_value], cell, style->now_ns);
		buf_add_char(b, '\n');
	}
}

/* Lines of a series: rows with the same keys, and the buckets that there are. */
struct lines {
	size_t *of_row, n; /* which line each row is part of */
	size_t *first;	   /* its first row */
	int64_t low, step;
	size_t buckets;
};

static bool same_keys(const struct query_result *r, const struct shape *s, size_t a, size_t b)
{
	for (size_t i = 0; i < s->n_keys; i++) {
		const struct query_cell *x = query_cell(r, a, s->first_key + i);
		const struct query_cell *y = query_cell(r, b, s->first_key + i);

		if (x->type != y->type || (x->type == QUERY_TEXT && !slice_eq(x->text, y->text)) ||
		    (x->type == QUERY_INT && x->integer != y->integer))
			return false;
	}
	return true;
}

static int find_lines(const struct query_result *r, const struct shape *s, struct lines *l)
{
	int64_t high = INT64_MIN;

	*l = (struct lines){ .low = INT64_MAX, .step = INT64_MAX };
	l->of_row = calloc(r->n_rows + 1, sizeof(*l->of_row));
	l->first = calloc(r->n_rows + 1, sizeof(*l->first));
	if (!l->of_row || !l->first)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_rows; i++) {
		int64_t at = query_cell(r, i, 0)->integer;
		size_t line = 0;

		while (line < l->n && !same_keys(r, s, l->first[line], i))
			line++;
		if (line == l->n)
			l->first[l->n++] = i;
		l->of_row[i] = line;
		if (i && at > high)
			l->step = MIN(l->step, at - high);
		l->low = MIN(l->low, at);
		high = MAX(high, at);
	}
	if (l->step == INT64_MAX)
		l->step = 1;
	l->buckets = r->n_rows ? (size_t)((high - l->low) / l->step) + 1 : 0;
	return 0;
}

static void free_lines(struct lines *l)
{
	free(l->of_row);
	free(l->first);
}

/* One value for each of `n` columns: the largest of the buckets it stands for. */
static void sample(const struct query_result *r, const struct shape *s, const struct lines *l,
		   size_t line, double *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = NAN;
	for (size_t i = 0; i < r->n_rows; i++) {
		size_t bucket = (size_t)((query_cell(r, i, 0)->integer - l->low) / l->step);
		size_t at = l->buckets <= n ? bucket : bucket * n / l->buckets;
		double v = value_of(query_cell(r, i, s->first_value));

		if (l->of_row[i] == line && !isnan(v))
			to[at] = isnan(to[at]) ? v : fmax(to[at], v);
	}
}

static void add_step(struct buf *b, double v, double most, bool heat, bool utf8)
{
	static const char *const lines[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const heats[] = { "·", "░", "░", "▒", "▒", "▓", "▓", "█" };
	static const char *const plain[] = { ".", ":", "-", "=", "+", "*", "%", "#" };
	size_t level;

	if (isnan(v)) {
		buf_add_char(b, ' ');
		return;
	}
	level = most > 0 ? MIN((size_t)fmax(v / most * 8, 0), 7) : 0;
	buf_add_str(b, !utf8 ? plain[level] : heat ? heats[level] : lines[level]);
}

static int print_series(const struct query_result *r, const struct shape *s, bool heat,
			const struct chart_style *style, struct buf *b)
{
	_cleanup_(buf_cleanup) struct buf label = BUF_INIT(64 * 1024);
	double values[512], most = 0;
	size_t label_width = 0, n;
	struct lines l;
	int e = find_lines(r, s, &l);

	for (size_t i = 0; !e && i < l.n; i++) {
		buf_reset(&label, 64 * 1024);
		add_label(r, s, l.first[i], &label);
		label_width = MAX(label_width, text_width(buf_slice(&label)));
	}
	for (size_t i = 0; !e && i < r->n_rows; i++)
		most = fmax(most, value_of(query_cell(r, i, s->first_value)));
	label_width = MIN(label_width, LABEL_MAX);
	n = style->width > label_width + 20 ? style->width - label_width - 16 : 20;
	n = MIN(MIN(n, ARRAY_LEN(values)), MAX(l.buckets, 1));
	for (size_t i = 0; !e && i < l.n; i++) {
		struct query_cell top = { .type = QUERY_DOUBLE, .known = 1 };

		sample(r, s, &l, i, values, n);
		buf_reset(&label, 64 * 1024);
		add_label(r, s, l.first[i], &label);
		text_add_padded(b, buf_slice(&label), label_width, false);
		buf_add_str(b, "  ");
		for (size_t k = 0; k < n; k++) {
			top.number = isnan(values[k]) ? top.number : fmax(top.number, values[k]);
			add_step(b, values[k], most, heat, style->utf8);
		}
		buf_add_str(b, "  max ");
		number_add_cell(b, &r->columns[s->first_value], &top, style->now_ns);
		buf_add_char(b, '\n');
	}
	free_lines(&l);
	return e;
}

/* Digits three columns wide and five lines high, one bit a column. */
static const struct {
	char c;
	uint8_t rows[5];
} font[] = {
	{ '0', { 7, 5, 5, 5, 7 } }, { '1', { 2, 6, 2, 2, 7 } }, { '2', { 7, 1, 7, 4, 7 } },
	{ '3', { 7, 1, 7, 1, 7 } }, { '4', { 5, 5, 7, 1, 1 } }, { '5', { 7, 4, 7, 1, 7 } },
	{ '6', { 7, 4, 7, 5, 7 } }, { '7', { 7, 1, 1, 2, 2 } }, { '8', { 7, 5, 7, 5, 7 } },
	{ '9', { 7, 5, 7, 1, 7 } }, { '.', { 0, 0, 0, 0, 2 } }, { ',', { 0, 0, 0, 2, 4 } },
	{ '$', { 3, 6, 7, 3, 6 } }, { 'k', { 4, 5, 6, 5, 5 } }, { 'M', { 5, 7, 7, 5, 5 } },
	{ '%', { 5, 1, 2, 4, 5 } }, { 's', { 0, 3, 6, 3, 6 } }, { 'm', { 0, 0, 7, 7, 5 } },
	{ '-', { 0, 0, 7, 0, 0 } }, { '/', { 1, 1, 2, 4, 4 } },
};

static void print_big_value(struct slice text, bool utf8, struct buf *b)
{
	for (int row = 0; row < 5; row++) {
		for (size_t i = 0; i < text.len; i++) {
			uint8_t bits = 0;

			for (size_t k = 0; k < ARRAY_LEN(font); k++)
				if (font[k].c == text.data[i])
					bits = font[k].rows[row];
			if ((unsigned char)text.data[i] >= 0x80)
				continue;
			for (int bit = 2; bit >= 0; bit--)
				buf_add_str(b, !(bits >> bit & 1) ? "  " : utf8 ? "██" : "##");
			buf_add_str(b, "  ");
		}
		while (b->len && b->data[b->len - 1] == ' ')
			b->len--;
		buf_add_char(b, '\n');
	}
}

static void print_big(const struct query_result *r, const struct shape *s,
		      const struct chart_style *style, struct buf *b)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(4096);

	for (size_t i = 0; i < s->n_values && r->n_rows; i++) {
		const struct query_column *c = &r->columns[s->first_value + i];
		const struct query_cell *cell = query_cell(r, 0, s->first_value + i);

		buf_reset(&text, 4096);
		number_add_cell(&text, c, cell, style->now_ns);
		buf_printf(b, "%.*s%s\n\n", SLICE_FMT(c->name),
			   cell->known && cell->unknown && c->fn == QUERY_SUM ? " (at least)" : "");
		print_big_value(buf_slice(&text), style->utf8, b);
		buf_add_char(b, '\n');
	}
}

int chart_print(const struct query_result *r, enum query_display display,
		const struct chart_style *style, struct buf *b, const char **ret_why)
{
	struct shape s = shape_of(r);

	*ret_why = !s.n_values ? "needs an aggregate" : NULL;
	if (!s.series && (display == QUERY_LINE || display == QUERY_HEATMAP))
		*ret_why = "needs an --interval";
	if (*ret_why)
		return -EINVAL;
	switch (display) {
	case QUERY_BAR:
		print_bars(r, &s, style, b);
		return 0;
	case QUERY_BIG:
		print_big(r, &s, style, b);
		return 0;
	default:
		return print_series(r, &s, display == QUERY_HEATMAP, style, b);
	}
}
