/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people call a container, whose id alone stands in its cgroup. No engine is asked:
 * podman's name is an argument of the conmon that the container's first process is a child
 * of, Docker's is in the file that it keeps for the container. Another engine's, or one that
 * cannot be read, is not known.
 *
 * Formats: conmon(8), -c ID -n NAME; Docker's /var/lib/docker/containers/ID/config.v2.json.
 */
#ifndef SYS_CONTAINER_NAME_H
#define SYS_CONTAINER_NAME_H

#include "buf.h"
#include "process.h"

#define CONTAINER_NAME_MAX 256

/* Of a process with a container_id. 0 and the name, added; -ENOENT, -ENOMEM. */
int container_name_read(const struct process *p, struct buf *ret);

/* The parts, lent by what they are read from; absent when they do not say. */
struct slice container_name_of_conmon(struct slice arguments, struct slice id);
struct slice container_name_of_docker(struct slice config);

#endif
