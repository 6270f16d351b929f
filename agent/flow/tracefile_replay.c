/* SPDX-License-Identifier: Apache-2.0 */
#include "tracefile.h"

#include "buf.h"
#include "cleanup.h"
#include "json.h"
#include "table.h"
#include "tracefile_format.h"

#include <errno.h>

#define FRAME_MAX (8 * 1024 * 1024) /* of those we read; others may be longer */
#define PROCESSES_MAX 65536

struct replay {
	struct pipeline *pipeline;
	struct pipeline_sink sink; /* the caller's */
	struct table processes;	   /* pid → struct process */
	struct json json;
	struct buf frame;
	struct tracefile_end end; /* zeros in a file that was cut off */
};

/* ---- Processes ------------------------------------------------------------------------------ */

static uint64_t get_u64(struct json_val object, const char *key)
{
	int64_t v;

	return json_i64(json_get(object, key), &v) || v < 0 ? 0 : (uint64_t)v;
}

/* NULL when absent or without memory. */
static char *get_str(struct json_val object, const char *key)
{
	struct buf b = BUF_INIT(FRAME_MAX);

	if (json_str(json_get(object, key), &b) || buf_error(&b) || !b.len)
		buf_release(&b);
	return b.data;
}

static void replay_process(struct replay *r, struct slice text)
{
	struct process *p;
	struct json_val root;

	if (json_parse(&r->json, text) || process_new(&p))
		return;
	root = json_root(&r->json);
	p->pid = (uint32_t)get_u64(root, "pid");
	p->ppid = (uint32_t)get_u64(root, "ppid");
	p->uid = (uint32_t)get_u64(root, "uid");
	p->start_ns = get_u64(root, "start_ns");
	for (struct json_val i = json_first(json_get(root, "ancestors"));
	     i.doc && p->n_ancestors < PROCESS_ANCESTORS_MAX; i = json_next(i)) {
		int64_t pid;

		if (!json_i64(i, &pid) && pid > 0)
			p->ancestors[p->n_ancestors++] = (uint32_t)pid;
	}
	p->comm = get_str(root, "comm");
	p->exe = get_str(root, "exe");
	p->cmdline = get_str(root, "cmdline");
	p->cwd = get_str(root, "cwd");
	p->owner = get_str(root, "owner");
	p->cgroup = get_str(root, "cgroup");
	p->container_id = get_str(root, "container_id");
	p->service_name = get_str(root, "service_name");
	p->resource_attributes = get_str(root, "resource_attributes");
	p->traceparent = get_str(root, "traceparent");
	process_unref(table_take(&r->processes, &p->pid, sizeof(p->pid)));
	if (table_add(&r->processes, &p->pid, sizeof(p->pid), p))
		process_unref(p);
}

static void process_release(void *value)
{
	process_unref(value);
}

/* ---- The sink in between: processes come from the file ----------------------------------- */

static struct process *sink_process(void *ctx, uint32_t tgid)
{
	struct replay *r = ctx;

	return table_get(&r->processes, &tgid, sizeof(tgid));
}

static void sink_call(void *ctx, struct call *call)
{
	struct replay *r = ctx;

	r->sink.call(r->sink.ctx, call);
}

static void sink_exit(void *ctx, uint32_t tgid)
{
	struct replay *r = ctx;

	if (r->sink.exit)
		r->sink.exit(r->sink.ctx, tgid);
}

static void sink_coverage(void *ctx, const struct conn_report *report)
{
	struct replay *r = ctx;

	if (r->sink.coverage)
		r->sink.coverage(r->sink.ctx, report);
}

static void sink_served(void *ctx, const struct served_request *request)
{
	struct replay *r = ctx;

	if (r->sink.served)
		r->sink.served(r->sink.ctx, request);
}

static bool sink_acts(void *ctx, const struct process *process)
{
	struct replay *r = ctx;

	return r->sink.outbound && r->sink.acts && r->sink.acts(r->sink.ctx, process);
}

static void sink_outbound(void *ctx, const struct outbound *outbound)
{
	struct replay *r = ctx;

	r->sink.outbound(r->sink.ctx, outbound);
}

static void sink_sdk_span(void *ctx, struct process *process, const struct sdk_span *span)
{
	struct replay *r = ctx;

	if (r->sink.sdk_span)
		r->sink.sdk_span(r->sink.ctx, process, span);
}

static void sink_verdict(void *ctx, struct conn_id id, enum gentap_verdict verdict)
{
	struct replay *r = ctx;

	if (r->sink.verdict)
		r->sink.verdict(r->sink.ctx, id, verdict);
}

/* ---- Frames ------------------------------------------------------------------------------ */

/* 1, or 0 at the end of the file. */
static int read_exactly(FILE *file, void *to, size_t len)
{
	if (!len || fread(to, len, 1, file) == 1)
		return 1;
	return ferror(file) ? -EIO : 0;
}

static int skip_exactly(FILE *file, size_t len)
{
	char waste[4096];
	int got = 1;

	for (; len && got == 1; len -= MIN(len, sizeof(waste)))
		got = read_exactly(file, waste, MIN(len, sizeof(waste)));
	return got;
}

static void replay_frame(struct replay *r, uint32_t type)
{
	struct slice data = buf_slice(&r->frame);
	struct tracefile_exit exit;

	if (type == TRACEFILE_RECORD)
		pipeline_record(r->pipeline, data.data, data.len);
	else if (type == TRACEFILE_PROCESS)
		replay_process(r, data);
	if ((type != TRACEFILE_EXIT && type != TRACEFILE_EXEC) || data.len < sizeof(exit))
		return;
	memcpy(&exit, data.data, sizeof(exit));
	if (type == TRACEFILE_EXEC)
		pipeline_process_exec(r->pipeline, exit.tgid, exit.ts_ns);
	else
		pipeline_process_exit(r->pipeline, exit.tgid, exit.ts_ns);
}

/* 1, or 0 at the end of the trace. */
static int next_frame(struct replay *r, FILE *file)
{
	struct tracefile_frame_head head;
	int got = read_exactly(file, &head, sizeof(head));
	void *to;

	if (got == 1 && head.type == TRACEFILE_END)
		return MIN(read_exactly(file, &r->end, MIN(head.len, sizeof(r->end))), 0);
	if (got != 1)
		return MIN(got, 0);
	if (head.type > TRACEFILE_END || head.len > FRAME_MAX)
		return skip_exactly(file, head.len);
	buf_reset(&r->frame, FRAME_MAX + 1);
	to = buf_reserve(&r->frame, head.len);
	if (!to)
		return buf_error(&r->frame);
	got = read_exactly(file, to, head.len);
	if (got != 1)
		return got;
	buf_commit(&r->frame, head.len);
	replay_frame(r, head.type);
	return 1;
}

static int read_header(FILE *file, struct tracefile_header *header, const char **ret_error)
{
	int got = read_exactly(file, header, sizeof(*header));

	if (got < 0) {
		*ret_error = "cannot be read";
		return got;
	}
	if (!got || memcmp(header->magic, TRACEFILE_MAGIC, sizeof(header->magic))) {
		*ret_error = "not a gentap trace";
		return -EBADMSG;
	}
	if (header->version < TRACEFILE_VERSION_OLDEST || header->version > TRACEFILE_VERSION ||
	    header->abi != GENTAP_ABI_VERSION) {
		*ret_error = "a gentap trace of another version";
		return -EBADMSG;
	}
	return 0;
}

int tracefile_replay(FILE *file, const struct pipeline_config *config,
		     const struct pipeline_sink *sink, struct pipeline_stats *ret_stats,
		     const char **ret_error)
{
	struct replay r = { .sink = *sink, .frame = BUF_INIT(FRAME_MAX) };
	const struct pipeline_sink between = { &r,	     sink_call, sink_verdict,
					       sink_process, sink_exit, sink_coverage,
					       sink_served,  sink_acts, sink_outbound,
					       sink_sdk_span };
	struct pipeline_config with_clock = *config;
	struct tracefile_header header;
	int got = read_header(file, &header, ret_error);

	if (got)
		return got;
	with_clock.boot_to_wall_ns = header.boot_to_wall_ns;
	got = pipeline_new(&r.pipeline, &with_clock, &between);
	if (got) {
		*ret_error = "out of memory";
		return got;
	}
	json_init(&r.json);
	table_init(&r.processes, PROCESSES_MAX);
	do
		got = next_frame(&r, file);
	while (got == 1);
	if (got)
		*ret_error = got == -ENOMEM ? "out of memory" : "cannot be read";
	pipeline_end(r.pipeline);
	*ret_stats = *pipeline_stats(r.pipeline);
	ret_stats->lost_records += r.end.lost_records;
	pipeline_free(r.pipeline);
	table_release(&r.processes, process_release);
	json_release(&r.json);
	buf_release(&r.frame);
	return got;
}
