/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions (PCRE2's) that strangers may write, over text that strangers may have
 * sent: both the steps of a match and its memory have a ceiling.
 */
#pragma once

#include <stdbool.h>

#include "slice.h"

struct pattern;

/* 0; -EINVAL: ret_why (may be NULL) is told what is wrong with it; -ENOMEM. The caller frees it. */
int pattern_new(struct pattern **ret, struct slice text, bool ignore_case, char *ret_why,
		size_t why_size);
void pattern_free(struct pattern *p);

/* 1, 0, -E2BIG when the ceiling was reached before it was known, or -ENOMEM. */
int pattern_match(const struct pattern *p, struct slice text);
