/* SPDX-License-Identifier: Apache-2.0 */
#include "slab_attr.h"

#include "cleanup.h"

#include <endian.h>
#include <errno.h>

#define SLOTS (2 * SLAB_SPANS) /* a power of two */
#define NARROW_MAX 255	       /* values of one byte each */
#define TEXT_BESIDES 32	       /* bytes that the arena adds to a text */

struct slab_attr_maker {
	uint16_t codes[SLAB_SPANS];
	uint16_t slots[SLOTS]; /* codes by the hash of their value; 0: free */
	struct slab_value values[SLAB_SPANS];
	size_t n_values;
	size_t bytes; /* of texts */
	struct arena texts;
};

int slab_attr_maker_new(struct slab_attr_maker **ret)
{
	struct slab_attr_maker *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	arena_init(&m->texts, SLAB_VALUES_BYTES + SLAB_SPANS * TEXT_BESIDES);
	*ret = m;
	return 0;
}

void slab_attr_maker_free(struct slab_attr_maker *m)
{
	if (!m)
		return;
	arena_release(&m->texts);
	free(m);
}

static bool has_text(enum slab_value_type type)
{
	return type == SLAB_TEXT || type == SLAB_JSON;
}

static uint64_t bits_of(const struct slab_value *v)
{
	uint64_t bits = (uint64_t)v->integer;

	if (v->type == SLAB_REAL)
		memcpy(&bits, &v->real, sizeof(bits));
	return v->type == SLAB_INT || v->type == SLAB_REAL ? bits : 0;
}

static bool same_value(const struct slab_value *a, const struct slab_value *b)
{
	if (a->type != b->type)
		return false;
	return has_text(a->type) ? slice_eq(a->text, b->text) : bits_of(a) == bits_of(b);
}

static size_t first_slot(const struct slab_value *v)
{
	uint64_t h = has_text(v->type) ? slice_hash(SLICE_HASH, v->text) : bits_of(v);

	h = (h ^ (uint64_t)v->type) * 0x9e3779b97f4a7c15u;
	return (h ^ h >> 32) & (SLOTS - 1);
}

static int keep_value(struct slab_attr_maker *m, const struct slab_value *v)
{
	struct slab_value *own = &m->values[m->n_values];

	*own = *v;
	if (has_text(v->type)) {
		if (v->text.len > SLAB_VALUE_MAX || m->bytes + v->text.len > SLAB_VALUES_BYTES)
			return -EMSGSIZE;
		own->text = arena_copy(&m->texts, v->text.data ? v->text : SLICE(""));
		if (!own->text.data)
			return -ENOMEM;
		m->bytes += v->text.len;
	}
	m->n_values++;
	return 0;
}

int slab_attr_add(struct slab_attr_maker *m, size_t row, const struct slab_value *v)
{
	size_t at = first_slot(v);
	int r;

	if (m->codes[row])
		return 0;
	while (m->slots[at] && !same_value(&m->values[m->slots[at] - 1], v))
		at = (at + 1) & (SLOTS - 1);
	if (!m->slots[at]) {
		r = keep_value(m, v);
		if (r)
			return r;
		m->slots[at] = (uint16_t)m->n_values;
	}
	m->codes[row] = m->slots[at];
	return 0;
}

static void encode_value(const struct slab_value *v, struct buf *to)
{
	unsigned char type = (unsigned char)v->type;
	uint64_t bits = htole64(bits_of(v));
	uint32_t len = htole32((uint32_t)v->text.len);

	buf_add(to, &type, 1);
	if (has_text(v->type)) {
		buf_add(to, &len, sizeof(len));
		buf_add_slice(to, v->text);
	} else if (v->type == SLAB_INT || v->type == SLAB_REAL) {
		buf_add(to, &bits, sizeof(bits));
	}
}

void slab_attr_encode(const struct slab_attr_maker *m, size_t n, struct buf *to)
{
	uint32_t count = htole32((uint32_t)m->n_values);
	size_t width = m->n_values > NARROW_MAX ? 2 : 1;
	char *codes;

	buf_add(to, &count, sizeof(count));
	for (size_t i = 0; i < m->n_values; i++)
		encode_value(&m->values[i], to);
	codes = buf_reserve(to, n * width);
	if (!codes)
		return;
	for (size_t i = 0; i < n; i++) {
		uint16_t code = htole16(m->codes[i]);

		memcpy(codes + i * width, &code, width);
	}
	buf_commit(to, n * width);
}

/* ---- Reading ---- */

/* Cuts n bytes off its front; absent: there are not so many. */
static struct slice cut(struct slice *rest, size_t n)
{
	struct slice part = slice_sub(*rest, 0, n);

	if (rest->len < n)
		return SLICE_NONE;
	*rest = slice_sub(*rest, n, rest->len);
	return part;
}

static int read_length(struct slice *rest, uint32_t *ret)
{
	struct slice bytes = cut(rest, sizeof(*ret));

	if (!bytes.data)
		return -EBADMSG;
	memcpy(ret, bytes.data, sizeof(*ret));
	*ret = le32toh(*ret);
	return 0;
}

static int read_number(struct slice *rest, struct slab_value *to)
{
	struct slice bytes = cut(rest, sizeof(uint64_t));
	uint64_t bits;

	if (!bytes.data)
		return -EBADMSG;
	memcpy(&bits, bytes.data, sizeof(bits));
	bits = le64toh(bits);
	if (to->type == SLAB_REAL)
		memcpy(&to->real, &bits, sizeof(bits));
	else
		to->integer = (int64_t)bits;
	return 0;
}

static int read_value(struct slice *rest, struct slab_value *to)
{
	struct slice type = cut(rest, 1);
	uint32_t len;
	int r;

	*to = (struct slab_value){ 0 };
	if (!type.data || (unsigned char)type.data[0] >= SLAB_TYPES)
		return -EBADMSG;
	to->type = (enum slab_value_type)type.data[0];
	if (to->type == SLAB_INT || to->type == SLAB_REAL)
		return read_number(rest, to);
	if (!has_text(to->type))
		return 0;
	r = read_length(rest, &len);
	to->text = r ? SLICE_NONE : cut(rest, len);
	return to->text.data ? 0 : -EBADMSG;
}

static int read_codes(struct slice codes, size_t n, struct slab_attr *to)
{
	size_t width = to->n_values > NARROW_MAX ? 2 : 1;

	if (codes.len != n * width)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		uint16_t code = 0;

		memcpy(&code, codes.data + i * width, width);
		code = le16toh(code);
		if (code > to->n_values)
			return -EBADMSG;
		to->codes[i] = code;
	}
	return 0;
}

int slab_attr_decode(struct slice bytes, size_t n, struct slab_attr *to)
{
	uint32_t count;
	int r;

	to->n_values = 0;
	memset(to->codes, 0, n * sizeof(*to->codes));
	if (!bytes.len)
		return 0;
	r = read_length(&bytes, &count);
	if (r || count > n)
		return -EBADMSG;
	if (count > to->size) {
		struct slab_value *grown = reallocarray(to->values, count, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		to->values = grown;
		to->size = count;
	}
	for (size_t i = 0; !r && i < count; i++)
		r = read_value(&bytes, &to->values[i]);
	if (r)
		return r;
	to->n_values = count;
	return read_codes(bytes, n, to);
}

void slab_attr_release(struct slab_attr *a)
{
	free(a->values);
	a->values = NULL;
	a->n_values = a->size = 0;
}
