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
};

void inbounds_init(struct inbounds *t)
{
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

	if (!c || c->shares || c->open == INBOUND_OPEN_MAX)
		return NULL;
	if (find_open(c, tid)) {
		c->shares = true;
		return NULL;
	}
	in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	*in = (struct inbound){ .caller = c, .tid = tid, .as = *as };
	in->method = copy(method);
	in->path = copy(path);
	list_init(&in->link);
	list_append(&c->requests, &in->link);
	c->open++;
	c->refs++;
	return in;
}

void inbound_answer(struct inbound *in, uint32_t tid, int status)
{
	in->status = status;
	in->elsewhere = tid != in->tid;
	in->caller->shares |= in->elsewhere;
}

void inbound_close(struct inbound *in, bool whole)
{
	struct caller *c = in->caller;

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
