/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include "cleanup.h"
#include "clock.h"
#include "slice.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int parse_address(const char *path, struct sockaddr_un *ret, socklen_t *ret_len)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || len < 2)
		return -EAFNOSUPPORT;
	if (len >= sizeof(addr.sun_path))
		return -E2BIG;
	memcpy(addr.sun_path, path, len);
	/* An abstract name has its length and no NUL at its end; a path may have both. */
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	*ret = addr;
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

int notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	_cleanup_close_ int fd = -1;
	struct sockaddr_un addr;
	socklen_t len;
	int r;

	if (!path || !*path)
		return 0;
	r = parse_address(path, &addr, &len);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&addr,
		   len) < 0)
		return -errno;
	return 1;
}

uint64_t notify_watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, who, ns;

	if (!usec || slice_u64(slice_from(usec), &us) < 0 ||
	    __builtin_mul_overflow(us, NSEC_PER_USEC, &ns))
		return 0;
	/* The variables may be inherited from a service that is not us. */
	if (pid && (slice_u64(slice_from(pid), &who) < 0 || who != (uint64_t)getpid()))
		return 0;
	return ns;
}
