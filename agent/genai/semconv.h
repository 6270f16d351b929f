/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the OpenTelemetry GenAI semantic conventions. Where the published versions
 * differ (../shared/spec/genai.md section 0.1), semconv_name() picks by profile; what
 * they agree on is a plain constant. The one place where such a name is spelled.
 */
#ifndef GENAI_SEMCONV_H
#define GENAI_SEMCONV_H

#include <stddef.h>

enum semconv_profile {
	SEMCONV_V1_41,	/* what nearly all SDK instrumentations emit; the default */
	SEMCONV_LATEST, /* GenAI conventions repository, late 2026 */
	SEMCONV_BOTH,	/* both names where they differ */
};

#define SEMCONV_SCOPE "gentap.genai"
const char *semconv_schema_url(enum semconv_profile p);

/* Names of attributes and metrics that differ between the profiles. */
enum semconv_name {
	SEMCONV_NAME_CACHE_WRITE,
	SEMCONV_NAME_INFERENCE_DURATION,
	SEMCONV_NAME_TTFC,
	SEMCONV_NAME_TIME_PER_CHUNK,
	SEMCONV_NAME_WORKFLOW_DURATION,
};
/* The one or two names to use; returns how many. They are static. */
size_t semconv_name(enum semconv_profile p, enum semconv_name n, const char *ret_names[2]);

#define ATTR_OPERATION_NAME "gen_ai.operation.name"
#define ATTR_PROVIDER_NAME "gen_ai.provider.name"
#define ATTR_REQUEST_MODEL "gen_ai.request.model"
#define ATTR_RESPONSE_MODEL "gen_ai.response.model"
#define ATTR_RESPONSE_ID "gen_ai.response.id"
#define ATTR_SERVER_ADDRESS "server.address"
#define ATTR_SERVER_PORT "server.port"
#define ATTR_ERROR_TYPE "error.type"
#define ATTR_CONVERSATION_ID "gen_ai.conversation.id"
#define ATTR_CONVERSATION_COMPACTED "gen_ai.conversation.compacted"
#define ATTR_OUTPUT_TYPE "gen_ai.output.type"
#define ATTR_REQUEST_CHOICE_COUNT "gen_ai.request.choice.count"
#define ATTR_REQUEST_SEED "gen_ai.request.seed"
#define ATTR_REQUEST_STREAM "gen_ai.request.stream"
#define ATTR_REQUEST_TOP_K "gen_ai.request.top_k"
#define ATTR_REQUEST_TOP_P "gen_ai.request.top_p"
#define ATTR_REQUEST_TEMPERATURE "gen_ai.request.temperature"
#define ATTR_REQUEST_MAX_TOKENS "gen_ai.request.max_tokens"
#define ATTR_REQUEST_FREQUENCY_PENALTY "gen_ai.request.frequency_penalty"
#define ATTR_REQUEST_PRESENCE_PENALTY "gen_ai.request.presence_penalty"
#define ATTR_REQUEST_STOP_SEQUENCES "gen_ai.request.stop_sequences"
#define ATTR_REQUEST_ENCODING_FORMATS "gen_ai.request.encoding_formats"
#define ATTR_REQUEST_PREVIOUS_RESPONSE "gen_ai.request.previous_response.id"
#define ATTR_REQUEST_STREAM_CURSOR "gen_ai.request.stream_cursor"
#define ATTR_REQUEST_REASONING_LEVEL "gen_ai.request.reasoning.level"
#define ATTR_RESPONSE_FINISH_REASONS "gen_ai.response.finish_reasons"
#define ATTR_RESPONSE_TTFC "gen_ai.response.time_to_first_chunk"
#define ATTR_RESPONSE_STATUS "gen_ai.response.status"
#define ATTR_USAGE_INPUT "gen_ai.usage.input_tokens"
#define ATTR_USAGE_OUTPUT "gen_ai.usage.output_tokens"
#define ATTR_USAGE_CACHE_READ "gen_ai.usage.cache_read.input_tokens"
#define ATTR_USAGE_CACHE_CREATION "gen_ai.usage.cache_creation.input_tokens" /* v1.41 */
#define ATTR_USAGE_CACHE_WRITE "gen_ai.usage.cache_write.input_tokens"	     /* latest */
#define ATTR_USAGE_REASONING "gen_ai.usage.reasoning.output_tokens"
/* By modality: latest only. */
#define ATTR_USAGE_TEXT_INPUT "gen_ai.usage.text.input_tokens"
#define ATTR_USAGE_AUDIO_INPUT "gen_ai.usage.audio.input_tokens"
#define ATTR_USAGE_IMAGE_INPUT "gen_ai.usage.image.input_tokens"
#define ATTR_USAGE_TEXT_OUTPUT "gen_ai.usage.text.output_tokens"
#define ATTR_USAGE_AUDIO_OUTPUT "gen_ai.usage.audio.output_tokens"
#define ATTR_USAGE_IMAGE_OUTPUT "gen_ai.usage.image.output_tokens"
#define ATTR_USAGE_TEXT_CACHE_READ "gen_ai.usage.text.cache_read.input_tokens"
#define ATTR_USAGE_AUDIO_CACHE_READ "gen_ai.usage.audio.cache_read.input_tokens"
#define ATTR_USAGE_IMAGE_CACHE_READ "gen_ai.usage.image.cache_read.input_tokens"
#define ATTR_EMBEDDINGS_DIMENSION "gen_ai.embeddings.dimension.count"
#define ATTR_AGENT_ID "gen_ai.agent.id"
#define ATTR_DATA_SOURCE_ID "gen_ai.data_source.id"
#define ATTR_RETRIEVAL_TOP_K "gen_ai.retrieval.top_k"
#define ATTR_GUARDRAIL_ID "aws.bedrock.guardrail.id"
#define ATTR_OPENAI_API_TYPE "openai.api.type"
#define ATTR_OPENAI_REQUEST_TIER "openai.request.service_tier"
#define ATTR_OPENAI_RESPONSE_TIER "openai.response.service_tier"
#define ATTR_OPENAI_FINGERPRINT "openai.response.system_fingerprint"
#define ATTR_INPUT_MESSAGES "gen_ai.input.messages"
#define ATTR_OUTPUT_MESSAGES "gen_ai.output.messages"
#define ATTR_SYSTEM_INSTRUCTIONS "gen_ai.system_instructions"
#define ATTR_TOOL_DEFINITIONS "gen_ai.tool.definitions"
#define ATTR_AGENT_NAME "gen_ai.agent.name"
#define ATTR_AGENT_DESCRIPTION "gen_ai.agent.description"
#define ATTR_AGENT_VERSION "gen_ai.agent.version"
#define ATTR_TOOL_NAME "gen_ai.tool.name"
#define ATTR_TOOL_TYPE "gen_ai.tool.type"
#define ATTR_TOOL_CALL_ID "gen_ai.tool.call.id"
#define ATTR_TOOL_CALL_ARGUMENTS "gen_ai.tool.call.arguments"
#define ATTR_TOOL_CALL_RESULT "gen_ai.tool.call.result"

/* gentap's own. */
#define ATTR_GENTAP_COMPLETENESS "gentap.completeness" /* full, partial, inferred */
#define ATTR_GENTAP_PARTIAL_REASON "gentap.partial_reason"
#define ATTR_GENTAP_LOST_BYTES "gentap.lost_bytes"
#define ATTR_GENTAP_USAGE_SOURCE "gentap.usage.source"	     /* wire, estimated, none */
#define ATTR_GENTAP_USAGE_VIOLATION "gentap.usage.violation" /* which rule the counts break */
/* Anthropic: work within the call that its counts leave out though it is billed. */
#define ATTR_GENTAP_COMPACTION_INPUT "gentap.usage.compaction.input_tokens"
#define ATTR_GENTAP_COMPACTION_OUTPUT "gentap.usage.compaction.output_tokens"
#define ATTR_GENTAP_ADVISOR_INPUT "gentap.usage.advisor.input_tokens"
#define ATTR_GENTAP_ADVISOR_OUTPUT "gentap.usage.advisor.output_tokens"
#define ATTR_GENTAP_ADVISOR_MODEL "gentap.usage.advisor.model"
#define ATTR_GENTAP_RETRY_WAIT "gentap.retry_wait" /* seconds since the failure before it */
#define ATTR_GENTAP_RETRY_COUNT "gentap.retry_count"
#define ATTR_GENTAP_REQUEST_ID "gentap.provider.request_id"
#define ATTR_PEER_ADDRESS "network.peer.address"
#define ATTR_PEER_PORT "network.peer.port"
#define ATTR_GENTAP_SERVER_PID "gentap.server.process.pid" /* who answers, on this host */
#define ATTR_GENTAP_SERVER_EXE "gentap.server.process.executable.path"
#define ATTR_GENTAP_CAPTURE_SOURCE "gentap.capture.source"	  /* openssl, … */
#define ATTR_GENTAP_SERVICE_TIER "gentap.response.service_tier"	  /* not OpenAI's */
#define ATTR_GENTAP_REQUEST_TIER "gentap.request.service_tier"	  /* the same */
#define ATTR_GENTAP_REQUEST_SPEED "gentap.request.speed"	  /* Anthropic: fast, standard */
#define ATTR_GENTAP_SPEED "gentap.response.speed"		  /* that it was served at */
#define ATTR_GENTAP_INFERENCE_GEO "gentap.response.inference_geo" /* Anthropic */
#define ATTR_GENTAP_REGION "gentap.provider.region"		  /* as response headers call it */
#define ATTR_GENTAP_PROCESSING "gentap.provider.processing_time"  /* s, as the provider says */
#define ATTR_GENTAP_QUEUE "gentap.provider.queue_time"		  /* s, the same */
#define ATTR_GENTAP_RETRY_AFTER "gentap.retry_after"		  /* s */
/* What is left of a limit: gentap.rate_limit.NAME.{limit,remaining,reset,used}, by the
 * names of rate_limit.h; reset in s after the response began, used from 0 to 1. */
#define ATTR_GENTAP_RATE_LIMIT "gentap.rate_limit"
#define ATTR_GENTAP_TASK "gentap.task" /* head of what the user asked; with content only */
#define ATTR_GENTAP_CACHE_WRITE_5M "gentap.usage.cache_write_5m.input_tokens"
#define ATTR_GENTAP_CACHE_WRITE_1H "gentap.usage.cache_write_1h.input_tokens"
#define ATTR_GENTAP_CACHE_WRITE_30M "gentap.usage.cache_write_30m.input_tokens"
#define ATTR_GENTAP_CACHE_WRITE_12H "gentap.usage.cache_write_12h.input_tokens"
/* Runs of tools on the provider's side. */
#define ATTR_GENTAP_WEB_SEARCHES "gentap.usage.web_searches"
#define ATTR_GENTAP_WEB_FETCHES "gentap.usage.web_fetches"
#define ATTR_GENTAP_CODE_EXECUTIONS "gentap.usage.code_executions"
#define ATTR_GENTAP_FILE_SEARCHES "gentap.usage.file_searches"
/* What some are billed by instead of tokens: rankings, and sound by its length. */
#define ATTR_GENTAP_SEARCH_UNITS "gentap.usage.search_units"
#define ATTR_GENTAP_AUDIO_MS "gentap.usage.audio_ms"
#define ATTR_GENTAP_TOTAL "gentap.usage.total_tokens"	    /* as the provider reported it */
#define ATTR_GENTAP_TOOL_CALLS "gentap.response.tool_calls" /* "name id" of each */

/* Of runs. gentap.inferred names the rule by which a parent, an end or an error was
 * concluded rather than read. */
#define ATTR_GENTAP_INFERRED "gentap.inferred"
#define ATTR_GENTAP_RUN_ID "gentap.run.id"		/* span id of the invoke_agent, in hex */
#define ATTR_GENTAP_SIDE_CALL "gentap.side_call"	/* not of the run's main line */
#define ATTR_GENTAP_BRANCH "gentap.conversation.branch" /* goes another way than was gone */
#define ATTR_GENTAP_REWRITTEN "gentap.conversation.rewritten" /* what went before was changed */
/* Which of its ids no other observer gives it: span, trace (trace/shared_id.h). */
#define ATTR_GENTAP_OWN_IDS "gentap.ids.own"
#define ATTR_GENTAP_RELAYED_FAILED "gentap.relayed.failed" /* a gateway then asked another */
#define ATTR_GENTAP_DUPLICATE "gentap.duplicate"	   /* the application exports it itself */
#define ATTR_GENTAP_AMBIGUOUS "gentap.ambiguous"	   /* several parents were equally likely */
#define ATTR_GENTAP_AGENT_SOURCE "gentap.agent.name_source"
#define ATTR_GENTAP_TOOL_TIMING "gentap.tool.timing" /* calls, mcp: what told the times */
#define ATTR_GENTAP_TOOL_EXIT "gentap.tool.exit_code"

#endif
