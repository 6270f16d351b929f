/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of a process. Every read has a ceiling; what is longer is cut. A
 * process that vanishes meanwhile is an ordinary -ESRCH.
 *
 * The parsers take what was read, know nothing of files, and accept any bytes: comm and
 * arguments are chosen by the process.
 *
 * Format: proc(5).
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include "buf.h"
#include "process.h"
#include "slice.h"

/* Everything of struct process that can be read; what cannot (another user's without
 * privilege, a kernel thread's exe) stays NULL. 0, -ESRCH, -ENOMEM. */
int proc_read(struct process **ret, uint32_t pid);

struct proc_stat {
	struct slice comm; /* in the input */
	char state;	   /* R, S, Z … */
	uint32_t ppid;
	uint64_t flags; /* PF_… of the kernel's sched.h */
	uint64_t threads;
	uint64_t start_ticks; /* since boot */
};

#define PROC_FLAG_EXITING 0x4
#define PROC_FLAG_KTHREAD 0x200000

/* /proc/PID/stat; -EBADMSG when it does not look like one. */
int proc_parse_stat(struct slice text, struct proc_stat *ret);
uint64_t proc_ticks_to_ns(uint64_t ticks);
/* comm is in the buffer, which 1024 bytes suffice for. */
int proc_read_stat(uint32_t pid, struct proc_stat *ret, char *buffer, size_t size);

/* The file name of the process's executable; -ESRCH also for kernel threads. NUL-
 * terminated, without " (deleted)"; cut at size. */
int proc_read_exe(uint32_t pid, char *buffer, size_t size);
int proc_read_comm(uint32_t pid, char *buffer, size_t size);
/* What a descriptor refers to: a path, pipe:[INODE], socket:[INODE]. */
int proc_read_fd(uint32_t pid, int fd, char *buffer, size_t size);
/* Do both run in one memory, as after vfork? False too when that cannot be told (kcmp(2)). */
bool proc_shares_memory(uint32_t pid, uint32_t other);
/* Effective uid. */
int proc_read_uid(uint32_t pid, uint32_t *ret);

/* The effective uid in /proc/PID/status; -EBADMSG. */
int proc_parse_status_uid(struct slice text, uint32_t *ret);

/* The value of a variable in /proc/PID/environ; absent when not set. */
struct slice proc_find_env(struct slice environ_block, const char *name);

/* One line of /proc/PID/maps. */
struct proc_mapping {
	uint64_t start, end;
	bool executable;
	uint64_t offset;
	uint64_t dev; /* makedev() */
	uint64_t inode;
	struct slice path; /* absent when none; " (deleted)" is cut off; \012 is a newline */
};
int proc_parse_mapping(struct slice line, struct proc_mapping *ret); /* 0 or -EBADMSG */

/* Opens a path as the process sees it, for reading; its symlinks never lead out of its
 * root, and a pipe does not block. A file descriptor, or -errno. */
int proc_open_path(uint32_t pid, const char *path);
/* All variables of the process's environment, as one block of NUL-terminated strings, cut at
 * the buffer's ceiling. 0 or -errno. */
int proc_read_environ(uint32_t pid, struct buf *ret);
/* Opens, for reading, the file behind a mapping of a process, though it be deleted or in
 * another mount namespace. Never blocks on a pipe. A file descriptor, or -errno:
 * -ENOENT when the file at that path is not the one that is mapped and the mapping is gone,
 * -EPERM when /proc/PID/map_files would be needed and CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE is missing. */
int proc_open_mapping(uint32_t pid, const char *path, uint64_t start, uint64_t end, uint64_t inode);

#endif
