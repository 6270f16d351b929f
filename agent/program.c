/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include "cleanup.h"
#include "slice.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SCRIPTS_MAX 4 /* that name each other */

static int along_path(struct slice name, char ret[PATH_MAX])
{
	struct slice rest = slice_from(getenv("PATH"));

	if (!name.len)
		return -ENOENT;
	if (slice_find_char(name, '/') >= 0) {
		int n = snprintf(ret, PATH_MAX, "%.*s", SLICE_FMT(name));

		return n < PATH_MAX && !access(ret, X_OK) ? 0 : -ENOENT;
	}
	while (rest.len) {
		struct slice dir = slice_cut(&rest, ':');
		int n = snprintf(ret, PATH_MAX, "%.*s/%.*s", SLICE_FMT(dir), SLICE_FMT(name));

		if (dir.len && n < PATH_MAX && !access(ret, X_OK))
			return 0;
	}
	return -ENOENT;
}

/* The program that runs the script; absent when it is none. `env` runs its first argument
 * that is neither a flag nor an assignment. */
static struct slice interpreter(const char *path, char line[PATH_MAX])
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, line, PATH_MAX);
	struct slice rest = { line, n > 0 ? (size_t)n : 0 }, word;

	if (!slice_starts(rest, SLICE("#!")))
		return SLICE_NONE;
	rest = slice_cut(&rest, '\n');
	rest = slice_trim(slice_sub(rest, 2, rest.len));
	word = slice_cut(&rest, ' ');
	if (!slice_ends(word, SLICE("/env")))
		return word;
	while (rest.len) {
		word = slice_cut(&rest, ' ');
		if (word.len && word.data[0] != '-' && slice_find_char(word, '=') < 0)
			return word;
	}
	return SLICE_NONE;
}

int program_find(const char *command, char ret_path[PATH_MAX])
{
	struct slice name = slice_from(command);
	char line[PATH_MAX];

	for (int i = 0; i < SCRIPTS_MAX; i++) {
		int r = along_path(name, ret_path);

		if (r)
			return r;
		name = interpreter(ret_path, line);
		if (!name.data)
			return 0;
	}
	return -ENOENT;
}
