/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of detect.h that know no dialect: hosts, targets and types of HTTP. */
#include "detect.h"

#include "cleanup.h"

#include <string.h>

struct slice detect_host(struct slice authority, uint16_t *ret_port)
{
	struct slice host = authority, digits = SLICE_NONE;
	uint64_t port = 0;
	ssize_t at;

	*ret_port = 0;
	at = slice_find_char(host, '@');
	if (at >= 0)
		host = slice_sub(host, (size_t)at + 1, host.len);
	if (host.len && host.data[0] == '[') {
		at = slice_find_char(host, ']');
		if (at < 0)
			return host;
		digits = slice_sub(host, (size_t)at + 1, host.len);
		host = slice_sub(host, 1, (size_t)at - 1);
		if (digits.len)
			digits = slice_sub(digits, 1, digits.len);
	} else {
		at = slice_find_char(host, ':');
		if (at >= 0) {
			digits = slice_sub(host, (size_t)at + 1, host.len);
			host = slice_sub(host, 0, (size_t)at);
		}
	}
	if (!slice_u64(digits, &port) && port <= UINT16_MAX)
		*ret_port = (uint16_t)port;
	return host;
}

/* The part of an absolute-form target (RFC 9112, section 3.2.2) after "://". */
static struct slice target_after_scheme(struct slice target)
{
	static const struct slice schemes[] = { SLICE("https://"), SLICE("http://") };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (slice_starts_nocase(target, schemes[i]))
			return slice_sub(target, schemes[i].len, target.len);
	return SLICE_NONE;
}

struct slice detect_target_authority(struct slice target)
{
	struct slice rest = target_after_scheme(target);
	size_t len = 0;

	while (len < rest.len && !strchr("/?#", rest.data[len]))
		len++;
	return slice_sub(rest, 0, len);
}

struct slice detect_target_path(struct slice target)
{
	struct slice rest = target_after_scheme(target);
	size_t len = 0;

	if (rest.data)
		target = slice_sub(rest, detect_target_authority(target).len, rest.len);
	while (len < target.len && target.data[len] != '?' && target.data[len] != '#')
		len++;
	while (len > 1 && target.data[len - 1] == '/')
		len--;
	return slice_sub(target, 0, len);
}

struct slice detect_target_query(struct slice target, struct slice name)
{
	ssize_t at = slice_find_char(target, '?');
	struct slice rest;

	if (at < 0)
		return SLICE_NONE;
	rest = slice_sub(target, (size_t)at + 1, target.len);
	rest = slice_cut(&rest, '#');
	while (rest.len) {
		struct slice value = slice_cut(&rest, '&'), key = slice_cut(&value, '=');

		if (slice_eq(key, name))
			return value;
	}
	return SLICE_NONE;
}

bool detect_is_json(struct slice content_type)
{
	struct slice type = slice_trim(slice_cut(&content_type, ';'));

	return slice_starts_nocase(type, SLICE("application/json")) ||
	       (type.len >= 5 && slice_eq_nocase(slice_sub(type, type.len - 5, 5), SLICE("+json")));
}
