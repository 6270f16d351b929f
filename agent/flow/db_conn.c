/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements to a database, as far as the beginnings of what is written and read tell them: one
 * at a time, until its answer begins. Their values are forgotten here.
 */
#include "conn.h"
#include "db.h"

#include "cleanup.h"

#include <arpa/inet.h>

#define PREPARED_MAX 64	 /* of one connection that are remembered; the oldest go */
#define REQUEST_MAX 1024 /* bytes of a statement */
#define SHAPE_MAX (2 * REQUEST_MAX)
#define ANSWER_MAX 512	    /* bytes of an answer that tells nothing yet */
#define EPHEMERAL_MIN 32768 /* ports that clients have */

struct prepared {
	uint64_t name;
	char *shape;
};

struct db_conn {
	struct conn *conn;
	enum db_system system;
	struct prepared prepared[PREPARED_MAX];
	size_t n_prepared; /* ever */
	/* The one under way: its bytes until the answer comes, then what they say. */
	char request[REQUEST_MAX];
	size_t request_len;
	bool asking;	   /* more of it is taken */
	enum db_kind kind; /* DB_OTHER: there is none */
	uint64_t name;	   /* of what it prepares */
	char *shape;
	uint64_t start_ns, answer_ns;
	char answer[ANSWER_MAX];
	size_t answer_len;
};

/* Clients of databases alone: their servers answer with what looks alike (Redis). Behind a loss
 * anything may look like a statement: the middle of a body does. */
enum sniff db_sniff(const struct conn *c, enum gentap_dir dir, struct slice head)
{
	const struct gentap_bind *b = &c->bind;
	struct db_request r;

	if (c->sides[0].stream.lost_records || c->sides[1].stream.lost_records)
		return SNIFF_NO;
	if (dir != GENTAP_WRITE || db_request_read(head, DB_NONE, &r) || r.kind == DB_OTHER)
		return SNIFF_NO;
	if (b->family && b->local_port < EPHEMERAL_MIN && b->peer_port >= EPHEMERAL_MIN)
		return SNIFF_NO;
	return SNIFF_REQUEST;
}

static void *db_open(struct conn *c, struct exchange *upgraded)
{
	struct db_conn *d = calloc(1, sizeof(*d));

	(void)upgraded; /* there is none */
	if (d)
		d->conn = c;
	return d;
}

/* ---- What was prepared -------------------------------------------------------------------- */

static uint64_t name_of(struct slice name)
{
	return slice_hash(SLICE_HASH, name);
}

static void remember(struct db_conn *d, uint64_t name, const char *shape)
{
	struct prepared *p = &d->prepared[d->n_prepared % PREPARED_MAX];

	for (size_t i = 0; i < MIN(d->n_prepared, (size_t)PREPARED_MAX); i++)
		if (d->prepared[i].name == name)
			p = &d->prepared[i];
	d->n_prepared += p == &d->prepared[d->n_prepared % PREPARED_MAX];
	free(p->shape);
	*p = (struct prepared){ name, shape ? strdup(shape) : NULL };
}

static char *recall(const struct db_conn *d, uint64_t name)
{
	for (size_t i = 0; i < MIN(d->n_prepared, (size_t)PREPARED_MAX); i++)
		if (d->prepared[i].name == name && d->prepared[i].shape)
			return strdup(d->prepared[i].shape);
	return NULL;
}

/* ---- Statements ---------------------------------------------------------------------------- */

static void add_command(struct buf *to, const struct db_request *r)
{
	for (size_t i = 0; i < r->text.len; i++) {
		char c = r->text.data[i];

		buf_add_char(to, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	if (r->args)
		buf_add_slice(to, SLICE(" ?"));
}

/* NULL: there is no text, or no memory. */
static char *shape_of(const struct db_request *r)
{
	_cleanup_(buf_cleanup) struct buf shape = BUF_INIT(SHAPE_MAX);

	if (!r->text.len)
		return NULL;
	if (r->system == DB_REDIS)
		add_command(&shape, r);
	else
		sql_shape(r->text, r->system, &shape);
	return shape.error ? NULL : strndup(shape.data, shape.len);
}

static void tell(struct db_conn *d, const struct db_response *answer, uint64_t end_ns)
{
	_cleanup_(buf_cleanup) struct buf summary = BUF_INIT(SHAPE_MAX);
	struct conn *c = d->conn;
	struct outbound o = {
		.process = c->process,
		.conn_hash = c->hash,
		.exchange = c->exchanges++,
		.start_ns = d->start_ns,
		.end_ns = end_ns,
		.whole = answer != NULL,
		.secured = c->source != GENTAP_SRC_SOCKET,
		.system = db_system_name(d->system),
		.statement = slice_from(d->shape),
		.failed = answer && answer->failed,
		.error = answer ? answer->code : SLICE_NONE,
		.server = { .peer_port = c->bind.peer_port, .local_port = c->bind.local_port },
	};
	char ip[INET6_ADDRSTRLEN] = "";

	sql_summary(o.statement, &summary);
	if (!summary.error)
		o.summary = buf_slice(&summary);
	if (c->unix_path)
		o.server.address = o.server.peer_ip = slice_from(c->unix_path);
	else if (c->bind.family && inet_ntop(c->bind.family, c->bind.peer_addr, ip, sizeof(ip)))
		o.server.address = o.server.peer_ip = slice_from(ip);
	o.server.port = c->bind.peer_port;
	c->flow->sink.outbound(c->flow->sink.ctx, &o);
}

/* answer: NULL where none was understood. */
static void finish(struct db_conn *d, const struct db_response *answer, uint64_t end_ns)
{
	if (d->kind == DB_PREPARE && answer && !answer->failed)
		remember(d,
			 d->system == DB_MYSQL
				 ? name_of((struct slice){ (const char *)&answer->prepared,
							   sizeof(answer->prepared) })
				 : d->name,
			 d->shape);
	else if (d->kind == DB_STATEMENT || d->kind == DB_EXECUTE)
		tell(d, answer, end_ns);
	d->kind = DB_OTHER;
	d->answer_len = 0;
	free(TAKE(d->shape));
}

/* All of it that will be seen has come. */
static void read_request(struct db_conn *d)
{
	const struct slice data = { d->request, d->request_len };
	struct db_request r;

	if (!d->request_len)
		return;
	d->request_len = 0;
	d->asking = false;
	if (db_request_read(data, d->system, &r) || r.kind == DB_OTHER)
		return;
	d->system = r.system;
	d->kind = r.kind;
	d->name = name_of(r.name);
	d->shape = r.kind == DB_EXECUTE ? recall(d, d->name) : shape_of(&r);
}

/* It is over: nothing more will be seen of it. */
static void settle(struct db_conn *d, uint64_t ts_ns)
{
	/* What is answered by more than can be understood has not failed. */
	static const struct db_response went_well;

	read_request(d);
	if (d->kind != DB_OTHER)
		finish(d, d->answer_len ? &went_well : NULL, d->answer_len ? d->answer_ns : ts_ns);
}

static void on_write(struct db_conn *d, struct slice data, bool call_start, uint64_t ts_ns)
{
	const struct pipeline_sink *sink = &d->conn->flow->sink;
	size_t n;

	if (call_start) {
		settle(d, ts_ns);
		d->asking = sink->outbound && sink->acts && sink->acts(sink->ctx, d->conn->process);
		d->start_ns = ts_ns;
	}
	n = d->asking ? MIN(data.len, sizeof(d->request) - d->request_len) : 0;
	memcpy(d->request + d->request_len, data.data, n);
	d->request_len += n;
}

static void on_read(struct db_conn *d, struct slice data, uint64_t ts_ns)
{
	size_t n = MIN(data.len, sizeof(d->answer) - d->answer_len);
	struct db_response answer;

	read_request(d);
	if (d->kind == DB_OTHER)
		return;
	if (!d->answer_len)
		d->answer_ns = ts_ns;
	memcpy(d->answer + d->answer_len, data.data, n);
	d->answer_len += n;
	if (!db_response_read(d->system, d->kind == DB_PREPARE,
			      (struct slice){ d->answer, d->answer_len }, &answer))
		finish(d, &answer, d->answer_ns);
}

static void db_data(void *state, enum gentap_dir dir, struct slice data, bool call_start,
		    uint64_t ts_ns)
{
	if (dir == GENTAP_READ)
		on_read(state, data, ts_ns);
	else
		on_write(state, data, call_start, ts_ns);
}

/* What comes after it in the same call would not fit. */
static void db_hole(void *state, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	(void)len, (void)ts_ns;
	if (dir == GENTAP_WRITE)
		((struct db_conn *)state)->asking = false;
}

static void db_close(void *state, uint64_t ts_ns)
{
	struct db_conn *d = state;

	settle(d, ts_ns);
	for (size_t i = 0; i < PREPARED_MAX; i++)
		free(d->prepared[i].shape);
	free(d);
}

const struct conn_proto db_proto = {
	.name = "db",
	.open = db_open,
	.data = db_data,
	.hole = db_hole,
	.close = db_close,
	.peeked = true,
};
