/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables behind the command line and the configuration: which commands there are,
 * which flag belongs to which of them, and what a flag does. A new flag is a key, a row
 * and a case; a new command is a row here, an enum member in options.h and a line in
 * main.c.
 */
#ifndef OPTIONS_TABLE_H
#define OPTIONS_TABLE_H

#include "options.h"

#include <argp.h>

#define ON(c) (UINT64_C(1) << (c))
#define EXPORTS (ON(CMD_RUN) | ON(CMD_EXEC) | ON(CMD_REPLAY) | ON(CMD_DECODE))

#define FLAGS_MAX 128
#define EXPORTER_FLAGS_MAX 16

enum flag_key {
	KEY_OUTPUT = 'o',
	KEY_VERBOSE = 'v',
	KEY_QUIET = 'q',
	KEY_PRINT = 0x100,
	KEY_OUTPUT_FILE,
	KEY_RECORD,
	KEY_CONTENT,
	KEY_SEMCONV,
	KEY_RING,
	KEY_PID,
	KEY_COMM,
	KEY_EXE,
	KEY_UID,
	KEY_EXCLUDE_COMM,
	KEY_EXCLUDE_EXE,
	KEY_EXCLUDE_UID,
	KEY_FEATURE_OFF,
	KEY_PRICES,
	KEY_CONFIG,
	KEY_ORIGIN,
	KEY_STORE,
	KEY_DB,
	KEY_EXPORTER, /* and one for each of exporter_flags */
};

struct flag {
	uint64_t commands;
	struct argp_option option;
};
extern const struct flag flags[];
extern const size_t n_flags;

/* Flags that stand for an OTEL_EXPORTER_OTLP_* variable. */
struct exporter_flag {
	const char *flag;
	const char *variable; /* without OTEL_EXPORTER_OTLP_ */
	const char *arg;
	const char *doc;
};
extern const struct exporter_flag exporter_flags[];
extern const size_t n_exporter_flags;

struct command_row {
	const char *name;
	enum command command;
	const char *args;
	const char *doc;
};
extern const struct command_row commands[];
extern const size_t n_commands;

/* Does what the flag says; may cut `arg` in place and keeps it. 0; -ENOENT: no such flag;
 * -E2BIG: too many values; -EINVAL or -ERANGE: a bad one. */
int option_set(struct options *o, int key, char *arg);

#endif
