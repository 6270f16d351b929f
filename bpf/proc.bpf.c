/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * With what status an observed process ends: nobody but its parent is told, so it is noted
 * where the agent finds it. Its end itself is told by perf records.
 */
#include "maps.bpf.h"

SEC("tp_btf/sched_process_exit")
int process_exit(u64 *ctx)
{
	const struct task_struct *task = (const struct task_struct *)ctx[0];
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tgid = pid_tgid >> 32;
	struct watch *w;

	if (tgid != (u32)pid_tgid)
		return 0;
	w = bpf_map_lookup_elem(&watched, &tgid);
	if (w)
		w->exit_code = BPF_CORE_READ(task, exit_code) | WATCH_EXITED;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
