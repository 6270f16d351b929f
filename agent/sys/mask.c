/* SPDX-License-Identifier: Apache-2.0 */
#include "mask.h"

#include "cleanup.h"

#include <ctype.h>

#define MASK "***"

/* One pass over text in which NUL ends an argument; out grows by what may be shown. */
struct scan {
	struct buf *out;
	const char *p, *end;
	bool arguments; /* NAME=value that begins an argument is secret up to its end */
};

/* A part of a name that ends in one of these makes the name a secret's. */
static const char *const secret_parts[] = {
	"key",	     "token", "secret", "password",    "passwd",	"passphrase",
	"pass",	     "pwd",   "auth",	"credential",  "authorization", "cookie",
	"signature", "jwt",   "bearer", "credentials",
};

/* How keys of well-known issuers begin. */
static const char *const key_prefixes[] = {
	"sk-",	  "sk_live_", "sk_test_", "rk_live_", "xoxb-",	     "xoxp-",	"xoxa-",  "xoxs-",
	"xapp-",  "ghp_",     "gho_",	  "ghu_",     "ghs_",	     "ghr_",	"glpat-", "AKIA",
	"ASIA",	  "AIza",     "ya29.",	  "hf_",      "gsk_",	     "xai-",	"pplx-",  "r8_",
	"nvapi-", "tvly-",    "lsv2_",	  "pypi-",    "npm_",	     "dop_v1_", "eyJ",	  "SG.",
	"fw_",	  "pk-lf-",   "jina_",	  "voy-",     "github_pat_", "ABSK",
};

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool is_key_char(char c)
{
	return is_name_char(c) || c == '+' || c == '/' || c == '=' || c == '~';
}

static bool is_space(char c)
{
	return c == '\0' || isspace((unsigned char)c);
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool ends_nocase(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       slice_eq_nocase(slice_sub(s, s.len - suffix.len, suffix.len), suffix);
}

/* "--api-key", "OPENAI_API_KEY", "accessToken", "db.password"; not "max_tokens". */
static bool is_secret_name(struct slice name)
{
	while (name.data) {
		ssize_t at = -1;
		struct slice part;

		for (size_t i = 0; i < name.len && at < 0; i++)
			if (!isalnum((unsigned char)name.data[i]))
				at = (ssize_t)i;
		part = at < 0 ? name : slice_sub(name, 0, (size_t)at);
		for (size_t i = 0; i < ARRAY_LEN(secret_parts); i++)
			if (ends_nocase(part, slice_from(secret_parts[i])))
				return true;
		name = at < 0 ? SLICE_NONE : slice_sub(name, (size_t)at + 1, name.len);
	}
	return false;
}

static void show(struct scan *s, const char *to)
{
	buf_add(s->out, s->p, (size_t)(to - s->p));
	s->p = to;
}

static void hide(struct scan *s, const char *to)
{
	if (to > s->p)
		buf_add_str(s->out, MASK);
	s->p = to;
}

static const char *skip_spaces(const struct scan *s, const char *p)
{
	while (p < s->end && is_space(*p))
		p++;
	return p;
}

static const char *until(const struct scan *s, const char *p, bool (*stop)(char c))
{
	while (p < s->end && !stop(*p))
		p++;
	return p;
}

static bool ends_argument(char c)
{
	return c == '\0';
}

static bool ends_word(char c)
{
	return is_space(c) || is_quote(c);
}

static bool ends_header(char c)
{
	return is_quote(c) || c == '\0' || c == '\n';
}

static bool ends_assignment(char c)
{
	return ends_word(c) || c == '&' || c == ';' || c == ',' || c == ')' || c == '}';
}

/* Hides the value that begins at s->p; in quotes, up to the closing one. */
static void hide_value(struct scan *s, bool (*stop)(char c))
{
	if (s->p < s->end && is_quote(*s->p) && stop != ends_argument) {
		char quote = *s->p;
		const char *p = s->p + 1;

		show(s, p);
		while (p < s->end && *p != quote && *p != '\0')
			p++;
		hide(s, p);
		return;
	}
	hide(s, until(s, s->p, stop));
}

/* Behind a flag such as --token: the next argument, or the next word of a script. */
static void hide_flag_value(struct scan *s)
{
	bool argument = s->p < s->end && *s->p == '\0';
	const char *value = skip_spaces(s, s->p);

	if (value == s->p || (s->end - value >= 2 && value[0] == '-' && value[1] == '-'))
		return; /* the next flag: this one had no value */
	show(s, value);
	hide_value(s, argument ? ends_argument : ends_word);
}

/* Behind -u and --user: what follows the colon. */
static void hide_after_colon(struct scan *s)
{
	bool argument = s->p < s->end && *s->p == '\0';
	const char *word = skip_spaces(s, s->p);
	const char *end = until(s, word, argument ? ends_argument : ends_word);
	const char *colon = memchr(word, ':', (size_t)(end - word));

	if (word == s->p || !colon)
		return;
	show(s, colon + 1);
	hide(s, end);
}

/* NAME=value, "NAME": "value", NAME: value to the end of the header. */
static void hide_assignment(struct scan *s, bool begins_argument)
{
	const char *p = s->p;
	char separator;

	if (p < s->end && is_quote(*p))
		p++;
	while (p < s->end && *p == ' ')
		p++;
	if (p == s->end || (*p != '=' && *p != ':'))
		return;
	separator = *p++;
	if (separator == ':' && p < s->end && (*p == ':' || *p == '/'))
		return;
	if (separator == '=' && begins_argument) {
		show(s, p);
		hide_value(s, ends_argument);
		return;
	}
	while (p < s->end && *p == ' ')
		p++;
	show(s, p);
	hide_value(s, separator == ':' ? ends_header : ends_assignment);
}

/* user:password@ of a URL; s->p is behind "://". */
static void hide_userinfo(struct scan *s)
{
	const char *p = s->p, *at = NULL, *colon = NULL;
	bool port = true;

	for (; p < s->end && !ends_word(*p); p++) {
		/* A slash ends the authority, except in a password that nobody encoded:
		 * then what follows the colon is no port number. */
		if ((*p == '/' || *p == '?' || *p == '#') && (at || !colon || port))
			break;
		if (*p == '@')
			at = p;
		else if (*p == ':')
			colon = p;
		else if (colon && !isdigit((unsigned char)*p))
			port = false;
	}
	if (at)
		hide(s, at);
}

/* The length of the issuer's prefix when a key begins at p; 0: none does. */
static size_t key_prefix(const struct scan *s, const char *p)
{
	struct slice rest = { p, (size_t)(s->end - p) };

	for (size_t i = 0; i < ARRAY_LEN(key_prefixes); i++) {
		struct slice prefix = slice_from(key_prefixes[i]);
		size_t n = 0, digits = 0;

		if (!slice_starts(rest, prefix))
			continue;
		for (; prefix.len + n < rest.len && is_key_char(p[prefix.len + n]); n++)
			digits += isdigit((unsigned char)p[prefix.len + n]) != 0;
		/* sk-learn is not one. */
		if (n >= 20 || (n >= 8 && digits))
			return prefix.len;
	}
	return 0;
}

static bool is_word(struct slice s, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(s, slice_from(words[i])))
			return true;
	return false;
}

/* A run of name characters; s->p is at its start. */
static void scan_name(struct scan *s, const char *text)
{
	static const char *const schemes[] = { "bearer", "basic" };
	static const char *const user_flags[] = { "-u", "--user", "--proxy-user" };
	const char *start = s->p, *end = start;
	struct slice name;

	while (end < s->end && is_name_char(*end))
		end++;
	name = (struct slice){ start, (size_t)(end - start) };
	for (const char *p = start; p < end; p++) {
		/* At the start of a part, or joined to a flag of one letter. */
		bool begins = p == start || !isalnum((unsigned char)p[-1]) ||
			      (p == start + 2 && *start == '-');
		size_t prefix = begins ? key_prefix(s, p) : 0;

		if (!prefix)
			continue;
		show(s, p + prefix);
		while (end < s->end && is_key_char(*end))
			end++;
		hide(s, end);
		return;
	}
	show(s, end);
	if (is_word(name, schemes, ARRAY_LEN(schemes)) || (*start == '-' && is_secret_name(name)))
		hide_flag_value(s);
	else if (is_word(name, user_flags, ARRAY_LEN(user_flags)))
		hide_after_colon(s);
	if (s->p == end && is_secret_name(name))
		hide_assignment(s, s->arguments && (start == text || start[-1] == '\0'));
}

static void scan_text(struct scan *s)
{
	const char *text = s->p;

	while (s->p < s->end) {
		if (is_name_char(*s->p)) {
			scan_name(s, text);
		} else if (s->end - s->p > 3 && !memcmp(s->p, "://", 3)) {
			show(s, s->p + 3);
			hide_userinfo(s);
		} else {
			show(s, s->p + 1);
		}
	}
}

static int mask(struct buf *ret, struct slice text, bool arguments)
{
	struct scan s = { ret, text.data, text.data + text.len, arguments };
	size_t from = ret->len;

	if (text.len)
		scan_text(&s);
	/* Control characters mean something to terminals. */
	for (size_t i = from; i < ret->len; i++)
		if ((unsigned char)ret->data[i] < 0x20 || ret->data[i] == 0x7f)
			ret->data[i] = ' ';
	return buf_error(ret);
}

int mask_arguments(struct buf *ret, struct slice cmdline)
{
	while (cmdline.len && cmdline.data[cmdline.len - 1] == '\0')
		cmdline.len--;
	return mask(ret, cmdline, true);
}

int mask_text(struct buf *ret, struct slice text)
{
	return mask(ret, text, false);
}
