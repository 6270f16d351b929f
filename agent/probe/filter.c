/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <errno.h>
#include <fnmatch.h>

#define COMM_LEN 15

unsigned int filter_needs(const struct probe_filter *f)
{
	return (f->pids ? FILTER_FAMILY : 0u) | (f->comms || f->exclude_comms ? FILTER_COMM : 0u) |
	       (f->exes || f->exclude_exes ? FILTER_EXE : 0u) |
	       (f->uids || f->exclude_uids ? FILTER_UID : 0u);
}

static bool comm_matches(const char *const *patterns, const char *comm)
{
	for (; comm && *patterns; patterns++) {
		if (!fnmatch(*patterns, comm, 0))
			return true;
		if (strlen(comm) == COMM_LEN && !strpbrk(*patterns, "*?[\\") &&
		    !strncmp(*patterns, comm, COMM_LEN))
			return true;
	}
	return false;
}

static bool exe_matches(const char *const *patterns, const char *exe)
{
	const char *slash = exe ? strrchr(exe, '/') : NULL;

	for (; exe && *patterns; patterns++)
		if (!fnmatch(*patterns, exe, 0) || (slash && !fnmatch(*patterns, slash + 1, 0)))
			return true;
	return false;
}

/* The first element is one even if it is 0, root's uid: no list is empty. */
static bool has_uid(const uint32_t *list, uint32_t uid)
{
	do
		if (*list == uid)
			return true;
	while (*++list);
	return false;
}

bool filter_has_pid(const struct probe_filter *f, uint32_t pid)
{
	for (const uint32_t *p = f->pids; p && *p; p++)
		if (*p == pid)
			return true;
	return false;
}

bool filter_passes(const struct probe_filter *f, const struct filter_subject *s)
{
	if (f->pids && !s->family)
		return false;
	if ((f->comms && !comm_matches(f->comms, s->comm)) ||
	    (f->exclude_comms && comm_matches(f->exclude_comms, s->comm)))
		return false;
	if ((f->exes && !exe_matches(f->exes, s->exe)) ||
	    (f->exclude_exes && exe_matches(f->exclude_exes, s->exe)))
		return false;
	return (!f->uids || has_uid(f->uids, s->uid)) &&
	       (!f->exclude_uids || !has_uid(f->exclude_uids, s->uid));
}

/* ---- Copies ------------------------------------------------------------------------ */

static void free_strings(const char *const *list)
{
	for (const char *const *p = list; p && *p; p++)
		free((void *)*p);
	free((void *)list);
}

static int copy_strings(const char *const **ret, const char *const *list)
{
	size_t n = 0;
	char **copy;

	if (!list)
		return 0;
	while (list[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*ret = (const char *const *)copy;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(list[i]);
		if (!copy[i])
			return -ENOMEM;
	}
	return 0;
}

/* The elements up to the 0, and `first` of them whatever they are. */
static int copy_numbers(const uint32_t **ret, const uint32_t *list, size_t first)
{
	size_t n = first;
	uint32_t *copy;

	if (!list)
		return 0;
	while (list[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, list, n * sizeof(*copy));
	*ret = copy;
	return 0;
}

int filter_copy(struct probe_filter *ret, const struct probe_filter *f)
{
	struct probe_filter copy = { 0 };

	if (copy_numbers(&copy.pids, f->pids, 0) || copy_numbers(&copy.uids, f->uids, 1) ||
	    copy_numbers(&copy.exclude_uids, f->exclude_uids, 1) ||
	    copy_strings(&copy.comms, f->comms) || copy_strings(&copy.exes, f->exes) ||
	    copy_strings(&copy.exclude_comms, f->exclude_comms) ||
	    copy_strings(&copy.exclude_exes, f->exclude_exes)) {
		filter_release(&copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

void filter_release(struct probe_filter *f)
{
	free((void *)f->pids);
	free((void *)f->uids);
	free((void *)f->exclude_uids);
	free_strings(f->comms);
	free_strings(f->exes);
	free_strings(f->exclude_comms);
	free_strings(f->exclude_exes);
	*f = (struct probe_filter){ 0 };
}
