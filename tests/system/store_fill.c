/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts made-up spans into a database until it is killed, or N of them: store_fill FILE
 * RATE [N]. Each 20 ms it says how many it has handed over and how many are written; at an end of
 * its own, the store's figures.
 */
#include "clock.h"
#include "store.h"
#include "store_spans.h"

#include <unistd.h>

static void print_stats(struct store *store)
{
	struct store_stats s;

	store_read_stats(store, &s);
	printf("end spans=%llu written=%llu queued=%llu lost=%llu errors=%llu last_error=%d\n",
	       (unsigned long long)s.spans, (unsigned long long)s.written,
	       (unsigned long long)s.queued, (unsigned long long)(s.lost_full + s.lost_other),
	       (unsigned long long)s.errors, s.last_error);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct maker m = maker_init((uint64_t)getpid(), 1000000, INT64_C(600000000000));
	struct store_config config = { .path = argc > 1 ? argv[1] : "", .must_open = false };
	uint64_t rate = 1000, n = 0, max = UINT64_MAX, began = clock_mono_ns();
	struct store_stats stats;
	struct store *store;

	if (argc < 3 || slice_u64(slice_from(argv[2]), &rate) ||
	    (argc > 3 && slice_u64(slice_from(argv[3]), &max)) || store_new(&store, &config))
		return 2;
	m.spans = m.state << 24; /* ids of their own in each run */
	while (n < max) {
		uint64_t due = (clock_mono_ns() - began) / 1000 * rate / 1000000;

		for (; n < due && n < max; n++) {
			struct made made = made_next(&m);
			struct span *s = made_span(&made);

			store_span(store, s);
			span_free(s);
		}
		store_read_stats(store, &stats);
		printf("%llu %llu\n", (unsigned long long)n, (unsigned long long)stats.written);
		fflush(stdout);
		usleep(20000);
	}
	store_flush(store, 3000);
	print_stats(store);
	store_free(store);
	return 0;
}
