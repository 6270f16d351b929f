/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include "cleanup.h"
#include "mcp_sse.h"
#include "clock.h"
#include "conn.h"
#include "exchange.h"
#include "quic_hello.h"
#include "tls_hello.h"

#include <errno.h>
#include <sys/socket.h>

#define PROCESSES_MAX 65536
/* A connection's place in the order of last use need not be exact. */
#define TOUCH_NS (100 * NSEC_PER_MSEC)

struct pipeline {
	struct flow flow;
	struct table conns;	/* struct object_key → struct conn; at most one generation */
	struct table processes; /* tgid → struct known_process */
};

/* An object's or a socket's address in its process. */
struct object_key {
	uint64_t ptr;
	uint64_t tgid; /* 64 bits wide: no padding in a key */
};

/* Also remembers that nobody knows the process. */
struct known_process {
	struct process *process;
};

const struct pipeline_config pipeline_config_default = {
	.conns_max = 16384,
	.memory_max = 64 * 1024 * 1024,
	.decoder = { .body_max = 16 * 1024 * 1024 },
};

int pipeline_new(struct pipeline **ret, const struct pipeline_config *config,
		 const struct pipeline_sink *sink)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->flow.config = *config;
	p->flow.sink = *sink;
	table_init(&p->flow.hellos, config->conns_max);
	table_init(&p->flow.secured, config->conns_max);
	table_init(&p->flow.unread, config->conns_max);
	twins_init(&p->flow.twins, config->conns_max);
	inbounds_init(&p->flow.inbounds);
	flow_relays_init(&p->flow.relays);
	table_init(&p->flow.mcp_streams, MCP_SSE_STREAMS_MAX);
	table_init(&p->conns, config->conns_max);
	table_init(&p->processes, PROCESSES_MAX);
	*ret = p;
	return 0;
}

static void known_process_free(void *value)
{
	struct known_process *known = value;

	if (known)
		process_unref(known->process);
	free(known);
}

void pipeline_end(struct pipeline *p)
{
	struct conn *c;

	while ((c = table_take_oldest(&p->conns)))
		conn_free(c, p->flow.last_ts_ns);
	coverage_end(&p->flow);
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	pipeline_end(p);
	table_release(&p->conns, NULL);
	table_release(&p->flow.hellos, free);
	table_release(&p->flow.secured, NULL);
	table_release(&p->flow.unread, NULL); /* pipeline_end() has emptied it */
	twins_release(&p->flow.twins);
	inbounds_release(&p->flow.inbounds);
	flow_relays_release(&p->flow.relays);
	table_release(&p->flow.mcp_streams, NULL); /* with their connections they have left it */
	table_release(&p->processes, known_process_free);
	free(p);
}

const struct pipeline_stats *pipeline_stats(const struct pipeline *p)
{
	return &p->flow.stats;
}

uint64_t flow_wall_ns(const struct flow *flow, uint64_t boot_ns)
{
	return boot_ns + (uint64_t)flow->config.boot_to_wall_ns;
}

/* ---- Processes ------------------------------------------------------------------------- */

/* Lends; NULL when nobody knows it. Asked for once, the answer is kept until exit. */
static struct process *find_process(struct pipeline *p, uint32_t tgid)
{
	struct known_process *known = table_get(&p->processes, &tgid, sizeof(tgid));

	if (known)
		return known->process;
	if (!p->flow.sink.process)
		return NULL;
	known = calloc(1, sizeof(*known));
	if (!known) {
		p->flow.stats.no_memory++;
		return NULL;
	}
	known->process = process_ref(p->flow.sink.process(p->flow.sink.ctx, tgid));
	if (p->processes.count == p->processes.max)
		known_process_free(table_take_oldest(&p->processes));
	if (table_add(&p->processes, &tgid, sizeof(tgid), known)) {
		known_process_free(known);
		p->flow.stats.no_memory++;
		return NULL;
	}
	return known->process;
}

struct leaving {
	uint32_t tgid;
	uint64_t ts_ns;
	bool exec;
};

static int leave(void *value, void *arg)
{
	struct conn *c = value;
	const struct leaving *l = arg;

	if (c->id.tgid != l->tgid)
		return 0;
	/* Descriptors can survive an exec, memory does not. */
	if (l->exec && (c->source == GENTAP_SRC_SOCKET || c->source == GENTAP_SRC_PIPE))
		return 0;
	conn_free(c, l->ts_ns);
	return 1;
}

static void process_left(struct pipeline *p, uint32_t tgid, uint64_t ts_ns, bool exec)
{
	struct leaving l = { .tgid = tgid, .ts_ns = ts_ns, .exec = exec };

	table_sweep(&p->conns, leave, &l);
	inbounds_forget(&p->flow.inbounds, tgid);
	if (!exec)
		coverage_process_end(&p->flow, tgid);
	known_process_free(table_take(&p->processes, &tgid, sizeof(tgid)));
}

static int is_wanted(void *value, void *arg)
{
	const struct conn *c = value;

	return c->id.tgid == *(const uint32_t *)arg && c->verdict == GENTAP_WANTED;
}

bool pipeline_may_ask(const struct pipeline *p, uint32_t tgid)
{
	return coverage_waits(&p->flow, tgid) || table_each(&p->conns, is_wanted, &tgid);
}

bool pipeline_asks(const struct pipeline *p, uint32_t tgid)
{
	return inbounds_caller(&p->flow.inbounds, tgid);
}

void pipeline_process_exit(struct pipeline *p, uint32_t tgid, uint64_t ts_ns)
{
	process_left(p, tgid, ts_ns, false);
	if (p->flow.sink.exit)
		p->flow.sink.exit(p->flow.sink.ctx, tgid);
}

void pipeline_process_exec(struct pipeline *p, uint32_t tgid, uint64_t ts_ns)
{
	process_left(p, tgid, ts_ns, true);
}

/* ---- Connections ----------------------------------------------------------------------- */

static void end_conn(struct pipeline *p, const struct object_key *key, uint64_t ts_ns)
{
	conn_free(table_take(&p->conns, key, sizeof(*key)), ts_ns);
}

static struct conn *add_conn(struct pipeline *p, const struct object_key *key,
			     const struct gentap_event *ev)
{
	struct conn *c;

	if (p->conns.count && p->conns.count >= p->conns.max) {
		conn_free(table_take_oldest(&p->conns), ev->ts_ns);
		p->flow.stats.conns_evicted++;
	}
	if (conn_new(&c, &p->flow, ev, find_process(p, ev->tgid))) {
		p->flow.stats.no_memory++;
		return NULL;
	}
	if (table_add(&p->conns, key, sizeof(*key), c)) {
		p->flow.stats.no_memory++;
		conn_free(c, ev->ts_ns);
		return NULL;
	}
	return c;
}

/* The record's connection, made when it is new; one of an earlier life of the object
 * ends here. NULL: the record is a straggler of such a life, or there is no memory. */
static struct conn *find_conn(struct pipeline *p, const struct gentap_event *ev)
{
	const struct object_key key = { .ptr = ev->ptr, .tgid = ev->tgid };
	struct conn *c = table_get(&p->conns, &key, sizeof(key));

	if (c && c->id.gen > ev->gen) {
		p->flow.stats.lost_records++;
		p->flow.stats.lost_bytes += ev->data_len;
		return NULL;
	}
	if (c && c->id.gen < ev->gen) {
		end_conn(p, &key, ev->ts_ns);
		c = NULL;
	}
	if (!c)
		return add_conn(p, &key, ev);
	if (ev->ts_ns - c->touched_ns > TOUCH_NS) {
		table_touch(&p->conns, &key, sizeof(key));
		c->touched_ns = ev->ts_ns;
	}
	return c;
}

static void record_close(struct pipeline *p, const struct gentap_event *ev)
{
	const struct object_key key = { .ptr = ev->ptr, .tgid = ev->tgid };
	struct conn *c = table_get(&p->conns, &key, sizeof(key));

	if (c && c->id.gen == ev->gen)
		conn_end(c, ev);
	if (c && c->id.gen <= ev->gen) {
		const struct object_key sock = { .ptr = c->bind.sock, .tgid = ev->tgid };

		end_conn(p, &key, ev->ts_ns);
		free(table_take(&p->flow.hellos, &sock, sizeof(sock)));
	}
	free(table_take(&p->flow.hellos, &key, sizeof(key)));
	coverage_sock_end(&p->flow, ev->tgid, ev->ptr);
}

static int record_bind(struct pipeline *p, const struct gentap_event *ev, struct slice data)
{
	struct gentap_bind bind;
	struct conn *c;

	if (data.len < sizeof(bind))
		return -EBADMSG;
	memcpy(&bind, data.data, sizeof(bind));
	c = find_conn(p, ev);
	if (c && c->source == GENTAP_SRC_PIPE && !c->peer)
		c->peer = process_ref(find_process(p, (uint32_t)bind.sock));
	else if (c)
		conn_set_bind(c, &bind,
			      bind.family == AF_UNIX ? slice_sub(data, sizeof(bind), data.len)
						     : SLICE_NONE);
	return 0;
}

const struct tls_hello *flow_hello(const struct flow *flow, uint32_t tgid, uint64_t sock)
{
	const struct object_key key = { .ptr = sock, .tgid = tgid };

	return table_get(&flow->hellos, &key, sizeof(key));
}

/* A ClientHello that does not parse is no error of the record: any bytes may be the
 * first that a socket sends. */
static void record_hello(struct pipeline *p, const struct gentap_event *ev, struct slice data)
{
	const struct object_key key = { .ptr = ev->ptr, .tgid = ev->tgid };
	struct table *hellos = &p->flow.hellos;
	_cleanup_free_ struct tls_hello *hello = malloc(sizeof(*hello));

	free(table_take(hellos, &key, sizeof(key)));
	if (!hello) {
		p->flow.stats.no_memory++;
		return;
	}
	if (quic_is_initial(data)) {
		quic_hello_parse(data, hello);
		coverage_quic(&p->flow, ev, hello, find_process(p, ev->tgid));
		return;
	}
	tls_hello_parse(data, hello);
	if (!hello->sni[0])
		return;
	coverage_hello(&p->flow, ev, hello, find_process(p, ev->tgid));
	if (hellos->count && hellos->count >= hellos->max)
		free(table_take_oldest(hellos));
	if (table_add(hellos, &key, sizeof(key), hello))
		p->flow.stats.no_memory++;
	else
		hello = NULL;
}

/* ---- Records --------------------------------------------------------------------------- */

int pipeline_record(struct pipeline *p, const void *record, size_t len)
{
	struct gentap_event ev;
	struct slice data;
	struct conn *c;
	int r = 0;

	if (len < sizeof(ev) || (memcpy(&ev, record, sizeof(ev)), !stream_sound(&ev, len))) {
		p->flow.stats.bad_records++;
		return -EBADMSG;
	}
	data = (struct slice){ (const char *)record + sizeof(ev), ev.data_len };
	p->flow.stats.records++;
	p->flow.stats.bytes += data.len;
	p->flow.last_ts_ns = MAX(p->flow.last_ts_ns, ev.ts_ns);
	coverage_sweep(&p->flow, p->flow.last_ts_ns);
	switch (ev.type) {
	case GENTAP_EV_DATA:
		c = find_conn(p, &ev);
		if (c)
			conn_record(c, &ev, data);
		break;
	case GENTAP_EV_CLOSE:
		record_close(p, &ev);
		break;
	case GENTAP_EV_BIND:
		r = record_bind(p, &ev, data);
		break;
	case GENTAP_EV_HELLO:
		record_hello(p, &ev, data);
		break;
	}
	p->flow.stats.bad_records += r == -EBADMSG;
	return r;
}

void pipeline_sweep(struct pipeline *p, uint64_t ts_ns)
{
	coverage_sweep(&p->flow, ts_ns);
}

/* ---- Exchanges without a connection ----------------------------------------------------- */

/* What was said names it: entries of two files are often alike in number and time. */
static uint64_t exchange_hash(const struct pipeline_exchange *x)
{
	uint64_t h = slice_hash(SLICE_HASH, x->request.authority);

	h = slice_hash(h, x->request.target);
	h = slice_hash(h, x->request_body);
	return slice_hash(h, x->response_body);
}

int pipeline_exchange(struct pipeline *p, const struct pipeline_exchange *x)
{
	const struct decoder_origin origin = {
		.process = x->process,
		.conn_hash = exchange_hash(x),
		.exchange = x->number,
		.source = GENTAP_SRC_HAR,
	};
	struct decoder *d;
	int r = decoder_new(&d, &p->flow.config.decoder, &origin, flow_emit, &p->flow);

	p->flow.stats.exchanges++;
	if (r) {
		p->flow.stats.no_memory++;
		return r;
	}
	decoder_request_head(d, &x->request, x->start_ns);
	if (x->request_body.len)
		decoder_request_body(d, x->request_body, x->start_ns);
	decoder_request_end(d, HTTP_END_COMPLETE, x->start_ns);
	if (x->response.status) {
		decoder_response_head(d, &x->response, x->response_ns);
		/* When each byte of it came is not known. */
		if (x->response_body.len)
			decoder_response_body(d, x->response_body, 0);
		decoder_response_end(d, HTTP_END_COMPLETE, x->end_ns);
	} else {
		decoder_abort(d, x->end_ns);
	}
	decoder_free(d);
	return 0;
}
