/* SPDX-License-Identifier: Apache-2.0 */
#include "har.h"

#include "cleanup.h"
#include "json.h"

#include <errno.h>
#include <time.h>

#define BODY_MAX (64 * 1024 * 1024)
#define NSEC UINT64_C(1000000000)

/* Everything that one entry's exchange points into. */
struct entry {
	struct arena arena;
	struct buf request_body, response_body, text;
};

static void entry_release(struct entry *e)
{
	arena_release(&e->arena);
	buf_release(&e->request_body);
	buf_release(&e->response_body);
	buf_release(&e->text);
}

static struct slice keep_str(struct entry *e, struct json_val v)
{
	buf_reset(&e->text, 64 * 1024);
	if (json_str(v, &e->text))
		return SLICE_NONE;
	return arena_copy(&e->arena, buf_slice(&e->text));
}

static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	struct tm tm = { .tm_year = (int)y - 1900, .tm_mon = (int)m - 1, .tm_mday = (int)d };

	return timegm(&tm) / 86400;
}

/* `digits` decimal digits off the front of *s. */
static int take_number(struct slice *s, size_t digits, char behind, uint64_t *ret)
{
	if (slice_u64(slice_sub(*s, 0, digits), ret) || s->len < digits)
		return -EINVAL;
	*s = slice_sub(*s, digits, s->len);
	if (!behind)
		return 0;
	if (!s->len || (s->data[0] != behind && !(behind == 'T' && s->data[0] == ' ')))
		return -EINVAL;
	*s = slice_sub(*s, 1, s->len);
	return 0;
}

/* "Z", "+hh:mm", "-hhmm" or nothing, in seconds east of UTC. */
static int take_zone(struct slice s, int64_t *ret)
{
	uint64_t h, m = 0;
	bool west = s.len && s.data[0] == '-';

	*ret = 0;
	if (!s.len || slice_eq_nocase(s, SLICE("Z")))
		return 0;
	if (s.data[0] != '+' && s.data[0] != '-')
		return -EINVAL;
	s = slice_sub(s, 1, s.len);
	if (take_number(&s, 2, 0, &h))
		return -EINVAL;
	if (s.len && s.data[0] == ':')
		s = slice_sub(s, 1, s.len);
	if (s.len && take_number(&s, 2, 0, &m))
		return -EINVAL;
	*ret = (int64_t)(h * 3600 + m * 60) * (west ? -1 : 1);
	return 0;
}

/* ISO 8601 as HAR writes it: 2026-11-22T23:43:50.123+01:00. */
static int parse_time(struct slice s, uint64_t *ret_ns)
{
	uint64_t y, mo, d, h, mi, sec, frac = 0, scale = NSEC;
	int64_t zone, total;

	if (take_number(&s, 4, '-', &y) || take_number(&s, 2, '-', &mo) ||
	    take_number(&s, 2, 'T', &d) || take_number(&s, 2, ':', &h) ||
	    take_number(&s, 2, ':', &mi) || take_number(&s, 2, 0, &sec))
		return -EINVAL;
	if (s.len && s.data[0] == '.') {
		for (s = slice_sub(s, 1, s.len); s.len && s.data[0] >= '0' && s.data[0] <= '9';
		     s = slice_sub(s, 1, s.len)) {
			scale /= 10;
			frac += scale * (uint64_t)(s.data[0] - '0');
		}
	}
	if (take_zone(s, &zone) || mo < 1 || mo > 12 || d < 1 || d > 31 || y < 1970 || y > 2262)
		return -EINVAL;
	total = days_from_civil((int64_t)y, (int64_t)mo, (int64_t)d) * 86400 +
		(int64_t)(h * 3600 + mi * 60 + sec) - zone;
	if (total < 0)
		return -EINVAL;
	*ret_ns = (uint64_t)total * NSEC + frac;
	return 0;
}

static int read_fields(struct entry *e, struct json_val list, struct http_head *head)
{
	struct http_field *fields = NULL;
	size_t n = 0;

	for (struct json_val v = json_first(list); v.doc && n < HTTP_FIELDS_MAX; v = json_next(v)) {
		struct slice name = keep_str(e, json_get(v, "name"));
		struct slice value = keep_str(e, json_get(v, "value"));
		struct http_field *f;

		if (!name.len || !value.data)
			continue;
		if (slice_eq(name, SLICE(":authority")))
			head->authority = value;
		if (name.data[0] == ':')
			continue;
		f = arena_push(&e->arena, &fields, &n, sizeof(*fields));
		if (!f)
			return -ENOMEM;
		*f = (struct http_field){ name, value };
	}
	head->fields = fields;
	head->n_fields = n;
	return e->arena.failed ? -ENOMEM : 0;
}

static int version_of(struct entry *e, struct json_val v)
{
	struct slice s = keep_str(e, v);

	if (slice_ends(s, SLICE("1.0")))
		return 10;
	if (slice_starts_nocase(s, SLICE("h2")) || slice_find(s, SLICE("/2")) >= 0)
		return 20;
	return slice_starts_nocase(s, SLICE("h3")) || slice_find(s, SLICE("/3")) >= 0 ? 30 : 11;
}

/* https://host:port/path?query → authority and target. */
static void split_url(struct slice url, struct http_head *head)
{
	ssize_t scheme = slice_find(url, SLICE("://"));
	ssize_t slash;

	if (scheme >= 0) {
		head->scheme = slice_sub(url, 0, (size_t)scheme);
		url = slice_sub(url, (size_t)scheme + 3, url.len);
		slash = slice_find_char(url, '/');
		if (!head->authority.data)
			head->authority = slice_sub(url, 0, slash < 0 ? url.len : (size_t)slash);
		url = slash < 0 ? SLICE("/") : slice_sub(url, (size_t)slash, url.len);
	}
	slash = slice_find_char(url, '#');
	head->target = slash < 0 ? url : slice_sub(url, 0, (size_t)slash);
}

/* postData.text, or a form made again from postData.params. */
static int read_request_body(struct entry *e, struct json_val post)
{
	struct json_val text = json_get(post, "text"), params = json_get(post, "params");

	if (json_type(text) == JSON_STRING) {
		if (!json_is(json_get(post, "encoding"), "base64"))
			return json_str(text, &e->request_body);
		buf_reset(&e->text, 64 * 1024);
		return json_str(text, &e->text)
			       ?: buf_add_base64(&e->request_body, buf_slice(&e->text));
	}
	for (struct json_val v = json_first(params); v.doc; v = json_next(v)) {
		if (e->request_body.len)
			buf_add_char(&e->request_body, '&');
		json_str(json_get(v, "name"), &e->request_body);
		buf_add_char(&e->request_body, '=');
		json_str(json_get(v, "value"), &e->request_body);
	}
	return buf_error(&e->request_body);
}

static int read_response_body(struct entry *e, struct json_val content)
{
	struct json_val text = json_get(content, "text");

	if (json_type(text) != JSON_STRING)
		return 0;
	if (!json_is(json_get(content, "encoding"), "base64"))
		return json_str(text, &e->response_body);
	buf_reset(&e->text, 64 * 1024);
	return json_str(text, &e->text) ?: buf_add_base64(&e->response_body, buf_slice(&e->text));
}

/* Does the body open as its coding's format does? Brotli has no magic: a body that
 * begins as JSON or an event stream was decoded. */
static bool is_coded(struct slice coding, struct slice body)
{
	unsigned char a = body.len > 0 ? (unsigned char)body.data[0] : 0;
	unsigned char b = body.len > 1 ? (unsigned char)body.data[1] : 0;

	if (slice_find(coding, SLICE("gzip")) >= 0)
		return a == 0x1f && b == 0x8b;
	if (slice_find(coding, SLICE("zstd")) >= 0)
		return a == 0x28 && b == 0xb5;
	if (slice_find(coding, SLICE("deflate")) >= 0)
		return (a & 0x0f) == 8 && (a * 256 + b) % 31 == 0;
	body = slice_trim(body);
	return body.len && !strchr("{[<:", body.data[0]) && !slice_starts(body, SLICE("data:")) &&
	       !slice_starts(body, SLICE("event:"));
}

static void drop_coding(struct http_head *head, struct slice body)
{
	struct http_field *fields = (struct http_field *)head->fields;

	for (size_t i = 0; i < head->n_fields; i++)
		if (slice_eq_nocase(fields[i].name, SLICE("content-encoding")) &&
		    !is_coded(fields[i].value, body))
			fields[i].value = SLICE("identity");
}

static int read_exchange(struct entry *e, struct json_val v, struct pipeline_exchange *x)
{
	struct json_val request = json_get(v, "request"), response = json_get(v, "response");
	double ms = 0, wait = 0, send = 0;
	int64_t status = 0;
	int r;

	if (json_type(request) != JSON_OBJECT || json_type(response) != JSON_OBJECT ||
	    parse_time(keep_str(e, json_get(v, "startedDateTime")), &x->start_ns))
		return -EBADMSG;
	r = read_fields(e, json_get(request, "headers"), &x->request) ?:
	    read_fields(e, json_get(response, "headers"), &x->response) ?:
	    read_request_body(e, json_get(request, "postData")) ?:
	    read_response_body(e, json_get(response, "content"));
	if (r && r != -ENOENT)
		return r;
	x->request.method = keep_str(e, json_get(request, "method"));
	x->request.version = version_of(e, json_get(request, "httpVersion"));
	split_url(keep_str(e, json_get(request, "url")), &x->request);
	json_i64(json_get(response, "status"), &status);
	x->response.response = true;
	x->response.status = (int)status;
	x->response.version = version_of(e, json_get(response, "httpVersion"));
	x->request_body = buf_slice(&e->request_body);
	x->response_body = buf_slice(&e->response_body);
	drop_coding(&x->request, x->request_body);
	drop_coding(&x->response, x->response_body);
	json_f64(json_get(v, "time"), &ms);
	json_f64(json_path(v, "timings.wait"), &wait);
	json_f64(json_path(v, "timings.send"), &send);
	ms = ms > 0 && ms < 1e12 ? ms : 0;
	wait = MAX(wait, 0) + MAX(send, 0);
	x->end_ns = x->start_ns + (uint64_t)(ms * 1e6);
	x->response_ns = x->start_ns + (uint64_t)((wait > 0 && wait < ms ? wait : ms) * 1e6);
	return x->request.method.len && x->request.target.len ? 0 : -EBADMSG;
}

static int feed_entry(struct pipeline *p, struct json_val v, uint64_t number)
{
	_cleanup_(entry_release) struct entry e = {
		.request_body = BUF_INIT(BODY_MAX),
		.response_body = BUF_INIT(BODY_MAX),
		.text = BUF_INIT(BODY_MAX * 2),
	};
	struct pipeline_exchange x = { .number = number };
	int r;

	arena_init(&e.arena, 4 * 1024 * 1024);
	r = read_exchange(&e, v, &x);
	return r ? r : pipeline_exchange(p, &x);
}

int har_feed(struct pipeline *p, struct slice text, size_t *ret_skipped, const char **ret_error)
{
	struct json doc;
	struct json_val entries;
	size_t skipped = 0;
	int fed = 0, r;

	json_init(&doc);
	r = json_parse(&doc, text);
	entries = json_path(json_root(&doc), "log.entries");
	if (r || json_type(entries) != JSON_ARRAY) {
		*ret_error = r == -ENOMEM ? "no memory"
			     : r	  ? "not JSON"
					  : "not a HAR file: it has no log.entries";
		json_release(&doc);
		return r ? r : -EBADMSG;
	}
	for (struct json_val v = json_first(entries); v.doc; v = json_next(v)) {
		if (feed_entry(p, v, (uint64_t)fed + skipped))
			skipped++;
		else
			fed++;
	}
	/* A file that was cut off: its last entry was not whole. */
	skipped += json_truncated(&doc);
	json_release(&doc);
	*ret_skipped = skipped;
	return fed;
}
