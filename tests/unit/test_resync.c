/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "resync.h"
#include "test.h"

#include <errno.h>

/* Frames of the test: '#', a digit, and that many bytes. */
static ssize_t measure(void *ctx, const void *data, size_t len)
{
	const char *p = data;

	(void)ctx;
	if (len < 2)
		return -EAGAIN;
	return p[0] == '#' && p[1] >= '0' && p[1] <= '9' ? 2 + p[1] - '0' : -EBADMSG;
}

/* In the text, '[' is where a record of unknown length begins, '{' one that ends at '}'.
 * Returns what was found, and what was not looked at, as "held/rest". */
static void find(const char *text, bool bytewise, struct buf *got)
{
	struct resync r;
	char data[200];
	bool found = false;

	resync_init(&r, measure, NULL, 2);
	while (*text && !found) {
		size_t len = 0, used = 0;

		if (*text == '[') {
			found = resync_mark(&r, 0) == 1;
			text++;
		} else if (*text == '{') {
			found = resync_mark(&r, strcspn(text + 1, "}")) == 1;
			text++;
		} else if (*text == '}') {
			text++;
		} else {
			len = bytewise ? 1 : strcspn(text, "[{}");
			memcpy(data, text, len);
			found = resync_feed(&r, data, len, &used) == 1;
			CHECK(found || used == len);
			text += used;
		}
	}
	if (found) {
		struct buf held = resync_take(&r);

		buf_printf(got, "%.*s/%s", SLICE_FMT(buf_slice(&held)), text);
		buf_release(&held);
	} else {
		buf_add_char(got, '-');
	}
	resync_release(&r);
}

TEST(resync_finds)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "#1a#1b", "-" },		      /* no record begins */
		{ "x#1a[#1a#1brest", "#1a#1/brest" }, /* two headers in a row */
		{ "[#1a[#", "#1a/#" },		      /* ends where a record begins */
		{ "{#1a}", "#1/a}" },		      /* ends where its record ends */
		{ "{#1a#0}", "#1a#0/}" },
		{ "{#1ax}", "-" },
		{ "[xx[#0#0", "#0#0/" },
		{ "[#2a[#0#0", "#0#0/" }, /* a false one, with the right one in it */
		{ "[#2a[#0[x", "#0x/" },
		{ "[#9[[#9[123456789[#0", "#9123456789/#0" },
		{ "[#9[#1a#x", "-" },
		{ "[#", "-" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int bytewise = 0; bytewise < 2; bytewise++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1000);

			test_row("%s", rows[i].text);
			find(rows[i].text, bytewise, &got);
			CHECK_STR(buf_slice(&got), rows[i].want);
		}
}

TEST(resync_ceilings)
{
	struct resync r;
	size_t used;

	resync_init(&r, measure, NULL, 1000000);
	for (int i = 0; i < 10 * RESYNC_MARKS_MAX; i++) {
		resync_mark(&r, 0);
		CHECK_INT(resync_feed(&r, "#", 1, &used), 0);
	}
	CHECK(r.n_marks <= RESYNC_MARKS_MAX);
	resync_release(&r);
	resync_mark(&r, 0);
	for (int i = 0; i < RESYNC_HELD_MAX; i++)
		CHECK_INT(resync_feed(&r, "#0", 2, &used), 0);
	CHECK_INT(r.held.len, 0);
	resync_release(&r);
}
