/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own numbers, for /metrics: what each stage took in, and what was lost there. */
#ifndef LIVE_VALUES_H
#define LIVE_VALUES_H

#include "expose.h"

/* A scrape_own_fn; `live` is a struct live that runs. */
size_t live_values(void *live, struct expose_value *to);

#endif
