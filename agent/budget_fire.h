/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whom a budget names that it is crossed: a command, a webhook, both. */
#ifndef BUDGET_FIRE_H
#define BUDGET_FIRE_H

#include "budget.h"

const char *budget_level_name(enum budget_level level); /* fine, warn, over */
void budget_add_json(struct buf *out, const struct budget *b, const struct budget_state *s);
/* Once for each level of each period; what failed is tried again at the next check. Waits for
 * the command half a minute, which is then killed, and for the webhook some seconds. 0 or -errno,
 * after a line in the log. */
int budget_fire(const char *path, struct budget *b, const struct budget_state *s);

#endif
