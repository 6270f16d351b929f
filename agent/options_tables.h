/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of commands and flags: what is parsed, --help, man pages and completion
 * all come from these.
 */
#ifndef OPTIONS_TABLES_H
#define OPTIONS_TABLES_H

#include "options.h"

#include <argp.h>

#define COMMAND_BIT(c) (UINT64_C(1) << (c))
#define COMMANDS_EXPORTING                                                                         \
	(COMMAND_BIT(CMD_RUN) | COMMAND_BIT(CMD_EXEC) | COMMAND_BIT(CMD_REPLAY) |                  \
	 COMMAND_BIT(CMD_DECODE))
#define COMMANDS_TABLES ((COMMAND_BIT(CMD_COVERAGE + 1) - 1) & ~(COMMAND_BIT(CMD_RUNS) - 1))

enum flag_key {
	KEY_OUTPUT = 'o',
	KEY_VERBOSE = 'v',
	KEY_QUIET = 'q',
	KEY_BATCH = 'b',
	KEY_ITERATIONS = 'n',
	KEY_DELAY = 'd',
	KEY_PRINT = 0x100,
	KEY_OUTPUT_FILE,
	KEY_RECORD,
	KEY_CONTENT,
	KEY_EXPORT,
	KEY_EXPORT_PRESET,
	KEY_SPOOL,
	KEY_SPOOL_MIB,
	KEY_SEMCONV,
	KEY_ESTIMATE,
	KEY_SUPPRESS,
	KEY_RING,
	KEY_PID,
	KEY_COMM,
	KEY_EXE,
	KEY_UID,
	KEY_EXCLUDE_COMM,
	KEY_EXCLUDE_EXE,
	KEY_EXCLUDE_UID,
	KEY_FEATURE_OFF,
	KEY_JAVA_ATTACH,
	KEY_PRICES,
	KEY_STORE,
	KEY_DB,
	KEY_KEEP_DAYS,
	KEY_KEEP_MIB,
	KEY_SINCE,
	KEY_UNTIL,
	KEY_WHERE,
	KEY_HAVING,
	KEY_GROUP,
	KEY_FIELDS,
	KEY_SORT,
	KEY_LIMIT,
	KEY_INTERVAL,
	KEY_DISPLAY,
	KEY_FROM,
	KEY_AMOUNT,
	KEY_PERIOD,
	KEY_WARN,
	KEY_ALERT,
	KEY_COMMAND,
	KEY_WEBHOOK,
	KEY_DELETE,
	KEY_CONFIG,
	KEY_ORIGIN,
	KEY_UI,
	KEY_LISTEN,
	KEY_LISTEN_FD,
	KEY_ALLOW_HOST,
	KEY_METRICS,
	KEY_KUBE_PODS,
	KEY_KUBE_TOKEN,
	KEY_KUBE_CA,
	KEY_METRICS_FILE,
	KEY_EXPORTER, /* and one for each of exporter_flags */
};

/* Stands for an OTEL_EXPORTER_OTLP_* variable; taken by COMMANDS_EXPORTING. */
struct exporter_flag {
	const char *flag;
	const char *variable; /* without OTEL_EXPORTER_OTLP_ */
	const char *arg;
	const char *doc;
};
extern const struct exporter_flag exporter_flags[];
extern const size_t n_exporter_flags;

struct option_flag {
	uint64_t commands; /* COMMAND_BIT of those that take it */
	struct argp_option option;
};
extern const struct option_flag option_flags[];
extern const size_t n_option_flags;

struct option_command {
	const char *name;
	enum command command;
	const char *args;
	const char *doc; /* behind \v: examples */
};
extern const struct option_command option_commands[];
extern const size_t n_option_commands;

/* Flags of one command as argp wants them, ended by zeros; `to` has room for
 * OPTIONS_FLAGS_MAX. */
#define OPTIONS_FLAGS_MAX 128
void options_list_flags(enum command command, struct argp_option *to);

#define EXPORTER_FLAGS_MAX 16

/* Does what the flag says; may cut `arg` in place and keeps it. 0; -ENOENT: no such flag;
 * -E2BIG: too many values; -EINVAL or -ERANGE: a bad one. */
int option_set(struct options *o, int key, char *arg);

#endif
