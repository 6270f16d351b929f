/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "test.h"

TEST(what_matches)
{
	static const struct {
		const char *pattern, *text;
		bool ignore_case;
		int expected;
	} rows[] = {
		{ "^gpt-", "gpt-5", false, 1 },
		{ "^gpt-", "GPT-5", false, 0 },
		{ "^gpt-", "GPT-5", true, 1 },
		{ "a|b", "xbx", false, 1 },
		{ "", "", false, 1 },
		{ "^$", "x", false, 0 },
		{ "\xc3\xa9", "caf\xc3\xa9", false, 1 },
		{ "caf.$", "caf\xc3\xa9", false, 1 },
		{ "b", "\xff b", false, 1 }, /* what is no UTF-8 is passed over */
		{ "(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false, -E2BIG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pattern *p = NULL;

		CHECK_INT(
			pattern_new(&p, slice_from(rows[i].pattern), rows[i].ignore_case, NULL, 0),
			0);
		CHECK_INT(pattern_match(p, slice_from(rows[i].text)), rows[i].expected);
		pattern_free(p);
	}
}

TEST(what_is_no_pattern)
{
	static char repeated[5000];
	static const char *const rows[] = { "(", "[a", "a**", "\\C", "\xff", repeated };

	memset(repeated, '+', sizeof(repeated) - 1);
	repeated[0] = 'x';
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char why[100] = "";
		struct pattern *p = NULL;

		CHECK_INT(pattern_new(&p, slice_from(rows[i]), true, why, sizeof(why)), -EINVAL);
		CHECK(why[0] && !p);
	}
}
