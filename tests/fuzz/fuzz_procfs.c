/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsers of /proc and the masking of secrets, all on the same input. A secret behind
 * --token stays hidden whatever arguments precede it.
 */
#include "cgroup.h"
#include "mask.h"
#include "perfring.h"
#include "priv.h"
#include "proc.h"

static const struct slice canary = { "hunter2-canary", 14 };

static void parse(struct slice in)
{
	unsigned int major, minor;
	struct proc_mapping mapping;
	struct proc_stat stat;
	struct cgroup cgroup;
	bool cpus[64];
	uint32_t uid;

	proc_parse_stat(in, &stat);
	proc_parse_mapping(in, &mapping);
	proc_parse_status_uid(in, &uid);
	proc_find_env(in, "A");
	priv_parse_lockdown(in);
	priv_parse_release(in, &major, &minor);
	priv_is_first_user_ns(in);
	perf_parse_cpus(in, cpus, 64);
	cgroup_parse(in, &cgroup);
	if (cgroup.container_id.data && cgroup.container_id.len != 64)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct buf arguments = BUF_INIT(1 << 20), masked = BUF_INIT(1 << 20);

	parse(in);
	if (slice_find(in, canary) < 0) {
		buf_add(&arguments, data, size);
		buf_add(&arguments, "\0--token\0", 9);
		buf_add_slice(&arguments, canary);
		mask_arguments(&masked, buf_slice(&arguments));
		if (slice_find(buf_slice(&masked), canary) >= 0)
			abort();
		for (size_t i = 0; i < masked.len; i++)
			if ((unsigned char)masked.data[i] < 0x20)
				abort();
	}
	buf_reset(&masked, 0);
	mask_text(&masked, in);
	buf_release(&arguments);
	buf_release(&masked);
	return 0;
}
