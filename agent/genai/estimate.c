/* SPDX-License-Identifier: Apache-2.0 */
#include "estimate.h"

#include "cleanup.h"
#include "utf8.h"

#include <math.h>
#include <string.h>

/* What a message costs beside its text: its role, and the marks around it. */
#define MESSAGE_TOKENS 4
#define CALL_TOKENS 6  /* the name and the marks of a tool call */
#define TOOL_TOKENS 10 /* the same of a tool that is offered */

enum class { SPACE, LETTER, DIGIT, OTHER, WIDE };

static enum class class_of(unsigned char c) {
	if (c == ' ' || (c >= '\t' && c <= '\r')) return SPACE;
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return LETTER;
	if (c >= '0' && c <= '9') return DIGIT;
	return c < 0x80 ? OTHER : WIDE;
}

/* A run of one class. Words of English are mostly one token, up to seven letters; numbers
 * are cut into threes; of punctuation two go together. */
static double run_tokens(enum class class, struct slice run)
{
	switch (class) {
	case SPACE: /* one goes with the word behind it */
		return run.len > 1 || run.data[0] != ' ' ? 1 : 0;
	case LETTER:
		return run.len <= 7 ? 1 : 1 + (double)(run.len - 7) / 5;
	case DIGIT:
		return (double)((run.len + 2) / 3);
	default:
		return (double)((run.len + 1) / 2);
	}
}

/* By the alphabet: letters with marks and Cyrillic share tokens, most others do not. */
static double wide_tokens(const struct slice text, size_t *at)
{
	size_t width = utf8_len((const unsigned char *)text.data + *at, text.len - *at);

	*at += width ? width : 1;
	return width == 2 ? 0.5 : width == 3 ? 0.8 : width == 4 ? 2 : 1;
}

double estimate_text(struct slice text)
{
	double tokens = 0;
	size_t at = 0;

	while (at < text.len) {
		enum class class = class_of((unsigned char)text.data[at]);
		size_t from = at;

		if (class == WIDE) {
			tokens += wide_tokens(text, &at);
			continue;
		}
		/* camelCase is two words. */
		do
			at++;
		while (at < text.len && class_of((unsigned char)text.data[at]) == class &&
		       !(class == LETTER && text.data[at] <= 'Z' && text.data[at - 1] > 'Z'));
		tokens += run_tokens(class, slice_sub(text, from, at - from));
	}
	return tokens;
}

/* Of what is kept of it, taken for the rest too. False: it is no text. */
static bool add_part(const struct part *p, double *tokens)
{
	if (p->type == PART_BLOB || p->type == PART_FILE || p->type == PART_URI ||
	    p->type == PART_OTHER)
		return false;
	if (p->text.len)
		*tokens += estimate_text(p->text) * (double)MAX(p->len, p->text.len) /
			   (double)p->text.len;
	if (p->type == PART_TOOL_CALL || p->type == PART_SERVER_TOOL_CALL)
		*tokens += CALL_TOKENS + estimate_text(p->name);
	return p->text.len || !p->len;
}

static bool add_parts(const struct part *parts, size_t n_parts, double *tokens)
{
	for (size_t i = 0; i < n_parts; i++)
		if (!add_part(&parts[i], tokens))
			return false;
	return true;
}

static bool add_messages(const struct message *m, size_t n, double *tokens)
{
	for (size_t i = 0; i < n; i++) {
		*tokens += MESSAGE_TOKENS;
		if (!add_parts(m[i].parts, m[i].n_parts, tokens))
			return false;
	}
	return n > 0;
}

static bool has_thoughts(const struct call *c)
{
	for (size_t i = 0; i < c->n_output; i++)
		for (size_t k = 0; k < c->output[i].n_parts; k++)
			if (c->output[i].parts[k].type == PART_REASONING)
				return true;
	return false;
}

static void set(struct call *c, enum usage_field f, double tokens)
{
	usage_set(&c->usage, f, (int64_t)MIN(ceil(tokens), (double)USAGE_TOKENS_MAX));
}

void estimate_usage(struct call *c)
{
	bool generates = c->op == OP_CHAT || c->op == OP_TEXT_COMPLETION;
	double in = (double)c->n_tools * TOOL_TOKENS, out = 0;
	bool hidden = c->reasoning_level.data && !has_thoughts(c);

	/* Others always count; and they think, or add prompts, where nobody sees it. */
	if (strcmp(c->dialect ? c->dialect : "", "openai-chat"))
		return;
	if (!generates || c->usage.present || c->status >= 400 || c->background || call_has_gap(c))
		return;
	/* What a tool is like is not kept; its part of the request is. */
	in += (double)c->tools_len / 4;
	/* An answer that failed before it began was worked on by nobody. */
	if (!c->n_output)
		return;
	if (add_parts(c->system, c->n_system, &in) && add_messages(c->input, c->n_input, &in))
		set(c, USAGE_INPUT, in);
	if (!hidden && add_messages(c->output, c->n_output, &out))
		set(c, USAGE_OUTPUT, out - MESSAGE_TOKENS * (double)c->n_output);
	if (c->usage.present)
		c->usage_source = USAGE_SOURCE_ESTIMATED;
}
