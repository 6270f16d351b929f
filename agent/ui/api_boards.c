/* SPDX-License-Identifier: Apache-2.0 */
/* /dashboards: the list; /dashboards/NAME: GET, PUT, DELETE. */
#include "api_impl.h"

#include "boards.h"
#include "cleanup.h"
#include "json.h"

#include <errno.h>
#include <string.h>

struct board_list {
	struct api_context *c;
	size_t n;
};

static void list_board(void *ctx, struct slice name, bool own)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(BOARD_MAX * 2);
	struct board_list *l = ctx;
	struct json_val title;
	struct json doc;

	json_init(&doc);
	if (!board_read(l->c->boards_fd, name, &text) && !board_problem(buf_slice(&text)) &&
	    !json_parse(&doc, buf_slice(&text))) {
		title = json_get(json_root(&doc), "title");
		buf_printf(l->c->to,
			   "%s{\"name\":\"%.*s\",\"own\":%s,\"title\":\"%.*s\",\"widgets\":%zu}",
			   l->n++ ? "," : "", SLICE_FMT(name), own ? "true" : "false",
			   SLICE_FMT(json_raw(title)),
			   json_len(json_get(json_root(&doc), "widgets")));
	}
	json_release(&doc);
}

static int list_boards(struct api_context *c)
{
	struct board_list l = { .c = c };

	buf_printf(c->to, "{\"writable\":%s,\"dashboards\":[",
		   c->boards_fd >= 0 ? "true" : "false");
	board_each(c->boards_fd, list_board, &l);
	buf_add_str(c->to, "]}\n");
	return 200;
}

static int put_board(struct api_context *c, struct slice name)
{
	const char *problem = board_problem(c->request->body);
	int r;

	if (problem)
		return api_problem(c, 422, problem);
	r = board_write(c->boards_fd, name, c->request->body);
	if (r == -EROFS)
		return api_problem(c, 403, "This gentap has no folder to keep dashboards in.");
	if (r)
		return api_failed(c, r);
	buf_add_str(c->to, "{}\n");
	return 200;
}

int api_boards(struct api_context *c)
{
	struct slice name = slice_from(c->rest);
	const char *method = c->request->method;
	int r;

	if (!name.len)
		return strcmp(method, "PUT") && strcmp(method, "DELETE")
			       ? list_boards(c)
			       : api_problem(c, 405, "Which dashboard?");
	if (!board_name_ok(name))
		return api_problem(c, 400, "A dashboard's name is made of a-z, 0-9 and '-'.");
	if (!strcmp(method, "PUT"))
		return put_board(c, name);
	if (!strcmp(method, "DELETE")) {
		r = board_remove(c->boards_fd, name);
		if (r)
			return api_failed(c, r);
		buf_add_str(c->to, "{}\n");
		return 200;
	}
	r = board_read(c->boards_fd, name, c->to);
	return r ? api_failed(c, r) : 200;
}
