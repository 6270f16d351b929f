/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live agent: probe → (recorder) → pipeline → app, on one loop. What run, exec and
 * record have in common.
 */
#ifndef LIVE_H
#define LIVE_H

#include "app.h"
#include "budgets.h"
#include "kube.h"
#include "probe.h"
#include "tracefile.h"

struct live {
	struct app app;
	struct probe *probe;
	struct pipeline *pipeline;
	struct loop_source *sweep; /* of runs that are over */
	int64_t boot_to_wall_ns;
	struct tracefile_writer *recorder; /* NULL: not recording */
	struct kube *kube;		   /* NULL: nobody to ask for pods */
	struct budgets *budgets;	   /* NULL: nobody checks them */
};

/* Where what was located in files is kept; NULL: nowhere. */
const char *live_cache_dir(void);
/* Existing processes are attached when it returns 0; else an error was printed. With
 * `root_pid` not 0, only that process and its children are observed. */
int live_start(struct live *l, const struct options *o, const char *record_file, uint32_t root_pid);
/* Delivers what is in the ring, ends open exchanges, flushes sinks within flush_ms.
 * 0 or -errno. Prints losses on stderr. */
int live_stop(struct live *l, uint64_t flush_ms);
void live_release(struct live *l);

#endif
