/* SPDX-License-Identifier: Apache-2.0 */
#include "jvm_text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

static bool take_value(struct slice line, const char *key, struct slice *ret)
{
	if (!slice_starts(line, slice_from(key)))
		return false;
	*ret = slice_trim(slice_sub(line, strlen(key), line.len));
	return true;
}

/* Column `n` of a tab-separated line; the last one where there are fewer. */
static int column(struct slice value, int n, uint32_t *ret)
{
	struct slice word = slice_cut(&value, '\t');
	uint64_t v;

	for (int i = 0; i < n && value.len; i++)
		word = slice_cut(&value, '\t');
	if (slice_u64(word, &v) || v > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)v;
	return 0;
}

/* Of 16 hexadecimal digits the last has signals 1 to 4. */
static bool has_quit(struct slice mask)
{
	char c = mask.len ? mask.data[mask.len - 1] : '0';
	int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;

	return digit >> (SIGQUIT - 1) & 1;
}

int jvm_parse_status(struct slice text, struct jvm_status *ret)
{
	struct jvm_status s = { 0 };
	struct slice value;
	int found = 0, r = 0;

	while (text.len && !r) {
		struct slice line = slice_cut(&text, '\n');

		if (take_value(line, "Uid:", &value))
			r = column(value, 1, &s.uid), found |= 1;
		else if (take_value(line, "Gid:", &value))
			r = column(value, 1, &s.gid), found |= 2;
		else if (take_value(line, "NSpid:", &value))
			r = column(value, INT32_MAX, &s.inner_pid), found |= 4;
		else if (take_value(line, "SigCgt:", &value))
			s.handles_quit = has_quit(value), found |= 8;
	}
	if (r || found != 15)
		return -EBADMSG;
	*ret = s;
	return 0;
}

int jvm_make_command(char ret[JVM_COMMAND_MAX], const char *path, const char *order)
{
	bool on = !strcmp(order, "on");
	int len;

	/* "1", the command, and three arguments. */
	len = snprintf(ret, JVM_COMMAND_MAX, "1%cload%cinstrument%cfalse%c%s=%s%s%s", 0, 0, 0, 0,
		       path, order, on ? ":" : "", on ? path : "");
	return len < JVM_COMMAND_MAX ? len + 1 : -ENAMETOOLONG;
}

int jvm_parse_answer(struct slice text)
{
	static const struct slice returned = { "return code: ", 13 };
	struct slice first = slice_trim(slice_cut(&text, '\n'));
	ssize_t at = slice_find(text, returned);

	/* jdk.internal.module.Modules has no boot layer before the third phase of its start. */
	if (slice_eq(first, SLICE("-1")) &&
	    slice_starts(text, SLICE("java.lang.NullPointerException")))
		return -EAGAIN;
	/* Of the command; of what the agent's library then did. */
	if (!slice_eq(first, SLICE("0")))
		return -EPROTO;
	if (at >= 0)
		text = slice_sub(text, (size_t)at + returned.len, text.len);
	return slice_eq(slice_trim(slice_cut(&text, '\n')), SLICE("0")) ? 0 : -EPROTO;
}
