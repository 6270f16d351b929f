/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"

#include "cleanup.h"

#define TABLES_MAX 4 /* that a summary names */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\0';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool is_name_quote(char c)
{
	return c == '"' || c == '`';
}

/* How much of it is a quoted text; a quote is doubled, or (MySQL) escaped, to stand in it. */
static size_t quoted(struct slice s, bool escapes)
{
	for (size_t i = 1; i < s.len; i++) {
		if (escapes && s.data[i] == '\\')
			i++;
		else if (s.data[i] != s.data[0])
			continue;
		else if (i + 1 < s.len && s.data[i + 1] == s.data[0])
			i++;
		else
			return i + 1;
	}
	return s.len;
}

/* $$text$$ or $tag$text$tag$; 0: it is none. */
static size_t dollar_quoted(struct slice s)
{
	size_t tag = 1;
	ssize_t end;

	while (tag < s.len && s.data[tag] != '$' && is_word(s.data[tag]))
		tag++;
	if (tag >= s.len || s.data[tag] != '$' || (tag > 1 && s.data[1] >= '0' && s.data[1] <= '9'))
		return 0;
	end = slice_find(slice_sub(s, tag + 1, s.len), slice_sub(s, 0, tag + 1));
	return end < 0 ? s.len : 2 * (tag + 1) + (size_t)end;
}

static size_t comment(struct slice s, bool mysql)
{
	ssize_t end;

	if (slice_starts(s, SLICE("--")) || (mysql && s.data[0] == '#')) {
		end = slice_find_char(s, '\n');
		return end < 0 ? s.len : (size_t)end;
	}
	if (!slice_starts(s, SLICE("/*")))
		return 0;
	end = slice_find(slice_sub(s, 2, s.len), SLICE("*/"));
	return end < 0 ? s.len : (size_t)end + 4;
}

/* 12, 1.5e-3, 0xff */
static size_t number(struct slice s)
{
	size_t i = 1;

	while (i < s.len && (is_word(s.data[i]) || s.data[i] == '.' ||
			     ((s.data[i] == '-' || s.data[i] == '+') &&
			      (s.data[i - 1] == 'e' || s.data[i - 1] == 'E'))))
		i++;
	return i;
}

struct shape {
	struct buf *to;
	size_t begin;
	bool mysql;
	bool space; /* before the next thing */
};

static char last(const struct shape *s)
{
	return s->to->len > s->begin ? s->to->data[s->to->len - 1] : '\0';
}

static void add(struct shape *s, struct slice text)
{
	if (s->space && s->to->len > s->begin)
		buf_add_char(s->to, ' ');
	s->space = false;
	buf_add_slice(s->to, text);
}

/* "?, ?" says no more than "?". */
static void add_value(struct shape *s)
{
	size_t len = s->to->len - s->begin;

	if (len >= 2 && last(s) == ',' && s->to->data[s->to->len - 2] == '?') {
		s->to->len--;
		s->space = false;
		return;
	}
	add(s, SLICE("?"));
}

/* Takes one thing off the beginning; how long it was. */
static size_t step(struct shape *s, struct slice rest)
{
	char c = rest.data[0];
	size_t n = comment(rest, s->mysql);

	if (n || is_space(c)) {
		s->space = true;
		return n ? n : 1;
	}
	if (c == '\'' || (c == '"' && s->mysql)) {
		bool escapes = s->mysql || (!s->space && (last(s) == 'E' || last(s) == 'e'));

		add_value(s);
		return quoted(rest, escapes);
	}
	if (is_name_quote(c)) {
		n = quoted(rest, false);
		add(s, slice_sub(rest, 0, n));
		return n;
	}
	n = c == '$' ? dollar_quoted(rest) : 0;
	if (n || (c >= '0' && c <= '9')) {
		add_value(s);
		return n ? n : number(rest);
	}
	for (n = 1; is_word(c) && n < rest.len && is_word(rest.data[n]);)
		n++;
	add(s, slice_sub(rest, 0, n));
	return n;
}

void sql_shape(struct slice sql, enum db_system system, struct buf *to)
{
	struct shape s = { .to = to, .begin = to->len, .mysql = system == DB_MYSQL };

	while (sql.len && !to->error)
		sql = slice_sub(sql, step(&s, sql), sql.len);
}

/* ---- What is done, and to what ------------------------------------------------------------ */

static struct slice take_word(struct slice *rest)
{
	struct slice word;
	size_t i = 0, n;

	while (i < rest->len && (is_space(rest->data[i]) || rest->data[i] == '('))
		i++;
	n = i;
	while (n < rest->len &&
	       (is_word(rest->data[n]) || rest->data[n] == '.' || is_name_quote(rest->data[n])))
		n += is_name_quote(rest->data[n]) ? quoted(slice_sub(*rest, n, rest->len), false)
						  : 1;
	if (n == i && n < rest->len)
		n++;
	word = slice_sub(*rest, i, n - i);
	*rest = slice_sub(*rest, n, rest->len);
	return word;
}

static bool names_table(struct slice word)
{
	static const struct slice words[] = { SLICE("FROM"), SLICE("INTO"), SLICE("UPDATE"),
					      SLICE("JOIN"), SLICE("TABLE") };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(word, words[i]))
			return true;
	return false;
}

static bool is_filler(struct slice word)
{
	static const struct slice words[] = { SLICE("ONLY"), SLICE("IF"), SLICE("NOT"),
					      SLICE("EXISTS"), SLICE("SELECT") };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(word, words[i]))
			return true;
	return false;
}

void sql_summary(struct slice shape, struct buf *to)
{
	struct slice rest = shape, verb = take_word(&rest);
	bool next = names_table(verb);
	size_t tables = 0;

	for (size_t i = 0; i < verb.len; i++) {
		char c = verb.data[i];

		buf_add_char(to, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	while (rest.len && tables < TABLES_MAX) {
		struct slice word = take_word(&rest);

		if (next && is_filler(word))
			continue;
		if (next && word.len && (is_word(word.data[0]) || is_name_quote(word.data[0]))) {
			buf_add_char(to, ' ');
			buf_add_slice(to, word);
			tables++;
		}
		next = names_table(word);
	}
}
