/* SPDX-License-Identifier: Apache-2.0 */
#include "settings_yaml.h"

#include "cleanup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <yaml.h>

#define LIST_MAX 256
#define NAME_LEN_MAX 64

struct reader {
	struct settings *settings;
	yaml_document_t *document;
	const char *path;
	settings_known_fn known;
	settings_names_fn names;
	struct buf *error;
};

static const char *text_of(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static int complain(const struct reader *r, const yaml_node_t *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int complain(const struct reader *r, const yaml_node_t *n, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_printf(r->error, "%s:%zu: %s", r->path, n ? n->start_mark.line + 1 : 1, text);
	return -EINVAL;
}

/* ---- What was meant -------------------------------------------------------------- */

/* Levenshtein: insertions, deletions and replacements between two short names. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_LEN_MAX + 1], n = strnlen(b, NAME_LEN_MAX);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] && i < NAME_LEN_MAX; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t replaced = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

struct guess {
	const char *word;
	const char *nearest;
	size_t distance;
};

static void consider(void *ctx, const char *name)
{
	struct guess *g = ctx;
	size_t d = distance(g->word, name);

	if (!g->nearest || d < g->distance) {
		g->nearest = name;
		g->distance = d;
	}
}

static int unknown_key(const struct reader *r, const yaml_node_t *key, struct guess *g)
{
	if (g->nearest && g->distance <= 1 + strlen(g->word) / 3)
		return complain(r, key, "unknown key '%s'; did you mean '%s'?", g->word,
				g->nearest);
	return complain(r, key, "unknown key '%s'; 'gentap run --help' lists them", g->word);
}

/* ---- identity -------------------------------------------------------------------- */

static const char *keep(struct settings *s, const char *text)
{
	return arena_copy(&s->arena, slice_from(text)).data;
}

static int push(struct settings *s, const char ***list, size_t *n, const char *text)
{
	const char **item = arena_push(&s->arena, list, n, sizeof(*item));

	if (!item)
		return -ENOMEM;
	*item = text ? keep(s, text) : NULL;
	return text && !*item ? -ENOMEM : 0;
}

/* {a: b, …} as a, b, …, NULL; with `joined` as "a=b", …, NULL. */
static int read_map(struct reader *r, const yaml_node_t *n, bool joined, const char *const **ret)
{
	const char **list = NULL;
	size_t count = 0;
	char both[1024];
	int e = 0;

	if (n->type != YAML_MAPPING_NODE)
		return complain(r, n, "this must be a mapping, as in {name: value}");
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start;
	     !e && p < n->data.mapping.pairs.top && count < LIST_MAX; p++) {
		const char *k = text_of(yaml_document_get_node(r->document, p->key));
		const char *v = text_of(yaml_document_get_node(r->document, p->value));

		if (!k || !v)
			return complain(r, n, "names and values must be plain words");
		snprintf(both, sizeof(both), "%s=%s", k, v);
		e = push(r->settings, &list, &count, joined ? both : k);
		if (!e && !joined)
			e = push(r->settings, &list, &count, v);
	}
	if (!e)
		e = push(r->settings, &list, &count, NULL);
	*ret = list;
	return e;
}

static void rule_names(void (*each)(void *ctx, const char *name), void *ctx)
{
	static const char *const names[] = { "set", "from", "match", "value", "map", "when" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		each(ctx, names[i]);
}

static int read_rule_member(struct reader *r, struct identity_rule *rule, const yaml_node_t *key,
			    const yaml_node_t *value)
{
	struct {
		const char *name;
		const char **text;
	} const texts[] = {
		{ "set", &rule->set },
		{ "from", &rule->from },
		{ "match", &rule->match },
		{ "value", &rule->value },
	};
	const char *name = text_of(key), *text = text_of(value);
	struct guess g = { .word = name ? name : "?" };

	for (size_t i = 0; name && i < ARRAY_LEN(texts); i++) {
		if (strcmp(name, texts[i].name) != 0)
			continue;
		if (!text)
			return complain(r, key, "'%s' must be one word", name);
		*texts[i].text = keep(r->settings, text);
		return *texts[i].text ? 0 : -ENOMEM;
	}
	if (name && !strcmp(name, "map"))
		return read_map(r, value, false, &rule->map);
	if (name && !strcmp(name, "when"))
		return read_map(r, value, true, &rule->when);
	rule_names(consider, &g);
	return unknown_key(r, key, &g);
}

/* Whether the rule means anything is tried at once: its line is known here. */
static int check_rule(struct reader *r, const yaml_node_t *n, const struct identity_rule *rule)
{
	const char *error = "cannot be used";
	struct identity *i = NULL;
	int e = identity_new(&i);

	if (!e)
		e = identity_add(i, rule, &error);
	if (e && e != -ENOMEM)
		e = complain(r, n, "%s", error);
	identity_free(i);
	return e;
}

static int read_rule(struct reader *r, const yaml_node_t *n)
{
	struct identity_rule rule = { 0 };
	struct setting_rule *item;
	char origin[PATH_MAX + 16];
	int e = 0;

	if (n->type != YAML_MAPPING_NODE)
		return complain(r, n, "a rule is a mapping with 'set' and 'from'");
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; !e && p < n->data.mapping.pairs.top;
	     p++)
		e = read_rule_member(r, &rule, yaml_document_get_node(r->document, p->key),
				     yaml_document_get_node(r->document, p->value));
	if (!e)
		e = check_rule(r, n, &rule);
	if (e)
		return e;
	item = arena_push(&r->settings->arena, &r->settings->rules, &r->settings->n_rules,
			  sizeof(*item));
	snprintf(origin, sizeof(origin), "%s:%zu", r->path, n->start_mark.line + 1);
	if (!item)
		return -ENOMEM;
	*item = (struct setting_rule){ rule, keep(r->settings, origin), r->settings->layers };
	return item->origin ? 0 : -ENOMEM;
}

static int read_identity(struct reader *r, const yaml_node_t *n)
{
	int e = 0;

	if (n->type != YAML_SEQUENCE_NODE)
		return complain(r, n, "'identity' is a list of rules");
	for (yaml_node_item_t *i = n->data.sequence.items.start;
	     !e && i < n->data.sequence.items.top; i++)
		e = read_rule(r, yaml_document_get_node(r->document, *i));
	return e;
}

/* ---- the file -------------------------------------------------------------------- */

static int add_value(struct reader *r, const yaml_node_t *key, const yaml_node_t *value)
{
	const char *text = text_of(value);
	char origin[PATH_MAX + 16];

	if (!text)
		return complain(r, value ? value : key, "'%s' must be a word or a list of words",
				text_of(key));
	snprintf(origin, sizeof(origin), "%s:%zu", r->path, value->start_mark.line + 1);
	return settings_add(r->settings, text_of(key), text, origin, r->settings->layers);
}

static int read_pair(struct reader *r, const yaml_node_t *key, const yaml_node_t *value)
{
	const char *name = text_of(key);
	struct guess g = { .word = name ? name : "?" };
	int e = 0;

	if (name && !strcmp(name, "identity"))
		return read_identity(r, value);
	if (!name || !r->known(name)) {
		r->names(consider, &g);
		consider(&g, "identity");
		return unknown_key(r, key, &g);
	}
	if (value->type != YAML_SEQUENCE_NODE)
		return add_value(r, key, value);
	for (yaml_node_item_t *i = value->data.sequence.items.start;
	     !e && i < value->data.sequence.items.top; i++)
		e = add_value(r, key, yaml_document_get_node(r->document, *i));
	return e;
}

static int read_document(struct reader *r)
{
	yaml_node_t *root = yaml_document_get_root_node(r->document);
	int e = 0;

	/* Nothing but comments is a file that says nothing. */
	if (!root || (root->type == YAML_SCALAR_NODE && !root->data.scalar.length))
		return 0;
	if (root->type != YAML_MAPPING_NODE)
		return complain(r, root, "this is not a mapping of settings, as in 'key: value'");
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     !e && p < root->data.mapping.pairs.top; p++)
		e = read_pair(r, yaml_document_get_node(r->document, p->key),
			      yaml_document_get_node(r->document, p->value));
	return e;
}

int settings_read_yaml(struct settings *s, FILE *f, const char *path, settings_known_fn known,
		       settings_names_fn names, struct buf *error)
{
	yaml_document_t document;
	struct reader r = { s, &document, path, known, names, error };
	yaml_parser_t parser;
	int e;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, f);
	if (yaml_parser_load(&parser, &document)) {
		e = read_document(&r);
		yaml_document_delete(&document);
	} else {
		e = -EINVAL;
		buf_printf(error, "%s:%zu: not YAML: %s", path, parser.problem_mark.line + 1,
			   parser.problem ? parser.problem : "cannot be read");
	}
	yaml_parser_delete(&parser);
	if (e == -ENOMEM)
		buf_printf(error, "%s: no memory", path);
	return e;
}
