/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One more place to export to, beside that of the environment, as a line of words:
 *
 *   URL [protocol=grpc] [headers=K=V,…] [compression=gzip] [timeout=MS] [certificate=FILE]
 *       [client-certificate=FILE] [client-key=FILE] [temporality=delta] [histogram=NAME]
 *       [signals=traces,metrics,logs]
 *   preset=NAME [and any of these]
 *
 * It becomes an environment of its own: OTEL_EXPORTER_OTLP_* and OTEL_S_EXPORTER are what
 * the line (or the preset) says and never the process's own, so that no endpoint sees the
 * headers of another. Pure.
 *
 * A preset knows a backend: its paths, headers, and what it takes. Its keys come from the
 * variables that the backend's own tools read:
 *
 *   sentry    SENTRY_DSN; traces, logs
 *   langfuse  LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, LANGFUSE_HOST; traces
 *   datadog   DD_API_KEY, DD_SITE; traces, metrics (deltas)
 *   phoenix   PHOENIX_COLLECTOR_ENDPOINT, PHOENIX_API_KEY; traces
 *   grafana   GRAFANA_CLOUD_OTLP_ENDPOINT, GRAFANA_CLOUD_INSTANCE_ID, GRAFANA_CLOUD_API_KEY;
 *             all signals
 */
#ifndef OTLP_DESTINATION_H
#define OTLP_DESTINATION_H

#include "arena.h"
#include "exporter.h"

#define DESTINATION_BYTES_MAX (256 * 1024)

struct destination_variable {
	const char *name;
	const char *value;
};

struct destination {
	struct arena arena;
	struct otlp_env outer; /* for all that is not the exporter's */
	struct destination_variable *variables;
	size_t n_variables;
};

/* 0; -EINVAL with one sentence in `error` (without values: they may be keys); -ENOMEM. The
 * caller releases it, whatever happened. */
int destination_init(struct destination *d, struct slice line, struct otlp_env outer,
		     struct buf *error);
void destination_release(struct destination *d);
/* For otlp_options_from_env(). */
struct otlp_env destination_env(const struct destination *d);

#endif
