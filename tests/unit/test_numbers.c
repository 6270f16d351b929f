/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "numbers.h"
#include "test.h"

#include <time.h>

TEST(numbers_as_people_read_them)
{
	static const struct {
		void (*add)(struct buf *b, double v);
		double value;
		const char *want;
	} rows[] = {
		{ number_add_money, 0, "$0" },
		{ number_add_money, 4.1e9, "$0.0041" },
		{ number_add_money, 4.1e7, "$0.000041" },
		{ number_add_money, 0.41e12, "$0.41" },
		{ number_add_money, 12.4e12, "$12.40" },
		{ number_add_money, 1240.4e12, "$1,240" },
		{ number_add_money, 1234567e12, "$1,234,567" },
		{ number_add_money, 0.9999e12, "$1.00" },
		{ number_add_money, 999.999e12, "$1,000" },
		{ number_add_money, -2e12, "-$2.00" },
		{ number_add_count, 0, "0" },
		{ number_add_count, 812, "812" },
		{ number_add_count, 999, "999" },
		{ number_add_count, 12400, "12.4k" },
		{ number_add_count, 999960, "1.0M" },
		{ number_add_count, 3.1e6, "3.1M" },
		{ number_add_count, 0.5, "0.5" },
		{ number_add_bytes, 512, "512 B" },
		{ number_add_bytes, 1536, "1.5 KiB" },
		{ number_add_duration, 840e3, "840 µs" },
		{ number_add_duration, 42e6, "42 ms" },
		{ number_add_duration, 999.6e6, "1.00 s" },
		{ number_add_duration, 1.24e9, "1.24 s" },
		{ number_add_duration, 41.2e9, "41.2 s" },
		{ number_add_duration, 192e9, "3 m 12 s" },
		{ number_add_duration, 7500e9, "2 h 5 m" },
		{ number_add_duration, 180000e9, "2 d 2 h" },
		{ number_add_percent, 0, "0 %" },
		{ number_add_percent, 0.004, "0.4 %" },
		{ number_add_percent, 0.12, "12 %" },
		{ number_add_percent, 1, "100 %" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100);

		rows[i].add(&b, rows[i].value);
		test_row("%g", rows[i].value);
		CHECK_STR(buf_slice(&b), rows[i].want);
	}
	test_row(NULL);
}

TEST(numbers_say_what_they_do_not_know)
{
	static const struct {
		struct query_column column;
		struct query_cell cell;
		const char *want;
	} rows[] = {
		{ { .fn = QUERY_SUM, .unit = UNIT_USD }, { .type = QUERY_NULL }, "-" },
		{ { .fn = QUERY_SUM, .unit = UNIT_USD },
		  { .type = QUERY_INT, .integer = 4120000000000, .known = 207, .unknown = 3 },
		  "≥$4.12" },
		{ { .fn = QUERY_AVG, .unit = UNIT_TOKENS },
		  { .type = QUERY_DOUBLE, .number = 1500, .known = 2, .unknown = 1 },
		  "1.5k" },
		{ { .fn = QUERY_RATE, .unit = UNIT_TOKENS, .per_second = true },
		  { .type = QUERY_DOUBLE, .number = 61, .known = 2 },
		  "61/s" },
		{ { .fn = QUERY_VALUE, .unit = UNIT_NONE },
		  { .type = QUERY_INT, .integer = 4711, .known = 1 },
		  "4711" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100);

		number_add_cell(&b, &rows[i].column, &rows[i].cell, 0);
		CHECK_STR(buf_slice(&b), rows[i].want);
	}
}

TEST(numbers_times_are_relative_first)
{
	const uint64_t now = UINT64_C(1790000000000000000);
	static const struct {
		int64_t age_s;
		const char *want;
	} rows[] = { { 5, "5 s ago" }, { 185, "3 m ago" }, { 7200, "2026-09-21 12:13" } };

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100);

		number_add_time(&b, (int64_t)now - rows[i].age_s * 1000000000, now);
		CHECK_STR(buf_slice(&b), rows[i].want);
	}
}

TEST(texts_take_columns_not_bytes)
{
	static const struct {
		const char *text;
		size_t width;
		bool right;
		const char *want;
	} rows[] = {
		{ "abc", 5, false, "abc  " },
		{ "abc", 5, true, "  abc" },
		{ "abcdef", 4, false, "abc…" },
		{ "abcdef", 4, true, "abc…" },
		{ "größe", 6, false, "größe " },
		{ "模型名", 7, false, "模型名 " },
		{ "模型名", 4, false, "模… " },
		{ "e\u0301", 2, false, "e\u0301 " },
		{ "a\033[31mb", 8, false, "a?[31mb " },
		{ "a\xff"
		  "b",
		  4, false, "a?b " },
		{ "a\xc2\x9b"
		  "1",
		  4, false, "a?1 " },
		{ "abc", 0, false, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100);

		buf_add_str(&b, "");
		text_add_padded(&b, slice_from(rows[i].text), rows[i].width, rows[i].right);
		test_row("%s", rows[i].text);
		CHECK_STR(b.data ? buf_slice(&b) : SLICE(""), rows[i].want);
	}
	test_row(NULL);
	CHECK_INT(text_width(slice_from("模型")), 4);
}
