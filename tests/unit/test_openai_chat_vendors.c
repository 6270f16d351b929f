/* SPDX-License-Identifier: Apache-2.0 */
/* What those who offer Chat Completions say beside OpenAI: prices, tiers, tools, times. */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "xAI: what it charged, in ticks, and what ran there",
	  { .target = "/v1/chat/completions",
	    .host = "api.x.ai",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"a"
		    "ssistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
		    "_tokens\":32,\"completion_tokens\":9,\"total_tokens\":135,\"prompt_token"
		    "s_details\":{\"text_tokens\":32,\"cached_tokens\":6,\"image_tokens\":0},\""
		    "completion_tokens_details\":{\"reasoning_tokens\":94},\"num_sources_us"
		    "ed\":0,\"cost_in_usd_ticks\":37756000,\"server_side_tool_usage_details"
		    "\":{\"web_search_calls\":2,\"x_search_calls\":3,\"code_interpreter_calls"
		    "\":1,\"file_search_calls\":0}}}") },
	  "openai-chat chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=32 read=6 in_text=32 in_image=0 out=103 reasoning=94 tota"
	  "l=135 searches=2 codes=1 files=0 cost=0.0037756\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Mistral: the tier is in the usage, cached tokens have a name of th"
	  "eir own",
	  { .target = "/v1/chat/completions",
	    .host = "api.mistral.ai",
	    .request = SLICE("{\"model\":\"m\",\"service_tier\":\"auto\",\"random_seed\":7,"
			     "\"messages\":[{\"r"
			     "ole\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"a"
		    "ssistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
		    "_tokens\":14,\"completion_tokens\":2,\"total_tokens\":16,\"num_cached_to"
		    "kens\":8,\"prompt_audio_seconds\":3,\"service_tier\":\"priority\"}}") },
	  "openai-chat chat\n"
	  "provider=\"mistral_ai\"\n"
	  "server=\"api.mistral.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "seed=7\n"
	  "request_tier=\"auto\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "tier=\"priority\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=14 read=8 out=2 total=16 audio_ms=3000\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "OpenRouter: searches that it made",
	  { .target = "/api/v1/chat/completions",
	    .host = "openrouter.ai",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"a"
		    "ssistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
		    "_tokens\":8000,\"completion_tokens\":204,\"total_tokens\":8204,\"cost\":0"
		    ".0125,\"prompt_tokens_details\":{\"cached_tokens\":0,\"cache_write_toke"
		    "ns\":100,\"audio_tokens\":0,\"video_tokens\":0},\"completion_tokens_deta"
		    "ils\":{\"reasoning_tokens\":4,\"image_tokens\":0},\"server_tool_use_deta"
		    "ils\":{\"web_search_requests\":1}},\"provider\":\"X\"}") },
	  "openai-chat chat\n"
	  "provider=\"openrouter\"\n"
	  "server=\"openrouter.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=8000 read=0 write=100 in_audio=0 in_video=0 out=204 reaso"
	  "ning=4 out_image=0 total=8204 searches=1 cost=0.0125\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Groq: how long it took, in its usage",
	  { .target = "/openai/v1/chat/completions",
	    .host = "api.groq.com",
	    .response_fields = "content-type: application/json\n"
			       "x-groq-region: us-east-1\n"
			       "x-ratelimit-limit-tokens: 6000\n"
			       "x-ratelimit-remaining-tokens: 4500\n"
			       "x-ratelimit-reset-tokens: 1.5s\n"
			       "retry-after: 2\n",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
		    "\"ass"
		    "istant\",\"reasoning\":\"hm\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],"
		    "\""
		    "usage\":{\"queue_time\":0.25,\"prompt_tokens\":3,\"prompt_time\":0.001,\"c"
		    "ompletion_tokens\":2,\"completion_time\":0.1,\"total_tokens\":5,\"total_"
		    "time\":0.5},\"x_groq\":{\"id\":\"req_1\"}}") },
	  "openai-chat chat\n"
	  "provider=\"groq\"\n"
	  "server=\"api.groq.com\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m\"\n"
	  "region=\"us-east-1\"\n"
	  "processing=0.5\n"
	  "queue=0.25\n"
	  "limit tokens of=6000 left=4500 reset=1500000900 used=0.25\n"
	  "retry_after=2\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=3 out=2 total=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n" },
	{ "OpenAI: what its headers say",
	  { .target = "/v1/chat/completions",
	    .host = "api.openai.com",
	    .response_fields = "content-type: application/json\n"
			       "openai-processing-ms: 1250\n"
			       "x-request-id: req_2\n"
			       "x-ratelimit-limit-requests: 10\n"
			       "x-ratelimit-remaining-requests: 9\n"
			       "x-ratelimit-reset-requests: 6m0s\n",
	    .request = SLICE("{\"model\":\"m\",\"top_k\":4,\"messages\":[{\"role\":\"user\","
			     "\"content\":\"Hi\"}]"
			     "}"),
	    .response = SLICE("{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
			      "{\"role\":\"ass"
			      "istant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}]}") },
	  "openai-chat chat\n"
	  "provider=\"openai\"\n"
	  "api_type=\"chat_completions\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_id=\"req_2\"\n"
	  "request_model=\"m\"\n"
	  "top_k=4\n"
	  "id=\"c\"\n"
	  "model=\"m\"\n"
	  "processing=1.25\n"
	  "limit requests of=10 left=9 reset=360000000900 used=0.1\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Azure: region, deployment, model time",
	  { .target = "/openai/deployments/mine/chat/completions?api-version=1",
	    .host = "me.openai.azure.com",
	    .response_fields = "content-type: application/json\n"
			       "ms-azureml-model-time: 700\n"
			       "x-ms-region: East US\n"
			       "x-envoy-upstream-service-time: 900\n",
	    .request = SLICE("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response =
		    SLICE("{\"id\":\"c\",\"model\":\"gpt-x-1\",\"choices\":[{\"index\":0,"
			  "\"message\":{\"role"
			  "\":\"assistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}]}") },
	  "openai-chat chat\n"
	  "provider=\"azure.ai.openai\"\n"
	  "api_type=\"chat_completions\"\n"
	  "server=\"me.openai.azure.com\"\n"
	  "status=200\n"
	  "request_model=\"mine\"\n"
	  "id=\"c\"\n"
	  "model=\"gpt-x-1\"\n"
	  "region=\"East US\"\n"
	  "processing=0.7\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Cerebras: times beside the usage",
	  { .target = "/v1/chat/completions",
	    .host = "api.cerebras.ai",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m\",\"system_fingerprint\":\"fp_c\",\"choices\":[{"
		    "\"ind"
		    "ex\":0,\"message\":{\"role\":\"assistant\",\"content\":\"A\"},\"finish_"
		    "reason\""
		    ":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_"
		    "tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":1}},\"time_info\""
		    ":{\"queue_time\":0.125,\"prompt_time\":0.01,\"completion_time\":0.1,\"tot"
		    "al_time\":0.75}}") },
	  "openai-chat chat\n"
	  "provider=\"cerebras\"\n"
	  "server=\"api.cerebras.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m\"\n"
	  "processing=0.75\n"
	  "queue=0.125\n"
	  "fingerprint=\"fp_c\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=3 read=1 out=2 total=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
};

TEST(openai_chat_vendors_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(openai_chat_vendors_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
