/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <errno.h>

#define ADD                                                                                        \
	"INSERT INTO connections(exe,comm,endpoint,library,state,reason,remedy,pid,calls,"         \
	"bytes_decoded,bytes_partial,bytes_opaque,first_ns,last_ns)"                               \
	" VALUES(?,?,?,?,'',?,?,?,?,?,?,?,?,?) ON CONFLICT(exe,comm,endpoint) DO UPDATE SET"       \
	" library=coalesce(excluded.library,library),"                                             \
	" reason=" LATEST("reason") ", remedy=" LATEST(                                            \
		"remedy") ","                                                                      \
			  " pid=excluded.pid, calls=calls+excluded.calls,"                         \
			  " bytes_decoded=bytes_decoded+excluded.bytes_decoded,"                   \
			  " bytes_partial=bytes_partial+excluded.bytes_partial,"                   \
			  " bytes_opaque=max(0,bytes_opaque+excluded.bytes_opaque),"               \
			  " first_ns=min(first_ns,excluded.first_ns), "                            \
			  "last_ns=max(last_ns,excluded.last_ns)"
/* What is withdrawn says why the rest is not decoded, unless more is opaque. */
#define LATEST(column)                                                                             \
	"CASE WHEN excluded.reason IS NULL OR (excluded.bytes_opaque<0 AND"                        \
	" bytes_opaque+excluded.bytes_opaque>0) THEN " column " ELSE excluded." column " END"

#define KEY " exe=?1 AND comm=?2 AND endpoint=?3"
#define ALL_DECODED "(bytes_decoded>0 AND bytes_partial=0 AND bytes_opaque=0)"
#define SETTLE                                                                                     \
	"UPDATE connections SET state=CASE WHEN " ALL_DECODED " THEN 'decoded'"                    \
	" WHEN bytes_opaque>0 AND bytes_decoded=0 AND bytes_partial=0 THEN 'opaque'"               \
	" ELSE 'partial' END,"                                                                     \
	" reason=CASE WHEN " ALL_DECODED " THEN NULL ELSE reason END,"                             \
	" remedy=CASE WHEN " ALL_DECODED " THEN NULL ELSE remedy END WHERE" KEY
/* Nothing is left of what was withdrawn. */
#define DROP                                                                                       \
	"DELETE FROM connections WHERE" KEY " AND calls=0 AND"                                     \
	" bytes_decoded=0 AND bytes_partial=0 AND bytes_opaque<=0"

int ledger_row_new(struct row **ret, const struct store_connection *c)
{
	struct arena arena;
	struct row *r;
	struct row_connection *to;
	const struct process *p = c->process;

	arena_init(&arena, ROW_MAX);
	r = arena_alloc(&arena, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->arena = arena;
	to = arena_alloc(&r->arena, sizeof(*to));
	if (to)
		*to = (struct row_connection){
			.exe = arena_copy(&r->arena, slice_from(p && p->exe ? p->exe : "")),
			.comm = arena_copy(&r->arena, slice_from(p && p->comm ? p->comm : "")),
			.endpoint =
				arena_copy(&r->arena, c->endpoint.data ? c->endpoint : SLICE("")),
			.library = arena_copy(&r->arena, slice_from(c->library)),
			.reason = arena_copy(&r->arena, slice_from(c->reason)),
			.remedy = arena_copy(&r->arena, slice_from(c->remedy)),
			.numbers = { c->pid, (int64_t)c->calls, c->bytes_decoded, c->bytes_partial,
				     c->bytes_opaque, (int64_t)c->first_ns, (int64_t)c->last_ns },
			.withdrawn = c->bytes_opaque < 0,
		};
	if (r->arena.failed) {
		row_free(r);
		return -ENOMEM;
	}
	r->connection = to;
	*ret = r;
	return 0;
}

int ledger_prepare(struct ledger *l, sqlite3 *db)
{
	int r = db_prepare(db, SLICE(ADD), &l->add);

	if (!r)
		r = db_prepare(db, SLICE(SETTLE), &l->settle);
	return r ? r : db_prepare(db, SLICE(DROP), &l->drop);
}

void ledger_release(struct ledger *l)
{
	sqlite3_finalize(l->add);
	sqlite3_finalize(l->settle);
	sqlite3_finalize(l->drop);
}

static int run_for(sqlite3_stmt *s, const struct row_connection *c)
{
	db_bind_text(s, 1, c->exe);
	db_bind_text(s, 2, c->comm);
	db_bind_text(s, 3, c->endpoint);
	return db_run(s);
}

int ledger_write(const struct ledger *l, const struct row_connection *c)
{
	int r;

	db_bind_text(l->add, 4, c->library);
	db_bind_text(l->add, 5, c->reason);
	db_bind_text(l->add, 6, c->remedy);
	for (size_t i = 0; i < ARRAY_LEN(c->numbers); i++)
		sqlite3_bind_int64(l->add, 7 + (int)i, c->numbers[i]);
	r = run_for(l->add, c);
	if (!r && c->withdrawn)
		r = run_for(l->drop, c);
	return r ? r : run_for(l->settle, c);
}
