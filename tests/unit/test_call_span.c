/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"
#include "buf.h"
#include "cleanup.h"
#include "gentap_event.h"
#include "test.h"
#include "tracer.h"

#define MS UINT64_C(1000000)
#define START UINT64_C(1700000000000000000)

/* A span written down: name, then "key=value" of each attribute. */
static void add_attr(struct buf *b, const struct attr *a)
{
	buf_printf(b, " %s=", a->key);
	switch (a->type) {
	case ATTR_STRING:
		buf_printf(b, "\"%.*s\"", SLICE_FMT(a->string));
		break;
	case ATTR_BOOL:
		buf_add_str(b, a->boolean ? "true" : "false");
		break;
	case ATTR_INT:
		buf_printf(b, "%lld", (long long)a->integer);
		break;
	case ATTR_DOUBLE:
		buf_printf(b, "%#.3g", a->number);
		break;
	case ATTR_STRINGS:
		for (size_t i = 0; i < a->strings.count; i++)
			buf_printf(b, "%s%.*s", i ? "|" : "[", SLICE_FMT(a->strings.items[i]));
		buf_add_char(b, ']');
		break;
	}
}

static void add_span(struct buf *b, const struct span *s)
{
	buf_printf(b, "%.*s", SLICE_FMT(s->name));
	if (s->error)
		buf_printf(b, " ERROR(%.*s)", SLICE_FMT(s->status_message));
	for (size_t i = 0; i < s->n_attrs; i++)
		add_attr(b, &s->attrs[i]);
}

static struct call *new_call(void)
{
	struct call *c = NULL;

	CHECK_INT(call_new(&c), 0);
	c->op = OP_CHAT;
	c->provider = SLICE("openai");
	c->request_model = SLICE("gpt-x");
	c->source = GENTAP_SRC_OPENSSL;
	c->status = 200;
	c->conn_hash = 77;
	c->exchange = 3;
	c->start_ns = START;
	c->end_ns = START + 900 * MS;
	return c;
}

static void set_everything(struct call *c)
{
	static struct slice stops[] = { SLICE("END"), SLICE("") }, formats[] = { SLICE("float") },
			    reasons[] = { SLICE("stop"), SLICE_NONE, SLICE("length") };
	static struct tool_call tools[] = {
		{ .id = SLICE("call_1"), .name = SLICE("search") },
		{ .name = SLICE("fetch") },
	};

	c->server.address = SLICE("api.openai.com");
	c->server.port = 443;
	c->api_type = "chat_completions";
	c->stream = true;
	c->first_chunk_ns = START + 250 * MS;
	c->max_tokens = 100;
	c->top_k = 40;
	c->has_seed = true;
	c->seed = -1;
	c->choice_count = 3;
	c->dimensions = 256;
	c->temperature = 0;
	c->top_p = 0.5;
	c->frequency_penalty = -1;
	c->presence_penalty = 2;
	c->stop_sequences = stops;
	c->n_stop_sequences = 2;
	c->encoding_formats = formats;
	c->n_encoding_formats = 1;
	c->reasoning_level = SLICE("high");
	c->output_type = SLICE("json");
	c->request_service_tier = SLICE("flex");
	c->previous_response_id = SLICE("resp_0");
	c->conversation_id = SLICE("conv_1");
	c->compacted = true;
	c->response_id = SLICE("resp_1");
	c->response_model = SLICE("gpt-x-2026");
	c->response_status = SLICE("completed");
	c->service_tier = SLICE("default");
	c->system_fingerprint = SLICE("fp_1");
	c->finish_reasons = reasons;
	c->n_finish_reasons = 3;
	c->tool_calls = tools;
	c->n_tool_calls = 2;
	c->retry_count = 0;
	c->request_id = SLICE("req_1");
	c->usage_source = USAGE_SOURCE_WIRE;
	usage_set(&c->usage, USAGE_INPUT, 100);
	usage_set(&c->usage, USAGE_OUTPUT, 0);
	usage_set(&c->usage, USAGE_CACHE_READ, 60);
	usage_set(&c->usage, USAGE_CACHE_WRITE, 30);
	usage_set(&c->usage, USAGE_CACHE_WRITE_5M, 10);
	usage_set(&c->usage, USAGE_CACHE_WRITE_1H, 20);
	usage_set(&c->usage, USAGE_REASONING, 0);
	usage_set(&c->usage, USAGE_TOTAL, 100);
	usage_set(&c->usage, USAGE_INPUT_TEXT, 99);
}

static void set_nothing(struct call *c)
{
	c->provider = SLICE_NONE;
	c->request_model = SLICE_NONE;
	c->source = 0;
}

static void set_embeddings(struct call *c)
{
	set_everything(c);
	c->op = OP_EMBEDDINGS;
	c->n_tool_calls = 0;
}

static void set_fetch(struct call *c)
{
	set_everything(c);
	c->op = OP_FETCH_RESPONSE;
	c->stream_cursor = SLICE("17");
	c->usage = (struct usage){ 0 };
	c->n_tool_calls = 0;
}

static void set_other_provider(struct call *c)
{
	c->provider = SLICE("groq");
	c->op = OP_TEXT_COMPLETION;
	c->api_type = "chat_completions";
	c->service_tier = SLICE("on_demand");
	c->system_fingerprint = SLICE("fp_1");
	c->request_service_tier = SLICE("flex");
	c->choice_count = 1;
}

static void set_http_error(struct call *c)
{
	c->status = 429;
	call_set_error(c, SLICE("rate_limit_exceeded"), SLICE("slow down"));
}

static void set_bare_http_error(struct call *c)
{
	c->status = 529;
	c->op = OP_GENERATE_CONTENT;
	c->request_service_tier = SLICE("auto");
}

/* A stream that broke: two choices had begun, none ended. */
static void set_broken_stream(struct call *c)
{
	static struct message output[2];

	c->stream = true;
	c->output = output;
	c->n_output = 2;
	call_set_error(c, SLICE("_OTHER"), SLICE_NONE);
}

static void set_partial(struct call *c)
{
	static struct slice reasons[1];

	call_mark_partial(c, "records_lost", 4096);
	c->finish_reasons = reasons;
	c->n_finish_reasons = 1;
	c->server_side = true;
	c->server.port = 8000;
}

static const struct {
	const char *name;
	void (*set)(struct call *c);
	enum semconv_profile profile;
	const char *want;
} rows[] = {
	{ "nothing known", set_nothing, SEMCONV_V1_41,
	  "chat gen_ai.operation.name=\"chat\" gentap.usage.source=\"none\""
	  " gentap.completeness=\"full\"" },
	{ "everything", set_everything, SEMCONV_V1_41,
	  "chat gpt-x gen_ai.operation.name=\"chat\" server.address=\"api.openai.com\""
	  " server.port=443 gen_ai.provider.name=\"openai\" gen_ai.request.model=\"gpt-x\""
	  " gen_ai.conversation.id=\"conv_1\" gen_ai.conversation.compacted=true"
	  " gen_ai.output.type=\"json\" gen_ai.request.stream=true gen_ai.request.top_p=0.500"
	  " gen_ai.request.temperature=0.00 gen_ai.request.max_tokens=100"
	  " gen_ai.request.frequency_penalty=-1.00 gen_ai.request.presence_penalty=2.00"
	  " gen_ai.request.stop_sequences=[END|] gen_ai.request.reasoning.level=\"high\""
	  " gen_ai.request.previous_response.id=\"resp_0\" gen_ai.response.id=\"resp_1\""
	  " gen_ai.response.model=\"gpt-x-2026\" gentap.retry_count=0"
	  " gentap.provider.request_id=\"req_1\" gen_ai.request.choice.count=3"
	  " gen_ai.request.seed=-1 gen_ai.request.top_k=40.0"
	  " openai.api.type=\"chat_completions\" openai.request.service_tier=\"flex\""
	  " openai.response.service_tier=\"default\" openai.response.system_fingerprint=\"fp_1\""
	  " gen_ai.response.finish_reasons=[stop|error|length] gen_ai.usage.input_tokens=100"
	  " gen_ai.usage.output_tokens=0 gen_ai.usage.cache_read.input_tokens=60"
	  " gen_ai.usage.cache_creation.input_tokens=30 gen_ai.usage.reasoning.output_tokens=0"
	  " gentap.usage.cache_write_5m.input_tokens=10"
	  " gentap.usage.cache_write_1h.input_tokens=20 gentap.usage.total_tokens=100"
	  " gentap.usage.source=\"wire\" gen_ai.response.time_to_first_chunk=0.250"
	  " gentap.completeness=\"full\" gentap.capture.source=\"openssl\""
	  " gentap.response.tool_calls=[search call_1|fetch]" },
	{ "embeddings", set_embeddings, SEMCONV_LATEST,
	  "embeddings gpt-x gen_ai.operation.name=\"embeddings\""
	  " server.address=\"api.openai.com\" server.port=443 gen_ai.provider.name=\"openai\""
	  " gen_ai.request.model=\"gpt-x\" gen_ai.request.encoding_formats=[float]"
	  " gen_ai.embeddings.dimension.count=256 gen_ai.response.model=\"gpt-x-2026\""
	  " gentap.retry_count=0 gentap.provider.request_id=\"req_1\""
	  " gen_ai.usage.input_tokens=100 gentap.usage.total_tokens=100"
	  " gentap.usage.source=\"wire\" gentap.completeness=\"full\""
	  " gentap.capture.source=\"openssl\"" },
	{ "a fetched response has no usage and no model in its name", set_fetch, SEMCONV_V1_41,
	  "fetch_response gen_ai.operation.name=\"fetch_response\""
	  " server.address=\"api.openai.com\" server.port=443 gen_ai.provider.name=\"openai\""
	  " gen_ai.request.stream_cursor=\"17\" gen_ai.response.id=\"resp_1\" "
	  "gen_ai.response.model=\"gpt-x-2026\""
	  " gen_ai.response.status=\"completed\" gentap.retry_count=0"
	  " gentap.provider.request_id=\"req_1\" openai.api.type=\"chat_completions\""
	  " openai.request.service_tier=\"flex\" openai.response.service_tier=\"default\""
	  " openai.response.system_fingerprint=\"fp_1\""
	  " gen_ai.response.finish_reasons=[stop|error|length] gentap.completeness=\"full\""
	  " gentap.capture.source=\"openssl\"" },
	{ "openai.* only for OpenAI", set_other_provider, SEMCONV_V1_41,
	  "text_completion gpt-x gen_ai.operation.name=\"text_completion\""
	  " gen_ai.provider.name=\"groq\" gen_ai.request.model=\"gpt-x\""
	  " gentap.request.service_tier=\"flex\""
	  " gentap.response.service_tier=\"on_demand\" gentap.usage.source=\"none\""
	  " gentap.completeness=\"full\" gentap.capture.source=\"openssl\"" },
	{ "an error with its code", set_http_error, SEMCONV_V1_41,
	  "chat gpt-x ERROR(slow down) gen_ai.operation.name=\"chat\""
	  " gen_ai.provider.name=\"openai\" gen_ai.request.model=\"gpt-x\""
	  " error.type=\"rate_limit_exceeded\" gentap.usage.source=\"none\""
	  " gentap.completeness=\"full\" gentap.capture.source=\"openssl\"" },
	{ "an error without a code", set_bare_http_error, SEMCONV_V1_41,
	  "generate_content gpt-x ERROR() gen_ai.operation.name=\"generate_content\""
	  " gen_ai.provider.name=\"openai\" gen_ai.request.model=\"gpt-x\" error.type=\"529\""
	  " gentap.usage.source=\"none\" gentap.completeness=\"full\""
	  " gentap.capture.source=\"openssl\"" },
	{ "a broken stream", set_broken_stream, SEMCONV_V1_41,
	  "chat gpt-x ERROR() gen_ai.operation.name=\"chat\" gen_ai.provider.name=\"openai\""
	  " gen_ai.request.model=\"gpt-x\" gen_ai.request.stream=true error.type=\"_OTHER\""
	  " gen_ai.response.finish_reasons=[error|error] gentap.usage.source=\"none\""
	  " gentap.completeness=\"full\" gentap.capture.source=\"openssl\"" },
	{ "what we lost is no error of theirs", set_partial, SEMCONV_V1_41,
	  "chat gpt-x gen_ai.operation.name=\"chat\" gen_ai.provider.name=\"openai\""
	  " gen_ai.request.model=\"gpt-x\" gentap.usage.source=\"none\""
	  " gentap.completeness=\"partial\" gentap.partial_reason=\"records_lost\""
	  " gentap.lost_bytes=4096 gentap.capture.source=\"openssl\""
	  " gentap.observed_side=\"server\"" },
};

TEST(call_span_attributes)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1024 * 1024);
		struct tracer_config config = { .profile = rows[i].profile };
		struct call *c = new_call();
		struct span *s = NULL;

		test_row("%s", rows[i].name);
		rows[i].set(c);
		CHECK_INT(span_new(&s), 0);
		call_span_fill(s, c, &config);
		add_span(&got, s);
		CHECK_STR(buf_slice(&got), rows[i].want);
		CHECK_INT(s->kind, SPAN_CLIENT);
		CHECK_INT(s->start_ns, START);
		CHECK_INT(s->end_ns, START + 900 * MS);
		CHECK_INT(s->dropped_attrs, 0);
		span_free(s);
		call_free(c);
	}
}

/* Every name the conventions know for these operations (genai.md 1.2), one string each
 * as they stand there; everything else has to be ours. */
static const char inference_names[] =
	"gen_ai.operation.name gen_ai.provider.name error.type gen_ai.conversation.id "
	"gen_ai.output.type gen_ai.request.choice.count gen_ai.request.model "
	"gen_ai.request.seed gen_ai.request.stream gen_ai.request.top_k server.port "
	"gen_ai.conversation.compacted gen_ai.request.frequency_penalty "
	"gen_ai.request.max_tokens gen_ai.request.presence_penalty "
	"gen_ai.request.previous_response.id gen_ai.request.reasoning.level "
	"gen_ai.request.stop_sequences gen_ai.request.temperature gen_ai.request.top_p "
	"gen_ai.response.finish_reasons gen_ai.response.id gen_ai.response.model "
	"gen_ai.response.time_to_first_chunk gen_ai.usage.cache_creation.input_tokens "
	"gen_ai.usage.cache_write.input_tokens gen_ai.usage.cache_read.input_tokens "
	"gen_ai.usage.input_tokens gen_ai.usage.text.input_tokens gen_ai.usage.output_tokens "
	"gen_ai.usage.reasoning.output_tokens server.address openai.api.type "
	"openai.request.service_tier openai.response.service_tier "
	"openai.response.system_fingerprint ";
static const char embeddings_names[] =
	"gen_ai.operation.name gen_ai.provider.name error.type gen_ai.request.model "
	"server.port gen_ai.embeddings.dimension.count gen_ai.request.encoding_formats "
	"gen_ai.response.model gen_ai.usage.input_tokens server.address ";
static const char fetch_names[] =
	"gen_ai.operation.name gen_ai.provider.name gen_ai.response.id error.type "
	"gen_ai.request.stream_cursor server.port gen_ai.response.finish_reasons "
	"gen_ai.response.model "
	"gen_ai.response.status server.address openai.api.type openai.request.service_tier "
	"openai.response.service_tier openai.response.system_fingerprint ";

static bool is_known(const char *key, const char *names)
{
	struct slice rest = slice_from(names);

	while (rest.data)
		if (slice_eq(slice_cut(&rest, ' '), slice_from(key)))
			return true;
	return !strncmp(key, "gentap.", 7) || !strncmp(key, "network.peer.", 13);
}

static void check_names(const struct span *s, const char *names, size_t ours)
{
	struct slice rest = slice_from(names);
	size_t known = 0;

	for (size_t i = 0; i < s->n_attrs; i++)
		if (!is_known(s->attrs[i].key, names))
			test_fail(__FILE__, __LINE__, "unknown: %s", s->attrs[i].key);
	/* And all of them are set: the call has everything. */
	while (rest.len) {
		struct slice name = slice_cut(&rest, ' ');
		char key[100];

		snprintf(key, sizeof(key), "%.*s", SLICE_FMT(name));
		known++;
		if (!span_attr(s, key))
			test_fail(__FILE__, __LINE__, "missing: %s", key);
	}
	CHECK_INT(s->n_attrs, known + ours);
}

TEST(call_span_sets_only_what_the_conventions_know)
{
	static const struct {
		enum operation op;
		const char *names;
		size_t ours; /* gentap.* among what is set */
	} ops[] = {
		{ OP_CHAT, inference_names, 9 },
		{ OP_GENERATE_CONTENT, inference_names, 9 },
		{ OP_TEXT_COMPLETION, inference_names, 9 },
		{ OP_EMBEDDINGS, embeddings_names, 7 },
		{ OP_FETCH_RESPONSE, fetch_names, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		struct tracer_config config = { .profile = SEMCONV_BOTH };
		struct call *c = new_call();
		struct span *s = NULL;

		set_everything(c);
		c->op = ops[i].op;
		if (c->op == OP_FETCH_RESPONSE)
			set_fetch(c);
		call_set_error(c, SLICE("_OTHER"), SLICE_NONE);
		CHECK_INT(span_new(&s), 0);
		call_span_fill(s, c, &config);
		test_row("%s", call_operation_name(c->op));
		check_names(s, ops[i].names, ops[i].ours);
		span_free(s);
		call_free(c);
	}
}

TEST(call_span_names_follow_the_profile)
{
	static const struct {
		enum semconv_profile profile;
		bool creation, write;
		enum attr_type top_k;
	} profiles[] = {
		{ SEMCONV_V1_41, true, false, ATTR_DOUBLE },
		{ SEMCONV_LATEST, false, true, ATTR_INT },
		{ SEMCONV_BOTH, true, true, ATTR_DOUBLE },
	};

	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		struct tracer_config config = { .profile = profiles[i].profile };
		struct call *c = new_call();
		struct span *s = NULL;

		set_everything(c);
		CHECK_INT(span_new(&s), 0);
		call_span_fill(s, c, &config);
		CHECK_INT(!!span_attr(s, ATTR_USAGE_CACHE_CREATION), profiles[i].creation);
		CHECK_INT(!!span_attr(s, ATTR_USAGE_CACHE_WRITE), profiles[i].write);
		CHECK_INT(span_attr(s, ATTR_REQUEST_TOP_K)->type, profiles[i].top_k);
		span_free(s);
		call_free(c);
	}
}

TEST(call_span_capture_sources_are_those_of_the_kernel_contract)
{
	static const struct {
		enum gentap_source source;
		const char *name;
	} sources[] = {
		{ GENTAP_SRC_OPENSSL, "openssl" }, { GENTAP_SRC_BORINGSSL, "boringssl" },
		{ GENTAP_SRC_GO, "go" },	   { GENTAP_SRC_RUSTLS, "rustls" },
		{ GENTAP_SRC_GNUTLS, "gnutls" },   { GENTAP_SRC_NSS, "nss" },
		{ GENTAP_SRC_JAVA, "java" },	   { GENTAP_SRC_SOCKET, "socket" },
		{ GENTAP_SRC_PIPE, "pipe" },	   { GENTAP_SRC_HAR, "har" },
		{ GENTAP_SRC_OTHER, "other" },
	};

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		CHECK_STR(slice_from(call_span_source(sources[i].source)), sources[i].name);
	CHECK(!call_span_source(0));
	CHECK(!call_span_source(GENTAP_SRC_OTHER + 1));
}

TEST(call_span_time_to_first_chunk_is_for_streams)
{
	for (int stream = 0; stream < 2; stream++) {
		struct tracer_config config = { 0 };
		struct call *c = new_call();
		struct span *s = NULL;

		c->stream = stream;
		c->first_chunk_ns = START + 5 * MS;
		CHECK_INT(span_new(&s), 0);
		call_span_fill(s, c, &config);
		CHECK_INT(!!span_attr(s, ATTR_RESPONSE_TTFC), stream);
		span_free(s);
		call_free(c);
	}
}

static int64_t int_of(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_INT ? a->integer : -1;
}

/* What is billed beside the counts stands beside them; counts that contradict each other are
 * told as they were reported. */
TEST(call_span_extras_and_violations)
{
	struct extra_usage extras[3] = { { .kind = EXTRA_COMPACTION },
					 { .kind = EXTRA_COMPACTION },
					 { .kind = EXTRA_ADVISOR, .model = SLICE("a") } };
	const struct attr *violation;
	struct call c = { .op = OP_CHAT, .extras = extras, .n_extras = 3 };
	const struct tracer_config config = { .profile = SEMCONV_V1_41 };
	struct span *s = NULL;

	usage_set(&c.usage, USAGE_INPUT, 5);
	usage_set(&c.usage, USAGE_CACHE_READ, 6);
	usage_set(&extras[0].usage, USAGE_INPUT, 10);
	usage_set(&extras[0].usage, USAGE_OUTPUT, 1);
	usage_set(&extras[1].usage, USAGE_INPUT, 20);
	usage_set(&extras[2].usage, USAGE_OUTPUT, 4);
	CHECK_INT(span_new(&s), 0);
	call_span_fill(s, &c, &config);
	CHECK_INT(int_of(s, ATTR_USAGE_INPUT), 5);
	CHECK_INT(int_of(s, ATTR_USAGE_CACHE_READ), 6);
	violation = span_attr(s, ATTR_GENTAP_USAGE_VIOLATION);
	CHECK_STR(violation ? violation->string : SLICE_NONE, "cache_read_over_input");
	CHECK_INT(int_of(s, ATTR_GENTAP_COMPACTION_INPUT), 30);
	CHECK(!span_attr(s, ATTR_GENTAP_COMPACTION_OUTPUT)); /* one of them lacks it */
	CHECK(!span_attr(s, ATTR_GENTAP_ADVISOR_INPUT));
	CHECK_INT(int_of(s, ATTR_GENTAP_ADVISOR_OUTPUT), 4);
	CHECK(span_attr(s, ATTR_GENTAP_ADVISOR_MODEL));
	span_free(s);
}
