/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What configuration files and GENTAP_* variables say, before anyone looks at it: names,
 * values, and where each stands. Later layers win; what a layer says of a name replaces
 * all that earlier ones said of it.
 *
 *   /etc/gentap/config.yaml < /etc/gentap/conf.d/NAME.yaml, by name < GENTAP_NAME < flags
 *
 * A file is one YAML mapping. Its keys are the names of flags (`gentap run --help`), with
 * a scalar, or a list for those that may be given more than once; and
 *
 *   identity:
 *     - set: user.id            # rules of agent/account/identity.h, tried in this order
 *       from: header:x-employee
 *       match: '^(\w+)@corp\.example$'
 *       value: $1
 *       map: {root: nobody}
 *       when: {comm: 'python*'}
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "arena.h"
#include "buf.h"
#include "identity.h"

#define SETTINGS_BYTES_MAX (4 * 1024 * 1024)
#define SETTINGS_DIR "/etc/gentap"

struct setting {
	const char *name;
	char *value;
	const char *origin; /* "FILE:LINE" or "GENTAP_NAME" */
	unsigned int layer;
};

struct setting_rule {
	struct identity_rule rule;
	const char *origin;
	unsigned int layer;
};

struct settings {
	struct arena arena; /* of all strings */
	struct setting *items;
	size_t count;
	struct setting_rule *rules;
	size_t n_rules;
	unsigned int layers;
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);

/* Is this the name of a setting? */
typedef bool (*settings_known_fn)(const char *name);
/* Calls each(ctx, name) for every name there is; for guesses at what was meant. */
typedef void (*settings_names_fn)(void (*each)(void *ctx, const char *name), void *ctx);

/* One file, as a layer of its own. 0; -EINVAL with one sentence (file and line in it) in
 * `error`; or -errno, also with a sentence. */
int settings_read_file(struct settings *s, const char *path, settings_known_fn known,
		       settings_names_fn names, struct buf *error);
/* The files of a directory: config.yaml, then conf.d/NAME.yaml. One that does not exist is
 * no error. */
int settings_read_dir(struct settings *s, const char *dir, settings_known_fn known,
		      settings_names_fn names, struct buf *error);
/* GENTAP_NAME for this name, as a layer above all files. 0 or -ENOMEM. */
int settings_read_env(struct settings *s, const char *name);

/* The value as it may be shown, without what is or may hold a secret: values of headers (also
 * within a line of `export`), userinfo, and what mask.h knows by its name or beginning.
 * Appended; the buffer's error. */
int setting_show(struct buf *ret, const char *name, const char *value);

/* The layer that decides about a name; 0: nobody says anything of it. */
unsigned int settings_layer(const struct settings *s, const char *name);

#endif
