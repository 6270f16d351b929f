/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The price list that the agent was built with: JSON for price_table_new(), from the
 * npm package @pydantic/genai-prices (MIT), its version pinned in prices/package.json.
 */
#ifndef ACCOUNT_PRICE_BUILTIN_H
#define ACCOUNT_PRICE_BUILTIN_H

#include "slice.h"

struct slice price_builtin(void); /* static */

#endif
