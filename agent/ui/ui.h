/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page: a process of its own that reads the store and answers browsers. It opens
 * what it needs, gives up its rights (sandbox.h), then serves until SIGTERM or SIGINT.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stddef.h>

#define UI_TOKEN_LEN 32
#define UI_PORT 4777

struct ui_config {
	const char *db;
	const char *dashboards;	  /* folder, made when missing; NULL: none */
	const char *token;	  /* NULL: a new one */
	const char *const *hosts; /* names beside loopback that may be asked for */
	size_t n_hosts;
	const char *settings; /* JSON, see api.h; NULL */
	const char *label;    /* a banner; NULL */
	int listen_fd;	      /* taken */
	int with_parent;      /* ends when the process that started it does */
};

/* A socket on "ADDR:PORT", "ADDR", ":PORT" or "PORT"; without a port 4777 or, when that is
 * taken, one of the twenty after it. -EINVAL: no address; or what bind said. */
int ui_listen(const char *address, int *ret_fd);
/* Random, hex, NUL-terminated. 0 or -errno. */
int ui_new_token(char to[UI_TOKEN_LEN + 1]);
/* "http://127.0.0.1:4777/?token=…" of a listening socket. */
int ui_url(int fd, const char *token, char *to, size_t size);
/* Blocks. 0 after a signal, or -errno with a line on stderr. */
int ui_serve(const struct ui_config *config);

#endif
