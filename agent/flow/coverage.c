/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage.h"

#include "cleanup.h"
#include "conn.h"
#include "detect.h"
#include "tls_hello.h"

#include <arpa/inet.h>
#include <errno.h>

#define ENDPOINT_MAX 288 /* a host name, a port and what separates them */
#define HOST_MAX 255
#define PORT_HTTP 80
#define PORT_HTTPS 443

#define WHY_LOST "records were lost, or memory could not be read: some bytes are missing"
#define WHY_LATE "gentap was attached too late: the connection was open before"
#define WHY_DIALECT "its plaintext is read, but no LLM call was recognised in it (unknown dialect)"
#define WHY_NOT_HTTP "its plaintext is no HTTP"
#define WHY_NO_PLAINTEXT                                                                           \
	"TLS without plaintext: its TLS stack was not located, or the handshake did not end"
#define WHY_QUIC "QUIC: HTTP/3 is not read, and counted by its first datagrams alone"
#define WHY_BEFORE "some bytes were missed before"
#define REMEDY_NO_PLAINTEXT "sudo gentap doctor"
#define REMEDY_QUIC "switch HTTP/3 off in the program"

/* A socket whose plaintext was not seen (yet). */
struct unread {
	struct flow_sock key;
	struct process *process; /* counted; NULL: not known */
	uint64_t bytes;
	uint64_t ts_ns;
	bool told;
	char sni[];
};

static void tell(const struct flow *flow, const struct conn_report *r)
{
	if (flow->sink.coverage)
		flow->sink.coverage(flow->sink.ctx, r);
}

static bool is_provider(struct slice host, uint16_t port)
{
	return host.len && detect_provider(host, port, SLICE_NONE);
}

/* ---- Sockets --------------------------------------------------------------------------- */

static void unread_free(struct unread *u)
{
	if (u)
		process_unref(u->process);
	free(u);
}

static void tell_unread(const struct flow *flow, struct unread *u, uint64_t ts_ns, bool withdrawn)
{
	const struct conn_report r = {
		.process = u->process,
		.tgid = (uint32_t)u->key.tgid,
		.state = COVERAGE_OPAQUE,
		.reason = withdrawn ? WHY_BEFORE : WHY_NO_PLAINTEXT,
		.remedy = withdrawn ? NULL : REMEDY_NO_PLAINTEXT,
		.endpoint = slice_from(u->sni),
		.bytes = u->bytes,
		.withdrawn = withdrawn,
		.unread = !withdrawn,
		.since_ns = u->ts_ns,
		.first_ns = flow_wall_ns(flow, u->ts_ns),
		.last_ns = flow_wall_ns(flow, MAX(ts_ns, u->ts_ns)),
	};

	if (u->told == withdrawn)
		tell(flow, &r);
	u->told = !withdrawn;
}

void coverage_sock_end(struct flow *flow, uint32_t tgid, uint64_t sock)
{
	const struct flow_sock key = { .ptr = sock, .tgid = tgid };
	struct unread *u = table_take(&flow->unread, &key, sizeof(key));

	if (u)
		tell_unread(flow, u, flow->last_ts_ns, false);
	unread_free(u);
}

void coverage_hello(struct flow *flow, const struct gentap_event *ev, const struct tls_hello *hello,
		    struct process *process)
{
	const size_t size = strlen(hello->sni) + 1;
	struct unread *u;

	coverage_sock_end(flow, ev->tgid, ev->ptr); /* an earlier one at that address */
	if (!flow->sink.coverage || !is_provider(slice_from(hello->sni), PORT_HTTPS))
		return;
	u = calloc(1, sizeof(*u) + size);
	if (!u) {
		flow->stats.no_memory++;
		return;
	}
	u->key = (struct flow_sock){ .ptr = ev->ptr, .tgid = ev->tgid };
	u->process = process_ref(process);
	u->bytes = ev->call_len;
	u->ts_ns = ev->ts_ns;
	memcpy(u->sni, hello->sni, size);
	if (flow->unread.count && flow->unread.count >= flow->unread.max) {
		struct unread *oldest = table_take_oldest(&flow->unread);

		tell_unread(flow, oldest, ev->ts_ns, false);
		unread_free(oldest);
	}
	if (table_add(&flow->unread, &u->key, sizeof(u->key), u)) {
		flow->stats.no_memory++;
		unread_free(u);
	}
}

void coverage_quic(struct flow *flow, const struct gentap_event *ev, const struct tls_hello *hello,
		   struct process *process)
{
	const struct conn_report r = {
		.process = process,
		.tgid = ev->tgid,
		.state = COVERAGE_OPAQUE,
		.reason = WHY_QUIC,
		.remedy = REMEDY_QUIC,
		.endpoint = slice_from(hello->sni),
		.bytes = ev->call_len,
		.first_ns = flow_wall_ns(flow, ev->ts_ns),
		.last_ns = flow_wall_ns(flow, ev->ts_ns),
	};

	if (is_provider(r.endpoint, PORT_HTTPS))
		tell(flow, &r);
}

static int is_of_process(void *value, void *arg)
{
	const struct unread *u = value;

	return u->key.tgid == *(const uint32_t *)arg;
}

bool coverage_waits(const struct flow *flow, uint32_t tgid)
{
	return table_each(&flow->unread, is_of_process, &tgid);
}

struct sweeping {
	struct flow *flow;
	uint64_t ts_ns;
	uint32_t tgid;
};

static int sweep_waiting(void *value, void *arg)
{
	struct sweeping *s = arg;
	struct unread *u = value;

	if (u->ts_ns + COVERAGE_WAIT_NS > s->ts_ns)
		return 1; /* they stand in order of time */
	tell_unread(s->flow, u, s->ts_ns, false);
	return 0;
}

void coverage_sweep(struct flow *flow, uint64_t ts_ns)
{
	struct sweeping s = { .flow = flow, .ts_ns = ts_ns };

	if (ts_ns < flow->unread_swept_ns + COVERAGE_WAIT_NS / 4)
		return;
	flow->unread_swept_ns = ts_ns;
	table_each(&flow->unread, sweep_waiting, &s);
}

static int sweep_process(void *value, void *arg)
{
	struct sweeping *s = arg;
	struct unread *u = value;

	if (u->key.tgid != s->tgid)
		return 0;
	tell_unread(s->flow, u, s->ts_ns, false);
	unread_free(u);
	return 1;
}

void coverage_process_end(struct flow *flow, uint32_t tgid)
{
	struct sweeping s = { .flow = flow, .ts_ns = flow->last_ts_ns, .tgid = tgid };

	table_sweep(&flow->unread, sweep_process, &s);
}

void coverage_end(struct flow *flow)
{
	struct unread *u;

	while ((u = table_take_oldest(&flow->unread))) {
		tell_unread(flow, u, flow->last_ts_ns, false);
		unread_free(u);
	}
}

/* ---- Connections ----------------------------------------------------------------------- */

static bool is_tls(const struct conn *c)
{
	return c->kernel_tls || (c->source != GENTAP_SRC_SOCKET && c->source != GENTAP_SRC_PIPE);
}

static struct slice conn_sni(const struct conn *c)
{
	const struct tls_hello *hello =
		is_tls(c) ? flow_hello(c->flow, c->id.tgid, c->bind.sock) : NULL;

	return hello ? slice_from(hello->sni) : SLICE_NONE;
}

struct looking {
	const struct conn *c;
	struct slice host;
	struct unread *found;
};

static int look_for_host(void *value, void *arg)
{
	struct looking *l = arg;
	struct unread *u = value;

	if (u->key.tgid != l->c->id.tgid || !slice_eq_nocase(slice_from(u->sni), l->host))
		return 0;
	l->found = u;
	return 1;
}

/* The socket that carries it waits no more. */
static void meet(struct conn *c)
{
	const struct flow_sock bound = { .ptr = c->bind.sock, .tgid = c->id.tgid };
	struct table *unread = &c->flow->unread;
	struct looking l = { .c = c };
	uint16_t port;

	if (c->coverage.met || !unread->count || !is_tls(c))
		return;
	if (c->bind.sock) {
		l.found = table_get(unread, &bound, sizeof(bound));
		c->coverage.met = true;
	} else if (c->coverage.host) {
		l.host = detect_host(slice_from(c->coverage.host), &port);
		table_each(unread, look_for_host, &l);
		c->coverage.met = l.found;
	}
	if (!l.found)
		return;
	table_take(unread, &l.found->key, sizeof(l.found->key));
	tell_unread(c->flow, l.found, c->coverage.last_ns, true);
	unread_free(l.found);
}

void coverage_authority(struct conn *c, struct slice authority)
{
	c->coverage.http = true;
	if (c->coverage.host || !authority.len || !c->flow->sink.coverage)
		return;
	c->coverage.host = strndup(authority.data, MIN(authority.len, HOST_MAX));
	if (!c->coverage.host)
		c->flow->stats.no_memory++;
}

void coverage_bytes(struct conn *c, uint64_t len, bool lost, uint64_t ts_ns)
{
	struct conn_coverage *v = &c->coverage;

	if (!v->first_ns)
		v->first_ns = ts_ns;
	v->last_ns = MAX(v->last_ns, ts_ns);
	v->bytes += len;
	v->lost |= lost;
}

/* By the name that it asked for, else by the one its request names, else by address. */
static struct slice name_endpoint(const struct conn *c, char *to, size_t size)
{
	struct slice sni = conn_sni(c), host;
	char ip[INET6_ADDRSTRLEN];
	uint16_t port = 0;

	if (sni.len)
		return sni;
	host = detect_host(slice_from(c->coverage.host), &port);
	if (host.len && (!port || port == PORT_HTTPS || port == PORT_HTTP))
		return host;
	if (host.len)
		return slice_from(c->coverage.host);
	if (!c->bind.family || !inet_ntop(c->bind.family, c->bind.peer_addr, ip, sizeof(ip)))
		return SLICE_NONE;
	snprintf(to, size, c->bind.family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, c->bind.peer_port);
	return slice_from(to);
}

static bool is_llm(const struct conn *c)
{
	uint16_t port = 0;
	struct slice host;

	if (c->verdict == GENTAP_WANTED)
		return true;
	if (c->role == CONN_SERVER)
		return false;
	host = detect_host(slice_from(c->coverage.host), &port);
	return is_provider(conn_sni(c), PORT_HTTPS) || is_provider(host, port);
}

static void judge(const struct conn *c, struct conn_report *r)
{
	const struct conn_coverage *v = &c->coverage;

	if (c->verdict != GENTAP_WANTED && v->http) {
		r->state = COVERAGE_PARTIAL;
		r->reason = WHY_DIALECT;
		r->bytes = 0; /* nobody knows that they are LLM traffic */
	} else if (c->verdict != GENTAP_WANTED) {
		r->state = COVERAGE_OPAQUE;
		r->reason = WHY_NOT_HTTP;
	} else if (v->lost) {
		r->state = COVERAGE_PARTIAL;
		r->reason = WHY_LOST;
	} else if (c->midstream && !v->told) {
		r->state = COVERAGE_PARTIAL;
		r->reason = WHY_LATE;
	}
}

static void tell_conn(struct conn *c)
{
	struct conn_coverage *v = &c->coverage;
	char endpoint[ENDPOINT_MAX];
	struct conn_report r = {
		.process = c->process,
		.tgid = c->id.tgid,
		.source = c->source,
		.kernel_tls = c->kernel_tls,
		.state = COVERAGE_DECODED,
		.endpoint = name_endpoint(c, endpoint, sizeof(endpoint)),
		.calls = v->calls,
		.bytes = v->bytes,
		.first_ns = flow_wall_ns(c->flow, v->first_ns),
		.last_ns = flow_wall_ns(c->flow, v->last_ns),
	};

	judge(c, &r);
	tell(c->flow, &r);
	v->told = true;
	v->told_ns = v->last_ns;
	v->bytes = v->calls = 0;
	v->lost = false;
}

void coverage_look(struct conn *c)
{
	struct conn_coverage *v = &c->coverage;

	if (!c->flow->sink.coverage)
		return;
	meet(c);
	if (c->verdict == GENTAP_IGNORED && !v->ignored) {
		v->ignored = true;
		if (is_llm(c))
			tell_conn(c);
	}
	if (c->verdict != GENTAP_WANTED || v->twin)
		return;
	/* Whether the client's side tells it, the server's side knows with its first call. */
	if (c->role == CONN_SERVER && !v->told && !v->calls)
		return;
	if (v->calls || !v->told || v->last_ns - v->told_ns > COVERAGE_PORTION_NS)
		tell_conn(c);
}

void coverage_conn_end(struct conn *c)
{
	struct conn_coverage *v = &c->coverage;
	/* That no call was recognised is told once: its bytes are not. */
	bool said = v->told && v->http && c->verdict != GENTAP_WANTED;

	if (c->flow->sink.coverage && !v->twin && !said && (v->bytes || v->calls) && is_llm(c))
		tell_conn(c);
	free(TAKE(v->host));
}
