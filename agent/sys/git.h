/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which repository and branch a directory belongs to, read from .git itself: no git is
 * run, nothing is executed. Formats: gitrepository-layout(5), git-config(1).
 */
#ifndef SYS_GIT_H
#define SYS_GIT_H

#include "buf.h"

struct git {
	struct buf name;   /* of the repository: the remote's last part, else the directory's */
	struct buf url;	   /* of the remote "origin", without user and password; may be empty */
	struct buf branch; /* empty: detached */
	struct buf commit; /* empty: on a branch */
};

void git_init(struct git *g);
void git_release(struct git *g);

/* The repository around `directory`, as the process sees it. 0; -ENOENT: none; or -errno. */
int git_read(struct git *g, uint32_t pid, const char *directory);

/* Of the text of HEAD: "ref: refs/heads/NAME" or a hash. Into branch or commit. */
void git_parse_head(struct git *g, struct slice text);
/* Of the text of config: the url of [remote "origin"]. */
void git_parse_config(struct git *g, struct slice text);

#endif
