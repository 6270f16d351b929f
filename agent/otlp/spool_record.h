/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a record of a spool's segment, as spool.h has it. Pure. */
#ifndef OTLP_SPOOL_RECORD_H
#define OTLP_SPOOL_RECORD_H

#include "slice.h"

#define RECORD_HEAD_LEN 24
#define RECORD_STATE_AT 4
#define RECORD_DELIVERED 1
#define RECORD_CONTENT_MAX (64 * 1024 * 1024)

struct record_head {
	bool delivered;
	uint32_t len;
	uint32_t units;
	uint32_t content_sum;
};

uint32_t record_sum(struct slice content);
void record_head_write(uint8_t to[RECORD_HEAD_LEN], const struct record_head *h);
/* 0; -EBADMSG: it is none. */
int record_head_read(const uint8_t from[RECORD_HEAD_LEN], struct record_head *ret);

#endif
