/* SPDX-License-Identifier: Apache-2.0 */
#include "h2_settings.h"

#include "cleanup.h"
#include "h2_stream.h"

#include <errno.h>

#define SETTING_LEN 6 /* RFC 9113, section 6.5.1 */

enum setting { SETTING_HEADER_TABLE_SIZE = 1, SETTING_MAX_FRAME_SIZE = 5 };

void h2_settings_forget(struct h2_dir *d)
{
	d->frame_max = H2_FRAME_MAX;
	d->hpack.limit = HPACK_LIMIT_NONE;
}

/* Sent in `dir`, so it binds the sender of the other direction. Until that one confirms,
 * old and new value are both legal: the larger one counts. */
static void apply(struct h2 *h, int dir, const uint8_t *setting)
{
	struct h2_dir *bound = &h->dirs[!dir];
	unsigned int id = (unsigned int)setting[0] << 8 | setting[1];
	uint32_t value = (uint32_t)setting[2] << 24 | (uint32_t)setting[3] << 16 |
			 (uint32_t)setting[4] << 8 | setting[5];

	if (id == SETTING_HEADER_TABLE_SIZE) {
		bound->table_max = value;
		bound->hpack.limit = MAX(bound->hpack.limit, value);
	} else if (id == SETTING_MAX_FRAME_SIZE && value <= H2_FRAME_MAX) {
		bound->frame_max = MAX(bound->frame_max, value);
	}
}

void h2_settings_add(struct h2 *h, int dir, const uint8_t *data, size_t len)
{
	struct h2_dir *d = &h->dirs[dir];

	for (size_t i = 0; i < len; i++) {
		d->fixed[d->fixed_len++] = data[i];
		if (d->fixed_len < SETTING_LEN)
			continue;
		apply(h, dir, d->fixed);
		d->fixed_len = 0;
	}
}

static void confirm(struct h2_dir *d)
{
	if (d->hpack.limit != HPACK_LIMIT_NONE)
		d->hpack.limit = d->table_max;
}

void h2_settings_finish(struct h2 *h, int dir)
{
	struct h2_dir *d = &h->dirs[dir];

	if (!(d->frame.flags & H2_ACK))
		h->dirs[!dir].unconfirmed++;
	else if (d->unconfirmed && !--d->unconfirmed)
		confirm(d);
}

/* The value of a digit of base64url (RFC 4648, section 5), or -1. */
static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The settings of an upgrade, 8 digits each: 6 bytes are 48 bits. */
static int add_base64url(struct h2 *h, int dir, struct slice settings)
{
	while (settings.len && settings.data[settings.len - 1] == '=')
		settings.len--;
	if (settings.len % 8)
		return -EBADMSG;
	for (size_t at = 0; at < settings.len; at += 8) {
		uint8_t setting[SETTING_LEN];
		uint64_t bits = 0;

		for (size_t i = 0; i < 8; i++) {
			int value = base64url_value(settings.data[at + i]);

			if (value < 0)
				return -EBADMSG;
			bits = bits << 6 | (unsigned int)value;
		}
		for (size_t i = 0; i < SETTING_LEN; i++)
			setting[i] = (uint8_t)(bits >> (40 - 8 * i));
		apply(h, dir, setting);
	}
	return 0;
}

int h2_upgrade(struct h2 *h, int client, struct slice settings, void *user)
{
	int r = add_base64url(h, client, settings);

	if (r < 0)
		return r;
	confirm(&h->dirs[!client]); /* implicitly (RFC 7540, section 3.2.1) */
	h->client = client;
	return h2_stream_adopt(h, user);
}
