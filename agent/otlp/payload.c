/* SPDX-License-Identifier: Apache-2.0 */
#include "payload.h"

#include "gzip.h"

#define GRPC_PREFIX 5 /* is it compressed, and its length, the most significant byte first */

int otlp_payload_add(struct buf *to, const struct otlp_queue *items, const struct otlp_options *o,
		     const struct otlp_host *host)
{
	struct buf plain = BUF_INIT(o->request_bytes_max), *message = o->gzip ? &plain : to;
	size_t begin = to->len, len;
	int r;

	if (o->grpc && buf_reserve(to, GRPC_PREFIX))
		buf_commit(to, GRPC_PREFIX);
	otlp_queue_encode(message, items, o->signal, o->encoding, o->profile, host);
	r = buf_error(message);
	if (!r && o->gzip)
		r = gzip_add(to, buf_slice(&plain));
	buf_release(&plain);
	if (r || buf_error(to) || !o->grpc)
		return r ? r : buf_error(to);
	len = to->len - begin - GRPC_PREFIX;
	to->data[begin] = (char)o->gzip;
	for (size_t i = 0; i < 4; i++)
		to->data[begin + 1 + i] = (char)(len >> (24 - 8 * i));
	return 0;
}
