/* SPDX-License-Identifier: Apache-2.0 */
#include "feature.h"

#include "slice.h"

#include <errno.h>

const struct feature_info features[FEATURE_MAX] = {
	[FEATURE_MULTI] = { "uprobe_multi", "one link for all probes of a file (Linux 6.6)",
			    "one perf event per probe" },
	[FEATURE_USER_DYNPTR] = { "user_dynptr", "records of exact size (Linux 6.16)",
				  "records in size classes" },
	[FEATURE_SOCKET_SEND] = { "socket_send", "sockets before they send (Linux 6.16)",
				  "sockets after they sent" },
	[FEATURE_SOCKET_LENGTH] = { "socket_length", "ends of transfers (Linux 6.3)",
				    "exits of system calls" },
	[FEATURE_SYSCALLS] = { "syscalls", "exits of system calls", "no plain HTTP" },
	[FEATURE_SOCKET_RECEIVE] = { "socket_receive", "sockets that received",
				     "fewer connections with an address" },
	[FEATURE_SOCKET_STATE] = { "socket_state", "sockets that open and close",
				   "no early end of a connection" },
	[FEATURE_EMULATED_POINTS] = { "emulated_points", "instructions that the kernel emulates",
				      "entries and returns of functions" },
	[FEATURE_STDIO] = { "stdio", "standard streams of MCP servers", "no MCP over stdio" },
	[FEATURE_EXIT_CODES] = { "exit_codes", "exit codes of processes",
				 "processes without a status" },
};

int features_parse(const char *names, uint32_t *ret)
{
	struct slice rest = slice_from(names);
	uint32_t bits = 0;

	while (rest.len) {
		struct slice name = slice_trim(slice_cut(&rest, ','));
		int i = 0;

		while (i < FEATURE_MAX && !slice_eq(name, slice_from(features[i].name)))
			i++;
		if (i == FEATURE_MAX)
			return -EINVAL;
		bits |= UINT32_C(1) << i;
	}
	*ret |= bits;
	return 0;
}
