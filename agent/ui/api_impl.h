/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the API share. */
#ifndef UI_API_IMPL_H
#define UI_API_IMPL_H

#include "api.h"
#include "query.h"

#define API_FOLDER_MAX 4096
#define API_ROWS_MAX 5000

/* One request on its way: what was asked, a connection to the store, the answer. */
struct api_context {
	struct api *api;
	const struct api_config *config;
	const struct api_request *request;
	const char *rest; /* of the path, behind the resource and its slash; "" when none */
	struct query_db *db;
	int boards_fd; /* folder of the dashboards; -1: none */
	uint64_t now_ns;
	struct buf *to;
};

typedef int (*api_fn)(struct api_context *c);

int api_query(struct api_context *c);
int api_series(struct api_context *c);
int api_line(struct api_context *c);
int api_values(struct api_context *c);
int api_runs(struct api_context *c);
int api_sessions(struct api_context *c);
int api_coverage(struct api_context *c);
int api_trace(struct api_context *c);
int api_boards(struct api_context *c);
int api_status(struct api_context *c);
int api_settings(struct api_context *c);
int api_flow(struct api_context *c);
int api_budgets(struct api_context *c);
int api_limits(struct api_context *c);
int api_marks(struct api_context *c);

struct slice api_arg(const struct api_context *c, const char *name);
/* Error answers; each gives its status. */
int api_problem(struct api_context *c, int status, const char *message);
int api_bad_query(struct api_context *c, const char *argument, const struct query_error *e);
int api_failed(struct api_context *c, int r);

/* Range (from, to: Unix milliseconds; since, until: as on the command line) and `where`
 * of the request into the query. 0, or the status of an error that is written. */
int api_scope(struct api_context *c, struct query *q);
int api_range(struct api_context *c, struct query *q); /* without the conditions */
/* `limit`: 1 to API_ROWS_MAX; a flag: 1, or absent. 0 or a status, as above. */
int api_limit(struct api_context *c, uint64_t otherwise, uint64_t *ret);
int api_flag(struct api_context *c, const char *name, bool *ret);
/* The newest spans that fit `where`, within the request's scope, for write() to make the answer
 * of, 0 or -errno. Gives the status. */
int api_newest(struct api_context *c, const char *shown, const char *where, const char *limit,
	       int (*write)(struct api_context *c, const struct query_result *result));
/* Runs it and writes columns and rows; gives the status. */
int api_table(struct api_context *c, const struct query *q);
const char *api_unit_name(const struct query_column *column);
/* Lines by time (api_series.c). */
int api_write_series(struct api_context *c, const struct query *q, bool stack);

#endif
