/* SPDX-License-Identifier: Apache-2.0 */
#include "mask.h"

#include "cleanup.h"
#include "secret.h"

enum line {
	LINE_NAME,	 /* from the line's first byte: a field name or a method */
	LINE_NAME_SPACE, /* spaces behind it */
	LINE_TARGET,
	LINE_VALUE,
	LINE_SECRET,
	LINE_SECRET_END, /* behind its line feed: a space would continue it (obs-fold) */
	LINE_OTHER,	 /* no field: status line, body */
	LINE_LOST,	 /* behind a hole, perhaps in a secret */
};

enum word_state {
	WORD_NAME,   /* in or between words */
	WORD_SIGN,   /* behind a name that may be given a secret: = or : ? */
	WORD_VALUE,  /* behind the sign: where does the value begin? */
	WORD_SECRET, /* in it */
	WORD_KEY,    /* in a word that began like an API key */
};

/* Parameters are shorter than what secret.h knows. */
static const struct slice secret_params[] = { SLICE("sig"), SLICE("pwd"), SLICE("jwt") };
/* Names anywhere: the whole word. */
static const struct slice secret_words[] = {
	SLICE("api_key"),	  SLICE("apikey"),
	SLICE("api-key"),	  SLICE("x-api-key"),
	SLICE("x-goog-api-key"),  SLICE("access_token"),
	SLICE("accesstoken"),	  SLICE("refresh_token"),
	SLICE("id_token"),	  SLICE("auth_token"),
	SLICE("session_token"),	  SLICE("client_secret"),
	SLICE("clientsecret"),	  SLICE("secret_key"),
	SLICE("secretaccesskey"), SLICE("private_key"),
	SLICE("password"),	  SLICE("passwd"),
	SLICE("authorization"),	  SLICE("proxy-authorization"),
};
static const struct slice key_beginnings[] = {
	SLICE("sk-"),  SLICE("aiza"), SLICE("akia"),	    SLICE("gsk_"),
	SLICE("xai-"), SLICE("ghp_"), SLICE("github_pat_"), SLICE("xoxb-"),
};

void mask_init(struct mask *m)
{
	*m = (struct mask){ .line = LINE_NAME, .upper = true };
}

void mask_message(struct mask *m)
{
	bool in_word = m->word_state == WORD_SECRET || m->word_state == WORD_KEY;

	if (m->line == LINE_SECRET || m->line == LINE_TARGET || (m->line == LINE_VALUE && in_word))
		return;
	mask_init(m);
}

void mask_hole(struct mask *m)
{
	mask_init(m);
	m->line = LINE_LOST;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static void word_add(struct mask_word *w, char c)
{
	if (w->len < MASK_WORD_MAX)
		w->text[w->len] = lower(c);
	if (w->len <= MASK_WORD_MAX)
		w->len++;
}

static struct slice word_slice(const struct mask_word *w)
{
	return (struct slice){ w->text, MIN(w->len, (size_t)MASK_WORD_MAX) };
}

static bool is_one(struct slice word, const struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(word, list[i]))
			return true;
	return false;
}

/* In a head. Too long to tell: secret. */
static bool is_secret_name(const struct mask_word *w)
{
	struct slice name = word_slice(w);

	return w->len > MASK_WORD_MAX ? secret_name_cut(name) : secret_name(name);
}

/* ---- Lines ------------------------------------------------------------------------------ */

static bool is_token_char(char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void start_line(struct mask *m)
{
	m->line = LINE_NAME;
	m->name.len = 0;
	m->upper = true;
}

static void end_name(struct mask *m)
{
	m->line = m->name.len && is_secret_name(&m->name) ? LINE_SECRET : LINE_VALUE;
	m->begun = false;
}

static void step_name(struct mask *m, char c)
{
	bool space = c == ' ' || c == '\t';

	if (c == '\n') {
		start_line(m);
	} else if (c == ':') {
		end_name(m);
	} else if (m->line == LINE_NAME && is_token_char(c)) {
		word_add(&m->name, c);
		m->upper &= c >= 'A' && c <= 'Z';
	} else if (space && m->name.len) {
		m->line = LINE_NAME_SPACE;
	} else if (m->line == LINE_NAME_SPACE && m->upper) {
		m->line = LINE_TARGET;
	} else {
		m->line = LINE_OTHER;
	}
}

/* Must this byte be masked for where in its line it stands? */
static bool step_line(struct mask *m, char c)
{
	bool space = c == ' ' || c == '\t';

	switch ((enum line)m->line) {
	case LINE_SECRET_END:
		if (space) {
			m->line = LINE_SECRET;
			m->begun = false;
			return false;
		}
		start_line(m);
		step_name(m, c);
		return false;
	case LINE_NAME:
	case LINE_NAME_SPACE:
		step_name(m, c);
		return false;
	case LINE_SECRET:
		if (c == '\n')
			m->line = LINE_SECRET_END;
		else if (!space && c != '\r')
			m->begun = true;
		return m->begun && c != '\n' && c != '\r';
	case LINE_LOST:
		if (c == '\n')
			m->line = LINE_SECRET_END;
		return c != '\n' && c != '\r';
	case LINE_TARGET:
	case LINE_VALUE:
	case LINE_OTHER:
		if (c == '\n')
			start_line(m);
		return false;
	}
	return false;
}

/* ---- Words ------------------------------------------------------------------------------ */

static bool in_head(const struct mask *m)
{
	return m->line == LINE_TARGET || m->line == LINE_VALUE;
}

static bool is_secret_word(const struct mask *m)
{
	struct slice word = word_slice(&m->word);

	if (!word.len)
		return false;
	if (in_head(m) &&
	    (is_secret_name(&m->word) || is_one(word, secret_params, ARRAY_LEN(secret_params))))
		return true;
	return m->word.len <= MASK_WORD_MAX && is_one(word, secret_words, ARRAY_LEN(secret_words));
}

static void next_word(struct mask *m)
{
	m->word_state = WORD_NAME;
	m->word.len = 0;
}

static void step_in_name(struct mask *m, char c)
{
	/* The letter of an escape (\n, \t) belongs to no word. */
	if ((is_alnum(c) || c == '_' || c == '-') && !m->escaped) {
		word_add(&m->word, c);
		/* How they all end, which most words do not. */
		if ((c == '-' || c == '_' || lower(c) == 'a') &&
		    is_one(word_slice(&m->word), key_beginnings, ARRAY_LEN(key_beginnings)))
			m->word_state = WORD_KEY;
		return;
	}
	if (!is_secret_word(m)) {
		next_word(m);
		return;
	}
	m->word.len = 0;
	m->equals = c == '=';
	m->quote = 0;
	if (c == '=' || c == ':')
		m->word_state = WORD_VALUE;
	else if (c && strchr("\"'\\ \t", c))
		m->word_state = WORD_SIGN;
	else
		next_word(m);
}

static bool step_in_secret(struct mask *m, char c)
{
	bool end;

	if (m->quote == '"' || m->quote == '\'')
		end = c == m->quote && !m->escaped;
	else if (m->quote == '\\')
		end = c == '\\' || c == '"';
	else if (m->line == LINE_TARGET)
		end = c == '&' || c == ' ' || c == '#';
	else
		end = c && strchr("&;, \t\"'<>\\", c);
	if (!end && c != '\r' && c != '\n')
		return true;
	next_word(m);
	return false;
}

/* Behind the sign. JSON wants a quote before we mask: a number or an object (the schema
 * of a parameter of that name) is no secret. */
static bool step_before_secret(struct mask *m, char c)
{
	if (c == ' ' && m->line == LINE_TARGET) {
		next_word(m);
	} else if (c == ' ' || c == '\t' || (!m->equals && (c == '\r' || c == '\n'))) {
		return false;
	} else if (c == '\\' && !m->quote) {
		m->quote = '\\';
	} else if (c == '"' || (c == '\'' && !m->quote)) {
		m->quote = m->quote ? m->quote : c;
		m->word_state = WORD_SECRET;
	} else if (m->equals && !m->quote) {
		m->word_state = WORD_SECRET;
		return step_in_secret(m, c);
	} else {
		next_word(m);
		step_in_name(m, c);
	}
	return false;
}

/* Must this byte be masked for the word that it belongs to? */
static bool step_word(struct mask *m, char c)
{
	switch ((enum word_state)m->word_state) {
	case WORD_NAME:
		step_in_name(m, c);
		return false;
	case WORD_SIGN:
		if (c == ':' || c == '=') {
			m->equals = c == '=';
			m->word_state = WORD_VALUE;
		} else if (!c || !strchr("\"'\\ \t", c)) {
			next_word(m);
			step_in_name(m, c);
		}
		return false;
	case WORD_VALUE:
		return step_before_secret(m, c);
	case WORD_SECRET:
		return step_in_secret(m, c);
	case WORD_KEY:
		if (is_alnum(c) || c == '_' || c == '-')
			return true;
		next_word(m);
		return false;
	}
	return false;
}

size_t mask_bytes(struct mask *m, char *data, size_t len)
{
	size_t changed = 0;

	for (size_t i = 0; i < len; i++) {
		char c = data[i];
		bool secret = step_line(m, c);

		if (secret || m->line == LINE_SECRET || m->line == LINE_LOST)
			next_word(m);
		else
			secret = step_word(m, c);
		m->escaped = c == '\\' && !m->escaped;
		if (secret) {
			data[i] = 'x';
			changed++;
		}
	}
	return changed;
}
