/* SPDX-License-Identifier: Apache-2.0 */
#include "protobuf.h"

#include <stdlib.h>

/* Every field lies within its message and every step goes forward. */
static void walk(struct slice message, int depth)
{
	struct slice rest = message, packed;
	struct protobuf_field f, found;
	size_t before = rest.len;
	uint64_t value;

	while (protobuf_next(&rest, &f) == 1) {
		if (rest.len >= before || f.number == 0)
			abort();
		before = rest.len;
		if (f.wire != PROTOBUF_BYTES)
			continue;
		if (f.bytes.data < message.data ||
		    f.bytes.data + f.bytes.len > message.data + message.len)
			abort();
		packed = f.bytes;
		while (protobuf_next_varint(&packed, &value) == 1)
			;
		if (depth < 16)
			walk(f.bytes, depth + 1);
	}
	if (protobuf_find(message, 1, &found) == 1 && found.number != 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk((struct slice){ (const char *)data, size }, 0);
	return 0;
}
