/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "feature.h"
#include "options_tables.h"
#include "slice.h"

#include <errno.h>
#include <string.h>

static int parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	int r = slice_u64(slice_from(text), &v);

	if (r)
		return r;
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* Adds the comma-separated parts of arg; cuts them in place, argv is ours. */
static int add_strings(struct option_strings *list, char *arg)
{
	for (char *part; (part = strsep(&arg, ","));) {
		if (!*part)
			continue;
		if (list->count == OPTIONS_LIST_MAX)
			return -E2BIG;
		list->items[list->count++] = part;
	}
	return 0;
}

/* Commas in it are its own. */
static int add_line(struct option_strings *list, char *arg)
{
	if (list->count == OPTIONS_LIST_MAX)
		return -E2BIG;
	list->items[list->count++] = arg;
	return 0;
}

static int add_numbers(struct option_numbers *list, char *arg)
{
	for (char *part; (part = strsep(&arg, ","));) {
		uint64_t v;

		if (list->count == OPTIONS_LIST_MAX)
			return -E2BIG;
		if (parse_number(part, UINT32_MAX, &v))
			return -EINVAL;
		list->items[list->count++] = (uint32_t)v;
	}
	return 0;
}

static int parse_output(struct options *o, const char *arg)
{
	static const char *const names[] = {
		[OUTPUT_TABLE] = "table",
		[OUTPUT_JSONL] = "jsonl",
		[OUTPUT_OTLP_JSON] = "otlp-json",
		[OUTPUT_WIDE] = "wide",
		[OUTPUT_TREE] = "tree",
		[OUTPUT_JSON] = "json",
		[OUTPUT_CSV] = "csv",
		[OUTPUT_MARKDOWN] = "markdown",
	};
	bool captures = o->command <= CMD_DECODE;

	for (enum output_format f = OUTPUT_TABLE; f < ARRAY_LEN(names); f++) {
		bool traces = o->command == CMD_SHOW || o->command == CMD_RUNS;

		if (captures ? f > OUTPUT_TREE
			     : (f == OUTPUT_OTLP_JSON && !traces) || f == OUTPUT_TREE)
			continue;
		if (!strcmp(arg, names[f])) {
			o->output = f;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_semconv(struct options *o, const char *arg)
{
	static const char *const names[] = {
		[SEMCONV_V1_41] = "v1.41",
		[SEMCONV_LATEST] = "latest",
		[SEMCONV_BOTH] = "both",
	};

	for (enum semconv_profile p = 0; p < ARRAY_LEN(names); p++) {
		if (!strcmp(arg, names[p])) {
			o->semconv = p;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_content(struct options *o, const char *arg)
{
	if (arg && strcmp(arg, "span") != 0 && strcmp(arg, "event") != 0 &&
	    strcmp(arg, "both") != 0)
		return -EINVAL;
	o->capture_content = true;
	o->content_where = arg;
	return 0;
}

static int parse_ring(struct options *o, const char *arg)
{
	return parse_number(arg, UINT32_MAX, &o->ring_bytes) ||
			       (o->ring_bytes & (o->ring_bytes - 1)) || o->ring_bytes < 4096
		       ? -EINVAL
		       : 0;
}

/* Flags that are handed on as they are: the query language reads them. */
static const struct {
	int key;
	const char *name;
} words[] = {
	{ KEY_SINCE, "since" },	    { KEY_UNTIL, "until" },	  { KEY_WHERE, "where" },
	{ KEY_GROUP, "group-by" },  { KEY_FIELDS, "fields" },	  { KEY_SORT, "sort" },
	{ KEY_LIMIT, "limit" },	    { KEY_INTERVAL, "interval" }, { KEY_DISPLAY, "display" },
	{ KEY_FROM, "from" },	    { KEY_AMOUNT, "amount" },	  { KEY_PERIOD, "period" },
	{ KEY_WARN, "warn" },	    { KEY_ALERT, "alert" },	  { KEY_COMMAND, "command" },
	{ KEY_WEBHOOK, "webhook" }, { KEY_HAVING, "having" },
};

static int set_word(struct options *o, int key, const char *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (words[i].key != key)
			continue;
		if (o->n_words == OPTIONS_LIST_MAX)
			return -E2BIG;
		o->words[o->n_words++] = (struct option_word){ words[i].name, arg };
		return 0;
	}
	return -ENOENT;
}

const char *options_word(const struct options *o, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < o->n_words; i++)
		if (!strcmp(o->words[i].name, name))
			found = o->words[i].value;
	return found;
}

/* Flags that only fill a member. */
enum member_type { MEMBER_YES, MEMBER_TEXT, MEMBER_TEXTS, MEMBER_LINES, MEMBER_NUMBERS };
static const struct {
	int key;
	enum member_type type;
	size_t offset;
} members[] = {
#define MEMBER(key, type, member)                                                                  \
	{                                                                                          \
		key, MEMBER_##type, offsetof(struct options, member)                               \
	}
	MEMBER(KEY_OUTPUT_FILE, TEXT, output_file),
	MEMBER(KEY_CONFIG, TEXT, config_file),
	MEMBER(KEY_ORIGIN, YES, show_origin),
	MEMBER(KEY_PRICES, TEXT, prices_file),
	MEMBER(KEY_RECORD, TEXT, record_file),
	MEMBER(KEY_EXPORT, LINES, exports),
	MEMBER(KEY_SPOOL, TEXT, spool_dir),
	MEMBER(KEY_EXPORT_PRESET, TEXTS, export_presets),
	MEMBER(KEY_PID, NUMBERS, pids),
	MEMBER(KEY_UID, NUMBERS, uids),
	MEMBER(KEY_EXCLUDE_UID, NUMBERS, exclude_uids),
	MEMBER(KEY_COMM, TEXTS, comms),
	MEMBER(KEY_EXE, TEXTS, exes),
	MEMBER(KEY_EXCLUDE_COMM, TEXTS, exclude_comms),
	MEMBER(KEY_EXCLUDE_EXE, TEXTS, exclude_exes),
	MEMBER(KEY_STORE, YES, store),
	MEMBER(KEY_JAVA_ATTACH, YES, java_attach),
	MEMBER(KEY_DB, TEXT, db_file),
	MEMBER(KEY_BATCH, YES, batch),
	MEMBER(KEY_DELETE, YES, remove),
	MEMBER(KEY_LISTEN, TEXT, listen),
	MEMBER(KEY_METRICS, TEXT, metrics),
	MEMBER(KEY_KUBE_PODS, TEXT, kube_pods),
	MEMBER(KEY_KUBE_TOKEN, TEXT, kube_token),
	MEMBER(KEY_KUBE_CA, TEXT, kube_ca),
	MEMBER(KEY_METRICS_FILE, TEXT, metrics_file),
	MEMBER(KEY_ALLOW_HOST, TEXTS, allow_hosts),
	MEMBER(KEY_VERBOSE, YES, verbose),
	MEMBER(KEY_QUIET, YES, quiet),
	MEMBER(KEY_ESTIMATE, YES, estimate_usage),
	MEMBER(KEY_SUPPRESS, YES, suppress_duplicates),
#undef MEMBER
};

static int set_member(void *member, enum member_type type, char *arg)
{
	switch (type) {
	case MEMBER_YES:
		*(bool *)member = true;
		return 0;
	case MEMBER_TEXT:
		*(const char **)member = arg;
		return 0;
	case MEMBER_TEXTS:
		return add_strings(member, arg);
	case MEMBER_LINES:
		return add_line(member, arg);
	case MEMBER_NUMBERS:
		return add_numbers(member, arg);
	}
	return -ENOENT;
}

int option_set(struct options *o, int key, char *arg)
{
	uint64_t number;

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].key == key)
			return set_member((char *)o + members[i].offset, members[i].type, arg);
	switch (key) {
	case KEY_PRINT:
		o->output = o->output ? o->output : OUTPUT_TABLE;
		return 0;
	case KEY_OUTPUT:
		return parse_output(o, arg);
	case KEY_CONTENT:
		return parse_content(o, arg);
	case KEY_SEMCONV:
		return parse_semconv(o, arg);
	case KEY_RING:
		return parse_ring(o, arg);
	case KEY_UI:
		o->ui = o->store = true;
		o->listen = arg;
		return 0;
	case KEY_FEATURE_OFF:
		return features_parse(arg, &o->features_off);
	case KEY_KEEP_DAYS:
		return parse_number(arg, 36500, &o->keep_days);
	case KEY_KEEP_MIB:
		return parse_number(arg, UINT32_MAX, &o->keep_mib);
	case KEY_SPOOL_MIB:
		return parse_number(arg, UINT32_MAX, &o->spool_mib) || !o->spool_mib ? -EINVAL : 0;
	case KEY_ITERATIONS:
		return parse_number(arg, UINT32_MAX, &o->iterations);
	case KEY_DELAY:
		return parse_number(arg, 3600, &o->delay_s);
	case KEY_LISTEN_FD:
		if (parse_number(arg, 1024, &number))
			return -EINVAL;
		o->listen_fd = (int)number;
		return 0;
	}
	return set_word(o, key, arg);
}
