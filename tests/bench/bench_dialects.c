/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to calls, on one core, per dialect: MB/s of a streamed answer at four sizes
 * (the cost of a byte must not grow with the body), memory at the peak of 10 MB, and calls
 * a second with requests of 50 KB.
 */
#include "../unit/eventstream_make.h"
#include "../unit/exchange.h"
#include "clock.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE 16384
#define RUN_NS (NSEC_PER_SEC / 4)
#define WORDS "the quick brown fox jumps over the lazy dog and then some more of it "
#define SSE EXCHANGE_STREAM
#define AWS "content-type: application/vnd.amazon.eventstream\n"
#define GRPC "content-type: application/grpc\n"

static const struct bench {
	const char *name;
	const char *target;
	const char *host;
	const char *type;
	const char *frame; /* what each unit is put into: an AWS event of that type; NULL */
	const char *first, *unit, *last;
} benches[] = {
	{ "openai-chat", "/v1/chat/completions", "api.openai.com", SSE, NULL, "",
	  "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":["
	  "{\"index\":0,\"delta\":{\"content\":\"" WORDS "\"},\"finish_reason\":null}]}\n\n",
	  "data: [DONE]\n\n" },
	{ "openai-responses", "/v1/responses", "api.openai.com", SSE, NULL, "",
	  "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
	  "\"sequence_number\":4,\"output_index\":0,\"content_index\":0,\"delta\":\"" WORDS
	  "\"}\n\n",
	  "" },
	{ "openai-assistants", "/v1/threads/t/runs", "api.openai.com", SSE, NULL, "",
	  "event: thread.message.delta\ndata: {\"id\":\"m\",\"object\":\"thread.message.delta\","
	  "\"delta\":{\"content\":[{\"index\":0,\"type\":\"text\",\"text\":{\"value\":\"" WORDS
	  "\"}}]}}\n\n",
	  "event: done\ndata: [DONE]\n\n" },
	{ "anthropic-messages", "/v1/messages", "api.anthropic.com", SSE, NULL, "",
	  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
	  "\"delta\":{\"type\":\"text_delta\",\"text\":\"" WORDS "\"}}\n\n",
	  "" },
	{ "gemini", "/v1beta/models/g:streamGenerateContent", "generativelanguage.googleapis.com",
	  SSE, NULL, "",
	  "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"" WORDS
	  "\"}]}}],\"usageMetadata\":{\"promptTokenCount\":7}}\r\n\r\n",
	  "" },
	{ "gemini, as an array", "/v1beta/models/g:streamGenerateContent",
	  "generativelanguage.googleapis.com", EXCHANGE_JSON, NULL, "[",
	  "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"" WORDS
	  "\"}]}}],\"usageMetadata\":{\"promptTokenCount\":7}},\n",
	  "{}]" },
	{ "gemini-interactions", "/v1beta/interactions", "generativelanguage.googleapis.com", SSE,
	  NULL, "",
	  "data: "
	  "{\"event_type\":\"step.delta\",\"index\":0,\"delta\":{\"type\":\"text\",\"text\":"
	  "\"" WORDS "\"}}\n\n",
	  "" },
	{ "gemini-grpc", "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
	  "aiplatform.googleapis.com", GRPC, "", "",
	  "\x12\x52\x12\x50\x0a\x05model\x12\x47\x0a\x45" WORDS, "" },
	{ "bedrock-converse", "/model/m/converse-stream", "bedrock-runtime.us-east-1.amazonaws.com",
	  AWS, "contentBlockDelta", "",
	  "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"" WORDS "\"},\"p\":\"abcd\"}", "" },
	{ "cohere-chat", "/v2/chat", "api.cohere.com", SSE, NULL, "",
	  "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{"
	  "\"message\":{\"content\":{\"text\":\"" WORDS "\"}}}}\n\n",
	  "" },
	{ "ollama", "/api/chat", "localhost:11434", "content-type: application/x-ndjson\n", NULL,
	  "",
	  "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"" WORDS
	  "\"},\"done\":false}\n",
	  "" },
	{ "openai-chat, not streamed", "/v1/chat/completions", "api.openai.com", EXCHANGE_JSON,
	  NULL,
	  "{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,"
	  "\"message\":{\"role\":\"assistant\",\"content\":\"",
	  WORDS, "\"},\"finish_reason\":\"stop\"}]}" },
};

static uint64_t calls;

static void on_call(void *ctx, struct call *c)
{
	(void)ctx;
	calls++;
	call_free(c);
}

static struct decoder *begin(const struct bench *b, struct slice request)
{
	static const struct decoder_config config = { .body_max = 16 * 1024 * 1024 };
	const struct decoder_origin origin = { .peer_port = 443, .sni = slice_from(b->host) };
	struct http_field fields[EXCHANGE_FIELDS];
	struct http_head head = { .version = 11,
				  .method = SLICE("POST"),
				  .target = slice_from(b->target),
				  .authority = slice_from(b->host),
				  .fields = fields };
	const char *type = strcmp(b->type, GRPC) ? EXCHANGE_JSON : GRPC;
	struct decoder *d;

	if (decoder_new(&d, &config, &origin, on_call, NULL))
		exit(1);
	head.n_fields = exchange_fields(type, fields, EXCHANGE_FIELDS);
	decoder_request_head(d, &head, 100);
	if (request.len)
		decoder_request_body(d, request, 150);
	decoder_request_end(d, HTTP_END_COMPLETE, 200);
	head = (struct http_head){
		.version = 11, .response = true, .status = 200, .fields = fields
	};
	head.n_fields = exchange_fields(b->type, fields, EXCHANGE_FIELDS);
	decoder_response_head(d, &head, 300);
	return d;
}

static void end(struct decoder *d)
{
	decoder_response_end(d, HTTP_END_COMPLETE, 900);
	decoder_free(d);
}

/* As many units as fit a record. */
static void make_piece(const struct bench *b, struct buf *to)
{
	struct slice unit = slice_from(b->unit);

	while (to->len < PIECE - 512) {
		if (b->frame && *b->frame) {
			add_message(to, b->frame, unit);
		} else if (b->frame) {
			buf_add(to, (const char[]){ 0, 0, 0, 0, (char)unit.len }, 5);
			buf_add_slice(to, unit);
		} else {
			buf_add_slice(to, unit);
		}
	}
}

static void run(const struct bench *b, struct slice piece, size_t size)
{
	struct decoder *d = begin(b, SLICE_NONE);

	decoder_response_body(d, slice_from(b->first), 400);
	for (size_t at = 0; at < size; at += piece.len)
		decoder_response_body(d, slice_sub(piece, 0, MIN(piece.len, size - at)), 500 + at);
	decoder_response_body(d, slice_from(b->last), 800);
	end(d);
}

static double mb_per_s(const struct bench *b, struct slice piece, size_t size)
{
	uint64_t start = clock_mono_ns(), bytes = 0, before = calls;

	do {
		run(b, piece, size);
		bytes += size;
	} while (clock_mono_ns() - start < RUN_NS);
	if (calls == before)
		exit(1); /* nothing was decoded */
	return (double)bytes * 1e3 / (double)(clock_mono_ns() - start);
}

/* Resident KB at the peak of a process that decodes one body of that size. */
static long peak_kb(const struct bench *b, struct slice piece, size_t size)
{
	struct rusage used;
	pid_t pid = fork();
	int status;

	if (!pid) {
		run(b, piece, size);
		_exit(0);
	}
	return wait4(pid, &status, 0, &used) == pid && !status ? used.ru_maxrss : -1;
}

static void requests(void)
{
	static const char answer[] =
		"{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{"
		"\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"content\":\"yes\"},\"finish_reason\":"
		"\"stop\"}],"
		"\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10}}";
	const struct bench b = { .target = "/v1/chat/completions",
				 .host = "api.openai.com",
				 .type = EXCHANGE_JSON };
	struct buf request = BUF_INIT(64 * 1024);
	uint64_t start, before = calls;

	buf_add_str(&request,
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}");
	while (request.len < 50000)
		buf_add_str(&request,
			    ",{\"role\":\"assistant\",\"content\":\"" WORDS WORDS WORDS "\"}");
	buf_add_str(&request, "]}");
	start = clock_mono_ns();
	while (clock_mono_ns() - start < 4 * RUN_NS) {
		struct decoder *d = begin(&b, buf_slice(&request));

		decoder_response_body(d, slice_from(answer), 500);
		end(d);
	}
	printf("calls of 50 KB requests: %.0f a second\n",
	       (double)(calls - before) * 1e9 / (double)(clock_mono_ns() - start));
	buf_release(&request);
}

int main(void)
{
	static const size_t sizes[] = { 10000, 100000, 1000000, 10000000 };

	printf("%-28s%10s%10s%10s%10s%19s\n", "MB/s of a body of", "10 kB", "100 kB", "1 MB",
	       "10 MB", "10 MB peak");
	for (size_t i = 0; i < ARRAY_LEN(benches); i++) {
		struct buf piece = BUF_INIT(4 * PIECE);
		long peak;

		make_piece(&benches[i], &piece);
		peak = peak_kb(&benches[i], buf_slice(&piece), 10000000) -
		       peak_kb(&benches[i], buf_slice(&piece), 0);
		printf("%-28s", benches[i].name);
		for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
			printf("%10.0f", mb_per_s(&benches[i], buf_slice(&piece), sizes[s]));
		printf("%16.1f MB\n", (double)peak / 1e3);
		buf_release(&piece);
	}
	requests();
	return 0;
}
