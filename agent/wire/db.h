/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A glance at what is spoken to a database: the beginning of a client's write, and of what is
 * read next, are enough to tell the statement and whether it failed. No state is kept between
 * them, no message has to be whole.
 *
 *   PostgreSQL  frontend/backend protocol 3.0 (documentation, chapter "Message Formats")
 *   MySQL       client/server protocol 4.1: packets of COM_QUERY and its like
 *   Redis       RESP2 and RESP3 (redis.io, "Redis serialization protocol")
 */
#ifndef WIRE_DB_H
#define WIRE_DB_H

#include "buf.h"
#include "slice.h"

enum db_system { DB_NONE, DB_POSTGRESQL, DB_MYSQL, DB_REDIS };
const char *db_system_name(enum db_system system); /* of the conventions; static */

enum db_kind {
	DB_OTHER,     /* of that protocol, but it runs nothing: logging in, a ping */
	DB_STATEMENT, /* runs `text` */
	DB_PREPARE,   /* `text` is to be run by `name` later; MySQL: by the id that is answered */
	DB_EXECUTE,   /* runs what `name` names */
};

/* Texts are lent, and may have been cut off. */
struct db_request {
	enum db_system system;
	enum db_kind kind;
	struct slice text; /* SQL; of Redis the command's name */
	struct slice name; /* of a prepared statement; empty: the unnamed one */
	uint64_t args;	   /* of Redis: how many follow the name */
};

struct db_response {
	bool failed;
	struct slice code; /* lent: SQLSTATE, or the first word of Redis' error */
	uint32_t prepared; /* MySQL: the id of what was prepared */
};

/* The beginning of a write. known: what the connection speaks, or DB_NONE. 0, or -EBADMSG: it is
 * none of these protocols. */
int db_request_read(struct slice data, enum db_system known, struct db_request *ret);
/* The beginning of what is answered. 0; -EAGAIN: more is needed to tell. `prepare`: to that. */
int db_response_read(enum db_system system, bool prepare, struct slice data,
		     struct db_response *ret);

/* For db.c: the same of each protocol. */
int postgres_request(struct slice data, struct db_request *ret);
int postgres_response(struct slice data, struct db_response *ret);
int mysql_request(struct slice data, struct db_request *ret);
int mysql_response(struct slice data, bool prepare, struct db_response *ret);
int redis_request(struct slice data, struct db_request *ret);
int redis_response(struct slice data, struct db_response *ret);

/* SQL without its values: literals become ?, lists of them one, comments and runs of white space
 * a space. What was cut off in the middle of a literal is one. MySQL's texts stand in double
 * quotes too, and know backslashes, as PostgreSQL's do behind an E. */
void sql_shape(struct slice sql, enum db_system system, struct buf *to);
/* Of such a shape: what is done, and to what: "SELECT users", "INSERT app.orders". */
void sql_summary(struct slice shape, struct buf *to);

#endif
