/* SPDX-License-Identifier: Apache-2.0 */
#include "inbound.h"

#include "cleanup.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024

/* A process that asks models. Counted by its open requests, and by the table. */
struct caller {
	unsigned int refs;
	unsigned int answered; /* requests, by the thread that had read them */
	unsigned int open;
	bool shares; /* its threads: they work on several requests at once */
	struct list requests;
	struct inbound_said said;
};

void inbounds_init(struct inbounds *t)
{
	*t = (struct inbounds){ 0 };
	table_init(&t->callers, INBOUND_PROCESSES_MAX);
}

static void unref(void *value)
{
	struct caller *c = value;

	if (c && !--c->refs)
		free(c);
}

void inbounds_release(struct inbounds *t)
{
	table_release(&t->callers, unref);
}

void inbounds_calls(struct inbounds *t, uint32_t tgid)
{
	struct caller *c;

	if (table_get(&t->callers, &tgid, sizeof(tgid)))
		return;
	if (t->callers.count == t->callers.max)
		unref(table_take_oldest(&t->callers));
	c = calloc(1, sizeof(*c));
	if (!c)
		return;
	c->refs = 1;
	list_init(&c->requests);
	if (table_add(&t->callers, &tgid, sizeof(tgid), c))
		free(c);
}

bool inbounds_caller(const struct inbounds *t, uint32_t tgid)
{
	return table_get(&t->callers, &tgid, sizeof(tgid));
}

void inbounds_forget(struct inbounds *t, uint32_t tgid)
{
	unref(table_take(&t->callers, &tgid, sizeof(tgid)));
}

static struct inbound *find_open(const struct caller *c, uint32_t tid)
{
	struct inbound *in;

	list_for_each (&c->requests, struct inbound, link, in)
		if (in->tid == tid)
			return in;
	return NULL;
}

static struct slice copy(struct slice s)
{
	char *text = malloc(TEXT_MAX);
	size_t len = MIN(s.len, (size_t)TEXT_MAX);

	if (!text)
		return SLICE_NONE;
	memcpy(text, s.data ? s.data : "", len);
	return (struct slice){ text, len };
}

struct inbound *inbound_open(struct inbounds *t, uint32_t tgid, uint32_t tid,
			     const struct served *as, struct slice method, struct slice path)
{
	struct caller *c = table_get(&t->callers, &tgid, sizeof(tgid));
	struct inbound *in;

	if (!c || c->open == INBOUND_OPEN_MAX)
		return NULL;
	c->shares |= find_open(c, tid) != NULL;
	in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	*in = (struct inbound){
		.caller = c, .tid = tid, .as = *as, .body = BUF_INIT(INBOUND_BODY_MAX)
	};
	in->method = copy(method);
	in->path = copy(path);
	list_init(&in->link);
	list_append(&c->requests, &in->link);
	c->open++;
	c->refs++;
	return in;
}

void inbound_body(struct inbounds *t, struct inbound *in, struct slice data)
{
	size_t len = MIN(data.len, in->body.max - in->body.len), before = in->body.size;

	if (t->held >= INBOUND_HELD_MAX) {
		t->unread++;
		return;
	}
	buf_add_slice(&in->body, slice_sub(data, 0, len));
	t->held += in->body.size - before;
}

/* What others have said already tells nobody apart. */
static void say(struct caller *c, struct inbound *in)
{
	for (size_t i = 0; i < in->texts.n; i++) {
		uint64_t hash = in->texts.all[i].hash;
		struct inbound *other;

		if (!hash || !inbound_said(&c->said, hash))
			continue;
		list_for_each (&c->requests, struct inbound, link, other)
			inbound_texts_drop(&other->texts, hash);
	}
	for (size_t i = 0; i < in->texts.n; i++)
		if (in->texts.all[i].hash)
			inbound_say(&c->said, in->texts.all[i].hash);
}

static void drop_body(struct inbounds *t, struct inbound *in)
{
	t->held -= in->body.size;
	buf_release(&in->body);
}

void inbound_body_end(struct inbounds *t, struct inbound *in)
{
	if (in->body.len && !in->texts.n) {
		inbound_texts_read(&in->texts, buf_slice(&in->body));
		say(in->caller, in);
	}
	drop_body(t, in);
}

void inbound_answer(struct inbound *in, uint32_t tid, int status)
{
	in->status = status;
	in->elsewhere = tid != in->tid;
	in->caller->shares |= in->elsewhere;
}

void inbound_close(struct inbounds *t, struct inbound *in, bool whole)
{
	struct caller *c = in->caller;

	drop_body(t, in);
	inbound_texts_release(&in->texts);

	list_remove(&in->link);
	c->open--;
	if (whole && in->status && !in->elsewhere && c->answered < INBOUND_ANSWERED_MIN)
		c->answered++;
	unref(c);
	free((char *)in->method.data);
	free((char *)in->path.data);
	free(in);
}

struct served inbound_find(const struct inbounds *t, uint32_t tgid, uint32_t tid)
{
	const struct caller *c = table_get(&t->callers, &tgid, sizeof(tgid));
	struct inbound *in;

	if (!c || c->shares || c->answered < INBOUND_ANSWERED_MIN)
		return (struct served){ 0 };
	in = find_open(c, tid);
	/* What it does when it has answered is for nobody. */
	return in && !in->status ? in->as : (struct served){ 0 };
}

struct served inbound_find_by_text(struct inbounds *t, uint32_t tgid, const struct call *c)
{
	const struct caller *by = table_get(&t->callers, &tgid, sizeof(tgid));
	struct inbound *in, *best = NULL;
	size_t most = 0;
	bool tie = false;
	struct served as = { 0 };

	if (!by)
		return as;
	list_for_each (&by->requests, struct inbound, link, in) {
		size_t len =
			in->as.start_ns <= c->start_ns ? inbound_texts_match(&in->texts, c) : 0;

		if (!len || len < most)
			continue;
		tie = len == most;
		most = len;
		best = in;
	}
	t->ambiguous += tie;
	if (!best || tie)
		return as;
	as = best->as;
	as.by_text = true;
	return as;
}

bool inbound_count(struct inbounds *t, uint32_t tgid, const struct served *as)
{
	struct caller *c = table_get(&t->callers, &tgid, sizeof(tgid));
	struct inbound *in;

	if (!c)
		return false;
	list_for_each (&c->requests, struct inbound, link, in) {
		if (in->as.conn_hash != as->conn_hash || in->as.exchange != as->exchange)
			continue;
		in->calls++;
		return true;
	}
	return false;
}
