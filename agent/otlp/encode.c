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

void otlp_encode_metric(struct buf *b, enum otlp_encoding e, const struct otlp_metric *m,
			const struct otlp_point *points, size_t n_points)
{
	encoder_of(e)->metric(b, m, points, n_points);
}

void otlp_encode_details(struct buf *b, enum otlp_encoding e, const struct span *s)
{
	encoder_of(e)->log(b, s, "gen_ai.client.inference.operation.details");
}

bool otlp_is_structured(const struct attr *a)
{
	static const char *const keys[] = { ATTR_INPUT_MESSAGES, ATTR_OUTPUT_MESSAGES,
					    ATTR_SYSTEM_INSTRUCTIONS, ATTR_TOOL_DEFINITIONS };

	for (size_t i = 0; a->type == ATTR_STRING && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(a->key, keys[i]))
			return true;
	return false;
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

void otlp_encode_request(struct buf *b, enum otlp_signal signal, enum otlp_encoding e,
			 const struct otlp_group *groups, size_t n_groups,
			 enum semconv_profile profile, struct slice version)
{
	encoder_of(e)->request(b, signal, groups, n_groups, slice_from(semconv_schema_url(profile)),
			       version);
}
