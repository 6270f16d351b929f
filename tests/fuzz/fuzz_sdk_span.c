/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says whether it is JSON; what is lent lies in the request. */
#include "fuzz.h"
#include "sdk_span.h"

static void on_span(void *ctx, const struct sdk_span *s)
{
	const struct slice *whole = ctx;

	REQUIRE(s->kind == SDK_CALL || s->kind == SDK_TOOL || s->kind == SDK_AGENT);
	if (s->response_id.len)
		REQUIRE(s->response_id.data >= whole->data &&
			s->response_id.data + s->response_id.len <= whole->data + whole->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = { (const char *)data + 1, len - 1 };

	if (len)
		sdk_spans_read(text, data[0] & 1, on_span, &text);
	return 0;
}
