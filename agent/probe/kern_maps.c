/* SPDX-License-Identifier: Apache-2.0 */
#include "kern.h"

#include "cleanup.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "gentap.skel.h"

#define CONNS_BATCH 256
#define WATCH_EXITED 0x80000000

/* As bpf/maps.bpf.h has them. */
struct conn_key {
	uint64_t ptr;
	uint32_t tgid;
	uint32_t zero;
};

struct verdict_value {
	uint64_t gen;
	uint32_t verdict;
	uint32_t zero;
};

struct watch_value {
	uint32_t state;
	uint32_t ignored_calls;
	uint64_t window_ns;
	uint32_t records;
	uint32_t stdio;
	uint32_t exit_code;
	uint32_t hinted;
	uint64_t stdio_ino[2];
};

/* A number of processes: at most as many as there are process ids of a slot, 64. */
static volatile uint8_t *hint_of(const struct kern *k, uint32_t tgid)
{
	return &k->skel->bss->watch_hints[tgid % ARRAY_LEN(k->skel->bss->watch_hints)];
}

int kern_watch(const struct kern *k, uint32_t tgid, uint32_t state, const struct stdio_ends *stdio)
{
	int fd = bpf_map__fd(k->skel->maps.watched), r;
	volatile uint8_t *hint = hint_of(k, tgid);
	struct watch_value before = { 0 };
	struct watch_value value = { .state = state,
				     .stdio = stdio->peer,
				     .stdio_ino = { stdio->ino[0], stdio->ino[1] } };

	value.hinted = state == GENTAP_WATCH_ON || state == GENTAP_WATCH_HELLO || stdio->peer;
	if (bpf_map_lookup_elem(fd, &tgid, &before))
		before.hinted = 0;
	/* Raised before there is something to find, lowered when there is nothing any more. */
	*hint += value.hinted;
	r = state || stdio->peer ? bpf_map_update_elem(fd, &tgid, &value, BPF_ANY)
				 : bpf_map_delete_elem(fd, &tgid);
	*hint -= r ? value.hinted : before.hinted;
	return r;
}

int kern_exit_code(const struct kern *k, uint32_t tgid)
{
	struct watch_value value;

	if (bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.watched), &tgid, &value) ||
	    !(value.exit_code & WATCH_EXITED))
		return -ENOENT;
	return (int)(value.exit_code & ~WATCH_EXITED);
}

void kern_set_verdict(const struct kern *k, uint32_t tgid, uint64_t ptr, uint64_t gen,
		      enum gentap_verdict verdict)
{
	struct conn_key key = { .ptr = ptr, .tgid = tgid };
	struct verdict_value value = { .gen = gen, .verdict = verdict };

	bpf_map_update_elem(bpf_map__fd(k->skel->maps.verdicts), &key, &value, BPF_ANY);
}

void kern_set_acting(const struct kern *k, uint32_t tgid, bool acts)
{
	int fd = bpf_map__fd(k->skel->maps.acting);

	uint64_t none = 0;

	if (!acts)
		k->skel->bss->n_acting -= k->skel->bss->n_acting && !bpf_map_delete_elem(fd, &tgid);
	else if (bpf_map_update_elem(fd, &tgid, &none, BPF_EXIST))
		k->skel->bss->n_acting += !bpf_map_update_elem(fd, &tgid, &none, BPF_ANY);
}

static void forget_some(const struct kern *k, const struct conn_key *keys, const char *values,
			size_t n, uint32_t tgid, uint64_t before_ns)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t gen;

		/* Its first member, and the time when it began. */
		memcpy(&gen, values + i * bpf_map__value_size(k->skel->maps.conns), sizeof(gen));
		if (keys[i].tgid == tgid && gen < before_ns)
			bpf_map_delete_elem(bpf_map__fd(k->skel->maps.conns), &keys[i]);
	}
}

void kern_forget_conns(const struct kern *k, uint32_t tgid, uint64_t before_ns)
{
	int fd = bpf_map__fd(k->skel->maps.conns);
	struct conn_key keys[CONNS_BATCH];
	size_t value_size = bpf_map__value_size(k->skel->maps.conns);
	_cleanup_free_ char *values = malloc(CONNS_BATCH * value_size);
	uint32_t from, to;
	bool more = values;

	for (uint32_t seen = 0, n; more && seen <= bpf_map__max_entries(k->skel->maps.conns);
	     seen += n) {
		n = CONNS_BATCH;
		more = !bpf_map_lookup_batch(fd, seen ? &from : NULL, &to, keys, values, &n, NULL);
		if (!more && errno != ENOENT) /* that is the last batch */
			return;
		forget_some(k, keys, values, n, tgid, before_ns);
		from = to;
	}
}

void kern_read_stats(const struct kern *k, uint64_t ret[GENTAP_STAT_MAX])
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *counts = NULL;
	uint32_t zero = 0;

	memset(ret, 0, GENTAP_STAT_MAX * sizeof(*ret));
	counts = cpus > 0 ? calloc(cpus, GENTAP_STAT_MAX * sizeof(*counts)) : NULL;
	if (!counts || bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.stats), &zero, counts))
		return;
	for (int i = 0; i < cpus * GENTAP_STAT_MAX; i++)
		ret[i % GENTAP_STAT_MAX] += counts[i];
}
