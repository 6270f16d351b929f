/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer; the getters are in json_value.c and json_number.c. */
#include "json.h"
#include "cleanup.h"
#include "json_token.h"
#include "utf8.h"
#include "word.h"

#include <errno.h>

#define TOKENS_FIRST 64
/* A token array at most this long is kept for the next document whatever its size. */
#define TOKENS_KEPT 1024

struct level {
	uint32_t container;
	uint32_t last; /* its latest child; 0: none yet */
};

/* Functions return 0, -EAGAIN when the text ends in what they read, or an error. */
struct parser {
	struct json *j;
	const char *at;
	const char *end;
	unsigned int depth;
	struct level levels[JSON_DEPTH_MAX];
};

void json_init(struct json *j)
{
	*j = (struct json){ 0 };
}

void json_release(struct json *j)
{
	free(j->tokens);
	json_init(j);
}

static int grow(struct json *j)
{
	size_t size = j->size ? j->size * 2 : TOKENS_FIRST;
	struct json_token *tokens;

	if (j->size >= JSON_TOKENS_MAX)
		return -ENOBUFS;
	if (size > JSON_TOKENS_MAX)
		size = JSON_TOKENS_MAX;
	tokens = realloc(j->tokens, size * sizeof(*tokens));
	if (!tokens)
		return -ENOMEM;
	j->tokens = tokens;
	j->size = size;
	return 0;
}

/* Adds a token from `start` to `end`. */
static int add(struct parser *p, enum json_type type, const char *start, const char *end,
	       struct json_token **ret)
{
	struct json *j = p->j;
	int r;

	if (j->count == j->size) {
		r = grow(j);
		if (r)
			return r;
	}
	*ret = &j->tokens[j->count++];
	**ret = (struct json_token){
		.start = (uint32_t)(start - j->text.data),
		.len = (uint32_t)(end - start),
		.type = type,
	};
	return 0;
}

/* Adds a value and ties it to its container and to the value before it. */
static int add_value(struct parser *p, enum json_type type, const char *start, const char *end,
		     struct json_token **ret)
{
	struct json_token *tokens;
	struct level *level;
	uint32_t self;
	int r = add(p, type, start, end, ret);

	if (r || !p->depth)
		return r;
	tokens = p->j->tokens;
	self = (uint32_t)(*ret - tokens);
	level = &p->levels[p->depth - 1];
	(*ret)->member = tokens[level->container].type == JSON_OBJECT;
	tokens[level->container].children++;
	if (level->last)
		tokens[level->last].next = self;
	level->last = self;
	return 0;
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end &&
	       (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
		p->at++;
}

/* The first quote or backslash; most bytes of a document are passed over here. */
static const char *string_stop(const char *at, const char *end)
{
	for (; end - at >= (ssize_t)WORD_LEN; at += WORD_LEN) {
		uint64_t v = word_load(at), marks = word_find(v, '"') | word_find(v, '\\');

		if (marks)
			return at + word_first(marks);
	}
	while (at < end && *at != '"' && *at != '\\')
		at++;
	return at;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Passes over the escape sequence at p->at; leaves it there when it is cut off. */
static int scan_escape(struct parser *p)
{
	static const bool named[256] = {
		['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
		['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
	};
	size_t left = (size_t)(p->end - p->at);

	if (left < 2)
		return -EAGAIN;
	if (named[(unsigned char)p->at[1]]) {
		p->at += 2;
		return 0;
	}
	if (p->at[1] != 'u')
		return -EBADMSG;
	for (size_t i = 2; i < 6 && i < left; i++)
		if (!is_hex(p->at[i]))
			return -EBADMSG;
	if (left < 6)
		return -EAGAIN;
	p->at += 6;
	return 0;
}

/* Where a string that was cut off at `end` is to be read to: a character of which only
 * a part is there would be decoded as a wrong one. */
static const char *last_whole(const char *start, const char *end)
{
	size_t len = (size_t)(end - start);

	for (size_t back = 1; back <= 3 && back <= len; back++) {
		unsigned char c = (unsigned char)end[-(ssize_t)back];

		if ((c & 0xc0) == 0x80)
			continue;
		if (utf8_width(c) > back)
			return end - back;
		break;
	}
	/* The first half of a pair. An escaped backslash in front would make it plain text. */
	if (len >= 6 && end[-6] == '\\' && end[-5] == 'u' && (end[-4] | 0x20) == 'd' &&
	    strchr("89abAB", end[-3])) {
		size_t slashes = 1;

		while (slashes < len - 5 && end[-6 - (ssize_t)slashes] == '\\')
			slashes++;
		if (slashes % 2)
			return end - 6;
	}
	return end;
}

/* A string at its opening quote. */
static int scan_string(struct parser *p, struct slice *ret, bool *ret_escaped)
{
	const char *start = ++p->at;
	int r = 0;

	*ret_escaped = false;
	for (;;) {
		p->at = string_stop(p->at, p->end);
		if (p->at == p->end) {
			r = -EAGAIN;
			break;
		}
		if (*p->at == '"') {
			*ret = (struct slice){ start, (size_t)(p->at++ - start) };
			return 0;
		}
		*ret_escaped = true;
		r = scan_escape(p);
		if (r)
			break;
	}
	*ret = (struct slice){ start, (size_t)(last_whole(start, p->at) - start) };
	return r;
}

static int parse_string(struct parser *p)
{
	struct json_token *t;
	struct slice s;
	bool escaped;
	int r = scan_string(p, &s, &escaped), added;

	if (r && r != -EAGAIN)
		return r;
	added = add_value(p, JSON_STRING, s.data, s.data + s.len, &t);
	if (added)
		return added;
	t->escaped = escaped;
	t->cut = r != 0;
	return r;
}

static int parse_literal(struct parser *p, enum json_type type, struct slice word)
{
	size_t left = (size_t)(p->end - p->at);
	struct json_token *t;

	if (memcmp(p->at, word.data, MIN(left, word.len)))
		return -EBADMSG;
	if (left < word.len)
		return -EAGAIN;
	p->at += word.len;
	return add_value(p, type, p->at - word.len, p->at, &t);
}

/* One digit or more from `at` on; NULL when there is none. *at == end is not an error
 * yet: the text may be cut there. */
static const char *digits(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at > start || at == end ? at : NULL;
}

static int parse_number(struct parser *p)
{
	const char *at = p->at, *start = at;
	struct json_token *t;

	if (*at == '-')
		at++;
	if (at < p->end && *at == '0')
		at++;
	else
		at = digits(at, p->end);
	if (at && at < p->end && *at == '.')
		at = digits(at + 1, p->end);
	if (at && at < p->end && (*at | 0x20) == 'e') {
		at++;
		if (at < p->end && (*at == '+' || *at == '-'))
			at++;
		at = digits(at, p->end);
	}
	if (!at)
		return -EBADMSG;
	/* More digits might follow, unless this is all of the document. */
	if (at == p->end && (p->depth || at[-1] < '0' || at[-1] > '9'))
		return -EAGAIN;
	p->at = at;
	return add_value(p, JSON_NUMBER, start, at, &t);
}

static int open_container(struct parser *p, enum json_type type)
{
	struct json_token *t;
	int r;

	if (p->depth == JSON_DEPTH_MAX)
		return -ENOBUFS;
	r = add_value(p, type, p->at, p->end, &t);
	if (r)
		return r;
	t->cut = true; /* until it is closed */
	p->levels[p->depth++] = (struct level){ (uint32_t)(t - p->j->tokens), 0 };
	p->at++;
	return 0;
}

static void close_container(struct parser *p)
{
	struct json_token *t = &p->j->tokens[p->levels[--p->depth].container];

	p->at++;
	t->len = (uint32_t)(p->at - p->j->text.data) - t->start;
	t->cut = false;
}

static int parse_value(struct parser *p)
{
	switch (*p->at) {
	case '{':
		return open_container(p, JSON_OBJECT);
	case '[':
		return open_container(p, JSON_ARRAY);
	case '"':
		return parse_string(p);
	case 't':
		return parse_literal(p, JSON_TRUE, SLICE("true"));
	case 'f':
		return parse_literal(p, JSON_FALSE, SLICE("false"));
	case 'n':
		return parse_literal(p, JSON_NULL, SLICE("null"));
	default:
		return parse_number(p);
	}
}

/* A key and its colon, and that something follows it. */
static int parse_key(struct parser *p)
{
	struct json_token *t;
	struct slice s;
	bool escaped;
	int r;

	if (*p->at != '"')
		return -EBADMSG;
	r = scan_string(p, &s, &escaped);
	if (r)
		return r;
	skip_space(p);
	if (p->at == p->end)
		return -EAGAIN;
	if (*p->at++ != ':')
		return -EBADMSG;
	skip_space(p);
	if (p->at == p->end)
		return -EAGAIN;
	r = add(p, JSON_STRING, s.data, s.data + s.len, &t);
	if (r)
		return r;
	t->escaped = escaped;
	return 0;
}

/* Inside a container, before a value or its end: passes over commas, keys and closing
 * brackets up to the next value. 0 also when the document has ended (depth is 0). */
static int next_value(struct parser *p)
{
	while (p->depth) {
		struct level *level = &p->levels[p->depth - 1];
		bool object = p->j->tokens[level->container].type == JSON_OBJECT;

		skip_space(p);
		if (p->at == p->end)
			return -EAGAIN;
		if (*p->at == (object ? '}' : ']')) {
			close_container(p);
			continue;
		}
		if (level->last) {
			if (*p->at++ != ',')
				return -EBADMSG;
			skip_space(p);
			if (p->at == p->end)
				return -EAGAIN;
		}
		return object ? parse_key(p) : 0;
	}
	return 0;
}

static int parse_document(struct parser *p)
{
	int r;

	if (p->end - p->at >= 3 && !memcmp(p->at, "\xef\xbb\xbf", 3))
		p->at += 3;
	skip_space(p);
	if (p->at == p->end)
		return -EBADMSG;
	do {
		r = parse_value(p);
		if (!r)
			r = next_value(p);
		if (r)
			return r;
	} while (p->depth);
	skip_space(p);
	return p->at == p->end ? 0 : -EBADMSG;
}

int json_parse(struct json *j, struct slice text)
{
	struct parser p;
	int r;

	j->text = text;
	j->count = 0;
	j->truncated = false;
	if (text.len > UINT32_MAX)
		return -ENOBUFS;
	/* One large document should not hold its memory for all the small ones to come. */
	if (j->size > TOKENS_KEPT && j->size / 2 > text.len)
		json_release(j);
	j->text = text;
	p.j = j;
	p.at = text.data;
	p.end = text.data + text.len;
	p.depth = 0;
	r = parse_document(&p);
	if (r == -EAGAIN) {
		j->truncated = true;
		return 0;
	}
	if (r)
		j->count = 0;
	return r;
}

bool json_truncated(const struct json *j)
{
	return j->truncated;
}

struct json_val json_root(const struct json *j)
{
	return j->count ? (struct json_val){ j, 0 } : JSON_NONE;
}
