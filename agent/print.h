/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans as lines for people and programs: a table (with colour on a terminal, unless
 * NO_COLOR is set), one JSON object a line, or one OTLP/JSON request a line. Keeps the
 * totals for the summary. Errors of the stream are sticky; print_error() tells.
 */
#ifndef PRINT_H
#define PRINT_H

#include "encode.h"
#include "options.h"
#include "span.h"

#include <stdio.h>

struct print_totals {
	uint64_t calls;
	uint64_t errors;
	uint64_t partial;
	uint64_t no_usage; /* calls whose tokens the wire did not tell */
	int64_t input, cached, output, reasoning;
	double cost_usd;
	uint64_t priced;   /* calls with a cost */
	uint64_t unpriced; /* calls that cost nobody knows what */
};

struct printer {
	enum output_format format;
	enum semconv_profile semconv;
	FILE *out;
	bool colour;
	bool header_done;
	const struct otlp_host *host;
	struct buf line;
	struct print_totals totals;
};

/* `out` stays the caller's. */
void print_init(struct printer *p, const struct options *o, FILE *out,
		const struct otlp_host *host);
void print_release(struct printer *p);
void print_span(struct printer *p, const struct span *span);
/* One line of totals; says nothing of what it does not know. */
void print_summary(const struct printer *p, FILE *out);
int print_error(const struct printer *p); /* 0 or -errno of the stream */

#endif
