/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket session through the decoder. The first byte picks the API; then lines, each a
 * message: of the client if it begins with '>', of the server if not; '?' is a hole.
 */
#include "../unit/exchange.h"

static const char *const targets[] = { "/v1/responses", "/v1/realtime?model=m",
				       "/ws/x.BidiGenerateContent" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct decoder_config config = { .body_max = 65536,
					       .content = true,
					       .content_max = 256 };
	const struct decoder_origin origin = { .conn_hash = 1, .sni = SLICE("gw.example") };
	const struct http_field upgrade = { SLICE("upgrade"), SLICE("websocket") };
	struct http_head head = { .version = 11,
				  .method = SLICE("GET"),
				  .authority = SLICE("gw.example"),
				  .fields = &upgrade,
				  .n_fields = 1 };
	struct slice rest = { (const char *)data + 1, size - 1 };
	struct buf dump = BUF_INIT(64 * 1024 * 1024);
	struct decoder *d;
	uint64_t ts = 1000;

	if (!size || decoder_new(&d, &config, &origin, exchange_dump_fn, &dump))
		return 0;
	head.target = slice_from(targets[data[0] % ARRAY_LEN(targets)]);
	decoder_request_head(d, &head, 100);
	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		bool client = line.len && line.data[0] == '>';

		if (line.len && line.data[0] == '?')
			decoder_ws_hole(d, WS_SERVER, 1);
		else
			decoder_ws_message(d, client ? WS_CLIENT : WS_SERVER, true,
					   slice_sub(line, client, line.len), ts++);
	}
	decoder_response_end(d, data[0] & 64 ? HTTP_END_LOST : HTTP_END_CLOSED, ts);
	decoder_free(d);
	buf_release(&dump);
	return 0;
}
