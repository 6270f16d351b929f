/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who made a span: the OTLP Resource of an observed process, as attributes. Pure.
 *
 * service.name, best first: OTEL_SERVICE_NAME of the agent, of the process;
 * service.name of the process's OTEL_RESOURCE_ATTRIBUTES, of the agent's;
 * "unknown_service:" with the name of the script or the executable.
 *
 * What a process says of itself replaces what was found out, what the agent's
 * environment says fills in; process.* and telemetry.* are ours alone. Each workload gets a
 * service.instance.id of its own that stays the same while it runs: with a shared one,
 * metrics derived from spans overwrite each other.
 */
#ifndef OTLP_RESOURCE_H
#define OTLP_RESOURCE_H

#include "encode.h"

#define RESOURCE_ARENA_MAX (1024 * 1024)
#define RESOURCE_ATTRS_MAX 128

struct resource {
	struct arena arena; /* `failed`: something is missing */
	struct attr *attrs;
	size_t n_attrs;
};

/* Strings are lent from p and host. The caller releases it, whatever happened. */
void resource_init(struct resource *r, const struct process *p, const struct otlp_host *host);
void resource_release(struct resource *r);
const struct attr *resource_attr(const struct resource *r, const char *key);

#endif
