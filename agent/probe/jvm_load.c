/* SPDX-License-Identifier: Apache-2.0 */
#include "jvm_load.h"

#include "cleanup.h"
#include "clock.h"
#include "jvm_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define ANSWER_MAX 4096
#define LISTEN_MS 5000
#define ANSWER_MS (JVM_LOAD_MAX_MS - LISTEN_MS)
#define STEP_MS 10
#define SEND_S 1
#define TEXT_MAX 65536

/* One conversation. */
struct load {
	uint32_t tgid;
	struct jvm_status status;
	int pidfd;
	int tmp; /* its /tmp */
	char *problem;
};

__attribute__((format(printf, 3, 4))) static int fail(const struct load *l, int error,
						      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(l->problem, JVM_PROBLEM_MAX, fmt, args);
	va_end(args);
	return error;
}

/* ---- What /proc says ------------------------------------------------------------------ */

static int read_text(uint32_t tgid, const char *name, char *ret, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/%s", tgid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, size - 1);
	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ret[n] = '\0';
	return (int)n;
}

static bool forbids(uint32_t tgid, char *text)
{
	static const char *const names[] = { "cmdline", "environ" };
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(names) && !found; i++) {
		int n = read_text(tgid, names[i], text, TEXT_MAX);

		found = n > 0 && slice_find((struct slice){ text, (size_t)n },
					    SLICE("+DisableAttachMechanism")) >= 0;
	}
	return found;
}

static int look(struct load *l)
{
	_cleanup_free_ char *text = malloc(TEXT_MAX);
	int n = text ? read_text(l->tgid, "status", text, TEXT_MAX) : -ENOMEM;

	if (n < 0)
		return fail(l, n, "it is not to be seen: %s", strerror(-n));
	if (jvm_parse_status((struct slice){ text, (size_t)n }, &l->status))
		return fail(l, -EBADMSG, "its /proc/PID/status is not as expected");
	if (!l->status.handles_quit)
		return fail(l, -EAGAIN, "it does not listen for SIGQUIT (java -Xrs), or not yet");
	if (forbids(l->tgid, text))
		return fail(l, -EPERM, "it was started with -XX:+DisableAttachMechanism");
	return 0;
}

/* ---- Its /tmp --------------------------------------------------------------------------- */

/* As the process sees it: links in it never lead out of its root. */
static int open_tmp(const struct load *l)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	_cleanup_close_ int root = -1;
	char path[32];
	long fd;

	snprintf(path, sizeof(path), "/proc/%u/root", l->tgid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = syscall(SYS_openat2, root, "tmp", &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

static int write_file(const struct load *l, const char *name, struct slice content)
{
	_cleanup_close_ int fd =
		openat(l->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	/* Its owner must be able to read it, whatever our umask; nobody else needs to. */
	if (fchown(fd, l->status.uid, l->status.gid) && fchmod(fd, 0644))
		return -errno;
	while (content.len) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0)
			return -errno;
		content = slice_sub(content, (size_t)n, content.len);
	}
	return 0;
}

/* ---- The conversation ------------------------------------------------------------------- */

static int connect_to(const struct load *l, const char *name)
{
	const struct timeval limit = { .tv_sec = SEND_S };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (fstatat(l->tmp, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	/* Anybody may put one into /tmp. */
	if (st.st_uid != l->status.uid && st.st_uid)
		return -EPERM;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* One that accepts nobody makes connect() wait. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return -errno;
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s", l->tmp, name);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : TAKE_FD(fd);
}

/* Until it listens. */
static int await(const struct load *l, const char *name)
{
	uint64_t end_ns = clock_mono_ns() + LISTEN_MS * NSEC_PER_MSEC;
	struct pollfd ended = { .fd = l->pidfd, .events = POLLIN };
	int r;

	do {
		r = connect_to(l, name);
		if (r != -ENOENT && r != -ECONNREFUSED)
			return r;
		if (poll(&ended, 1, STEP_MS) > 0)
			return -ESRCH;
	} while (clock_mono_ns() < end_ns);
	return -ETIMEDOUT;
}

static int wake(const struct load *l, const char *name)
{
	char file[32];
	int r;

	snprintf(file, sizeof(file), ".attach_pid%u", l->status.inner_pid);
	r = write_file(l, file, SLICE_NONE);
	if (r && r != -EEXIST) /* one of the JDK's own tools is at it too */
		return fail(l, r, "its /tmp cannot be written to: %s", strerror(-r));
	if (syscall(SYS_pidfd_send_signal, l->pidfd, SIGQUIT, NULL, 0))
		r = fail(l, -errno, "it cannot be signalled: %s", strerror(errno));
	else
		r = await(l, name);
	unlinkat(l->tmp, file, 0);
	if (r < 0 && !*l->problem)
		fail(l, r, "it does not listen: %s", strerror(-r));
	return r;
}

static int listener(const struct load *l)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), ".java_pid%u", l->status.inner_pid);
	fd = connect_to(l, name);
	return fd >= 0 ? fd : wake(l, name);
}

static int read_answer(int fd, char *ret, size_t size)
{
	uint64_t end_ns = clock_mono_ns() + ANSWER_MS * NSEC_PER_MSEC;
	size_t len = 0;

	while (len < size) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = clock_mono_ns();
		ssize_t n;

		if (now_ns >= end_ns || poll(&p, 1, (int)((end_ns - now_ns) / NSEC_PER_MSEC)) <= 0)
			return -ETIMEDOUT;
		n = read(fd, ret + len, size - len);
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (int)len;
}

static int ask(const struct load *l, int fd, const char *path, const char *order)
{
	char command[JVM_COMMAND_MAX], answer[ANSWER_MAX];
	int len = jvm_make_command(command, path, order), n, r;
	struct slice said;

	if (len < 0 || send(fd, command, (size_t)len, MSG_NOSIGNAL) != len)
		return fail(l, len < 0 ? len : -EIO, "it hung up");
	n = read_answer(fd, answer, sizeof(answer));
	if (n < 0)
		return fail(l, n, "it did not answer: %s", strerror(-n));
	said = (struct slice){ answer, (size_t)n };
	r = jvm_parse_answer(said);
	if (!r || r == -EAGAIN)
		return r ? fail(l, r, "it does not get as far as to know its modules") : 0;
	for (int i = 0; i < n; i++)
		if ((unsigned char)answer[i] < ' ')
			answer[i] = ' ';
	said = slice_trim(said);
	return fail(l, -EPROTO, "it refused: %.*s", (int)said.len, said.data);
}

static int converse(const struct load *l, struct slice jar, const char *order)
{
	_cleanup_close_ int fd = listener(l);
	char path[64];
	uint64_t number;
	int r;

	if (fd < 0)
		return fd;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(l, -errno, "no random number: %s", strerror(errno));
	snprintf(path, sizeof(path), "/tmp/.gentap-%016" PRIx64 ".jar", number);
	r = write_file(l, path + strlen("/tmp/"), jar);
	if (r)
		fail(l, r, "its /tmp cannot be written to: %s", strerror(-r));
	else
		r = ask(l, fd, path, order);
	/* The JVM has it open. */
	unlinkat(l->tmp, path + strlen("/tmp/"), 0);
	return r;
}

int jvm_load(uint32_t tgid, struct slice jar, const char *order, char ret_problem[JVM_PROBLEM_MAX])
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, tgid, 0);
	_cleanup_close_ int tmp = -1;
	struct load l = { .tgid = tgid, .pidfd = pidfd, .problem = ret_problem };
	int r;

	*ret_problem = '\0';
	if (pidfd < 0)
		return fail(&l, -errno, "it is not to be seen: %s", strerror(errno));
	r = look(&l);
	if (r)
		return r;
	l.tmp = tmp = open_tmp(&l);
	if (tmp < 0)
		return fail(&l, tmp, "it has no /tmp: %s", strerror(-tmp));
	return converse(&l, jar, order);
}
