/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are no aggregates: runs, sessions, coverage; and the store as a whole. */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <string.h>

#define LIST_ROWS 1000

#define RUN_FIELDS                                                                                 \
	"run,trace_id,agent,session,model,user,tier,team,repo,branch,service,process,namespace,"   \
	"host,pid,start,end,ended,error,error_type,calls,tools,errors,partial,refused,input,"      \
	"output,total,cached,cache_write,reasoning,cost,saved,task"
#define SESSION_FIELDS                                                                             \
	"session,agent,model,user,team,repo,branch,host,start,end,error,calls,tools,errors,"       \
	"partial,refused,runs,input,output,total,cached,cache_write,reasoning,cost,saved,task"
#define CONNECTION_FIELDS                                                                          \
	"process,exe,library,endpoint,state,reason,remedy,pid,calls,decoded,partial,opaque,"       \
	"first,last"

static int start(struct api_context *c, struct query *q, const char *source, const char *names)
{
	struct slice sort = api_arg(c, "sort");
	struct query_error e = { 0 };
	int r = query_set(q, SLICE("from"), slice_from(source), &e)
			?: query_set(q, SLICE("fields"), slice_from(names), &e);

	if (!r && sort.len)
		r = query_set(q, SLICE("sort"), sort, &e);
	if (r)
		return r == -EINVAL ? api_bad_query(c, "sort", &e) : api_failed(c, r);
	return api_limit(c, LIST_ROWS, &q->limit);
}

/* Conditions that speak of what only spans have mean the runs with such a span. */
static int scope_of_runs(struct api_context *c, struct query *q)
{
	struct query_error e = { 0 };
	struct slice where = api_arg(c, "where");
	struct query trial;
	int r;

	query_init(&trial, c->now_ns);
	r = query_set(&trial, SLICE("from"), SLICE("runs"), &e);
	if (!r && where.len)
		r = query_set(&trial, SLICE("where"), where, &e);
	query_release(&trial);
	if (!r)
		return api_scope(c, q);
	r = query_set(q, SLICE("having"), where, &e);
	if (r)
		return r == -EINVAL ? api_bad_query(c, "where", &e) : api_failed(c, r);
	return api_range(c, q);
}

static int list(struct api_context *c, const char *source, const char *names)
{
	struct query q;
	int status;

	query_init(&q, c->now_ns);
	status = start(c, &q, source, names);
	if (!status)
		status = strcmp(source, "runs") ? api_scope(c, &q) : scope_of_runs(c, &q);
	if (!status)
		status = api_table(c, &q);
	query_release(&q);
	return status;
}

int api_runs(struct api_context *c)
{
	return list(c, "runs", RUN_FIELDS);
}

int api_sessions(struct api_context *c)
{
	return list(c, "sessions", SESSION_FIELDS);
}

int api_coverage(struct api_context *c)
{
	return list(c, "connections", CONNECTION_FIELDS);
}

/* One number of a question, or -1. */
static int64_t figure(struct api_context *c, const char *line)
{
	struct query_result result = { 0 };
	struct query_error e = { 0 };
	struct query q;
	int64_t n = -1;

	query_init(&q, c->now_ns);
	if (!query_parse(&q, slice_from(line), &e) && !query_run(c->db, &q, &result)) {
		if (result.n_rows && query_cell(&result, 0, 0)->type == QUERY_INT)
			n = query_cell(&result, 0, 0)->integer;
		query_result_release(&result);
	}
	query_release(&q);
	return n;
}

/* The one sentence that must not be overlooked. */
static void write_warning(struct buf *to, int64_t opaque)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(512);

	if (opaque <= 0)
		return;
	buf_printf(&text, "%lld %s LLM APIs over connections that gentap cannot decode.",
		   (long long)opaque, opaque == 1 ? "process talks to" : "processes talk to");
	buf_add_str(to, ",\"warning\":");
	buf_add_json(to, buf_slice(&text));
}

int api_status(struct api_context *c)
{
	int64_t spans = figure(c, "count"), opaque;

	opaque = figure(c, "count --from connections --where 'state:opaque'");
	buf_printf(c->to, "{\"version\":\"%s\",\"spans\":%lld", GENTAP_VERSION, (long long)spans);
	if (c->config->label) {
		buf_add_str(c->to, ",\"label\":");
		buf_add_json(c->to, slice_from(c->config->label));
	}
	write_warning(c->to, opaque);
	buf_add_str(c->to, "}\n");
	return 200;
}
