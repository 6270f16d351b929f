/* SPDX-License-Identifier: Apache-2.0 */
#include "feature.h"
#include "test.h"

#include <errno.h>
#include <string.h>

#define BIT(f) (UINT32_C(1) << (f))

static const struct {
	const char *names;
	int want;
	uint32_t bits;
} rows[] = {
	{ "uprobe_multi", 0, BIT(FEATURE_MULTI) },
	{ "socket_send,socket_length", 0, BIT(FEATURE_SOCKET_SEND) | BIT(FEATURE_SOCKET_LENGTH) },
	{ " syscalls , emulated_points ", 0, BIT(FEATURE_SYSCALLS) | BIT(FEATURE_EMULATED_POINTS) },
	{ "", 0, 0 },
	{ "uprobe", -EINVAL, 0 },
	{ "uprobe_multi2", -EINVAL, 0 },
	{ "uprobe_multi,nonsense", -EINVAL, 0 },
	{ "uprobe_multi,,syscalls", -EINVAL, 0 },
};

TEST(names)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t got = BIT(FEATURE_SOCKET_STATE);

		CHECK_INT(features_parse(rows[i].names, &got), rows[i].want);
		CHECK_INT(got, rows[i].bits | BIT(FEATURE_SOCKET_STATE));
	}
}

TEST(all_are_named_once)
{
	for (int i = 0; i < FEATURE_MAX; i++) {
		uint32_t got = 0;

		CHECK_INT(features_parse(features[i].name, &got), 0);
		CHECK_INT(got, BIT(i));
		CHECK(features[i].what && features[i].without);
	}
}
