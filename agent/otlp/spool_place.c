/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_place.h"

#include "cleanup.h"
#include "siphash.h"
#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#define KEY_FILE "key"

static const char *const names[OTLP_SIGNALS] = {
	[OTLP_TRACES] = "traces", [OTLP_METRICS] = "metrics", [OTLP_LOGS] = "logs"
};

/* ---- The key ------------------------------------------------------------------------------- */

static int read_key(int dir, uint8_t key[16])
{
	_cleanup_close_ int fd = openat(dir, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, key, 16);
	return n < 0 ? -errno : n != 16 ? -EBADMSG : 0;
}

/* Under a name of its own first, for another process never to read half of it. */
static int make_key(int dir)
{
	_cleanup_close_ int fd = -1;
	uint8_t key[16];
	char name[32];
	int r = 0;

	snprintf(name, sizeof(name), KEY_FILE ".%d", (int)getpid());
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, key, sizeof(key)) != sizeof(key) || fsync(fd))
		r = -EIO;
	else if (linkat(dir, name, dir, KEY_FILE, 0) && errno != EEXIST)
		r = -errno;
	unlinkat(dir, name, 0);
	return r;
}

int spool_place_init(struct spool_place *p, const char *base)
{
	_cleanup_close_ int dir = -1;
	int r = spool_make_dir(base);

	if (r)
		return r;
	*p = (struct spool_place){ .base = base };
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = read_key(dir, p->key);
	/* One that is no key is of no use to anybody, either. */
	if (r == -EBADMSG)
		unlinkat(dir, KEY_FILE, 0);
	if (r == -ENOENT || r == -EBADMSG)
		r = make_key(dir);
	return r ? r : read_key(dir, p->key);
}

/* ---- Names --------------------------------------------------------------------------------- */

static uint64_t hash(const struct spool_place *p, struct slice s)
{
	uint8_t bytes[16];
	uint64_t h = 0;

	siphash128(p->key, s.data, s.len, bytes);
	memcpy(&h, bytes, sizeof(h));
	return h;
}

/* A sum, so that their order does not matter. */
static uint64_t hash_headers(const struct spool_place *p, const char *headers)
{
	struct slice rest = slice_from(headers);
	uint64_t sum = 0;

	while (rest.data) {
		struct slice one = slice_trim(slice_cut(&rest, ','));

		if (one.len)
			sum += hash(p, one);
	}
	return sum;
}

int spool_place_for(const struct spool_place *p, const struct otlp_options *o, char **ret)
{
	const uint64_t parts[] = {
		hash(p, slice_from(o->endpoint)),
		hash_headers(p, o->headers),
		hash(p, slice_from(o->client_certificate)),
		(uint64_t)o->grpc << 2 | (uint64_t)o->encoding << 1 | o->gzip,
	};
	uint64_t all = hash(p, (struct slice){ (const char *)parts, sizeof(parts) });
	char *dir;

	if (asprintf(&dir, "%s/%s-%016llx", p->base, names[o->signal], (unsigned long long)all) < 0)
		return -ENOMEM;
	*ret = dir;
	return 0;
}

/* ---- Those that nobody has ----------------------------------------------------------------- */

static bool is_place(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_starts(slice_from(name), slice_from(names[i])) &&
		    name[strlen(names[i])] == '-')
			return true;
	return false;
}

static uint64_t bytes_in(const char *dir)
{
	DIR *d = opendir(dir);
	uint64_t sum = 0;

	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		struct stat st;

		if (slice_ends(slice_from(e->d_name), SLICE(".seg")) &&
		    !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			sum += (uint64_t)st.st_size;
	}
	closedir(d);
	return sum;
}

void spool_place_orphans(const struct spool_place *p, const char *const *used, size_t n_used,
			 void (*orphan)(void *ctx, const char *dir, uint64_t bytes), void *ctx)
{
	DIR *d = opendir(p->base);

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		_cleanup_free_ char *path = NULL;
		bool known = !is_place(e->d_name);
		uint64_t bytes;

		if (known || asprintf(&path, "%s/%s", p->base, e->d_name) < 0)
			continue;
		for (size_t i = 0; i < n_used; i++)
			known |= used[i] && !strcmp(used[i], path);
		bytes = known ? 0 : bytes_in(path);
		if (bytes)
			orphan(ctx, path, bytes);
	}
	closedir(d);
}
