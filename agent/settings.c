/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "cleanup.h"
#include "mask.h"
#include "settings_yaml.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <string.h>

#define ENV_LAYER UINT_MAX

void settings_init(struct settings *s)
{
	*s = (struct settings){ 0 };
	arena_init(&s->arena, SETTINGS_BYTES_MAX);
}

void settings_release(struct settings *s)
{
	arena_release(&s->arena);
	settings_init(s);
}

int settings_read_file(struct settings *s, const char *path, settings_known_fn known,
		       settings_names_fn names, struct buf *error)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f) {
		int r = -errno;

		buf_printf(error, "%s: cannot read: %s", path, strerror(-r));
		return r;
	}
	s->layers++;
	return settings_read_yaml(s, f, path, known, names, error);
}

static int read_if_there(struct settings *s, const char *path, settings_known_fn known,
			 settings_names_fn names, struct buf *error)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	return settings_read_file(s, path, known, names, error);
}

int settings_read_dir(struct settings *s, const char *dir, settings_known_fn known,
		      settings_names_fn names, struct buf *error)
{
	char path[PATH_MAX];
	glob_t files = { 0 };
	int r;

	snprintf(path, sizeof(path), "%s/config.yaml", dir);
	r = read_if_there(s, path, known, names, error);
	snprintf(path, sizeof(path), "%s/conf.d/*.yaml", dir);
	if (!r && !glob(path, 0, NULL, &files))
		for (size_t i = 0; !r && i < files.gl_pathc; i++)
			r = read_if_there(s, files.gl_pathv[i], known, names, error);
	globfree(&files);
	return r;
}

int settings_add(struct settings *s, const char *name, const char *value, const char *origin,
		 unsigned int layer)
{
	struct setting *item;
	struct slice n = arena_copy(&s->arena, slice_from(name));
	struct slice v = arena_copy(&s->arena, slice_from(value));
	struct slice o = arena_copy(&s->arena, slice_from(origin));

	item = n.data && v.data && o.data
		       ? arena_push(&s->arena, &s->items, &s->count, sizeof(*item))
		       : NULL;
	if (!item)
		return -ENOMEM;
	/* The arena's memory is ours to change; parsers of lists cut it in place. */
	*item = (struct setting){ n.data, (char *)v.data, o.data, layer };
	return 0;
}

int settings_read_env(struct settings *s, const char *name)
{
	char variable[128] = "GENTAP_";
	size_t len = strlen(variable);
	const char *value;

	for (; *name && len + 1 < sizeof(variable); name++)
		variable[len++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
	variable[len] = '\0';
	value = getenv(variable);
	name -= len - strlen("GENTAP_");
	return value ? settings_add(s, name, value, variable, ENV_LAYER) : 0;
}

unsigned int settings_layer(const struct settings *s, const char *name)
{
	unsigned int layer = 0;

	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->items[i].name, name) && s->items[i].layer > layer)
			layer = s->items[i].layer;
	return layer;
}

int setting_show(struct buf *ret, const char *name, const char *value)
{
	const struct slice mark = SLICE("headers=");
	struct slice rest = slice_from(value);
	const char *space = "";

	if (strstr(name, "headers"))
		return buf_add_str(ret, "***");
	if (strcmp(name, "export"))
		return mask_text(ret, rest);
	while (rest.data) {
		struct slice word = slice_cut(&rest, ' ');

		buf_add_str(ret, space);
		if (slice_starts(word, mark)) {
			buf_add_slice(ret, mark);
			buf_add_str(ret, "***");
		} else {
			mask_text(ret, word);
		}
		space = " ";
	}
	return buf_error(ret);
}
