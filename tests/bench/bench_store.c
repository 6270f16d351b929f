/* SPDX-License-Identifier: Apache-2.0 */
/* The store with a million spans: how fast they go in, how much they take, and how long
 * what the terminal tables ask for takes. In the environment: SPANS=n for another
 * number, DB=file to keep it (and to ask again), FILL=1 to only fill. */
#include "clock.h"
#include "query.h"
#include "store.h"
#include "store_spans.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAYS 30
#define RUNS 11

static double now_ms(void)
{
	return (double)clock_mono_ns() / 1e6;
}

/* Of this thread: what it would take on a machine with nothing else to do. */
static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_us(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

/* How long threads of this process stood ready while others had the CPUs: of another
 * thread than this, the longest. A machine that is shared says little without it. */
static double waited_ms(void)
{
	struct dirent *e;
	DIR *tasks = opendir("/proc/self/task");
	uint64_t most = 0, ns;

	while (tasks && (e = readdir(tasks))) {
		_cleanup_fclose_ FILE *f = NULL;
		char path[300], line[128];
		struct slice rest;

		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", e->d_name);
		f = fopen(path, "re");
		if (!f || !fgets(line, sizeof(line), f))
			continue;
		rest = slice_from(line);
		slice_cut(&rest, ' '); /* how long it ran */
		if (strtoull(e->d_name, NULL, 10) != (unsigned long long)getpid() &&
		    !slice_u64(slice_cut(&rest, ' '), &ns))
			most = MAX(most, ns);
	}
	if (tasks)
		closedir(tasks);
	return (double)most / 1e6;
}

static int fill(const char *path, uint64_t n, int64_t span_ns)
{
	struct maker m = maker_init(1, n, span_ns);
	struct store_config config = { .path = path, .must_open = true };
	struct store_stats stats = { 0 };
	struct store *store;
	double began = now_ms(), taken, waited;
	struct rusage usage;
	double ours; /* this thread makes spans and rows of them; the other writes */

	if (store_new(&store, &config))
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		struct made made = made_next(&m);
		struct span *s = made_span(&made);

		if (!s)
			return -1;
		store_span(store, s);
		span_free(s);
		/* As fast as it takes them, and not faster. */
		while (i % 1024 == 0) {
			store_read_stats(store, &stats);
			if (stats.queued < STORE_QUEUE_MAX / 2)
				break;
			usleep(1000);
		}
	}
	store_flush(store, 60000);
	taken = now_ms() - began;
	waited = waited_ms();
	store_read_stats(store, &stats);
	getrusage(RUSAGE_SELF, &usage);
	ours = cpu_ms();
	store_free(store);
	printf("store: %llu of %llu spans written in %.1f s: %.0f spans/s, making them included, "
	       "and %.0f without the %.1f s in which others had the writer's CPU; CPU %.1f µs a "
	       "span in the writer, %.1f in all, peak RSS %ld MiB\n",
	       (unsigned long long)stats.written, (unsigned long long)n, taken / 1e3,
	       (double)n / taken * 1e3, (double)n / (taken - waited) * 1e3, waited / 1e3,
	       (cpu_us(&usage) - ours * 1e3) / (double)n, cpu_us(&usage) / (double)n,
	       usage.ru_maxrss / 1024);
	return stats.written == n ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* As the command would: the file is opened for each. */
static int ask(const char *path, const char *name, const char *line)
{
	double times[RUNS], cpu[RUNS];
	struct query_result result = { 0 };
	struct query_error error;
	uint64_t rows = 0;

	for (int i = 0; i < RUNS; i++) {
		double began = now_ms(), began_cpu = cpu_ms();
		struct query_db *db;
		struct query q;
		int r = query_open(&db, path);

		if (r)
			return r;
		query_init(&q, MADE_BASE_NS + DAYS * 86400 * NSEC_PER_SEC);
		r = query_parse(&q, slice_from(line), &error);
		if (!r)
			r = query_run(db, &q, &result);
		if (r) {
			printf("%s: error %d\n", line, r);
			return r;
		}
		rows = result.n_rows;
		query_result_release(&result);
		query_release(&q);
		query_close(db);
		times[i] = now_ms() - began;
		cpu[i] = cpu_ms() - began_cpu;
	}
	qsort(times, RUNS, sizeof(times[0]), by_value);
	qsort(cpu, RUNS, sizeof(cpu[0]), by_value);
	printf("store: %-34s %7.1f ms median, %7.1f ms worst, CPU %7.1f ms, %llu rows\n", name,
	       times[RUNS / 2], times[RUNS - 1], cpu[RUNS / 2], (unsigned long long)rows);
	return 0;
}

static int ask_all(const char *path)
{
	static const char *const usage = "count sum:input sum:cached sum:output sum:total sum:cost "
					 "failure_rate p50:duration "
					 "p95:duration p50:ttft ";
	static const struct {
		const char *name, *line;
		bool usage;
	} queries[] = {
		{ "runs", "--from runs --limit 50", false },
		{ "calls", "--where 'span.op:gen_ai.request' --limit 50", false },
		{ "models", "--group-by gentap.provider_model --where span.op:gen_ai.request",
		  true },
		{ "tools", "--group-by tool --where span.op:gen_ai.execute_tool", true },
		{ "agents",
		  "count failure_rate sum:calls sum:tools avg:total sum:cost avg:cost p50:duration "
		  "p95:duration --from runs --group-by agent",
		  false },
		{ "users", "--group-by user.id --where span.op:gen_ai.request", true },
		{ "teams", "--group-by team --where span.op:gen_ai.request", true },
		{ "repos", "--group-by repo --where span.op:gen_ai.request", true },
		{ "sessions", "--from sessions --limit 50", false },
		{ "errors",
		  "count p50:duration p95:duration --group-by error.type,span.op --where "
		  "error.type:*",
		  false },
		{ "models, 24 h", "--group-by model --where span.op:gen_ai.request --since 24h",
		  true },
		{ "users, 7 days and 3 h",
		  "--group-by user.id --where span.op:gen_ai.request --since 171h", true },
		{ "series by model, 1 h, 30 days",
		  "sum:cost count --group-by model --interval 1h --limit 8 --where "
		  "span.op:gen_ai.request",
		  false },
		{ "one model", "count sum:cost --where 'span.op:gen_ai.request model:model-3'",
		  false },
		{ "all spans: model and user", "count sum:cost --group-by model,user.id", false },
		{ "all spans: JSON attribute", "count --group-by gen_ai.request.max_tokens",
		  false },
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_LEN(queries); i++) {
		char line[1024];

		snprintf(line, sizeof(line), "%s%s", queries[i].usage ? usage : "",
			 queries[i].line);
		r = ask(path, queries[i].name, line);
	}
	return r;
}

int main(void)
{
	const char *count = getenv("SPANS"), *kept = getenv("DB");
	char folder[] = "/tmp/gentap-bench-XXXXXX", path[128];
	uint64_t n = 1000000;
	struct stat st;
	int r = 0;

	if (count && slice_u64(slice_from(count), &n))
		return 2;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s", kept ? kept : "");
	if (!kept)
		snprintf(path, sizeof(path), "%s/gentap.db", folder);
	if (getenv("BURST"))
		return fill(path, n, (int64_t)n * (int64_t)NSEC_PER_SEC / 20000) ? 1 : 0;
	if (!kept || access(kept, R_OK))
		r = fill(path, n, (int64_t)DAYS * 86400 * (int64_t)NSEC_PER_SEC);
	if (!r && !stat(path, &st))
		printf("store: %.1f MiB, %.0f bytes a span\n", (double)st.st_size / (1 << 20),
		       (double)st.st_size / (double)n);
	if (!r && !getenv("FILL"))
		r = ask_all(path);
	if (!kept)
		unlink(path);
	rmdir(folder);
	return r ? 1 : 0;
}
