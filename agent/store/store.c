/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "cleanup.h"
#include "clock.h"
#include "ledger.h"
#include "log.h"
#include "prune.h"
#include "retention.h"
#include "row.h"
#include "slab_attrs.h"
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#define BATCH_MS 250	       /* how long the first of a batch waits */
#define BATCH_ROWS 8192	       /* in one transaction */
#define RETRY_MS 1000	       /* after a batch that failed */
#define CLEAN_MS 60000	       /* from one look at age and size to the next */
#define PRUNE_SPANS 50000      /* deleted ones, after which words are looked through */
#define PRUNE_MS (3600 * 1000) /* … or when the last time is so long ago */
#define SEAL_MS 1000	       /* from one look for spans that fill a slab to the next */

struct store {
	char *path, *host_name;
	struct store_config config;
	pthread_t thread;
	pthread_mutex_t lock; /* of everything down to `flushing` */
	pthread_cond_t wake, done;
	struct row *first, **last;
	size_t bytes;
	struct store_stats stats;
	bool stop, flushing;

	struct writer *writer; /* the thread's; NULL: not open */
	bool complained;       /* about the trouble that is going on */
	uint64_t cleaned_ns, sealed_ns;
	uint64_t pruned_ns, unpruned; /* spans deleted since words were last */
};

static struct timespec after_ms(uint64_t ms)
{
	struct timespec t;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns = (uint64_t)t.tv_nsec + ms * NSEC_PER_MSEC;
	t.tv_sec += (time_t)(ns / NSEC_PER_SEC);
	t.tv_nsec = (long)(ns % NSEC_PER_SEC);
	return t;
}

static size_t row_bytes(const struct row *r)
{
	return r->arena.used;
}

/* Holding the lock. Cuts the first BATCH_ROWS off the queue. */
static struct row *take_batch(struct store *s, size_t *ret_count, struct row ***ret_end)
{
	struct row *first = s->first, **end = &s->first;
	size_t n = 0;

	for (; *end && n < BATCH_ROWS; end = &(*end)->next, n++)
		s->bytes -= row_bytes(*end);
	s->first = *end;
	if (!s->first)
		s->last = &s->first;
	*end = NULL;
	*ret_count = n;
	*ret_end = end == &s->first ? NULL : end;
	return n ? first : NULL;
}

/* Holding the lock: back to where it was taken from. */
static void put_back(struct store *s, struct row *rows, struct row **end)
{
	for (struct row *r = rows; r; r = r->next)
		s->bytes += row_bytes(r);
	*end = s->first;
	if (!s->first)
		s->last = end;
	s->first = rows;
}

static void free_rows(struct row *r)
{
	while (r) {
		struct row *next = r->next;

		row_free(r);
		r = next;
	}
}

static void complain(struct store *s, int error)
{
	if (s->complained)
		return;
	log_warn("store: cannot write; spans wait in memory: %s file=%s", strerror(-error),
		 s->path);
	s->complained = true;
}

static void relieve(struct store *s, uint64_t lost)
{
	if (!s->complained)
		return;
	log_warn("store: writes again lost=%llu file=%s", (unsigned long long)lost, s->path);
	s->complained = false;
}

static int write_rows(struct store *s, const struct row *rows, uint64_t *ret_duplicates)
{
	int r = s->writer ? 0 : writer_new(&s->writer, s->path);

	if (!r)
		r = writer_write(s->writer, rows, ret_duplicates);
	/* A file that was moved away or is damaged is opened anew. */
	if (r && r != -ENOSPC && r != -EBUSY && r != -ENOMEM)
		writer_free(TAKE(s->writer));
	return r;
}

/* Without the lock; takes it. False: it failed, the rows are back in the queue. */
static bool write_batch(struct store *s)
{
	uint64_t duplicates = 0, lost;
	struct row *rows, **end;
	size_t n;
	int r;

	pthread_mutex_lock(&s->lock);
	rows = take_batch(s, &n, &end);
	pthread_mutex_unlock(&s->lock);
	if (!rows)
		return true;
	r = write_rows(s, rows, &duplicates);
	pthread_mutex_lock(&s->lock);
	s->stats.last_error = r;
	if (r) {
		s->stats.errors++;
		put_back(s, rows, end);
	} else {
		s->stats.queued -= n;
		s->stats.written += n - duplicates;
		s->stats.duplicates += duplicates;
	}
	lost = s->stats.lost_full;
	pthread_mutex_unlock(&s->lock);
	if (r) {
		complain(s, r);
		return false;
	}
	free_rows(rows);
	relieve(s, lost);
	return true;
}

static void prune(struct store *s)
{
	uint64_t deleted = 0;
	int r = prune_run(writer_db(s->writer), &deleted);

	s->unpruned = 0;
	s->pruned_ns = clock_mono_ns();
	if (r)
		LOG_RATE(LOG_LEVEL_WARN, "store: cannot delete words nobody uses: %s",
			 strerror(-r));
}

static void clean(struct store *s)
{
	uint64_t now = clock_mono_ns(), deleted = 0;
	int r;

	if (!s->writer || (s->cleaned_ns && now - s->cleaned_ns < CLEAN_MS * NSEC_PER_MSEC))
		return;
	r = retention_run(writer_db(s->writer), &s->config, clock_wall_ns(), &deleted);
	if (r == -EAGAIN) /* there is more to delete: go on soon, but let batches in between */
		s->cleaned_ns = now - (CLEAN_MS - BATCH_MS) * NSEC_PER_MSEC;
	else
		s->cleaned_ns = now;
	if (r && r != -EAGAIN)
		LOG_RATE(LOG_LEVEL_WARN, "store: cannot delete what is old: %s", strerror(-r));
	pthread_mutex_lock(&s->lock);
	s->stats.expired += deleted;
	pthread_mutex_unlock(&s->lock);
	s->unpruned += deleted;
	if (s->unpruned >= PRUNE_SPANS ||
	    (s->unpruned && now >= s->pruned_ns + PRUNE_MS * NSEC_PER_MSEC))
		prune(s);
}

static bool is_idle(struct store *s)
{
	bool idle;

	pthread_mutex_lock(&s->lock);
	idle = !s->stats.queued && !s->stop;
	pthread_mutex_unlock(&s->lock);
	return idle;
}

/* One at a time: batches come in between. Without slabs answers are late, not wrong. */
static void seal(struct store *s)
{
	uint64_t now = clock_mono_ns();
	bool more = false;
	int r;

	if (!s->writer || now - s->sealed_ns < SEAL_MS * NSEC_PER_MSEC)
		return;
	r = slab_seal(writer_db(s->writer), SLAB_SPANS, &more);
	if (!r && !more && is_idle(s))
		r = slab_attrs_seal(writer_db(s->writer), &more);
	s->sealed_ns = more ? 0 : now;
	if (r)
		LOG_RATE(LOG_LEVEL_WARN, "store: cannot make a slab: %s", strerror(-r));
}

/* Holding the lock, which waiting gives up. True: there is something to write. */
static bool wait_for_rows(struct store *s, bool failed)
{
	struct timespec until = after_ms(failed ? RETRY_MS : s->sealed_ns ? CLEAN_MS : BATCH_MS);

	while (!s->stop && (failed || !s->first) && !(s->flushing && s->first && !failed))
		if (pthread_cond_timedwait(&s->wake, &s->lock, &until))
			break;
	if (!s->first || failed)
		return s->first;
	until = after_ms(BATCH_MS);
	while (!s->stop && !s->flushing && s->stats.queued < BATCH_ROWS)
		if (pthread_cond_timedwait(&s->wake, &s->lock, &until))
			break;
	return true;
}

static void *write_loop(void *arg)
{
	struct store *s = arg;
	bool failed = false;

	pthread_mutex_lock(&s->lock);
	while (!s->stop || (s->first && !failed)) {
		bool some = wait_for_rows(s, failed);

		pthread_mutex_unlock(&s->lock);
		failed = some && !write_batch(s);
		if (!failed) {
			clean(s);
			seal(s);
		}
		pthread_mutex_lock(&s->lock);
		if (!s->first)
			pthread_cond_broadcast(&s->done);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int start_thread(struct store *s)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int r;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, &attr);
	pthread_cond_init(&s->done, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&s->thread, NULL, write_loop, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static int init(struct store *s, const struct store_config *config)
{
	int r;

	s->config = *config;
	s->last = &s->first;
	s->path = strdup(config->path);
	s->host_name = strndup(config->host_name.data ? config->host_name.data : "",
			       config->host_name.len);
	if (!s->path || !s->host_name)
		return -ENOMEM;
	r = writer_new(&s->writer, s->path);
	if (r && !config->must_open) {
		complain(s, r);
		r = 0;
	}
	return r ? r : start_thread(s);
}

int store_new(struct store **ret, const struct store_config *config)
{
	struct store *s = calloc(1, sizeof(*s));
	int r = s ? init(s, config) : -ENOMEM;

	if (!r) {
		*ret = s;
		return 0;
	}
	if (s) {
		writer_free(s->writer);
		free(s->path);
		free(s->host_name);
		free(s);
	}
	return r;
}

int store_flush(struct store *s, uint64_t timeout_ms)
{
	struct timespec until = after_ms(timeout_ms);
	int r = 0;

	pthread_mutex_lock(&s->lock);
	s->flushing = true;
	pthread_cond_signal(&s->wake);
	while (!r && s->stats.queued)
		r = pthread_cond_timedwait(&s->done, &s->lock, &until);
	s->flushing = false;
	pthread_mutex_unlock(&s->lock);
	return -r;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	if (s->stats.queued || s->stats.lost_full || s->stats.lost_other)
		log_warn(
			"store: spans not stored unwritten=%llu queue_full=%llu other=%llu of=%llu",
			(unsigned long long)s->stats.queued, (unsigned long long)s->stats.lost_full,
			(unsigned long long)s->stats.lost_other,
			(unsigned long long)s->stats.spans);
	free_rows(s->first);
	writer_free(s->writer);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->done);
	free(s->path);
	free(s->host_name);
	free(s);
}

/* Takes the row; NULL: there was none to be had. */
static void enqueue(struct store *s, struct row *row)
{
	pthread_mutex_lock(&s->lock);
	s->stats.spans++;
	if (!row) {
		s->stats.lost_other++;
	} else if (s->stats.queued >= STORE_QUEUE_MAX ||
		   s->bytes + row_bytes(row) > STORE_QUEUE_BYTES_MAX) {
		s->stats.lost_full++;
	} else {
		*s->last = row;
		s->last = &row->next;
		s->bytes += row_bytes(row);
		s->stats.queued++;
		if (s->stats.queued == 1 || s->stats.queued == BATCH_ROWS)
			pthread_cond_signal(&s->wake);
		row = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	row_free(row);
}

void store_span(void *store, struct span *span)
{
	struct store *s = store;
	struct slice host = slice_from(s->host_name);
	struct row *row = NULL;

	enqueue(s, row_new(&row, span, host.len ? host : SLICE_NONE) ? NULL : row);
}

void store_connection(struct store *s, const struct store_connection *c)
{
	struct row *row = NULL;

	enqueue(s, ledger_row_new(&row, c) ? NULL : row);
}

void store_read_stats(struct store *s, struct store_stats *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = s->stats;
	pthread_mutex_unlock(&s->lock);
}
