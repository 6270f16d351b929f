/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include "cleanup.h"

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	return s.len > 0 && s.len <= 5;
}

struct slice guard_host_name(struct slice host)
{
	struct slice name = host, port = SLICE_NONE;
	ssize_t at;

	if (host.len && host.data[0] == '[') {
		at = slice_find_char(host, ']');
		if (at < 0)
			return SLICE_NONE;
		name = slice_sub(host, 1, (size_t)at - 1);
		port = slice_sub(host, (size_t)at + 1, host.len);
		if (port.len && port.data[0] != ':')
			return SLICE_NONE;
		port = port.len ? slice_sub(port, 1, port.len) : SLICE_NONE;
	} else {
		at = slice_find_char(host, ':');
		if (at >= 0) {
			name = slice_sub(host, 0, (size_t)at);
			port = slice_sub(host, (size_t)at + 1, host.len);
		}
	}
	if (!name.len || (port.data && !all_digits(port)))
		return SLICE_NONE;
	return name;
}

struct slice guard_cookie_value(struct slice header, struct slice name)
{
	while (header.data && header.len) {
		struct slice value = slice_trim(slice_cut(&header, ';'));
		struct slice key = slice_cut(&value, '=');

		if (value.data && slice_eq(key, name))
			return value;
	}
	return SLICE_NONE;
}

bool guard_same_secret(struct slice a, struct slice b)
{
	unsigned char different = 0;

	if (!a.data || !b.data || a.len != b.len || !a.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		different |= (unsigned char)(a.data[i] ^ b.data[i]);
	return !different;
}

static bool host_allowed(const struct guard *g, struct slice host)
{
	static const struct slice loopback[] = {
		{ "127.0.0.1", 9 },
		{ "localhost", 9 },
		{ "::1", 3 },
	};
	struct slice name = guard_host_name(host);

	if (!name.data)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++)
		if (slice_eq_nocase(name, loopback[i]))
			return true;
	for (size_t i = 0; i < g->n_hosts; i++)
		if (slice_eq_nocase(name, g->hosts[i]))
			return true;
	return false;
}

/* An origin is scheme://host[:port]; a page of ours sends its own host. */
static bool origin_allowed(const struct guard_request *r)
{
	struct slice rest = r->origin;

	if (r->fetch_site.data && !slice_eq(r->fetch_site, SLICE("same-origin")) &&
	    !slice_eq(r->fetch_site, SLICE("none")) && (r->writes || r->origin.data))
		return false;
	if (!r->origin.data)
		return !r->writes || !r->fetch_site.data ||
		       slice_eq(r->fetch_site, SLICE("same-origin"));
	if (slice_starts(rest, SLICE("http://")))
		rest = slice_sub(rest, 7, rest.len);
	else if (slice_starts(rest, SLICE("https://")))
		rest = slice_sub(rest, 8, rest.len);
	else
		return false;
	return slice_eq_nocase(rest, r->host);
}

enum guard_verdict guard_judge(const struct guard *g, const struct guard_request *r)
{
	struct slice bearer = r->authorization;

	if (!host_allowed(g, r->host))
		return GUARD_HOST;
	if (!origin_allowed(r))
		return GUARD_ORIGIN;
	if (guard_same_secret(guard_cookie_value(r->cookie, g->cookie), g->token))
		return GUARD_OK;
	if (slice_starts_nocase(bearer, SLICE("Bearer ")) &&
	    guard_same_secret(slice_sub(bearer, 7, bearer.len), g->token))
		return GUARD_OK;
	return guard_same_secret(r->token, g->token) ? GUARD_FRESH : GUARD_TOKEN;
}
