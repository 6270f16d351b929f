/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file's YAML; see settings.h. */
#ifndef SETTINGS_YAML_H
#define SETTINGS_YAML_H

#include "settings.h"

#include <stdio.h>

int settings_read_yaml(struct settings *s, FILE *f, const char *path, settings_known_fn known,
		       settings_names_fn names, struct buf *error);
/* Copies all three. 0 or -ENOMEM. */
int settings_add(struct settings *s, const char *name, const char *value, const char *origin,
		 unsigned int layer);

#endif
