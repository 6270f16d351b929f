/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include "cleanup.h"

#include <errno.h>

/* In the order in which they are asked: a preface before what looks like any method. */
static const struct conn_proto *const protos[] = {
	&http2_proto,
	&http1_proto,
	&ws_proto,
};

static void side_data(void *ctx, struct slice data, bool call_start, uint64_t ts_ns);
static void side_hole(void *ctx, uint64_t len, uint64_t ts_ns);

static uint64_t conn_hash(const struct conn_id *id, const struct process *process)
{
	const uint64_t key[] = { id->ptr, id->gen, id->tgid, process ? process->start_ns : 0 };

	return slice_hash(SLICE_HASH, (struct slice){ (const char *)key, sizeof(key) });
}

int conn_new(struct conn **ret, struct flow *flow, const struct gentap_event *ev,
	     struct process *process)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->flow = flow;
	c->id = (struct conn_id){ .ptr = ev->ptr, .gen = ev->gen, .tgid = ev->tgid };
	c->process = process_ref(process);
	c->hash = conn_hash(&c->id, process);
	c->source = ev->source;
	c->touched_ns = ev->ts_ns;
	for (int dir = 0; dir < 2; dir++) {
		struct conn_side *side = &c->sides[dir];
		const struct stream_sink sink = { side, side_data, side_hole };

		side->conn = c;
		side->dir = dir;
		stream_init(&side->stream, &sink);
	}
	flow->stats.conns++;
	*ret = c;
	return 0;
}

static void close_proto(struct conn *c, uint64_t wall_ns)
{
	const struct conn_proto *proto = TAKE(c->proto);

	if (proto)
		proto->close(TAKE(c->state), wall_ns);
}

/* What goes over a socket under TLS is seen better above: bytes of the socket itself are
 * the same, coded (or, where the kernel codes them, not even that). */
void conn_set_bind(struct conn *c, const struct gentap_bind *bind, struct slice path)
{
	const struct flow_sock key = { .ptr = bind->sock, .tgid = c->id.tgid };
	struct table *secured = &c->flow->secured;

	c->bind = *bind;
	if (path.len && *path.data && !c->unix_path)
		c->unix_path = strndup(path.data, path.len);
	if (c->source == GENTAP_SRC_SOCKET || c->source == GENTAP_SRC_PIPE || !bind->sock)
		return;
	table_take(secured, &key, sizeof(key));
	if (secured->count && secured->count >= secured->max)
		table_take_oldest(secured);
	if (table_add(secured, &key, sizeof(key), c))
		c->flow->stats.no_memory++;
}

static bool is_secured(const struct conn *c)
{
	const struct flow_sock key = { .ptr = c->id.ptr, .tgid = c->id.tgid };

	return c->source == GENTAP_SRC_SOCKET && table_get(&c->flow->secured, &key, sizeof(key));
}

static void forget_bind(struct conn *c, uint64_t wall_ns)
{
	const struct flow_sock key = { .ptr = c->bind.sock, .tgid = c->id.tgid };

	if (table_get(&c->flow->secured, &key, sizeof(key)) == c)
		table_take(&c->flow->secured, &key, sizeof(key));
	if (c->role == CONN_CLIENT)
		twins_end(&c->flow->twins, &c->bind, wall_ns);
}

static uint64_t lost_records(const struct conn *c)
{
	return c->sides[0].stream.lost_records + c->sides[1].stream.lost_records;
}

void conn_end(struct conn *c, const struct gentap_event *close)
{
	uint64_t lost = lost_records(c);

	c->closing = true;
	stream_end_both((struct stream *[]){ &c->sides[0].stream, &c->sides[1].stream }, close);
	c->flow->stats.lost_records += lost_records(c) - lost;
}

void conn_free(struct conn *c, uint64_t ts_ns)
{
	uint64_t lost;

	if (!c)
		return;
	lost = lost_records(c);
	c->closing = true;
	stream_flush_both(&c->sides[0].stream, &c->sides[1].stream);
	c->flow->stats.lost_records += lost_records(c) - lost;
	close_proto(c, flow_wall_ns(c->flow, ts_ns));
	coverage_conn_end(c);
	forget_bind(c, flow_wall_ns(c->flow, ts_ns));
	stream_release(&c->sides[0].stream);
	stream_release(&c->sides[1].stream);
	process_unref(c->process);
	process_unref(c->peer);
	free(c->unix_path);
	free(c);
}

static void set_verdict(struct conn *c, enum gentap_verdict verdict)
{
	if (c->verdict == verdict)
		return;
	c->verdict = verdict;
	if (c->flow->sink.verdict && !c->closing)
		c->flow->sink.verdict(c->flow->sink.ctx, c->id, verdict);
}

/* From here on the kernel sends nothing but a call that may begin a request. */
static void ignore(struct conn *c, uint64_t wall_ns)
{
	if (c->proto) {
		c->owed = c->proto->owed ? c->proto->owed(c->state) : (struct owed){ 0 };
		c->sides[0].passed = c->sides[1].passed = false;
	}
	close_proto(c, wall_ns);
	for (int dir = 0; dir < 2; dir++) {
		c->sides[dir].broken = true;
		c->sides[dir].head_len = 0;
	}
	c->ignore = false;
	set_verdict(c, GENTAP_IGNORED);
}

void conn_judged(struct conn *c, enum decoder_verdict verdict)
{
	if (verdict == DECODER_WANTED)
		set_verdict(c, GENTAP_WANTED);
	else
		c->ignore = true;
}

void conn_give_up(struct conn *c)
{
	c->ignore = true;
}

/* Acts on what the protocol decided, now that none of its functions is running. A
 * connection that carried one wanted call will carry more of them. */
static void settle(struct conn *c, uint64_t wall_ns)
{
	if (c->ignore && !c->undecided && c->verdict != GENTAP_WANTED && !c->closing)
		ignore(c, wall_ns);
	c->ignore = false;
}

struct owed conn_take_owed(struct conn *c)
{
	struct owed owed = c->owed;

	c->owed = (struct owed){ 0 };
	return c->sides[!conn_request_dir(c)].passed ? c->owed : owed;
}

bool conn_whole(const struct conn *c, enum gentap_dir dir)
{
	const struct conn_side *side = &c->sides[dir];

	return !side->broken && !side->stream.rejoined && !c->midstream;
}

enum gentap_dir conn_request_dir(const struct conn *c)
{
	return c->role == CONN_SERVER ? GENTAP_READ : GENTAP_WRITE;
}

const struct conn_proto *conn_proto_for_upgrade(struct slice token)
{
	for (size_t i = 0; i < ARRAY_LEN(protos); i++)
		if (protos[i]->upgrade && slice_eq_nocase(token, slice_from(protos[i]->upgrade)))
			return protos[i];
	return NULL;
}

/* ---- Which protocol is it? ----------------------------------------------------------- */

enum sniff conn_sniff(struct slice head, const struct conn_proto **ret)
{
	for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
		enum sniff answer = protos[i]->sniff ? protos[i]->sniff(head) : SNIFF_NO;

		if (answer != SNIFF_NO) {
			*ret = protos[i];
			return answer;
		}
	}
	return SNIFF_NO;
}

static void feed_head(struct conn_side *side)
{
	struct conn *c = side->conn;
	size_t len = side->head_len;

	side->head_len = 0;
	if (len && c->proto)
		c->proto->data(c->state, side->dir, (struct slice){ side->head, len }, true,
			       side->head_ts_ns);
}

static void open_proto(struct conn_side *side, const struct conn_proto *proto, bool request)
{
	struct conn *c = side->conn;
	struct conn_side *other = &c->sides[!side->dir];

	c->role = request == (side->dir == GENTAP_WRITE) ? CONN_CLIENT : CONN_SERVER;
	/* The kernel has armed it again by itself; this says that it may stay so. */
	set_verdict(c, GENTAP_UNKNOWN);
	c->state = proto->open(c, NULL);
	if (!c->state) {
		c->flow->stats.no_memory++;
		c->ignore = true;
		return;
	}
	c->proto = proto;
	if (other->head_len && other->head_ts_ns < side->head_ts_ns)
		feed_head(other);
	feed_head(side);
	feed_head(other);
}

static void no_proto(struct conn_side *side)
{
	struct conn *c = side->conn;

	if (conn_whole(c, side->dir) && c->verdict == GENTAP_UNKNOWN)
		c->flow->stats.not_http++;
	side->head_len = 0;
	c->ignore = true;
}

/* Adds to the bytes to judge by and tells how many of data that took. */
static size_t collect(struct conn_side *side, struct slice data, uint64_t wall_ns)
{
	size_t taken = MIN(data.len, CONN_SNIFF_MAX - side->head_len);

	if (!side->head_len)
		side->head_ts_ns = wall_ns;
	memcpy(side->head + side->head_len, data.data, taken);
	side->head_len += taken;
	return taken;
}

static enum sniff ask(const struct conn_side *side, const struct conn_proto **ret)
{
	const struct slice head = { side->head, side->head_len };
	enum sniff answer;

	if (side->conn->source == GENTAP_SRC_PIPE) {
		*ret = &stdio_proto;
		return stdio_sniff(side->dir, head);
	}
	answer = is_secured(side->conn) ? SNIFF_NO : conn_sniff(head, ret);
	if (answer != SNIFF_NO)
		return answer;
	*ret = &db_proto;
	return db_sniff(side->conn, side->dir, head);
}

static void sniff(struct conn_side *side, struct slice data, bool call_start, uint64_t wall_ns)
{
	struct conn *c = side->conn;
	const struct conn_proto *proto = NULL;
	enum sniff answer;
	bool more = side->head_len;
	size_t taken;

	/* Only a request wakes a connection that is ignored: what still comes of the
	 * response that was not wanted must not. */
	if (c->verdict == GENTAP_IGNORED && c->role && side->dir != conn_request_dir(c)) {
		side->passed = true;
		return;
	}
	if (!more && !call_start && !conn_whole(c, side->dir))
		return;
	taken = collect(side, data, wall_ns);
	answer = ask(side, &proto);
	if (answer == SNIFF_NO && more && call_start) {
		side->head_len = 0;
		taken = collect(side, data, wall_ns);
		answer = ask(side, &proto);
	}
	if (answer == SNIFF_MORE)
		return;
	if (answer == SNIFF_NO) {
		no_proto(side);
		return;
	}
	open_proto(side, proto, answer == SNIFF_REQUEST);
	if (c->proto && taken < data.len)
		c->proto->data(c->state, side->dir, slice_sub(data, taken, data.len), false,
			       wall_ns);
}

/* ---- What the streams deliver --------------------------------------------------------- */

static void side_data(void *ctx, struct slice data, bool call_start, uint64_t ts_ns)
{
	struct conn_side *side = ctx;
	struct conn *c = side->conn;
	uint64_t wall_ns = flow_wall_ns(c->flow, ts_ns);

	if (c->proto)
		c->proto->data(c->state, side->dir, data, call_start, wall_ns);
	else
		sniff(side, data, call_start, wall_ns);
	settle(c, wall_ns);
}

static void side_hole(void *ctx, uint64_t len, uint64_t ts_ns)
{
	struct conn_side *side = ctx;
	struct conn *c = side->conn;
	uint64_t wall_ns = flow_wall_ns(c->flow, ts_ns);

	if (c->verdict != GENTAP_IGNORED && !(c->proto && c->proto->peeked)) {
		c->flow->stats.lost_bytes += len;
		coverage_bytes(c, len, true, ts_ns);
	}
	side->broken = side->passed = true;
	side->head_len = 0;
	if (c->proto)
		c->proto->hole(c->state, side->dir, len, wall_ns);
	settle(c, wall_ns);
}

void conn_record(struct conn *c, const struct gentap_event *ev, struct slice data)
{
	struct stream *stream = &c->sides[ev->dir].stream, *other = &c->sides[!ev->dir].stream;
	uint64_t lost = lost_records(c);

	if (ev->flags & GENTAP_F_MIDSTREAM)
		c->midstream = true;
	if (ev->flags & GENTAP_F_KERNEL_TLS)
		c->kernel_tls = true;
	/* Once the other side has answered, what is missing here will not come. */
	if (stream_waits_since(other) <= ev->ts_ns)
		stream_flush(other);
	c->tid = ev->tid;
	coverage_bytes(c, data.len, false, ev->ts_ns);
	stream_record(stream, ev, data);
	c->flow->stats.lost_records += lost_records(c) - lost;
	coverage_look(c);
}
