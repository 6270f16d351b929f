/* SPDX-License-Identifier: Apache-2.0 */
#include "retry.h"

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "pb.h"

#include <errno.h>
#include <time.h>

#define DETAILS_MAX 65536
#define DATE_MAX 40 /* bytes of the longest form, "Wednesday, 09-Nov-94 08:49:37 GMT", and some */

enum retry_verdict retry_verdict(int status)
{
	switch (status) {
	case 0:
	case 429:
	case 502:
	case 503:
	case 504:
		return RETRY_AGAIN;
	case 413:
		return RETRY_SPLIT;
	default:
		return status >= 200 && status < 300 ? RETRY_DONE : RETRY_REFUSED;
	}
}

/* google/rpc/code.proto. RESOURCE_EXHAUSTED is what a collector says that is too busy, with
 * RetryInfo, and one to which the request is too large. */
enum retry_verdict retry_verdict_grpc(int status, bool retry_info, struct slice message)
{
	switch (status) {
	case 0:
		return RETRY_DONE;
	case 1:	 /* CANCELLED */
	case 4:	 /* DEADLINE_EXCEEDED */
	case 10: /* ABORTED */
	case 11: /* OUT_OF_RANGE */
	case 14: /* UNAVAILABLE */
	case 15: /* DATA_LOSS */
		return RETRY_AGAIN;
	case 8: /* RESOURCE_EXHAUSTED */
		return retry_info ? RETRY_AGAIN
		       : slice_find(message, SLICE("larger than max")) >= 0 ||
				       slice_find(message, SLICE("larger%20than%20max")) >= 0
			       ? RETRY_SPLIT
			       : RETRY_REFUSED;
	default:
		return RETRY_REFUSED;
	}
}

/* RetryInfo{1: google.protobuf.Duration{1: seconds, 2: nanos}} */
static int64_t info_ms(struct slice info)
{
	struct pb_field f, d;
	uint64_t seconds = 0, nanos = 0;

	while (pb_next(&info, &f) > 0) {
		if (f.number != 1 || f.type != PB_LEN)
			continue;
		while (pb_next(&f.data, &d) > 0) {
			if (d.number == 1 && d.type == PB_VARINT)
				seconds = d.value;
			else if (d.number == 2 && d.type == PB_VARINT)
				nanos = d.value;
		}
	}
	/* Negative ones are huge here. */
	if (seconds > INT64_MAX / 1000 || nanos >= NSEC_PER_SEC)
		return 0;
	seconds = seconds * 1000 + nanos / NSEC_PER_MSEC;
	return seconds > INT64_MAX ? INT64_MAX : (int64_t)seconds;
}

/* google.rpc.Status{3: google.protobuf.Any{1: type_url, 2: value}*} */
int64_t retry_info_ms(struct slice details)
{
	_cleanup_(buf_cleanup) struct buf status = BUF_INIT(DETAILS_MAX);
	struct pb_field f, a;
	struct slice rest;

	if (buf_add_base64(&status, details))
		return -1;
	rest = buf_slice(&status);
	while (pb_next(&rest, &f) > 0) {
		struct slice type = SLICE_NONE, value = SLICE_NONE;

		if (f.number != 3 || f.type != PB_LEN)
			continue;
		while (pb_next(&f.data, &a) > 0) {
			if (a.number == 1 && a.type == PB_LEN)
				type = a.data;
			else if (a.number == 2 && a.type == PB_LEN)
				value = a.data;
		}
		if (slice_ends(type, SLICE("/google.rpc.RetryInfo")))
			return info_ms(value);
	}
	return -1;
}

static int64_t parse_date(struct slice value)
{
	/* RFC 9110 section 5.6.7: the last two are obsolete and have to be understood. */
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT",
					     "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y" };
	char text[DATE_MAX];

	if (value.len >= sizeof(text))
		return -1;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end)
			return timegm(&tm);
	}
	return -1;
}

int64_t retry_after_ms(struct slice value, uint64_t wall_ns)
{
	const uint64_t seconds_max = INT64_MAX / 1000;
	uint64_t seconds, now = wall_ns / NSEC_PER_SEC;
	int64_t date;
	int r;

	value = slice_trim(value);
	r = slice_u64(value, &seconds);
	/* A number that is too large for any integer still means: not for long. */
	if (r == -ERANGE)
		return INT64_MAX;
	if (!r)
		return seconds > seconds_max ? INT64_MAX : (int64_t)(seconds * 1000);
	date = value.len ? parse_date(value) : -1;
	if (date < 0)
		return -1;
	return (uint64_t)date > now ? (int64_t)(((uint64_t)date - now) * 1000) : 0;
}

uint64_t retry_backoff_ms(uint64_t base_ms, uint64_t max_ms, unsigned int n, uint32_t random)
{
	uint64_t wait = n < 32 && base_ms <= max_ms >> n ? base_ms << n : max_ms;

	wait -= (uint64_t)((double)wait * 0.5 * ((double)random / UINT32_MAX));
	return wait ? wait : 1;
}
