/* SPDX-License-Identifier: Apache-2.0 */
#include "billing.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <string.h>

#define RUNS_MAX 16384
#define REFRESH_NS (30 * NSEC_PER_SEC)

static void log_unreadable(const char *path, int error)
{
	log_error("prices: cannot read: %s file=%s",
		  error == -EBADMSG ? "no price list (genai-prices v2 or LiteLLM JSON)"
				    : strerror(-error),
		  path ? path : "built-in");
}

static void on_timer(void *ctx)
{
	struct billing *b = ctx;
	const char *path = NULL;
	int r = price_book_refresh(&b->book, &path);

	if (r < 0)
		log_unreadable(path, r); /* the old list stays in force */
	else if (r)
		log_info("prices: list replaced version=%.*s date=%.*s",
			 SLICE_FMT(b->book.order[0]->version), SLICE_FMT(b->book.order[0]->date));
	loop_set_timer(b->timer, REFRESH_NS);
}

int billing_open_book(struct price_book *b, const struct options *o)
{
	const char *path = NULL;
	int r = price_book_init(b, o->prices_file, BILLING_DROPPED, &path);

	if (r)
		log_unreadable(path, r);
	return r;
}

int billing_start(struct billing *b, const struct options *o, struct loop *loop)
{
	int r = billing_open_book(&b->book, o);

	if (r)
		return r;
	r = account_new(&b->account, &b->book, RUNS_MAX);
	if (!r)
		r = loop_add_timer(loop, &b->timer, REFRESH_NS, on_timer, b);
	if (r)
		billing_release(b);
	return r;
}

void billing_release(struct billing *b)
{
	loop_remove(b->timer);
	account_free(b->account);
	price_book_release(&b->book);
	*b = (struct billing){ 0 };
}
