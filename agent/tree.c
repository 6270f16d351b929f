/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include "cleanup.h"
#include "semconv.h"

#include <errno.h>
#include <math.h>
#include <sys/ioctl.h>

#define NAMES_MAX (64u * 1024 * 1024)
#define TEXT_MAX (64u * 1024 * 1024)

void tree_init(struct tree *t)
{
	*t = (struct tree){ 0 };
	arena_init(&t->names, NAMES_MAX);
}

void tree_release(struct tree *t)
{
	arena_release(&t->names);
	free(t->rows);
	tree_init(t);
}

static struct slice str_of(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_STRING ? a->string : SLICE_NONE;
}

static int64_t int_of(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_INT ? a->integer : -1;
}

static double double_of(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_DOUBLE ? a->number : NAN;
}

static enum waterfall_kind kind_of(const struct span *s)
{
	struct slice op = str_of(s, ATTR_OPERATION_NAME);

	if (s->call)
		return WATERFALL_CALL;
	if (span_attr(s, "mcp.method.name"))
		return WATERFALL_MCP;
	if (slice_eq(op, SLICE("invoke_agent")))
		return WATERFALL_AGENT;
	return slice_eq(op, SLICE("execute_tool")) ? WATERFALL_TOOL : WATERFALL_OTHER;
}

static bool grow(struct tree *t)
{
	size_t size = t->size ? 2 * t->size : 64;
	struct waterfall_row *rows;

	if (t->count < t->size)
		return true;
	if (t->count >= WATERFALL_ROWS_MAX)
		return false;
	rows = realloc(t->rows, size * sizeof(*rows));
	if (!rows)
		return false;
	t->rows = rows;
	t->size = size;
	return true;
}

static void set_figures(struct waterfall_row *r, const struct span *s)
{
	bool run = r->kind == WATERFALL_AGENT;
	double ttft = double_of(s, ATTR_RESPONSE_TTFC);

	r->input = int_of(s, run ? "gentap.run.input_tokens" : ATTR_USAGE_INPUT);
	r->output = int_of(s, run ? "gentap.run.output_tokens" : ATTR_USAGE_OUTPUT);
	r->cost = double_of(s, run ? "gentap.run.cost" : "gentap.cost.total");
	r->cost_is_bound = int_of(s, "gentap.run.cost.unknown_calls") > 0;
	if (!isnan(ttft))
		r->first_token_ns = s->start_ns + (uint64_t)(ttft * 1e9);
}

void tree_add(struct tree *t, const struct span *s)
{
	struct waterfall_row *r;
	struct slice error;

	if (!grow(t)) {
		t->left_out++;
		return;
	}
	r = &t->rows[t->count++];
	error = str_of(s, ATTR_ERROR_TYPE);
	*r = (struct waterfall_row){
		.kind = kind_of(s),
		.name = arena_copy(&t->names, s->name),
		.start_ns = s->start_ns,
		.end_ns = s->end_ns,
		.error = s->error ? arena_copy(&t->names, error.data ? error : SLICE("error"))
				  : SLICE_NONE,
		.inferred = arena_copy(&t->names, str_of(s, ATTR_GENTAP_INFERRED)),
		.partial = slice_eq(str_of(s, ATTR_GENTAP_COMPLETENESS), SLICE("partial")),
	};
	memcpy(r->trace_id, s->trace_id, sizeof(r->trace_id));
	memcpy(r->id, s->span_id, sizeof(r->id));
	memcpy(r->parent, s->parent_id, sizeof(r->parent));
	set_figures(r, s);
}

static bool says_utf8(const char *locale)
{
	return locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

/* The first of the three that is set decides, as in setlocale(3). */
static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *v = getenv(names[i]);

		if (v && *v)
			return says_utf8(v);
	}
	return false;
}

int tree_print(struct tree *t, FILE *out)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(TEXT_MAX);
	struct waterfall_style style = {
		.utf8 = is_utf8(),
		.colour = isatty(fileno(out)) && !getenv("NO_COLOR"),
	};
	struct winsize size;
	int r;

	if (!ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		style.width = size.ws_col;
	r = waterfall_print(&text, t->rows, t->count, &style);
	if (r)
		return r;
	if (t->left_out)
		buf_printf(&text, "and %llu spans more\n", (unsigned long long)t->left_out);
	if (text.len && fwrite(text.data, 1, text.len, out) != text.len)
		return -EIO;
	return fflush(out) ? -errno : 0;
}
