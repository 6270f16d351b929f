/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One link for all points of a library in a process: taking a link out waits for a grace
 * period of the kernel, some 30 ms each. The cookie of a point says which program is its.
 * Where there is no uprobe_multi, each program is attached by itself.
 */
#include "maps.bpf.h"

SEC("uprobe")
int dispatch(struct pt_regs *ctx)
{
	bpf_tail_call(ctx, &roles, bpf_get_attach_cookie(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
