/* SPDX-License-Identifier: Apache-2.0 */
/* The Sec-WebSocket-Extensions field (RFC 6455, section 9.1; RFC 7692, section 7.1). */
#include "ws.h"

#include "cleanup.h"

#include <errno.h>

static int parse_bits(struct slice value, uint8_t *ret)
{
	uint64_t bits;

	if (slice_u64(value, &bits) < 0 || bits < 8 || bits > 15)
		return -EBADMSG;
	*ret = (uint8_t)bits;
	return 0;
}

static int parse_parameter(struct slice parameter, struct ws_extensions *e)
{
	struct slice value = parameter;
	struct slice name = slice_trim(slice_cut(&value, '='));

	value = slice_trim(value);
	if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
		value = slice_sub(value, 1, value.len - 2);
	if (slice_eq_nocase(name, SLICE("client_no_context_takeover")))
		e->client_no_context = true;
	else if (slice_eq_nocase(name, SLICE("server_no_context_takeover")))
		e->server_no_context = true;
	else if (slice_eq_nocase(name, SLICE("client_max_window_bits")))
		return parse_bits(value, &e->client_window_bits);
	else if (slice_eq_nocase(name, SLICE("server_max_window_bits")))
		return parse_bits(value, &e->server_window_bits);
	else
		return -EBADMSG;
	return 0;
}

int ws_extensions_parse(struct slice value, struct ws_extensions *ret)
{
	struct ws_extensions e = { .client_window_bits = 15, .server_window_bits = 15 };

	while (value.data) {
		struct slice parameters = slice_cut(&value, ',');
		struct slice name = slice_trim(slice_cut(&parameters, ';'));

		if (!name.len && !parameters.data)
			continue;
		if (!slice_eq_nocase(name, SLICE("permessage-deflate")))
			return -EPROTONOSUPPORT;
		if (e.deflate)
			return -EBADMSG;
		e.deflate = true;
		while (parameters.data)
			if (parse_parameter(slice_cut(&parameters, ';'), &e) < 0)
				return -EBADMSG;
	}
	*ret = e;
	return 0;
}
