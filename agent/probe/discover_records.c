/* SPDX-License-Identifier: Apache-2.0 */
#include "discover_internal.h"

#include "clock.h"
#include "filter.h"
#include "proc.h"

#define DULL_SECONDS 600 /* then it is looked at again: it may have been overwritten */
#define DYING_DELAY_NS (20 * NSEC_PER_MSEC)
#define SCAN_SOON_NS (100 * NSEC_PER_MSEC)

struct file_key {
	uint64_t dev, inode, path_hash;
};

/* ---- Queues ------------------------------------------------------------------------ */

void discover_dequeue(struct entry *e)
{
	if (!e->queue)
		return;
	if (e->prev)
		e->prev->next = e->next;
	else
		e->queue->first = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		e->queue->last = e->prev;
	e->prev = e->next = NULL;
	e->queue = NULL;
}

static void queue_add(struct queue *q, struct entry *e)
{
	discover_dequeue(e);
	e->queue = q;
	e->prev = q->last;
	if (q->last)
		q->last->next = e;
	else
		q->first = e;
	q->last = e;
}

/* ---- Processes --------------------------------------------------------------------- */

struct entry *discover_find(const struct discover *d, uint32_t tgid)
{
	return table_get(&d->processes, &tgid, sizeof(tgid));
}

struct entry *discover_add(struct discover *d, uint32_t tgid, uint64_t since_ns)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e || table_add(&d->processes, &tgid, sizeof(tgid), e)) {
		d->stats.no_memory++;
		free(e);
		return NULL;
	}
	e->tgid = tgid;
	e->since_ns = since_ns;
	e->scan = d->scan;
	return e;
}

static void set_verdict(struct discover *d, struct entry *e, enum verdict verdict)
{
	d->stats.processes += (verdict == VERDICT_PASSES) - (e->verdict == VERDICT_PASSES);
	e->verdict = verdict;
}

void discover_tell_fork(struct discover *d, struct entry *e)
{
	discover_dequeue(e);
	e->told = true;
	if (d->sink.fork)
		d->sink.fork(d->sink.ctx, e->parent, e->tgid, e->since_ns);
}

void discover_hold_fork(struct discover *d, struct entry *e, uint64_t now_ns)
{
	e->held++;
	e->due_ns = now_ns + FORK_DELAY_NS;
	queue_add(&d->forks, e);
}

static void tell_exec(struct discover *d, struct entry *e, uint64_t ts_ns)
{
	e->told = true;
	if (d->sink.exec)
		d->sink.exec(d->sink.ctx, e->tgid, ts_ns);
}

static void tell_exit(struct discover *d, struct entry *e, uint64_t ts_ns)
{
	if (!e->told)
		return;
	e->told = false;
	if (d->sink.exit)
		d->sink.exit(d->sink.ctx, e->tgid, ts_ns);
}

/* Left out by choice: not for being of another family, nor the agent itself. */
static void tell_left_out(struct discover *d, struct entry *e, bool left_out, uint64_t ts_ns)
{
	left_out = left_out && e->tgid != d->self && (!d->filter.pids || e->family);
	if (!left_out && !e->left_out)
		return;
	e->left_out = left_out;
	if (d->sink.left_out)
		d->sink.left_out(d->sink.ctx, e->tgid, left_out, ts_ns);
}

static struct entry *fork_of(const struct discover *d, uint32_t parent)
{
	struct entry *e = d->forks.first;

	while (e && e->parent != parent)
		e = e->next;
	return e;
}

void discover_forget(struct discover *d, struct entry *e, uint64_t ts_ns)
{
	uint32_t tgid = e->tgid;
	struct entry *child;

	/* A child that outlives it has its mappings: the sink needs them both to know. */
	while (e->told && (child = fork_of(d, tgid)))
		discover_tell_fork(d, child);
	discover_dequeue(e);
	set_verdict(d, e, VERDICT_LEFT_OUT);
	table_take(&d->processes, &tgid, sizeof(tgid));
	tell_exit(d, e, ts_ns);
	tell_left_out(d, e, false, ts_ns);
	free(e);
}

/* Whether the filter lets it pass now that it runs exe; tells the sink what changes. */
void discover_judge(struct discover *d, struct entry *e, const char *exe, uint64_t ts_ns)
{
	struct filter_subject s = { .family = e->family, .comm = e->comm, .exe = exe };
	bool passes = e->forced;

	if (!passes && e->tgid != d->self)
		passes = (!(d->needs & FILTER_UID) || !proc_read_uid(e->tgid, &s.uid)) &&
			 filter_passes(&d->filter, &s);
	set_verdict(d, e, passes ? VERDICT_PASSES : VERDICT_LEFT_OUT);
	if (e->queue == &d->forks)
		discover_dequeue(e);
	if (!passes)
		tell_exit(d, e, ts_ns);
	tell_left_out(d, e, !passes, ts_ns);
	if (passes)
		tell_exec(d, e, ts_ns);
}

void discover_doubt(struct discover *d, struct entry *e)
{
	if (e->queue == &d->forks)
		discover_tell_fork(d, e);
	e->checks = 0;
	queue_add(&d->dying, e);
	d->dying_delay_ns = DYING_DELAY_NS;
	loop_set_timer(d->on_dying, DYING_DELAY_NS);
}

/* ---- Mappings ---------------------------------------------------------------------- */

static struct file_key key_of(const struct discover_mapping *m)
{
	return (struct file_key){ m->dev, m->inode, slice_hash(SLICE_HASH, slice_from(m->path)) };
}

static bool is_dull(struct discover *d, const struct file_key *key, uint64_t now_ns)
{
	uintptr_t judged = (uintptr_t)table_get(&d->dull_files, key, sizeof(*key));

	if (!judged)
		return false;
	/* Mappings are not told strictly in order: this one may be the older. */
	if ((int64_t)(now_ns / NSEC_PER_SEC + 1 - judged) < DULL_SECONDS)
		return true;
	table_take(&d->dull_files, key, sizeof(*key));
	return false;
}

static void remember_dull(struct discover *d, const struct file_key *key, uint64_t now_ns)
{
	if (d->dull_files.count == d->dull_files.max)
		table_take_oldest(&d->dull_files);
	/* Without memory it is asked for again: no harm. Never 0, that is "not there". */
	table_add(&d->dull_files, key, sizeof(*key),
		  (void *)(uintptr_t)(now_ns / NSEC_PER_SEC + 1));
}

void discover_map(struct discover *d, struct entry *e, const struct discover_mapping *m)
{
	bool (*wants)(void *, const char *, bool) = d->sink.wants_file;
	struct file_key key;

	if (!(wants ? wants(d->sink.ctx, m->path, m->exe) : discover_wants_file(m->path, m->exe)))
		return;
	key = key_of(m);
	if (is_dull(d, &key, m->ts_ns))
		return;
	if (e->queue == &d->forks)
		discover_tell_fork(d, e);
	if (d->sink.mapped && !d->sink.mapped(d->sink.ctx, m))
		remember_dull(d, &key, m->ts_ns);
}

/* ---- Records ----------------------------------------------------------------------- */

static void set_comm(struct entry *e, const char *comm)
{
	snprintf(e->comm, sizeof(e->comm), "%s", comm);
}

static void on_exec(struct discover *d, const struct perf_record *rec)
{
	struct entry *e = discover_find(d, rec->pid);

	if (e && rec->ts_ns <= e->since_ns)
		return;
	if (!e) {
		e = discover_add(d, rec->pid, rec->ts_ns);
		if (!e)
			return;
		e->family = discover_is_family(d, rec->pid, &e->forced);
	}
	discover_dequeue(e);
	if (d->sink.begins && e->verdict != VERDICT_LEFT_OUT)
		d->sink.begins(d->sink.ctx);
	e->since_ns = rec->ts_ns;
	e->exe_hash = 0;
	e->threads = false;
	e->fresh = true;
	set_comm(e, rec->comm);
	if (d->needs & FILTER_EXE)
		set_verdict(d, e, VERDICT_PENDING);
	else
		discover_judge(d, e, NULL, rec->ts_ns);
}

/* A process may come to bear a wanted name without exec; it does not lose it so. */
static void on_comm(struct discover *d, const struct perf_record *rec)
{
	struct entry *e =
		rec->pid == rec->tid && d->needs & FILTER_COMM ? discover_find(d, rec->pid) : NULL;
	char exe[4096];

	if (!e || rec->ts_ns <= e->since_ns)
		return;
	set_comm(e, rec->comm);
	if (e->verdict != VERDICT_LEFT_OUT || e->tgid == d->self)
		return;
	if (proc_read_exe(e->tgid, exe, sizeof(exe)) < 0)
		return;
	discover_judge(d, e, exe, rec->ts_ns);
	if (e->verdict == VERDICT_PASSES)
		discover_scan_maps(d, e);
}

static void on_mmap(struct discover *d, const struct perf_record *rec)
{
	static const struct slice deleted = { " (deleted)", 10 };
	struct slice path = slice_from(rec->map.path);
	struct entry *e = discover_find(d, rec->pid);
	struct discover_mapping m = {
		.tgid = rec->pid,
		.path = rec->map.path,
		.dev = rec->map.dev,
		.inode = rec->map.inode,
		.start = rec->map.start,
		.len = rec->map.len,
		.offset = rec->map.offset,
		.ts_ns = rec->ts_ns,
	};
	char cut[4096];

	if (e && e->verdict == VERDICT_LEFT_OUT)
		return;
	/* "//anon", "[vdso]" and the like are no files. */
	if (path.len < 2 || path.data[0] != '/' || path.data[1] == '/')
		return;
	if (slice_ends(path, deleted) && path.len < sizeof(cut)) {
		snprintf(cut, sizeof(cut), "%.*s", (int)(path.len - deleted.len), path.data);
		m.path = cut;
	}
	if (!e) {
		/* Its mappings are told from /proc, this one among them. */
		discover_learn(d, rec->pid);
		return;
	}
	m.exe = e->fresh && rec->ts_ns > e->since_ns;
	if (m.exe) {
		e->fresh = false;
		e->exe_hash = slice_hash(SLICE_HASH, slice_from(m.path));
	}
	if (e->verdict == VERDICT_PENDING)
		discover_judge(d, e, m.path, rec->ts_ns);
	if (e->verdict == VERDICT_PASSES)
		discover_map(d, e, &m);
}

static void on_fork(struct discover *d, const struct perf_record *rec)
{
	struct entry *parent, *e = discover_find(d, rec->pid);

	if (rec->pid == rec->parent.pid) {
		if (e)
			e->threads = true;
		return;
	}
	if (e && rec->ts_ns <= e->since_ns)
		return;
	/* Its number was another's, whose end we missed. */
	if (e)
		discover_forget(d, e, rec->ts_ns);
	parent = discover_find(d, rec->parent.pid);
	/* What is not known of the parent is learnt when the child execs or maps, and the
	 * agent's own children are not the agent. */
	if (!parent || parent->tgid == d->self)
		return;
	e = discover_add(d, rec->pid, rec->ts_ns);
	if (!e)
		return;
	e->parent = parent->tgid;
	e->family = parent->family;
	e->forced = parent->forced;
	e->exe_hash = parent->exe_hash;
	e->fresh = parent->fresh;
	memcpy(e->comm, parent->comm, sizeof(e->comm));
	set_verdict(d, e, parent->verdict);
	tell_left_out(d, e, parent->left_out, rec->ts_ns);
	if (e->verdict != VERDICT_PASSES)
		return;
	if (d->sink.begins)
		d->sink.begins(d->sink.ctx);
	e->due_ns = rec->ts_ns + FORK_DELAY_NS;
	if (!d->forks.first)
		loop_set_timer(d->on_fork, FORK_DELAY_NS);
	queue_add(&d->forks, e);
	if (parent->told && d->sink.hurries && d->sink.hurries(d->sink.ctx, parent->tgid))
		discover_tell_fork(d, e);
}

static void on_exit_record(struct discover *d, const struct perf_record *rec)
{
	struct entry *e = discover_find(d, rec->pid);

	/* Threads matter only once their leader has gone. */
	if (!e || (rec->pid != rec->tid && e->queue != &d->dying))
		return;
	/* Without threads, or if nobody asks, there is nothing to look up. */
	if (rec->ts_ns > e->since_ns &&
	    (!e->threads || (!e->told && !e->family) || discover_liveness(e->tgid) == GONE)) {
		discover_forget(d, e, rec->ts_ns);
		return;
	}
	if (e->queue != &d->dying)
		discover_doubt(d, e);
}

static void on_lost(struct discover *d, const struct perf_record *rec)
{
	d->stats.lost += rec->lost;
	if (d->full_next)
		return;
	d->full_next = true;
	if (!d->proc)
		loop_set_timer(d->on_scan, SCAN_SOON_NS);
}

void discover_handle(struct discover *d, const struct perf_record *rec)
{
	static void (*const handlers[])(struct discover *, const struct perf_record *) = {
		[PERF_MMAP] = on_mmap, [PERF_COMM] = on_comm,	     [PERF_EXEC] = on_exec,
		[PERF_FORK] = on_fork, [PERF_EXIT] = on_exit_record, [PERF_LOST] = on_lost,
	};

	d->stats.records++;
	/* Processes outside of our pid namespace have no number. */
	if (rec->type != PERF_LOST && (!rec->pid || rec->pid == UINT32_MAX))
		return;
	handlers[rec->type](d, rec);
}
