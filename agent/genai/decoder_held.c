/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder_ws.h"

static size_t session_held(const struct ws_session *s)
{
	size_t held = s && s->next ? s->next->arena.used : 0;

	for (size_t i = 0; s && i < s->n_ops; i++)
		held += s->ops[i].call->arena.used;
	return held;
}

size_t decoder_held(const struct decoder *d)
{
	size_t held =
		d->request.text.len + d->response.text.len + d->form.head.len + d->form.value.len;

	held += framing_held(&d->stream) + framing_held(&d->request_stream) + session_held(d->ws);
	return held + (d->call ? d->call->arena.used : 0);
}
