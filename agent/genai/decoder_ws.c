/* SPDX-License-Identifier: Apache-2.0 */
/* What no dialect reads yet: WebSocket messages and trailers. */
#include "decoder.h"

void decoder_response_trailers(struct decoder *d, const struct http_head *trailers, uint64_t ts_ns)
{
	(void)d, (void)trailers, (void)ts_ns;
}

/* Whatever the upgrade looked like, nobody knows what is spoken: that ends it, without a
 * call or as one whose answer was cut off. */
void decoder_ws_message(struct decoder *d, enum ws_side side, bool text, struct slice message,
			uint64_t ts_ns)
{
	(void)side, (void)text, (void)message;
	decoder_response_end(d, HTTP_END_LOST, ts_ns);
}

void decoder_ws_hole(struct decoder *d, enum ws_side side, uint64_t len)
{
	if (side == WS_CLIENT)
		decoder_request_hole(d, len);
	else
		decoder_response_hole(d, len);
}
