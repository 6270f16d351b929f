/* SPDX-License-Identifier: Apache-2.0 */
#include "kern.h"
#include "attach.h"
#include "reaper.h"

#include "cleanup.h"
#include "log.h"
#include "slice.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "gentap.skel.h"

#define RING_BYTES_MIN (4 << 20)
#define RING_BYTES_MAX (16 << 20) /* 300 ms of 50 MB/s */
#define RING_PART 128		  /* of the machine's memory */
#define WAKE_PART 8		  /* an eighth of the ring unread wakes the consumer */
#define LRU_PER_CPU 1024
#define LOG_TAIL 1500 /* bytes of a message of libbpf that are logged */

/* The verifier's log ends with its reason; what comes before may be megabytes. */
static int on_libbpf_line(enum libbpf_print_level level, const char *fmt, va_list args)
{
	_cleanup_free_ char *text = NULL;
	struct slice rest;
	int len;

	if (log_get_level() < LOG_LEVEL_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	len = vasprintf(&text, fmt, args);
	if (len < 0) {
		text = NULL;
		return 0;
	}
	rest = slice_sub((struct slice){ text, (size_t)len }, (size_t)MAX(len - LOG_TAIL, 0),
			 LOG_TAIL);
	if (len > LOG_TAIL)
		slice_cut(&rest, '\n');
	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');

		log_debug("probe: %.*s", (int)line.len, line.data);
	}
	return len;
}

static bool file_has(const char *path, const char *word)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256];

	return f && fgets(line, sizeof(line), f) && strstr(line, word);
}

/* Why the programs would not load, as far as it can be told. */
static const char *explain(int error)
{
	if (file_has("/sys/kernel/security/lockdown", "[confidentiality]"))
		return "the kernel is locked down for confidentiality, which forbids reading "
		       "process memory: boot with lockdown=integrity or without";
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return "the kernel has no BTF: gentap needs Linux 5.8 or newer, built with "
		       "CONFIG_DEBUG_INFO_BTF=y";
	if (error == -EPERM)
		return "not permitted to load kernel programs: run gentap as root, or give it "
		       "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
	if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 0)
		return "the kernel has no BPF ring buffer: gentap needs Linux 5.8 or newer";
	if (error == -ENOMEM)
		return "no memory for the kernel's ring: choose a smaller one";
	return "the kernel refused gentap's programs: run with debug logging for its reasons";
}

static bool has_type(const struct btf *btf, const char *name, uint32_t kind)
{
	return btf && btf__find_by_name_kind(btf, name, kind) > 0;
}

/* A tracepoint program cannot even be loaded where its tracepoint is not in the BTF. */
static void choose(struct kern *k, const struct probe_config *config)
{
	static const struct {
		const char *type; /* of the kernel's that comes with the feature */
		uint32_t kind;
	} needs[FEATURE_MAX] = {
		[FEATURE_MULTI] = { "bpf_uprobe_multi_link", BTF_KIND_STRUCT },
		[FEATURE_USER_DYNPTR] = { "bpf_probe_read_user_dynptr", BTF_KIND_FUNC },
		[FEATURE_SOCKET_SEND] = { "btf_trace_tcp_sendmsg_locked", BTF_KIND_TYPEDEF },
		[FEATURE_SOCKET_LENGTH] = { "btf_trace_sock_send_length", BTF_KIND_TYPEDEF },
	};
	struct btf *btf = btf__load_vmlinux_btf();
	struct gentap_bpf *s = k->skel;
	bool known = !libbpf_get_error(btf);

	for (int i = 0; i < FEATURE_MAX; i++)
		k->has[i] = !(config->features_off & UINT32_C(1) << i) &&
			    (!needs[i].type ||
			     has_type(known ? btf : NULL, needs[i].type, needs[i].kind));
	if (known)
		btf__free(btf);
#ifndef __x86_64__
	k->has[FEATURE_EMULATED_POINTS] = false; /* none are known of other machines */
#endif
	bpf_program__set_autoload(s->progs.dispatch, k->has[FEATURE_MULTI]);
	bpf_program__set_autoload(s->progs.plain_sent, k->has[FEATURE_SOCKET_LENGTH]);
	bpf_program__set_autoload(s->progs.plain_received, k->has[FEATURE_SOCKET_LENGTH]);
	bpf_program__set_autoload(s->progs.process_exit, k->has[FEATURE_EXIT_CODES]);
	bpf_program__set_autoload(s->progs.socket_send,
				  k->has[FEATURE_SOCKET_SEND] && !k->has[FEATURE_SOCKET_LENGTH]);
	bpf_program__set_autoload(s->progs.socket_receive, k->has[FEATURE_SOCKET_RECEIVE]);
	bpf_program__set_autoload(s->progs.socket_state, k->has[FEATURE_SOCKET_STATE]);
	bpf_program__set_autoload(s->progs.socket_destroy, k->has[FEATURE_SOCKET_STATE]);
	s->rodata->have_user_dynptr = k->has[FEATURE_USER_DYNPTR];
}

static size_t default_ring_bytes(void)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	size_t bytes = RING_BYTES_MIN;

	while (bytes < RING_BYTES_MAX && bytes * 2 <= memory / RING_PART)
		bytes *= 2;
	return bytes;
}

static void configure(struct kern *k, const struct probe_config *config)
{
	struct gentap_bpf *s = k->skel;
	uint32_t cpus = (uint32_t)MAX(libbpf_num_possible_cpus(), 1);
	struct bpf_program *p;
	struct bpf_map *m;

	k->ring_bytes = config->ring_bytes ? config->ring_bytes : default_ring_bytes();
	bpf_map__set_max_entries(s->maps.ring, k->ring_bytes);
	s->rodata->agent_tgid = getpid();
	s->rodata->wake_bytes = k->ring_bytes / WAKE_PART;
	bpf_object__for_each_map(m, s->obj) if (bpf_map__type(m) == BPF_MAP_TYPE_LRU_HASH)
		bpf_map__set_max_entries(m, MAX(bpf_map__max_entries(m), cpus * LRU_PER_CPU));
	/* Programs for uprobe_multi attach through perf as well, not the reverse. */
	bpf_object__for_each_program(p, s->obj) if (bpf_program__type(p) == BPF_PROG_TYPE_KPROBE)
		bpf_program__set_expected_attach_type(p, ATTACH_TYPE_UPROBE_MULTI);
}

static bool attach_one(struct bpf_program *p, struct bpf_link **ret, bool wanted)
{
	struct bpf_link *link;

	if (!wanted)
		return false;
	link = bpf_program__attach(p);
	if (libbpf_get_error(link)) {
		log_info("probe: %s is not available here: %s", bpf_program__name(p),
			 strerror(errno));
		return false;
	}
	*ret = link;
	return true;
}

/* At the exits of the system calls that transfer bytes. 0 or -errno. */
static int attach_exits(const struct bpf_program *p, struct bpf_link *links[KERN_EXITS],
			const char *purpose)
{
	static const char *const names[KERN_EXITS] = {
		"sys_exit_read",  "sys_exit_recvfrom", "sys_exit_recvmsg", "sys_exit_readv",
		"sys_exit_write", "sys_exit_sendto",   "sys_exit_sendmsg", "sys_exit_writev",
	};

	for (size_t i = 0; i < KERN_EXITS; i++) {
		struct bpf_link *link = bpf_program__attach_tracepoint(p, "syscalls", names[i]);
		int r = libbpf_get_error(link);

		if (r) {
			log_info("probe: %s is not observed: %s: %s", purpose, names[i],
				 strerror(-r));
			return r;
		}
		links[i] = link;
	}
	return 0;
}

static void attach_sockets(struct kern *k)
{
	struct gentap_bpf *s = k->skel;
	bool *has = k->has;

	has[FEATURE_SOCKET_STATE] =
		attach_one(s->progs.socket_state, &s->links.socket_state,
			   has[FEATURE_SOCKET_STATE]) &&
		attach_one(s->progs.socket_destroy, &s->links.socket_destroy, true);
	has[FEATURE_EXIT_CODES] =
		attach_one(s->progs.process_exit, &s->links.process_exit, has[FEATURE_EXIT_CODES]);
	has[FEATURE_SOCKET_LENGTH] =
		attach_one(s->progs.plain_sent, &s->links.plain_sent, has[FEATURE_SOCKET_LENGTH]) &&
		attach_one(s->progs.plain_received, &s->links.plain_received, true);
	/* Each program that runs costs every transfer of the machine: one where one will do. */
	has[FEATURE_SOCKET_SEND] =
		!has[FEATURE_SOCKET_LENGTH] &&
		attach_one(s->progs.socket_send, &s->links.socket_send, has[FEATURE_SOCKET_SEND]);
	s->bss->receives_after = has[FEATURE_SOCKET_RECEIVE] && has[FEATURE_SOCKET_LENGTH];
	has[FEATURE_SOCKET_RECEIVE] = s->bss->receives_after ||
				      attach_one(s->progs.socket_receive, &s->links.socket_receive,
						 has[FEATURE_SOCKET_RECEIVE]);
	/* Where there is no tracepoint with the socket. */
	has[FEATURE_SYSCALLS] = has[FEATURE_SYSCALLS] && !has[FEATURE_SOCKET_LENGTH] &&
				!attach_exits(s->progs.plain_exit, k->exits, "plain HTTP");
	s->bss->have_socket_send =
		has[FEATURE_SOCKET_SEND] || has[FEATURE_SOCKET_LENGTH] || has[FEATURE_SYSCALLS];
	s->bss->inspects_after = !has[FEATURE_SOCKET_SEND] && s->bss->have_socket_send;
}

/* The agent needs an fd per link; both limits are raised as far as they may be. */
static void raise_limits(void)
{
	struct rlimit files, memory = { RLIM_INFINITY, RLIM_INFINITY };

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Counts before Linux 5.11 only; refused without CAP_SYS_RESOURCE. */
	setrlimit(RLIMIT_MEMLOCK, &memory);
}

static int fill_roles(const struct kern *k)
{
	int r = 0;

	for (uint32_t role = 0; role < ROLE_MAX && !r; role++) {
		int fd = kern_program(k, role);

		if (fd >= 0)
			r = bpf_map_update_elem(bpf_map__fd(k->skel->maps.roles), &role, &fd,
						BPF_ANY);
	}
	if (r)
		log_info("probe: programs cannot be dispatched to: %s", strerror(errno));
	return r;
}

int kern_open(struct kern *k, const struct probe_config *config, const char **ret_error)
{
	int r;

	*k = (struct kern){ .perf_uprobe_type = -1 };
	libbpf_set_print(on_libbpf_line);
	raise_limits();
	k->skel = gentap_bpf__open();
	if (!k->skel) {
		r = -errno;
		*ret_error = "this build's kernel programs cannot be read";
		return r;
	}
	choose(k, config);
	configure(k, config);
	r = gentap_bpf__load(k->skel);
	if (r && k->has[FEATURE_USER_DYNPTR]) {
		log_debug("probe: loading again without user_dynptr");
		gentap_bpf__destroy(k->skel);
		k->skel = gentap_bpf__open();
		r = k->skel ? 0 : -ENOMEM;
		if (!r) {
			choose(k, config);
			k->has[FEATURE_USER_DYNPTR] = k->skel->rodata->have_user_dynptr = false;
			configure(k, config);
			r = gentap_bpf__load(k->skel);
		}
	}
	if (r) {
		*ret_error = explain(r);
		kern_close(k);
		return r;
	}
	attach_sockets(k);
	attach_find_perf(&k->perf_uprobe_type, &k->perf_return_flag);
	k->has[FEATURE_MULTI] = k->has[FEATURE_MULTI] &&
				attach_test_multi(bpf_program__fd(k->skel->progs.self_test),
						  &k->skel->bss->self_test_hits) &&
				!fill_roles(k);
	k->skel->bss->probes_shared = !k->has[FEATURE_MULTI];
	if (!k->has[FEATURE_MULTI] && k->perf_uprobe_type < 0) {
		*ret_error = "the kernel has no user space probes: gentap needs "
			     "CONFIG_UPROBE_EVENTS=y and a mounted /sys";
		kern_close(k);
		return -ENOTSUP;
	}
	return 0;
}

void kern_close(struct kern *k)
{
	for (size_t i = 0; i < KERN_EXITS; i++)
		bpf_link__destroy(k->exits[i]), bpf_link__destroy(k->stdio[i]);
	gentap_bpf__destroy(k->skel);
	*k = (struct kern){ 0 };
}

int kern_program(const struct kern *k, enum point_role role)
{
	const struct gentap_bpf *s = k->skel;
	struct bpf_program *const programs[ROLE_MAX] = {
		[ROLE_OPENSSL_WRITE] = s->progs.openssl_write,
		[ROLE_OPENSSL_WRITE_OUT4] = s->progs.openssl_write_out4,
		[ROLE_OPENSSL_WRITE_OUT5] = s->progs.openssl_write_out5,
		[ROLE_OPENSSL_READ] = s->progs.openssl_read,
		[ROLE_OPENSSL_READ_OUT4] = s->progs.openssl_read_out4,
		[ROLE_BORINGSSL_WRITE] = s->progs.boringssl_write,
		[ROLE_BORINGSSL_READ] = s->progs.boringssl_read,
		[ROLE_GNUTLS_WRITE] = s->progs.gnutls_write,
		[ROLE_GNUTLS_READ] = s->progs.gnutls_read,
		[ROLE_NSS_WRITE] = s->progs.nss_write,
		[ROLE_NSS_READ] = s->progs.nss_read,
		[ROLE_OTHER_WRITE] = s->progs.other_write,
		[ROLE_OTHER_READ] = s->progs.other_read,
		[ROLE_RETURN] = s->progs.openssl_return,
		[ROLE_FREE] = s->progs.openssl_free,
		[ROLE_GO_WRITE] = s->progs.go_write,
		[ROLE_GO_WRITE_ROOM] = s->progs.go_write_room,
		[ROLE_GO_READ] = s->progs.go_read,
		[ROLE_AEAD_SEAL] = s->progs.aead_seal,
		[ROLE_AEAD_SEAL_SCATTER] = s->progs.aead_seal_scatter,
		[ROLE_AEAD_OPEN] = s->progs.aead_open,
		[ROLE_AEAD_OPEN_GATHER] = s->progs.aead_open_gather,
		[ROLE_AEAD_OPEN_RETURN] = s->progs.aead_open_return,
		[ROLE_RING_SEAL] = s->progs.ring_seal,
		[ROLE_RING_OPEN] = s->progs.ring_open,
		[ROLE_RING_OPEN_RETURN] = s->progs.ring_open_return,
		[ROLE_GO_READ_RETURN] = s->progs.go_read_return,
		[ROLE_GO_READ_COPY] = s->progs.go_read_copy,
		[ROLE_GO_CLOSE] = s->progs.go_close,
		[ROLE_JAVA_TAP] = s->progs.java_tap,
	};

	return bpf_program__fd(programs[role]);
}

int kern_dispatch(const struct kern *k)
{
	return bpf_program__fd(k->skel->progs.dispatch);
}

int kern_ring_fd(const struct kern *k)
{
	return bpf_map__fd(k->skel->maps.ring);
}

volatile uint32_t *kern_consumer_state(const struct kern *k)
{
	return &k->skel->bss->consumer_state;
}

/* The last reference is closed elsewhere: that takes a while. */
static void detach_stdio(struct kern *k, struct reaper *reaper)
{
	for (size_t i = 0; i < KERN_EXITS; i++) {
		struct bpf_link *link = TAKE(k->stdio[i]);
		int fd = link ? fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 0) : -1;

		bpf_link__destroy(link);
		if (fd >= 0)
			reaper_close(reaper, fd);
	}
}

int kern_watch_stdio(struct kern *k, bool on, struct reaper *reaper)
{
	int r;

	if (!k->has[FEATURE_STDIO])
		return -ENOTSUP;
	if (!on) {
		detach_stdio(k, reaper);
		return 0;
	}
	if (k->stdio[0])
		return 0;
	r = attach_exits(k->skel->progs.stdio_exit, k->stdio, "MCP over standard streams");
	if (r) {
		k->has[FEATURE_STDIO] = false;
		detach_stdio(k, reaper);
	}
	return r;
}
