/* SPDX-License-Identifier: Apache-2.0 */
/* Name-based UUIDs, version 5 (RFC 9562 section 5.5). Pure. */
#ifndef OTLP_UUID_H
#define OTLP_UUID_H

#include "slice.h"

#define UUID_STR_SIZE 37 /* with its NUL */

void sha1(struct slice data, uint8_t ret[20]);
/* The namespace's 16 bytes and a name; names longer than UUID_NAME_MAX are cut. */
#define UUID_NAME_MAX 4096
void uuid_v5(const uint8_t ns[16], struct slice name, char ret[UUID_STR_SIZE]);

#endif
