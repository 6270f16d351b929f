/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls on one HTTP/2 connection, from records to token counts: with records lost at
 * every place, each number that is reported is that of its call.
 */
#include "call.h"
#include "cleanup.h"
#include "h2_feeder.h"

#include <zlib.h>

#define N_CALLS 6

enum shape { STREAM, JSON, GZIP_STREAM };

static enum shape shape_of(uint32_t id)
{
	return (enum shape)(id / 2 % 3);
}

/* ---- Traffic ------------------------------------------------------------------------- */

static void add_request(struct session *s, uint32_t id)
{
	char head[300], body[300];

	snprintf(head, sizeof(head),
		 ":method: POST\n:scheme: https\n:authority: api.example\n"
		 ":path: /v1/chat/completions\ncontent-type: application/json\nx-call: %u\n",
		 id);
	snprintf(body, sizeof(body),
		 "{\"model\":\"ask-%u\",\"stream\":%s,\"stream_options\":{\"include_usage\":true},"
		 "\"messages\":[{\"role\":\"user\","
		 "\"content\":\"q%u\"}]}",
		 id, shape_of(id) == JSON ? "false" : "true", id);
	session_head(s, CLIENT, id, head, 0);
	session_data(s, CLIENT, id, body, H2_END_STREAM);
}

static void make_response(uint32_t id, char *to, size_t size)
{
	if (shape_of(id) == JSON)
		snprintf(to, size,
			 "{\"id\":\"r-%u\",\"object\":\"chat.completion\",\"model\":\"say-%u\","
			 "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
			 "\"content\":\"a%u\"},\"finish_reason\":\"stop\"}],\"usage\":"
			 "{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u}}",
			 id, id, id, 1000 + id, 2000 + id, 3000 + 2 * id);
	else
		snprintf(to, size,
			 "data: {\"id\":\"r-%u\",\"object\":\"chat.completion.chunk\",\"model\":"
			 "\"say-%u\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
			 "\"content\":\"a%u\"}}]}\n\n"
			 "data: {\"id\":\"r-%u\",\"object\":\"chat.completion.chunk\",\"model\":"
			 "\"say-%u\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
			 "\"stop\"}]}\n\n"
			 "data: {\"id\":\"r-%u\",\"object\":\"chat.completion.chunk\",\"model\":"
			 "\"say-%u\",\"choices\":[],\"usage\":{\"prompt_tokens\":%u,"
			 "\"completion_tokens\":%u,\"total_tokens\":%u}}\n\ndata: [DONE]\n\n",
			 id, id, id, id, id, id, id, 1000 + id, 2000 + id, 3000 + 2 * id);
}

static struct slice gzip(const char *text, char *to, size_t size)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text,
		       .avail_in = (uInt)strlen(text),
		       .next_out = (Bytef *)to,
		       .avail_out = (uInt)size };
	struct slice packed;

	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	packed = (struct slice){ to, size - z.avail_out };
	deflateEnd(&z);
	return packed;
}

/* The response's bytes in four DATA frames; part 0 also has the head. */
static void add_response_part(struct session *s, uint32_t id, size_t part)
{
	char text[1000], packed[1000], head[200];
	struct slice body;
	size_t from;

	make_response(id, text, sizeof(text));
	body = shape_of(id) == GZIP_STREAM ? gzip(text, packed, sizeof(packed)) : slice_from(text);
	if (!part) {
		snprintf(head, sizeof(head),
			 ":status: 200\ncontent-type: %s\n%sx-request-id: id-%u\n",
			 shape_of(id) == JSON ? "application/json" : "text/event-stream",
			 shape_of(id) == GZIP_STREAM ? "content-encoding: gzip\n" : "", id);
		session_head(s, SERVER, id, head, 0);
	}
	from = body.len * part / 4;
	body = slice_sub(body, from, body.len * (part + 1) / 4 - from);
	session_frame(s, SERVER, H2_DATA, part == 3 ? H2_END_STREAM : 0, id, body.data, body.len);
}

/* Three at once, twice. */
static void make_calls(struct session *s)
{
	session_init(s);
	session_begin(s);
	for (uint32_t first = 1; first < 2 * N_CALLS; first += 6) {
		for (uint32_t id = first; id < first + 6; id += 2)
			add_request(s, id);
		for (size_t part = 0; part < 4; part++)
			for (uint32_t id = first; id < first + 6; id += 2)
				add_response_part(s, id, part);
	}
}

/* ---- Witness ------------------------------------------------------------------------- */

struct witness {
	unsigned int calls, full, usages;
};

/* The number in "ask-7"; 0 when there is none. */
static uint32_t number_in(struct slice s)
{
	struct slice digits = s;
	uint64_t n = 0;

	if (!s.data)
		return 0;
	slice_cut(&digits, '-');
	if (slice_u64(digits, &n))
		test_fail(__FILE__, __LINE__, "garbled: %.*s", SLICE_FMT(s));
	return (uint32_t)n;
}

static void agree(uint32_t *id, uint32_t n, const char *what)
{
	if (n && *id && n != *id)
		test_fail(__FILE__, __LINE__, "%s of %u on %u", what, n, *id);
	if (n)
		*id = n;
}

static void on_call(void *ctx, struct call *call)
{
	struct witness *w = ctx;
	uint32_t id = 0;
	bool whole;

	agree(&id, number_in(call->request_model), "model asked");
	agree(&id, number_in(call->response_id), "response id");
	agree(&id, number_in(call->response_model), "model");
	agree(&id, number_in(call->request_id), "request id");
	if (usage_has(&call->usage, USAGE_INPUT))
		agree(&id, (uint32_t)usage_get(&call->usage, USAGE_INPUT) - 1000, "input");
	if (usage_has(&call->usage, USAGE_OUTPUT))
		agree(&id, (uint32_t)usage_get(&call->usage, USAGE_OUTPUT) - 2000, "output");
	whole = call->request_model.data && call->response_id.data &&
		usage_has(&call->usage, USAGE_INPUT) && usage_has(&call->usage, USAGE_OUTPUT);
	if (call->completeness == COMPLETENESS_FULL && !whole)
		test_fail(__FILE__, __LINE__, "call %u is called full", id);
	w->calls++;
	w->full += call->completeness == COMPLETENESS_FULL;
	w->usages += usage_has(&call->usage, USAGE_OUTPUT);
	call_free(call);
}

static struct witness run(const struct session *s, size_t from, size_t lost, uint8_t flags)
{
	struct witness w = { 0 };
	const struct pipeline_sink sink = { .ctx = &w, .call = on_call };
	struct feeder f;

	feeder_open(&f, &pipeline_config_default, &sink);
	if (!f.p)
		return w;
	f.flags = flags;
	for (size_t i = 0; i < s->n; i++)
		if (!flags || i >= from)
			feed_one(&f, s, i, i >= from && i < from + lost);
	pipeline_free(f.p);
	return w;
}

TEST(http2_calls_whole)
{
	struct session s;
	struct witness w;

	make_calls(&s);
	w = run(&s, 0, 0, 0);
	CHECK_INT(w.calls, N_CALLS);
	CHECK_INT(w.full, N_CALLS);
	CHECK_INT(w.usages, N_CALLS);
	session_release(&s);
}

TEST(http2_calls_with_lost_records)
{
	struct session s;

	make_calls(&s);
	for (size_t n = 1; n < 10; n++)
		for (size_t from = 0; from < s.n; from++) {
			struct witness w;

			test_row("%zu records lost from %zu on", n, from);
			w = run(&s, from, n, 0);
			/* The first three are over before anything is lost. */
			if (from >= 5 + 6 + 15)
				CHECK(w.full >= N_CALLS / 2);
			/* One record is of one call, or of none. */
			if (n == 1 && from >= 5)
				CHECK(w.usages >= N_CALLS - 3);
		}
	session_release(&s);
	test_row(NULL);
}

TEST(http2_calls_joined_midway)
{
	struct session s;

	make_calls(&s);
	for (size_t from = 1; from < s.n; from++) {
		struct witness w;

		test_row("from record %zu on", from);
		w = run(&s, from, 0, GENTAP_F_MIDSTREAM);
		if (from < 5 + 6 + 15)
			CHECK(w.usages >= 2);
	}
	session_release(&s);
	test_row(NULL);
}
