/* SPDX-License-Identifier: Apache-2.0 */
#include "redact.h"

#include "cleanup.h"

#define CUT_MIN 4	/* bytes behind a prefix that suffice where the text was cut */
#define ASSIGNED_MIN 6	/* shorter values of a secret's name are placeholders */
#define NAME_MAX_LEN 64 /* of an assigned name */
#define RUN_MAX 4096	/* bytes looked at to decide: keeps hostile text linear */

enum charset { ALNUM, WORD, UPPER, TOKEN };

static bool in_set(enum charset set, char c)
{
	bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z';

	if (digit || upper)
		return true;
	if (set == UPPER)
		return false;
	if (c >= 'a' && c <= 'z')
		return true;
	if (set == ALNUM || !c)
		return false;
	return strchr(set == WORD ? "_-" : "_-.~+/=", c);
}

/* What stays visible in front and how much is masked behind it; 0: no secret. */
struct match {
	size_t keep;
	size_t mask;
};

/* Keys that say what they are. Lengths are somewhat below the real ones. */
static const struct {
	struct slice prefix;
	enum charset set;
	size_t min; /* bytes behind the prefix */
} keys[] = {
	{ SLICE("sk-"), WORD, 20 },	/* OpenAI, Anthropic, OpenRouter, DeepSeek */
	{ SLICE("gsk_"), WORD, 20 },	/* Groq */
	{ SLICE("xai-"), WORD, 20 },	/* xAI */
	{ SLICE("pplx-"), WORD, 20 },	/* Perplexity */
	{ SLICE("hf_"), ALNUM, 20 },	/* Hugging Face */
	{ SLICE("r8_"), ALNUM, 20 },	/* Replicate */
	{ SLICE("nvapi-"), WORD, 20 },	/* NVIDIA */
	{ SLICE("csk-"), WORD, 20 },	/* Cerebras */
	{ SLICE("fw_"), ALNUM, 20 },	/* Fireworks */
	{ SLICE("AIza"), WORD, 30 },	/* Google */
	{ SLICE("ya29."), WORD, 20 },	/* Google OAuth */
	{ SLICE("GOCSPX-"), WORD, 20 }, /* Google OAuth client */
	{ SLICE("AKIA"), UPPER, 16 },	/* AWS */
	{ SLICE("ASIA"), UPPER, 16 },	/* AWS, temporary */
	{ SLICE("ghp_"), ALNUM, 30 },	/* GitHub */
	{ SLICE("gho_"), ALNUM, 30 },
	{ SLICE("ghu_"), ALNUM, 30 },
	{ SLICE("ghs_"), ALNUM, 30 },
	{ SLICE("ghr_"), ALNUM, 30 },
	{ SLICE("github_pat_"), WORD, 22 },
	{ SLICE("glpat-"), WORD, 20 }, /* GitLab */
	{ SLICE("xoxb-"), WORD, 10 },  /* Slack */
	{ SLICE("xoxp-"), WORD, 10 },
	{ SLICE("xoxa-"), WORD, 10 },
	{ SLICE("xoxr-"), WORD, 10 },
	{ SLICE("xoxs-"), WORD, 10 },
	{ SLICE("xapp-"), WORD, 10 },
	{ SLICE("npm_"), ALNUM, 30 },	  /* npm */
	{ SLICE("pypi-"), WORD, 40 },	  /* PyPI */
	{ SLICE("sk_live_"), ALNUM, 16 }, /* Stripe */
	{ SLICE("sk_test_"), ALNUM, 16 },
	{ SLICE("rk_live_"), ALNUM, 16 },
	{ SLICE("whsec_"), TOKEN, 20 },
	{ SLICE("SG."), TOKEN, 40 },	     /* SendGrid */
	{ SLICE("dop_v1_"), ALNUM, 40 },     /* DigitalOcean */
	{ SLICE("hvs."), WORD, 20 },	     /* Vault */
	{ SLICE("AccountKey="), TOKEN, 40 }, /* Azure storage */
	{ SLICE("SharedAccessKey="), TOKEN, 30 },
};

static size_t run_len(struct slice s, enum charset set, bool *ret_digit)
{
	size_t len = 0;

	*ret_digit = false;
	while (len < s.len && len < RUN_MAX && in_set(set, s.data[len])) {
		*ret_digit |= s.data[len] >= '0' && s.data[len] <= '9';
		len++;
	}
	return len;
}

static struct match match_key(struct slice s, bool cut)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t prefix = keys[i].prefix.len, len;
		bool digit;

		if (s.data[0] != keys[i].prefix.data[0] || !slice_starts(s, keys[i].prefix))
			continue;
		len = run_len(slice_sub(s, prefix, s.len), keys[i].set, &digit);
		/* A digit tells a key from a hyphenated-name-of-something. */
		if (len >= keys[i].min && digit)
			return (struct match){ 0, prefix + len };
		if (cut && prefix + len == s.len && len >= CUT_MIN)
			return (struct match){ 0, prefix + len };
	}
	return (struct match){ 0 };
}

/* header.payload.signature, each base64url; both JSON parts begin with {" */
static struct match match_jwt(struct slice s, bool cut)
{
	size_t len = 0, dots = 0;
	bool digit;

	if (!slice_starts(s, SLICE("eyJ")))
		return (struct match){ 0 };
	for (;;) {
		len += run_len(slice_sub(s, len, s.len), WORD, &digit);
		if (len >= s.len || s.data[len] != '.' || dots == 2)
			break;
		dots++;
		len++;
	}
	if ((dots == 2 && len >= 40) || (cut && len == s.len && len >= 20))
		return (struct match){ 0, len };
	return (struct match){ 0 };
}

/* "Bearer x", "Basic x": the credentials of an Authorization field. */
static struct match match_bearer(struct slice s, bool cut)
{
	static const struct slice schemes[] = { SLICE("bearer "), SLICE("basic "),
						SLICE("token ") };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t keep = schemes[i].len, len;
		bool digit;

		if (!slice_starts_nocase(s, schemes[i]))
			continue;
		len = run_len(slice_sub(s, keep, s.len), TOKEN, &digit);
		if ((len >= 16 && digit) || (cut && keep + len == s.len && len >= CUT_MIN))
			return (struct match){ keep, len };
	}
	return (struct match){ 0 };
}

/* From BEGIN to the end of the END line, or of the text. */
static struct match match_pem(struct slice s)
{
	static const struct slice begin = SLICE("-----BEGIN "), end = SLICE("-----END "),
				  private = SLICE("PRIVATE KEY"), dashes = SLICE("-----");
	struct slice label, rest;
	ssize_t at;

	if (!slice_starts(s, begin))
		return (struct match){ 0 };
	label = slice_sub(s, begin.len, 40);
	at = slice_find(label, dashes);
	if (slice_find(slice_sub(label, 0, at < 0 ? label.len : (size_t)at), private) < 0)
		return (struct match){ 0 };
	at = slice_find(s, end);
	if (at < 0)
		return (struct match){ 0, s.len };
	rest = slice_sub(s, (size_t)at + end.len, s.len);
	at = slice_find(rest, dashes);
	if (at < 0)
		return (struct match){ 0, s.len };
	return (struct match){ 0, (size_t)(rest.data - s.data) + (size_t)at + dashes.len };
}

/* "://user:password@": masks the password. */
static struct match match_url(struct slice s)
{
	size_t colon = 0;

	if (!slice_starts(s, SLICE("://")))
		return (struct match){ 0 };
	for (size_t i = 3; i < s.len && i < 300 && !strchr("/?# \t\r\n\"'<>\\", s.data[i]); i++) {
		if (s.data[i] == ':' && !colon)
			colon = i + 1;
		if (s.data[i] == '@' && colon && i > colon)
			return (struct match){ colon, i - colon };
	}
	return (struct match){ 0 };
}

bool redact_is_secret_name(struct slice name)
{
	static const struct slice words[] = {
		SLICE("password"),	SLICE("passwd"),      SLICE("passphrase"),
		SLICE("secret"),	SLICE("api_key"),     SLICE("api-key"),
		SLICE("apikey"),	SLICE("access_key"),  SLICE("access_token"),
		SLICE("accesstoken"),	SLICE("auth_token"),  SLICE("authtoken"),
		SLICE("refresh_token"), SLICE("private_key"), SLICE("secret_key"),
		SLICE("secretkey"),	SLICE("pgpassword"),  SLICE("authorization"),
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (name.len >= words[i].len &&
		    slice_eq_nocase(slice_sub(name, name.len - words[i].len, words[i].len),
				    words[i]))
			return true;
	return false;
}

/* At the '=' or ':' at text[at]: the value of a name in front of it that is a secret's.
 * A value must be quoted or have a digit: "password: required" is prose. */
static struct match match_assigned(struct slice text, size_t at, bool cut)
{
	size_t end = at, start, value = at + 1, len = 0;
	bool digit, quoted;

	while (end && strchr(" \t\"'\\", text.data[end - 1]))
		end--;
	start = end;
	while (start && end - start < NAME_MAX_LEN && in_set(WORD, text.data[start - 1]))
		start--;
	if (start == end || !redact_is_secret_name(slice_sub(text, start, end - start)))
		return (struct match){ 0 };
	while (value < text.len && strchr(" \t\"'\\", text.data[value]))
		value++;
	quoted = value < text.len && strchr("\"'", text.data[value - 1]);
	while (value + len < text.len && len < RUN_MAX &&
	       !strchr(" \t\r\n\"'\\,;)]}", text.data[value + len]))
		len++;
	run_len(slice_sub(text, value, len), TOKEN, &digit);
	if (len >= ASSIGNED_MIN && (quoted || digit))
		return (struct match){ value - at, len };
	if (cut && value + len == text.len && len >= CUT_MIN)
		return (struct match){ value - at, len };
	return (struct match){ 0 };
}

static struct match match_at(struct slice text, size_t at, bool cut)
{
	struct slice rest = slice_sub(text, at, text.len);
	struct match m = { 0 };

	switch (text.data[at]) {
	case '-':
		return match_pem(rest);
	case '=':
		return match_assigned(text, at, cut);
	case ':':
		m = match_url(rest);
		return m.mask ? m : match_assigned(text, at, cut);
	}
	/* Words only at their start. */
	if (!in_set(ALNUM, text.data[at]) || (at && in_set(WORD, text.data[at - 1])))
		return m;
	m = match_key(rest, cut);
	if (!m.mask)
		m = match_jwt(rest, cut);
	return m.mask ? m : match_bearer(rest, cut);
}

int redact_add(struct buf *to, struct slice text, bool cut)
{
	size_t plain = 0;

	if (!text.len)
		return buf_error(to);
	for (size_t i = 0; i < text.len;) {
		struct match m = match_at(text, i, cut);

		if (!m.mask) {
			i++;
			continue;
		}
		buf_add(to, text.data + plain, i + m.keep - plain);
		buf_add_str(to, REDACT_MASK);
		i += m.keep + m.mask;
		/* The rest of one that was longer than what was looked at. */
		while (m.mask >= RUN_MAX && i < text.len && in_set(TOKEN, text.data[i]))
			i++;
		plain = i;
	}
	return buf_add(to, text.data + plain, text.len - plain);
}
