/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may talk to the page: the rules, as pure functions over header values.
 *
 * A page on another origin can make a browser send requests to a loopback port, and a
 * name that it controls can be pointed at 127.0.0.1 (DNS rebinding). So: the Host header
 * must name this machine as its owner named it, an Origin must be that same host, and
 * every request carries a secret of this start, first in the URL, then as a cookie.
 */
#ifndef UI_GUARD_H
#define UI_GUARD_H

#include "slice.h"

#define GUARD_HOSTS_MAX 16

struct guard {
	struct slice token;		     /* at least 16 characters */
	struct slice cookie;		     /* name of the cookie that holds it */
	struct slice hosts[GUARD_HOSTS_MAX]; /* names allowed beside loopback, without port */
	size_t n_hosts;
};

struct guard_request {
	struct slice host; /* header values as they came; absent when not sent */
	struct slice origin;
	struct slice fetch_site; /* Sec-Fetch-Site */
	struct slice cookie;
	struct slice authorization;
	struct slice token; /* of the query string */
	bool writes;	    /* a method that changes something */
};

enum guard_verdict {
	GUARD_OK,
	GUARD_FRESH,  /* the token came in the URL: turn it into a cookie */
	GUARD_HOST,   /* the Host header names somebody else */
	GUARD_ORIGIN, /* another site's page asks */
	GUARD_TOKEN,  /* no token, or a wrong one */
};

/* The host without its port and brackets; absent when it is malformed. */
struct slice guard_host_name(struct slice host);
/* The value of a cookie by name; absent when there is none. Format: RFC 6265, 4.2. */
struct slice guard_cookie_value(struct slice header, struct slice name);
/* Takes the same time wherever they differ. */
bool guard_same_secret(struct slice a, struct slice b);
enum guard_verdict guard_judge(const struct guard *g, const struct guard_request *r);

#endif
