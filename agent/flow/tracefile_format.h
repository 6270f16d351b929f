/* SPDX-License-Identifier: Apache-2.0 */
/* What writer and reader of a trace agree on beyond tracefile.h; included by these two. */
#ifndef FLOW_TRACEFILE_FORMAT_H
#define FLOW_TRACEFILE_FORMAT_H

#include "gentap_event.h"

#define TRACEFILE_MAGIC "gentap\n" /* and its NUL */
#define TRACEFILE_VERSION 2
#define TRACEFILE_VERSION_OLDEST 1 /* its records are read the same way */

enum tracefile_frame {
	TRACEFILE_RECORD = 1,
	TRACEFILE_PROCESS = 2,
	TRACEFILE_EXIT = 3,
	TRACEFILE_EXEC = 4,
	TRACEFILE_END = 5,
};

struct tracefile_header {
	char magic[8];
	__u32 version;
	__u32 abi;
	__s64 boot_to_wall_ns;
	__u8 reserved[16];
};

struct tracefile_frame_head {
	__u32 type;
	__u32 len;
};

struct tracefile_exit {
	__u32 tgid;
	__u32 reserved;
	__u64 ts_ns;
};

struct tracefile_end {
	__u64 records;
	__u64 lost;
	__u64 bare;
	__u64 lost_records; /* since version 2 */
};

GENTAP_STATIC_ASSERT(sizeof(struct tracefile_header) == 40, "header is 40 bytes");
GENTAP_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they are");

#endif
