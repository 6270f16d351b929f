// SPDX-License-Identifier: Apache-2.0
/*
 * probes MODE LIBRARY PID READ WRITE [READ_END WRITE_END] : attaches probes.bpf.o to one
 * process until SIGTERM, at file offsets in hexadecimal; prints "ready", and at the end
 * its own CPU time, the bytes it wrote and the records that were lost, as JSON.
 *
 *   classic   empty programs on the first instruction and at the return of both functions
 *   emulated  empty programs on the inner calls and the jumps behind them
 *   copy      from there every byte into a ring, and from the ring to FILE; each record
 *             wakes the reader
 *   batched   the same, the reader looks every 5 ms
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI; libbpf 1.1 does not know it */

static volatile sig_atomic_t stop;
static unsigned long long bytes;

static void on_signal(int signo)
{
	(void)signo;
	stop = 1;
}

/* The kernel's bpf_attr.link_create for uprobe_multi. */
struct multi_attr {
	unsigned int prog_fd, target_fd, attach_type, flags;
	unsigned long long path, offsets, ref_ctr, cookies;
	unsigned int cnt, multi_flags, pid, pad;
};

static void attach(struct bpf_object *o, const char *name, const char *path, unsigned long offset,
		   bool at_return, int pid)
{
	struct bpf_program *p = bpf_object__find_program_by_name(o, name);
	struct multi_attr a = {
		.prog_fd = (unsigned int)bpf_program__fd(p),
		.attach_type = UPROBE_MULTI,
		.path = (unsigned long)path,
		.offsets = (unsigned long)&offset,
		.cnt = 1,
		.multi_flags = at_return,
		.pid = (unsigned int)pid,
	};

	if (syscall(__NR_bpf, BPF_LINK_CREATE, &a, sizeof(a)) < 0) {
		fprintf(stderr, "probes: attach %s: %s\n", name, strerror(errno));
		exit(1);
	}
}

static int on_record(void *ctx, void *data, size_t len)
{
	if (fwrite(data, 1, len, ctx) != len)
		return -EIO;
	bytes += len;
	return 0;
}

static struct bpf_object *load(bool batched)
{
	struct bpf_object *o = bpf_object__open_file(getenv("PROBES_BPF"), NULL);
	struct bpf_program *p;
	struct bpf_map *m;

	if (!o)
		exit(1);
	bpf_object__for_each_program(p, o)
	{
		bpf_program__set_type(p, BPF_PROG_TYPE_KPROBE);
		bpf_program__set_expected_attach_type(p, UPROBE_MULTI);
	}
	bpf_object__for_each_map(m, o)
	{
		unsigned long long flags = batched ? BPF_RB_NO_WAKEUP : 0;

		if (strstr(bpf_map__name(m), ".rodata"))
			bpf_map__set_initial_value(m, &flags, sizeof(flags));
	}
	if (bpf_object__load(o)) {
		fprintf(stderr, "probes: load: %s\n", strerror(errno));
		exit(1);
	}
	return o;
}

static unsigned long long lost_records(struct bpf_object *o)
{
	struct bpf_map *m;
	unsigned long long value = 0;
	int zero = 0;

	bpf_object__for_each_map(m, o) if (strstr(bpf_map__name(m), ".bss"))
		bpf_map_lookup_elem(bpf_map__fd(m), &zero, &value);
	return value;
}

static long long cpu_us(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000LL + u->ru_utime.tv_usec +
	       u->ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *mode = argc > 1 ? argv[1] : "";
	bool classic = !strcmp(mode, "classic"), batched = !strcmp(mode, "batched");
	bool copies = batched || !strcmp(mode, "copy");
	struct ring_buffer *ring = NULL;
	struct bpf_object *o;
	struct rusage before, use;
	unsigned long at[4];
	FILE *out = NULL;

	if (argc < (classic ? 6 : 8))
		return 2;
	for (int i = 0; i < (classic ? 2 : 4); i++)
		at[i] = strtoul(argv[4 + i], NULL, 16);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	o = load(batched);
	for (int i = 0; i < 2; i++) {
		int pid = (int)strtol(argv[3], NULL, 10);

		if (classic) {
			attach(o, "empty", argv[2], at[i], false, pid);
			attach(o, "empty", argv[2], at[i], true, pid);
			continue;
		}
		attach(o,
		       !copies ? "empty"
		       : i     ? "begin_write"
			       : "begin_read",
		       argv[2], at[i], false, pid);
		attach(o, copies ? "end" : "empty", argv[2], at[2 + i], false, pid);
	}
	if (copies) {
		out = fopen(getenv("PROBES_OUT"), "w");
		ring = ring_buffer__new(bpf_map__fd(bpf_object__find_map_by_name(o, "ring")),
					on_record, out, NULL);
		if (!out || !ring)
			return 1;
	}
	getrusage(RUSAGE_SELF, &before);
	puts("ready");
	fflush(stdout);
	while (!stop) {
		if (copies && !batched) {
			ring_buffer__poll(ring, 100);
			continue;
		}
		usleep(batched ? 5000 : 100000);
		if (batched)
			ring_buffer__consume(ring);
	}
	if (ring)
		ring_buffer__consume(ring);
	if (out)
		fclose(out);
	getrusage(RUSAGE_SELF, &use);
	printf("{\"cpu_us\": %lld, \"bytes\": %llu, \"lost\": %llu}\n",
	       cpu_us(&use) - cpu_us(&before), bytes, lost_records(o));
	return 0;
}
