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
 *   sockets   empty programs at the tracepoints of sockets that gentap uses; no offsets
 *   judged    gentap's own ones there, PROBES_BPF its object, of processes that it watches none;
 *             no offsets
 *   exits     empty programs at the ends of the system calls that transfer bytes; no offsets
 *
 * With TOGGLE_MS in the environment what is attached is taken out and attached again, so many
 * milliseconds each, and printed is when it was how: [from, to, attached], CLOCK_MONOTONIC ns.
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
#include <time.h>
#include <unistd.h>

#define SETTLE_US 10000
#define LINKS_MAX 16
#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI; libbpf 1.1 does not know it */

/* Those of a process, those of the machine. */
enum mode { CLASSIC, EMULATED, COPY, BATCHED, SOCKETS, JUDGED, EXITS, MODES };

static const char *const mode_names[MODES] = { "classic", "emulated", "copy", "batched",
					       "sockets", "judged",   "exits" };

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

static int links[LINKS_MAX], n_links;

static void keep(int fd, const char *what)
{
	if (fd < 0 || n_links == LINKS_MAX) {
		fprintf(stderr, "probes: attach %s: %s\n", what, strerror(errno));
		exit(1);
	}
	links[n_links++] = fd;
}

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

	keep((int)syscall(__NR_bpf, BPF_LINK_CREATE, &a, sizeof(a)), name);
}

/* For the whole machine. */
static void attach_machine(struct bpf_object *o, bool at_exits)
{
	static const char *const exits[] = {
		"sys_exit_read",  "sys_exit_recvfrom", "sys_exit_recvmsg", "sys_exit_readv",
		"sys_exit_write", "sys_exit_sendto",   "sys_exit_sendmsg", "sys_exit_writev",
	};
	struct bpf_program *p;

	bpf_object__for_each_program(p, o)
	{
		if (!bpf_program__autoload(p))
			continue;
		for (size_t i = 0; i < (at_exits ? sizeof(exits) / sizeof(*exits) : 1); i++) {
			struct bpf_link *l =
				at_exits ? bpf_program__attach_tracepoint(p, "syscalls", exits[i])
					 : bpf_program__attach(p);

			keep(libbpf_get_error(l) ? -1 : dup(bpf_link__fd(l)), bpf_program__name(p));
			bpf_link__destroy(l);
		}
	}
}

static int on_record(void *ctx, void *data, size_t len)
{
	if (fwrite(data, 1, len, ctx) != len)
		return -EIO;
	bytes += len;
	return 0;
}

/* By gentap, where there are tracepoints at the end of a transfer. */
static bool is_unused(const char *name)
{
	return !strcmp(name, "socket_send") || !strcmp(name, "socket_receive");
}

static struct bpf_object *load(enum mode mode)
{
	enum bpf_prog_type wanted = mode == EXITS    ? BPF_PROG_TYPE_TRACEPOINT
				    : mode < SOCKETS ? BPF_PROG_TYPE_KPROBE
						     : BPF_PROG_TYPE_TRACING;
	struct bpf_object *o = bpf_object__open_file(getenv("PROBES_BPF"), NULL);
	unsigned long long flags = mode == BATCHED ? BPF_RB_NO_WAKEUP : 0;
	struct bpf_program *p;
	struct bpf_map *m;

	if (!o)
		exit(1);
	bpf_object__for_each_program(p, o)
	{
		/* The library does not know the name of their section. */
		if (bpf_program__type(p) == BPF_PROG_TYPE_UNSPEC)
			bpf_program__set_type(p, BPF_PROG_TYPE_KPROBE);
		bpf_program__set_autoload(p, bpf_program__type(p) == wanted &&
						     !is_unused(bpf_program__name(p)));
		if (wanted == BPF_PROG_TYPE_KPROBE)
			bpf_program__set_expected_attach_type(p, UPROBE_MULTI);
	}
	if (mode < SOCKETS)
		bpf_object__for_each_map(m, o) if (strstr(bpf_map__name(m), ".rodata"))
			bpf_map__set_initial_value(m, &flags, sizeof(flags));
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

static void attach_all(struct bpf_object *o, enum mode mode, char **argv)
{
	bool copies = mode == COPY || mode == BATCHED;
	int pid = (int)strtol(argv[3], NULL, 10);

	if (mode >= SOCKETS) {
		attach_machine(o, mode == EXITS);
		return;
	}
	for (int i = 0; i < 2; i++) {
		unsigned long at = strtoul(argv[4 + i], NULL, 16);

		if (mode == CLASSIC) {
			attach(o, "empty", argv[2], at, false, pid);
			attach(o, "empty", argv[2], at, true, pid);
			continue;
		}
		attach(o,
		       !copies ? "empty"
		       : i     ? "begin_write"
			       : "begin_read",
		       argv[2], at, false, pid);
		attach(o, copies ? "end" : "empty", argv[2], strtoul(argv[6 + i], NULL, 16), false,
		       pid);
	}
}

static void detach_all(void)
{
	while (n_links)
		close(links[--n_links]);
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* What a change brings with it, as patching the kernel's code, is over some time after it. */
static void toggle(struct bpf_object *o, enum mode mode, char **argv, unsigned int ms)
{
	bool attached = true, first = true;

	printf("[");
	while (!stop) {
		long long from;

		usleep(SETTLE_US);
		from = now_ns();
		usleep(1000 * ms);
		printf("%s[%lld, %lld, %d]", first ? "" : ", ", from, now_ns(), attached);
		first = false;
		if (attached)
			detach_all();
		else
			attach_all(o, mode, argv);
		attached = !attached;
	}
	puts("]");
}

static void read_ring(struct bpf_object *o, bool batched)
{
	FILE *out = fopen(getenv("PROBES_OUT"), "w");
	struct ring_buffer *ring =
		out ? ring_buffer__new(bpf_map__fd(bpf_object__find_map_by_name(o, "ring")),
				       on_record, out, NULL)
		    : NULL;

	if (!ring)
		exit(1);
	while (!stop) {
		if (!batched) {
			ring_buffer__poll(ring, 100);
			continue;
		}
		usleep(5000);
		ring_buffer__consume(ring);
	}
	ring_buffer__consume(ring);
	fclose(out);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *toggle_ms = getenv("TOGGLE_MS");
	struct rusage before, use;
	struct bpf_object *o;
	enum mode mode = 0;

	while (argc > 1 && mode < MODES && strcmp(argv[1], mode_names[mode]))
		mode++;
	if (mode == MODES || argc < (mode >= SOCKETS ? 4 : mode == CLASSIC ? 6 : 8))
		return 2;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	o = load(mode);
	attach_all(o, mode, argv);
	getrusage(RUSAGE_SELF, &before);
	puts("ready");
	fflush(stdout);
	if (toggle_ms) {
		toggle(o, mode, argv, (unsigned int)strtoul(toggle_ms, NULL, 10));
		return 0;
	}
	if (mode == COPY || mode == BATCHED)
		read_ring(o, mode == BATCHED);
	while (!stop)
		usleep(100000);
	getrusage(RUSAGE_SELF, &use);
	printf("{\"cpu_us\": %lld, \"bytes\": %llu, \"lost\": %llu}\n",
	       cpu_us(&use) - cpu_us(&before), bytes, lost_records(o));
	return 0;
}
