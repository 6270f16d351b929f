/* SPDX-License-Identifier: Apache-2.0 */
#include "print.h"

#include "account.h"
#include "attr_json.h"
#include "clock.h"
#include "cleanup.h"
#include "numbers.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN (64 * 1024 * 1024)

void print_init(struct printer *p, const struct options *o, FILE *out, const struct otlp_host *host)
{
	*p = (struct printer){
		.format = o->output,
		.semconv = o->semconv,
		.out = out,
		.host = host,
		.colour = isatty(fileno(out)) && !getenv("NO_COLOR"),
		.line = BUF_INIT(LINE_MAX_LEN),
	};
}

void print_release(struct printer *p)
{
	buf_release(&p->line);
}

int print_error(const struct printer *p)
{
	return ferror(p->out) ? -EIO : 0;
}

static struct slice str_of(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_STRING ? a->string : SLICE_NONE;
}

/* -1: the span does not say. */
static int64_t int_of(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_INT ? a->integer : -1;
}

static void count(struct printer *p, const struct span *s)
{
	static const struct {
		const char *key;
		size_t total;
	} sums[] = {
		{ ATTR_USAGE_INPUT, offsetof(struct print_totals, input) },
		{ ATTR_USAGE_CACHE_READ, offsetof(struct print_totals, cached) },
		{ ATTR_USAGE_OUTPUT, offsetof(struct print_totals, output) },
		{ ATTR_USAGE_REASONING, offsetof(struct print_totals, reasoning) },
	};
	const struct attr *cost;

	p->totals.calls++;
	p->totals.errors += s->error;
	p->totals.partial += !slice_eq(str_of(s, ATTR_GENTAP_COMPLETENESS), SLICE("full"));
	p->totals.no_usage += int_of(s, ATTR_USAGE_INPUT) < 0 && int_of(s, ATTR_USAGE_OUTPUT) < 0;
	cost = span_attr(s, ATTR_COST_TOTAL);
	if (cost && cost->type == ATTR_DOUBLE) {
		p->totals.cost_usd += cost->number;
		p->totals.priced++;
	}
	p->totals.unpriced += span_attr(s, ATTR_COST_MISSING) != NULL;
	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		int64_t tokens = int_of(s, sums[i].key);

		if (tokens > 0)
			*(int64_t *)((char *)&p->totals + sums[i].total) += tokens;
	}
}

/* Text of a cell, without control characters: it may come from a hostile peer. */
static void add_cell(struct buf *b, struct slice s, int width)
{
	int used = 0;

	for (size_t i = 0; i < s.len && used < width; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if ((c & 0xc0) != 0x80)
			used++;
		buf_add_char(b, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
	buf_printf(b, "%*s  ", width - used, "");
}

static void add_number_cell(struct buf *b, int64_t v, int width)
{
	if (v < 0)
		buf_printf(b, "%*s  ", width, "-");
	else
		buf_printf(b, "%*lld  ", width, (long long)v);
}

static void add_seconds_cell(struct buf *b, double s, int width)
{
	if (isnan(s))
		buf_printf(b, "%*s  ", width, "-");
	else if (s < 1)
		buf_printf(b, "%*.0fms  ", width - 2, s * 1e3);
	else
		buf_printf(b, "%*.2fs  ", width - 1, s);
}

/* Four decimals below a cent, two above; what costs less than can be shown is not free. */
static void add_cost_cell(struct buf *b, const struct span *s, int width)
{
	const struct attr *a = span_attr(s, ATTR_COST_TOTAL);
	char text[32] = "-";

	if (a && a->type == ATTR_DOUBLE) {
		if (a->number > 0 && a->number < 0.00005)
			snprintf(text, sizeof(text), "<$0.0001");
		else
			snprintf(text, sizeof(text), a->number < 0.01 ? "$%.4f" : "$%.2f",
				 a->number);
	}
	buf_printf(b, "%*s  ", width, text);
}

static void add_time_cell(struct buf *b, uint64_t ns)
{
	time_t t = (time_t)(ns / NSEC_PER_SEC);
	struct tm tm;

	localtime_r(&t, &tm);
	buf_printf(b, "%02d:%02d:%02d.%03u  ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		   (unsigned int)(ns % NSEC_PER_SEC / NSEC_PER_MSEC));
}

static void add_status(struct printer *p, const struct span *s)
{
	struct slice error = str_of(s, ATTR_ERROR_TYPE),
		     complete = str_of(s, ATTR_GENTAP_COMPLETENESS);
	const struct attr *finish = span_attr(s, ATTR_RESPONSE_FINISH_REASONS);
	const char *on = "", *off = "";

	if (p->colour) {
		on = s->error				 ? "\033[31m"
		     : slice_eq(complete, SLICE("full")) ? "\033[32m"
							 : "\033[33m";
		off = "\033[0m";
	}
	buf_add_str(&p->line, on);
	if (s->error)
		add_cell(&p->line, error.data ? error : SLICE("error"), (int)MIN(error.len, 40));
	else if (finish && finish->type == ATTR_STRINGS && finish->strings.count)
		add_cell(&p->line, finish->strings.items[0],
			 (int)MIN(finish->strings.items[0].len, 40));
	else
		buf_add_str(&p->line, "ok  ");
	if (complete.data && !slice_eq(complete, SLICE("full")))
		buf_printf(&p->line, "(%.*s) ", SLICE_FMT(complete));
	buf_add_str(&p->line, off);
}

static void print_row(struct printer *p, const struct span *s)
{
	const struct attr *ttft = span_attr(s, ATTR_RESPONSE_TTFC);
	struct slice model = str_of(s, ATTR_RESPONSE_MODEL);
	char process[64];

	if (!p->header_done) {
		fprintf(p->out,
			"%-12s  %-22s  %-10s  %-26s  %8s  %8s  %7s  %7s  %8s  %7s  %8s  %s\n",
			"TIME", "PROCESS", "PROVIDER", "MODEL", "INPUT", "CACHED", "OUTPUT",
			"REASON", "COST", "TTFT", "DURATION", "STATUS");
		p->header_done = true;
	}
	if (s->process)
		snprintf(process, sizeof(process), "%s/%u",
			 s->process->comm ? s->process->comm : "?", s->process->pid);
	else
		snprintf(process, sizeof(process), "-");
	add_time_cell(&p->line, s->start_ns);
	add_cell(&p->line, slice_from(process), 22);
	add_cell(&p->line, str_of(s, ATTR_PROVIDER_NAME), 10);
	add_cell(&p->line, model.data ? model : str_of(s, ATTR_REQUEST_MODEL), 26);
	add_number_cell(&p->line, int_of(s, ATTR_USAGE_INPUT), 8);
	add_number_cell(&p->line, int_of(s, ATTR_USAGE_CACHE_READ), 8);
	add_number_cell(&p->line, int_of(s, ATTR_USAGE_OUTPUT), 7);
	add_number_cell(&p->line, int_of(s, ATTR_USAGE_REASONING), 7);
	add_cost_cell(&p->line, s, 8);
	add_seconds_cell(&p->line, ttft && ttft->type == ATTR_DOUBLE ? ttft->number : NAN, 7);
	add_seconds_cell(&p->line, (double)(s->end_ns - s->start_ns) / 1e9, 8);
	add_status(p, s);
}

static void add_hex(struct buf *b, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(b, "%02x", bytes[i]);
}

static void print_json(struct printer *p, const struct span *s)
{
	struct buf *b = &p->line;

	buf_add_str(b, "{\"trace_id\":\"");
	add_hex(b, s->trace_id, sizeof(s->trace_id));
	buf_add_str(b, "\",\"span_id\":\"");
	add_hex(b, s->span_id, sizeof(s->span_id));
	if (memcmp(s->parent_id, (uint8_t[8]){ 0 }, sizeof(s->parent_id))) {
		buf_add_str(b, "\",\"parent_id\":\"");
		add_hex(b, s->parent_id, sizeof(s->parent_id));
	}
	buf_add_str(b, "\",\"name\":");
	buf_add_json(b, s->name);
	buf_printf(b, ",\"start_ns\":%llu,\"end_ns\":%llu,\"error\":%s",
		   (unsigned long long)s->start_ns, (unsigned long long)s->end_ns,
		   s->error ? "true" : "false");
	if (s->status_message.data) {
		buf_add_str(b, ",\"status_message\":");
		buf_add_json(b, s->status_message);
	}
	if (s->process) {
		buf_printf(b, ",\"process\":{\"pid\":%u,\"comm\":", s->process->pid);
		buf_add_json(b, slice_from(s->process->comm));
		buf_add_str(b, ",\"exe\":");
		buf_add_json(b, slice_from(s->process->exe));
		buf_add_char(b, '}');
	}
	buf_add_str(b, ",\"attributes\":{");
	for (size_t i = 0; i < s->n_attrs; i++)
		attr_json_member(b, &s->attrs[i], !i);
	buf_add_str(b, "}}");
}

static void print_otlp(struct printer *p, const struct span *s)
{
	_cleanup_(buf_cleanup) struct buf resource = BUF_INIT(LINE_MAX_LEN);
	_cleanup_(buf_cleanup) struct buf span = BUF_INIT(LINE_MAX_LEN);
	struct slice encoded;
	struct otlp_group group = { .items = &encoded, .n_items = 1 };

	otlp_encode_resource(&resource, OTLP_JSON, s->process, p->host);
	otlp_encode_span(&span, OTLP_JSON, s);
	encoded = buf_slice(&span);
	group.resource = buf_slice(&resource);
	if (buf_error(&resource) || buf_error(&span))
		return;
	otlp_encode_request(&p->line, OTLP_TRACES, OTLP_JSON, &group, 1, p->semconv,
			    p->host->version);
}

void print_span(struct printer *p, const struct span *s)
{
	/* Runs and tools have no tokens of their own: the table is of calls. */
	if (s->call)
		count(p, s);
	else if (p->format == OUTPUT_TABLE)
		return;
	if (p->format == OUTPUT_NONE || p->format == OUTPUT_TREE)
		return;
	buf_reset(&p->line, 1024 * 1024);
	if (p->format == OUTPUT_TABLE)
		print_row(p, s);
	else if (p->format == OUTPUT_JSONL)
		print_json(p, s);
	else
		print_otlp(p, s);
	if (buf_error(&p->line))
		return;
	buf_add_char(&p->line, '\n');
	fwrite(p->line.data, 1, p->line.len, p->out);
	fflush(p->out);
}

void print_summary(const struct printer *p, FILE *out)
{
	const struct print_totals *t = &p->totals;
	/* Calls whose usage the wire did not tell make every sum a lower bound. */
	const char *bound = t->no_usage ? "≥ " : "";

	fprintf(out, "%llu calls, %llu errors", (unsigned long long)t->calls,
		(unsigned long long)t->errors);
	if (t->calls > t->no_usage)
		fprintf(out,
			"; tokens: input %s%lld (cached %s%lld), output %s%lld (reasoning %s%lld)",
			bound, (long long)t->input, bound, (long long)t->cached, bound,
			(long long)t->output, bound, (long long)t->reasoning);
	if (t->priced) {
		_cleanup_(buf_cleanup) struct buf cost = BUF_INIT(64);

		number_add_money(&cost, t->cost_usd * 1e12);
		fprintf(out, "; cost %s%.*s at list price", t->unpriced ? "≥ " : "", (int)cost.len,
			cost.data ? cost.data : "");
	}
	if (t->unpriced)
		fprintf(out, "; %llu calls of unknown cost", (unsigned long long)t->unpriced);
	if (t->no_usage)
		fprintf(out, "; %llu calls without usage on the wire",
			(unsigned long long)t->no_usage);
	if (t->partial)
		fprintf(out, "; %llu calls not complete", (unsigned long long)t->partial);
	fputc('\n', out);
}
