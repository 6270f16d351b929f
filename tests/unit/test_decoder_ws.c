/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket sessions: which operations the messages of both sides make. */
#include "clock.h"
#include "dialect_rows.h"

#define MESSAGES_MAX 24

/* "> " a client's message, "^ " one that was sent before the last but is seen after it, "< " the
 * server's, "+" that a second passes, "?" one of the server's was lost, "!" the process closed the
 * connection. */
struct session_row {
	const char *name;
	const char *target;
	const char *host;
	const char *messages[MESSAGES_MAX];
	const char *want;
};

#define CREATED(id) "< {\"type\":\"response.created\",\"response\":{\"id\":\"" id "\"}}"
#define COMPLETED(id, usage)                                                                       \
	"< {\"type\":\"response.completed\",\"response\":{\"id\":\"" id                            \
	"\",\"status\":\"completed\",\"output\":[],\"usage\":{" usage "}}}"
#define RESPONSES                                                                                  \
	"openai-responses chat\nprovider=\"openai\"\napi_type=\"responses\"\n"                     \
	"server=\"api.openai.com\"\nstatus=101\n"
#define LIVE                                                                                       \
	"gemini-live generate_content\nprovider=\"gcp.gemini\"\n"                                  \
	"server=\"generativelanguage.googleapis.com\"\nstatus=101\n"
#define USED "\"input_tokens\":3,\"output_tokens\":2,\"total_tokens\":5"

static const struct session_row rows[] = {
	{ "responses: one call each, lanes side by side",
	  "/v1/responses",
	  "api.openai.com",
	  { "> {\"type\":\"response.create\",\"model\":\"m1\",\"input\":\"a\",\"stream_id\":\"x\"}",
	    "> {\"type\":\"response.create\",\"model\":\"m2\",\"input\":\"b\",\"stream_id\":\"y\"}",
	    "< {\"type\":\"response.created\",\"response\":{\"id\":\"r2\"},\"stream_id\":\"y\"}",
	    "< {\"type\":\"response.created\",\"response\":{\"id\":\"r1\"},\"stream_id\":\"x\"}",
	    "< {\"type\":\"response.completed\",\"stream_id\":\"y\",\"response\":{\"id\":\"r2\","
	    "\"status\":\"completed\",\"usage\":{" USED "}}}",
	    "< {\"type\":\"error\",\"stream_id\":\"x\",\"error\":{\"code\":\"rate_limit\","
	    "\"message\":\"slow\"}}" },
	  RESPONSES "request_model=\"m2\"\nstream\nid=\"r2\"\nresponse_status=\"completed\"\n"
		    "finish=[stop]\nraw_finish=[completed]\nusage in=3 out=2 total=5\n"
		    "input user\n  text \"b\"\n" RESPONSES
		    "request_model=\"m1\"\nstream\nid=\"r1\"\nfinish=[error]\nraw_finish=[error]\n"
		    "input user\n  text \"a\"\nerror=\"rate_limit\"\nmessage=\"slow\"\n" },
	{ "responses: the connection ends within one",
	  "/v1/responses",
	  "api.openai.com",
	  { "> {\"type\":\"response.create\",\"model\":\"m\",\"input\":\"a\"}", CREATED("r1"),
	    "!" },
	  RESPONSES "request_model=\"m\"\nstream\nid=\"r1\"\nfinish=[error]\nraw_finish=[error]\n"
		    "input user\n  text \"a\"\nerror=\"cancelled\"\n"
		    "partial cancelled lost=0\n" },
	{ "responses: the end of one was lost",
	  "/v1/responses",
	  "api.openai.com",
	  { "> {\"type\":\"response.create\",\"model\":\"m\",\"input\":\"a\"}", CREATED("r1"), "?",
	    "> {\"type\":\"response.create\",\"model\":\"m\",\"input\":\"b\"}", CREATED("r2"),
	    COMPLETED("r2", USED) },
	  RESPONSES "request_model=\"m\"\nstream\nid=\"r1\"\ninput user\n  text \"a\"\n"
		    "partial lost_records lost=7\n" RESPONSES
		    "request_model=\"m\"\nstream\nid=\"r2\"\nresponse_status=\"completed\"\n"
		    "finish=[stop]\nraw_finish=[completed]\nusage in=3 out=2 total=5\n"
		    "input user\n  text \"b\"\n" },
	{ "responses: answers that are read before what asked for them",
	  "/v1/responses",
	  "api.openai.com",
	  { CREATED("r1"), "^ {\"type\":\"response.create\",\"model\":\"m\",\"input\":\"a\"}",
	    COMPLETED("r1", USED), CREATED("r2"), "+",
	    "> {\"type\":\"response.create\",\"model\":\"m\",\"input\":\"c\"}",
	    COMPLETED("r2", USED), CREATED("r3"), COMPLETED("r3", USED) },
	  RESPONSES "request_model=\"m\"\nstream\nid=\"r1\"\nresponse_status=\"completed\"\n"
		    "finish=[stop]\nraw_finish=[completed]\nusage in=3 out=2 total=5\n"
		    "input user\n  text \"a\"\n" RESPONSES
		    "stream\nid=\"r2\"\nresponse_status=\"completed\"\n"
		    "finish=[stop]\nraw_finish=[completed]\nusage in=3 out=2 total=5\n"
		    "partial request_not_seen lost=0\n" RESPONSES
		    "request_model=\"m\"\nstream\nid=\"r3\"\nresponse_status=\"completed\"\n"
		    "finish=[stop]\nraw_finish=[completed]\nusage in=3 out=2 total=5\n"
		    "input user\n  text \"c\"\n" },
	{ "realtime: items, a tool, a response that the server begins",
	  "/v1/realtime?model=gpt-rt",
	  "api.openai.com",
	  { "< {\"type\":\"session.created\",\"session\":{\"model\":\"gpt-rt-1\"}}",
	    "> {\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":"
	    "\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}}",
	    "> {\"type\":\"response.create\"}",
	    "< {\"type\":\"response.created\",\"response\":{\"id\":\"r1\",\"conversation_id\":"
	    "\"c1\"}}",
	    "< {\"type\":\"response.output_item.done\",\"response_id\":\"r1\",\"output_index\":0,"
	    "\"item\":{\"type\":\"function_call\",\"call_id\":\"k1\",\"name\":\"f\","
	    "\"arguments\":\"{}\"}}",
	    "< {\"type\":\"response.done\",\"response\":{\"id\":\"r1\",\"status\":\"completed\","
	    "\"output\":[{\"type\":\"function_call\",\"call_id\":\"k1\",\"name\":\"f\","
	    "\"arguments\":\"{}\"}],\"usage\":{\"total_tokens\":9,\"input_tokens\":5,"
	    "\"output_tokens\":4,\"input_token_details\":{\"cached_tokens\":2,\"audio_tokens\":1,"
	    "\"cached_tokens_details\":{\"audio_tokens\":1}},\"output_token_details\":{"
	    "\"audio_tokens\":3}}}}",
	    "> {\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}",
	    "< {\"type\":\"response.created\",\"response\":{\"id\":\"r2\"}}",
	    "< {\"type\":\"response.done\",\"response\":{\"id\":\"r2\",\"status\":\"cancelled\","
	    "\"output\":[],\"usage\":{" USED "}}}" },
	  RESPONSES "request_model=\"gpt-rt-1\"\nstream\nconversation=\"c1\"\nid=\"r1\"\n"
		    "model=\"gpt-rt-1\"\nresponse_status=\"completed\"\nfinish=[tool_calls]\n"
		    "raw_finish=[tool_calls]\n"
		    "usage in=5 read=2 in_audio=1 read_audio=1 out=4 out_audio=3 total=9\n"
		    "input user\n  text \"Hi\"\noutput assistant finish=tool_calls\n"
		    "  tool_call #k1 f json \"{}\"\ncall function f #k1 {}\n" RESPONSES
		    "request_model=\"gpt-rt-1\"\nstream\nid=\"r2\"\nmodel=\"gpt-rt-1\"\n"
		    "response_status=\"cancelled\"\nfinish=[error]\nraw_finish=[cancelled]\n"
		    "usage in=3 out=2 total=5\n" },
	{ "realtime: an answer that is read before what asked for it is one operation; its limits",
	  "/v1/realtime?model=gpt-rt",
	  "api.openai.com",
	  { "< {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}",
	    "^ {\"type\":\"response.create\",\"response\":{\"max_output_tokens\":9}}",
	    "< {\"type\":\"rate_limits.updated\",\"rate_limits\":[{\"name\":\"tokens\","
	    "\"limit\":100,\"remaining\":75,\"reset_seconds\":2},{\"name\":\"sheep\"}]}",
	    "< {\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\","
	    "\"status\":\"completed\",\"usage\":{\"input_tokens\":3,\"output_tokens\":2,"
	    "\"total_tokens\":5}}}" },
	  "openai-responses chat\n"
	  "provider=\"openai\"\n"
	  "api_type=\"responses\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=101\n"
	  "request_model=\"gpt-rt\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "id=\"resp_1\"\n"
	  "model=\"gpt-rt\"\n"
	  "response_status=\"completed\"\n"
	  "limit tokens of=100 left=75 reset=2000001030 used=0.25\n"
	  "finish=[stop]\n"
	  "raw_finish=[completed]\n"
	  "usage in=3 out=2 total=5\n" },
	{ "realtime: what was said is written down by a model of its own, billed by tokens or time",
	  "/v1/realtime?model=gpt-rt",
	  "api.openai.com",
	  { "< {\"type\":\"session.updated\",\"session\":{\"model\":\"gpt-rt\",\"audio\":{"
	    "\"input\":{\"transcription\":{\"model\":\"gpt-hear\"}}}}}",
	    "< {\"type\":\"input_audio_buffer.committed\",\"item_id\":\"i1\"}",
	    "< {\"type\":\"response.created\",\"response\":{\"id\":\"r1\"}}",
	    "< {\"type\":\"conversation.item.input_audio_transcription.delta\",\"item_id\":\"i1\","
	    "\"delta\":\"H\"}",
	    "< {\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":"
	    "\"i1\",\"transcript\":\"Hi\",\"usage\":{\"type\":\"tokens\",\"total_tokens\":22,"
	    "\"input_tokens\":13,\"input_token_details\":{\"text_tokens\":0,\"audio_tokens\":13},"
	    "\"output_tokens\":9}}",
	    "< {\"type\":\"response.done\",\"response\":{\"id\":\"r1\",\"status\":\"completed\","
	    "\"output\":[],\"usage\":{" USED "}}}",
	    "< {\"type\":\"session.updated\",\"session\":{\"input_audio_transcription\":{"
	    "\"model\":\"whisper-1\"}}}",
	    "< {\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":"
	    "\"i2\",\"transcript\":\"\",\"usage\":{\"type\":\"duration\",\"seconds\":1.5}}",
	    "< {\"type\":\"conversation.item.input_audio_transcription.failed\",\"item_id\":\"i3\","
	    "\"error\":{\"code\":\"audio_unintelligible\",\"message\":\"what?\"}}" },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=101\n"
	  "request_model=\"gpt-hear\"\n"
	  "output_type=\"text\"\n"
	  "usage in=13 in_text=0 in_audio=13 out=9 total=22\n" RESPONSES
	  "request_model=\"gpt-rt\"\nstream\nid=\"r1\"\nmodel=\"gpt-rt\"\n"
	  "response_status=\"completed\"\nfinish=[stop]\nraw_finish=[completed]\n"
	  "usage in=3 out=2 total=5\n"
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=101\n"
	  "request_model=\"whisper-1\"\n"
	  "output_type=\"text\"\n"
	  "usage audio_ms=1500\n"
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=101\n"
	  "request_model=\"whisper-1\"\n"
	  "output_type=\"text\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "error=\"audio_unintelligible\"\n"
	  "message=\"what?\"\n" },
	{ "live: a turn each; thoughts are not in its total",
	  "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k",
	  "generativelanguage.googleapis.com",
	  { "> {\"setup\":{\"model\":\"models/gemini-live\",\"generationConfig\":{"
	    "\"temperature\":0.5}}}",
	    "< {\"setupComplete\":{}}",
	    "> {\"clientContent\":{\"turns\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}],"
	    "\"turnComplete\":true}}",
	    "< {\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"A\"}]}}}",
	    "< {\"toolCall\":{\"functionCalls\":[{\"id\":\"t1\",\"name\":\"f\",\"args\":{}}]},"
	    "\"usageMetadata\":{\"promptTokenCount\":5,\"responseTokenCount\":4,"
	    "\"thoughtsTokenCount\":2,\"totalTokenCount\":9}}",
	    "> {\"toolResponse\":{\"functionResponses\":[{\"id\":\"t1\",\"name\":\"f\","
	    "\"response\":{\"r\":1}}]}}",
	    "< {\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"B\"}]},"
	    "\"turnComplete\":true},\"usageMetadata\":{\"promptTokenCount\":7,"
	    "\"responseTokenCount\":1,\"totalTokenCount\":8}}" },
	  LIVE "request_model=\"gemini-live\"\nstream\ntemperature=0.5\nfinish=[tool_calls]\n"
	       "raw_finish=[tool_calls]\nusage in=5 out=4 reasoning=2 total=9\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=tool_calls\n  text \"A\"\n"
	       "  tool_call #t1 f json \"{}\"\ncall function f #t1 {}\n" LIVE
	       "request_model=\"gemini-live\"\nstream\nfinish=[stop]\nraw_finish=[stop]\n"
	       "usage in=7 out=1 total=8\ninput user\n"
	       "  tool_response #t1 f json \"{\\\"r\\\":1}\"\noutput assistant finish=stop\n"
	       "  text \"B\"\n" },
	{ "a chat of somebody else's", "/socket", "app.example", { "> {\"type\":\"x\"}" }, "" },
	{ "what is no JSON passes",
	  "/v1/responses",
	  "api.openai.com",
	  { "> x", "< \xff", "< []" },
	  "" },
};

static void run(const struct session_row *row, call_fn emit, void *ctx)
{
	const struct decoder_config config = { .body_max = 1024 * 1024, .content_max = 1024 };
	const struct decoder_origin origin = { .conn_hash = 1,
					       .peer_port = 443,
					       .sni = slice_from(row->host) };
	const struct http_field upgrade[] = { { SLICE("Upgrade"), SLICE("websocket") },
					      { SLICE("Connection"), SLICE("Upgrade") } };
	const struct http_head request = { .version = 11,
					   .method = SLICE("GET"),
					   .target = slice_from(row->target),
					   .authority = slice_from(row->host),
					   .fields = upgrade,
					   .n_fields = ARRAY_LEN(upgrade) };
	const struct http_head response = { .response = true, .version = 11, .status = 101 };
	struct decoder *d;
	uint64_t ts = 1000;

	if (decoder_new(&d, &config, &origin, emit, ctx))
		return;
	decoder_request_head(d, &request, 100);
	decoder_request_end(d, HTTP_END_COMPLETE, 110);
	decoder_response_head(d, &response, 200);
	for (size_t i = 0; i < MESSAGES_MAX && row->messages[i]; i++) {
		struct slice m = slice_from(row->messages[i]);

		ts += 10;
		if (m.data[0] == '?')
			decoder_ws_hole(d, WS_SERVER, 7);
		else if (m.data[0] == '+')
			ts += NSEC_PER_SEC;
		else if (m.data[0] == '!')
			decoder_abort(d, ts);
		else
			decoder_ws_message(d, m.data[0] == '<' ? WS_SERVER : WS_CLIENT, true,
					   slice_sub(m, 2, m.len), m.data[0] == '^' ? ts - 15 : ts);
	}
	decoder_response_end(d, HTTP_END_CLOSED, ts);
	decoder_free(d);
}

TEST(ws_sessions)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 20);

		test_row("%s", rows[i].name);
		run(&rows[i], exchange_dump_fn, &got);
		CHECK_STR(got.len ? buf_slice(&got) : SLICE(""), rows[i].want);
	}
	test_row(NULL);
}

TEST(ws_sessions_without_memory)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EACH_MALLOC_FAILURE
		{
			struct buf got = BUF_INIT(1 << 20);

			run(&rows[i], exchange_dump_fn, &got);
			buf_release(&got);
		}
	}
}
