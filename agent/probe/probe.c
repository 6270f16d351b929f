/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include "attach.h"
#include "cleanup.h"
#include "clock.h"
#include "discover.h"
#include "elf.h"
#include "log.h"
#include "priv.h"
#include "proc.h"
#include "table.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "skel.h"

#define RING_DEFAULT (16u * 1024 * 1024)
#define PROCESSES_MAX 65536
#define TARGETS_MAX 16384
#define FILES_MAX 8		     /* probed files of one process */
#define POLL_NS (5 * NSEC_PER_MSEC)  /* between reads of a ring that is in use */
#define UPROBE_MULTI 48		     /* BPF_TRACE_UPROBE_MULTI */

/* One probed file of a process. */
struct attached {
	const struct target *target;
	char *path;
	int error; /* why it has no links */
	int links[ATTACH_LINKS_MAX];
	int n_links;
};

struct observed {
	uint32_t tgid;
	struct process *process; /* read when first asked for */
	struct attached files[FILES_MAX];
	size_t n_files;
};

struct probe {
	struct loop *loop;
	struct probe_sink sink;
	struct gentap_bpf *skel;
	struct ring_buffer *ring;
	struct discover *discover;
	struct loop_source *ring_source, *timer;
	struct table processes; /* tgid → struct observed */
	struct table targets;	/* (dev, inode) → struct target */
	bool multi;
	uint64_t links, attach_errors;
};

/* As in bpf/maps.bpf.h. */
struct watch {
	uint32_t state, ignored_calls;
	uint64_t window_ns;
};
struct verdict_key {
	uint64_t ptr;
	uint32_t tgid, zero;
};
struct verdict_value {
	uint64_t gen;
	uint32_t verdict, zero;
};

/* ---- Processes and their links ---------------------------------------------------- */

static void detach(struct probe *p, struct observed *o)
{
	for (size_t i = 0; i < o->n_files; i++) {
		for (int k = 0; k < o->files[i].n_links; k++)
			close(o->files[i].links[k]);
		p->links -= (uint64_t)o->files[i].n_links;
		free(o->files[i].path);
	}
	o->n_files = 0;
}

static struct observed *observe(struct probe *p, uint32_t tgid)
{
	struct observed *o = table_get(&p->processes, &tgid, sizeof(tgid));
	struct watch w = { .state = GENTAP_WATCH_ON };

	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->tgid = tgid;
	if (table_add(&p->processes, &tgid, sizeof(tgid), o)) {
		free(o);
		return NULL;
	}
	bpf_map_update_elem(bpf_map__fd(p->skel->maps.watched), &tgid, &w, BPF_ANY);
	return o;
}

static void forget(struct probe *p, uint32_t tgid)
{
	struct observed *o = table_take(&p->processes, &tgid, sizeof(tgid));

	if (!o)
		return;
	bpf_map_delete_elem(bpf_map__fd(p->skel->maps.watched), &tgid);
	detach(p, o);
	process_unref(o->process);
	free(o);
}

static struct target *find_target(struct probe *p, const struct discover_mapping *m, int fd)
{
	const uint64_t key[2] = { m->dev, m->inode };
	struct target *t = table_get(&p->targets, key, sizeof(key));
	struct elf *e;

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	if (!elf_open_fd(&e, fd)) {
		locate_openssl(t, e);
		elf_free(e);
	}
	if (table_add(&p->targets, key, sizeof(key), t)) {
		free(t);
		return NULL;
	}
	return t;
}

static bool has_target(const struct observed *o, const struct target *t)
{
	for (size_t i = 0; i < o->n_files; i++)
		if (o->files[i].target == t)
			return true;
	return false;
}

static bool on_mapped(void *ctx, const struct discover_mapping *m)
{
	struct probe *p = ctx;
	struct observed *o = observe(p, m->tgid);
	_cleanup_close_ int fd =
		proc_open_mapping(m->tgid, m->path, m->start, m->start + m->len, m->inode);
	const struct target *t;
	struct attached *a;
	int n;

	if (!o || fd < 0)
		return true;
	t = find_target(p, m, fd);
	if (!t || !t->n_points)
		return t == NULL; /* nothing in this file, whoever maps it */
	if (has_target(o, t) || o->n_files == FILES_MAX)
		return true;
	a = &o->files[o->n_files++];
	*a = (struct attached){ .target = t, .path = strdup(m->path) };
	n = attach_target(p->skel, p->multi, t, fd, m->tgid, a->links);
	if (n < 0) {
		a->error = n;
		p->attach_errors += n != -ESRCH;
		if (n != -ESRCH)
			LOG_RATE(LOG_LEVEL_WARN, "probe: cannot attach: %s pid=%u file=%s",
				 strerror(-n), m->tgid, m->path);
		return true;
	}
	a->n_links = n;
	p->links += (uint64_t)n;
	return true;
}

static bool wants_file(void *ctx, const char *path, bool exe)
{
	const char *base = strrchr(path, '/');

	(void)ctx;
	base = base ? base + 1 : path;
	return exe || strstr(base, "ssl") || strstr(base, "node") || strstr(base, ".abi3.") ||
	       strstr(base, "python");
}

static void on_exec(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct probe *p = ctx;

	probe_drain(p);
	if (table_get(&p->processes, &tgid, sizeof(tgid)))
		p->sink.exec(p->sink.ctx, tgid, ts_ns);
	forget(p, tgid);
	observe(p, tgid);
}

static void on_fork(void *ctx, uint32_t parent, uint32_t tgid, uint64_t ts_ns)
{
	struct probe *p = ctx;

	(void)parent;
	(void)ts_ns;
	observe(p, tgid);
	discover_scan_pid(p->discover, tgid);
}

static void on_exit_(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct probe *p = ctx;

	/* What it sent before it ended is in the ring by now. */
	probe_drain(p);
	p->sink.exit(p->sink.ctx, tgid, ts_ns);
	forget(p, tgid);
}

/* ---- Ring --------------------------------------------------------------------------- */

static int on_record(void *ctx, void *data, size_t len)
{
	struct probe *p = ctx;
	const struct gentap_event *e = data;

	if (len >= sizeof(*e) && e->type < GENTAP_EV_HOT)
		p->sink.record(p->sink.ctx, data, sizeof(*e) + MIN(e->data_len, len - sizeof(*e)));
	return 0;
}

void probe_drain(struct probe *p)
{
	ring_buffer__consume(p->ring);
}

/* While records come, look every few milliseconds and spare the kernel the wakeups; when
 * none came, ask to be woken and look once more, for what came in between. */
static void read_ring(struct probe *p)
{
	p->skel->bss->consumer_state = GENTAP_CONSUMER_POLLS;
	if (ring_buffer__consume(p->ring) > 0) {
		loop_set_timer(p->timer, POLL_NS);
		return;
	}
	p->skel->bss->consumer_state = GENTAP_CONSUMER_IDLE;
	__sync_synchronize();
	if (ring_buffer__consume(p->ring) > 0) {
		p->skel->bss->consumer_state = GENTAP_CONSUMER_POLLS;
		loop_set_timer(p->timer, POLL_NS);
	}
}

static void on_timer(void *ctx)
{
	read_ring(ctx);
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	read_ring(ctx);
}

/* ---- Start and end ------------------------------------------------------------------ */

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_DEBUG || log_get_level() < LOG_LEVEL_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, ap);
}

static struct gentap_bpf *load(const struct probe_config *config, bool multi, bool sockets)
{
	struct gentap_bpf *skel = gentap_bpf__open();
	struct bpf_program *prog;

	if (!skel)
		return NULL;
	skel->rodata->agent_tgid = (uint32_t)getpid();
	skel->rodata->have_socket_send = sockets;
	bpf_map__set_max_entries(skel->maps.ring,
				 config->ring_bytes ? (uint32_t)config->ring_bytes : RING_DEFAULT);
	bpf_object__for_each_program(prog, skel->obj) {
		bool uprobe = bpf_program__type(prog) == BPF_PROG_TYPE_KPROBE;

		if (uprobe && multi)
			bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)UPROBE_MULTI);
		if (!uprobe)
			bpf_program__set_autoload(prog, sockets);
	}
	if (gentap_bpf__load(skel)) {
		gentap_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

static bool is_off(const struct probe_config *config, const char *name)
{
	return config->feature_off && config->feature_off(name);
}

static int load_best(struct probe *p, const struct probe_config *config)
{
	bool sockets = !is_off(config, "tp_btf");

	p->multi = !is_off(config, "uprobe_multi");
	p->skel = load(config, p->multi, sockets);
	if (!p->skel && sockets)
		p->skel = load(config, p->multi, sockets = false);
	if (p->skel && p->multi && !attach_multi_works(p->skel)) {
		gentap_bpf__destroy(p->skel);
		p->skel = NULL;
	}
	if (!p->skel) {
		p->multi = false;
		p->skel = load(config, false, sockets);
	}
	if (!p->skel)
		return -errno ? -errno : -EINVAL;
	if (sockets) {
		p->skel->links.socket_send = bpf_program__attach(p->skel->progs.socket_send);
		p->skel->links.socket_receive = bpf_program__attach(p->skel->progs.socket_receive);
		p->skel->links.socket_state = bpf_program__attach(p->skel->progs.socket_state);
	}
	return 0;
}

static int start(struct probe *p, const struct probe_config *config)
{
	const struct discover_sink sink = { p, wants_file, on_mapped, on_exec, on_fork, on_exit_ };
	int r = load_best(p, config);

	if (r)
		return r;
	p->ring = ring_buffer__new(bpf_map__fd(p->skel->maps.ring), on_record, p, NULL);
	if (!p->ring)
		return -errno;
	p->skel->bss->consumer_state = GENTAP_CONSUMER_IDLE;
	r = loop_add_fd(p->loop, &p->ring_source, ring_buffer__epoll_fd(p->ring), EPOLLIN,
			on_readable, p);
	if (!r)
		r = loop_add_timer(p->loop, &p->timer, 0, on_timer, p);
	if (!r)
		r = discover_new(&p->discover, p->loop, &config->filter, &sink);
	return r;
}

int probe_new(struct probe **ret, struct loop *loop, const struct probe_config *config,
	      const struct probe_sink *sink, const char **ret_error)
{
	struct priv priv;
	struct probe *p;
	int r;

	libbpf_set_print(quiet);
	priv_read(&priv);
	*ret_error = priv_problem(&priv);
	if (*ret_error)
		return -EPERM;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->sink = *sink;
	table_init(&p->processes, PROCESSES_MAX);
	table_init(&p->targets, TARGETS_MAX);
	r = start(p, config);
	if (r) {
		*ret_error = "the kernel refused the capture programs; 'gentap doctor --verbose' says why";
		probe_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	discover_free(p->discover);
	if (p->ring)
		probe_drain(p);
	loop_remove(p->ring_source);
	loop_remove(p->timer);
	for (struct observed *o; (o = table_take_oldest(&p->processes));) {
		detach(p, o);
		process_unref(o->process);
		free(o);
	}
	table_release(&p->processes, NULL);
	table_release(&p->targets, free);
	ring_buffer__free(p->ring);
	gentap_bpf__destroy(p->skel);
	free(p);
}

/* ---- What main asks ------------------------------------------------------------------- */

void probe_set_verdict(struct probe *p, uint32_t tgid, uint64_t ptr, uint64_t gen,
		       enum gentap_verdict verdict)
{
	const struct verdict_key key = { ptr, tgid, 0 };
	const struct verdict_value value = { gen, verdict, 0 };

	bpf_map_update_elem(bpf_map__fd(p->skel->maps.verdicts), &key, &value, BPF_ANY);
}

int probe_add_pid(struct probe *p, uint32_t pid)
{
	return discover_add_pid(p->discover, pid);
}

struct process *probe_process(struct probe *p, uint32_t tgid)
{
	struct observed *o = table_get(&p->processes, &tgid, sizeof(tgid));

	if (!o)
		return NULL;
	if (!o->process)
		proc_read(&o->process, tgid);
	return o->process;
}

void probe_read_stats(struct probe *p, struct probe_stats *ret)
{
	struct discover_stats d = { 0 };
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *counts =
		calloc(cpus > 0 ? (size_t)cpus : 1, GENTAP_STAT_MAX * sizeof(uint64_t));
	uint32_t zero = 0;

	*ret = (struct probe_stats){ .links = p->links, .attach_errors = p->attach_errors };
	if (p->discover)
		discover_read_stats(p->discover, &d);
	ret->processes = d.processes;
	ret->perf_lost = d.lost;
	if (!counts || cpus <= 0 ||
	    bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.stats), &zero, counts))
		return;
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < GENTAP_STAT_MAX; i++)
			ret->kernel[i] += counts[(size_t)cpu * GENTAP_STAT_MAX + i];
}

struct report {
	struct probe *probe;
	void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
		     const char *state);
	void *ctx;
};

static int report_process(void *value, void *arg)
{
	struct observed *o = value;
	struct report *r = arg;
	struct process *process = probe_process(r->probe, o->tgid);
	const char *exe = process && process->exe ? process->exe : "?";

	for (size_t i = 0; i < o->n_files; i++)
		r->line(r->ctx, o->tgid, exe, o->files[i].path ? o->files[i].path : "?",
			o->files[i].n_links ? "attached" : strerror(-o->files[i].error));
	if (!o->n_files)
		r->line(r->ctx, o->tgid, exe, "-", "no TLS library that gentap knows");
	return 0;
}

void probe_report(struct probe *p,
		  void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
			       const char *state),
		  void *ctx)
{
	struct report r = { p, line, ctx };

	table_each(&p->processes, report_process, &r);
}
