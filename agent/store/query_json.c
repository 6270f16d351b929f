/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "cleanup.h"
#include "clock.h"

#include <time.h>

static const char *const unit_names[] = {
	[UNIT_NONE] = "",	[UNIT_COUNT] = "count",	    [UNIT_TOKENS] = "tokens",
	[UNIT_USD] = "usd",	[UNIT_SECONDS] = "seconds", [UNIT_TIME] = "time",
	[UNIT_RATIO] = "ratio", [UNIT_BYTES] = "bytes",
};

/* A fixed-point number, exactly: picodollars as dollars, nanoseconds as seconds. */
static void add_fixed(struct buf *b, int64_t v, int64_t one, int digits)
{
	uint64_t whole = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char text[24];
	int len;

	buf_printf(b, "%s%llu", v < 0 ? "-" : "", (unsigned long long)(whole / (uint64_t)one));
	if (!(whole % (uint64_t)one))
		return;
	len = snprintf(text, sizeof(text), "%0*llu", digits,
		       (unsigned long long)(whole % (uint64_t)one));
	while (len && text[len - 1] == '0')
		len--;
	buf_printf(b, ".%.*s", len, text);
}

static void add_time(struct buf *b, int64_t ns)
{
	time_t t = (time_t)(ns / (int64_t)NSEC_PER_SEC);
	struct tm tm;
	char text[40];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(b, "\"%s.%09lldZ\"", text, (long long)(ns % (int64_t)NSEC_PER_SEC));
}

static double scale_of(enum field_unit unit)
{
	return unit == UNIT_USD ? 1e12 : unit == UNIT_SECONDS ? 1e9 : 1;
}

void query_cell_json(const struct query_column *c, const struct query_cell *cell, struct buf *b)
{
	switch (cell->type) {
	case QUERY_NULL:
		buf_add_str(b, "null");
		break;
	case QUERY_TEXT:
		buf_add_json(b, cell->text);
		break;
	case QUERY_DOUBLE:
		buf_printf(b, "%.15g", cell->number / scale_of(c->unit));
		break;
	case QUERY_INT:
		if (c->unit == UNIT_USD)
			add_fixed(b, cell->integer, INT64_C(1000000000000), 12);
		else if (c->unit == UNIT_SECONDS)
			add_fixed(b, cell->integer, INT64_C(1000000000), 9);
		else if (c->unit == UNIT_TIME)
			add_time(b, cell->integer);
		else
			buf_printf(b, "%lld", (long long)cell->integer);
		break;
	}
}

void query_row_json(const struct query_result *r, size_t row, struct buf *b)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(4096);

	buf_add_char(b, '{');
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct query_cell *cell = query_cell(r, row, i);

		buf_add_str(b, i ? "," : "");
		buf_add_json(b, r->columns[i].name);
		buf_add_char(b, ':');
		query_cell_json(&r->columns[i], cell, b);
		if (!cell->unknown || (!cell->known && r->columns[i].fn == QUERY_VALUE))
			continue;
		buf_reset(&name, 4096);
		buf_add_slice(&name, r->columns[i].name);
		buf_add_char(&name, '?');
		buf_add_char(b, ',');
		buf_add_json(b, buf_slice(&name));
		buf_printf(b, ":%llu", (unsigned long long)cell->unknown);
	}
	buf_add_char(b, '}');
}

void query_result_json(const struct query_result *r, struct buf *b)
{
	buf_add_str(b, "{\"columns\":[");
	for (size_t i = 0; i < r->n_columns; i++) {
		buf_add_str(b, i ? ",{\"name\":" : "{\"name\":");
		buf_add_json(b, r->columns[i].name);
		buf_printf(b, ",\"unit\":\"%s\"%s}", unit_names[r->columns[i].unit],
			   r->columns[i].per_second ? ",\"per\":\"second\"" : "");
	}
	buf_add_str(b, "],\"rows\":[");
	for (size_t i = 0; i < r->n_rows; i++) {
		buf_add_str(b, i ? "," : "");
		query_row_json(r, i, b);
	}
	buf_printf(b, "],\"matched\":%llu,\"groups\":%llu,\"approximate\":%s,\"rounded\":%s",
		   (unsigned long long)r->matched, (unsigned long long)r->groups,
		   r->approximate ? "true" : "false", r->rounded ? "true" : "false");
	buf_printf(b, ",\"since_ns\":%llu,\"until_ns\":%llu}", (unsigned long long)r->since_ns,
		   (unsigned long long)r->until_ns);
}
