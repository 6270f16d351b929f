/* SPDX-License-Identifier: Apache-2.0 */
#include "retry.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <time.h>

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
