/* SPDX-License-Identifier: Apache-2.0 */
#include "spool.h"

#include "cleanup.h"
#include "log.h"
#include "spool_record.h"
#include "syncer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEGMENT_MIN (64 * 1024)
#define SEGMENT_MAX (16 * 1024 * 1024)
#define SEGMENTS_MAX 4096

struct segment {
	uint64_t number;
	int fd;
	uint64_t size;
	uint64_t at;	/* of the first record that may still wait */
	uint64_t units; /* that wait */
	bool dirty;	/* written to since its last sync began */
};

struct spool {
	int dir;
	uint64_t bytes_max;
	uint64_t segment_max;
	struct segment segments[SEGMENTS_MAX]; /* oldest first */
	size_t n;
	bool peeked; /* the record at segments[0].at is with the caller */
	struct record_head head;
	struct syncer *syncer; /* NULL: there is none */
	bool dirty;	       /* the directory */
	uint64_t syncing;      /* bytes that the sync under way is of */
	struct spool_stats stats;
};

/* -EBADMSG: there is no whole record; or -errno. */
static int read_head(const struct segment *s, uint64_t at, struct record_head *ret)
{
	uint8_t bytes[RECORD_HEAD_LEN];
	struct record_head h;
	ssize_t n = pread(s->fd, bytes, sizeof(bytes), (off_t)at);

	if (n < 0)
		return -errno;
	if (n != RECORD_HEAD_LEN || record_head_read(bytes, &h) ||
	    at + RECORD_HEAD_LEN + h.len > s->size)
		return -EBADMSG;
	*ret = h;
	return 0;
}

/* ---- Segments ------------------------------------------------------------------------------ */

static void segment_name(char to[32], uint64_t number)
{
	snprintf(to, 32, "%08llu.seg", (unsigned long long)number);
}

/* ---- Syncing ------------------------------------------------------------------------------- */

static void start_sync(struct spool *s)
{
	int fds[SYNCER_FILES_MAX];
	size_t n = 0, i = 0;

	if (!s->syncer)
		return;
	if (s->dirty)
		fds[n++] = s->dir;
	for (; i < s->n && n < ARRAY_LEN(fds); i++)
		if (s->segments[i].dirty)
			fds[n++] = s->segments[i].fd;
	if (!n || syncer_start(s->syncer, fds, n))
		return;
	s->dirty = false;
	while (i-- > 0)
		s->segments[i].dirty = false;
	s->syncing = s->stats.unsynced;
}

void spool_synced(struct spool *s)
{
	int r = s->syncer ? syncer_reap(s->syncer) : 0;

	if (!r)
		return;
	if (r < 0)
		s->stats.sync_failures++;
	else
		s->stats.unsynced -= MIN(s->syncing, s->stats.unsynced);
	s->syncing = 0;
	start_sync(s);
}

int spool_fd(const struct spool *s)
{
	return s->syncer ? syncer_fd(s->syncer) : -1;
}

/* Takes it out of the list, and its file away. */
static void segment_remove(struct spool *s, size_t i)
{
	struct segment *segment = &s->segments[i];
	char name[32];

	segment_name(name, segment->number);
	unlinkat(s->dir, name, 0);
	close(segment->fd);
	s->stats.units -= segment->units;
	s->stats.bytes -= segment->size;
	s->stats.unsynced = MIN(s->stats.unsynced, s->stats.bytes);
	s->dirty = true;
	s->n--;
	memmove(segment, segment + 1, (s->n - i) * sizeof(*segment));
}

/* Opens the file and goes through its records; what is torn at its end is cut off. */
static int segment_load(struct spool *s, uint64_t number)
{
	_cleanup_close_ int fd = -1;
	struct segment found = { .number = number };
	struct record_head h;
	struct stat st;
	uint64_t at = 0;
	char name[32];
	int r;

	if (s->n == SEGMENTS_MAX)
		return -ENOSPC;
	segment_name(name, number);
	fd = openat(s->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	found.fd = fd;
	found.size = (uint64_t)st.st_size;
	found.at = found.size;
	while (!(r = at < found.size ? read_head(&found, at, &h) : -ENODATA)) {
		if (!h.delivered) {
			found.units += h.units;
			found.at = MIN(found.at, at);
		}
		at += RECORD_HEAD_LEN + h.len;
	}
	if (r == -EBADMSG) {
		s->stats.damaged++;
		if (ftruncate(fd, (off_t)at))
			return -errno;
		found.size = at;
		found.at = MIN(found.at, at);
	} else if (r != -ENODATA) {
		return r;
	}
	TAKE_FD(fd);
	s->segments[s->n++] = found;
	s->stats.units += found.units;
	s->stats.bytes += found.size;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int load(struct spool *s)
{
	uint64_t numbers[SEGMENTS_MAX];
	size_t n = 0;
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d)
		return -errno;
	for (struct dirent *e; n < SEGMENTS_MAX && (e = readdir(d));) {
		struct slice name = slice_from(e->d_name), number = slice_cut(&name, '.');

		if (slice_eq(name, SLICE("seg")) && !slice_u64(number, &numbers[n]))
			n++;
	}
	closedir(d);
	qsort(numbers, n, sizeof(numbers[0]), by_number);
	for (size_t i = 0; !r && i < n; i++)
		r = segment_load(s, numbers[i]);
	/* Delivered ones that a SIGKILL left. */
	for (size_t i = s->n; i-- > 0;)
		if (!s->segments[i].units)
			segment_remove(s, i);
	return r;
}

static int segment_new(struct spool *s)
{
	uint64_t number = s->n ? s->segments[s->n - 1].number + 1 : 1;
	char name[32];
	int fd;

	if (s->n == SEGMENTS_MAX)
		return -ENOSPC;
	segment_name(name, number);
	fd = openat(s->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	s->segments[s->n++] = (struct segment){ .number = number, .fd = fd };
	s->dirty = true;
	return 0;
}

/* ---- Spools -------------------------------------------------------------------------------- */

int spool_make_dir(const char *dir)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s", dir);

	if (len <= 0 || len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int spool_open(struct spool **ret, const char *dir, uint64_t bytes_max)
{
	struct spool *s;
	int r = spool_make_dir(dir);

	if (r)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->bytes_max = bytes_max;
	s->segment_max = MIN(MAX(bytes_max / 16, (uint64_t)SEGMENT_MIN), (uint64_t)SEGMENT_MAX);
	s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		r = -errno;
	else if (flock(s->dir, LOCK_EX | LOCK_NB))
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else
		r = load(s);
	if (!r && syncer_new(&s->syncer))
		log_warn("spool: cannot be synced to disk here: a power cut may take what was "
			 "written in the last seconds directory=%s",
			 dir);
	if (r) {
		spool_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	syncer_free(s->syncer);
	for (size_t i = 0; i < s->n; i++) {
		/* The process ends: here there is time. */
		if (s->segments[i].dirty)
			fdatasync(s->segments[i].fd);
		close(s->segments[i].fd);
	}
	if (s->dir >= 0)
		close(s->dir);
	free(s);
}

/* Makes room by giving up the oldest; what is with the caller stays. */
static bool make_room(struct spool *s, uint64_t len)
{
	while (s->n && s->stats.bytes + len > s->bytes_max) {
		size_t oldest = s->peeked;

		if (oldest >= s->n)
			return false;
		s->stats.dropped += s->segments[oldest].units;
		segment_remove(s, oldest);
	}
	return len <= s->bytes_max;
}

static int append(struct segment *to, const uint8_t head[RECORD_HEAD_LEN], struct slice content)
{
	const struct iovec parts[] = { { (void *)head, RECORD_HEAD_LEN },
				       { (void *)content.data, content.len } };
	size_t len = RECORD_HEAD_LEN + content.len;
	ssize_t n = pwritev(to->fd, parts, 2, (off_t)to->size);
	int r = n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;

	/* Half a record would end the segment for its readers. */
	if (r && ftruncate(to->fd, (off_t)to->size))
		return -EIO;
	return r;
}

int spool_add(struct spool *s, struct slice content, uint32_t units)
{
	struct record_head h = { .len = (uint32_t)content.len,
				 .units = units,
				 .content_sum = record_sum(content) };
	uint64_t len = RECORD_HEAD_LEN + content.len;
	uint8_t head[RECORD_HEAD_LEN];
	struct segment *to;
	int r = 0;

	if (content.len > RECORD_CONTENT_MAX || !make_room(s, len))
		return -ENOSPC;
	if (!s->n || s->segments[s->n - 1].size + len > s->segment_max)
		r = segment_new(s);
	if (r)
		return r;
	to = &s->segments[s->n - 1];
	record_head_write(head, &h);
	r = append(to, head, content);
	if (r)
		return r;
	to->size += len;
	to->units += units;
	to->dirty = true;
	s->stats.bytes += len;
	s->stats.unsynced += len;
	s->stats.units += units;
	start_sync(s);
	return 0;
}

static void step(struct spool *s, const struct record_head *h)
{
	struct segment *first = &s->segments[0];

	first->at += RECORD_HEAD_LEN + h->len;
	if (h->delivered)
		return;
	first->units -= h->units;
	s->stats.units -= h->units;
}

static int read_content(const struct segment *s, const struct record_head *h, struct buf *to)
{
	char *room;
	ssize_t n;

	buf_reset(to, to->max);
	room = buf_reserve(to, h->len);
	if (!room && h->len)
		return buf_error(to);
	n = pread(s->fd, room, h->len, (off_t)(s->at + RECORD_HEAD_LEN));
	if (n < 0)
		return -errno;
	if ((size_t)n != h->len || record_sum((struct slice){ room, h->len }) != h->content_sum)
		return -EBADMSG;
	buf_commit(to, h->len);
	return 0;
}

int spool_peek(struct spool *s, struct buf *to, uint32_t *ret_units)
{
	s->peeked = false;
	while (s->n) {
		struct segment *first = &s->segments[0];
		struct record_head h;
		int r = first->at < first->size ? read_head(first, first->at, &h) : -ENODATA;

		if (r == -ENODATA || r == -EBADMSG) {
			s->stats.damaged += first->units;
			segment_remove(s, 0);
			continue;
		}
		if (!r && !h.delivered)
			r = read_content(first, &h, to);
		if (r == -EBADMSG || r == -ENOBUFS)
			s->stats.damaged += h.units;
		else if (r)
			return r;
		if (r || h.delivered) {
			step(s, &h);
			continue;
		}
		s->head = h;
		s->peeked = true;
		*ret_units = h.units;
		return 1;
	}
	return 0;
}

void spool_done(struct spool *s)
{
	static const uint8_t delivered = RECORD_DELIVERED;
	struct segment *first = &s->segments[0];

	if (!s->peeked)
		return;
	s->peeked = false;
	/* The last one of a segment: the file goes, which says the same. */
	if (first->at + RECORD_HEAD_LEN + s->head.len >= first->size) {
		segment_remove(s, 0);
		start_sync(s);
		return;
	}
	if (pwrite(first->fd, &delivered, 1, (off_t)(first->at + RECORD_STATE_AT)) != 1)
		LOG_RATE(LOG_LEVEL_WARN, "spool: cannot be marked, will be sent again: %s",
			 strerror(errno));
	first->dirty = true;
	start_sync(s);
	step(s, &s->head);
}

void spool_put_back(struct spool *s)
{
	s->peeked = false;
}

const struct spool_stats *spool_stats(const struct spool *s)
{
	return &s->stats;
}
