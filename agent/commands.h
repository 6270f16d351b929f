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
int cmd_config(const struct options *o);
int cmd_ui(const struct options *o);
int cmd_demo(const struct options *o);
int cmd_dashboard(const struct options *o);
int cmd_prices(const struct options *o);
int cmd_query(const struct options *o);
int cmd_table(const struct options *o); /* runs, calls, … coverage */
int cmd_show(const struct options *o);
int cmd_explain(const struct options *o);
int cmd_report(const struct options *o);
int cmd_budget(const struct options *o);
int cmd_top(const struct options *o);
int cmd_statusline(const struct options *o);
int cmd_status(const struct options *o);
int cmd_completion(const struct options *o);
int cmd_man(const struct options *o);

#endif
