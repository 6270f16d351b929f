/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MCP servers are started by their clients, with a pipe or a socket on both of their standard
 * streams. Of such processes, those below one whose TLS is observed are watched: what they
 * read first decides (bpf/stdio.bpf.c), and most are forgotten then. The client is the
 * nearest process above that has another standard input: shells and launchers in between
 * (npx, uv) hand theirs on.
 *
 * Watching has its price for the whole machine, so it ends when nobody is watched.
 */
#include "watcher_internal.h"

#include "cleanup.h"
#include "log.h"
#include "proc.h"

#define LINK_MAX 64
#define ABOVE_MAX 12
#define OFF_NS (10 * NSEC_PER_SEC) /* tools come and go: not on and off for each of them */

static bool read_stream(uint32_t tgid, int fd, char link[LINK_MAX], uint64_t *ret_ino)
{
	struct slice rest;

	if (proc_read_fd(tgid, fd, link, LINK_MAX) ||
	    (strncmp(link, "pipe:[", 6) && strncmp(link, "socket:[", 8)))
		return false;
	rest = slice_from(strchr(link, '[') + 1);
	return !slice_u64(slice_cut(&rest, ']'), ret_ino);
}

uint32_t stdio_parent_of(uint32_t tgid)
{
	struct proc_stat s;
	char text[1024];

	return proc_read_stat(tgid, &s, text, sizeof(text)) ? 0 : s.ppid;
}

/* The peer is 0: none that could be a client. */
static struct stdio_ends find_ends(uint32_t tgid)
{
	char mine[LINK_MAX], other[LINK_MAX];
	struct stdio_ends ends = { 0 };
	uint32_t peer = tgid;

	if (!read_stream(tgid, 0, mine, &ends.ino[GENTAP_READ]) ||
	    !read_stream(tgid, 1, other, &ends.ino[GENTAP_WRITE]))
		return ends;
	for (int i = 0; i < ABOVE_MAX; i++) {
		peer = stdio_parent_of(peer);
		if (peer <= 1)
			break;
		if (proc_read_fd(peer, 0, other, sizeof(other)) || strcmp(mine, other)) {
			ends.peer = peer;
			break;
		}
	}
	return ends;
}

bool stdio_may_be_agent(const struct watcher *w, uint32_t tgid)
{
	if (w->one_tree)
		return true;
	for (int i = 0; i < ABOVE_MAX && tgid > 1; i++, tgid = stdio_parent_of(tgid)) {
		const struct observed *o = watcher_find(w, tgid);

		if (o && (observed_links(o) || o->wanted_ns))
			return true;
	}
	return false;
}

void stdio_check(struct watcher *w, struct observed *o)
{
	struct stdio_ends ends = { 0 };

	if (!o->stdio.peer && !o->parked && w->kern->has[FEATURE_STDIO])
		ends = find_ends(o->tgid);
	if (!ends.peer || !stdio_may_be_agent(w, ends.peer) ||
	    kern_watch_stdio(w->kern, true, w->reaper) ||
	    kern_watch(w->kern, o->tgid, GENTAP_WATCH_ON, &ends))
		return;
	o->stdio = ends;
	w->n_stdio++;
	loop_set_timer(w->stdio_off, 0);
	log_debug("probe: standard streams watched pid=%u peer=%u", o->tgid, ends.peer);
}

static int check_one(void *value, void *arg)
{
	stdio_check(arg, value);
	return 0;
}

void stdio_check_all(struct watcher *w)
{
	table_each(&w->processes, check_one, w);
}

/* The kernel has stopped already, or the process is at its end. */
void stdio_drop(struct watcher *w, struct observed *o)
{
	if (!o->stdio.peer)
		return;
	log_debug("probe: standard streams not watched any more pid=%u", o->tgid);
	o->stdio = (struct stdio_ends){ 0 };
	if (!--w->n_stdio)
		loop_set_timer(w->stdio_off, OFF_NS);
}

void stdio_on_timer(void *ctx)
{
	struct watcher *w = ctx;

	if (!w->n_stdio)
		kern_watch_stdio(w->kern, false, w->reaper);
}
