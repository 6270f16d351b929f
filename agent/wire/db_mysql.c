/* SPDX-License-Identifier: Apache-2.0 */
/* Packets are a length of three bytes, a number, which is 0 where a command begins, and their
 * payload. */
#include "db.h"

#include "cleanup.h"

#include <errno.h>

#define HEAD 4

enum {
	COM_QUIT = 1,
	COM_QUERY = 3,
	COM_STMT_PREPARE = 0x16,
	COM_STMT_EXECUTE = 0x17,
	COM_LAST = 0x1f,
};

static uint32_t le(const char *p, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | (unsigned char)p[n];
	return v;
}

/* Statements begin with a word, a comment, a bracket. */
static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.len && i < 16; i++)
		if ((unsigned char)s.data[i] < ' ' && s.data[i] != '\t' && s.data[i] != '\n' &&
		    s.data[i] != '\r')
			return false;
	return s.len > 1;
}

int mysql_request(struct slice data, struct db_request *ret)
{
	struct slice body = slice_sub(data, HEAD + 1, data.len);
	uint32_t len;
	unsigned char command;

	if (data.len <= HEAD)
		return -EBADMSG;
	len = le(data.data, 3);
	command = (unsigned char)data.data[HEAD];
	/* One command at a time: it is all of the write, or what is seen of it. */
	if (len < 1 || len + HEAD < data.len || data.data[3] || command < COM_QUIT ||
	    command > COM_LAST)
		return -EBADMSG;
	if (command == COM_STMT_EXECUTE && body.len >= 4) {
		ret->name = slice_sub(body, 0, 4);
		ret->kind = DB_EXECUTE;
		return 0;
	}
	if (command != COM_QUERY && command != COM_STMT_PREPARE)
		return len < 256 ? 0 : -EBADMSG;
	/* Attributes of a query (8.0.25) come before it: how many, in how many sets. */
	if (body.len > 2 && body.data[0] == 0 && body.data[1] == 1)
		body = slice_sub(body, 2, body.len);
	if (!is_text(body))
		return -EBADMSG;
	ret->text = body;
	ret->kind = command == COM_QUERY ? DB_STATEMENT : DB_PREPARE;
	return 0;
}

int mysql_response(struct slice data, bool prepare, struct db_response *ret)
{
	struct slice body = slice_sub(data, HEAD, data.len);

	if (!body.len)
		return -EAGAIN;
	if ((unsigned char)body.data[0] == 0xff) {
		/* A number, '#', the SQLSTATE. */
		if (body.len < 9)
			return -EAGAIN;
		ret->failed = true;
		if (body.data[3] == '#')
			ret->code = slice_sub(body, 4, 5);
		return 0;
	}
	if (!prepare)
		return 0;
	if (body.len < 5)
		return -EAGAIN;
	ret->prepared = le(body.data + 1, 4);
	return 0;
}
