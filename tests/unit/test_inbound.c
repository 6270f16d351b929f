/* SPDX-License-Identifier: Apache-2.0 */
#include "inbound.h"

#include "cleanup.h"
#include "test.h"

/*
 * A small language: "+3a" thread 3 reads request a, "=3a" answers its head, "-a" it is at its
 * end, "!a" it is cut off, "?3" what does thread 3 work on, "ca" a call was made for a.
 */
struct row {
	const char *name;
	const char *events;
	const char *want; /* of each '?' and 'c' */
};

#define SHOWN "+1x =1x -x +1x =1x -x +1x =1x -x "

static const struct row rows[] = {
	{ "not shown yet", "+1x =1x -x +1x =1x -x +1a ?1", "." },
	{ "one thread", SHOWN "+1a ?1 ca =1a -a ?1", "a1." },
	{ "two threads", SHOWN "+1a +2b ?2 ?1 ?3", "ba." },
	{ "it has answered", SHOWN "+1a =1a ?1", "." },
	{ "two at once on one thread", SHOWN "+1a +1b ?1 =1a -a ?1 +2c ?2", "..." },
	{ "another thread answers", SHOWN "+1a =2a -a +1b ?1", "." },
	{ "what is cut off shows nothing", "+1x =1x !x +1x =1x !x +1x =1x !x +1a ?1", "." },
	{ "nor does what has no answer", "+1x -x +1x -x +1x -x +1a ?1", "." },
	{ "a call for what is over", SHOWN "+1a =1a -a ca", "0" },
};

static void run(const struct row *row, bool calls, char *got)
{
	struct inbound *open[128] = { 0 };
	struct inbounds t;

	inbounds_init(&t);
	if (calls)
		inbounds_calls(&t, 7);
	for (const char *e = row->events; *e; e++) {
		struct served as = { .conn_hash = 5, .start_ns = 1 };
		char kind = *e++;
		uint32_t tid = *e >= '0' && *e <= '9' ? (uint32_t)(*e++ - '0') : 0;

		as.exchange = (uint64_t)*e;
		if (kind == '+')
			open[(int)*e] = inbound_open(&t, 7, tid, &as, SLICE("POST"), SLICE("/a"));
		else if (kind == '=' && open[(int)*e])
			inbound_answer(open[(int)*e], tid, 200);
		else if ((kind == '-' || kind == '!') && open[(int)*e])
			inbound_close(TAKE(open[(int)*e]), kind == '-');
		else if (kind == 'c')
			*got++ = inbound_count(&t, 7, &as) ? '1' : '0';
		else if (kind == '?') {
			struct served found = inbound_find(&t, 7, tid);

			*got++ = found.start_ns ? (char)found.exchange : '.';
			e--;
		}
		while (e[1] == ' ')
			e++;
	}
	/* The process may be gone before its connections are. */
	inbounds_forget(&t, 7);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (open[i])
			inbound_close(open[i], false);
	inbounds_release(&t);
	*got = '\0';
}

TEST(inbound_rows)
{
	char got[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		run(&rows[i], true, got);
		CHECK_STR(slice_from(got), rows[i].want);
	}
	test_row(NULL);
}

TEST(inbound_of_a_process_that_asks_nobody)
{
	char got[64];

	run(&rows[1], false, got);
	CHECK_STR(slice_from(got), ".0.");
}

TEST(inbound_without_memory)
{
	char got[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EACH_MALLOC_FAILURE
	run(&rows[i], true, got);
}

TEST(inbound_processes_have_a_ceiling)
{
	const struct served as = { .start_ns = 1 };
	struct inbounds t;
	struct inbound *in;

	inbounds_init(&t);
	inbounds_calls(&t, 1);
	in = inbound_open(&t, 1, 1, &as, SLICE("GET"), SLICE("/"));
	CHECK(in);
	for (uint32_t pid = 2; pid <= INBOUND_PROCESSES_MAX + 1; pid++)
		inbounds_calls(&t, pid);
	CHECK(!inbound_open(&t, 1, 2, &as, SLICE("GET"), SLICE("/"))); /* forgotten */
	inbound_close(in, true);
	inbounds_release(&t);
}
