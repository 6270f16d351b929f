/* SPDX-License-Identifier: Apache-2.0 */
/* runs, calls, models, tools, … : a question and the columns it is shown in. */
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "log.h"
#include "reader.h"
#include "tables.h"
#include "trace_otlp.h"

#include <unistd.h>

#define COLUMNS_MAX 16
#define OTLP_MAX (256u * 1024 * 1024)
#define LIST_ROWS "50"

struct table_spec {
	enum command command;
	const char *source; /* --from */
	const char *where;
	const char *key;  /* --group-by; NULL: a list */
	const char *asks; /* aggregates, or the fields of a list; by spaces or commas */
	const char *sort; /* NULL: as the query has it */
	const char *unit; /* what a row is, for the last line */
	struct view_column view[COLUMNS_MAX];
};

#define SPENDS                                                                                     \
	"count sum:input sum:cached sum:output sum:reasoning sum:cost sum:cost_saved "             \
	"sum:cost_guessed "                                                                        \
	"failure_rate p50:ttft p50:duration p95:duration"
#define SPENDING_VIEW(header, key)                                                                 \
	{                                                                                          \
		{ header, key, NULL, 0, false, 40 }, { "CALLS", "count", NULL, 1, false, 0 },      \
			{ "FAIL", "failure_rate", NULL, 4, false, 0 },                             \
			{ "INPUT", "sum:input", NULL, 3, false, 0 },                               \
			{ "CACHED", "sum:cached", "sum:input", 6, false, 0 },                      \
			{ "OUTPUT", "sum:output", NULL, 3, false, 0 },                             \
			{ "REASON", "sum:reasoning", "sum:output", 9, true, 0 },                   \
			{ "TTFT", "p50:ttft", NULL, 7, false, 0 },                                 \
			{ "P50", "p50:duration", NULL, 8, false, 0 },                              \
			{ "P95", "p95:duration", NULL, 5, false, 0 },                              \
			{ "COST", "sum:cost", NULL, 0, false, 0 },                                 \
		{                                                                                  \
			"SAVED", "sum:cost_saved", NULL, 9, true, 0                                \
		}                                                                                  \
	}
#define SPENDING(command, header, key)                                                             \
	{                                                                                          \
		command, "spans", "span.op:gen_ai.request", key, SPENDS, "-sum:cost,-count",       \
			"calls", SPENDING_VIEW(header, key)                                        \
	}

static const struct table_spec specs[] = {
	{ CMD_RUNS,
	  "runs",
	  NULL,
	  NULL,
	  "start,state,doing,agent,model,user,repo,duration,calls,tools,errors,total,cost,run,"
	  "trace_id,guessed",
	  NULL,
	  "runs",
	  { { "START", "start", NULL, 0, false, 0 },
	    { "STATE", "state", NULL, 3, false, 0 },
	    { "NOW", "doing", NULL, 2, false, 24 },
	    { "AGENT", "agent", NULL, 0, false, 28 },
	    { "MODEL", "model", NULL, 5, false, 26 },
	    { "USER", "user", NULL, 6, false, 20 },
	    { "REPO", "repo", NULL, 7, false, 20 },
	    { "TOOK", "duration", NULL, 2, false, 0 },
	    { "CALLS", "calls", NULL, 3, false, 0 },
	    { "TOOLS", "tools", NULL, 4, false, 0 },
	    { "ERRORS", "errors", NULL, 4, false, 0 },
	    { "TOKENS", "total", NULL, 3, false, 0 },
	    { "COST", "cost", NULL, 0, false, 0 },
	    { "RUN", "run", NULL, 1, false, 0 },
	    { "TRACE", "trace_id", NULL, 9, true, 0 } } },
	{ CMD_CALLS,
	  "spans",
	  "span.op:gen_ai.request",
	  NULL,
	  "time,agent,model,process.executable.name,input,cached,output,ttft,duration,cost,"
	  "gentap.cost.source,cost_guessed,error.type,gen_ai.response.finish_reasons,gentap."
	  "completeness,trace_"
	  "id",
	  NULL,
	  "calls",
	  { { "TIME", "time", NULL, 0, false, 0 },
	    { "AGENT", "agent", NULL, 6, false, 24 },
	    { "MODEL", "model", NULL, 0, false, 30 },
	    { "PROCESS", "process.executable.name", NULL, 7, false, 16 },
	    { "INPUT", "input", NULL, 2, false, 0 },
	    { "CACHED", "cached", NULL, 5, false, 0 },
	    { "OUTPUT", "output", NULL, 2, false, 0 },
	    { "TTFT", "ttft", NULL, 4, false, 0 },
	    { "TOOK", "duration", NULL, 1, false, 0 },
	    { "COST", "cost", NULL, 0, false, 0 },
	    { "PRICE", "gentap.cost.source", NULL, 9, true, 0 },
	    { "ERROR", "error.type", NULL, 3, false, 24 },
	    { "FINISH", "gen_ai.response.finish_reasons", NULL, 8, true, 16 },
	    { "COMPLETE", "gentap.completeness", NULL, 9, true, 0 },
	    { "TRACE", "trace_id", NULL, 9, true, 0 } } },
	SPENDING(CMD_MODELS, "MODEL", "gentap.provider_model"),
	SPENDING(CMD_USERS, "USER", "user.id"),
	SPENDING(CMD_TEAMS, "TEAM", "gentap.team"),
	SPENDING(CMD_REPOS, "REPOSITORY", "vcs.repository.name"),
	{ CMD_TOOLS,
	  "spans",
	  "span.op:gen_ai.execute_tool",
	  "gen_ai.tool.name",
	  "count failure_rate p50:duration p95:duration max:duration",
	  NULL,
	  "tool calls",
	  { { "TOOL", "gen_ai.tool.name", NULL, 0, false, 48 },
	    { "CALLS", "count", NULL, 0, false, 0 },
	    { "FAIL", "failure_rate", NULL, 0, false, 0 },
	    { "P50", "p50:duration", NULL, 2, false, 0 },
	    { "P95", "p95:duration", NULL, 0, false, 0 },
	    { "LONGEST", "max:duration", NULL, 3, false, 0 } } },
	{ CMD_AGENTS,
	  "runs",
	  NULL,
	  "agent",
	  "count failure_rate sum:calls sum:tools avg:total sum:cost sum:guessed avg:cost "
	  "p50:duration "
	  "p95:duration",
	  "-sum:cost,-count",
	  "runs",
	  { { "AGENT", "agent", NULL, 0, false, 40 },
	    { "RUNS", "count", NULL, 0, false, 0 },
	    { "FAIL", "failure_rate", NULL, 2, false, 0 },
	    { "CALLS", "sum:calls", NULL, 4, false, 0 },
	    { "TOOLS", "sum:tools", NULL, 4, false, 0 },
	    { "TOKENS/RUN", "avg:total", NULL, 3, false, 0 },
	    { "P50", "p50:duration", NULL, 6, false, 0 },
	    { "P95", "p95:duration", NULL, 5, false, 0 },
	    { "COST/RUN", "avg:cost", NULL, 1, false, 0 },
	    { "COST", "sum:cost", NULL, 0, false, 0 } } },
	{ CMD_SESSIONS,
	  "sessions",
	  NULL,
	  NULL,
	  "end,session,agent,user,repo,duration,runs,calls,tools,errors,total,cost,guessed",
	  NULL,
	  "sessions",
	  { { "LAST", "end", NULL, 0, false, 0 },
	    { "SESSION", "session", NULL, 0, false, 36 },
	    { "AGENT", "agent", NULL, 3, false, 24 },
	    { "USER", "user", NULL, 5, false, 20 },
	    { "REPO", "repo", NULL, 6, false, 20 },
	    { "SPAN", "duration", NULL, 2, false, 0 },
	    { "RUNS", "runs", NULL, 4, false, 0 },
	    { "CALLS", "calls", NULL, 1, false, 0 },
	    { "TOOLS", "tools", NULL, 7, false, 0 },
	    { "ERRORS", "errors", NULL, 7, false, 0 },
	    { "TOKENS", "total", NULL, 2, false, 0 },
	    { "COST", "cost", NULL, 0, false, 0 } } },
	{ CMD_ERRORS,
	  "spans",
	  "error.type:*",
	  "error.type,span.op",
	  "count p50:duration p95:duration",
	  NULL,
	  "errors",
	  { { "ERROR", "error.type", NULL, 0, false, 48 },
	    { "IN", "span.op", NULL, 1, false, 0 },
	    { "COUNT", "count", NULL, 0, false, 0 },
	    { "P50", "p50:duration", NULL, 3, false, 0 },
	    { "P95", "p95:duration", NULL, 2, false, 0 } } },
	{ CMD_COVERAGE,
	  "connections",
	  NULL,
	  NULL,
	  "last,process,pid,endpoint,library,state,calls,decoded,partial,opaque,reason,remedy",
	  NULL,
	  "connections",
	  { { "PROCESS", "process", NULL, 0, false, 20 },
	    { "ENDPOINT", "endpoint", NULL, 0, false, 36 },
	    { "STATE", "state", NULL, 0, false, 0 },
	    { "CALLS", "calls", NULL, 4, false, 0 },
	    { "DECODED", "decoded", NULL, 3, false, 0 },
	    { "PARTIAL", "partial", NULL, 5, false, 0 },
	    { "OPAQUE", "opaque", NULL, 2, false, 0 },
	    { "WHY", "reason", NULL, 1, false, 48 },
	    { "REMEDY", "remedy", NULL, 6, false, 48 },
	    { "LIBRARY", "library", NULL, 9, true, 0 },
	    { "LAST", "last", NULL, 7, false, 0 } } },
};

static const struct table_spec *find_spec(enum command command)
{
	for (size_t i = 0; i < ARRAY_LEN(specs); i++)
		if (specs[i].command == command)
			return &specs[i];
	return NULL;
}

static int add_aggregates(struct query *q, const char *list)
{
	_cleanup_free_ char *copy = strdup(list);
	char *at = copy;
	int r = copy ? 0 : 1;

	for (char *word; !r && (word = strsep(&at, " "));)
		r = reader_add(q, word);
	return r;
}

int table_build(struct query *q, enum command command, const struct options *o)
{
	const struct table_spec *spec = find_spec(command);

	int r = reader_set(q, "from", spec->source);

	if (!r && spec->where)
		r = reader_set(q, "where", spec->where);
	if (!r && spec->key)
		r = reader_set(q, "group-by", spec->key);
	if (!r && spec->key)
		r = add_aggregates(q, spec->asks);
	else if (!r && !options_word(o, "fields"))
		r = reader_set(q, "fields", spec->asks);
	if (!r && spec->sort)
		r = reader_set(q, "sort", spec->sort);
	if (!r && !spec->key)
		r = reader_set(q, "limit", LIST_ROWS);
	return r ? r : reader_set_flags(q, o);
}

const struct view_column *table_view(enum command command, size_t *ret_n)
{
	const struct table_spec *spec = find_spec(command);

	for (*ret_n = 0; *ret_n < COLUMNS_MAX && spec->view[*ret_n].header;)
		++*ret_n;
	return spec->view;
}

/* --by and --fields add columns that the table has no header for. */
static size_t make_view(const struct table_spec *spec, const struct query *q,
			const struct options *o, struct view_column *view, size_t max)
{
	size_t n = 0, from = spec->key ? (strchr(spec->key, ',') ? 2 : 1) : 0;

	if (options_word(o, "fields"))
		return 0;
	if (spec->key) {
		view[n++] = spec->view[0];
		for (size_t i = from; i < q->n_keys && n < max; i++)
			view[n++] = (struct view_column){ .header = q->keys[i].name.data,
							  .name = q->keys[i].name.data,
							  .max_width = 32 };
	}
	for (size_t i = n ? 1 : 0; i < COLUMNS_MAX && spec->view[i].header && n < max; i++)
		view[n++] = spec->view[i];
	return n;
}

static void say_more(const struct table_spec *spec, const struct query *q,
		     const struct query_result *r)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (!r->n_rows)
		fprintf(stderr, "no %s%s\n", spec->unit,
			q->since_ns || q->where ? " fit; --since all shows everything" : " yet");
	else if (r->n_rows < r->groups)
		fprintf(stderr, "%zu of %llu rows; --limit 0 shows all\n", r->n_rows,
			(unsigned long long)r->groups);
	if (r->rounded)
		fprintf(stderr, "the beginning is rounded to what is kept of that time\n");
}

/* The traces of the listed runs, each once. */
static int print_otlp(struct query_db *db, const struct query_result *r, const struct options *o)
{
	_cleanup_(buf_cleanup) struct buf out = BUF_INIT(OTLP_MAX);
	size_t at = 0;

	while (at < r->n_columns && !slice_eq(r->columns[at].name, SLICE("trace_id")))
		at++;
	for (size_t row = 0; at < r->n_columns && row < r->n_rows; row++) {
		struct slice id = query_cell(r, row, at)->text;
		uint8_t trace_id[16];
		bool told = false;
		int e;

		for (size_t i = 0; i < row && !told; i++)
			told = slice_eq(query_cell(r, i, at)->text, id);
		if (told)
			continue;
		e = query_find_trace(db, id, trace_id);
		e = e ? e : trace_otlp_add(db, trace_id, o->semconv, &out);
		if (e) {
			log_error("%s: a trace cannot be read: %s", "runs", strerror(-e));
			return 1;
		}
	}
	return fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout);
}

int cmd_table(const struct options *o)
{
	const struct table_spec *spec = find_spec(o->command);
	struct view_column view[2 * COLUMNS_MAX];
	struct query_result result = { 0 };
	struct query_db *db = NULL;
	uint64_t now = clock_wall_ns();
	struct query q;
	size_t n_view;
	int status;

	query_init(&q, now);
	status = table_build(&q, o->command, o);
	if (!status)
		status = reader_open(o, &db) ? 1 : 0;
	if (!status)
		status = reader_run(db, &q, &result);
	if (!status && o->output == OUTPUT_OTLP_JSON) {
		status = print_otlp(db, &result, o);
	} else if (!status) {
		n_view = make_view(spec, &q, o, view, ARRAY_LEN(view));
		status = reader_print(&result, o, n_view ? view : NULL, n_view, now);
		say_more(spec, &q, &result);
	}
	query_result_release(&result);
	query_release(&q);
	query_close(db);
	return status;
}
