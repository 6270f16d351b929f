/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on stderr: "gentap: module: what failed: strerror key=value". Under systemd
 * (JOURNAL_STREAM set) each line starts with its <priority>. Never pass payload,
 * header values or anything else that came over a connection.
 *
 * Only sys, probe, the senders and main log. Where input can cause a line, use
 * LOG_RATE: ten a minute from that place, then a count of what was left out.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct log_rate {
	uint64_t window_ns;
	unsigned int count;
	unsigned int dropped;
};
bool log_rate_allows(struct log_rate *r);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#define LOG_RATE(level, ...)                                                                       \
	do {                                                                                       \
		static struct log_rate _rate;                                                      \
		if (log_rate_allows(&_rate))                                                       \
			log_line(level, __VA_ARGS__);                                              \
	} while (0)

#endif
