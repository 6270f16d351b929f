/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "clock.h"
#include "instance.h"
#include "notify.h"
#include "test.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* name is what NOTIFY_SOCKET says: '@' for an abstract one. */
static int listen_at(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(addr.sun_path, name, len);
	if (*name == '@')
		addr.sun_path[0] = '\0';
	else
		unlink(name);
	CHECK_INT(bind(fd, (struct sockaddr *)&addr,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		  0);
	return fd;
}

TEST(notify_reaches_the_manager)
{
	char path[64], abstract[64], text[64];
	const char *const names[] = { path, abstract };

	snprintf(path, sizeof(path), "/tmp/gentap-notify-%d", (int)getpid());
	snprintf(abstract, sizeof(abstract), "@gentap-notify-%d", (int)getpid());
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_cleanup_close_ int fd = listen_at(names[i]);
		ssize_t n;

		test_row("%s", names[i]);
		setenv("NOTIFY_SOCKET", names[i], 1);
		CHECK_INT(notify_send("READY=1\nSTATUS=fine"), 1);
		n = recv(fd, text, sizeof(text), 0);
		CHECK_SLICE(((struct slice){ text, n < 0 ? 0 : (size_t)n }),
			    SLICE("READY=1\nSTATUS=fine"));
	}
	unlink(path);
	CHECK_INT(notify_send("x"), -ECONNREFUSED); /* the abstract one is gone */
	unsetenv("NOTIFY_SOCKET");
}

TEST(notify_refuses_odd_addresses)
{
	char long_name[200];

	memset(long_name, 'x', sizeof(long_name));
	long_name[0] = '/';
	long_name[sizeof(long_name) - 1] = '\0';
	unsetenv("NOTIFY_SOCKET");
	CHECK_INT(notify_send("x"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	CHECK_INT(notify_send("x"), 0);
	setenv("NOTIFY_SOCKET", "relative", 1);
	CHECK_INT(notify_send("x"), -EAFNOSUPPORT);
	setenv("NOTIFY_SOCKET", "@", 1);
	CHECK_INT(notify_send("x"), -EAFNOSUPPORT);
	setenv("NOTIFY_SOCKET", long_name, 1);
	CHECK_INT(notify_send("x"), -E2BIG);
	unsetenv("NOTIFY_SOCKET");
}

TEST(notify_reads_the_watchdog)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	unsetenv("WATCHDOG_USEC");
	CHECK_INT(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "2000000", 1);
	CHECK_INT(notify_watchdog_ns(), 2 * NSEC_PER_SEC);
	setenv("WATCHDOG_PID", pid, 1);
	CHECK_INT(notify_watchdog_ns(), 2 * NSEC_PER_SEC);
	setenv("WATCHDOG_PID", "1", 1);
	CHECK_INT(notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "18446744073709551615", 1);
	CHECK_INT(notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_USEC");
}

typedef int (*lock_fn)(const char *name, int *ret_fd, pid_t *ret_pid);

/* What another process gets; its exit status: 0 as wanted. */
static int in_child(lock_fn lock, const char *name, int want, pid_t owner)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		int fd = -1;
		pid_t other = -1;
		int r = lock(name, &fd, &other);

		_exit(r != want ? 1 : r == -EBUSY && other != owner ? 2 : 0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(instance_is_the_only_one)
{
	char path[64], name[64];
	const struct {
		lock_fn lock;
		const char *name;
	} rows[] = { { instance_lock_file, path }, { instance_lock_socket, name } };

	snprintf(path, sizeof(path), "/tmp/gentap-test-%d.lock", (int)getpid());
	snprintf(name, sizeof(name), "gentap-test-%d", (int)getpid());
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = -1;
		pid_t other = -1;

		test_row("%s", rows[i].name);
		CHECK_INT(rows[i].lock(rows[i].name, &fd, &other), 0);
		CHECK(fd >= 0);
		CHECK_INT(in_child(rows[i].lock, rows[i].name, -EBUSY, getpid()), 0);
		close(fd);
		CHECK_INT(in_child(rows[i].lock, rows[i].name, 0, 0), 0);
		/* And again after that one's end. */
		CHECK_INT(rows[i].lock(rows[i].name, &fd, &other), 0);
		close(fd);
	}
	unlink(path);
	CHECK_INT(in_child(instance_lock_file, "/nonexistent/x.lock", -ENOENT, 0), 0);
}
