/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as APIs report them: in the body of a failed request, in a body with status
 * 200, or in the middle of a stream. error.type becomes the provider's own code where
 * it names one, else its type, else the HTTP status.
 */
#ifndef GENAI_API_ERROR_H
#define GENAI_API_ERROR_H

#include "call.h"
#include "json.h"

#define API_ERROR_MESSAGE_MAX 1024 /* bytes of a message that is kept */

/* {"error": {…}}, {"error": "…"}, the same in an array. True when there was one;
 * "error": null is none. */
bool api_error_in(struct call *c, struct json_val root);
/* An error object itself: {code, type, status, message}. Sets error_type "_OTHER" when
 * it names nothing. */
void api_error_set(struct call *c, struct json_val error);
/* A response with status 400 or above; root is JSON_NONE when its body is no JSON, and
 * `text` then is what there is of it. `named`: what a header calls the error, or absent. */
void api_error_response(struct call *c, struct json_val root, struct slice text,
			struct slice named);

#endif
