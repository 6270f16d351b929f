/* SPDX-License-Identifier: Apache-2.0 */
#include "slab_use.h"

#include "query_attr.h"

#include <errno.h>
#include <stdlib.h>

struct slab_use {
	const struct query_attr *of;
	const struct slab_attr *attr;
	struct group_value as[SLAB_SPANS]; /* of each of its values; VALUE_NULL: not made yet */
};

int slab_uses_need(struct slab_uses *u, struct slab_attrs *attrs, const struct query_attr *a)
{
	struct slab_use *use = u->n < SLAB_USES_MAX ? calloc(1, sizeof(*use)) : NULL;

	if (!use)
		return -ENOMEM;
	u->list[u->n++] = use;
	use->of = a;
	use->attr = slab_attrs_need(attrs, a->json_path);
	return use->attr ? 0 : -ENOMEM;
}

void slab_uses_release(struct slab_uses *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->list[i]);
	u->n = 0;
}

void slab_uses_reset(struct slab_uses *u)
{
	for (size_t i = 0; i < u->n; i++)
		memset(u->list[i]->as, 0, u->list[i]->attr->n_values * sizeof(*u->list[i]->as));
}

static int make_value(struct query_groups *g, const struct slab_value *v, struct group_value *ret)
{
	int64_t bits = v->integer;

	switch (v->type) {
	case SLAB_TEXT:
	case SLAB_JSON:
		bits = groups_text(g, v->text);
		if (bits < 0)
			return -ENOMEM;
		*ret = (struct group_value){ bits, VALUE_TEXT };
		return 0;
	case SLAB_REAL:
		memcpy(&bits, &v->real, sizeof(bits));
		*ret = (struct group_value){ bits, VALUE_REAL };
		return 0;
	default:
		*ret = (struct group_value){ v->type == SLAB_INT ? bits : v->type == SLAB_TRUE,
					     VALUE_NUMBER };
		return 0;
	}
}

int slab_uses_value(struct slab_uses *u, struct query_groups *g, const struct query_attr *a,
		    size_t row, struct group_value *ret)
{
	struct slab_use *use = u->list[0];
	struct group_value *as;
	size_t code;
	int r = 0;

	for (size_t i = 1; use->of != a; i++)
		use = u->list[i];
	code = use->attr->codes[row];
	*ret = (struct group_value){ 0 };
	if (!code)
		return 0;
	as = &use->as[code - 1];
	if (as->tag == VALUE_NULL)
		r = make_value(g, &use->attr->values[code - 1], as);
	if (!r)
		*ret = *as;
	return r;
}
