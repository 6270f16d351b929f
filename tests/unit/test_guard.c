/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "guard.h"
#include "test.h"

#define TOKEN "0123456789abcdef0123"

static struct guard guard(void)
{
	return (struct guard){
		.token = SLICE(TOKEN),
		.cookie = SLICE("gentap-4777"),
		.hosts = { SLICE("box.example"), SLICE("10.0.0.9") },
		.n_hosts = 2,
	};
}

TEST(host_names)
{
	static const struct {
		const char *host, *name;
	} rows[] = {
		{ "localhost:4777", "localhost" },
		{ "127.0.0.1", "127.0.0.1" },
		{ "[::1]:80", "::1" },
		{ "[::1]", "::1" },
		{ "a:b", NULL },
		{ ":80", NULL },
		{ "", NULL },
		{ "[::1", NULL },
		{ "[::1]x", NULL },
		{ "a:123456", NULL },
		{ "a:", NULL },
		{ "::1", NULL },
		{ "a:80:90", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].host);
		CHECK_STR(guard_host_name(slice_from(rows[i].host)), rows[i].name);
	}
	CHECK_STR(guard_host_name(SLICE_NONE), NULL);
}

TEST(cookies)
{
	static const struct {
		const char *header, *value;
	} rows[] = {
		{ "a=1; gentap-4777=xyz; b=2", "xyz" },
		{ "gentap-4777=", "" },
		{ "gentap-4777", NULL },
		{ "gentap-47=xyz", NULL },
		{ "xgentap-4777=xyz", NULL },
		{ "gentap-4777=a=b", "a=b" },
		{ ";;;", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].header);
		CHECK_STR(guard_cookie_value(slice_from(rows[i].header), SLICE("gentap-4777")),
			  rows[i].value);
	}
}

TEST(secrets)
{
	CHECK(guard_same_secret(SLICE("abc"), SLICE("abc")));
	CHECK(!guard_same_secret(SLICE("abc"), SLICE("abd")));
	CHECK(!guard_same_secret(SLICE("abc"), SLICE("abcd")));
	CHECK(!guard_same_secret(SLICE(""), SLICE("")));
	CHECK(!guard_same_secret(SLICE_NONE, SLICE_NONE));
}

struct row {
	const char *name;
	enum guard_verdict want;
	const char *host, *origin, *site, *cookie, *authorization, *token;
	bool writes;
};

#define GOOD .host = "localhost:4777", .cookie = "gentap-4777=" TOKEN
static const struct row verdicts[] = {
	{ "cookie", GUARD_OK, GOOD },
	{ "other port, by a tunnel", GUARD_OK, .host = "127.0.0.1:9",
	  .cookie = "gentap-4777=" TOKEN },
	{ "allowed name", GUARD_OK, .host = "BOX.example:1", .cookie = "gentap-4777=" TOKEN },
	{ "bearer", GUARD_OK, .host = "localhost", .authorization = "bearer " TOKEN },
	{ "URL", GUARD_FRESH, .host = "localhost", .token = TOKEN },
	{ "nothing", GUARD_TOKEN, .host = "localhost" },
	{ "wrong token", GUARD_TOKEN, .host = "localhost", .token = "0123456789abcdef0124" },
	{ "wrong cookie", GUARD_TOKEN, .host = "localhost", .cookie = "gentap-4777=x" },
	{ "wrong bearer", GUARD_TOKEN, .host = "localhost", .authorization = "Bearer x" },
	{ "basic", GUARD_TOKEN, .host = "localhost", .authorization = "Basic " TOKEN },
	{ "no host", GUARD_HOST, .cookie = "gentap-4777=" TOKEN },
	{ "rebound name", GUARD_HOST, .host = "evil.example:4777", .cookie = "gentap-4777=" TOKEN },
	{ "name that ends alike", GUARD_HOST, .host = "xlocalhost", .token = TOKEN },
	{ "own origin", GUARD_OK, GOOD, .origin = "http://localhost:4777" },
	{ "own origin writes", GUARD_OK, GOOD, .origin = "http://localhost:4777",
	  .site = "same-origin", .writes = true },
	{ "other port's origin", GUARD_ORIGIN, GOOD, .origin = "http://localhost:4778" },
	{ "other origin", GUARD_ORIGIN, GOOD, .origin = "https://evil.example" },
	{ "no origin at all", GUARD_ORIGIN, GOOD, .origin = "null" },
	{ "cross-site link", GUARD_OK, GOOD, .site = "cross-site" },
	{ "cross-site write", GUARD_ORIGIN, GOOD, .site = "cross-site", .writes = true },
	{ "same-site write", GUARD_ORIGIN, GOOD, .site = "same-site", .writes = true },
	{ "typed write", GUARD_ORIGIN, GOOD, .site = "none", .writes = true },
	{ "program writes", GUARD_OK, GOOD, .writes = true },
};

TEST(verdict)
{
	struct guard g = guard();

	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		const struct row *v = &verdicts[i];
		struct guard_request r = {
			.host = slice_from(v->host),
			.origin = slice_from(v->origin),
			.fetch_site = slice_from(v->site),
			.cookie = slice_from(v->cookie),
			.authorization = slice_from(v->authorization),
			.token = slice_from(v->token),
			.writes = v->writes,
		};

		test_row("%s", v->name);
		CHECK_INT(guard_judge(&g, &r), v->want);
	}
}
