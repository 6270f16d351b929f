/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket from records to calls: what is read by one thread before the write that asked for it
 * has returned in another makes one call, at its true time. */
#include "call.h"
#include "cleanup.h"
#include "h2_feeder.h"
#include "ws_frames.h"

#define N_CALLS 24

static struct {
	unsigned int calls, asked, counted, early, partial;
} seen;

static void on_call(void *ctx, struct call *c)
{
	(void)ctx;
	seen.calls++;
	seen.asked += slice_eq(c->request_model, SLICE("m"));
	seen.counted +=
		usage_get(&c->usage, USAGE_INPUT) == 3 && usage_get(&c->usage, USAGE_OUTPUT) == 2;
	seen.early += c->start_ns < c->response_start_ns;
	seen.partial += c->completeness != COMPLETENESS_FULL;
	call_free(c);
}

static void say(struct feeder *f, int dir, const char *text, uint64_t ts_ns)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 16);

	ws_text(&b, dir == CLIENT, text);
	feed_at(f, dir, buf_slice(&b), ts_ns, false);
}

/* Every second request comes to us behind the first event of its answer. */
static void talk(struct feeder *f, uint64_t late_ns)
{
	static const char ask[] = "{\"type\":\"response.create\",\"model\":\"m\",\"input\":\"a\"}";
	char begun[100], done[200];

	for (int i = 0; i < N_CALLS; i++) {
		uint64_t ts = f->now_ns += 1000 * 1000 * 1000;

		snprintf(begun, sizeof(begun),
			 "{\"type\":\"response.created\",\"response\":{\"id\":\"r%d\"}}", i);
		snprintf(done, sizeof(done),
			 "{\"type\":\"response.completed\",\"response\":{\"id\":\"r%d\",\"status\":"
			 "\"completed\","
			 "\"usage\":{\"input_tokens\":3,\"output_tokens\":2,\"total_tokens\":5}}}",
			 i);
		if (i % 2)
			say(f, CLIENT, ask, ts);
		say(f, SERVER, begun, ts + late_ns);
		if (i % 2 == 0)
			say(f, CLIENT, ask, ts);
		say(f, SERVER, done, ts + late_ns + 1000);
	}
}

static void run(uint64_t late_ns)
{
	static const char upgrade[] = "GET /v1/responses HTTP/1.1\r\nHost: api.openai.com\r\n"
				      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
	static const char agreed[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
				     "Upgrade: websocket\r\n\r\n";
	const struct pipeline_sink sink = { .call = on_call };
	struct feeder f;

	memset(&seen, 0, sizeof(seen));
	feeder_open(&f, &pipeline_config_default, &sink);
	feed_at(&f, CLIENT, slice_from(upgrade), 1000, false);
	feed_at(&f, SERVER, slice_from(agreed), 2000, false);
	talk(&f, late_ns);
	pipeline_free(f.p);
}

TEST(ws_late_requests_are_one_call_each)
{
	run(1000 * 1000);
	CHECK_INT(seen.calls, N_CALLS);
	CHECK_INT(seen.asked, N_CALLS);
	CHECK_INT(seen.counted, N_CALLS);
	CHECK_INT(seen.early, N_CALLS);
	CHECK_INT(seen.partial, 0);
}
