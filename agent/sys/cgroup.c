/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup.h"

#define ID_LEN 64

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_alnum(char c)
{
	return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The last run of exactly 64 hexadecimal digits that is a word of its own: every
 * runtime has its own prefix and suffix around it. */
static struct slice find_container_id(struct slice path)
{
	struct slice found = SLICE_NONE;
	size_t start = 0;

	for (size_t i = 0; i <= path.len; i++) {
		struct slice word = slice_sub(path, start, i - start);
		bool hex = word.len == ID_LEN;

		if (i < path.len && is_alnum(path.data[i]))
			continue;
		for (size_t k = 0; hex && k < word.len; k++)
			hex = is_hex(word.data[k]);
		/* The monitor beside a container bears its id. */
		if (hex && !slice_ends(slice_sub(path, 0, start), SLICE("conmon-")))
			found = word;
		start = i + 1;
	}
	return found;
}

void cgroup_parse(struct slice text, struct cgroup *ret)
{
	struct slice unified = SLICE_NONE, v1 = SLICE_NONE, in_unified = SLICE_NONE,
		     in_v1 = SLICE_NONE;

	while (text.data) {
		struct slice path = slice_cut(&text, '\n');
		struct slice hierarchy = slice_cut(&path, ':');
		struct slice controllers = slice_cut(&path, ':');
		struct slice id;

		if (!path.len || path.data[0] != '/')
			continue;
		id = find_container_id(path);
		if (slice_eq(hierarchy, SLICE("0")) && !controllers.len) {
			unified = path;
			in_unified = id;
			continue;
		}
		if (!v1.data || slice_eq(v1, SLICE("/")))
			v1 = path;
		if (!in_v1.data)
			in_v1 = id;
	}
	if (!unified.data || (slice_eq(unified, SLICE("/")) && v1.data))
		unified = v1;
	*ret = (struct cgroup){
		.path = unified,
		.container_id = in_unified.data ? in_unified : in_v1,
	};
}
