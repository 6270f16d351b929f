/* SPDX-License-Identifier: Apache-2.0 */
#include "options_tables.h"

#include "cleanup.h"

#define ON(c) COMMAND_BIT(c)
#define LIVE (ON(CMD_RUN) | ON(CMD_EXEC) | ON(CMD_RECORD))
#define FILES (ON(CMD_REPLAY) | ON(CMD_DECODE))
#define EXPORTS COMMANDS_EXPORTING
#define PAGES (ON(CMD_UI) | ON(CMD_DEMO))
/* Tables of the store; then all that reads it. */
#define TABLES COMMANDS_TABLES
#define ASKS (TABLES | ON(CMD_QUERY))
#define READS                                                                                      \
	(ASKS | ON(CMD_REPORT) | ON(CMD_BUDGET) | ON(CMD_STATUSLINE) | ON(CMD_DASHBOARD) |         \
	 ON(CMD_SHOW) | ON(CMD_EXPLAIN) | ON(CMD_STATUS) | ON(CMD_TOP))

/* Flags that stand for an OTEL_EXPORTER_OTLP_* variable. */
const struct exporter_flag exporter_flags[] = {
	{ "otlp-endpoint", "ENDPOINT", "URL",
	  "send spans and metrics there (OTEL_EXPORTER_OTLP_ENDPOINT); without it nothing is "
	  "exported" },
	{ "otlp-protocol", "PROTOCOL", "NAME", "http/protobuf (default), http/json or grpc" },
	{ "otlp-headers", "HEADERS", "K=V,…", "headers of each request, values percent-encoded" },
	{ "otlp-timeout", "TIMEOUT", "MS", "for one request (default 10000)" },
	{ "otlp-compression", "COMPRESSION", "NAME", "gzip or none" },
	{ "otlp-certificate", "CERTIFICATE", "FILE",
	  "CA certificates that the endpoint is checked against" },
	{ "otlp-client-certificate", "CLIENT_CERTIFICATE", "FILE", "certificate for mTLS" },
	{ "otlp-client-key", "CLIENT_KEY", "FILE", "its key" },
};
const size_t n_exporter_flags = ARRAY_LEN(exporter_flags);
_Static_assert(ARRAY_LEN(exporter_flags) <= EXPORTER_FLAGS_MAX, "each has its value's place");

const struct option_flag option_flags[] = {
	{ ON(CMD_RUN), { "print", KEY_PRINT, NULL, 0, "show each call on standard output", 0 } },
	{ LIVE | FILES,
	  { "output", KEY_OUTPUT, "FORMAT", 0, "table, tree, jsonl or otlp-json", 0 } },
	{ LIVE | FILES,
	  { "output-file", KEY_OUTPUT_FILE, "FILE", 0,
	    "write the calls there, not to standard output", 0 } },
	{ ON(CMD_RUN) | ON(CMD_EXEC),
	  { "record", KEY_RECORD, "FILE", 0, "also write the event stream to FILE, secrets masked",
	    0 } },
	{ EXPORTS,
	  { "capture-content", KEY_CONTENT, "WHERE", OPTION_ARG_OPTIONAL,
	    "export prompts and completions, secrets masked (default: off): on spans, as events "
	    "(log records), or without a value both; WHERE is span, event or both",
	    0 } },
	{ EXPORTS,
	  { "export", KEY_EXPORT, "'URL WORD=VALUE…'", 0,
	    "export there too: protocol=, headers=, compression=, timeout=, certificate=, "
	    "signals=traces,metrics,logs, temporality=delta",
	    4 } },
	{ EXPORTS,
	  { "spool", KEY_SPOOL, "DIR", 0,
	    "keep there what a destination does not take, until it does; over restarts", 4 } },
	{ EXPORTS,
	  { "spool-mib", KEY_SPOOL_MIB, "N", 0,
	    "for each destination and signal; then the oldest goes (default 512)", 4 } },
	{ EXPORTS,
	  { "export-preset", KEY_EXPORT_PRESET, "NAME,…", 0,
	    "export to sentry, langfuse, datadog, phoenix or grafana; keys come from the variables "
	    "that their own tools read",
	    4 } },
	{ EXPORTS,
	  { "estimate-usage", KEY_ESTIMATE, NULL, 0,
	    "guess token counts of Chat Completions that are not on the wire, and mark them "
	    "(gentap.usage.source=estimated); costs are then guesses too",
	    0 } },
	{ EXPORTS,
	  { "suppress-duplicates", KEY_SUPPRESS, NULL, 0,
	    "do not export spans that the application exports itself, in the same trace "
	    "(gentap.duplicate=sdk_trace); they stay in the local database and metrics",
	    0 } },
	{ EXPORTS,
	  { "semconv", KEY_SEMCONV, "NAME", 0,
	    "names of attributes: v1.41 (default), latest or both", 0 } },
	{ EXPORTS | ON(CMD_PRICES),
	  { "prices", KEY_PRICES, "FILE", 0,
	    "price list that wins over the built-in one: genai-prices v2 or LiteLLM JSON", 0 } },
	{ ON(CMD_RUN),
	  { "metrics", KEY_METRICS, "ADDR:PORT", 0,
	    "serve /metrics for Prometheus there, and /healthz and /readyz; a port alone is one of "
	    "this machine's loopback",
	    0 } },
	{ LIVE,
	  { "kube-pods", KEY_KUBE_PODS, "URL", 0,
	    "ask there what pods run on this node: a kubelet's https://NODE:10250/pods, the API "
	    "server's /api/v1/pods?fieldSelector=spec.nodeName%3DNODE, auto (default: the API "
	    "server "
	    "of the cluster that gentap runs in) or off",
	    0 } },
	{ LIVE,
	  { "kube-token", KEY_KUBE_TOKEN, "FILE", 0,
	    "the token for it (default: the pod's service account's)", 0 } },
	{ LIVE,
	  { "kube-ca", KEY_KUBE_CA, "FILE", 0,
	    "CA certificates that it is checked against (default: the service account's)", 0 } },
	{ ON(CMD_EXEC) | FILES,
	  { "metrics-file", KEY_METRICS_FILE, "FILE", 0,
	    "at the end, write there what /metrics would say of the calls", 0 } },
	{ ON(CMD_RUN),
	  { "store", KEY_STORE, NULL, 0, "keep spans in the database that runs, query, top … read",
	    0 } },
	{ ON(CMD_RUN),
	  { "ui", KEY_UI, "ADDR:PORT", OPTION_ARG_OPTIONAL,
	    "serve the page there (default: 127.0.0.1:4777 or the next free port)", 0 } },
	{ PAGES,
	  { "listen", KEY_LISTEN, "ADDR:PORT", 0,
	    "serve there (default: 127.0.0.1:4777 or the next free port)", 0 } },
	{ PAGES | ON(CMD_RUN),
	  { "allow-host", KEY_ALLOW_HOST, "NAME,…", 0,
	    "names under which the page may be asked for, beside this machine's loopback", 0 } },
	{ ON(CMD_UI), { "listen-fd", KEY_LISTEN_FD, "FD", OPTION_HIDDEN, NULL, 0 } },
	{ ON(CMD_CONFIG), { "origin", KEY_ORIGIN, NULL, 0, "say where each setting stands", 0 } },
	{ ON(CMD_RUN),
	  { "keep-days", KEY_KEEP_DAYS, "N", 0,
	    "delete spans from the database after so many days (default 90; 0: never); their sums "
	    "stay",
	    0 } },
	{ ON(CMD_RUN),
	  { "keep-mib", KEY_KEEP_MIB, "N", 0,
	    "let the oldest spans go when the database gets larger (default 10240; 0: no limit)",
	    0 } },
	{ ON(CMD_RUN) | ON(CMD_EXEC) | ON(CMD_UI) | ON(CMD_DOCTOR) | FILES,
	  { "db", KEY_DB, "FILE", 0, "the database, where it is not the default one", 0 } },
	{ ASKS | ON(CMD_REPORT) | ON(CMD_SHOW) | ON(CMD_STATUS) | ON(CMD_TOP) | ON(CMD_BUDGET),
	  { "output", KEY_OUTPUT, "FORMAT", 0,
	    "table, wide, json, jsonl or csv; report: markdown, json or csv", 0 } },
	{ READS, { "db", KEY_DB, "FILE", 0, "the database, where it is not the default one", 0 } },
	{ ASKS | ON(CMD_TOP),
	  { "since", KEY_SINCE, "TIME", 0,
	    "from then on: 90m, 24h, 7d, today, 2026-01-31T12:00, all", 1 } },
	{ ASKS, { "until", KEY_UNTIL, "TIME", 0, "up to then", 1 } },
	{ ASKS | ON(CMD_REPORT),
	  { "where", KEY_WHERE, "CONDITION", 0,
	    "only what fits: key:value, =, !=, ~, <, in (a, b), and, or, not", 1 } },
	{ ON(CMD_QUERY),
	  { "having", KEY_HAVING, "CONDITION", 0, "--from runs: only runs with a span that fits",
	    1 } },
	{ ASKS, { "filter", KEY_WHERE, "CONDITION", OPTION_ALIAS, NULL, 1 } },
	{ ASKS | ON(CMD_REPORT),
	  { "group-by", KEY_GROUP, "ATTRIBUTE,…", 0, "one row for each value of these", 1 } },
	{ ASKS | ON(CMD_REPORT), { "by", KEY_GROUP, "ATTRIBUTE,…", OPTION_ALIAS, NULL, 1 } },
	{ ASKS, { "fields", KEY_FIELDS, "ATTRIBUTE,…", 0, "the columns of a list", 1 } },
	{ ASKS, { "sort", KEY_SORT, "COLUMN,…", 0, "by these columns; -COLUMN: falling", 1 } },
	{ ASKS | ON(CMD_TOP), { "limit", KEY_LIMIT, "N", 0, "at most so many rows", 1 } },
	{ ON(CMD_QUERY),
	  { "interval", KEY_INTERVAL, "TIME", 0, "a series: one row for each 1m, 1h, 1d", 1 } },
	{ ON(CMD_QUERY),
	  { "display", KEY_DISPLAY, "KIND", 0, "table, bar, line, big or heatmap", 1 } },
	{ ON(CMD_QUERY),
	  { "from", KEY_FROM, "SOURCE", 0, "spans (default), runs, sessions or connections", 1 } },
	{ ON(CMD_TOP), { "batch", KEY_BATCH, NULL, 0, "print instead of drawing", 1 } },
	{ ON(CMD_TOP), { "iterations", KEY_ITERATIONS, "N", 0, "stop after so many", 1 } },
	{ ON(CMD_TOP), { "delay", KEY_DELAY, "SECONDS", 0, "between two looks (default 2)", 1 } },
	{ ON(CMD_BUDGET), { "limit", KEY_AMOUNT, "USD", 0, "of a period", 1 } },
	{ ON(CMD_BUDGET), { "period", KEY_PERIOD, "NAME", 0, "day (default), week or month", 1 } },
	{ ON(CMD_BUDGET),
	  { "where", KEY_WHERE, "CONDITION", 0, "what counts (default: everything)", 1 } },
	{ ON(CMD_BUDGET), { "warn", KEY_WARN, "PERCENT", 0, "of the limit (default 80)", 1 } },
	{ ON(CMD_BUDGET), { "alert", KEY_ALERT, "PERCENT", 0, "of the limit (default 100)", 1 } },
	{ ON(CMD_BUDGET),
	  { "command", KEY_COMMAND, "COMMAND", 0, "run once when a threshold is crossed", 1 } },
	{ ON(CMD_BUDGET),
	  { "webhook", KEY_WEBHOOK, "URL", 0, "POST JSON there once when a threshold is crossed",
	    1 } },
	{ ON(CMD_BUDGET), { "delete", KEY_DELETE, NULL, 0, "with set: remove the budget", 1 } },
	{ LIVE,
	  { "pid", KEY_PID, "PID,…", 0, "observe only these processes and their children", 1 } },
	{ LIVE,
	  { "comm", KEY_COMM, "PATTERN,…", 0, "observe only processes of this name (shell pattern)",
	    1 } },
	{ LIVE,
	  { "exe", KEY_EXE, "PATTERN,…", 0, "observe only this executable (path or its last part)",
	    1 } },
	{ LIVE, { "uid", KEY_UID, "UID,…", 0, "observe only processes of these users", 1 } },
	{ LIVE, { "exclude-comm", KEY_EXCLUDE_COMM, "PATTERN,…", 0, "leave these out", 1 } },
	{ LIVE, { "exclude-exe", KEY_EXCLUDE_EXE, "PATTERN,…", 0, "leave these out", 1 } },
	{ LIVE, { "exclude-uid", KEY_EXCLUDE_UID, "UID,…", 0, "leave these out", 1 } },
	{ LIVE,
	  { "ring-size", KEY_RING, "BYTES", 0, "of the kernel ring buffer, a power of two", 2 } },
	{ LIVE,
	  { "java-attach", KEY_JAVA_ATTACH, NULL, 0,
	    "also read the TLS of Java: loads an agent into each JVM that is observed, and takes "
	    "its hooks out at the end",
	    1 } },
	{ LIVE | ON(CMD_DOCTOR),
	  { "feature-off", KEY_FEATURE_OFF, "NAME,…", 0,
	    "for testing: do as if the kernel lacked this (doctor names what there is)", 2 } },
	{ ~UINT64_C(0),
	  { "config", KEY_CONFIG, "FILE", 0, "settings, instead of those in /etc/gentap", 3 } },
	{ LIVE | FILES | READS | ON(CMD_DOCTOR),
	  { "verbose", KEY_VERBOSE, NULL, 0, "say more on standard error", 3 } },
	{ LIVE | FILES, { "quiet", KEY_QUIET, NULL, 0, "only errors on standard error", 3 } },
};
const size_t n_option_flags = ARRAY_LEN(option_flags);
_Static_assert(ARRAY_LEN(option_flags) + EXPORTER_FLAGS_MAX < OPTIONS_FLAGS_MAX,
	       "all fit into a command's list");

const struct option_command option_commands[] = {
	{ "run", CMD_RUN, "",
	  "Watch every process on this machine and export its LLM calls as OpenTelemetry spans.\v"
	  "Examples:\n"
	  "  gentap run --print\n"
	  "  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 gentap run\n"
	  "  gentap run --print --comm 'python*,node' --exclude-uid 0\n" },
	{ "exec", CMD_EXEC, "[--] COMMAND [ARG...]",
	  "Run COMMAND as the invoking user, observe it and its children, and print the calls "
	  "and their totals when it ends. The exit status is COMMAND's.\v"
	  "Examples:\n"
	  "  sudo gentap exec -- python3 my_agent.py\n"
	  "  sudo gentap exec -o otlp-json --output-file spans.jsonl -- claude -p hello\n" },
	{ "record", CMD_RECORD, "FILE",
	  "Write the event stream of LLM connections to FILE, secrets masked, until interrupted.\v"
	  "Examples:\n"
	  "  sudo gentap record session.gentap --pid 4711\n"
	  "  gentap replay session.gentap\n" },
	{ "replay", CMD_REPLAY, "FILE...",
	  "Decode recorded event streams, as if they happened now. No privilege needed.\v"
	  "Examples:\n"
	  "  gentap replay session.gentap\n"
	  "  gentap replay -o otlp-json session.gentap | jq .\n" },
	{ "decode", CMD_DECODE, "FILE...",
	  "Decode HAR 1.2 files (and recorded event streams) into spans. No privilege needed.\v"
	  "Examples:\n"
	  "  gentap decode session.har\n"
	  "  gentap decode -o jsonl a.har b.har\n" },
	{ "doctor", CMD_DOCTOR, "[FILE...]",
	  "Check kernel, privileges and libraries, and say what would be observed and what not, "
	  "and why. With files: which TLS libraries these executables and libraries contain, and "
	  "where they would be observed (no privilege needed).\v"
	  "Examples:\n  sudo gentap doctor\n  gentap doctor /usr/bin/node ~/.bun/bin/bun\n" },
	{ "ui", CMD_UI, "",
	  "Serve the page over a database, without watching anything.\v"
	  "Examples:\n"
	  "  gentap ui\n"
	  "  gentap ui --db copied.db --listen 127.0.0.1:8080\n" },
	{ "dashboard", CMD_DASHBOARD, "[list|create|add|export|import] [ARG...]",
	  "List, make and move the dashboards of the page; they are JSON files.\v"
	  "  list                             all of them\n"
	  "  create NAME [TITLE]              an empty one\n"
	  "  add NAME KIND TITLE QUERY...     one more widget: line, stacked, bar, table, big, "
	  "heatmap\n"
	  "  export NAME                      its file, to standard output\n"
	  "  import NAME FILE                 a file as that one\n\n"
	  "Examples:\n"
	  "  gentap dashboard create spend 'What we spend'\n"
	  "  gentap dashboard add spend stacked 'By team' "
	  "\"sum:gentap.cost.total --where 'span.op:gen_ai.request' --group-by team\"\n" },
	{ "demo", CMD_DEMO, "",
	  "Show the page with an hour of example data, in a database of its own.\v"
	  "Example:\n  gentap demo\n" },
	{ "prices", CMD_PRICES, "[[PROVIDER:]MODEL...]",
	  "Show the price lists in force, or what a model costs by them.\v"
	  "Examples:\n"
	  "  gentap prices\n"
	  "  gentap prices anthropic:claude-sonnet-4-5 gpt-5\n" },
	{ "query", CMD_QUERY, "AGGREGATE[:ATTRIBUTE]...",
	  "Ask the database anything: aggregates (count, sum, avg, min, max, p50, p75, p90, p95, "
	  "p99, rate, uniq, failure_rate, partial, below) over any attribute of a span; without "
	  "one, a list.\v"
	  "Examples:\n"
	  "  gentap query sum:gen_ai.usage.total_tokens --where span.op:gen_ai.request --by "
	  "user.id\n"
	  "  gentap query sum:cost count --by model --interval 1h --display line --since 24h\n"
	  "  gentap query p95:duration failure_rate --where 'span.op:gen_ai.execute_tool' --by "
	  "tool\n"
	  "  gentap query --where 'error.type:* and model ~ sonnet' --limit 20\n" },
	{ "runs", CMD_RUNS, "",
	  "Runs of agents, newest first: calls, tools, tokens, cost.\v"
	  "Example:\n  gentap runs --since 24h --where 'agent:coder and errors > 0'\n" },
	{ "calls", CMD_CALLS, "",
	  "Calls of models, newest first.\v"
	  "Example:\n  gentap calls --where 'model:claude-* duration > 10s'\n" },
	{ "models", CMD_MODELS, "", "What each model costs, how fast and how reliable it is." },
	{ "tools", CMD_TOOLS, "",
	  "How often agents use each tool, how long it takes, how often it fails." },
	{ "agents", CMD_AGENTS, "", "Runs of each agent and what they take." },
	{ "users", CMD_USERS, "", "What each user spends." },
	{ "teams", CMD_TEAMS, "", "What each team spends." },
	{ "repos", CMD_REPOS, "", "What is spent in each repository." },
	{ "sessions", CMD_SESSIONS, "", "Conversations, the latest first." },
	{ "errors", CMD_ERRORS, "", "What fails, and how often." },
	{ "coverage", CMD_COVERAGE, "",
	  "What was seen and could be decoded, and what not and why." },
	{ "show", CMD_SHOW, "ID|last",
	  "The tree of a trace: ID is a trace's, a run's or a span's, or its beginning.\v"
	  "Example:\n  gentap show last\n" },
	{ "explain", CMD_EXPLAIN, "ID|last",
	  "Why a call is whose it is, and what its cost is made of: ID is the call's, or that of "
	  "its "
	  "trace or run.\v"
	  "Example:\n  gentap explain last\n" },
	{ "report", CMD_REPORT, "daily|weekly|monthly",
	  "What the last day, week or month cost, beside the one before it.\v"
	  "Examples:\n  gentap report weekly\n  gentap report monthly --by repo,user -o csv\n" },
	{ "budget", CMD_BUDGET, "set NAME|list|check",
	  "Limits of spending: 'check' exits with 3 when one is exceeded.\v"
	  "Examples:\n"
	  "  gentap budget set team-a --limit 50 --period day --where team:a --command "
	  "'notify-send over'\n"
	  "  gentap budget check\n" },
	{ "top", CMD_TOP, "",
	  "Runs, models, tools and people, live.\v"
	  "Example:\n  gentap top --batch --iterations 1 -o json\n" },
	{ "statusline", CMD_STATUSLINE, "",
	  "Today's cost and tokens in one line, for prompts and status bars." },
	{ "status", CMD_STATUS, "",
	  "Does the agent run, what does the database hold, what was lost." },
	{ "completion", CMD_COMPLETION, "bash|zsh|fish",
	  "Print the shell's completion script.\v"
	  "Example:\n  source <(gentap completion bash)\n" },
	{ "man", CMD_MAN, "[COMMAND]",
	  "Print the manual page, for man -l -.\v"
	  "Example:\n  gentap man query | man -l -\n" },
	{ "config", CMD_CONFIG, "check [FILE...]|show",
	  "Check the configuration, or show what is set and where.\v"
	  "Examples:\n"
	  "  gentap config check /etc/gentap/config.yaml\n"
	  "  gentap config show --origin\n" },
	{ "version", CMD_VERSION, "", "Print the version." },
	{ "help", CMD_HELP, "[COMMAND]", "Show this, or the help of a command." },
};
const size_t n_option_commands = ARRAY_LEN(option_commands);
