/* SPDX-License-Identifier: Apache-2.0 */
#include "container_name.h"

#include "cleanup.h"
#include "proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TEXT_MAX (256 * 1024)
#define READ_BYTES 4096
#define INIT 1 /* whose root is the host's, also for an agent in a container */

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, as both engines have it. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];
		bool letter = isalnum(c) && c < 0x80;

		if (!letter && (!i || !memchr("_.-", c, 3)))
			return false;
	}
	return s.len && s.len < CONTAINER_NAME_MAX;
}

static struct slice base_name(struct slice path)
{
	for (ssize_t at; (at = slice_find(path, SLICE("/"))) >= 0;)
		path = slice_sub(path, (size_t)at + 1, path.len);
	return path;
}

struct slice container_name_of_conmon(struct slice arguments, struct slice id)
{
	struct slice name = SLICE_NONE, option = SLICE_NONE;
	bool its = false;

	if (!slice_eq(base_name(slice_cut(&arguments, '\0')), SLICE("conmon")))
		return SLICE_NONE;
	while (arguments.data && arguments.len) {
		struct slice argument = slice_cut(&arguments, '\0');

		if (slice_eq(option, SLICE("-c")))
			its = slice_eq(argument, id);
		else if (slice_eq(option, SLICE("-n")))
			name = argument;
		/* The value of an option is none. */
		option = option.data ? SLICE_NONE : argument;
		if (!slice_starts(option, SLICE("-")) || slice_starts(option, SLICE("--")))
			option = SLICE_NONE;
	}
	return its && is_name(name) ? name : SLICE_NONE;
}

/* "Name":"/NAME": of the names in that file, the container's alone has a slash. */
struct slice container_name_of_docker(struct slice config)
{
	struct slice key = SLICE("\"Name\":\"/");
	ssize_t at = slice_find(config, key);
	struct slice rest, name;

	if (at < 0)
		return SLICE_NONE;
	rest = slice_sub(config, (size_t)at + key.len, config.len);
	if (slice_find(rest, SLICE("\"")) < 0)
		return SLICE_NONE;
	name = slice_cut(&rest, '"');
	return is_name(name) ? name : SLICE_NONE;
}

/* What is longer than the buffer's ceiling is cut. */
static int read_all(int fd, struct buf *to)
{
	buf_reset(to, SIZE_MAX);
	for (;;) {
		char *room = buf_reserve(to, READ_BYTES);
		ssize_t n = room ? read(fd, room, READ_BYTES) : 0;

		if (n <= 0)
			return n < 0 ? -errno : buf_error(to) == -ENOMEM ? -ENOMEM : 0;
		buf_commit(to, (size_t)n);
	}
}

static int read_conmon(const struct process *p, struct buf *text, struct slice *ret)
{
	for (size_t i = 0; i < p->n_ancestors; i++) {
		_cleanup_close_ int fd = -1;
		char path[48];
		int r;

		snprintf(path, sizeof(path), "/proc/%u/cmdline", p->ancestors[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : read_all(fd, text);
		if (r == -ENOMEM)
			return r;
		if (r)
			continue; /* it has ended */
		*ret = container_name_of_conmon(buf_slice(text), slice_from(p->container_id));
		if (ret->data)
			return 0;
	}
	return -ENOENT;
}

static int read_docker(const struct process *p, struct buf *text, struct slice *ret)
{
	_cleanup_close_ int fd = -1;
	char path[128 + sizeof("/var/lib/docker/containers//config.v2.json")];
	int r;

	snprintf(path, sizeof(path), "/var/lib/docker/containers/%.128s/config.v2.json",
		 p->container_id);
	fd = proc_open_path(INIT, path);
	if (fd < 0)
		return -ENOENT;
	r = read_all(fd, text);
	if (r)
		return r == -ENOMEM ? r : -ENOENT;
	*ret = container_name_of_docker(buf_slice(text));
	return ret->data ? 0 : -ENOENT;
}

int container_name_read(const struct process *p, struct buf *ret)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(TEXT_MAX);
	struct slice name = SLICE_NONE;
	int r;

	if (!p->container_id)
		return -ENOENT;
	r = read_conmon(p, &text, &name);
	if (r == -ENOENT)
		r = read_docker(p, &text, &name);
	if (r)
		return r;
	return buf_add_slice(ret, name);
}
