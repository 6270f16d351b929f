/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include "attr_json.h"
#include "call.h"
#include "cleanup.h"
#include "semconv.h"

#include <errno.h>

#define WORD_MAX 1024 /* bytes; what is longer is cut in its column and whole in the JSON */

#define ROW_USUAL 1500 /* bytes of text that most rows have at most */

_Static_assert(F_COUNT <= 64, "struct row has a bit for each field");

/* What a run's span calls the sums of its calls. */
static const struct {
	const char *attr;
	enum field_id field;
} run_totals[] = {
	{ "gentap.run.input_tokens", F_INPUT },
	{ "gentap.run.output_tokens", F_OUTPUT },
	{ "gentap.run.cache_read_tokens", F_CACHED },
	{ "gentap.run.cache_write_tokens", F_CACHE_WRITE },
	{ "gentap.run.reasoning_tokens", F_REASONING },
	{ "gentap.run.cost", F_COST },
};

static void set_value(struct row *r, enum field_id f, int64_t v)
{
	r->values[f] = v;
	r->present |= UINT64_C(1) << f;
}

static void set_word(struct row *r, enum field_id f, struct slice s)
{
	if (!s.data)
		return;
	r->words[f] = arena_copy(&r->arena, slice_sub(s, 0, WORD_MAX));
	if (r->words[f].data)
		r->present |= UINT64_C(1) << f;
}

/* False: no number, or none that fits. */
static bool scaled(const struct attr *a, double scale, int64_t *ret)
{
	double v = a->type == ATTR_DOUBLE ? a->number
		   : a->type == ATTR_INT  ? (double)a->integer
					  : NAN;

	v *= scale;
	if (!(v > -9.2e18 && v < 9.2e18))
		return false;
	*ret = llround(v);
	return true;
}

/* False: the column cannot say what the attribute does; it goes to the JSON. */
static bool set_attr(struct row *r, enum field_id f, const struct attr *a)
{
	int64_t v;

	switch (fields[f].kind) {
	case FIELD_WORD:
		if (a->type == ATTR_STRINGS && a->strings.count)
			set_word(r, f, a->strings.items[0]);
		if (a->type != ATTR_STRING)
			return false;
		set_word(r, f, a->string);
		return a->string.len <= WORD_MAX;
	case FIELD_INT:
		if (a->type != ATTR_INT)
			return false;
		set_value(r, f, a->integer);
		return true;
	case FIELD_SECONDS:
	case FIELD_USD:
		if (!scaled(a, fields[f].kind == FIELD_USD ? 1e12 : 1e9, &v))
			return false;
		set_value(r, f, v);
		return true;
	default:
		return false;
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool set_run(struct row *r, const struct attr *a)
{
	char id[8];

	if (a->type != ATTR_STRING || a->string.len != 2 * sizeof(id))
		return false;
	for (size_t i = 0; i < sizeof(id); i++) {
		int high = hex_digit(a->string.data[2 * i]);
		int low = hex_digit(a->string.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		id[i] = (char)(high << 4 | low);
	}
	set_word(r, F_RUN, (struct slice){ id, sizeof(id) });
	return true;
}

bool row_derived(enum field_id f, int64_t span_class)
{
	switch (f) {
	case F_CLASS:
	case F_START:
	case F_DURATION:
	case F_ERROR:
	case F_MODEL:
	case F_TOTAL:
	case F_FINISH:	    /* stands in the JSON as a list */
	case F_CACHE_WRITE: /* and this by the name that the conventions of the span have */
	case F_KIND:
	case F_NAME:
	case F_PARENT:
	case F_SPAN:
	case F_TRACE:
	case F_PMODEL:
	case F_COST_GUESSED:
	case F_SERVICE:
	case F_COMM:
	case F_PID:
	case F_HOST:
		return true;
	case F_INPUT:
	case F_OUTPUT:
	case F_CACHED:
	case F_REASONING:
	case F_COST:
		return span_class == CLASS_AGENT;
	default:
		return false;
	}
}

static enum span_class class_of(const struct span *s)
{
	static const struct {
		const char *op;
		enum span_class class;
	} ops[] = {
		{ "chat", CLASS_REQUEST },
		{ "generate_content", CLASS_REQUEST },
		{ "text_completion", CLASS_REQUEST },
		{ "embeddings", CLASS_REQUEST },
		{ "invoke_agent", CLASS_AGENT },
		{ "execute_tool", CLASS_TOOL },
	};
	const struct attr *op = span_attr(s, ATTR_OPERATION_NAME);

	/* An MCP call says execute_tool as well, inside the span of the tool. */
	if (span_attr(s, "mcp.method.name"))
		return CLASS_MCP;
	/* All that is asked of a provider: reranking costs, too, and so does an agent that it
	 * runs, which says invoke_agent. What is fetched was asked for by another call. */
	if (s->call && s->call->op != OP_FETCH_RESPONSE)
		return CLASS_REQUEST;
	for (size_t i = 0; op && op->type == ATTR_STRING && i < ARRAY_LEN(ops); i++)
		if (slice_eq(op->string, slice_from(ops[i].op)))
			return ops[i].class;
	if (op)
		return CLASS_OTHER;
	return s->kind == SPAN_SERVER ? CLASS_HTTP : CLASS_EFFECT;
}

static enum field_id field_for(enum span_class class, const char *key)
{
	for (size_t i = 0; class == CLASS_AGENT && i < ARRAY_LEN(run_totals); i++)
		if (!strcmp(key, run_totals[i].attr))
			return run_totals[i].field;
	return field_of_attr(slice_from(key));
}

/* What stands in the JSON, and is kept beside it as well. */
static void set_text(struct row *r, const struct attr *a)
{
	const struct {
		const char *attr;
		struct slice *to;
	} texts[] = { { ATTR_GENTAP_TASK, &r->task }, { ATTR_AGENT_VERSION, &r->version } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!strcmp(a->key, texts[i].attr))
			*texts[i].to = arena_copy(&r->arena, a->string);
}

static void set_attrs(struct row *r, const struct span *s, struct buf *rest)
{
	enum span_class class = (enum span_class)r->values[F_CLASS];

	for (size_t i = 0; i < s->n_attrs; i++) {
		const struct attr *a = &s->attrs[i];
		enum field_id f = field_for(class, a->key);

		if (f == F_RUN && set_run(r, a))
			continue;
		if (f == F_NONE && a->type == ATTR_STRING)
			set_text(r, a);
		if (f != F_NONE && f != F_RUN && set_attr(r, f, a) && !row_derived(f, class))
			continue;
		buf_add_str(rest, rest->len ? "," : "{");
		attr_json_member(rest, a, true);
	}
}

/* "provider/model": one model may cost differently at two providers. */
static void set_provider_model(struct row *r)
{
	struct slice provider = r->words[F_PROVIDER], model = r->words[F_MODEL];
	char text[512];
	int n;

	if (!provider.data || !model.data)
		return;
	n = snprintf(text, sizeof(text), "%.*s/%.*s", SLICE_FMT(provider), SLICE_FMT(model));
	set_word(r, F_PMODEL, (struct slice){ text, MIN((size_t)n, sizeof(text) - 1) });
}

/* What of the cost is by a likely price, or for counts that are estimated: all or nothing. */
static void set_guessed(struct row *r)
{
	bool guessed = slice_eq(r->words[F_COST_SOURCE], SLICE("fallback")) ||
		       slice_eq(r->words[F_USAGE_SOURCE], SLICE("estimated"));

	if (r->values[F_CLASS] == CLASS_REQUEST && row_has(r, F_COST))
		set_value(r, F_COST_GUESSED, guessed ? r->values[F_COST] : 0);
}

static void set_derived(struct row *r)
{
	struct slice model = r->words[F_RESPONSE_MODEL];
	bool whole = row_has(r, F_INPUT) && row_has(r, F_OUTPUT);

	set_word(r, F_MODEL, model.data ? model : r->words[F_REQUEST_MODEL]);
	set_provider_model(r);
	set_guessed(r);
	/* Embeddings have no output to count. */
	if (whole || (row_has(r, F_INPUT) && slice_eq(r->words[F_OP], SLICE("embeddings"))))
		set_value(r, F_TOTAL, r->values[F_INPUT] + r->values[F_OUTPUT]);
}

static void set_process(struct row *r, const struct process *p)
{
	struct row_resource *to = &r->resource;
	const char *exe, *name;

	if (!p)
		return;
	exe = p->exe ? strrchr(p->exe, '/') : NULL;
	name = exe ? exe + 1 : p->comm;
	*to = (struct row_resource){ .pid = p->pid, .start_ns = p->start_ns };
	to->comm = arena_copy(&r->arena, slice_from(p->comm));
	to->exe = arena_copy(&r->arena, slice_from(p->exe));
	to->cmdline = arena_copy(&r->arena, slice_from(p->cmdline));
	to->cwd = arena_copy(&r->arena, slice_from(p->cwd));
	to->owner = arena_copy(&r->arena, slice_from(p->owner));
	to->cgroup = arena_copy(&r->arena, slice_from(p->cgroup));
	to->container_id = arena_copy(&r->arena, slice_from(p->container_id));
	to->service_name = arena_copy(&r->arena, slice_from(p->service_name));
	to->attributes = arena_copy(&r->arena, slice_from(p->resource_attributes));
	set_value(r, F_PID, p->pid);
	set_word(r, F_COMM, slice_from(name));
	if (!row_has(r, F_SERVICE))
		set_word(r, F_SERVICE, to->service_name.data ? to->service_name : slice_from(name));
	if (!row_has(r, F_CONTAINER))
		set_word(r, F_CONTAINER, to->container_id);
}

static void set_span(struct row *r, const struct span *s)
{
	static const uint8_t none[8];

	set_value(r, F_CLASS, class_of(s));
	set_value(r, F_START, (int64_t)s->start_ns);
	set_value(r, F_DURATION, s->end_ns > s->start_ns ? (int64_t)(s->end_ns - s->start_ns) : 0);
	set_value(r, F_ERROR, s->error);
	set_value(r, F_KIND, s->kind);
	set_word(r, F_NAME, s->name);
	set_word(r, F_TRACE, (struct slice){ (const char *)s->trace_id, sizeof(s->trace_id) });
	set_word(r, F_SPAN, (struct slice){ (const char *)s->span_id, sizeof(s->span_id) });
	if (memcmp(s->parent_id, none, sizeof(none)))
		set_word(r, F_PARENT,
			 (struct slice){ (const char *)s->parent_id, sizeof(s->parent_id) });
	r->status_message = arena_copy(&r->arena, s->status_message);
}

int row_new(struct row **ret, const struct span *s, struct slice host_name)
{
	_cleanup_(buf_cleanup) struct buf rest = BUF_INIT(ROW_MAX / 2);
	struct arena arena;
	struct row *r;

	arena_init(&arena, ROW_MAX);
	arena.first = sizeof(*r) + ROW_USUAL;
	r = arena_alloc(&arena, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->arena = arena;
	set_span(r, s);
	set_attrs(r, s, &rest);
	set_derived(r);
	set_process(r, s->process);
	if (!row_has(r, F_HOST))
		set_word(r, F_HOST, host_name);
	if (rest.len) {
		buf_add_char(&rest, '}');
		r->rest = arena_copy(&r->arena, buf_slice(&rest));
	}
	if (buf_error(&rest) || r->arena.failed) {
		int e = buf_error(&rest) == -ENOBUFS || r->arena.used > ROW_MAX / 2 ? -E2BIG
										    : -ENOMEM;

		row_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void row_free(struct row *r)
{
	struct arena arena;

	if (!r)
		return;
	arena = r->arena;
	arena_release(&arena);
}
