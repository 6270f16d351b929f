/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool did beside its call: the kinds of it are files of their own. */
#ifndef TRACE_EFFECT_H
#define TRACE_EFFECT_H

#include "tracer_impl.h"

/* What is known of an effect, to find its tool by. */
struct effect_seen {
	const struct process *process;
	uint64_t start_ns;
	bool own;	    /* by the process itself; else it was started by what is above it */
	struct slice text;  /* that arguments may stand in */
	struct slice place; /* that may stand in the arguments: a host */
};

/* Counts it. NULL: under none, or more of them than a tool may have. */
struct tool *effect_tool(struct tracer *t, const struct effect_seen *e);
/* A CLIENT span under the tool; the parts tell it from its others. NULL without memory. */
struct span *effect_span_new(struct tracer *t, struct tool *tool, const uint64_t parts[3]);

#endif
