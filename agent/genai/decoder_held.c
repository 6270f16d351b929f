/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder_impl.h"

size_t decoder_held(const struct decoder *d)
{
	size_t held =
		d->request.text.len + d->response.text.len + d->form.head.len + d->form.value.len;

	held += framing_held(&d->stream) + framing_held(&d->request_stream);
	return held + (d->call ? d->call->arena.used : 0);
}
