/* SPDX-License-Identifier: Apache-2.0 */
/* A query as it is typed: it parses or points into its own text, and what parses SQLite
 * accepts, from spans and from roll-ups. The first byte chooses which. */
#include "cleanup.h"
#include "query.h"
#include "writer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct query_db *db;

static void open_db(void)
{
	char path[] = "/tmp/gentap-fuzz-XXXXXX";
	struct writer *w;
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	close(fd);
	if (writer_new(&w, path) || query_open(&db, path))
		abort();
	writer_free(w);
	/* It lives on as long as it is open. */
	unlink(path);
}

static void run(struct query *q)
{
	struct query_result result;
	int r = query_run(db, q, &result);

	/* What else is refused is a list's order by what it has no column for. */
	if (r == -EINVAL && (q->n_aggs || !q->n_sorts))
		abort();
	if (!r) {
		struct buf b = BUF_INIT(1 << 24);

		query_result_json(&result, &b);
		buf_release(&b);
		query_result_release(&result);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct query_error error = { 0 };
	struct query q;
	struct slice line;
	int r;

	if (!len || len > 4096)
		return 0;
	if (!db)
		open_db();
	line = (struct slice){ (const char *)data + 1, len - 1 };
	query_init(&q, UINT64_C(1790000000000000000));
	q.raw_max = *data & 1 ? 0 : 60000;
	r = query_parse(&q, line, &error);
	if (r == -EINVAL &&
	    (!*error.message || error.at > error.text.len || error.len > error.text.len - error.at))
		abort();
	if (!r)
		run(&q);
	query_release(&q);
	return 0;
}
