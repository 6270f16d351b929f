/* SPDX-License-Identifier: Apache-2.0 */
#include "instance.h"

#include "cleanup.h"
#include "slice.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static pid_t read_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	uint64_t pid;

	if (n <= 0 || slice_u64(slice_trim((struct slice){ text, (size_t)n }), &pid) < 0)
		return 0;
	return (pid_t)pid;
}

int instance_lock_file(const char *path, int *ret_fd, pid_t *ret_pid)
{
	_cleanup_close_ int fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_pid = read_pid(fd);
		return -EBUSY;
	}
	/* For people and for the other one's message; the lock is what counts. */
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static pid_t socket_owner(const struct sockaddr_un *addr, socklen_t len)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);

	if (fd < 0 || connect(fd, (const struct sockaddr *)addr, len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0)
		return 0;
	return peer.pid;
}

int instance_lock_socket(const char *name, int *ret_fd, pid_t *ret_pid)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len;
	int n;

	if (fd < 0)
		return -errno;
	/* With the uid: another user cannot be in our way, except on purpose. */
	n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "%s/%u", name,
		     (unsigned int)getuid());
	if (n < 0 || (size_t)n >= sizeof(addr.sun_path) - 1)
		return -ENAMETOOLONG;
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	if (bind(fd, (struct sockaddr *)&addr, len) < 0) {
		if (errno != EADDRINUSE)
			return -errno;
		*ret_pid = socket_owner(&addr, len);
		return -EBUSY;
	}
	/* Listening is what lets the other one see whose it is. */
	if (listen(fd, 1) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int instance_lock(const char *name, int *ret_fd, pid_t *ret_pid)
{
	char dir[128], path[sizeof(dir) + sizeof("/lock")];
	int r = snprintf(dir, sizeof(dir), "/run/%s", name);

	if (r < 0 || (size_t)r >= sizeof(dir))
		return -ENAMETOOLONG;
	snprintf(path, sizeof(path), "%s/lock", dir);
	r = mkdir(dir, 0755) && errno != EEXIST ? -errno
						: instance_lock_file(path, ret_fd, ret_pid);
	if (r == -EACCES || r == -EROFS || r == -ENOENT)
		r = instance_lock_socket(name, ret_fd, ret_pid);
	return r;
}
