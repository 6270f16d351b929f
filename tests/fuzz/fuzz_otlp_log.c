/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of an event: JSON of a stranger as values, in both encodings. */
#include "buf.h"
#include "encode.h"
#include "pb.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span *s = NULL;

	if (span_new(&s))
		return 0;
	span_set_str(s, ATTR_INPUT_MESSAGES, (struct slice){ (const char *)data, size });
	for (size_t e = 0; e < 2; e++) {
		struct buf b = BUF_INIT(64 * 1024 * 1024);
		struct pb_field f;
		struct slice rest;

		otlp_encode_details(&b, (enum otlp_encoding)e, s);
		assert(!buf_error(&b));
		rest = buf_slice(&b);
		while (e == OTLP_PROTOBUF && rest.len)
			assert(pb_next(&rest, &f) == 1);
		buf_release(&b);
	}
	span_free(s);
	return 0;
}
