/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what this machine offers, what is attached, what is not and why. */
#include "commands.h"
#include "live.h"
#include "priv.h"

static void print_line(void *ctx, uint32_t pid, const char *exe, const char *library,
		       const char *state)
{
	(void)ctx;
	printf("  %7u  %-32s  %-40s  %s\n", pid, exe, library, state);
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

int cmd_doctor(const struct options *o)
{
	static const char *const lockdown[] = { "none", "integrity", "confidentiality" };
	struct probe_stats stats = { 0 };
	struct priv priv;
	struct live l;

	priv_read(&priv);
	printf("kernel            %s\nBTF               %s\nlockdown          %s\n", priv.release,
	       yes_no(priv.btf), lockdown[priv.lockdown]);
	printf("load programs     %s (CAP_BPF)\nattach programs   %s (CAP_PERFMON)\n",
	       yes_no(priv.bpf), yes_no(priv.perfmon));
	printf("read processes    %s (CAP_SYS_PTRACE), files %s (CAP_DAC_READ_SEARCH)\n",
	       yes_no(priv.ptrace), yes_no(priv.dac_read));
	if (priv_problem(&priv)) {
		printf("capture           no: %s\n", priv_problem(&priv));
		return 3;
	}
	if (live_start(&l, o, NULL, 0))
		return 3;
	probe_read_stats(l.probe, &stats);
	printf("capture           yes: %llu processes, %llu links, %llu errors\n\n",
	       (unsigned long long)stats.processes, (unsigned long long)stats.links,
	       (unsigned long long)stats.attach_errors);
	printf("  %7s  %-32s  %-40s  %s\n", "PID", "EXECUTABLE", "LIBRARY", "STATE");
	probe_report(l.probe, print_line, NULL);
	live_release(&l);
	return stats.attach_errors ? 3 : 0;
}
