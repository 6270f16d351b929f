/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>

#define STEPS_MAX 10000
#define HEAP_MAX_KB 1024
#define TEXT_MAX 4096 /* of the expression */

struct pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

static int compile(struct pattern *p, struct slice text, bool ignore_case, char *ret_why,
		   size_t why_size)
{
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
			 (ignore_case ? PCRE2_CASELESS : 0);
	int why = PCRE2_ERROR_PATTERN_STRING_TOO_LONG;
	PCRE2_SIZE at;

	if (text.len <= TEXT_MAX)
		p->code = pcre2_compile((PCRE2_SPTR)text.data, text.len, flags, &why, &at, NULL);
	if (p->code)
		return 0;
	if (ret_why)
		pcre2_get_error_message(why, (PCRE2_UCHAR *)ret_why, why_size);
	return why == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -EINVAL;
}

int pattern_new(struct pattern **ret, struct slice text, bool ignore_case, char *ret_why,
		size_t why_size)
{
	struct pattern *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	r = compile(p, text, ignore_case, ret_why, why_size);
	if (!r) {
		p->data = pcre2_match_data_create(1, NULL);
		p->context = pcre2_match_context_create(NULL);
		r = p->data && p->context ? 0 : -ENOMEM;
	}
	if (r) {
		pattern_free(p);
		return r;
	}
	pcre2_set_match_limit(p->context, STEPS_MAX);
	pcre2_set_heap_limit(p->context, HEAP_MAX_KB);
	*ret = p;
	return 0;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_match_context_free(p->context);
	pcre2_match_data_free(p->data);
	pcre2_code_free(p->code);
	free(p);
}

int pattern_match(const struct pattern *p, struct slice text)
{
	int r = pcre2_match(p->code, (PCRE2_SPTR)(text.len ? text.data : ""), text.len, 0, 0,
			    p->data, p->context);

	if (r >= 0 || r == PCRE2_ERROR_NOMATCH)
		return r >= 0;
	return r == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -E2BIG;
}
