/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include "call.h"
#include "cleanup.h"
#include "test.h"

#include <math.h>

static const char list[] =
	"[{\"id\":\"openai\",\"models\":[{\"id\":\"m\",\"match\":{\"equals\":\"m\"},"
	"\"prices\":{\"input_mtok\":2,\"cache_read_mtok\":1,\"output_mtok\":4}}]}]";

struct fixture {
	struct price_table *table;
	struct price_book book;
	struct account *account;
};

static void setup(struct fixture *f, size_t runs_max)
{
	*f = (struct fixture){ 0 };
	if (price_table_new(&f->table, slice_from(list), SLICE("2026-01-01")))
		abort();
	f->book.order[0] = f->table;
	f->book.count = 1;
	if (account_new(&f->account, &f->book, runs_max))
		abort();
}

static void teardown(struct fixture *f)
{
	account_free(f->account);
	price_table_free(f->table);
}

static double number(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_DOUBLE ? a->number : NAN;
}

/* One call of 1 M input tokens, half of them cached when `cached`, and 1 M output. */
static struct span *leaf(struct fixture *f, const char *model, const char *run, bool cached)
{
	struct span *s = NULL;
	struct call *c = NULL;

	if (span_new(&s) || call_new(&c))
		abort();
	c->op = OP_CHAT;
	c->provider = SLICE("openai");
	c->request_model = slice_from(model);
	usage_set(&c->usage, USAGE_INPUT, 1000000);
	usage_set(&c->usage, USAGE_OUTPUT, 1000000);
	if (cached)
		usage_set(&c->usage, USAGE_CACHE_READ, 500000);
	s->call = c;
	span_set_str(s, ATTR_RUN_ID, slice_from(run));
	account_span(f->account, s);
	s->call = NULL;
	call_free(c);
	return s;
}

static struct span *run_end(struct fixture *f, uint8_t id)
{
	struct span *s = NULL;

	if (span_new(&s))
		abort();
	s->span_id[7] = id;
	account_span(f->account, s);
	return s;
}

TEST(account_leaf)
{
	struct fixture f;
	struct span *s;

	setup(&f, 4);
	s = leaf(&f, "m", NULL, true);
	CHECK(number(s, ATTR_COST_TOTAL) == 5.5);
	CHECK(number(s, "gentap.cost.input") == 1);
	CHECK(number(s, "gentap.cost.cache_read") == 0.5);
	CHECK(number(s, "gentap.cost.output") == 4);
	CHECK(number(s, "gentap.cost.saved") == 0.5);
	span_free(s);
	s = leaf(&f, "other", NULL, false);
	CHECK(isnan(number(s, ATTR_COST_TOTAL)));
	CHECK(span_attr(s, ATTR_COST_MISSING) != NULL);
	span_free(s);
	CHECK_INT(account_stats(f.account)->priced, 1);
	CHECK_INT(account_stats(f.account)->unpriced, 1);
	teardown(&f);
}

TEST(account_runs)
{
	struct fixture f;
	struct span *s;

	setup(&f, 4);
	span_free(leaf(&f, "m", "0000000000000001", false));
	span_free(leaf(&f, "m", "0000000000000002", false));
	span_free(leaf(&f, "m", "0000000000000001", false));
	span_free(leaf(&f, "other", "0000000000000001", false));
	s = run_end(&f, 1);
	CHECK(number(s, ATTR_RUN_COST) == 12);
	CHECK_INT(span_attr(s, ATTR_RUN_UNKNOWN)->integer, 1);
	span_free(s);
	s = run_end(&f, 1); /* told once */
	CHECK(isnan(number(s, ATTR_RUN_COST)));
	span_free(s);
	s = run_end(&f, 2);
	CHECK(number(s, ATTR_RUN_COST) == 6);
	CHECK(!span_attr(s, ATTR_RUN_UNKNOWN));
	span_free(s);
	/* A run of which nothing is known costs nobody knows what, not 0. */
	span_free(leaf(&f, "other", "0000000000000003", false));
	s = run_end(&f, 3);
	CHECK(isnan(number(s, ATTR_RUN_COST)));
	span_free(s);
	teardown(&f);
}

TEST(account_run_ceiling)
{
	struct fixture f;

	setup(&f, 2);
	span_free(leaf(&f, "m", "0000000000000001", false));
	span_free(leaf(&f, "m", "0000000000000002", false));
	span_free(leaf(&f, "m", "0000000000000003", false));
	CHECK_INT(account_stats(f.account)->runs_evicted, 1);
	span_free(leaf(&f, "m", "not an id", false));
	span_free(leaf(&f, "m", "000000000000000G", false));
	CHECK_INT(account_stats(f.account)->runs_evicted, 1);
	teardown(&f);
}

/* What a provider refuses costs nothing, and that is known; what broke off may have cost. */
TEST(account_refused)
{
	static const struct {
		const char *name;
		int status; /* 0: none came */
		bool usage;
		const char *source;
	} rows[] = {
		{ "refused", 429, false, "refused" },
		{ "at the provider", 500, false, "refused" },
		{ "refused, with usage of no price", 400, true, "none" },
		{ "broke off", 200, false, "none" },
		{ "no answer", 0, false, "none" },
	};
	struct fixture f;

	setup(&f, 8);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span *s = NULL;
		struct call *c = NULL;
		const struct attr *source;

		test_row("%s", rows[i].name);
		if (span_new(&s) || call_new(&c))
			abort();
		c->op = OP_CHAT;
		c->request_model = SLICE("unheard-of");
		if (rows[i].usage)
			usage_set(&c->usage, USAGE_INPUT, 10);
		s->call = c;
		c->status = rows[i].status;
		account_span(f.account, s);
		source = span_attr(s, ATTR_COST_SOURCE);
		CHECK(source && slice_eq(source->string, slice_from(rows[i].source)));
		CHECK(!span_attr(s, ATTR_COST_TOTAL));
		s->call = NULL;
		call_free(c);
		span_free(s);
	}
	teardown(&f);
}
