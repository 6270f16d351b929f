/* SPDX-License-Identifier: Apache-2.0 */
#include "live_values.h"

#include "cleanup.h"
#include "clock.h"
#include "live.h"
#include "scrape.h"

#include <sys/resource.h>

struct values {
	struct expose_value *to;
	size_t n;
};

static void add(struct values *v, const struct expose_value *rows, size_t n)
{
	for (size_t i = 0; i < n && v->n < SCRAPE_VALUES_MAX; i++)
		v->to[v->n++] = rows[i];
}

#define COUNT(of, text, v)                                                                         \
	{                                                                                          \
		.name = "gentap." of, .help = text, .value = (v)                                   \
	}
#define COUNT_BY(of, text, l, is, v)                                                               \
	{                                                                                          \
		.name = "gentap." of, .help = text, .label = l, .label_value = is, .value = (v)    \
	}
#define GAUGE(of, text, v)                                                                         \
	{                                                                                          \
		.name = "gentap." of, .help = text, .value = (v), .gauge = true                    \
	}

/* By enum gentap_stat. */
static const char *const kernel_events[] = {
	"records",     "bytes",	      "ring_full",	   "ring_full_bytes", "read_fault",
	"truncated",   "over_budget", "no_entry",	   "map_full",	      "ignored_calls",
	"connections", "unreadable",  "unseen_statements",
};
_Static_assert(ARRAY_LEN(kernel_events) == GENTAP_STAT_MAX, "each has a name");

static void add_probe(struct values *to, const struct probe_stats *s)
{
	const struct expose_value rows[] = {
		GAUGE("probe.processes", "Processes that are observed.", s->processes),
		GAUGE("probe.links", "Probes that are attached.", s->links),
		GAUGE("probe.unsearched_files", "Files still to be searched.", s->unsearched),
		COUNT("probe.attach_errors", "Probes not attached.", s->attach_errors),
		COUNT("probe.short_processes",
		      "Processes of agents that ended before they were looked at.",
		      s->short_processes),
		COUNT("probe.perf_lost", "Lost records of new processes.", s->perf_lost),
	};

	add(to, rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(kernel_events); i++) {
		const struct expose_value row =
			COUNT_BY("probe.kernel", "What the kernel programs did and could not do.",
				 "event", kernel_events[i], s->kernel[i]);

		add(to, &row, 1);
	}
}

#define UNREADABLE "What could not be read; of calls, gentap.partial_calls says it."
static void add_pipeline(struct values *to, const struct pipeline_stats *s)
{
	const struct expose_value rows[] = {
		COUNT("pipeline.records", "Records of the kernel programs.", s->records),
		COUNT("pipeline.bytes", "Bytes in them.", s->bytes),
		COUNT("pipeline.lost_records", "Records that are missing.", s->lost_records),
		COUNT("pipeline.lost_bytes", "Bytes that are missing.", s->lost_bytes),
		COUNT("pipeline.bad_records", "Malformed records.", s->bad_records),
		COUNT("pipeline.connections", "Connections.", s->conns),
		COUNT("pipeline.connections_evicted", "Dropped: too many.", s->conns_evicted),
		COUNT("pipeline.connections_not_http", "Of another protocol.", s->not_http),
		COUNT("pipeline.exchanges", "Requests with their answers.", s->exchanges),
		COUNT("pipeline.calls", "Calls to models.", s->calls),
		COUNT("pipeline.calls_partial", "Calls of which a part is missing.",
		      s->calls_partial),
		COUNT("pipeline.usage_violations",
		      "Calls whose token counts contradict each other.", s->usage_violations),
		COUNT("pipeline.calls_twice", "Calls seen on both sides, dropped on one.",
		      s->calls_twice),
		COUNT("pipeline.served_ambiguous",
		      "Calls that several open requests may have been for.", s->served_ambiguous),
		COUNT("pipeline.served_unread", "Pieces of requests that there was no room for.",
		      s->served_unread),
		COUNT_BY("pipeline.parse_errors", UNREADABLE, "protocol", "http/1",
			 s->parse_errors[PIPELINE_HTTP1]),
		COUNT_BY("pipeline.parse_errors", UNREADABLE, "protocol", "http/2",
			 s->parse_errors[PIPELINE_HTTP2]),
		COUNT_BY("pipeline.parse_errors", UNREADABLE, "protocol", "websocket",
			 s->parse_errors[PIPELINE_WEBSOCKET]),
		COUNT("pipeline.no_memory", "What there was no memory for.", s->no_memory),
	};

	add(to, rows, ARRAY_LEN(rows));
}

static void add_tracer(struct values *to, const struct tracer_stats *s)
{
	const struct expose_value rows[] = {
		COUNT("tracer.runs", "Runs that were begun.", s->runs),
		COUNT("tracer.runs_evicted", "Runs ended early: too many.", s->runs_evicted),
		COUNT("tracer.tools_dropped", "Tools beyond a run's ceiling.", s->tools_dropped),
		COUNT("tracer.attributes_dropped", "Attributes without room.", s->dropped_attrs),
		COUNT("tracer.conversations_evicted", "Conversations forgotten: too many.",
		      s->conversations_evicted),
		COUNT("tracer.points_evicted", "Answers forgotten that could be continued.",
		      s->points_evicted),
		COUNT("tracer.relayed", "Calls that passed another one on.", s->relayed),
		COUNT("tracer.ids_repeated", "Calls whose provider's id had been another's.",
		      s->ids_repeated),
		COUNT("tracer.sdk_spans", "Spans of calls that applications exported.",
		      s->sdk_spans),
		COUNT("tracer.sdk_matched", "Of them, those whose call was seen.", s->sdk_matched),
		COUNT("tracer.ambiguous", "Calls with several likely parents.", s->ambiguous),
		COUNT("tracer.no_memory", "What there was no memory for.", s->no_memory),
	};

	add(to, rows, ARRAY_LEN(rows));
}

#define DROPPED "Spans that were not delivered."
static void add_exporter(struct values *to, const struct exports *e)
{
	const struct otlp_stats traces = exports_stats(e, OTLP_TRACES), *s = &traces;
	const struct expose_value rows[] = {
		COUNT("exporter.spans", "Spans to be exported.", s->items),
		COUNT("exporter.exported", "Spans that were acknowledged.", s->exported),
		COUNT_BY("exporter.dropped", DROPPED, "reason", "queue_full", s->dropped_full),
		COUNT_BY("exporter.dropped", DROPPED, "reason", "refused", s->dropped_refused),
		COUNT_BY("exporter.dropped", DROPPED, "reason", "expired", s->dropped_expired),
		COUNT("exporter.recovered", "Spans that waited on disk at the start.",
		      s->recovered),
		COUNT("exporter.retries", "Requests that were tried again.", s->retries),
		GAUGE("exporter.queued", "Spans that wait.", s->queued),
	};

	add(to, rows, ARRAY_LEN(rows));
}

#define LOST "Spans that are not in the database."
static void add_store(struct values *to, const struct store_stats *s)
{
	const struct expose_value rows[] = {
		COUNT("store.spans", "Spans to be stored.", s->spans),
		COUNT("store.written", "Spans that were written.", s->written),
		COUNT_BY("store.lost", LOST, "reason", "queue_full", s->lost_full),
		COUNT_BY("store.lost", LOST, "reason", "other", s->lost_other),
		COUNT("store.duplicates", "Spans that had been written before.", s->duplicates),
		COUNT("store.errors", "Batches that could not be written at once.", s->errors),
		GAUGE("store.queued", "Spans that wait.", s->queued),
	};

	add(to, rows, ARRAY_LEN(rows));
}

/* What was withdrawn may come before what it is of. */
static void add_coverage(struct values *to, const int64_t covered[COVERAGE_OPAQUE + 1])
{
	static const char *const states[] = {
		[COVERAGE_DECODED] = "decoded",
		[COVERAGE_PARTIAL] = "partial",
		[COVERAGE_OPAQUE] = "opaque",
	};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		add(to,
		    &(struct expose_value){
			    .name = "gentap.coverage.bytes",
			    .help = "Traffic with models, by how much of it was read.",
			    .ucum = "By",
			    .gauge = true,
			    .label = "gentap.coverage.state",
			    .label_value = states[i],
			    .value = (uint64_t)MAX(covered[i], (int64_t)0),
		    },
		    1);
}

static void add_prices(struct values *to, const struct billing *b)
{
	const struct account_stats *s = account_stats(b->account);
	const struct expose_value rows[] = {
		COUNT("prices.priced", "Calls that have a price.", s->priced),
		COUNT("prices.unpriced", "Calls that used what has none.", s->unpriced),
	};
	int64_t date_s, now_s = (int64_t)(clock_wall_ns() / NSEC_PER_SEC);

	add(to, rows, ARRAY_LEN(rows));
	if (!b->book.count || price_date(b->book.order[0]->date, &date_s))
		return; /* it does not say */
	add(to,
	    &(struct expose_value){
		    .name = "gentap.prices.age.seconds",
		    .help = "Since the date of the price list that is in force.",
		    .ucum = "s",
		    .gauge = true,
		    .value = (uint64_t)MAX(now_s - date_s, (int64_t)0),
	    },
	    1);
}

static void add_budgets(struct values *to, struct budgets *b)
{
	struct expose_value rows[BUDGETS_VALUES_MAX];

	if (b)
		add(to, rows, budgets_values(b, rows));
}

static uint64_t micros(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static uint64_t resident_bytes(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "re");
	char line[128] = "";
	struct slice rest;
	uint64_t pages = 0;

	if (!f || !fgets(line, sizeof(line), f))
		return 0;
	rest = slice_from(line);
	slice_cut(&rest, ' ');
	slice_u64(slice_cut(&rest, ' '), &pages);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void add_process(struct values *to)
{
	struct rusage u = { 0 };
	uint64_t resident = resident_bytes();

	getrusage(RUSAGE_SELF, &u);
	add(to,
	    &(struct expose_value){
		    .name = "process.cpu.seconds",
		    .help = "Processor time of the agent.",
		    .value = micros(u.ru_utime) + micros(u.ru_stime),
		    .digits = 6,
	    },
	    1);
	if (resident) /* else not known */
		add(to,
		    &(struct expose_value){
			    .name = "process.resident_memory.bytes",
			    .help = "Memory of the agent.",
			    .value = resident,
			    .gauge = true,
		    },
		    1);
}

static void add_kube(struct values *to, struct kube *kube)
{
	struct kube_stats s;

	if (!kube)
		return;
	kube_read_stats(kube, &s);
	add(to,
	    (const struct expose_value[]){
		    COUNT("kube.answers", "Lists of pods that Kubernetes gave.", s.answers),
		    COUNT("kube.failures", "Requests for them that failed.", s.failures),
		    GAUGE("kube.pods", "Pods of the last list.", s.pods),
	    },
	    3);
}

size_t live_values(void *live, struct expose_value *to)
{
	struct live *l = live;
	struct values v = { to, 0 };
	struct probe_stats probe = { 0 };
	struct store_stats store = { 0 };

	probe_read_stats(l->probe, &probe);
	add_probe(&v, &probe);
	add_pipeline(&v, pipeline_stats(l->pipeline));
	add_tracer(&v, tracer_stats(l->app.tracer));
	if (l->app.exports.count)
		add_exporter(&v, &l->app.exports);
	if (l->app.store) {
		store_read_stats(l->app.store, &store);
		add_store(&v, &store);
	}
	add_coverage(&v, l->app.covered);
	add_prices(&v, &l->app.billing);
	add_process(&v);
	add_budgets(&v, l->budgets);
	add_kube(&v, l->kube);
	return v.n;
}
