/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate.h"
#include "cleanup.h"

#include <brotli/decode.h>
#include <errno.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define OUT_SIZE 16384
#define ZSTD_WINDOW_LOG_MAX 23 /* 8 MiB */
#define ZSTD_HEADER_MAX 18     /* RFC 8878, section 3.1.1: magic number and frame header */

struct coding;

/* One decoder of the list. */
struct stage {
	const struct coding *coding;
	union {
		z_stream z;
		BrotliDecoderState *br;
		ZSTD_DStream *zstd;
	};
	bool opened;
	bool started;	    /* a byte was fed */
	bool ended;	    /* its own end was seen, and nothing since */
	bool closed;	    /* what comes now is passed over */
	uint64_t frame_len; /* zstd: of this frame so far */
	uint64_t in_len;
	uint64_t out_len;
	char out[OUT_SIZE];
};

struct inflate {
	struct stage *stages[INFLATE_CODINGS_MAX]; /* in the order of decoding */
	size_t n_stages;
	uint64_t out_len;
	uint64_t out_max;
	inflate_out_fn out;
	void *ctx;
	int error;
};

/* step() takes what it can off *in and writes to s->out, *ret_len bytes, also when it
 * returns an error. */
struct coding {
	struct slice name;
	int (*open)(struct stage *s);
	int (*step)(struct stage *s, struct slice *in, size_t *ret_len);
	void (*close)(struct stage *s);
};

static void *z_alloc(void *ctx, unsigned int n, unsigned int size)
{
	(void)ctx;
	return calloc(n, size);
}

static void z_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static int z_open(struct stage *s, int window_bits)
{
	s->z = (z_stream){ .zalloc = z_alloc, .zfree = z_free };
	return inflateInit2(&s->z, window_bits) == Z_OK ? 0 : -ENOMEM;
}

static int gzip_open(struct stage *s)
{
	return z_open(s, MAX_WBITS + 16);
}

static int deflate_open(struct stage *s)
{
	return z_open(s, MAX_WBITS);
}

static void z_close(struct stage *s)
{
	inflateEnd(&s->z);
}

static int z_step(struct stage *s, struct slice *in, size_t *ret_len)
{
	uInt len = (uInt)MIN(in->len, UINT32_MAX / 2);
	int r;

	s->z.next_in = (Bytef *)in->data; /* zlib does not write to it */
	s->z.avail_in = len;
	s->z.next_out = (Bytef *)s->out;
	s->z.avail_out = OUT_SIZE;
	r = inflate(&s->z, Z_SYNC_FLUSH);
	*in = slice_sub(*in, len - s->z.avail_in, in->len);
	*ret_len = OUT_SIZE - s->z.avail_out;
	s->ended = r == Z_STREAM_END;
	/* Z_BUF_ERROR says that there was nothing to do, which is no error here. */
	if (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR)
		return 0;
	return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static int gzip_step(struct stage *s, struct slice *in, size_t *ret_len)
{
	if (s->ended) {
		s->closed |= (unsigned char)in->data[0] != 0x1f;
		if (s->closed) {
			*in = SLICE_NONE;
			return 0;
		}
		inflateReset(&s->z); /* the next member */
	}
	return z_step(s, in, ret_len);
}

static int deflate_step(struct stage *s, struct slice *in, size_t *ret_len)
{
	if (s->ended) {
		*in = SLICE_NONE;
		return 0;
	}
	/* Some senders leave out the zlib header, which begins with a nibble of 8. In raw
	 * deflate that would be a stored block with padding that no one writes. */
	if (!s->started && (in->data[0] & 0x0f) != 8)
		inflateReset2(&s->z, -MAX_WBITS);
	return z_step(s, in, ret_len);
}

static void *br_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static int br_open(struct stage *s)
{
	s->br = BrotliDecoderCreateInstance(br_alloc, z_free, NULL);
	return s->br ? 0 : -ENOMEM;
}

static void br_close(struct stage *s)
{
	BrotliDecoderDestroyInstance(s->br);
}

static int br_step(struct stage *s, struct slice *in, size_t *ret_len)
{
	size_t in_left = in->len, out_left = OUT_SIZE;
	const uint8_t *next_in = (const uint8_t *)in->data;
	uint8_t *next_out = (uint8_t *)s->out;
	BrotliDecoderErrorCode error;
	BrotliDecoderResult r;

	if (s->ended) {
		*in = SLICE_NONE;
		return 0;
	}
	r = BrotliDecoderDecompressStream(s->br, &in_left, &next_in, &out_left, &next_out, NULL);
	*in = slice_sub(*in, in->len - in_left, in->len);
	*ret_len = OUT_SIZE - out_left;
	s->ended = r == BROTLI_DECODER_RESULT_SUCCESS;
	if (r != BROTLI_DECODER_RESULT_ERROR)
		return 0;
	error = BrotliDecoderGetErrorCode(s->br);
	return error <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
			       error >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
		       ? -ENOMEM
		       : -EBADMSG;
}

static int zstd_open(struct stage *s)
{
	s->zstd = ZSTD_createDStream();
	if (!s->zstd)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	return 0;
}

static void zstd_close(struct stage *s)
{
	ZSTD_freeDStream(s->zstd);
}

static int zstd_step(struct stage *s, struct slice *in, size_t *ret_len)
{
	ZSTD_inBuffer from = { in->data, in->len, 0 };
	ZSTD_outBuffer to = { s->out, OUT_SIZE, 0 };
	size_t r;

	/* The library may know formats from before the RFC, whose decoders nobody looks after.
	 * It looks for their magic numbers, of 4 bytes, at the head of whatever piece a frame's
	 * header fails in: such pieces are of one byte here. And given a whole frame at once it
	 * takes a way of its own, which is stricter. */
	if (s->ended)
		s->frame_len = 0;
	if (s->frame_len < ZSTD_HEADER_MAX)
		from.size = MIN(from.size, 1);
	r = ZSTD_decompressStream(s->zstd, &to, &from);
	*in = slice_sub(*in, from.pos, in->len);
	s->frame_len += from.pos;
	*ret_len = to.pos;
	/* 0 is a frame's end; without input, it has nothing to say about the next frame. */
	s->ended = r == 0;
	if (!ZSTD_isError(r))
		return 0;
	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return -ENOBUFS;
	default:
		return -EBADMSG;
	}
}

static const struct coding codings[] = {
	{ SLICE("gzip"), gzip_open, gzip_step, z_close },
	{ SLICE("x-gzip"), gzip_open, gzip_step, z_close },
	{ SLICE("deflate"), deflate_open, deflate_step, z_close },
	{ SLICE("br"), br_open, br_step, br_close },
	{ SLICE("zstd"), zstd_open, zstd_step, zstd_close },
};

static int add_stage(struct inflate *i, struct slice name)
{
	const struct coding *coding = NULL;
	struct stage *s;
	int r;

	if (!name.len || slice_eq_nocase(name, SLICE("identity")))
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(codings); k++)
		if (slice_eq_nocase(name, codings[k].name))
			coding = &codings[k];
	if (!coding || i->n_stages == INFLATE_CODINGS_MAX)
		return -EPROTONOSUPPORT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	/* The coding named last was applied last, and comes off first. */
	memmove(i->stages + 1, i->stages, i->n_stages * sizeof(*i->stages));
	i->stages[0] = s;
	i->n_stages++;
	s->coding = coding;
	r = coding->open(s);
	s->opened = r == 0;
	return r;
}

static void inflate_cleanup(struct inflate **i)
{
	inflate_free(*i);
}

int inflate_new(struct inflate **ret, struct slice coding, uint64_t out_max, inflate_out_fn out,
		void *ctx)
{
	_cleanup_(inflate_cleanup) struct inflate *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->out_max = out_max;
	i->out = out;
	i->ctx = ctx;
	while (coding.data) {
		int r = add_stage(i, slice_trim(slice_cut(&coding, ',')));

		if (r)
			return r;
	}
	*ret = TAKE(i);
	return 0;
}

void inflate_free(struct inflate *i)
{
	if (!i)
		return;
	for (size_t k = 0; k < i->n_stages; k++) {
		if (i->stages[k]->opened)
			i->stages[k]->coding->close(i->stages[k]);
		free(i->stages[k]);
	}
	free(i);
}

static int pass_on(struct inflate *i, struct slice data)
{
	struct slice allowed = slice_sub(data, 0, MIN(data.len, i->out_max - i->out_len));

	i->out_len += allowed.len;
	if (allowed.len)
		i->out(i->ctx, allowed);
	return allowed.len == data.len ? 0 : -ENOBUFS;
}

/* The ceilings of one stage's output. Between two stages it may be larger than that of
 * the last one, but only by as much as is always allowed. */
static int check_ratio(const struct inflate *i, const struct stage *s)
{
	if (s->out_len <= INFLATE_RATIO_FREE)
		return 0;
	if (s->out_len / INFLATE_RATIO_MAX > s->in_len)
		return -ENOBUFS;
	return s->out_len - INFLATE_RATIO_FREE > i->out_max ? -ENOBUFS : 0;
}

/* Runs data through the stages from `n` on. */
static int run(struct inflate *i, size_t n, struct slice in)
{
	struct stage *s;
	size_t len;

	if (n == i->n_stages)
		return pass_on(i, in);
	s = i->stages[n];
	do {
		size_t before = in.len;
		int r, sent = 0;

		len = 0;
		r = s->coding->step(s, &in, &len);
		s->started = true;
		s->in_len += before - in.len;
		s->out_len += len;
		if (len)
			sent = run(i, n + 1, (struct slice){ s->out, len });
		/* What was decoded in front of an error is passed on; its own error is first. */
		if (sent || r)
			return sent ? sent : r;
		if (check_ratio(i, s))
			return -ENOBUFS;
		if (in.len == before && !len && in.len)
			return -EBADMSG; /* no decoder should do this; no endless loop if one does
					  */
	} while (in.len || (len == OUT_SIZE && !s->ended));
	return 0;
}

int inflate_feed(struct inflate *i, const void *data, size_t len)
{
	if (!i->error && len)
		i->error = run(i, 0, (struct slice){ data, len });
	return i->error;
}

bool inflate_complete(const struct inflate *i)
{
	for (size_t n = 0; n < i->n_stages; n++)
		if (!i->stages[n]->ended)
			return false;
	return !i->error;
}
