/* SPDX-License-Identifier: Apache-2.0 */
#include "encode_impl.h"
#include "resource.h"

#include <errno.h>

static const struct encoder *encoder_of(enum otlp_encoding e)
{
	return e == OTLP_JSON ? &encoder_json : &encoder_pb;
}

void otlp_encode_span(struct buf *b, enum otlp_encoding e, const struct span *s)
{
	encoder_of(e)->span(b, s);
}

void otlp_encode_resource(struct buf *b, enum otlp_encoding e, const struct process *p,
			  const struct otlp_host *host)
{
	struct resource r;

	resource_init(&r, p, host);
	encoder_of(e)->resource(b, r.attrs, r.n_attrs);
	if (r.arena.failed && !b->error)
		b->error = -ENOMEM;
	resource_release(&r);
}

void otlp_encode_request(struct buf *b, enum otlp_encoding e, const struct otlp_group *groups,
			 size_t n_groups, enum semconv_profile profile, struct slice version)
{
	encoder_of(e)->request(b, groups, n_groups, slice_from(semconv_schema_url(profile)),
			       version);
}
