/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): entries into a pipeline.
 * Text and base64 content, bodies still coded or already decoded (a body that does
 * not open as its Content-Encoding says is taken as decoded), SSE as one text. A
 * span starts at startedDateTime and ends `time` milliseconds later.
 */
#ifndef FLOW_HAR_H
#define FLOW_HAR_H

#include "pipeline.h"

/* Entries fed, or -EBADMSG (*ret_error says what is wrong), -ENOMEM. A bad entry is
 * skipped and counted in *ret_skipped. */
int har_feed(struct pipeline *p, struct slice text, size_t *ret_skipped, const char **ret_error);

#endif
