/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter as test_otlp_exporter.py needs it: hands in spans s0, s1, …, runs the loop
 * and prints the counters as JSON. Options come from the environment as the agent's do;
 * arguments KEY=NUMBER set what has no variable:
 *
 *   spans     how many are handed in            size      bytes of an attribute in each
 *   burst     so many at once, then wait        wait      ms of the loop between bursts
 *   run       ms of the loop before the flush   flush     ms for the flush
 *   backoff, backoff_max, retry, queue_bytes, request_bytes, spool_bytes   of otlp_options
 *   first     number of the first span, s0 otherwise
 *
 * SPOOL names the directory of a spool.
 */
#include "cleanup.h"
#include "clock.h"
#include "exporter.h"

struct plan {
	uint64_t spans, size, burst, wait, run, flush;
	uint64_t backoff, backoff_max, retry, queue_bytes, request_bytes, spool_bytes, first;
};

static int read_plan(struct plan *p, int argc, char **argv)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{ "spans", offsetof(struct plan, spans) },
		{ "size", offsetof(struct plan, size) },
		{ "burst", offsetof(struct plan, burst) },
		{ "wait", offsetof(struct plan, wait) },
		{ "run", offsetof(struct plan, run) },
		{ "flush", offsetof(struct plan, flush) },
		{ "backoff", offsetof(struct plan, backoff) },
		{ "backoff_max", offsetof(struct plan, backoff_max) },
		{ "retry", offsetof(struct plan, retry) },
		{ "queue_bytes", offsetof(struct plan, queue_bytes) },
		{ "request_bytes", offsetof(struct plan, request_bytes) },
		{ "spool_bytes", offsetof(struct plan, spool_bytes) },
		{ "first", offsetof(struct plan, first) },
	};

	for (int i = 1; i < argc; i++) {
		struct slice value = slice_from(argv[i]), key = slice_cut(&value, '=');
		bool known = false;

		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			if (slice_eq(key, slice_from(keys[k].key)))
				known = !slice_u64(value, (uint64_t *)((char *)p + keys[k].at));
		if (!known)
			return -1;
	}
	return 0;
}

static const char *getenv_const(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static void run_loop(struct loop *l, uint64_t ms)
{
	uint64_t now, end = clock_mono_ns() + ms * NSEC_PER_MSEC;

	while ((now = clock_mono_ns()) < end)
		loop_run_once(l, (int)((end - now) / NSEC_PER_MSEC) + 1);
}

/* Returns the longest time that handing in one span took. */
static uint64_t hand_in(struct exporter *x, struct loop *l, const struct plan *p)
{
	_cleanup_free_ char *filler = calloc(1, p->size + 1);
	uint64_t longest = 0;

	memset(filler, 'x', p->size);
	for (uint64_t i = 0; i < p->spans; i++) {
		uint64_t before = clock_mono_ns();
		struct span *s;
		char name[32];

		if (span_new(&s))
			exit(1);
		snprintf(name, sizeof(name), "s%llu", (unsigned long long)(p->first + i));
		s->name = slice_from(name);
		s->span_id[7] = 1;
		s->trace_id[15] = 1;
		s->start_ns = s->end_ns = 1;
		span_set_str(s, "filler", (struct slice){ filler, p->size });
		exporter_span(x, s);
		span_free(s);
		longest = MAX(longest, clock_mono_ns() - before);
		if (p->burst && (i + 1) % p->burst == 0)
			run_loop(l, p->wait);
	}
	return longest;
}

static void print_stats(const struct otlp_stats *s, int flushed, uint64_t took_ns,
			uint64_t longest_ns)
{
	printf("{\"spans\":%llu,\"exported\":%llu,\"full\":%llu,\"refused\":%llu,\"expired\":%llu,"
	       "\"retries\":%llu,\"requests\":%llu,\"tls\":%llu,\"queued\":%llu,\"recovered\":%llu,"
	       "\"stowed\":%llu,\"flush\":%d,"
	       "\"seconds\":%.3f,\"longest_ms\":%.3f}\n",
	       (unsigned long long)s->items, (unsigned long long)s->exported,
	       (unsigned long long)s->dropped_full, (unsigned long long)s->dropped_refused,
	       (unsigned long long)s->dropped_expired, (unsigned long long)s->retries,
	       (unsigned long long)s->requests, (unsigned long long)s->tls_failures,
	       (unsigned long long)s->queued, (unsigned long long)s->recovered,
	       (unsigned long long)s->stowed, flushed, (double)took_ns / 1e9,
	       (double)longest_ns / 1e6);
}

int main(int argc, char **argv)
{
	static const struct otlp_host host = { .host_name = SLICE("h"), .version = SLICE("1") };
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
	struct plan p = { .spans = 1, .flush = 5000, .backoff = 20, .backoff_max = 100 };
	struct exporter *x = NULL;
	struct loop *l = NULL;
	const struct otlp_env env = { NULL, getenv_const };
	struct otlp_options o;
	uint64_t began = clock_mono_ns(), longest;
	int flushed, r;

	if (read_plan(&p, argc, argv) || otlp_options_from_env(&o, OTLP_TRACES, env, &warnings))
		return 2;
	o.backoff_ms = p.backoff;
	o.backoff_max_ms = p.backoff_max;
	o.retry_ms = p.retry ? p.retry : o.retry_ms;
	o.queue_bytes_max = p.queue_bytes ? p.queue_bytes : o.queue_bytes_max;
	o.request_bytes_max = p.request_bytes ? p.request_bytes : o.request_bytes_max;
	/* After the options' own: freed with them. */
	o.spool_dir = getenv("SPOOL") ? strdup(getenv("SPOOL")) : NULL;
	o.spool_bytes_max = p.spool_bytes ? p.spool_bytes : UINT64_C(64) << 20;
	if (loop_new(&l))
		return 3;
	r = exporter_new(&x, l, &o, &host);
	if (r) {
		fprintf(stderr, "exporter_new: %s\n", strerror(-r));
		return 3;
	}
	longest = hand_in(x, l, &p);
	run_loop(l, p.run);
	flushed = exporter_flush(x, p.flush);
	exporter_stow(x);
	print_stats(exporter_stats(x), flushed, clock_mono_ns() - began, longest);
	exporter_free(x);
	loop_free(l);
	otlp_options_release(&o);
	return 0;
}
