/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"
#include "cleanup.h"
#include "test.h"

TEST(names)
{
	static const struct {
		const char *name;
		bool secret;
	} cases[] = {
		{ "Authorization", true },
		{ "X-API-Key", true },
		{ "api-KEY", true },
		{ "Set-Cookie", true },
		{ "x-amz-security-token", true },
		{ "X-Amz-Signature", true },
		{ "db_passwd", true },
		{ "client.credentials", true },
		{ "x-ratelimit-remaining-tokens", false },
		{ "X-Token-Count", false },
		{ "user-agent", false },
		{ "ke", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		test_row("%s", cases[i].name);
		CHECK_INT(secret_name(slice_from(cases[i].name)), cases[i].secret);
	}
	test_row(NULL);
}

TEST(of_which_the_end_is_not_known)
{
	CHECK(secret_name_cut(SLICE("x-very-long-")));
	CHECK(!secret_name_cut(SLICE("anthropic-ratelimit-tok")));
}
