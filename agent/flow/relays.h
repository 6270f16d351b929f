/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are answering a call of a model at present? What they ask a model themselves
 * meanwhile may be nothing but that call, passed on.
 */
#ifndef FLOW_RELAYS_H
#define FLOW_RELAYS_H

#include "table.h"

#include <stdbool.h>
#include <stdint.h>

#define RELAYS_PROCESSES_MAX 4096 /* more are not looked at */

struct flow_relays {
	struct table counts; /* tgid → how many */
};

void flow_relays_init(struct flow_relays *r);
void flow_relays_release(struct flow_relays *r);
bool flow_relays_begin(struct flow_relays *r, uint32_t tgid); /* false: not counted */
void flow_relays_end(struct flow_relays *r, uint32_t tgid);   /* of one that was counted */
unsigned int flow_relays_now(const struct flow_relays *r, uint32_t tgid); /* how many? */

#endif
