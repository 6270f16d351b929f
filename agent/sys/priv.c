/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

#include "cleanup.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef CAP_PERFMON /* of Linux 5.8; older headers build it too */
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#define KERNEL_MAJOR_MIN 5
#define KERNEL_MINOR_MIN 8

enum lockdown priv_parse_lockdown(struct slice text)
{
	if (slice_find(text, SLICE("[confidentiality]")) >= 0)
		return LOCKDOWN_CONFIDENTIALITY;
	return slice_find(text, SLICE("[integrity]")) >= 0 ? LOCKDOWN_INTEGRITY : LOCKDOWN_NONE;
}

int priv_parse_release(struct slice release, unsigned int *ret_major, unsigned int *ret_minor)
{
	struct slice major = slice_cut(&release, '.'), minor = release;
	uint64_t x, y;
	size_t digits = 0;

	while (digits < minor.len && minor.data[digits] >= '0' && minor.data[digits] <= '9')
		digits++;
	if (slice_u64(major, &x) < 0 || slice_u64(slice_sub(minor, 0, digits), &y) < 0 ||
	    x > 1000 || y > 1000)
		return -EBADMSG;
	*ret_major = (unsigned int)x;
	*ret_minor = (unsigned int)y;
	return 0;
}

bool priv_is_first_user_ns(struct slice uid_map)
{
	static const uint64_t all[] = { 0, 0, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		uint64_t v;

		uid_map = slice_trim(uid_map);
		if (slice_u64(slice_trim(slice_cut(&uid_map, ' ')), &v) < 0 || v != all[i])
			return false;
	}
	return !uid_map.len;
}

static struct slice read_file(const char *path, char *buffer, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, size);

	return n < 0 ? SLICE_NONE : (struct slice){ buffer, (size_t)n };
}

static bool has(unsigned int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability) == 1;
}

void priv_read(struct priv *ret)
{
	struct priv p = { 0 };
	struct utsname u;
	char text[256];
	struct slice map;

	if (!capng_get_caps_process()) {
		bool admin = has(CAP_SYS_ADMIN);

		p.bpf = admin || has(CAP_BPF);
		p.perfmon = admin || has(CAP_PERFMON);
		p.ptrace = has(CAP_SYS_PTRACE);
		p.dac_read = has(CAP_DAC_READ_SEARCH) || has(CAP_DAC_OVERRIDE);
	}
	map = read_file("/proc/self/uid_map", text, sizeof(text));
	p.user_ns = map.data && !priv_is_first_user_ns(map);
	p.btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	p.lockdown =
		priv_parse_lockdown(read_file("/sys/kernel/security/lockdown", text, sizeof(text)));
	if (!uname(&u)) {
		snprintf(p.release, sizeof(p.release), "%.64s", u.release);
		priv_parse_release(slice_from(p.release), &p.kernel_major, &p.kernel_minor);
	}
	*ret = p;
}

const char *priv_problem(const struct priv *p)
{
	bool old = p->kernel_major &&
		   (p->kernel_major < KERNEL_MAJOR_MIN ||
		    (p->kernel_major == KERNEL_MAJOR_MIN && p->kernel_minor < KERNEL_MINOR_MIN));
	const struct {
		bool here;
		const char *sentence;
	} problems[] = {
		{ old, "this kernel is too old: capturing needs Linux 5.8 or later" },
		{ !p->bpf || !p->perfmon,
		  "loading eBPF programs is not permitted: run as root (sudo gentap ...), or grant "
		  "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH" },
		{ !p->ptrace || !p->dac_read,
		  "other users' processes cannot be read: run as root, or grant CAP_SYS_PTRACE and "
		  "CAP_DAC_READ_SEARCH" },
		{ p->user_ns, "this is root of a user namespace only: run gentap on the host, or "
			      "in a container "
			      "that is --privileged and has --pid=host" },
		{ p->lockdown == LOCKDOWN_CONFIDENTIALITY,
		  "the kernel is locked down (confidentiality), which hides other processes' "
		  "memory "
		  "from eBPF: boot with lockdown=integrity" },
		{ !p->btf,
		  "the kernel has no type information at /sys/kernel/btf/vmlinux: use one that was "
		  "built with CONFIG_DEBUG_INFO_BTF=y, as distributions do since 2021" },
	};

	for (size_t i = 0; i < ARRAY_LEN(problems); i++)
		if (problems[i].here)
			return problems[i].sentence;
	return NULL;
}

/* ---- The invoking user --------------------------------------------------------------- */

static int env_id(const char *name, uint32_t *ret)
{
	const char *value = getenv(name);
	uint64_t v;

	if (!value)
		return -ENOENT;
	/* The highest means "leave it as it is" to setuid and its like. */
	if (slice_u64(slice_from(value), &v) < 0 || v >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static const struct passwd *find_user(int *ret_error)
{
	const char *doas = getenv("DOAS_USER");
	uint32_t uid;
	int r = env_id("SUDO_UID", &uid);

	if (r == -ENOENT)
		r = env_id("PKEXEC_UID", &uid);
	*ret_error = r == -ENOENT && doas ? -ESRCH : r < 0 ? r : -ESRCH;
	if (!r)
		return getpwuid(uid);
	return r == -ENOENT && doas ? getpwnam(doas) : NULL;
}

int priv_find_invoker(struct priv_invoker *ret)
{
	struct priv_invoker u = { 0 };
	const struct passwd *pw;
	int r;

	pw = find_user(&r);
	if (!pw)
		return r;
	u.uid = pw->pw_uid;
	u.gid = pw->pw_gid;
	r = env_id("SUDO_GID", &u.gid);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!u.uid)
		return -ENOENT;
	if (strlen(pw->pw_name) >= sizeof(u.name) || strlen(pw->pw_dir) >= sizeof(u.home) ||
	    strlen(pw->pw_shell) >= sizeof(u.shell))
		return -EINVAL;
	snprintf(u.name, sizeof(u.name), "%s", pw->pw_name);
	snprintf(u.home, sizeof(u.home), "%s", pw->pw_dir);
	snprintf(u.shell, sizeof(u.shell), "%s", *pw->pw_shell ? pw->pw_shell : "/bin/sh");
	*ret = u;
	return 0;
}

static int set_environment(const struct priv_invoker *u)
{
	static const char *const gone[] = { "SUDO_UID",	    "SUDO_GID",	  "SUDO_USER",
					    "SUDO_COMMAND", "PKEXEC_UID", "DOAS_USER" };

	if (setenv("HOME", u->home, 1) || setenv("USER", u->name, 1) ||
	    setenv("LOGNAME", u->name, 1) || setenv("SHELL", u->shell, 1))
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		unsetenv(gone[i]);
	return 0;
}

int priv_become(const struct priv_invoker *u)
{
	if (!u->uid)
		return -EINVAL;
	/* In this order: without the uid, the rest could not be changed any more. */
	if (initgroups(u->name, u->gid) || setresgid(u->gid, u->gid, u->gid) ||
	    setresuid(u->uid, u->uid, u->uid))
		return -errno;
	if (!setuid(0) || !setgid(0))
		return -EPERM; /* root could be had back */
	return set_environment(u);
}
