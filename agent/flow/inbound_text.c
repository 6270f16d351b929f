/* SPDX-License-Identifier: Apache-2.0 */
#include "inbound_text.h"

#include "cleanup.h"
#include "json.h"
#include "messages.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8 /* of strings in a document */

/* In a full list the oldest gives way: what is asked stands behind what was said before. */
static void add(struct inbound_texts *t, struct slice text)
{
	struct inbound_text one = { .len = text.len };

	if (text.len < INBOUND_TEXT_MIN)
		return;
	one.head_len = MIN(text.len, (size_t)INBOUND_TEXT_HEAD);
	one.head = malloc(one.head_len);
	if (!one.head)
		return;
	memcpy(one.head, text.data, one.head_len);
	one.hash = text_hash_more(SLICE_HASH, text);
	if (t->n == INBOUND_TEXTS_MAX) {
		free(t->all[0].head);
		memmove(t->all, t->all + 1, --t->n * sizeof(*t->all));
	}
	t->all[t->n++] = one;
}

static void add_strings(struct inbound_texts *t, struct json_val v, unsigned int depth)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(3 * INBOUND_BODY_MAX);

	if (json_type(v) == JSON_STRING) {
		/* The rest of one that was cut off would make it another. */
		if (!json_cut(v) && !json_str(v, &text))
			add(t, buf_slice(&text));
		return;
	}
	if (json_type(v) != JSON_OBJECT && json_type(v) != JSON_ARRAY)
		return;
	for (struct json_val i = json_first(v); i.doc && depth < DEPTH_MAX; i = json_next(i))
		add_strings(t, i, depth + 1);
}

/* Words, and no form's fields or file. */
static bool is_plain(struct slice body)
{
	for (size_t i = 0; i < body.len; i++)
		if ((unsigned char)body.data[i] < ' ' && !strchr("\t\r\n", body.data[i]))
			return false;
	return slice_find_char(body, ' ') >= 0 && body.data[0] != '-';
}

void inbound_texts_read(struct inbound_texts *t, struct slice body)
{
	struct json doc;

	body = slice_trim(body);
	json_init(&doc);
	if (!body.len)
		return;
	if (!json_parse(&doc, body))
		add_strings(t, json_root(&doc), 0);
	else if (is_plain(body) && body.len < INBOUND_BODY_MAX)
		add(t, body);
	json_release(&doc);
}

void inbound_texts_release(struct inbound_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->all[i].head);
	*t = (struct inbound_texts){ 0 };
}

bool inbound_said(const struct inbound_said *said, uint64_t hash)
{
	for (size_t i = 0; i < MIN(said->n, (size_t)INBOUND_SAID_MAX); i++)
		if (said->hashes[i] == hash)
			return true;
	return false;
}

void inbound_say(struct inbound_said *said, uint64_t hash)
{
	said->hashes[said->n++ % INBOUND_SAID_MAX] = hash;
	/* So that it does not come round to where only the first were said. */
	if (said->n == 2 * INBOUND_SAID_MAX)
		said->n = INBOUND_SAID_MAX;
}

void inbound_texts_drop(struct inbound_texts *t, uint64_t hash)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->all[i].hash == hash)
			t->all[i].hash = 0;
}

static bool says(const struct message *m, const struct inbound_text *text)
{
	for (size_t i = 0; i < m->n_parts; i++) {
		const struct part *p = &m->parts[i];

		if (p->type == PART_TEXT &&
		    (p->hash == text->hash ||
		     slice_find(p->text, (struct slice){ text->head, text->head_len }) >= 0))
			return true;
	}
	return false;
}

size_t inbound_texts_match(const struct inbound_texts *t, const struct call *c)
{
	size_t last = c->n_input, len = 0;

	while (last && !slice_eq(c->input[last - 1].role, SLICE("user")))
		last--;
	for (size_t i = 0; last && i < t->n; i++)
		if (t->all[i].hash && says(&c->input[last - 1], &t->all[i]))
			len += t->all[i].len;
	return len;
}
