/* SPDX-License-Identifier: Apache-2.0 */
#include "hpack.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>

#define ENTRY_OVERHEAD 32    /* RFC 7541, section 4.1: no entry is smaller */
#define SIZE_UPDATE 0x20     /* section 6.3 */
#define INSERT_NEW_NAME 0x40 /* section 6.2.1 with a literal name */
#define INTEGER_MAX UINT32_MAX

/* Stands in the table for a name that is not known: no field name has this byte. */
#define NAMELESS SLICE("\x01")

/* nghttp2 allocates through these, so that tests can make it fail. */
static void *mem_malloc(size_t size, void *user)
{
	(void)user;
	return malloc(size);
}

static void mem_free(void *p, void *user)
{
	(void)user;
	free(p);
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
	(void)user;
	return calloc(n, size);
}

static void *mem_realloc(void *p, size_t size, void *user)
{
	(void)user;
	return realloc(p, size);
}

enum line_kind { INDEXED, INSERT, LITERAL, RESIZE };

/* One field line, or size update, of a block. */
struct line {
	enum line_kind kind;
	uint64_t number;    /* index of the field or of its name (0: literal), or the size */
	struct slice whole; /* its bytes on the wire */
	struct slice value; /* the string of its value, length in front */
};

/* What a block is decoded into. */
struct output {
	hpack_field_fn field;
	void *ctx;
	size_t omitted;
};

void hpack_init(struct hpack *h, bool known)
{
	*h = (struct hpack){
		.limit = known ? HPACK_TABLE_DEFAULT : HPACK_LIMIT_NONE,
		.known = known,
	};
}

void hpack_release(struct hpack *h)
{
	if (h->inflater)
		nghttp2_hd_inflate_del(h->inflater);
	h->inflater = NULL;
}

void hpack_forget(struct hpack *h)
{
	hpack_release(h);
	h->known = false;
	h->limit = HPACK_LIMIT_NONE;
}

/* RFC 7541, section 5.1: an integer behind a prefix of `bits` bits. */
static int get_integer(struct slice *rest, unsigned int bits, uint64_t *ret)
{
	const unsigned char *p = (const unsigned char *)rest->data;
	uint64_t mask = (1u << bits) - 1, value;
	size_t at = 0;

	if (!rest->len)
		return -EBADMSG;
	value = p[at++] & mask;
	if (value == mask) {
		unsigned int shift = 0;

		do {
			if (at == rest->len || shift > 28)
				return -EBADMSG;
			value += (uint64_t)(p[at] & 0x7f) << shift;
			shift += 7;
		} while (p[at++] & 0x80);
		if (value > INTEGER_MAX)
			return -EBADMSG;
	}
	*rest = slice_sub(*rest, at, rest->len);
	*ret = value;
	return 0;
}

static int skip_string(struct slice *rest)
{
	uint64_t len;
	int r = get_integer(rest, 7, &len);

	if (r < 0)
		return r;
	if (len > rest->len)
		return -EBADMSG;
	*rest = slice_sub(*rest, len, rest->len);
	return 0;
}

static int next_line(struct slice *rest, struct line *ret)
{
	static const struct {
		unsigned char bit, prefix;
		enum line_kind kind;
	} forms[] = {
		{ 0x80, 7, INDEXED }, { 0x40, 6, INSERT }, { 0x20, 5, RESIZE }, { 0, 4, LITERAL }
	};
	struct slice start = *rest, value;
	size_t form = 0;
	int r;

	while (forms[form].bit && !((unsigned char)rest->data[0] & forms[form].bit))
		form++;
	ret->kind = forms[form].kind;
	r = get_integer(rest, forms[form].prefix, &ret->number);
	if (r < 0)
		return r;
	value = *rest;
	if (ret->kind == INSERT || ret->kind == LITERAL) {
		if (!ret->number)
			r = skip_string(rest);
		value = *rest;
		if (r == 0)
			r = skip_string(rest);
	} else if (ret->kind == INDEXED && !ret->number) {
		r = -EBADMSG;
	}
	if (r < 0)
		return r;
	ret->whole = slice_sub(start, 0, start.len - rest->len);
	ret->value = slice_sub(value, 0, value.len - rest->len);
	return 0;
}

static int inflate_bytes(struct hpack *h, struct slice in, struct output *out)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags,
						      (const uint8_t *)in.data, in.len, 0);

		if (used < 0)
			return used == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EBADMSG;
		if (!used && !(flags & NGHTTP2_HD_INFLATE_EMIT))
			return in.len ? -EBADMSG : 0;
		in = slice_sub(in, (size_t)used, in.len);
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			struct slice name = { (const char *)nv.name, nv.namelen };

			if (!h->known && slice_eq(name, NAMELESS))
				out->omitted++;
			else
				out->field(out->ctx, name,
					   (struct slice){ (const char *)nv.value, nv.valuelen });
		}
		if (!in.len)
			return 0;
	}
}

/* Tells nghttp2 of a size, in the form of section 6.3. */
static int inflate_resize(struct hpack *h, uint32_t size, struct output *out)
{
	unsigned char code[6];
	size_t len = 1;

	if (size < 31) {
		code[0] = (unsigned char)(SIZE_UPDATE | size);
	} else {
		code[0] = SIZE_UPDATE | 31;
		for (size -= 31; size >= 0x80; size >>= 7)
			code[len++] = (unsigned char)(0x80 | (size & 0x7f));
		code[len++] = (unsigned char)size;
	}
	return inflate_bytes(h, (struct slice){ (const char *)code, len }, out);
}

static int make_inflater(struct hpack *h, struct output *out)
{
	/* Kept by the inflater, whatever its manual says. */
	static nghttp2_mem mem = { NULL, mem_malloc, mem_free, mem_calloc, mem_realloc };

	if (h->inflater)
		return 0;
	if (nghttp2_hd_inflate_new2(&h->inflater, &mem)) {
		h->inflater = NULL;
		return -ENOMEM;
	}
	nghttp2_hd_inflate_change_table_size(h->inflater, HPACK_TABLE_MAX);
	/* A table that may hold more than the peer's holds all that it can refer to. */
	return h->known ? 0 : inflate_resize(h, HPACK_TABLE_MAX, out);
}

static int resize(struct hpack *h, uint64_t size, struct output *out)
{
	int r;

	if (size > h->limit)
		return -EBADMSG;
	if (!h->known) {
		if (size >= ENTRY_OVERHEAD)
			return 0;
		hpack_release(h);
		h->known = true;
		r = make_inflater(h, out);
		if (r < 0)
			return r;
	}
	if (size > HPACK_TABLE_MAX) {
		h->known = false; /* its oldest entries will not be */
		size = HPACK_TABLE_MAX;
	}
	return inflate_resize(h, (uint32_t)size, out);
}

static int decode_line(struct hpack *h, const struct line *line, struct output *out)
{
	static const char insert_nameless[] = { INSERT_NEW_NAME, 1, '\x01' };
	int r;

	if (line->kind == RESIZE)
		return resize(h, line->number, out);
	if (line->number <= nghttp2_hd_inflate_get_num_table_entries(h->inflater))
		return inflate_bytes(h, line->whole, out);
	if (h->known)
		return -EBADMSG;
	if (line->kind != INSERT) {
		out->omitted++;
		return 0;
	}
	r = inflate_bytes(h, (struct slice){ insert_nameless, sizeof(insert_nameless) }, out);
	return r < 0 ? r : inflate_bytes(h, line->value, out);
}

static int decode_block(struct hpack *h, struct slice block, struct output *out)
{
	bool started = false;
	int r = make_inflater(h, out);

	while (r == 0 && block.len) {
		struct line line;

		r = next_line(&block, &line);
		if (r < 0)
			break;
		if (line.kind != RESIZE)
			started = true;
		else if (started)
			return -EBADMSG; /* section 4.2: only in front of the first field */
		r = decode_line(h, &line, out);
	}
	return r;
}

int hpack_decode(struct hpack *h, struct slice block, hpack_field_fn field, void *ctx,
		 size_t *ret_omitted)
{
	struct output out = { .field = field, .ctx = ctx };
	int r = decode_block(h, block, &out);

	if (r < 0) {
		hpack_forget(h);
		return r;
	}
	nghttp2_hd_inflate_end_headers(h->inflater);
	*ret_omitted = out.omitted;
	return 0;
}
