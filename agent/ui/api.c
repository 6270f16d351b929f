/* SPDX-License-Identifier: Apache-2.0 */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#define HANDLES 4

struct api {
	struct api_config config;
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct query_db *idle[HANDLES];
	size_t n_idle;
	struct query_db *watcher; /* of the thread that asks for the version */
	int boards_fd;
};

static const struct {
	const char *name;
	api_fn get;
	bool writes; /* it has PUT and DELETE, too */
} resources[] = {
	{ "query", api_query, false },	     { "series", api_series, false },
	{ "line", api_line, false },	     { "values", api_values, false },
	{ "runs", api_runs, false },	     { "sessions", api_sessions, false },
	{ "traces", api_trace, false },	     { "coverage", api_coverage, false },
	{ "dashboards", api_boards, true },  { "status", api_status, false },
	{ "settings", api_settings, false }, { "flow", api_flow, false },
	{ "budgets", api_budgets, false },   { "limits", api_limits, false },
	{ "marks", api_marks, false },
};

int api_new(struct api **ret, const struct api_config *config)
{
	struct api *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->config = *config;
	a->boards_fd = config->dashboards
			       ? open(config->dashboards, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			       : -1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->returned, NULL);
	r = query_open(&a->watcher, config->db);
	for (size_t i = 0; !r && i < HANDLES; i++) {
		r = query_open(&a->idle[i], config->db);
		if (!r)
			a->n_idle++;
	}
	/* One read, so that every file of the database is open before rights are given up. */
	for (size_t i = 0; !r && i < HANDLES; i++)
		query_version(a->idle[i]);
	if (r)
		api_free(a);
	else
		*ret = a;
	return r;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_idle; i++)
		query_close(a->idle[i]);
	query_close(a->watcher);
	if (a->boards_fd >= 0)
		close(a->boards_fd);
	pthread_cond_destroy(&a->returned);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

int api_version(struct api *a, uint64_t *ret)
{
	*ret = query_version(a->watcher);
	return 0;
}

static struct query_db *take(struct api *a)
{
	struct query_db *db;

	pthread_mutex_lock(&a->lock);
	while (!a->n_idle)
		pthread_cond_wait(&a->returned, &a->lock);
	db = a->idle[--a->n_idle];
	pthread_mutex_unlock(&a->lock);
	return db;
}

static void give_back(struct api *a, struct query_db *db)
{
	pthread_mutex_lock(&a->lock);
	a->idle[a->n_idle++] = db;
	pthread_cond_signal(&a->returned);
	pthread_mutex_unlock(&a->lock);
}

struct slice api_arg(const struct api_context *c, const char *name)
{
	return slice_from(c->request->arg(c->request->ctx, name));
}

int api_problem(struct api_context *c, int status, const char *message)
{
	buf_reset(c->to, 0);
	buf_add_str(c->to, "{\"error\":{\"message\":");
	buf_add_json(c->to, slice_from(message));
	buf_add_str(c->to, "}}\n");
	return status;
}

int api_bad_query(struct api_context *c, const char *argument, const struct query_error *e)
{
	buf_reset(c->to, 0);
	buf_add_str(c->to, "{\"error\":{\"message\":");
	buf_add_json(c->to, slice_from(e->message));
	buf_printf(c->to, ",\"argument\":\"%s\",\"at\":%zu,\"word\":", argument, e->at);
	buf_add_json(c->to, e->text.data ? slice_sub(e->text, e->at, e->len) : SLICE(""));
	buf_add_str(c->to, "}}\n");
	return 400;
}

int api_failed(struct api_context *c, int r)
{
	static const struct {
		int error, status;
		const char *message;
	} known[] = {
		{ ENOENT, 404, "There is nothing of that name." },
		{ ENOSPC, 422, "That is too much for one answer: narrow the range or the groups." },
		{ EINVAL, 400, "That cannot be asked." },
		{ ENOTUNIQ, 400, "Several have an id that begins so; give more of it." },
		{ EBUSY, 503, "The store is busy; try again." },
		{ EBADMSG, 500, "The store's file is damaged." },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].error == -r)
			return api_problem(c, known[i].status, known[i].message);
	return api_problem(c, 500, strerror(-r));
}

int api_settings(struct api_context *c)
{
	buf_add_str(c->to, c->config->settings ? c->config->settings : "{\"settings\":[]}\n");
	return 200;
}

static bool may(const char *method, bool writes)
{
	return !strcmp(method, "GET") || !strcmp(method, "HEAD") ||
	       (writes && (!strcmp(method, "PUT") || !strcmp(method, "DELETE")));
}

int api_answer(struct api *a, const struct api_request *r, struct buf *to)
{
	struct api_context c = {
		.api = a,
		.config = &a->config,
		.request = r,
		.boards_fd = a->boards_fd,
		.now_ns = clock_wall_ns(),
		.to = to,
	};
	const char *path = r->path[0] == '/' ? r->path + 1 : r->path;
	size_t len = strcspn(path, "/");
	int status;

	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		if (strncmp(resources[i].name, path, len) || resources[i].name[len])
			continue;
		if (!may(r->method, resources[i].writes))
			return api_problem(&c, 405, "This can only be read.");
		c.rest = path[len] ? path + len + 1 : "";
		c.db = take(a);
		status = resources[i].get(&c);
		give_back(a, c.db);
		return status;
	}
	return api_problem(&c, 404, "The API has no such resource; /api/openapi.json lists them.");
}
