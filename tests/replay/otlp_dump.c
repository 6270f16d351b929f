/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder's hand, led by test_otlp_proto.py: spans are described on stdin, requests
 * in both encodings come out on stdout, each with its length before it (32 bits, little
 * endian). One line a thing; byte strings are hexadecimal, "-" is absent:
 *
 *   process PID START EXE SERVICE RESOURCE_ATTRIBUTES
 *   span TRACE_ID SPAN_ID PARENT_ID REMOTE FLAGS KIND START END ERROR DROPPED NAME STATE MESSAGE
 *   attr KEY s|i|d|b|l VALUE...          of the span before
 *   end                                  of the request
 *
 * `otlp_dump response pb|json` reads an answer instead and prints what it says.
 */
#include "cleanup.h"
#include "queue.h"

#include <errno.h>

#define LINE_MAX_LEN (4 * 1024 * 1024)

static const struct otlp_host host = {
	.host_name = SLICE("node-1"),
	.host_id = SLICE("f00d"),
	.host_arch = SLICE("amd64"),
	.version = SLICE("0.1.0"),
};

struct dump {
	struct process *process;
	struct span *span;
	struct otlp_queue queues[2]; /* by encoding */
};

static struct slice unhex(struct arena *a, struct slice hex)
{
	char *bytes;

	if (slice_eq(hex, SLICE("-")))
		return SLICE_NONE;
	bytes = arena_alloc(a, hex.len / 2 + 1);
	for (size_t i = 0; i < hex.len / 2; i++) {
		char digits[3] = { hex.data[2 * i], hex.data[2 * i + 1], 0 };

		bytes[i] = (char)strtoull(digits, NULL, 16);
	}
	return (struct slice){ bytes, hex.len / 2 };
}

static struct slice word(struct slice *line)
{
	return slice_cut(line, ' ');
}

static int64_t number(struct slice *line)
{
	struct slice w = word(line);
	char text[32];

	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(w));
	return text[0] == '-' ? (int64_t)strtoll(text, NULL, 10)
			      : (int64_t)strtoull(text, NULL, 10);
}

static char *string(struct slice *line)
{
	struct arena a;
	struct slice s;
	char *copy;

	arena_init(&a, LINE_MAX_LEN);
	s = unhex(&a, word(line));
	copy = s.data ? strndup(s.data, s.len) : NULL;
	arena_release(&a);
	return copy;
}

static void bytes_into(struct slice *line, uint8_t *to, size_t len)
{
	struct arena a;
	struct slice s;

	arena_init(&a, LINE_MAX_LEN);
	s = unhex(&a, word(line));
	memcpy(to, s.data, MIN(s.len, len));
	arena_release(&a);
}

static void finish_span(struct dump *d)
{
	for (size_t e = 0; d->span && e < 2; e++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(64 * 1024 * 1024);

		otlp_encode_span(&b, (enum otlp_encoding)e, d->span);
		if (buf_error(&b) ||
		    otlp_queue_add(&d->queues[e], buf_slice(&b), 1, d->span->process, 0))
			exit(1);
	}
	span_free(d->span);
	d->span = NULL;
}

static void start_process(struct dump *d, struct slice line)
{
	process_unref(d->process);
	if (process_new(&d->process))
		exit(1);
	d->process->pid = (uint32_t)number(&line);
	d->process->start_ns = (uint64_t)number(&line);
	d->process->exe = string(&line);
	d->process->service_name = string(&line);
	d->process->resource_attributes = string(&line);
}

static void start_span(struct dump *d, struct slice line)
{
	struct span *s;

	if (span_new(&s))
		exit(1);
	d->span = s;
	s->process = process_ref(d->process);
	bytes_into(&line, s->trace_id, sizeof(s->trace_id));
	bytes_into(&line, s->span_id, sizeof(s->span_id));
	bytes_into(&line, s->parent_id, sizeof(s->parent_id));
	s->parent_remote = number(&line);
	s->trace_flags = (uint8_t)number(&line);
	s->kind = (enum span_kind)number(&line);
	s->start_ns = (uint64_t)number(&line);
	s->end_ns = (uint64_t)number(&line);
	s->error = number(&line);
	s->dropped_attrs = (uint32_t)number(&line);
	s->name = unhex(&s->arena, word(&line));
	s->trace_state = unhex(&s->arena, word(&line));
	s->status_message = unhex(&s->arena, word(&line));
}

static void add_attr(struct span *s, struct slice line)
{
	const char *key = arena_copy(&s->arena, word(&line)).data;
	struct slice items[1000];
	double v;
	size_t n = 0;

	switch (word(&line).data[0]) {
	case 's':
		span_set_str(s, key, unhex(&s->arena, word(&line)));
		break;
	case 'i':
		span_set_int(s, key, number(&line));
		break;
	case 'd':
		bytes_into(&line, (uint8_t *)&v, sizeof(v));
		span_set_double(s, key, v);
		break;
	case 'b':
		span_set_bool(s, key, number(&line));
		break;
	case 'l':
		while (line.data && n < ARRAY_LEN(items))
			items[n++] = unhex(&s->arena, word(&line));
		span_set_strs(s, key, items, n);
		break;
	}
}

static void put(const struct buf *b)
{
	uint32_t len = (uint32_t)b->len;

	if (buf_error(b))
		exit(1);
	fwrite(&len, sizeof(len), 1, stdout);
	fwrite(b->data, 1, b->len, stdout);
}

static void end_request(struct dump *d)
{
	for (size_t e = 0; e < 2; e++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(64 * 1024 * 1024);

		otlp_queue_encode(&b, &d->queues[e], OTLP_TRACES, (enum otlp_encoding)e,
				  SEMCONV_V1_41, &host);
		put(&b);
		otlp_queue_release(&d->queues[e]);
	}
	process_unref(d->process);
	d->process = NULL;
}

static void handle(struct dump *d, struct slice line)
{
	struct slice what = word(&line);

	if (!slice_eq(what, SLICE("attr")))
		finish_span(d);
	if (slice_eq(what, SLICE("process")))
		start_process(d, line);
	else if (slice_eq(what, SLICE("span")))
		start_span(d, line);
	else if (slice_eq(what, SLICE("attr")))
		add_attr(d->span, line);
	else if (slice_eq(what, SLICE("end")))
		end_request(d);
	else
		exit(2);
}

static int dump_response(enum otlp_encoding e)
{
	_cleanup_(buf_cleanup) struct buf in = BUF_INIT(LINE_MAX_LEN);
	struct slice message;
	int64_t rejected;
	size_t n;

	do {
		void *to = buf_reserve(&in, 4096);

		n = to ? fread(to, 1, 4096, stdin) : 0;
		if (n)
			buf_commit(&in, n);
	} while (n);
	if (otlp_decode_response(e, buf_slice(&in), &rejected, &message)) {
		puts("bad");
		return 0;
	}
	printf("%lld %.*s\n", (long long)rejected, SLICE_FMT(message));
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *line = NULL;
	struct dump d = { 0 };
	size_t size = 0;
	ssize_t len;

	if (argc == 3 && !strcmp(argv[1], "response"))
		return dump_response(!strcmp(argv[2], "json") ? OTLP_JSON : OTLP_PROTOBUF);
	while ((len = getline(&line, &size, stdin)) > 0)
		handle(&d, slice_trim((struct slice){ line, (size_t)len }));
	return 0;
}
