/* SPDX-License-Identifier: Apache-2.0 */
/* A command is an array of strings; all but its name are values. */
#include "db.h"

#include "cleanup.h"

#include <errno.h>

#define NAME_MAX_LEN 32
#define ARGS_MAX 1048576

/* "<mark>number\r\n"; false: it is none, or cut off. */
static bool take_number(struct slice *rest, char mark, uint64_t *ret)
{
	ssize_t end = slice_find(*rest, SLICE("\r\n"));

	if (end < 2 || rest->data[0] != mark ||
	    slice_u64(slice_sub(*rest, 1, (size_t)end - 1), ret))
		return false;
	*rest = slice_sub(*rest, (size_t)end + 2, rest->len);
	return true;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '_' &&
		    (!i || c < '0' || c > '9'))
			return false;
	}
	return s.len;
}

int redis_request(struct slice data, struct db_request *ret)
{
	struct slice rest = data;
	uint64_t n, len;

	if (!take_number(&rest, '*', &n) || !n || n > ARGS_MAX || !take_number(&rest, '$', &len) ||
	    !len || len > NAME_MAX_LEN || rest.len < len || !is_name(slice_sub(rest, 0, len)))
		return -EBADMSG;
	ret->text = slice_sub(rest, 0, len);
	ret->args = n - 1;
	/* Logging in and what clients say of themselves. */
	if (!slice_eq_nocase(ret->text, SLICE("AUTH")) &&
	    !slice_eq_nocase(ret->text, SLICE("HELLO")) &&
	    !slice_eq_nocase(ret->text, SLICE("CLIENT")))
		ret->kind = DB_STATEMENT;
	return 0;
}

int redis_response(struct slice data, struct db_response *ret)
{
	struct slice line = data;

	if (!data.len)
		return -EAGAIN;
	if (data.data[0] == '!') { /* "!21\r\nSYNTAX …" */
		ssize_t end = slice_find(data, SLICE("\r\n"));

		if (end < 0)
			return -EAGAIN;
		line = slice_sub(data, (size_t)end + 1, data.len);
	} else if (data.data[0] != '-') {
		return 0;
	}
	ret->failed = true;
	for (size_t i = 1; i < line.len; i++)
		if (line.data[i] == ' ' || line.data[i] == '\r') {
			ret->code = slice_sub(line, 1, i - 1);
			return 0;
		}
	return -EAGAIN;
}
