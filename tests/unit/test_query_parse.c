/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "query_cond.h"
#include "query_plan.h"
#include "test.h"

#include <errno.h>

#define NOW UINT64_C(1790000000000000000)

TEST(query_errors_point_at_the_word)
{
	static const struct {
		const char *line, *word;
	} rows[] = {
		{ "median:input", "median" },
		{ "sum", "sum" },
		{ "count:input", ":input" },
		{ "avg:model", "model" },
		{ "count --where 'model:a and'", "" },
		{ "count --where 'model'", "" },
		{ "count --where 'input => 3'", "=>" },
		{ "count --where '(model:a'", "(" },
		{ "count --where 'model:a)'", ")" },
		{ "count --where 'model in a'", "a" },
		{ "count --where 'model in (a, b'", "" },
		{ "count --where 'not not'", "" },
		{ "count --where 'input:x'", "x" },
		{ "count --where 'input:1.5'", "1.5" },
		{ "count --where 'duration < 3k'", NULL },
		{ "count --where 'input < 3s'", "3s" },
		{ "count --where 'input ~ 3'", "3" },
		{ "count --where 'model ~ \"(\"'", "\"(\"" },
		{ "count --where 'error:maybe'", "maybe" },
		{ "count --where 'span.op:chat'", "chat" },
		{ "count --where 'run:xyz'", "xyz" },
		{ "count --where 'model:\"open'", "\"open" },
		{ "count --by 'mo\"del'", "mo" },
		{ "count --sort nope", "nope" },
		{ "count --limit many", "many" },
		{ "below:duration", "" },
		{ "below:duration:soon", "soon" },
		{ "below:model:3", "model" },
		{ "below:duration:2s partial", NULL },
		{ "partial:duration", ":duration" },
		{ "count --interval 0s", "0s" },
		{ "count --since tomorrowish", "tomorrowish" },
		{ "count --display pie", "pie" },
		{ "count --from nowhere", "nowhere" },
		{ "count --nonsense 3", "nonsense" },
		{ "count --where", "--where" },
		{ "count --from runs --by nothing", "nothing" },
		{ "--interval 1h", "--interval" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct query_error e = { 0 };
		struct query q;
		int r;

		query_init(&q, NOW);
		r = query_parse(&q, slice_from(rows[i].line), &e);
		test_row("%s", rows[i].line);
		CHECK_INT(r, rows[i].word ? -EINVAL : 0);
		if (r && rows[i].word && *rows[i].word)
			CHECK(slice_starts(slice_sub(e.text, e.at, e.text.len),
					   slice_from(rows[i].word)));
		CHECK(!r || *e.message);
		query_release(&q);
	}
	test_row(NULL);
}

TEST(query_lines_are_read_as_a_shell_would)
{
	static const char line[] = "gentap query 'sum:gen_ai.usage.total_tokens' count "
				   "--where='span.op:gen_ai.request' --group-by user.id,team "
				   "--sort '-sum:gen_ai.usage.total_tokens' --limit 20 --since 1h";
	struct query_error e;
	struct query q;

	query_init(&q, NOW);
	CHECK_INT(query_parse(&q, slice_from(line), &e), 0);
	CHECK_INT(q.n_aggs, 2);
	CHECK_INT(q.aggs[0].attr->field, F_TOTAL);
	CHECK_INT(q.n_keys, 2);
	CHECK_INT(q.keys[1].attr->field, F_TEAM);
	CHECK_INT(q.limit, 20);
	CHECK(q.sorts[0].descending);
	CHECK_INT(q.since_ns, NOW - UINT64_C(3600000000000));
	CHECK_INT(cond_classes(q.where), CLASS_BIT(CLASS_REQUEST));
	query_release(&q);
}

TEST(query_without_memory)
{
	static const char line[] =
		"sum:input p95:nope.x --where 'model in (a,b) or not (x.y ~ z) ' "
		"--by user.id --interval 1h --sort -sum:input";

	EACH_MALLOC_FAILURE
	{
		struct query_error e;
		struct query q;
		int r;

		query_init(&q, NOW);
		r = query_parse(&q, slice_from(line), &e);
		if (r && r != -ENOMEM)
			test_fail(__FILE__, __LINE__, "%d: %s", r, e.message);
		query_release(&q);
	}
}

TEST(query_depth_and_number_of_conditions_end)
{
	_cleanup_(buf_cleanup) struct buf deep = BUF_INIT(1 << 20);
	_cleanup_(buf_cleanup) struct buf wide = BUF_INIT(1 << 20);
	struct query_error e;
	struct query q;

	for (int i = 0; i < 5000; i++)
		buf_add_str(&deep, "not (");
	for (int i = 0; i < 5000; i++)
		buf_add_str(&wide, "model:a ");
	query_init(&q, NOW);
	CHECK_INT(cond_parse(&q, QUERY_SPANS, buf_slice(&deep), &q.where, &e), -EINVAL);
	CHECK_INT(cond_parse(&q, QUERY_SPANS, buf_slice(&wide), &q.where, &e), -EINVAL);
	query_release(&q);
}

/* Every instant of the range in one segment, and in one alone. */
TEST(plan_covers_the_range_once)
{
	const int64_t hour = gran_ns[GRAN_HOUR], day = gran_ns[GRAN_DAY];
	static const int64_t offsets[] = { 0, 1, 59, 3600, 3601, 86399, 86400, 100000 };

	for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
		for (size_t k = 0; k < ARRAY_LEN(offsets); k++) {
			struct query q;
			struct query_error e;
			struct plan p;
			int64_t at;

			query_init(&q, NOW);
			query_parse(&q, SLICE("count --by model"), &e);
			q.since_ns = (uint64_t)(20000 * day + offsets[i] * 1000000000);
			q.until_ns = q.since_ns + (uint64_t)(1 + offsets[k] * 1000000000);
			plan_make(&p, &q, true, 0, 0, 0);
			at = (int64_t)q.since_ns;
			test_row("%zu %zu", i, k);
			for (size_t s = 0; s < p.n_segments; s++) {
				const struct plan_segment *seg = &p.segments[s];

				CHECK_INT(seg->from_ns, at);
				CHECK(seg->to_ns > at);
				CHECK(seg->gran != GRAN_MINUTE); /* kept of the whole alone */
				CHECK(seg->gran != GRAN_HOUR || seg->from_ns % hour == 0);
				CHECK(seg->gran != GRAN_DAY || seg->from_ns % day == 0);
				at = seg->to_ns;
			}
			CHECK_INT(at, q.until_ns);
			CHECK(!p.rounded);
			/* Where the spans are gone, whole hours stand for the odd ends. */
			plan_make(&p, &q, true, INT64_MAX, 0, 0);
			CHECK(p.segments[0].from_ns <= (int64_t)q.since_ns);
			CHECK(p.segments[p.n_segments - 1].to_ns >= (int64_t)q.until_ns);
			for (size_t s = 0; s < p.n_segments; s++)
				CHECK(p.segments[s].gran != PLAN_RAW);
			query_release(&q);
		}
	test_row(NULL);
}
