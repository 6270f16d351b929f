/* SPDX-License-Identifier: Apache-2.0 */
#include "http1_head.h"
#include "cleanup.h"
#include "http1.h"

#include <errno.h>

#define METHOD_MAX 32
#define VERSION_PREFIX "HTTP/1."

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* tchar of RFC 9110, section 5.6.2: what methods and field names consist of. */
static bool is_token_char(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr(others, c));
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.data[i]))
			return false;
	return s.len > 0;
}

/* A NUL or a CR that ends no line is where readers disagree on what follows. */
static bool has_bad_char(struct slice s)
{
	return slice_find_char(s, '\0') >= 0 || slice_find_char(s, '\r') >= 0;
}

bool http1_possible_start(bool response, const char *data, size_t len)
{
	size_t i = 0;

	if (response)
		return !memcmp(data, VERSION_PREFIX, MIN(len, sizeof(VERSION_PREFIX) - 1));
	while (i < len && is_token_char(data[i]))
		i++;
	return i <= METHOD_MAX && (i == len || (i > 0 && data[i] == ' '));
}

bool http1_plausible_head(bool response, const void *data, size_t len)
{
	static const char *const methods[] = {
		"GET ",	   "POST ",    "PUT ",	   "HEAD ",  "PATCH ",
		"DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "QUERY ",
	};

	if (response)
		return http1_possible_start(true, data, len) &&
		       (len < sizeof(VERSION_PREFIX) ||
			is_digit(((const char *)data)[sizeof(VERSION_PREFIX) - 1]));
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!memcmp(data, methods[i], MIN(len, strlen(methods[i]))))
			return true;
	return false;
}

int http1_unfold(char *text, size_t len)
{
	char *end = text + len, *lf = memchr(text, '\n', len);

	/* There is nothing in front of the first field that could be continued. */
	if (lf && lf + 1 < end && (lf[1] == ' ' || lf[1] == '\t'))
		return -EBADMSG;
	for (; lf && lf + 1 < end; lf = memchr(lf + 1, '\n', (size_t)(end - lf - 1))) {
		if (lf[1] != ' ' && lf[1] != '\t')
			continue;
		*lf = ' ';
		if (lf[-1] == '\r')
			lf[-1] = ' ';
	}
	return 0;
}

/* Cuts a line off, without its LF or CRLF. */
static struct slice cut_line(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* HTTP/1.x; minor versions above 1 mean what 1 means (RFC 9110, section 2.5). */
static int parse_version(struct slice s, int *ret)
{
	if (s.len != sizeof(VERSION_PREFIX) || !slice_starts(s, SLICE(VERSION_PREFIX)) ||
	    !is_digit(s.data[s.len - 1]))
		return -EBADMSG;
	*ret = s.data[s.len - 1] == '0' ? 10 : 11;
	return 0;
}

static int parse_status_line(struct slice line, struct http_head *h)
{
	struct slice status = slice_sub(line, sizeof(VERSION_PREFIX) + 1, 3);
	uint64_t n;

	if (parse_version(slice_sub(line, 0, sizeof(VERSION_PREFIX)), &h->version) ||
	    line.data[sizeof(VERSION_PREFIX)] != ' ' || status.len != 3 || slice_u64(status, &n) ||
	    n < 100)
		return -EBADMSG;
	/* The reason, and the space in front of it, are left out by some servers. */
	line = slice_sub(line, sizeof(VERSION_PREFIX) + 4, line.len);
	if (line.len && line.data[0] != ' ')
		return -EBADMSG;
	h->status = (int)n;
	return 0;
}

/* scheme://authority/path of a request to a proxy: told apart, so that the path is
 * found in the same place for all requests. */
static int parse_absolute_form(struct http_head *h)
{
	ssize_t colon = slice_find(h->target, SLICE("://"));
	struct slice rest;
	size_t len = 0;

	if (colon <= 0)
		return -EBADMSG;
	h->scheme = slice_sub(h->target, 0, (size_t)colon);
	rest = slice_sub(h->target, (size_t)colon + 3, h->target.len);
	while (len < rest.len && !strchr("/?#", rest.data[len]))
		len++;
	h->authority = slice_sub(rest, 0, len);
	h->target = slice_sub(rest, len, rest.len);
	if (!h->target.len)
		h->target = SLICE("/");
	return h->authority.len ? 0 : -EBADMSG;
}

static int parse_request_line(struct slice line, struct http_head *h)
{
	struct slice rest = line;
	ssize_t space;

	h->method = slice_cut(&rest, ' ');
	space = slice_find_char(rest, ' ');
	if (!is_token(h->method) || h->method.len > METHOD_MAX || space <= 0)
		return -EBADMSG;
	h->target = slice_sub(rest, 0, (size_t)space);
	if (parse_version(slice_sub(rest, (size_t)space + 1, rest.len), &h->version))
		return -EBADMSG;
	if (slice_eq(h->method, SLICE("CONNECT"))) {
		h->authority = h->target;
		return 0;
	}
	if (h->target.data[0] == '/' || slice_eq(h->target, SLICE("*")))
		return 0;
	return parse_absolute_form(h);
}

static int parse_field(struct slice line, struct http_field *field)
{
	ssize_t colon = slice_find_char(line, ':');

	if (colon < 0)
		return -EBADMSG;
	field->name = slice_sub(line, 0, (size_t)colon);
	field->value = slice_trim(slice_sub(line, (size_t)colon + 1, line.len));
	return is_token(field->name) ? 0 : -EBADMSG;
}

int http1_parse_head(struct slice text, bool response, struct http_field *fields,
		     struct http_head *ret)
{
	struct slice line = cut_line(&text);
	int r;

	*ret = (struct http_head){ .response = response, .fields = fields };
	if (has_bad_char(line))
		return -EBADMSG;
	r = response ? parse_status_line(line, ret) : parse_request_line(line, ret);
	if (r)
		return r;
	for (line = cut_line(&text); line.len; line = cut_line(&text)) {
		if (ret->n_fields == HTTP_FIELDS_MAX)
			return -ENOBUFS;
		if (has_bad_char(line))
			return -EBADMSG;
		r = parse_field(line, &fields[ret->n_fields++]);
		if (r)
			return r;
	}
	if (!response && !ret->authority.data)
		ret->authority = http_head_get(ret, SLICE("host"));
	return 0;
}

/* Transfer-Encoding: 1 when there is one, with *chunked when chunked is its last coding. */
static int transfer_coding(const struct http_head *head, bool *chunked)
{
	int found = 0;

	*chunked = false;
	for (size_t i = 0; i < head->n_fields; i++) {
		struct slice rest = head->fields[i].value;

		if (!slice_eq_nocase(head->fields[i].name, SLICE("transfer-encoding")))
			continue;
		while (rest.data) {
			struct slice coding = slice_trim(slice_cut(&rest, ','));

			/* identity was withdrawn long ago, and said nothing. */
			if (!coding.len || slice_eq_nocase(coding, SLICE("identity")))
				continue;
			/* Anything behind chunked would leave its chunks nowhere to end. */
			if (*chunked)
				return -EBADMSG;
			*chunked = slice_eq_nocase(coding, SLICE("chunked"));
			found = 1;
		}
	}
	return found;
}

/* Content-Length: 1 when there is one. Repeated ones must agree. */
static int content_length(const struct http_head *head, uint64_t *ret)
{
	int found = 0;

	for (size_t i = 0; i < head->n_fields; i++) {
		struct slice rest = head->fields[i].value;

		if (!slice_eq_nocase(head->fields[i].name, SLICE("content-length")))
			continue;
		while (rest.data) {
			uint64_t len;

			if (slice_u64(slice_trim(slice_cut(&rest, ',')), &len))
				return -EBADMSG;
			if (found && len != *ret)
				return -EBADMSG;
			*ret = len;
			found = 1;
		}
	}
	return found;
}

int http1_framing(const struct http_head *head, enum http1_framing *ret, uint64_t *ret_len)
{
	bool chunked;
	int r;

	*ret = HTTP1_NO_BODY;
	*ret_len = 0;
	if (head->response && (head->status < 200 || head->status == 204 || head->status == 304))
		return 0;
	r = transfer_coding(head, &chunked);
	if (r < 0)
		return r;
	if (r) {
		/* A request has to be answered, so that it cannot end with the connection. */
		if (!chunked && !head->response)
			return -EBADMSG;
		*ret = chunked ? HTTP1_CHUNKED : HTTP1_UNTIL_CLOSE;
		return 0;
	}
	r = content_length(head, ret_len);
	if (r < 0)
		return r;
	if (r)
		*ret = HTTP1_LENGTH;
	else if (head->response)
		*ret = HTTP1_UNTIL_CLOSE;
	return 0;
}
