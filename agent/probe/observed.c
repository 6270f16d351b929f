/* SPDX-License-Identifier: Apache-2.0 */
#include "observed.h"
#include "kern.h"
#include "reaper.h"

#include "cleanup.h"
#include "log.h"
#include "proc.h"

#include <errno.h>

int observed_new(struct observed **ret, uint32_t tgid)
{
	struct observed *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->tgid = tgid;
	*ret = o;
	return 0;
}

void observed_free(struct observed *o, struct reaper *reaper)
{
	if (!o)
		return;
	observed_detach(o, reaper);
	for (size_t i = 0; i < o->n; i++)
		target_unref(o->attachments[i].target);
	target_unref(o->searched);
	process_unref(o->process);
	process_unref(o->begun);
	free(o);
}

void observed_add(struct observed *o, struct target *t)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->attachments[i].target == t) {
			o->pending = true;
			target_unref(t);
			return;
		}
	}
	if (o->n == PROCESS_TARGETS_MAX) {
		LOG_RATE(LOG_LEVEL_WARN, "probe: too many libraries, left out pid=%u file=%s",
			 o->tgid, t->path);
		target_unref(t);
		return;
	}
	o->attachments[o->n++] = (struct attachment){ .target = t };
	o->pending = true;
}

void observed_searches(struct observed *o, struct target *t)
{
	target_unref(o->searched);
	o->searched = t;
}

/* 0 or -errno. */
static int attach_finding(const struct observed *o, struct attachment *a, const struct kern *k,
			  size_t i)
{
	struct target *t = a->target;
	int r;

	if (k->has[FEATURE_MULTI])
		return attach_points(&a->links, k, t->fd, o->tgid, &t->findings.finding[i].points);
	r = target_share(t, k, i);
	if (!r && !a->shares)
		t->users++;
	a->shares |= !r;
	return r;
}

/* Each stack of the file by itself: one that cannot be attached hides no other. */
static unsigned int attach_target(const struct observed *o, struct attachment *a,
				  const struct kern *k)
{
	const struct findings *f = &a->target->findings;
	unsigned int failed = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct points *points = &f->finding[i].points;

		if (a->attached[i] || !points->n ||
		    (f->finding[i].stack == STACK_JAVA && !a->target->owner->java))
			continue;
		a->errors[i] = attach_finding(o, a, k, i);
		a->attached[i] = !a->errors[i];
		if (a->attached[i] && !a->attached_ns)
			a->attached_ns = clock_boot_ns();
		/* A process that is gone is no failure. */
		if (!a->errors[i] || a->errors[i] == -ESRCH)
			continue;
		failed++;
		LOG_RATE(LOG_LEVEL_WARN, "probe: attach: %s pid=%u file=%s",
			 strerror(-a->errors[i]), o->tgid, a->target->path);
	}
	return failed;
}

unsigned int observed_attach(struct observed *o, const struct kern *k)
{
	unsigned int failed = 0;

	o->pending = false;
	if (o->parked)
		return 0;
	for (size_t i = 0; i < o->n; i++)
		if (o->attachments[i].target->fd >= 0)
			failed += attach_target(o, &o->attachments[i], k);
	return failed;
}

void observed_detach(struct observed *o, struct reaper *reaper)
{
	for (size_t i = 0; i < o->n; i++) {
		struct attachment *a = &o->attachments[i];

		attach_release(&a->links, reaper);
		if (a->shares)
			a->target->users--;
		a->shares = false;
		memset(a->attached, 0, sizeof(a->attached));
	}
}

size_t observed_links(const struct observed *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		n += o->attachments[i].links.n +
		     (o->attachments[i].shares ? o->attachments[i].target->shared.n : 0);
	return n;
}

struct process *observed_process(struct observed *o)
{
	/* Gone from /proc already: its pid is still the truth. */
	if (!o->process && proc_read(&o->process, o->tgid) && !process_new(&o->process))
		o->process->pid = o->tgid;
	return o->process;
}

bool observed_park(struct observed *o, const struct kern *k, struct reaper *reaper)
{
	uint64_t now = clock_mono_ns();

	if (o->parked || (o->wanted_ns && now - o->wanted_ns < PARK_WANTED_NS))
		return false;
	observed_detach(o, reaper);
	/* Shared ones, when nobody else is looked at by them. */
	for (size_t i = 0; i < o->n; i++)
		if (o->attachments[i].target->shared.n && !o->attachments[i].target->users)
			target_unshare(o->attachments[i].target);
	o->parked = true;
	o->deaf = o->deaf_ns != 0;
	o->hear_ns = now + o->deaf_ns;
	o->check_ns = now + PARK_CHECK_NS;
	o->deaf_ns = o->deaf_ns ? MIN(2 * o->deaf_ns, PARK_DEAF_MAX_NS) : PARK_DEAF_NS;
	kern_watch(k, o->tgid, o->deaf ? 0 : GENTAP_WATCH_PARKED, &o->stdio);
	kern_forget_conns(k, o->tgid, UINT64_MAX);
	log_debug("probe: parked pid=%u", o->tgid);
	return true;
}

void observed_unpark(struct observed *o, const struct kern *k)
{
	if (!o->parked)
		return;
	o->parked = false;
	kern_watch(k, o->tgid, GENTAP_WATCH_ON, &o->stdio);
	observed_attach(o, k);
	log_debug("probe: observed again pid=%u", o->tgid);
}

void observed_check(struct observed *o, const struct kern *k)
{
	uint64_t now = clock_mono_ns();

	if (!o->parked)
		return;
	if (now >= o->check_ns) {
		observed_unpark(o, k);
	} else if (o->deaf && now >= o->hear_ns) {
		o->deaf = false;
		kern_watch(k, o->tgid, GENTAP_WATCH_PARKED, &o->stdio);
	}
}
