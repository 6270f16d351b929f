/* SPDX-License-Identifier: Apache-2.0 */
#include "twins.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct twin {
	uint64_t asked;	 /* exchanges of the client's side … */
	uint64_t taken;	 /* … and those whose other half was dropped */
	uint64_t end_ns; /* of the client's side; UINT64_MAX: it is open */
	struct process *server;
};

struct twin_end {
	uint8_t addr[16];
	uint64_t port; /* 64 bits wide: no padding in a key */
};

struct twin_key {
	struct twin_end client, server;
};

void twins_init(struct twins *t, size_t conns_max)
{
	table_init(&t->conns, conns_max);
}

static void twin_free(void *value)
{
	struct twin *twin = value;

	if (twin)
		process_unref(twin->server);
	free(twin);
}

void twins_release(struct twins *t)
{
	table_release(&t->conns, twin_free);
}

/* IPv4 and the IPv6 that stands for it (RFC 4291, section 2.5.5.2) are the same. */
static struct twin_end make_end(const struct gentap_bind *bind, const __u8 *addr, uint16_t port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct twin_end end = { .port = port };

	if (bind->family == AF_INET) {
		memcpy(end.addr, mapped, sizeof(mapped));
		memcpy(end.addr + 12, addr, 4);
	} else {
		memcpy(end.addr, addr, 16);
	}
	return end;
}

static struct twin_key make_key(const struct gentap_bind *bind, bool client)
{
	struct twin_end local = make_end(bind, bind->local_addr, bind->local_port);
	struct twin_end peer = make_end(bind, bind->peer_addr, bind->peer_port);

	return client ? (struct twin_key){ local, peer } : (struct twin_key){ peer, local };
}

static struct twin *find(const struct twins *t, const struct gentap_bind *bind, bool client)
{
	const struct twin_key key = make_key(bind, client);

	return bind->family ? table_get(&t->conns, &key, sizeof(key)) : NULL;
}

int twins_ask(struct twins *t, const struct gentap_bind *client, bool first)
{
	const struct twin_key key = make_key(client, true);
	struct twin *twin = find(t, client, true);

	if (!client->family)
		return 0;
	/* The ports are used again. */
	if (twin && first && twin->end_ns != UINT64_MAX) {
		twin_free(table_take(&t->conns, &key, sizeof(key)));
		twin = NULL;
	}
	if (!twin) {
		if (t->conns.count && t->conns.count >= t->conns.max)
			twin_free(table_take_oldest(&t->conns));
		twin = calloc(1, sizeof(*twin));
		if (!twin || table_add(&t->conns, &key, sizeof(key), twin)) {
			free(twin);
			return -ENOMEM;
		}
	}
	twin->end_ns = UINT64_MAX;
	twin->asked++;
	return 0;
}

void twins_end(struct twins *t, const struct gentap_bind *client, uint64_t end_ns)
{
	struct twin *twin = find(t, client, true);

	if (twin)
		twin->end_ns = end_ns;
}

void twins_answer(struct twins *t, const struct gentap_bind *server, struct process *process,
		  uint64_t start_ns)
{
	struct twin *twin = find(t, server, false);

	if (!twin || twin->server || start_ns > twin->end_ns)
		return;
	twin->server = process_ref(process);
}

bool twins_take(struct twins *t, const struct gentap_bind *server, uint64_t start_ns)
{
	struct twin *twin = find(t, server, false);

	if (!twin || start_ns > twin->end_ns || twin->taken >= twin->asked)
		return false;
	twin->taken++;
	return true;
}

struct process *twins_server(const struct twins *t, const struct gentap_bind *client)
{
	const struct twin *twin = find(t, client, true);

	return twin ? twin->server : NULL;
}
