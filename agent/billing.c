/* SPDX-License-Identifier: Apache-2.0 */
#include "billing.h"

#include "clock.h"
#include "log.h"
#include "settings.h"

#include <errno.h>
#include <string.h>

#define RUNS_MAX 16384
#define REFRESH_NS (5 * NSEC_PER_SEC)

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

/* Those of the last layer first: it wins. */
static int add_rules(struct identity *i, const struct settings *s)
{
	const char *error;
	int r = 0;

	for (unsigned int layer = s ? s->layers : 0; layer > 0; layer--)
		for (size_t k = 0; !r && k < s->n_rules; k++)
			if (s->rules[k].layer == layer)
				r = identity_add(i, &s->rules[k].rule, &error);
	return r ? r : identity_add_builtin(i);
}

static int start_identity(struct billing *b, const struct settings *s, const uint8_t salt[16])
{
	struct identity *fresh = NULL;
	int r = identity_new(&fresh);

	if (!r)
		r = add_rules(fresh, s);
	if (r) {
		log_error("identity: rules cannot be used: %s",
			  r == -ENOSPC ? "too many" : strerror(-r));
		identity_free(fresh);
		return r;
	}
	identity_free(b->identity);
	b->identity = fresh;
	b->clues.headers = identity_headers(b->identity);
	b->clues.members = identity_members(b->identity);
	b->clues.key = true;
	if (salt != b->clues.key_salt)
		memcpy(b->clues.key_salt, salt, sizeof(b->clues.key_salt));
	return 0;
}

void billing_span(struct billing *b, struct span *s)
{
	account_span(b->account, s);
	identity_span(b->identity, s);
}

int billing_start(struct billing *b, const struct options *o, struct loop *loop,
		  const uint8_t salt[16])
{
	int r = billing_open_book(&b->book, o);

	if (!r)
		r = start_identity(b, o->settings, salt);
	if (r) {
		billing_release(b);
		return r;
	}
	r = account_new(&b->account, &b->book, RUNS_MAX);
	if (!r)
		r = loop_add_timer(loop, &b->timer, REFRESH_NS, on_timer, b);
	if (r)
		billing_release(b);
	return r;
}

void billing_reload(struct billing *b, const struct options *o)
{
	struct settings s;
	struct options fresh = { .command = o->command,
				 .config_file = o->config_file,
				 .settings = &s };

	settings_init(&s);
	if (!options_check(&fresh) && !start_identity(b, &s, b->clues.key_salt))
		log_info("config: read again rules=%zu", s.n_rules);
	settings_release(&s);
	on_timer(b);
}

void billing_release(struct billing *b)
{
	loop_remove(b->timer);
	account_free(b->account);
	identity_free(b->identity);
	price_book_release(&b->book);
	*b = (struct billing){ 0 };
}
