/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "exchange.h"
#include "har.h"
#include "test.h"

#include <errno.h>

#define ASK "\"postData\":{\"text\":\"{\\\"model\\\":\\\"m\\\",\\\"messages\\\":[]}\"},"
#define JSON_TYPE "\"headers\":[{\"name\":\"Content-Type\",\"value\":\"application/json\"}],"
#define ANSWER                                                                                     \
	"{\\\"id\\\":\\\"r\\\",\\\"object\\\":\\\"chat.completion\\\",\\\"choices\\\":[],"         \
	"\\\"usage\\\":{\\\"prompt_tokens\\\":7,\\\"completion_tokens\\\":8}}"
#define ENTRY(url, request, content)                                                               \
	"{\"startedDateTime\":\"2026-01-02T03:04:05.678Z\",\"time\":1500,\"timings\":{\"send\":1," \
	"\"wait\":499},\"request\":{\"method\":\"POST\",\"httpVersion\":\"HTTP/"                   \
	"1.1\",\"url\":\"" url "\"," request                                                       \
	"\"cookies\":[]},\"response\":{\"status\":200,\"httpVersion\":\"h2\"," JSON_TYPE           \
	"\"content\":{" content "}}}"
#define HAR(entries) "{\"log\":{\"version\":\"1.2\",\"entries\":[" entries "]}}"
#define URL "https://api.openai.com/v1/chat/completions?x=1"
#define GOOD ENTRY(URL, JSON_TYPE ASK, "\"text\":\"" ANSWER "\"")

static void on_call(void *ctx, struct call *c)
{
	struct buf *log = ctx;

	buf_printf(log, "%.*s %.*s %" PRIi64 "/%" PRIi64 " %" PRIu64 " %" PRIu64 "\n",
		   SLICE_FMT(c->server.address), SLICE_FMT(c->request_model),
		   usage_has(&c->usage, USAGE_INPUT) ? usage_get(&c->usage, USAGE_INPUT) : -1,
		   usage_has(&c->usage, USAGE_OUTPUT) ? usage_get(&c->usage, USAGE_OUTPUT) : -1,
		   c->start_ns, c->end_ns - c->start_ns);
	call_free(c);
}

#define SEEN "api.openai.com m 7/8 1767323045678000000 1500000000\n"

static const struct {
	const char *name, *text;
	int fed;
	size_t skipped;
	const char *want;
} rows[] = {
	{ "one", HAR(GOOD), 1, 0, SEEN },
	{ "two", HAR(GOOD "," GOOD), 2, 0, SEEN SEEN },
	{ "none", HAR(""), 0, 0, "" },
	{ "base64",
	  HAR(ENTRY(URL, JSON_TYPE ASK,
		    "\"encoding\":\"base64\",\"text\":"
		    "\"eyJpZCI6InIiLCJvYmplY3QiOiJjaGF0LmNvbXBsZXRpb24i"
		    "LCJjaG9pY2VzIjpbXSwidXNhZ2UiOnsicHJvbXB0X3Rva2VucyI6NywiY29tcGxldGlvbl90b2tlbn"
		    "MiOjh9"
		    "fQ==\"")),
	  1, 0, SEEN },
	{ "what is no entry is skipped", HAR("1,{}," GOOD ",{\"request\":{},\"response\":{}}"), 1,
	  3, SEEN },
	{ "a file that was cut off",
	  "{\"log\":{\"version\":\"1.2\",\"entries\":[" GOOD ",{\"startedDateTime\":\"2026-01-02T0",
	  1, 2, SEEN },
	{ "no HAR", "{\"log\":{}}", -EBADMSG, 0, "" },
	{ "no JSON", "]", -EBADMSG, 0, "" },
	{ "nothing", "", -EBADMSG, 0, "" },
};

static int feed(const char *text, struct buf *log, size_t *ret_skipped, const char **ret_error)
{
	const struct pipeline_sink sink = { .ctx = log, .call = on_call };
	struct pipeline *p;
	int r;

	if (pipeline_new(&p, &pipeline_config_default, &sink))
		return -ENOMEM;
	r = har_feed(p, slice_from(text), ret_skipped, ret_error);
	pipeline_free(p);
	return r;
}

TEST(har_files)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(1 << 16);
		const char *error = NULL;
		size_t skipped = 0;

		test_row("%s", rows[i].name);
		CHECK_INT(feed(rows[i].text, &log, &skipped, &error), rows[i].fed);
		CHECK_INT(skipped, rows[i].skipped);
		CHECK(!error == (rows[i].fed >= 0));
		CHECK_STR(buf_slice(&log), rows[i].want);
	}
	test_row(NULL);
}

/* Cut off anywhere: an error or fewer entries, and no wrong number. */
TEST(har_cut_anywhere)
{
	static const char text[] = HAR(GOOD "," GOOD);

	for (size_t len = 0; len < sizeof(text); len++) {
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(1 << 16);
		_cleanup_free_ char *copy = strndup(text, len);
		const char *error = NULL;
		size_t skipped = 0;

		test_row("%zu bytes", len);
		feed(copy, &log, &skipped, &error);
		for (struct slice rest = buf_slice(&log); rest.len;) {
			struct slice line = slice_cut(&rest, '\n');

			CHECK(slice_find(line, SLICE(" 7/8 ")) >= 0 ||
			      slice_find(line, SLICE(" 7/-1 ")) >= 0 ||
			      slice_find(line, SLICE(" -1/-1 ")) >= 0);
		}
	}
	test_row(NULL);
}

TEST(har_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct buf log = BUF_INIT(1 << 16);
		const char *error = NULL;
		size_t skipped = 0;
		int r = feed(HAR(GOOD), &log, &skipped, &error);

		CHECK(r == 0 || r == 1 || r == -ENOMEM);
		buf_release(&log);
	}
}
