/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The upper half of the agent, the same for live and for files: calls become spans,
 * spans learn what they cost, and go to every sink (exporter, store, printer). What feeds it
 * is live.c or cmd_offline.c.
 */
#ifndef APP_H
#define APP_H

#include "billing.h"
#include "exports.h"
#include "loop.h"
#include "metrics.h"
#include "options.h"
#include "pipeline.h"
#include "print.h"
#include "store.h"
#include "tracer.h"
#include "tree.h"

struct app {
	const struct options *options;
	struct loop *loop;
	struct tracer *tracer;
	struct billing billing;
	struct exports exports;
	bool content_off_spans;		      /* messages go into events only */
	uint64_t suppressed;		      /* spans that their applications export */
	struct store *store;		      /* NULL: not wanted */
	struct metrics *metrics;	      /* NULL: not wanted */
	int64_t covered[COVERAGE_OPAQUE + 1]; /* bytes of LLM traffic, by how much was read */
	struct printer printer;
	struct tree tree; /* for OUTPUT_TREE */
	FILE *out;
	struct otlp_host host;
	char host_name[256];
	char host_id[64];
	char host_arch[65]; /* as utsname has it */
	struct decoder_config decoder;
};

/* 0, or -errno after an error line on stderr. */
int app_init(struct app *a, const struct options *o);
/* For pipeline_sink: takes the call. `app` is a struct app. */
void app_call(void *app, struct call *call);
/* For pipeline_sink: a process is gone. */
void app_exit(void *app, uint32_t tgid);
/* For pipeline_sink: a request that calls were made for. */
void app_served(void *app, const struct served_request *request);
bool app_acts(void *app, const struct process *process);
void app_outbound(void *app, const struct outbound *outbound);
void app_sdk_span(void *app, struct process *process, const struct sdk_span *span);
/* For pipeline_sink: a portion for the coverage ledger. */
void app_coverage(void *app, const struct conn_report *report);
/* Sends what is queued, prints what there is to say, frees. 0, or -errno when something
 * was lost on the way out (said on stderr). */
int app_finish(struct app *a, uint64_t flush_ms);
void app_release(struct app *a);

#endif
