/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The only contract between the kernel programs (bpf/) and the agent, and the unit
 * of a recorded trace. Floor 0: fixed-width types and static asserts, nothing else.
 *
 * A connection is (tgid, ptr, gen): ptr is the TLS object (SSL *, rustls
 * CommonState *, Go *tls.Conn) or the socket, gen tells apart two objects that lived
 * at the same address one after the other. Never the thread.
 *
 * Each direction of a connection is a stream of bytes with positions. `pos` is the
 * position of the record's first byte, counted from the first byte that the probe
 * saw. It advances by what the process really transferred, copied or not: so the
 * gap between the end of one record and the pos of the next is exactly what was
 * lost. `seq` counts records of a direction, submitted or refused: a gap in it is
 * loss even where no byte was.
 *
 * A call (SSL_write, SSL_read) longer than GENTAP_CHUNK_MAX is a chain of records
 * with the same call_len; FIRST and LAST mark its ends.
 */
#ifndef GENTAP_EVENT_H
#define GENTAP_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define GENTAP_ABI_VERSION 1

#define GENTAP_CHUNK_MAX 16384	    /* payload bytes of the largest record */
#define GENTAP_CALL_CHUNKS_MAX 2048 /* records of one call: 32 MiB; the rest is a counted hole */

enum gentap_event_type {
	GENTAP_EV_DATA = 1,  /* payload: bytes of the stream */
	GENTAP_EV_CLOSE = 2, /* the object was freed or its socket closed; no payload. Where the
			      * streams end: pos is that of WRITE, call_len that of READ */
	GENTAP_EV_BIND = 3,  /* payload: struct gentap_bind; which socket carries the connection */
	GENTAP_EV_HELLO = 4, /* ptr is the socket; payload: its first bytes, a ClientHello */
	/* For agent/probe alone; never recorded. About a process: tgid is all they carry. */
	GENTAP_EV_HOT = 128,	  /* it makes many calls on ignored connections */
	GENTAP_EV_CONNECT = 129,  /* it opens a TCP connection, and is GENTAP_WATCH_PARKED */
	GENTAP_EV_NO_STDIO = 130, /* its standard streams carry no MCP */
};

enum gentap_dir {
	GENTAP_WRITE = 0, /* the process sends */
	GENTAP_READ = 1,  /* the process receives */
};

/* How the bytes were seen. */
enum gentap_source {
	GENTAP_SRC_OPENSSL = 1,
	GENTAP_SRC_BORINGSSL = 2,
	GENTAP_SRC_GO = 3,
	GENTAP_SRC_RUSTLS = 4, /* aws-lc or ring AEAD under rustls */
	GENTAP_SRC_GNUTLS = 5,
	GENTAP_SRC_NSS = 6,
	GENTAP_SRC_JAVA = 7,
	GENTAP_SRC_SOCKET = 8, /* plain TCP */
	GENTAP_SRC_PIPE = 9,   /* standard input (READ) and output of a process */
	GENTAP_SRC_HAR = 10,   /* not captured: made from a HAR file */
	GENTAP_SRC_OTHER = 11, /* another TLS library: s2n, mbedTLS, wolfSSL */
};

enum gentap_event_flags {
	GENTAP_F_FIRST = 1,	  /* first record of its call */
	GENTAP_F_LAST = 2,	  /* last record of its call */
	GENTAP_F_NOCOPY = 4,	  /* the bytes could not be read: data_len is 0 and they are lost */
	GENTAP_F_MIDSTREAM = 8,	  /* the object was in use before it was first seen */
	GENTAP_F_KERNEL_TLS = 32, /* on a socket, which the kernel encrypts */
	GENTAP_F_REDACTED = 16,	  /* written by a recorder: secrets are masked, see tracefile.h */
};

struct gentap_event {
	__u8 type;   /* enum gentap_event_type */
	__u8 dir;    /* enum gentap_dir */
	__u8 source; /* enum gentap_source */
	__u8 flags;  /* enum gentap_event_flags */
	__u32 tid;
	__u64 ts_ns; /* CLOCK_BOOTTIME: entry of the call for writes, its return for reads */
	__u64 ptr;
	__u64 gen;
	__u32 tgid;
	__u32 seq;
	__u64 pos;
	__u64 call_len; /* bytes the call really transferred */
	__u32 data_len; /* payload bytes behind this header */
	__u32 reserved; /* 0 */
};

#ifdef __cplusplus
#define GENTAP_STATIC_ASSERT static_assert
#else
#define GENTAP_STATIC_ASSERT _Static_assert
#endif

GENTAP_STATIC_ASSERT(sizeof(struct gentap_event) == 64, "record header is 64 bytes");
GENTAP_STATIC_ASSERT(__builtin_offsetof(struct gentap_event, tgid) == 32, "no padding");
GENTAP_STATIC_ASSERT(__builtin_offsetof(struct gentap_event, data_len) == 56, "no padding");

/* Payload of GENTAP_EV_BIND. Addresses in network order; IPv4 in the first 4 bytes. For
 * standard streams (GENTAP_SRC_PIPE) the family is AF_UNIX (1), and sock the tgid of the process
 * at their other end; nothing else is set. For a plain socket of that family sock is the kernel's,
 * and the name of the other end follows: GENTAP_UNIX_PATH_MAX bytes at most, a path without its NUL
 * or, from a NUL on, an abstract name. */
#define GENTAP_UNIX_PATH_MAX 108

struct gentap_bind {
	__u64 sock;  /* the kernel's socket, the ptr of HELLO and of plain-socket records */
	__u8 family; /* AF_INET (2), AF_INET6 (10) or AF_UNIX (1) */
	__u8 reserved[3];
	__u16 local_port; /* host order */
	__u16 peer_port;  /* host order */
	__u8 local_addr[16];
	__u8 peer_addr[16];
};

GENTAP_STATIC_ASSERT(sizeof(struct gentap_bind) == 48, "bind payload is 48 bytes");

/* What userspace tells the kernel of a connection. */
enum gentap_verdict {
	GENTAP_UNKNOWN = 0, /* send everything, up to the budget */
	GENTAP_WANTED = 1,  /* send everything */
	GENTAP_IGNORED = 2, /* send nothing; peek 8 bytes at a call that may start a request */
};

/* What the socket programs do about a process, map `watched`. None: nothing. */
enum gentap_watch {
	GENTAP_WATCH_ON = 1,	 /* bind its connections to their sockets */
	GENTAP_WATCH_PARKED = 2, /* no probe is attached; tell of outgoing connections */
	GENTAP_WATCH_HELLO = 3,	 /* left out by the filter: tell of its ClientHellos */
};

/* Whether a record must wake the consumer of the ring. The agent writes IDLE before it
 * sleeps without a timer and POLLS whenever it reads; the kernel writes the rest. */
enum gentap_consumer {
	GENTAP_CONSUMER_POLLS = 0, /* it will look within milliseconds: do not wake it */
	GENTAP_CONSUMER_IDLE = 1,  /* the next record wakes it */
	GENTAP_CONSUMER_URGED = 2, /* was woken because much is unread */
};

/* Per-CPU counters of what went wrong in the kernel, map `stats`. */
enum gentap_stat {
	GENTAP_STAT_EVENTS,    /* records submitted */
	GENTAP_STAT_BYTES,     /* payload bytes submitted */
	GENTAP_STAT_RING_FULL, /* records refused by a full ring */
	GENTAP_STAT_RING_FULL_BYTES,
	GENTAP_STAT_READ_FAULT,	       /* user memory that could not be read */
	GENTAP_STAT_CALL_TRUNC,	       /* calls longer than GENTAP_CALL_CHUNKS_MAX records */
	GENTAP_STAT_OVER_BUDGET,       /* bytes not sent because no verdict came in time */
	GENTAP_STAT_NO_ENTRY,	       /* returns whose entry was not seen */
	GENTAP_STAT_CONN_FULL,	       /* connection map refused an entry */
	GENTAP_STAT_IGNORED_CALLS,     /* calls on ignored connections */
	GENTAP_STAT_CONNS,	       /* connections seen */
	GENTAP_STAT_UNREADABLE,	       /* plain transfers by io_uring, sendfile or the like */
	GENTAP_STAT_UNSEEN_STATEMENTS, /* to databases, beyond what is looked at for tools */
	GENTAP_STAT_MAX,
};

#endif
