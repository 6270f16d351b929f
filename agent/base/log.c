/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include "clock.h"

#include <stdarg.h>

#define RATE_WINDOW_NS UINT64_C(60000000000)
#define RATE_LINES 10

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	max_level = level;
}

enum log_level log_get_level(void)
{
	return max_level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const priority[] = { "<3>", "<4>", "<6>", "<7>" };
	char line[1024];
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One write a line, so that lines of several threads do not mix. */
	fprintf(stderr, "%sgentap: %s\n", getenv("JOURNAL_STREAM") ? priority[level] : "", line);
}

bool log_rate_allows(struct log_rate *r)
{
	uint64_t now = clock_mono_ns();

	if (now - r->window_ns > RATE_WINDOW_NS) {
		if (r->dropped)
			log_line(LOG_LEVEL_WARN, "log: lines left out in the last minute count=%u",
				 r->dropped);
		*r = (struct log_rate){ .window_ns = now };
	}
	if (r->count < RATE_LINES) {
		r->count++;
		return true;
	}
	r->dropped++;
	return false;
}
