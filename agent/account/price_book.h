/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The price lists in force, best first: the user's own (--prices), one that was dropped
 * in beside the agent, the one it was built with. Files may be replaced at any time:
 * price_book_refresh() takes the new one, and a file that cannot be read leaves the old
 * list in force.
 */
#ifndef ACCOUNT_PRICE_BOOK_H
#define ACCOUNT_PRICE_BOOK_H

#include "price_table.h"

#include <sys/stat.h>

#define PRICE_FILE_BYTES_MAX (32 * 1024 * 1024)

struct price_file {
	const char *path; /* NULL: none; lent for the book's life */
	struct stat seen;
	struct price_table *table; /* NULL: not read */
};

struct price_book {
	struct price_file user, dropped;
	struct price_table *builtin;
	const struct price_table *order[3];
	size_t count;
};

/* `user` must be readable, `dropped` need not exist; either may be NULL. 0 or -errno
 * (-EBADMSG: no price list), with *ret_path the file in question or NULL. */
int price_book_init(struct price_book *b, const char *user, const char *dropped,
		    const char **ret_path);
void price_book_release(struct price_book *b);
/* Reads again what has changed. 1: something did; 0: nothing; -errno with *ret_path. */
int price_book_refresh(struct price_book *b, const char **ret_path);

#endif
