/* SPDX-License-Identifier: Apache-2.0 */
#include "pairing.h"

void pairing_init(struct pairing *p, struct conn *conn)
{
	*p = (struct pairing){ .conn = conn };
}

void pairing_take(struct pairing *p, struct exchange *x)
{
	struct exchange **at = &p->queue;

	while (*at && *at != x)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = x->next;
	x->next = NULL;
	p->count--;
	if (p->sending == x)
		p->sending = NULL;
	if (p->answering == x)
		p->answering = NULL;
}

static void give_up(struct pairing *p, struct exchange *x, uint64_t ts_ns)
{
	pairing_take(p, x);
	exchange_abort(x, ts_ns);
	exchange_free(x);
}

void pairing_release(struct pairing *p, uint64_t ts_ns)
{
	while (p->queue)
		give_up(p, p->queue, ts_ns);
}

static void die(struct pairing *p, uint64_t ts_ns)
{
	pairing_release(p, ts_ns);
	p->dead = true;
}

static bool push(struct pairing *p, struct exchange *x, uint64_t ts_ns)
{
	struct exchange **at = &p->queue;

	if (!x || p->dead || p->count >= PAIRING_MAX) {
		exchange_free(x);
		die(p, ts_ns);
		return false;
	}
	while (*at)
		at = &(*at)->next;
	*at = x;
	p->count++;
	return true;
}

void pairing_owe(struct pairing *p, struct owed owed)
{
	for (unsigned int i = 0; i < owed.count && !p->dead; i++) {
		struct exchange *x = exchange_new_ghost(p->conn);

		if (x)
			x->head_only = owed.head_only >> i & 1;
		push(p, x, 0);
	}
}

struct owed pairing_owed(const struct pairing *p)
{
	struct owed owed = { 0 };

	if (p->answering || p->loss)
		return owed;
	for (const struct exchange *x = p->queue; x; x = x->next)
		owed.head_only |= (uint64_t)x->head_only << owed.count++;
	return owed;
}

/* Exchanges whose request began by ts_ns and whose response did not begin yet. */
static unsigned int count_waiting(const struct pairing *p, uint64_t ts_ns,
				  struct exchange **ret_last)
{
	unsigned int n = 0;

	for (struct exchange *x = p->queue; x && x->start_ns <= ts_ns; x = x->next) {
		if (x == p->answering)
			continue;
		*ret_last = x;
		n++;
	}
	return n;
}

struct exchange *pairing_request(struct pairing *p, uint64_t ts_ns)
{
	struct exchange *x = exchange_new(p->conn);

	p->surplus = 0;
	p->sending = push(p, x, ts_ns) ? x : NULL;
	return p->sending;
}

/* Of those that wait, all but the last have lost their responses. */
static struct exchange *pair_after_loss(struct pairing *p, uint64_t start_ns, uint64_t now_ns)
{
	struct exchange *last = NULL;
	unsigned int n = count_waiting(p, start_ns, &last);

	p->loss = false;
	if (n >= PAIRING_UNSURE_MAX) {
		pairing_release(p, now_ns);
		return NULL;
	}
	while (n && p->queue != last)
		give_up(p, p->queue, now_ns);
	return last;
}

struct exchange *pairing_response(struct pairing *p, uint64_t start_ns, uint64_t now_ns)
{
	struct exchange *last;
	unsigned int n;

	if (p->loss) {
		p->answering = pair_after_loss(p, start_ns, now_ns);
	} else {
		n = count_waiting(p, start_ns, &last);
		p->pipelined |= n > 1;
		p->answering = n ? p->queue : NULL;
	}
	p->surplus += !p->answering;
	return p->answering;
}

void pairing_answered(struct pairing *p)
{
	struct exchange *x = p->answering;

	if (!x)
		return;
	pairing_take(p, x);
	exchange_free(x);
}

void pairing_lost_requests(struct pairing *p, bool between, uint64_t ts_ns)
{
	if (p->pipelined)
		die(p, ts_ns);
	else if (between && !p->surplus)
		push(p, exchange_new_ghost(p->conn), ts_ns);
	p->surplus = 0;
}

void pairing_lost_responses(struct pairing *p, bool between, uint64_t ts_ns)
{
	struct exchange *last;

	p->loss = true;
	if (p->pipelined)
		die(p, ts_ns);
	else if (between && count_waiting(p, ts_ns, &last))
		give_up(p, p->queue, ts_ns);
}

void pairing_skipped_response(struct pairing *p, uint64_t ts_ns)
{
	struct exchange *last;

	while (count_waiting(p, ts_ns, &last))
		give_up(p, p->queue, ts_ns);
}
