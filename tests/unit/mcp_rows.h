/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of MCP and A2A and the one line that each must give, at every split. */
#ifndef TESTS_MCP_ROWS_H
#define TESTS_MCP_ROWS_H

#include "dialect_rows.h"
#include "mcp.h"

struct mcp_row {
	const char *name;
	struct exchange x;
	const char *want; /* NULL: no call */
};

static void mcp_dump(void *ctx, struct call *c)
{
	const struct mcp *m = c->mcp;
	struct buf *to = ctx;

	if (c->op == OP_MCP && m) {
		buf_add_slice(to, m->method);
		if (m->tool.len || m->prompt.len)
			buf_printf(to, " %.*s", SLICE_FMT(m->tool.len ? m->tool : m->prompt));
		if (m->id.len)
			buf_printf(to, " id=%.*s", SLICE_FMT(m->id));
		buf_add_str(to, m->parent.valid ? " parent" : "");
		buf_add_str(to, m->a2a ? " a2a" : "");
		buf_add_str(to, m->rest ? " rest" : m->grpc ? " grpc" : "");
		if (m->context.len)
			buf_printf(to, " context=%.*s", SLICE_FMT(m->context));
		buf_add_str(to, m->answered ? " answered" : "");
		buf_add_str(to, m->is_error ? " is_error" : "");
		if (m->has_code)
			buf_printf(to, " code=%lld message=%.*s", (long long)m->code,
				   SLICE_FMT(m->error_message));
		if (m->progress)
			buf_printf(to, " progress=%llu", (unsigned long long)m->progress);
		if (m->result.text.len)
			buf_printf(to, " result=%.*s", SLICE_FMT(m->result.text));
		if (c->error_type.len)
			buf_printf(to, " error=%.*s", SLICE_FMT(c->error_type));
		buf_printf(to, " arguments=%.*s", SLICE_FMT(m->arguments.text));
	}
	call_free(c);
}

static inline void mcp_rows_check(const struct mcp_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t first = 0; first < rows[i].x.response.len; first++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 16);

			test_row("%s, split at %zu", rows[i].name, first);
			exchange_run(&rows[i].x, mcp_dump, &got, first ? first : 1, SIZE_MAX);
			CHECK_SLICE(got.len ? buf_slice(&got) : SLICE_NONE,
				    slice_from(rows[i].want));
		}
	test_row(NULL);
}

static inline void mcp_rows_without_memory(const struct mcp_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		EACH_MALLOC_FAILURE
		{
			struct buf got = BUF_INIT(1 << 16);

			exchange_run(&rows[i].x, mcp_dump, &got, 0, SIZE_MAX);
			buf_release(&got);
		}
}

#endif
