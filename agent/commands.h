/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands: each takes the parsed options and gives the exit status: 0 fine,
 * 1 failed, 2 usage, 3 degraded. exec gives its command's.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "options.h"

int cmd_run(const struct options *o);
int cmd_exec(const struct options *o);
int cmd_record(const struct options *o);
int cmd_offline(const struct options *o); /* replay and decode */
int cmd_doctor(const struct options *o);
int cmd_prices(const struct options *o);

#endif
