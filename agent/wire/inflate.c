/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate.h"

#include "cleanup.h"

#include <brotli/decode.h>
#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#define CODINGS_MAX 4
#define OUT_SIZE (32 * 1024)

enum coding { CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD };

/* One coding of the chain; its output is the next one's input. */
struct stage {
	enum coding coding;
	bool started;
	bool ended;
	z_stream z;
	BrotliDecoderState *br;
	ZSTD_DStream *zstd;
	unsigned char out[OUT_SIZE];
};

struct inflate {
	struct stage *stages[CODINGS_MAX]; /* in the order of decoding */
	size_t count;
	inflate_out_fn out;
	void *ctx;
	uint64_t in_bytes, out_bytes, out_max;
	int error;
};

static const struct {
	const char *name;
	int coding; /* -1: identity */
} names[] = {
	{ "gzip", CODING_GZIP }, { "x-gzip", CODING_GZIP }, { "deflate", CODING_DEFLATE },
	{ "br", CODING_BR },	 { "zstd", CODING_ZSTD },   { "identity", -1 },
	{ "", -1 },
};

static int find_coding(struct slice name, int *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_eq_nocase(name, slice_from(names[i].name))) {
			*ret = names[i].coding;
			return 0;
		}
	}
	return -EPROTONOSUPPORT;
}

static void stage_free(struct stage *s)
{
	if (!s)
		return;
	if (s->coding <= CODING_DEFLATE && s->started)
		inflateEnd(&s->z);
	BrotliDecoderDestroyInstance(s->br);
	ZSTD_freeDStream(s->zstd);
	free(s);
}

static int stage_new(struct stage **ret, enum coding coding)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->coding = coding;
	if (coding == CODING_BR)
		s->br = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	if (coding == CODING_ZSTD)
		s->zstd = ZSTD_createDStream();
	if ((coding == CODING_BR && !s->br) || (coding == CODING_ZSTD && !s->zstd)) {
		stage_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

int inflate_new(struct inflate **ret, struct slice coding, uint64_t out_max, inflate_out_fn out,
		void *ctx)
{
	struct inflate *i = calloc(1, sizeof(*i));
	int r = 0;

	if (!i)
		return -ENOMEM;
	i->out = out;
	i->ctx = ctx;
	i->out_max = out_max;
	while (coding.data && !r) {
		int c;

		r = find_coding(slice_trim(slice_cut(&coding, ',')), &c);
		if (r || c < 0)
			continue;
		if (i->count == CODINGS_MAX) {
			r = -EPROTONOSUPPORT;
			break;
		}
		/* Listed in the order they were applied: undone from the last one. */
		memmove(i->stages + 1, i->stages, i->count * sizeof(i->stages[0]));
		i->stages[0] = NULL;
		i->count++;
		r = stage_new(&i->stages[0], (enum coding)c);
	}
	if (r) {
		inflate_free(i);
		return r;
	}
	*ret = i;
	return 0;
}

void inflate_free(struct inflate *i)
{
	if (!i)
		return;
	for (size_t n = 0; n < i->count; n++)
		stage_free(i->stages[n]);
	free(i);
}

static int push(struct inflate *i, size_t stage, struct slice in);

static int emit(struct inflate *i, size_t next, size_t len)
{
	if (!len)
		return 0;
	if (next == i->count) {
		i->out_bytes += len;
		if (i->out_bytes > i->out_max ||
		    (i->out_bytes > INFLATE_RATIO_FREE &&
		     i->out_bytes / INFLATE_RATIO_MAX > i->in_bytes))
			return -ENOBUFS;
	}
	return push(i, next, (struct slice){ (char *)i->stages[next - 1]->out, len });
}

/* "deflate" means zlib (RFC 9110), but raw deflate is sent under that name too: the
 * two header bytes of zlib tell (RFC 1950: method 8, divisible by 31). */
static int zlib_start(struct stage *s, struct slice in)
{
	int window = 15 + 16;

	if (s->started)
		return 0;
	if (s->coding == CODING_DEFLATE)
		window = (in.data[0] & 0x0f) == 8 && (in.data[0] & 0x80) == 0 ? 15 : -15;
	if (inflateInit2(&s->z, window) != Z_OK)
		return -ENOMEM;
	s->started = true;
	return 0;
}

static int push_zlib(struct inflate *i, size_t at, struct slice in)
{
	struct stage *s = i->stages[at];
	int r = zlib_start(s, in);

	if (r)
		return r;
	s->z.next_in = (unsigned char *)in.data;
	s->z.avail_in = (unsigned int)in.len;
	do {
		int z;

		if (s->ended) {
			/* Another gzip member, or trailing bytes, which gzip tools ignore. */
			if (s->coding != CODING_GZIP || s->z.next_in[0] != 0x1f)
				return 0;
			inflateReset(&s->z);
			s->ended = false;
		}
		s->z.next_out = s->out;
		s->z.avail_out = OUT_SIZE;
		z = inflate(&s->z, Z_NO_FLUSH);
		if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
			return z == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
		s->ended = z == Z_STREAM_END;
		r = emit(i, at + 1, OUT_SIZE - s->z.avail_out);
		if (r || z == Z_BUF_ERROR)
			return r;
	} while (s->z.avail_in || !s->z.avail_out);
	return 0;
}

static int push_brotli(struct inflate *i, size_t at, struct slice in)
{
	struct stage *s = i->stages[at];
	const uint8_t *next = (const uint8_t *)in.data;
	size_t left = in.len;
	BrotliDecoderResult result;

	if (s->ended)
		return 0;
	do {
		uint8_t *out = s->out;
		size_t room = OUT_SIZE;
		int r;

		result = BrotliDecoderDecompressStream(s->br, &left, &next, &room, &out, NULL);
		if (result == BROTLI_DECODER_RESULT_ERROR)
			return -EBADMSG;
		r = emit(i, at + 1, OUT_SIZE - room);
		if (r)
			return r;
	} while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
	s->ended = result == BROTLI_DECODER_RESULT_SUCCESS;
	return 0;
}

static int push_zstd(struct inflate *i, size_t at, struct slice in)
{
	struct stage *s = i->stages[at];
	ZSTD_inBuffer from = { in.data, in.len, 0 };
	ZSTD_outBuffer to;

	do {
		size_t z;
		int r;

		to = (ZSTD_outBuffer){ s->out, OUT_SIZE, 0 };
		z = ZSTD_decompressStream(s->zstd, &to, &from);
		if (ZSTD_isError(z))
			return -EBADMSG;
		s->ended = z == 0;
		r = emit(i, at + 1, to.pos);
		if (r)
			return r;
	} while (from.pos < from.size || to.pos == OUT_SIZE);
	return 0;
}

static int push(struct inflate *i, size_t at, struct slice in)
{
	if (at == i->count) {
		i->out(i->ctx, in);
		return 0;
	}
	switch (i->stages[at]->coding) {
	case CODING_GZIP:
	case CODING_DEFLATE:
		return push_zlib(i, at, in);
	case CODING_BR:
		return push_brotli(i, at, in);
	case CODING_ZSTD:
		return push_zstd(i, at, in);
	}
	return -EPROTONOSUPPORT;
}

int inflate_feed(struct inflate *i, const void *data, size_t len)
{
	if (i->error || !len)
		return i->error;
	i->in_bytes += len;
	i->error = push(i, 0, (struct slice){ data, len });
	return i->error;
}

bool inflate_complete(const struct inflate *i)
{
	for (size_t n = 0; n < i->count; n++)
		if (!i->stages[n]->ended)
			return false;
	return !i->error;
}
