/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <locale.h>
#include <signal.h>

int main(int argc, char **argv)
{
	static int (*const run[])(const struct options *) = {
		[CMD_RUN] = cmd_run,
		[CMD_EXEC] = cmd_exec,
		[CMD_RECORD] = cmd_record,
		[CMD_REPLAY] = cmd_offline,
		[CMD_DECODE] = cmd_offline,
		[CMD_DOCTOR] = cmd_doctor,
		[CMD_UI] = cmd_ui,
		[CMD_DEMO] = cmd_demo,
		[CMD_DASHBOARD] = cmd_dashboard,
		[CMD_PRICES] = cmd_prices,
		[CMD_CONFIG] = cmd_config,
		[CMD_QUERY] = cmd_query,
		[CMD_RUNS... CMD_COVERAGE] = cmd_table,
		[CMD_SHOW] = cmd_show,
		[CMD_EXPLAIN] = cmd_explain,
		[CMD_REPORT] = cmd_report,
		[CMD_BUDGET] = cmd_budget,
		[CMD_TOP] = cmd_top,
		[CMD_STATUSLINE] = cmd_statusline,
		[CMD_STATUS] = cmd_status,
		[CMD_COMPLETION] = cmd_completion,
		[CMD_MAN] = cmd_man,
	};
	struct options options;
	int status;

	/* Numbers stay in C: programs read them, too. */
	setlocale(LC_CTYPE, "");
	/* A reader that went away is an error of write(), not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	if (!options_parse(&options, argc, argv, &status))
		status = run[options.command](&options);
	options_release(&options);
	return status;
}
