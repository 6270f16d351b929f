/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: of a call of the database, where whom it is for comes from (which rule, which
 * source), and what its cost is made of. With the id of a trace or a run: of each of its
 * calls.
 */
#include "cleanup.h"
#include "commands.h"
#include "json.h"
#include "log.h"
#include "reader.h"
#include "settings.h"

#include <errno.h>
#include <math.h>

#define TEXT_MAX (16 * 1024 * 1024)
#define HEX_ID 16

struct explain {
	const struct options *options;
	struct slice id;   /* as given */
	bool only;	   /* it is a span's: the others are left out */
	unsigned int seen; /* calls that were explained */
	struct buf out;
};

static void hex_of(const uint8_t id[8], char to[HEX_ID + 1])
{
	for (size_t i = 0; i < 8; i++)
		snprintf(to + 2 * i, 3, "%02x", id[i]);
}

static double number(struct json_val attributes, const char *key)
{
	double v;

	return json_f64(json_get(attributes, key), &v) ? NAN : v;
}

static void add_str(struct buf *b, struct json_val v)
{
	if (json_str(v, b) == -EINVAL)
		buf_add_slice(b, json_raw(v));
}

/* ---- Identity ------------------------------------------------------------------------------ */

/* The rule that is in force now for this attribute and source. */
static void add_rule(struct buf *b, const struct settings *s, struct slice set, struct slice from)
{
	for (unsigned int layer = s ? s->layers : 0; layer > 0; layer--)
		for (size_t i = 0; i < s->n_rules; i++) {
			const struct setting_rule *r = &s->rules[i];

			if (r->layer != layer || !slice_eq(slice_from(r->rule.set), set) ||
			    !slice_eq(slice_from(r->rule.from), from))
				continue;
			buf_printf(b, "rule at %s", r->origin);
			return;
		}
	buf_add_str(b, "built-in rule");
}

static void add_identity(struct explain *e, struct json_val attributes)
{
	struct json_val sources = json_get(attributes, "gentap.identity.sources");

	buf_add_str(&e->out, "  whom it is for\n");
	if (!json_len(sources))
		buf_add_str(&e->out, "    no rule gave anything\n");
	for (struct json_val i = json_first(sources); i.doc; i = json_next(i)) {
		_cleanup_(buf_cleanup) struct buf text = BUF_INIT(4096);
		struct slice from, set;

		json_str(i, &text);
		from = buf_slice(&text);
		set = slice_cut(&from, '=');
		buf_printf(&e->out, "    %-24.*s ", SLICE_FMT(set));
		for (struct json_val a = json_first(attributes); a.doc; a = json_next(a))
			if (slice_eq(json_key(a), set))
				add_str(&e->out, a);
		buf_printf(&e->out, "  from %.*s, by the ", SLICE_FMT(from));
		add_rule(&e->out, e->options->settings, set, from);
		buf_add_char(&e->out, '\n');
	}
}

/* ---- Cost ---------------------------------------------------------------------------------- */

static double or_0(double v)
{
	return isnan(v) ? 0 : v;
}

/* The tokens that a line of the cost is for: each token is in one of them. */
static double tokens_of(struct json_val a, const char *line)
{
	double read = or_0(number(a, "gen_ai.usage.cache_read.input_tokens"));
	double written = number(a, "gen_ai.usage.cache_creation.input_tokens");

	if (isnan(written))
		written = or_0(number(a, "gen_ai.usage.cache_write.input_tokens"));
	if (!strcmp(line, "input"))
		return number(a, "gen_ai.usage.input_tokens") - read - written;
	if (!strcmp(line, "cache_read"))
		return read;
	if (!strcmp(line, "cache_write"))
		return written;
	return !strcmp(line, "output") ? number(a, "gen_ai.usage.output_tokens") : NAN;
}

static void add_lines(struct buf *b, struct json_val a)
{
	static const struct {
		const char *name, *says;
	} lines[] = {
		{ "input", "input, not from a cache" },
		{ "cache_read", "input read from a cache" },
		{ "cache_write", "input written to a cache" },
		{ "output", "output, reasoning included" },
		{ "other", "requests, searches, media" },
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char key[64];
		double usd, tokens = tokens_of(a, lines[i].name);

		snprintf(key, sizeof(key), "gentap.cost.%s", lines[i].name);
		usd = number(a, key);
		if (isnan(usd) || (usd == 0 && !(tokens > 0)))
			continue;
		buf_printf(b, "    %-26s", lines[i].says);
		if (tokens > 0)
			buf_printf(b, " %12.0f tokens x %10.4f USD per million", tokens,
				   usd / tokens * 1e6);
		else
			buf_printf(b, " %51s", "");
		buf_printf(b, " = %.9f USD\n", usd);
	}
}

static void add_cost(struct buf *b, struct json_val a)
{
	static const struct {
		const char *key, *says;
	} words[] = {
		{ "gentap.cost.source", "price" },
		{ "gentap.cost.model", "of the list's model" },
		{ "gentap.cost.price_date", "of" },
		{ "gentap.cost.tier", "tier" },
		{ "gentap.cost.missing", "not known because" },
	};
	double total = number(a, "gentap.cost.total"), saved = number(a, "gentap.cost.saved"),
	       computed = number(a, "gentap.cost.computed");

	buf_add_str(b, "  what it costs\n   ");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct json_val v = json_get(a, words[i].key);

		if (json_type(v) != JSON_STRING || !json_raw(v).len)
			continue;
		buf_printf(b, " %s ", words[i].says);
		add_str(b, v);
	}
	buf_add_char(b, '\n');
	add_lines(b, a);
	if (!isnan(total))
		buf_printf(b, "    total %s= %.9f USD\n",
			   json_is(json_get(a, "gentap.cost.source"), "provider")
				   ? "as the provider said "
				   : "",
			   total);
	if (!isnan(computed))
		buf_printf(b, "    by list price it would be %.9f USD\n", computed);
	if (saved > 0)
		buf_printf(b, "    the cache saved %.9f USD\n", saved);
}

/* ---- Calls --------------------------------------------------------------------------------- */

static bool is_wanted(const struct explain *e, const struct query_span *s, const char *hex)
{
	return s->class == CLASS_REQUEST && (!e->only || slice_starts(slice_from(hex), e->id));
}

static void explain_call(void *ctx, const struct query_span *s)
{
	struct explain *e = ctx;
	char hex[HEX_ID + 1];
	struct json j;

	hex_of(s->span_id, hex);
	if (!is_wanted(e, s, hex))
		return;
	json_init(&j);
	if (!json_parse(&j, s->attributes)) {
		buf_printf(&e->out, "%s%s  %.*s\n", e->seen++ ? "\n" : "", hex, SLICE_FMT(s->name));
		add_identity(e, json_root(&j));
		add_cost(&e->out, json_root(&j));
	}
	json_release(&j);
}

static void find_call(void *ctx, const struct query_span *s)
{
	struct explain *e = ctx;
	char hex[HEX_ID + 1];

	hex_of(s->span_id, hex);
	e->only |= s->class == CLASS_REQUEST && slice_starts(slice_from(hex), e->id);
}

int cmd_explain(const struct options *o)
{
	struct explain e = { .options = o,
			     .id = slice_from(o->args[0]),
			     .out = BUF_INIT(TEXT_MAX) };
	struct query_db *db = NULL;
	uint8_t trace_id[16];
	int r = reader_open(o, &db);

	if (r)
		return 1;
	r = query_find_trace(db, e.id, trace_id);
	if (!r)
		r = query_trace(db, trace_id, find_call, &e);
	if (r >= 0)
		r = query_trace(db, trace_id, explain_call, &e);
	query_close(db);
	if (r >= 0 && !e.seen)
		r = -ENOENT;
	if (r >= 0)
		r = buf_error(&e.out);
	if (!r && (fwrite(e.out.data, 1, e.out.len, stdout) != e.out.len || fflush(stdout)))
		r = -EIO;
	buf_release(&e.out);
	if (r)
		log_error("explain: %s: %s", o->args[0],
			  r == -ENOENT	   ? "no call of that id"
			  : r == -ENOTUNIQ ? "several ids begin like that; write more of it"
			  : r == -EINVAL   ? "an id is 4 to 32 hex digits, or 'last'"
					   : strerror(-r));
	return r ? 1 : 0;
}
