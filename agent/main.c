/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <signal.h>

int main(int argc, char **argv)
{
	static int (*const run[])(const struct options *) = {
		[CMD_RUN] = cmd_run,	    [CMD_EXEC] = cmd_exec,	[CMD_RECORD] = cmd_record,
		[CMD_REPLAY] = cmd_offline, [CMD_DECODE] = cmd_offline, [CMD_DOCTOR] = cmd_doctor,
		[CMD_PRICES] = cmd_prices,
	};
	struct options options;
	int status;

	/* A reader that went away is an error of write(), not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	if (options_parse(&options, argc, argv, &status))
		return status;
	return run[options.command](&options);
}
