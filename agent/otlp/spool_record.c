/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_record.h"

#include <errno.h>
#include <zlib.h>

static const char magic[4] = { 'G', 'T', 'S', '1' };

static void put_u32(uint8_t *to, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_u32(const uint8_t *from)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++)
		v |= (uint32_t)from[i] << 8 * i;
	return v;
}

uint32_t record_sum(struct slice content)
{
	return (uint32_t)crc32(0, (const void *)content.data, (uInt)content.len);
}

static uint32_t head_sum(const uint8_t bytes[RECORD_HEAD_LEN])
{
	uint8_t copy[20];

	memcpy(copy, bytes, sizeof(copy));
	copy[RECORD_STATE_AT] = 0;
	return record_sum((struct slice){ (const char *)copy, sizeof(copy) });
}

void record_head_write(uint8_t to[RECORD_HEAD_LEN], const struct record_head *h)
{
	memset(to, 0, RECORD_HEAD_LEN);
	memcpy(to, magic, sizeof(magic));
	to[RECORD_STATE_AT] = h->delivered ? RECORD_DELIVERED : 0;
	put_u32(to + 8, h->len);
	put_u32(to + 12, h->units);
	put_u32(to + 16, h->content_sum);
	put_u32(to + 20, head_sum(to));
}

int record_head_read(const uint8_t from[RECORD_HEAD_LEN], struct record_head *ret)
{
	if (memcmp(from, magic, sizeof(magic)) != 0 || get_u32(from + 20) != head_sum(from) ||
	    get_u32(from + 8) > RECORD_CONTENT_MAX)
		return -EBADMSG;
	*ret = (struct record_head){
		.delivered = from[RECORD_STATE_AT] == RECORD_DELIVERED,
		.len = get_u32(from + 8),
		.units = get_u32(from + 12),
		.content_sum = get_u32(from + 16),
	};
	return 0;
}
