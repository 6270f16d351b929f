/* SPDX-License-Identifier: Apache-2.0 */
#include "query_attr.h"

#include "cleanup.h"

#define NAME_MAX_LEN 256

#define SUM_OF(c) "CASE WHEN s.k_" c ">0 THEN s.s_" c " END", "s.k_" c, "s.calls-s.refused"
#define PLAIN(c) "s." c, NULL, NULL

/* A run says that it ended; without that, it runs as long as something of it ends now and
 * then. */
#define STATE_SQL                                                                                  \
	"CASE WHEN s.error THEN 'failed' WHEN s.ended THEN 'done'"                                 \
	" WHEN s.end_ns>(strftime('%s','now')-120)*1000000000 THEN 'running' ELSE 'idle' END"

/* Runs and sessions: the sums of their spans. */
static const struct {
	const char *name;
	enum field_kind kind;
	enum field_unit unit;
	const char *sql, *known, *of;
} group_attrs[] = {
	{ "timestamp", FIELD_TIME, UNIT_TIME, PLAIN("start_ns") },
	{ "start", FIELD_TIME, UNIT_TIME, PLAIN("start_ns") },
	{ "end", FIELD_TIME, UNIT_TIME, PLAIN("end_ns") },
	{ "duration", FIELD_SECONDS, UNIT_SECONDS, "s.end_ns-s.start_ns", NULL, NULL },
	{ "ended", FIELD_BOOL, UNIT_NONE, PLAIN("ended") },
	{ "error", FIELD_BOOL, UNIT_NONE, PLAIN("error") },
	{ "calls", FIELD_INT, UNIT_COUNT, PLAIN("calls") },
	{ "tools", FIELD_INT, UNIT_COUNT, PLAIN("tools") },
	{ "errors", FIELD_INT, UNIT_COUNT, PLAIN("errors") },
	{ "partial", FIELD_INT, UNIT_COUNT, PLAIN("partial") },
	{ "refused", FIELD_INT, UNIT_COUNT, PLAIN("refused") },
	{ "runs", FIELD_INT, UNIT_COUNT, PLAIN("runs") },
	{ "agent", FIELD_WORD, UNIT_NONE, PLAIN("agent") },
	{ "session", FIELD_WORD, UNIT_NONE, PLAIN("conversation") },
	{ "model", FIELD_WORD, UNIT_NONE, PLAIN("model") },
	{ "user", FIELD_WORD, UNIT_NONE, PLAIN("user") },
	{ "tier", FIELD_WORD, UNIT_NONE, PLAIN("tier") },
	{ "team", FIELD_WORD, UNIT_NONE, PLAIN("team") },
	{ "repo", FIELD_WORD, UNIT_NONE, PLAIN("repo") },
	{ "branch", FIELD_WORD, UNIT_NONE, PLAIN("branch") },
	{ "service", FIELD_WORD, UNIT_NONE, PLAIN("service") },
	{ "process", FIELD_WORD, UNIT_NONE, PLAIN("comm") },
	{ "namespace", FIELD_WORD, UNIT_NONE, PLAIN("namespace") },
	{ "host", FIELD_WORD, UNIT_NONE, PLAIN("host") },
	{ "error_type", FIELD_WORD, UNIT_NONE, PLAIN("error_type") },
	{ "pid", FIELD_INT, UNIT_NONE, PLAIN("pid") },
	{ "input", FIELD_INT, UNIT_TOKENS, SUM_OF("input") },
	{ "output", FIELD_INT, UNIT_TOKENS, SUM_OF("output") },
	{ "total", FIELD_INT, UNIT_TOKENS, SUM_OF("total") },
	{ "cached", FIELD_INT, UNIT_TOKENS, SUM_OF("cached") },
	{ "cache_write", FIELD_INT, UNIT_TOKENS, SUM_OF("cache_write") },
	{ "reasoning", FIELD_INT, UNIT_TOKENS, SUM_OF("reasoning") },
	{ "cost", FIELD_USD, UNIT_USD, SUM_OF("cost") },
	{ "saved", FIELD_USD, UNIT_USD, SUM_OF("cost_saved") },
	{ "guessed", FIELD_USD, UNIT_USD, SUM_OF("cost_guessed") },
	{ "state", FIELD_WORD, UNIT_NONE, STATE_SQL, NULL, NULL },
	{ "task", FIELD_WORD, UNIT_NONE, PLAIN("task") },
	{ "trace_id", FIELD_ID, UNIT_NONE, PLAIN("trace_id") },
	{ "run", FIELD_ID, UNIT_NONE, PLAIN("key") }, /* not of sessions */
};

static const struct {
	const char *name;
	enum field_kind kind;
	enum field_unit unit;
	const char *sql;
	bool text;
} connection_attrs[] = {
	{ "timestamp", FIELD_TIME, UNIT_TIME, "s.last_ns", false },
	{ "first", FIELD_TIME, UNIT_TIME, "s.first_ns", false },
	{ "last", FIELD_TIME, UNIT_TIME, "s.last_ns", false },
	{ "process", FIELD_WORD, UNIT_NONE, "s.comm", true },
	{ "exe", FIELD_WORD, UNIT_NONE, "s.exe", true },
	{ "library", FIELD_WORD, UNIT_NONE, "s.library", true },
	{ "endpoint", FIELD_WORD, UNIT_NONE, "s.endpoint", true },
	{ "state", FIELD_WORD, UNIT_NONE, "s.state", true },
	{ "reason", FIELD_WORD, UNIT_NONE, "s.reason", true },
	{ "remedy", FIELD_WORD, UNIT_NONE, "s.remedy", true },
	{ "pid", FIELD_INT, UNIT_NONE, "s.pid", false },
	{ "calls", FIELD_INT, UNIT_COUNT, "s.calls", false },
	{ "decoded", FIELD_INT, UNIT_BYTES, "s.bytes_decoded", false },
	{ "partial", FIELD_INT, UNIT_BYTES, "s.bytes_partial", false },
	{ "opaque", FIELD_INT, UNIT_BYTES, "s.bytes_opaque", false },
};

static bool name_possible(struct slice name)
{
	if (!name.len || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] <= ' ' || strchr("\"'\\()", name.data[i]))
			return false;
	return true;
}

static struct query_attr *span_attr_new(struct arena *arena, struct slice name)
{
	struct query_attr *a = arena_alloc(arena, sizeof(*a));
	enum field_id f = field_find(name);
	char *path;

	if (!a)
		return NULL;
	a->field = f;
	if (f != F_NONE) {
		a->kind = fields[f].kind;
		a->unit = fields[f].unit;
		a->classes = fields[f].classes;
		a->sql = fields[f].column;
		return a;
	}
	path = arena_alloc(arena, name.len + 5);
	if (!path)
		return NULL;
	if (slice_eq(name, SLICE("attributes"))) /* all that have no column of their own */
		snprintf(path, name.len + 5, "$");
	else
		snprintf(path, name.len + 5, "$.\"%.*s\"", SLICE_FMT(name));
	a->json_path = slice_from(path);
	a->kind = FIELD_INT;
	a->classes = CLASS_ALL;
	return a;
}

/* The names of spans' attributes work for runs as well. */
static struct slice group_name(struct slice name)
{
	enum field_id f = field_find(name);

	if (f == F_START || f == F_NONE || slice_eq(name, SLICE("run")))
		return name;
	return f == F_CONVERSATION   ? SLICE("session")
	       : f == F_COMM	     ? SLICE("process")
	       : f == F_COST_SAVED   ? SLICE("saved")
	       : f == F_COST_GUESSED ? SLICE("guessed")
	       : f == F_RUN	     ? SLICE("run")
				     : slice_from(fields[f].column);
}

static struct query_attr *group_attr_new(struct arena *arena, struct slice name, bool runs)
{
	struct query_attr *a;

	name = group_name(name);
	if (slice_eq(name, SLICE("duration_ns")))
		name = SLICE("duration");
	if (slice_eq(name, SLICE("start_ns")) || slice_eq(name, SLICE("time")))
		name = SLICE("start");
	for (size_t i = 0; i < ARRAY_LEN(group_attrs); i++) {
		if (!slice_eq(name, slice_from(group_attrs[i].name)) ||
		    (!runs && group_attrs[i].kind == FIELD_ID && slice_eq(name, SLICE("run"))))
			continue;
		a = arena_alloc(arena, sizeof(*a));
		if (a)
			*a = (struct query_attr){
				.field = F_NONE,
				.kind = group_attrs[i].kind,
				.unit = group_attrs[i].unit,
				.sql = group_attrs[i].sql,
				.known_sql = group_attrs[i].known,
				.of_sql = group_attrs[i].of,
				.text = !strcmp(group_attrs[i].name, "state") ||
					!strcmp(group_attrs[i].name, "task"),
				.classes = CLASS_ALL,
			};
		return a;
	}
	return NULL;
}

static struct query_attr *connection_attr_new(struct arena *arena, struct slice name)
{
	struct query_attr *a;

	for (size_t i = 0; i < ARRAY_LEN(connection_attrs); i++) {
		if (!slice_eq(name, slice_from(connection_attrs[i].name)))
			continue;
		a = arena_alloc(arena, sizeof(*a));
		if (a)
			*a = (struct query_attr){
				.field = F_NONE,
				.kind = connection_attrs[i].kind,
				.unit = connection_attrs[i].unit,
				.sql = connection_attrs[i].sql,
				.text = connection_attrs[i].text,
				.classes = CLASS_ALL,
			};
		return a;
	}
	return NULL;
}

struct query_attr *query_attr_new(struct arena *arena, enum query_source source, struct slice name)
{
	if (!name_possible(name))
		return NULL;
	switch (source) {
	case QUERY_SPANS:
		return span_attr_new(arena, name);
	case QUERY_CONNECTIONS:
		return connection_attr_new(arena, name);
	default:
		return group_attr_new(arena, name, source == QUERY_RUNS);
	}
}

const char *query_attr_name(enum query_source source, size_t i)
{
	if (source == QUERY_SPANS)
		return i < F_COUNT ? fields[i].attr : NULL;
	if (source == QUERY_CONNECTIONS)
		return i < ARRAY_LEN(connection_attrs) ? connection_attrs[i].name : NULL;
	return i < ARRAY_LEN(group_attrs) ? group_attrs[i].name : NULL;
}
