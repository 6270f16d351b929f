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

enum command {
	CMD_RUN,
	CMD_EXEC,
	CMD_RECORD,
	CMD_REPLAY,
	CMD_DECODE,
	CMD_DOCTOR,
	CMD_PRICES,
	CMD_VERSION,
	CMD_HELP,
};

enum output_format { OUTPUT_NONE, OUTPUT_TABLE, OUTPUT_JSONL, OUTPUT_OTLP_JSON };

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

struct options {
	enum command command;
	enum output_format output;
	const char *output_file;
	const char *record_file;
	const char *prices_file; /* a price list that wins over the built-in one */
	bool capture_content;
	bool verbose;
	bool quiet;
	enum semconv_profile semconv;
	uint64_t ring_bytes; /* 0: default */
	bool store;	     /* keep spans in a database */
	const char *db_file; /* NULL: the default one */
	uint64_t keep_ns, keep_bytes;
	struct option_numbers pids, uids, exclude_uids;
	struct option_strings comms, exes, exclude_comms, exclude_exes;
	struct option_strings features_off;
	char **args; /* what is left: files, or the command of exec */
	int n_args;
};

/* Parses everything; prints help, version and usage errors itself. 0: go on; 1: done,
 * leave with *ret_status. */
int options_parse(struct options *o, int argc, char **argv, int *ret_status);

/* getenv() with the flags on top: a flag named after a variable counts as that variable
 * and hides the signal-specific one of the same name. For otlp_options_from_env(). */
const char *options_getenv(const char *name);

#endif
