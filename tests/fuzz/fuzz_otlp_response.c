/* SPDX-License-Identifier: Apache-2.0 */
/* A collector's answer; the first byte chooses the encoding. */
#include "encode.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct slice message = SLICE_NONE;
	int64_t rejected = 0;

	if (!size)
		return 0;
	if (!otlp_decode_response(data[0] & 1 ? OTLP_JSON : OTLP_PROTOBUF,
				  (struct slice){ text + 1, size - 1 }, &rejected, &message))
		assert(!message.data ||
		       (message.data > text && message.data + message.len <= text + size));
	return 0;
}
