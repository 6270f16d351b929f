/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "pairs.h"
#include "test.h"

#include <errno.h>

/* Each result as "key>value;", "!;" for a pair that was skipped. */
TEST(pairs_are_split_and_decoded)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "", "" },
		{ ",", "" },
		{ "a=b", "a>b;" },
		{ "a=b,c=d", "a>b;c>d;" },
		{ " a = b , c=d ", "a>b;c>d;" },
		{ "x-sentry-auth=sentry sentry_key=KEY", "x-sentry-auth>sentry sentry_key=KEY;" },
		{ "a==", "a>=;" },
		{ "a=", "a>;" },
		{ "a=b%20c%2Cd%3d", "a>b c,d=;" },
		{ "a=b+c", "a>b+c;" },
		{ "a=%c3%a9", "a>\xc3\xa9;" },
		{ "novalue,a=b", "!;a>b;" },
		{ "=b,a=b", "!;a>b;" },
		{ "a=%,b=%2,c=%zz,d=%2g,e=f", "!;!;!;!;e>f;" },
		{ "a=b,,c=d,", "a>b;c>d;" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf value = BUF_INIT(1000), got = BUF_INIT(1000);
		struct slice rest = slice_from(rows[i].in), key;
		int r;

		test_row("%s", rows[i].in);
		while ((r = pairs_next(&rest, &key, &value)) != 0) {
			if (r > 0)
				buf_printf(&got, "%.*s>%.*s;", SLICE_FMT(key),
					   SLICE_FMT(buf_slice(&value)));
			else
				buf_add_str(&got, "!;");
		}
		CHECK_STR(buf_slice(&got), rows[i].want);
	}
}

TEST(pairs_value_over_the_ceiling_is_skipped)
{
	_cleanup_(buf_cleanup) struct buf value = BUF_INIT(4);
	struct slice rest = SLICE("a=12345,b=1234"), key;

	CHECK_INT(pairs_next(&rest, &key, &value), -ENOBUFS);
	CHECK_INT(pairs_next(&rest, &key, &value), 1);
	CHECK_STR(key, "b");
	CHECK_STR(buf_slice(&value), "1234");
}
