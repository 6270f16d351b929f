/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are a type of one byte and a length, which counts itself; the first of a connection
 * have no type. */
#include "db.h"

#include "cleanup.h"

#include <errno.h>

#define HEAD 5
#define MESSAGES_MAX 64 /* of one write or answer that are looked at */
#define LENGTH_MAX (1u << 30)
#define STARTUP_LEN 8
#define PROTOCOL_3 3
#define REQUEST_HIGH 1234 /* of SSLRequest, CancelRequest and GSSENCRequest */

static uint32_t be32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* A string up to its NUL, or to where the data was cut. */
static struct slice take_string(struct slice *rest)
{
	struct slice s = slice_cut(rest, '\0');

	if (!rest->data)
		*rest = (struct slice){ s.data + s.len, 0 };
	return s;
}

static bool is_startup(struct slice data)
{
	uint32_t version;

	if (data.len < STARTUP_LEN || data.data[0])
		return false;
	version = be32(data.data + 4);
	return be32(data.data) >= STARTUP_LEN && be32(data.data) <= 10000 &&
	       (version >> 16 == PROTOCOL_3 || version >> 16 == REQUEST_HIGH);
}

/* One message whose body may be cut off; false: there is none, or it is none. */
static bool take_message(struct slice *rest, char *ret_type, struct slice *ret_body)
{
	uint32_t len;

	if (rest->len < HEAD)
		return false;
	len = be32(rest->data + 1);
	if (len < 4 || len > LENGTH_MAX)
		return false;
	*ret_type = rest->data[0];
	*ret_body = slice_sub(*rest, HEAD, len - 4);
	*rest = slice_sub(*rest, (size_t)1 + len, rest->len);
	return true;
}

static void read_message(char type, struct slice body, struct db_request *ret)
{
	switch (type) {
	case 'Q':
		ret->text = take_string(&body);
		ret->kind = DB_STATEMENT;
		break;
	case 'P':
		ret->name = take_string(&body);
		ret->text = take_string(&body);
		ret->kind = DB_PREPARE;
		break;
	case 'B': /* portal, then statement */
		take_string(&body);
		ret->name = take_string(&body);
		ret->kind = DB_EXECUTE;
		break;
	}
}

int postgres_request(struct slice data, struct db_request *ret)
{
	static const struct slice types = SLICE("QPBEDSCHFcdfpX");
	struct slice rest = data, body;
	char type;

	if (is_startup(data))
		return 0;
	for (size_t i = 0; i < MESSAGES_MAX && take_message(&rest, &type, &body); i++) {
		struct db_request m = { 0 };

		if (slice_find_char(types, type) < 0)
			return i ? 0 : -EBADMSG;
		read_message(type, body, &m);
		/* What is prepared and run at once is a statement. */
		if (ret->kind == DB_PREPARE && m.kind == DB_EXECUTE &&
		    slice_eq(m.name, ret->name)) {
			ret->kind = DB_STATEMENT;
			return 0;
		}
		if (m.kind && !ret->kind) {
			ret->kind = m.kind;
			ret->text = m.text;
			ret->name = m.name;
		}
		if (ret->kind && ret->kind != DB_PREPARE)
			return 0;
	}
	/* Too long for what follows to be seen: run, most likely. */
	if (ret->kind == DB_PREPARE && rest.len == 0 && data.len >= HEAD &&
	    be32(data.data + 1) + 1 > data.len)
		ret->kind = DB_STATEMENT;
	return rest.len == data.len ? -EBADMSG : 0;
}

/* The error's fields: a letter and a string each; C is the SQLSTATE. */
static struct slice sqlstate(struct slice body)
{
	while (body.len && body.data[0]) {
		char field = body.data[0];
		struct slice value;

		body = slice_sub(body, 1, body.len);
		value = take_string(&body);
		if (field == 'C')
			return value;
	}
	return SLICE_NONE;
}

int postgres_response(struct slice data, struct db_response *ret)
{
	struct slice rest = data, body;
	char type;

	for (size_t i = 0; i < MESSAGES_MAX && take_message(&rest, &type, &body); i++) {
		if (type == 'E') {
			ret->code = sqlstate(body);
			/* SQLSTATEs have five characters. */
			if (ret->code.len < 5 && !rest.len)
				return -EAGAIN;
			ret->failed = true;
			return 0;
		}
		/* Rows, a command's end, that nothing is left: it went well. */
		if (type == 'D' || type == 'C' || type == 'I' || type == 'Z' || type == 's' ||
		    type == 'G' || type == 'H' || type == 'W')
			return 0;
	}
	return -EAGAIN;
}
