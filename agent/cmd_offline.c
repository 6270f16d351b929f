/* SPDX-License-Identifier: Apache-2.0 */
/* replay and decode: files in, spans out. Neither needs a privilege. */
#include "app.h"
#include "cleanup.h"
#include "commands.h"
#include "har.h"
#include "log.h"
#include "tracefile.h"

#include <errno.h>

#define FILE_MAX (1024u * 1024 * 1024)
#define FLUSH_MS 30000
#define TRACE_MAGIC SLICE("gentap\n\0")

static bool is_trace(FILE *f)
{
	char head[8];
	bool is = fread(head, 1, sizeof(head), f) == sizeof(head) &&
		  slice_eq((struct slice){ head, sizeof(head) }, TRACE_MAGIC);

	rewind(f);
	return is;
}

static int read_all(FILE *f, struct buf *to)
{
	for (;;) {
		char *room = buf_reserve(to, 64 * 1024);
		size_t n;

		if (!room)
			return buf_error(to);
		n = fread(room, 1, 64 * 1024, f);
		buf_commit(to, n);
		if (n < 64 * 1024)
			return ferror(f) ? -EIO : 0;
	}
}

static int feed_har(FILE *f, const char *name, const struct pipeline_config *config,
		    const struct pipeline_sink *sink)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(FILE_MAX);
	struct pipeline *p = NULL;
	const char *error = NULL;
	size_t skipped = 0;
	int r = read_all(f, &text);

	if (!r)
		r = pipeline_new(&p, config, sink);
	if (!r)
		r = har_feed(p, buf_slice(&text), &skipped, &error);
	pipeline_free(p);
	if (r < 0) {
		log_error("decode: %s: %s", name, error ? error : strerror(-r));
		return r;
	}
	if (skipped)
		log_warn("decode: %s: entries that could not be read count=%zu", name, skipped);
	return skipped ? -EBADMSG : 0;
}

static int feed_trace(FILE *f, const char *name, const struct pipeline_config *config,
		      const struct pipeline_sink *sink)
{
	struct pipeline_stats stats = { 0 };
	const char *error = NULL;
	int r = tracefile_replay(f, config, sink, &stats, &error);

	if (r)
		log_error("replay: %s: %s", name, error ? error : strerror(-r));
	else if (stats.lost_records || stats.lost_bytes)
		log_warn("replay: %s: the recording has losses records=%llu bytes=%llu", name,
			 (unsigned long long)stats.lost_records,
			 (unsigned long long)stats.lost_bytes);
	return r;
}

static int feed_file(struct app *a, const char *name)
{
	_cleanup_fclose_ FILE *f = fopen(name, "re");
	struct pipeline_config config = pipeline_config_default;
	struct pipeline_sink sink = { .ctx = a,
				      .call = app_call,
				      .exit = app_exit,
				      .coverage = app_coverage,
				      .served = app_served,
				      .acts = app_acts,
				      .outbound = app_outbound,
				      .sdk_span = app_sdk_span };

	if (!f) {
		int r = -errno;

		log_error("%s: %s", name, strerror(-r));
		return r;
	}
	config.decoder = a->decoder;
	if (is_trace(f))
		return feed_trace(f, name, &config, &sink);
	if (a->options->command == CMD_REPLAY) {
		log_error(
			"replay: %s: not a recorded event stream; 'gentap decode' reads HAR files",
			name);
		return -EBADMSG;
	}
	return feed_har(f, name, &config, &sink);
}

int cmd_offline(const struct options *o)
{
	struct options with_default = *o;
	struct app a;
	int r = 0, bad = 0;

	if (!with_default.output)
		with_default.output = OUTPUT_TABLE;
	if (app_init(&a, &with_default))
		return 1;
	for (int i = 0; i < o->n_args; i++)
		bad |= feed_file(&a, o->args[i]) != 0;
	r = app_finish(&a, FLUSH_MS);
	if ((with_default.output == OUTPUT_TABLE || with_default.output == OUTPUT_TREE) &&
	    !o->quiet)
		print_summary(&a.printer, stderr);
	app_release(&a);
	return bad || r ? 1 : 0;
}
