/* SPDX-License-Identifier: Apache-2.0 */
/* What metrics.c keeps, expose.c writes down and metrics_read.c hands on. */
#ifndef METRICS_METRICS_IMPL_H
#define METRICS_METRICS_IMPL_H

#include "exphist.h"
#include "metrics.h"
#include "semconv.h"
#include "table.h"
#include "usage.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* In the order in which a series' key has them and an exposition names them. */
enum metric_label {
	LABEL_OPERATION,
	LABEL_PROVIDER,
	LABEL_REQUEST_MODEL,
	LABEL_RESPONSE_MODEL,
	LABEL_AGENT,
	LABEL_TOOL,
	LABEL_TOOL_TYPE,
	LABEL_MCP_METHOD,
	LABEL_TOKEN_TYPE,
	LABEL_MODALITY,
	LABEL_TEAM,
	LABEL_USER_TIER,
	LABEL_USER,
	LABEL_LIMIT,
	LABEL_DIALECT,
	LABEL_PARTIAL,
	LABEL_ERROR,
	LABELS,
};

/* Which spans a metric counts, as bits. */
enum metric_class {
	SPANS_INFERENCE = 1 << 0,   /* chat, generate_content, text_completion */
	SPANS_SERVER_CALL = 1 << 1, /* seen where it was answered */
	SPANS_FETCH = 1 << 2,	    /* of a response whose tokens count elsewhere */
	SPANS_TOOL = 1 << 3,
	SPANS_TOOL_OPEN = 1 << 4, /* whose end is not known */
	SPANS_RUN = 1 << 5,
	SPANS_MCP_CLIENT = 1 << 6,
	SPANS_MCP_SERVER = 1 << 7,
	SPANS_OTHER = 1 << 8,
	SPANS_CALL_OTHER = 1 << 9, /* embeddings and the like */
	SPANS_CALL = SPANS_INFERENCE | SPANS_CALL_OTHER,
};

/* What a metric measures of a span. */
enum metric_value {
	VALUE_ONE,	 /* the span */
	VALUE_DURATION,	 /* from its start to its end */
	VALUE_SECONDS,	 /* an attribute, as nanoseconds */
	VALUE_USD,	 /* an attribute, as picodollars */
	VALUE_INT,	 /* an attribute */
	VALUE_TOKENS,	 /* one for each type of token */
	VALUE_MODALITY,	 /* tokens of one type, by modality */
	VALUE_PER_TOKEN, /* time of each token behind the first */
	VALUE_MISSING,	 /* the span, when it lacks the attribute */
	VALUE_PRESENT,	 /* the span, when it has it */
	VALUE_POSITIVE,	 /* the span, when it is more than 0 */
	VALUE_HEADROOM,	 /* of each rate limit, the part that is left */
	VALUE_REMAINING, /* of each rate limit, how many are left */
};

struct metric_def {
	const char *name;      /* OpenTelemetry's */
	const char *unit;      /* Prometheus's, or NULL */
	const char *ucum;      /* OpenTelemetry's */
	unsigned int profiles; /* bits of enum semconv_profile: those that have it; 0: all */
	const char *help;
	enum metric_type type;
	enum metric_value value;
	unsigned int classes; /* bits of enum metric_class */
	unsigned int labels;  /* bits of enum metric_label */
	const char *key;      /* attribute, for values that are one's */
	const struct metric_modality *modality;
	const double *bounds; /* upper and inclusive; of histograms */
	size_t n_bounds;
	unsigned int digits; /* behind the point: sums are in units of 10^-digits */
};

#define METRICS_BUCKETS_MAX 20 /* of an explicit histogram */

/* Where the tokens of a type are, and those of each modality; ends with a NULL name. */
struct metric_modality {
	const char *name;
	enum usage_field field;
};

/* Measured last, of one bucket or of the whole series. */
struct metric_exemplar {
	uint64_t number; /* of the span, from 1; 0: there is none */
	uint64_t time_ns;
	uint64_t value;
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

extern const char *const metric_label_keys[LABELS];
extern const struct metric_def metric_defs[];
extern const size_t n_metric_defs;

/* The key: for each label of the metric, in order, a length byte and the value; length 0
 * is a label that the span does not have. */
struct metric_series {
	uint64_t sum; /* of a gauge: what it was last */
	uint64_t count;
	uint64_t *buckets; /* not cumulative; the last one is +Inf; NULL for counters */
	struct metric_exemplar *exemplars; /* one for each bucket; counters: one */
	struct exphist *exp;		   /* NULL for counters, and when nobody reads it */
	size_t key_len;
	char key[];
};

struct metric {
	struct table series;
	struct metric_series *overflow; /* NULL: was not needed */
	uint64_t overflowed;		/* measurements in it */
	uint64_t lost;			/* for which there was no memory */
};

/* What no series of their own was left for, and what was not counted at all. */
#define METRICS_REFUSED 3
void metrics_refused(const struct metrics *m, struct expose_value to[METRICS_REFUSED]);

struct metrics {
	uint64_t spans;
	enum semconv_profile profile;
	bool exponential;
	struct metric metric[]; /* one for each metric_def */
};

#endif
