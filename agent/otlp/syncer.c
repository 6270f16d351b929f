/* SPDX-License-Identifier: Apache-2.0 */
#include "syncer.h"

#include "cleanup.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

struct syncer {
	aio_context_t aio;
	int event;
	size_t pending;
	int error;
};

int syncer_new(struct syncer **ret)
{
	struct syncer *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return -ENOMEM;
	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->event < 0 || syscall(SYS_io_setup, SYNCER_FILES_MAX, &s->aio))
		r = -errno;
	if (r) {
		syncer_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void syncer_free(struct syncer *s)
{
	if (!s)
		return;
	if (s->aio)
		syscall(SYS_io_destroy, s->aio);
	if (s->event >= 0)
		close(s->event);
	free(s);
}

int syncer_fd(const struct syncer *s)
{
	return s->event;
}

int syncer_start(struct syncer *s, const int *fds, size_t n)
{
	struct iocb requests[SYNCER_FILES_MAX] = { 0 }, *list[SYNCER_FILES_MAX];
	long r;

	if (s->pending)
		return -EBUSY;
	n = MIN(n, ARRAY_LEN(list));
	for (size_t i = 0; i < n; i++) {
		list[i] = &requests[i];
		requests[i].aio_lio_opcode = IOCB_CMD_FDSYNC;
		requests[i].aio_fildes = (uint32_t)fds[i];
		requests[i].aio_flags = IOCB_FLAG_RESFD;
		requests[i].aio_resfd = (uint32_t)s->event;
	}
	r = syscall(SYS_io_submit, s->aio, n, list);
	if (r < 0)
		return -errno;
	s->pending = (size_t)r;
	/* It took a part: the others were not synced. */
	s->error = (size_t)r < n ? -EAGAIN : 0;
	return 0;
}

int syncer_reap(struct syncer *s)
{
	struct io_event done[SYNCER_FILES_MAX];
	struct timespec now = { 0 };
	uint64_t count;
	long n;

	if (!s->pending)
		return 0;
	/* Level-triggered: what it counts is of no use. */
	if (read(s->event, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	n = syscall(SYS_io_getevents, s->aio, 0, SYNCER_FILES_MAX, done, &now);
	for (long i = 0; i < n; i++)
		if (done[i].res < 0)
			s->error = (int)done[i].res;
	s->pending -= n > 0 ? (size_t)n : 0;
	if (s->pending)
		return 0;
	return s->error ? s->error : 1;
}
