/* SPDX-License-Identifier: Apache-2.0 */
/* The text of each version of the schema; only schema.c reads this. What was released
 * is never changed: the next version has a text of its own. */
#ifndef STORE_SCHEMA_SQL_H
#define STORE_SCHEMA_SQL_H

/* k_: how many spans had the measure; s_: their sum. For runs and sessions, k_ is beside
 * the sum as well: what was not told is no 0. */
#define SCHEMA_SUMS_1                                                                              \
	"k_input INT, s_input INT, k_output INT, s_output INT, k_total INT, s_total INT,"          \
	"k_cached INT, s_cached INT, k_cache_write INT, s_cache_write INT,"                        \
	"k_reasoning INT, s_reasoning INT, k_cost INT, s_cost INT,"                                \
	"k_cost_input INT, s_cost_input INT, k_cost_cache_read INT, s_cost_cache_read INT,"        \
	"k_cost_cache_write INT, s_cost_cache_write INT, k_cost_output INT, s_cost_output INT,"    \
	"k_cost_other INT, s_cost_other INT, k_cost_saved INT, s_cost_saved INT"

/* Both of one shape: what the spans of one key add up to. */
#define SCHEMA_GROUP_1                                                                             \
	"trace_id BLOB, agent INT, conversation INT, model INT, user INT, tier INT, team INT,"     \
	"repo INT, branch INT, service INT, comm INT, namespace INT, host INT, pid INT,"           \
	"start_ns INT NOT NULL, end_ns INT NOT NULL, ended INT NOT NULL, error INT NOT NULL,"      \
	"error_type INT, calls INT NOT NULL, tools INT NOT NULL, errors INT NOT NULL,"             \
	"partial INT NOT NULL, runs INT NOT NULL," SCHEMA_SUMS_1

#define SCHEMA_SQL_1                                                                               \
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"                            \
	"CREATE TABLE strings(id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE);"                \
	"CREATE TABLE resources(id INTEGER PRIMARY KEY, pid INT, start_ns INT, comm TEXT,"         \
	" exe TEXT, cmdline TEXT, cwd TEXT, owner TEXT, cgroup TEXT, container_id TEXT,"           \
	" service_name TEXT, attributes TEXT);"                                                    \
	"CREATE INDEX resources_process ON resources(pid, start_ns);"                              \
	"CREATE TABLE spans(id INTEGER PRIMARY KEY, cls INT NOT NULL, start_ns INT NOT NULL,"      \
	" duration_ns INT NOT NULL, error INT NOT NULL, model INT, provider INT, agent INT,"       \
	" tool INT, user INT, tier INT, team INT, repo INT, input INT, output INT, total INT,"     \
	" cached INT, cache_write INT, reasoning INT, cost INT, ttft_ns INT, error_type INT,"      \
	" cost_input INT, cost_cache_read INT, cost_cache_write INT, cost_output INT,"             \
	" cost_other INT, cost_saved INT, cost_source INT, usage_source INT, completeness INT,"    \
	" op INT, finish INT, server INT, service INT, namespace INT, feature INT, comm INT,"      \
	" branch INT, pod INT, container INT, unit INT, host INT, request_model INT,"              \
	" response_model INT, conversation INT, inferred INT, pid INT, retry_count INT,"           \
	" lost_bytes INT, kind INT, name INT, run_id BLOB, parent_id BLOB,"                        \
	" span_id BLOB NOT NULL, trace_id BLOB NOT NULL, pmodel INT,"                              \
	" resource INT);"                                                                          \
	"CREATE UNIQUE INDEX spans_ids ON spans(trace_id, span_id);"                               \
	"CREATE INDEX spans_time ON spans(start_ns, cls);"                                         \
	"CREATE INDEX spans_errors ON spans(start_ns) WHERE error = 1;"                            \
	"CREATE TABLE span_details(id INTEGER PRIMARY KEY, status_message TEXT,"                   \
	" attributes TEXT);"                                                                       \
	"CREATE TABLE runs(key BLOB PRIMARY KEY, " SCHEMA_GROUP_1 ");"                             \
	"CREATE INDEX runs_time ON runs(start_ns);"                                                \
	"CREATE TABLE sessions(key INTEGER PRIMARY KEY, " SCHEMA_GROUP_1 ");"                      \
	"CREATE INDEX sessions_time ON sessions(end_ns);"                                          \
	"CREATE TABLE rollups(gran INT, dim INT, bucket INT, cls INT, value INT,"                  \
	" n INT NOT NULL, errors INT NOT NULL, partial INT NOT NULL,"                              \
	" s_duration_ns INT, min_duration_ns INT, max_duration_ns INT, hist_duration_ns BLOB,"     \
	" k_ttft_ns INT, s_ttft_ns INT, min_ttft_ns INT, max_ttft_ns INT, hist_ttft_ns BLOB,"      \
	" " SCHEMA_SUMS_1 ", PRIMARY KEY(gran, dim, bucket, cls, value)) WITHOUT ROWID;"           \
	"CREATE TABLE connections(id INTEGER PRIMARY KEY, comm TEXT, exe TEXT, library TEXT,"      \
	" endpoint TEXT, state TEXT NOT NULL, reason TEXT, remedy TEXT, pid INT, calls INT,"       \
	" bytes_decoded INT, bytes_partial INT, bytes_opaque INT, first_ns INT, last_ns INT);"     \
	"CREATE UNIQUE INDEX connections_key ON connections(exe, library, endpoint, state,"        \
	" reason);"                                                                                \
	"CREATE TABLE budgets(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, scope TEXT,"      \
	" period TEXT NOT NULL, limit_pd INT NOT NULL, warn REAL NOT NULL, alert REAL NOT NULL,"   \
	" command TEXT, webhook TEXT, fired_period INT, fired_level INT);"

/* Nothing wrote to `connections` before. */
#define SCHEMA_SQL_2                                                                               \
	"DROP INDEX connections_key;"                                                              \
	"CREATE UNIQUE INDEX connections_key ON connections(exe, comm, endpoint);"

/* Two words at once, and the runs in which something happened, without reading all spans. */
#define SCHEMA_SQL_3                                                                               \
	"CREATE TABLE facets(bucket INT NOT NULL, cls INT NOT NULL, error INT NOT NULL, model "    \
	"INT,"                                                                                     \
	" provider INT, agent INT, tool INT, user INT, tier INT, team INT, repo INT,"              \
	" error_type INT, op INT, finish INT, server INT, service INT, namespace INT,"             \
	" feature INT, comm INT, pmodel INT, pod INT, host INT,"                                   \
	" n INT NOT NULL, errors INT NOT NULL, partial INT NOT NULL,"                              \
	" s_duration_ns INT, min_duration_ns INT, max_duration_ns INT, hist_duration_ns BLOB,"     \
	" k_ttft_ns INT, s_ttft_ns INT, min_ttft_ns INT, max_ttft_ns INT, hist_ttft_ns BLOB,"      \
	" " SCHEMA_SUMS_1 ");"                                                                     \
	"CREATE INDEX facets_time ON facets(bucket, cls);"                                         \
	"CREATE TABLE facet_hours(bucket INTEGER PRIMARY KEY, n INT NOT NULL, kept INT NOT NULL);" \
	"CREATE INDEX spans_run ON spans(run_id, tool) WHERE run_id IS NOT NULL;"

/* What a run or a session was asked; what changed, and when. */
#define SCHEMA_SQL_4                                                                               \
	"ALTER TABLE runs ADD COLUMN task TEXT;"                                                   \
	"ALTER TABLE sessions ADD COLUMN task TEXT;"                                               \
	"CREATE TABLE marks(kind TEXT NOT NULL, subject TEXT NOT NULL, time_ns INT NOT NULL,"      \
	" before TEXT, after TEXT NOT NULL, PRIMARY KEY(kind, subject, time_ns)) WITHOUT ROWID;"   \
	"CREATE INDEX marks_time ON marks(time_ns);"

#define SCHEMA_PRICE_DATE "json_extract(attributes,'$.\"gentap.cost.price_date\"')"

/* Any question about many spans, not only of words that go together often. */
#define SCHEMA_SQL_5                                                                               \
	"DROP TABLE facets; DROP TABLE facet_hours;"                                               \
	"ALTER TABLE spans ADD COLUMN price_date INT;"                                             \
	"INSERT OR IGNORE INTO strings(value) SELECT DISTINCT " SCHEMA_PRICE_DATE                  \
	" FROM span_details WHERE " SCHEMA_PRICE_DATE " IS NOT NULL;"                              \
	"UPDATE spans SET price_date=(SELECT w.id FROM span_details d JOIN strings w"              \
	" ON w.value=" SCHEMA_PRICE_DATE " WHERE d.id=spans.id) WHERE cost_source IS NOT NULL;"    \
	"UPDATE span_details SET attributes=json_remove(attributes,"                               \
	"'$.\"gentap.cost.price_date\"') WHERE " SCHEMA_PRICE_DATE " IS NOT NULL;"                 \
	"CREATE TABLE slabs(last INTEGER PRIMARY KEY, first INT NOT NULL, n INT NOT NULL,"         \
	" from_ns INT NOT NULL, to_ns INT NOT NULL);"                                              \
	"CREATE TABLE slab_columns(key INTEGER PRIMARY KEY, data BLOB NOT NULL);"

/* Calls that were refused, apart from those whose cost is not known. */
#define SCHEMA_SQL_6                                                                               \
	"ALTER TABLE rollups ADD COLUMN refused INT NOT NULL DEFAULT 0;"                           \
	"ALTER TABLE runs ADD COLUMN refused INT NOT NULL DEFAULT 0;"                              \
	"ALTER TABLE sessions ADD COLUMN refused INT NOT NULL DEFAULT 0;"

/* How much of a cost is a guess; nothing tells it of what was summed before. */
#define SCHEMA_GUESSED(table)                                                                      \
	"ALTER TABLE " table " ADD COLUMN k_cost_guessed INT NOT NULL DEFAULT 0;"                  \
	"ALTER TABLE " table " ADD COLUMN s_cost_guessed INT NOT NULL DEFAULT 0;"
#define SCHEMA_SQL_7                                                                               \
	"ALTER TABLE spans ADD COLUMN cost_guessed INT;" SCHEMA_GUESSED("rollups")                 \
		SCHEMA_GUESSED("runs") SCHEMA_GUESSED("sessions")

#endif
