/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One table says which command takes which flag; --help, and what
 * flags override of the environment, follow from it.
 *
 * Strings are those of argv or of the environment: they live as long as the process.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "semconv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

enum command {
	CMD_RUN,
	CMD_EXEC,
	CMD_RECORD,
	CMD_REPLAY,
	CMD_DECODE,
	CMD_DOCTOR,
	CMD_UI,
	CMD_DEMO,
	CMD_DASHBOARD,
	CMD_PRICES,
	CMD_CONFIG,
	CMD_QUERY,
	CMD_RUNS, /* from here to CMD_COVERAGE: tables of the database */
	CMD_CALLS,
	CMD_MODELS,
	CMD_TOOLS,
	CMD_AGENTS,
	CMD_USERS,
	CMD_TEAMS,
	CMD_REPOS,
	CMD_SESSIONS,
	CMD_ERRORS,
	CMD_COVERAGE,
	CMD_SHOW,
	CMD_EXPLAIN,
	CMD_REPORT,
	CMD_BUDGET,
	CMD_TOP,
	CMD_STATUSLINE,
	CMD_STATUS,
	CMD_COMPLETION,
	CMD_MAN,
	CMD_VERSION,
	CMD_HELP,
};

enum output_format {
	OUTPUT_NONE,
	OUTPUT_TABLE,
	OUTPUT_JSONL,
	OUTPUT_OTLP_JSON,
	OUTPUT_TREE, /* up to here of spans as they are captured; the following of what is stored */
	OUTPUT_WIDE,
	OUTPUT_JSON,
	OUTPUT_CSV,
	OUTPUT_MARKDOWN,
};

#define OPTIONS_LIST_MAX 64

/* A repeatable flag; ends with NULL (or 0). */
struct option_strings {
	const char *items[OPTIONS_LIST_MAX + 1];
	size_t count;
};

struct option_numbers {
	uint32_t items[OPTIONS_LIST_MAX + 1];
	size_t count;
};

/* A flag whose value the query language reads. */
struct option_word {
	const char *name, *value;
};

struct options {
	enum command command;
	enum output_format output;
	const char *output_file;
	const char *record_file;
	const char *prices_file; /* a price list that wins over the built-in one */
	bool capture_content;
	const char *content_where;     /* span, event or both; NULL: both */
	struct option_strings exports; /* lines of destination.h */
	struct option_strings export_presets;
	const char *spool_dir;	  /* for what cannot be delivered; NULL: nowhere */
	uint64_t spool_mib;	  /* of each destination and signal */
	bool estimate_usage;	  /* where nobody counted it */
	bool suppress_duplicates; /* spans that the application exports itself are not exported */
	bool verbose;
	bool quiet;
	enum semconv_profile semconv;
	uint64_t ring_bytes; /* 0: default */
	bool store;	     /* keep spans in a database */
	const char *db_file; /* NULL: the default one */
	bool ui;	     /* serve the page */
	const char *listen;  /* its ADDR:PORT; NULL: the default one */
	const char *metrics; /* ADDR:PORT that they are served on; NULL: not */
	const char *kube_pods, *kube_token, *kube_ca; /* kube.h */
	const char *metrics_file;		      /* that they are written to at the end */
	uint64_t listen_fd; /* of a page that was started by another gentap; 0: none */
	struct option_strings allow_hosts;
	uint64_t keep_days, keep_mib; /* of spans in it; 0: no limit */
	struct option_numbers pids, uids, exclude_uids;
	struct option_strings comms, exes, exclude_comms, exclude_exes;
	uint32_t features_off; /* bits of enum feature */
	bool java_attach;
	struct option_word words[OPTIONS_LIST_MAX];
	size_t n_words;
	bool batch; /* top */
	uint64_t iterations, delay_s;
	bool remove; /* budget set --delete */
	bool show_origin;
	const char *config_file; /* instead of those in /etc/gentap */
	struct settings *settings;
	char **args; /* what is left: files, or the command of exec */
	int n_args;
};

/* Parses everything, and reads the configuration (settings.h); prints help, version and usage
 * errors itself. 0: go on; 1: done, leave with *ret_status. */
int options_parse(struct options *o, int argc, char **argv, int *ret_status);

/* The last value of a flag of `words`; NULL: not given. */
const char *options_word(const struct options *o, const char *name);

/* getenv() with the flags and GENTAP_* on top and the configuration files below: a flag
 * named after a variable counts as that variable and hides the signal-specific one of the
 * same name. For otlp_options_from_env(). */
const char *options_getenv(const char *name);

/* Reads files and GENTAP_* again into o->settings, which is empty; says on stderr what is
 * wrong. 0 or -errno. */
int options_settings(struct options *o);
/* Reads o->config_file into o->settings and tries every value, as o->command would. */
int options_check(struct options *o);
void options_release(struct options *o);

#endif
