/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what this machine offers, what is attached, what is not and why. */
#include "commands.h"
#include "cleanup.h"
#include "clock.h"
#include "live.h"
#include "locate/locate.h"
#include "priv.h"
#include "reader.h"

#include <errno.h>
#include <inttypes.h>

#define SETTLE_MS 60000

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

static void print_features(const struct probe *p)
{
	for (enum feature f = 0; f < FEATURE_MAX; f++) {
		bool used = probe_uses(p, f);

		if ((f == FEATURE_SYSCALLS || f == FEATURE_SOCKET_SEND) &&
		    probe_uses(p, FEATURE_SOCKET_LENGTH))
			continue; /* they would tell the same again */
		printf("%-16s  %s: %s\n", features[f].name, yes_no(used),
		       used ? features[f].what : features[f].without);
	}
}

static void print_points(const struct elf *e, const struct points *p)
{
	for (size_t i = 0; i < p->n; i++) {
		uint64_t vaddr = 0;

		elf_vaddr(e, p->point[i].offset, &vaddr);
		printf("    %-20s offset=0x%" PRIx64 " vaddr=0x%" PRIx64 "%s\n",
		       point_role_name(p->point[i].role), p->point[i].offset, vaddr,
		       p->point[i].at_return ? " return" : "");
	}
}

/* Of a file: needs no privilege, and attaches nothing. False: it cannot be observed. */
static bool examine(const char *path)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct findings f = { 0 };
	uint64_t start_ns = clock_mono_ns();
	bool any = false;
	int r = elf_open(&e, path);

	if (!r)
		r = locate_quick(e, &f);
	if (!r)
		r = locate_slow(e, &f);
	if (r) {
		printf("%s: %s\n", path, strerror(-r));
		return false;
	}
	printf("%s: %s (%" PRIu64 " ms)\n", path, f.n ? "" : "no TLS library known here",
	       (clock_mono_ns() - start_ns) / NSEC_PER_MSEC);
	for (size_t i = 0; i < f.n; i++) {
		const struct finding *found = &f.finding[i];

		printf("  %s: %s%s\n", tls_stack_name(found->stack),
		       found->points.n ? "found by " : "not observed: ", found->note);
		print_points(e, &found->points);
		any |= found->points.n != 0;
	}
	return any;
}

static bool read_ledger(struct query_db *db, struct query_result *ret)
{
	static const char line[] = "--from connections --fields state --since all --limit 1000000";
	struct query_error error = { 0 };
	struct query q;
	int r;

	query_init(&q, clock_wall_ns());
	r = query_parse(&q, slice_from(line), &error);
	if (!r)
		r = query_run(db, &q, ret);
	query_release(&q);
	return !r;
}

/* How much of the ledger is what: executables and hosts, as `coverage` lists them. */
static void print_totals(const struct options *o)
{
	static const char *const states[] = { "decoded", "partial", "opaque" };
	size_t count[ARRAY_LEN(states)] = { 0 };
	struct query_result rows = { 0 };
	struct query_db *db = NULL;
	char path[4096];
	bool known = !reader_path(o, path, sizeof(path)) && !query_open(&db, path) &&
		     read_ledger(db, &rows);

	for (size_t i = 0; known && i < rows.n_rows; i++) {
		const struct query_cell *state = query_cell(&rows, i, 0);

		for (size_t k = 0; k < ARRAY_LEN(states); k++)
			count[k] += state->type == QUERY_TEXT &&
				    slice_eq(state->text, slice_from(states[k]));
	}
	if (known)
		printf("coverage          %zu decoded, %zu partial, %zu opaque%s\n", count[0],
		       count[1], count[2],
		       count[1] + count[2] ? ": gentap coverage says which and why" : "");
	else
		printf("coverage          not known: no database (gentap run --store)\n");
	if (known)
		query_result_release(&rows);
	query_close(db);
}

int cmd_doctor(const struct options *o)
{
	static const char *const lockdown[] = { "none", "integrity", "confidentiality" };
	struct probe_stats stats = { 0 };
	struct priv priv;
	struct live l;

	if (o->n_args) {
		bool all = true;

		for (int i = 0; i < o->n_args; i++)
			all &= examine(o->args[i]);
		return all ? 0 : 3;
	}
	priv_read(&priv);
	printf("kernel            %s\nBTF               %s\nlockdown          %s\n", priv.release,
	       yes_no(priv.btf), lockdown[priv.lockdown]);
	printf("load programs     %s (CAP_BPF)\nattach programs   %s (CAP_PERFMON)\n",
	       yes_no(priv.bpf), yes_no(priv.perfmon));
	printf("read processes    %s (CAP_SYS_PTRACE), files %s (CAP_DAC_READ_SEARCH)\n",
	       yes_no(priv.ptrace), yes_no(priv.dac_read));
	print_totals(o);
	if (priv_problem(&priv)) {
		printf("capture           no: %s\n", priv_problem(&priv));
		return 3;
	}
	if (live_start(&l, o, NULL, 0))
		return 3;
	if (!probe_settle(l.probe, SETTLE_MS))
		printf("files             not all were searched in time\n");
	print_features(l.probe);
	probe_read_stats(l.probe, &stats);
	printf("capture           yes: %llu processes, %llu links, %llu errors\n\n",
	       (unsigned long long)stats.processes, (unsigned long long)stats.links,
	       (unsigned long long)stats.attach_errors);
	printf("  %7s  %-32s  %-40s  %s\n", "PID", "EXECUTABLE", "LIBRARY", "STATE");
	probe_report(l.probe, print_line, NULL);
	live_release(&l);
	return stats.attach_errors ? 3 : 0;
}
