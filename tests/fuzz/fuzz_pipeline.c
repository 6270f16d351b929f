/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two streams of any bytes, cut into records at any place, with records lost and repeated:
 * no fault, and what was lost is counted. Input: a seed byte, the length of what the
 * client writes (u16), what it writes, what it reads.
 *
 * Also records them: what stands behind "authorization: " in the input's own heads, of
 * HTTP/1 or HTTP/2, must not be in the file.
 */
#include "fuzz.h"

#include "tracefile.h"

#define SECRET "sk-fuzz-5ecret"

struct run {
	struct pipeline *p;
	struct tracefile_writer *w;
	uint64_t chain, lost, calls;
	uint64_t pos[2];
	uint32_t seq[2];
};

static void drop_call(void *ctx, struct call *call)
{
	((struct run *)ctx)->calls++;
	call_free(call);
}

static void send_record(struct run *r, enum gentap_dir dir, struct slice data)
{
	char record[sizeof(struct gentap_event) + 4096];
	const struct gentap_event e = {
		.type = GENTAP_EV_DATA,
		.dir = (uint8_t)dir,
		.source = GENTAP_SRC_OPENSSL,
		.flags = GENTAP_F_FIRST | GENTAP_F_LAST,
		.ts_ns = r->pos[0] + r->pos[1] + 1,
		.ptr = 1,
		.gen = 1,
		.tgid = 42,
		.seq = r->seq[dir]++,
		.pos = r->pos[dir],
		.call_len = data.len,
		.data_len = (uint32_t)data.len,
	};

	r->pos[dir] += data.len;
	if (!fuzz_pick(&r->chain, 16)) {
		r->lost += data.len;
		return;
	}
	memcpy(record, &e, sizeof(e));
	memcpy(record + sizeof(e), data.data, data.len);
	for (size_t n = fuzz_pick(&r->chain, 32) ? 1 : 2; n; n--) {
		REQUIRE(!pipeline_record(r->p, record, sizeof(e) + data.len));
		tracefile_write_record(r->w, record, sizeof(e) + data.len);
	}
}

static void send_all(struct run *r, struct slice streams[2])
{
	while (streams[0].len || streams[1].len) {
		enum gentap_dir dir = streams[0].len && (!streams[1].len || fuzz_pick(&r->chain, 2))
					      ? GENTAP_WRITE
					      : GENTAP_READ;
		size_t n = 1 + fuzz_pick(&r->chain, 400);
		struct slice part = slice_sub(streams[dir], 0, n);

		send_record(r, dir, part);
		streams[dir] = slice_sub(streams[dir], part.len, streams[dir].len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char head[] = "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n"
				   "Authorization: Bearer " SECRET "\r\n";
	/* Preface, SETTINGS, and HEADERS with :method, :path and authorization as literals. */
	static const char h2_head[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
				      "\0\0\x2e\1\4\0\0\0\1\x83\x44\x14/v1/chat/completions"
				      "\x57\x15"
				      "Bearer " SECRET;
	struct pipeline_config config = pipeline_config_default;
	struct run r = { .chain = len ? data[0] : 0 };
	const struct pipeline_sink sink = { .ctx = &r, .call = drop_call };
	struct buf request = BUF_INIT(1 << 20);
	char *text = NULL;
	size_t cut, size = 0;
	FILE *file;

	if (len < 3 || !(file = open_memstream(&text, &size)))
		return 0;
	cut = 3 + (size_t)(data[1] | data[2] << 8) % (len - 2);
	config.decoder.body_max = 1 << 20;
	if (data[0] & 1)
		buf_add(&request, head, sizeof(head) - 1);
	else if (data[0] & 2)
		buf_add(&request, h2_head, sizeof(h2_head) - 1);
	buf_add(&request, data + 3, cut - 3);
	REQUIRE(!tracefile_writer_new(&r.w, file, 0));
	REQUIRE(!pipeline_new(&r.p, &config, &sink));
	send_all(&r,
		 (struct slice[]){ buf_slice(&request), { (const char *)data + cut, len - cut } });
	pipeline_process_exit(r.p, 42, UINT64_C(1) << 40);
	REQUIRE(pipeline_stats(r.p)->lost_bytes <= r.lost);
	REQUIRE(r.calls == pipeline_stats(r.p)->calls);
	pipeline_free(r.p);
	REQUIRE(!tracefile_writer_close(r.w));
	/* The input may hold the secret elsewhere, in a body: then it proves nothing. */
	if (!memmem(data, len, "sk-fuzz", 7))
		REQUIRE(!memmem(text, size, SECRET, sizeof(SECRET) - 1));
	free(text);
	buf_release(&request);
	return 0;
}
