/* SPDX-License-Identifier: Apache-2.0 */
/* Which calls stand in a database already? An agent that starts does not give their ids again. */
#ifndef STORE_RECENT_H
#define STORE_RECENT_H

#include <stddef.h>
#include <stdint.h>

/* each() with the ids of the last `max` calls of models that were stored, oldest first. 0; what
 * schema_open_readonly() gives, -ENOENT among it; or another -errno. */
int recent_calls(const char *path, size_t max, void (*each)(void *ctx, const uint8_t span_id[8]),
		 void *ctx);

#endif
