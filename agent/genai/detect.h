/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose API is this? By path, which gateways keep under any prefix; by the shape of the
 * body where the path says nothing; the host only names the provider (genai.md 4.1).
 *
 * A provider that speaks a known dialect is one row of detect.c's table; a dialect is
 * one file and one row. Everything returned is static.
 */
#ifndef GENAI_DETECT_H
#define GENAI_DETECT_H

#include "call.h"
#include "decoder.h"
#include "http.h"
#include "json.h"

struct dialect;

/* How a provider's counts differ from the API it copies. */
enum provider_quirk {
	PROVIDER_REASONING_ADDS = 1, /* reasoning tokens are not in completion_tokens */
	PROVIDER_CITATIONS_ADD = 2,  /* nor are citation tokens */
	PROVIDER_CACHE_MAY_ADD = 8,  /* cached tokens are not always in prompt_tokens */
	PROVIDER_OWN_API = 4,	     /* bodies that look like another's API there are not */
};

struct provider {
	const char *name; /* gen_ai.provider.name */
	const char *host; /* pattern: '*' stands for any run of characters */
	const char *path; /* the same, or NULL: any */
	uint16_t port;	  /* 0: any */
	unsigned int quirks;
};

/* NULL: nothing is known of that host. */
const struct provider *detect_provider(struct slice host, uint16_t port, struct slice path);
/* What response headers prove about an unknown host's upstream; NULL: nothing. */
const char *detect_upstream(const struct http_head *response);

/* The dialect that knows this path; *ret_op OP_NONE: not an operation to report. An
 * absent method, of a head that was not all read, counts as POST. NULL: no dialect's. */
const struct dialect *detect_path(struct slice method, struct slice path, enum operation *ret_op);
/* The same of a head, of which not the path alone may tell. */
const struct dialect *detect_request(const struct http_head *head, enum operation *ret_op);
const struct dialect *detect_shape(struct json_val request);
const struct dialect *detect_response_shape(struct json_val response);

/* What a body, or its beginning, shows by one of the two above. Which bytes it takes to
 * turn one down does not depend on how they arrived: all of them when it is whole, else
 * the first DETECT_BODY_MAX. Parses into *doc. *ret: NULL unless it is WANTED. */
#define DETECT_BODY_MAX (64 * 1024)
enum decoder_verdict detect_body(struct json *doc, struct slice text, bool whole,
				 const struct dialect *(*detect)(struct json_val),
				 const struct dialect **ret);

/* Splits "host:port" (RFC 3986; an IPv6 literal loses its brackets); port 0: none. */
struct slice detect_host(struct slice authority, uint16_t *ret_port);
/* The path of a request target, without query and trailing slash; lent. */
struct slice detect_target_path(struct slice target);
/* A parameter of its query; raw, absent when it has none of that name. */
struct slice detect_target_query(struct slice target, struct slice name);
/* The authority of an absolute-form target; absent for other forms. */
struct slice detect_target_authority(struct slice target);
/* The deployment or model that the path names; raw, absent when it names none. */
struct slice detect_path_model(struct slice path);
/* Does a Content-Type name JSON (application/json, or any +json)? */
bool detect_is_json(struct slice content_type);

#endif
