/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe points: which of the kernel's programs goes to which instruction of a file. What
 * every locator returns.
 */
#ifndef LOCATE_POINTS_H
#define LOCATE_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One per program of bpf/; the order is that of the table in kern.c. Programs for returns
 * come last: they are attached first. */
enum point_role {
	ROLE_OPENSSL_WRITE,	 /* entry; the call returns the length */
	ROLE_OPENSSL_WRITE_OUT4, /* entry; the length goes where argument 4 points */
	ROLE_OPENSSL_WRITE_OUT5,
	ROLE_OPENSSL_READ,
	ROLE_OPENSSL_READ_OUT4,
	ROLE_BORINGSSL_WRITE,
	ROLE_BORINGSSL_READ,
	ROLE_GNUTLS_WRITE,
	ROLE_GNUTLS_READ,
	ROLE_NSS_WRITE,
	ROLE_NSS_READ,
	ROLE_OTHER_WRITE, /* (object, buffer, length), by libraries without a source of their own */
	ROLE_OTHER_READ,
	ROLE_GO_WRITE,	    /* entry */
	ROLE_GO_WRITE_ROOM, /* the branch that is taken for want of stack */
	ROLE_GO_READ,	    /* entry */
	ROLE_GO_READ_COPY,  /* the call of memmove that hands the bytes over */
	ROLE_GO_CLOSE,
	ROLE_JAVA_TAP,	/* plaintext that our agent in a JVM hands over */
	ROLE_AEAD_SEAL, /* of whole records, by AWS-LC's functions */
	ROLE_AEAD_SEAL_SCATTER,
	ROLE_AEAD_OPEN,
	ROLE_AEAD_OPEN_GATHER,
	ROLE_RING_SEAL, /* of whole records, by ring's functions: arguments are found out */
	ROLE_RING_OPEN,
	ROLE_GO_READ_RETURN,
	ROLE_RING_OPEN_RETURN,
	ROLE_AEAD_OPEN_RETURN,
	ROLE_RETURN, /* the result is in the return register */
	ROLE_FREE,   /* argument 1 is no connection any more */
	ROLE_MAX,
};

struct point {
	enum point_role role;
	bool at_return;	 /* a return probe (uretprobe) of the function at the offset */
	uint64_t offset; /* into the file */
};

#define POINTS_MAX 48

struct points {
	size_t n;
	struct point point[POINTS_MAX];
};

static inline void points_add(struct points *p, enum point_role role, bool at_return,
			      uint64_t offset)
{
	if (p->n < POINTS_MAX)
		p->point[p->n++] = (struct point){ role, at_return, offset };
}

#endif
