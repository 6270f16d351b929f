/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "json.h"
#include "protobuf_json.h"

#include <errno.h>

/* A message of every kind that holds itself. */
static const char *const words[] = { "zero", "one", NULL };
static const struct protobuf_message type;
static const struct protobuf_row rows[] = {
	{ { 1, 1 }, false, PROTOBUF_STRING, "s", NULL, NULL },
	{ { 2, 2 }, true, PROTOBUF_STRING, "ss", NULL, NULL },
	{ { 3, 3 }, false, PROTOBUF_INT, "i", NULL, NULL },
	{ { 4, 4 }, false, PROTOBUF_BOOL, "b", NULL, NULL },
	{ { 5, 5 }, true, PROTOBUF_FLOAT, "f", NULL, NULL },
	{ { 6, 6 }, false, PROTOBUF_DOUBLE, "d", NULL, NULL },
	{ { 7, 7 }, false, PROTOBUF_WORD, "w", NULL, words },
	{ { 8, 8 }, true, PROTOBUF_MESSAGE, "m", &type, NULL },
	{ { 9, 9 }, false, PROTOBUF_STRUCT, "any", NULL, NULL },
	{ { 10, 10 }, true, PROTOBUF_VALUE, "v", NULL, NULL },
};
static const struct protobuf_message type = { rows, sizeof(rows) / sizeof(*rows) };

/* Whatever the bytes are, what comes out is JSON, or does not fit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT(256 * 1024);
	struct json doc;
	int r = protobuf_json(&text, &type, 0, (struct slice){ (const char *)data, size });

	REQUIRE(!r || r == -EBADMSG || r == -ENOBUFS);
	json_init(&doc);
	if (r != -ENOBUFS) {
		REQUIRE(!json_parse(&doc, buf_slice(&text)));
		REQUIRE(!json_truncated(&doc) && json_type(json_root(&doc)) == JSON_OBJECT);
	}
	json_release(&doc);
	buf_release(&text);
	return 0;
}
