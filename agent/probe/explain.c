/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include "cleanup.h"
#include "elf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#define DOCTOR "sudo gentap doctor"
#define JAVA_ATTACH "gentap run --java-attach"
#define AGAIN "start it again, or by gentap exec"
#define FDS_MAX 4096 /* that are looked through */

__attribute__((format(printf, 3, 4))) static void say(struct probe_reason *ret, const char *remedy,
						      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ret->text, sizeof(ret->text), fmt, args);
	va_end(args);
	ret->remedy = remedy;
}

static const char *exe_path(struct observed *o)
{
	struct process *p = observed_process(o);

	return p && p->exe ? p->exe : NULL;
}

/* "build-id 0123… of /path", or the path alone. */
static void name_build(struct observed *o, char *ret, size_t size)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	char hex[2 * ELF_BUILD_ID_MAX + 1] = "", link[32];
	const char *path = exe_path(o);

	snprintf(link, sizeof(link), "/proc/%u/exe", o->tgid);
	if (elf_open(&e, link) && path && elf_open(&e, path))
		e = NULL;
	for (size_t i = 0; e && i < e->build_id_len; i++)
		snprintf(hex + 2 * i, 3, "%02x", e->build_id[i]);
	snprintf(ret, size, "%s%s%s%s", *hex ? "build-id " : "", hex, *hex ? " of " : "",
		 path ? path : "its executable");
}

/* Its sockets may be driven by the kernel's rings, which nothing here follows. */
static bool has_io_uring(uint32_t tgid)
{
	char path[32], name[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", tgid);
	dir = opendir(path);
	if (!dir)
		return false;
	for (int n = 0; !found && n < FDS_MAX && (entry = readdir(dir)); n++) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, name, sizeof(name) - 1);

		name[len > 0 ? len : 0] = '\0';
		found = !strcmp(name, "anon_inode:[io_uring]");
	}
	closedir(dir);
	return found;
}

static bool explain_error(const struct observed *o, struct probe_reason *ret)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct attachment *a = &o->attachments[i];

		for (size_t k = 0; k < a->target->findings.n; k++) {
			int error = -a->errors[k];

			if (!error || error == ESRCH)
				continue;
			say(ret, DOCTOR, "%sprobes could not be attached: %s: %s",
			    error == EPERM || error == EACCES ? "no privilege: " : "",
			    strerror(error), a->target->path);
			return true;
		}
	}
	return false;
}

/* When the first probe came; 0: none did. */
static uint64_t attached_at(const struct observed *o)
{
	uint64_t first = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->attachments[i].attached_ns &&
		    (!first || o->attachments[i].attached_ns < first))
			first = o->attachments[i].attached_ns;
	return first;
}

/* A stack that was recognised, and its library. */
static const struct finding *found_stack(const struct observed *o, bool located)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct findings *f = &o->attachments[i].target->findings;

		for (size_t k = 0; k < f->n; k++)
			if (!f->finding[k].points.n == !located &&
			    f->finding[k].stack != STACK_JAVA)
				return &f->finding[k];
	}
	return NULL;
}

/* Its TLS is Java code, seen only through our agent. */
static bool explain_java(const struct observed *o, struct probe_reason *ret)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct target *t = o->attachments[i].target;

		for (size_t k = 0; k < t->findings.n; k++) {
			if (t->findings.finding[k].stack != STACK_JAVA)
				continue;
			if (t->owner->java && !*o->java_problem)
				return false;
			say(ret, t->owner->java ? DOCTOR : JAVA_ATTACH, "no locator for %s: %s",
			    "Java's own TLS",
			    t->owner->java ? o->java_problem
					   : "it is read with --java-attach alone");
			return true;
		}
	}
	return false;
}

void explain_unread(struct observed *o, uint64_t since_ns, struct probe_reason *ret)
{
	const struct finding *stack = found_stack(o, false);
	const char *uring = has_io_uring(o->tgid) ? "; it uses io_uring" : "";
	uint64_t attached_ns = attached_at(o);
	char build[PROBE_REASON_MAX / 2];

	if (o->left_out) {
		say(ret, NULL, "filtered by the user: the process is left out");
		return;
	}
	if (explain_error(o, ret) || explain_java(o, ret))
		return;
	if (attached_ns > since_ns) {
		say(ret, AGAIN, "attached too late: the connection was %u ms older than the probes",
		    (unsigned int)((attached_ns - since_ns) / NSEC_PER_MSEC));
		return;
	}
	name_build(o, build, sizeof(build));
	if (!attached_ns && o->searched && (o->searched->scanning || o->searched->findings.n))
		say(ret, AGAIN, "attached too late: %s is searched for the first time", build);
	else if (!attached_ns && found_stack(o, true))
		say(ret, AGAIN, "attached too late: the process ended before its probes came");
	else if (stack)
		say(ret, DOCTOR, "no locator for %s: %s: %s%s", build, tls_stack_name(stack->stack),
		    stack->note, uring);
	else if (!attached_ns)
		say(ret, DOCTOR, "no locator for %s: no TLS library is known in it%s", build,
		    uring);
	else
		say(ret, DOCTOR, "no locator for %s: its known TLS libraries did not carry it%s",
		    build, uring);
}
