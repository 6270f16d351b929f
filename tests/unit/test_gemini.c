/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "everything a request can say, in both cases; tool use and thoughts add up",
	  { .target = "/v1beta/models/gemini-x:generateContent",
	    .host = "generativelanguage.googleapis.com",
	    .content = true,
	    .request = SLICE("{\"systemInstruction\":{\"parts\":[{\"text\":\"S\"}]},\"tools\":[{"
			     "\"functionDeclarat"
			     "ions\":[{\"name\":\"f\",\"description\":\"d\",\"parameters\":{"
			     "\"type\":\"OBJECT\"}}]"
			     "},{\"googleSearch\":{}}],\"generationConfig\":{\"maxOutputTokens\":9,"
			     "\"temperature\""
			     ":1,\"topP\":0.5,\"topK\":3,\"candidateCount\":2,\"seed\":7,"
			     "\"stopSequences\":[\"X\"]"
			     ",\"responseMimeType\":\"application/"
			     "json\",\"presence_penalty\":0.1,\"frequencyPenal"
			     "ty\":0.2,\"thinkingConfig\":{\"thinkingLevel\":\"high\"}},"
			     "\"contents\":[{\"role\":\""
			     "user\",\"parts\":[{\"text\":\"T\"},{\"inlineData\":{\"mimeType\":"
			     "\"image/png\",\"dat"
			     "a\":\"AAAA\"}},{\"file_data\":{\"mime_type\":\"audio/"
			     "mp3\",\"file_uri\":\"gs://x\"}}"
			     "]},{\"role\":\"model\",\"parts\":[{\"text\":\"a\"}]},{\"role\":"
			     "\"model\",\"parts\":["
			     "{\"text\":\"b\"},{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\","
			     "\"args\":{}}}]},{\""
			     "role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"c1\","
			     "\"name\":\"f\",\"res"
			     "ponse\":{\"error\":\"no\"}}}]}]}"),
	    .response = SLICE("{\"candidates\":[{\"content\":{\"parts\":[{\"thought\":true,"
			      "\"text\":\"hm\"},{\"text"
			      "\":\"A\"},{\"executableCode\":{\"language\":\"PYTHON\",\"code\":"
			      "\"1\"}},{\"functionC"
			      "all\":{\"id\":\"c2\",\"name\":\"g\"}}],\"role\":\"model\"},"
			      "\"finishReason\":\"MAX_TO"
			      "KENS\"},{\"finishReason\":\"SAFETY\",\"index\":1}],"
			      "\"usageMetadata\":{\"promptTokenC"
			      "ount\":10,\"toolUsePromptTokenCount\":5,\"cachedContentTokenCount\":"
			      "4,\"candidatesTo"
			      "kenCount\":6,\"thoughtsTokenCount\":2,\"totalTokenCount\":23,"
			      "\"promptTokensDetails\""
			      ":[{\"modality\":\"TEXT\",\"tokenCount\":7},{\"modality\":\"IMAGE\","
			      "\"tokenCount\":3}"
			      "],\"candidatesTokensDetails\":[{\"modality\":\"AUDIO\","
			      "\"tokenCount\":6}],\"trafficT"
			      "ype\":\"ON_DEMAND\"},\"modelVersion\":\"gemini-x-1\",\"responseId\":"
			      "\"r0\"}") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "max_tokens=9\n"
	  "top_k=3\n"
	  "seed=7\n"
	  "choices=2\n"
	  "temperature=1\n"
	  "top_p=0.5\n"
	  "frequency_penalty=0.2\n"
	  "presence_penalty=0.1\n"
	  "stop=[X]\n"
	  "reasoning=\"high\"\n"
	  "output_type=\"json\"\n"
	  "id=\"r0\"\n"
	  "model=\"gemini-x-1\"\n"
	  "tier=\"ON_DEMAND\"\n"
	  "finish=[length,content_filter]\n"
	  "raw_finish=[MAX_TOKENS,SAFETY]\n"
	  "usage in=15 read=4 in_text=7 in_image=3 in_tool=5 out=8 reasoning=2 out_audio=6 tota"
	  "l=23 codes=1\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"T\"\n"
	  "  blob image/png image \"AAAA\"\n"
	  "  uri audio/mp3 audio \"gs://x\"\n"
	  "input assistant\n"
	  "  text \"ab\"\n"
	  "  tool_call #c1 f json \"{}\"\n"
	  "input user\n"
	  "  tool_response #c1 f json error \"{\\\"error\\\":\\\"no\\\"}\"\n"
	  "output assistant finish=length\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n"
	  "  server_tool_call code_execution json \"{\\\"language\\\":\\\"PYTHON\\\",\\\"code\\"
	  "\":\\\"1\\\"}\"\n"
	  "  tool_call #c2 g json \"{}\"\n"
	  "output assistant finish=content_filter\n"
	  "tool function f {\"type\":\"OBJECT\"}\n"
	  "tool googleSearch googleSearch \n"
	  "call function g #c2 {}\n" },
	{ "stream: counts replace, text that follows text is one part",
	  { .target = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}],\"role\":\"model"
		    "\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":4,"
		    "\"candidatesTokenCount\""
		    ":1,\"totalTokenCount\":5},\"modelVersion\":\"gemini-x-1\",\"responseId\":"
		    "\"r1\"}\r\n"
		    "\r\n"
		    "data: "
		    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"},{\"functionCall\":"
		    "{\"name\":\"f\",\"args\":{\"a\":1}}}],\"role\":\"model\"},\"finishReason\":"
		    "\"STOP\","
		    "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":5,"
		    "\"cachedContentTokenCount\":"
		    "2,\"candidatesTokenCount\":7,\"thoughtsTokenCount\":3,\"totalTokenCount\":15},"
		    "\"mode"
		    "lVersion\":\"gemini-x-1\",\"responseId\":\"r1\"}\r\n"
		    "\r\n") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "id=\"r1\"\n"
	  "model=\"gemini-x-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[STOP]\n"
	  "usage in=5 read=2 out=10 reasoning=3 total=15\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"Hello\"\n"
	  "  tool_call f json \"{\\\"a\\\":1}\"\n"
	  "call function f # {\"a\":1}\n" },
	{ "the same as one array",
	  { .target = "/v1/projects/p/locations/l/publishers/google/models/"
		      "gemini-x:streamGenerateContent",
	    .host = "us-aiplatform.googleapis.com",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .response_fields = "content-type: application/json\n",
	    .response = SLICE("[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}],"
			      "\"role\":\"model\"},"
			      "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":4,"
			      "\"candidatesTokenCount\":1,"
			      "\"totalTokenCount\":5},\"modelVersion\":\"gemini-x-1\","
			      "\"responseId\":\"r1\"}\n"
			      ",\r\n"
			      "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"},{"
			      "\"functionCall\":{\"nam"
			      "e\":\"f\",\"args\":{\"a\":1}}}],\"role\":\"model\"},"
			      "\"finishReason\":\"STOP\",\"inde"
			      "x\":0}],\"usageMetadata\":{\"promptTokenCount\":5,"
			      "\"cachedContentTokenCount\":2,\"ca"
			      "ndidatesTokenCount\":7,\"thoughtsTokenCount\":3,\"totalTokenCount\":"
			      "15},\"modelVersi"
			      "on\":\"gemini-x-1\",\"responseId\":\"r1\"}\n"
			      "]") },
	  "gemini generate_content\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "id=\"r1\"\n"
	  "model=\"gemini-x-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[STOP]\n"
	  "usage in=5 read=2 out=10 reasoning=3 total=15\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"Hello\"\n"
	  "  tool_call f json \"{\\\"a\\\":1}\"\n"
	  "call function f # {\"a\":1}\n" },
	{ "a stream that breaks off has no output count",
	  { .target = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}],\"role\":\"model"
		    "\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":4,"
		    "\"candidatesTokenCount\""
		    ":1,\"totalTokenCount\":5},\"modelVersion\":\"gemini-x-1\",\"responseId\":"
		    "\"r1\"}\r\n"
		    "\r\n") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "id=\"r1\"\n"
	  "model=\"gemini-x-1\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "usage in=4\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"Hel\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "zeros are left out; the total says so",
	  { .target = "/v1beta/models/gemini-x:generateContent",
	    .host = "gw.example",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .response = SLICE("{\"candidates\":[{\"finishReason\":\"RECITATION\",\"index\":0}],"
			      "\"usageMetadata\":{"
			      "\"promptTokenCount\":10,\"totalTokenCount\":10}}") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gen_ai\"\n"
	  "server=\"gw.example\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "finish=[content_filter]\n"
	  "raw_finish=[RECITATION]\n"
	  "usage in=10 out=0 total=10\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=content_filter\n" },
	{ "a blocked prompt",
	  { .target = "/v1beta/models/gemini-x:generateContent",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .response = SLICE("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{"
			      "\"promptTokenCou"
			      "nt\":8}}") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "finish=[content_filter]\n"
	  "raw_finish=[content_filter]\n"
	  "usage in=8\n"
	  "input user\n"
	  "  text \"Hi\"\n" },
	{ "enums as numbers",
	  { .target = "/v1beta/models/gemini-x:generateContent",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .response = SLICE("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A\"}]},"
			      "\"finishReason\":2}]}") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "finish=[length]\n"
	  "raw_finish=[MAX_TOKENS]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"A\"\n" },
	{ "an error of a stream comes in an array",
	  { .target = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"),
	    .status = 429,
	    .response_fields = "content-type: application/json\n",
	    .response = SLICE("[{\"error\":{\"code\":429,\"message\":\"quota\",\"status\":"
			      "\"RESOURCE_EXHAUSTED\"}}]") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=429\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"RESOURCE_EXHAUSTED\"\n"
	  "message=\"quota\"\n" },
	{ "embeddings of a batch",
	  { .target = "/v1beta/models/e:batchEmbedContents",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"requests\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},"
			     "\"outputDimensionality\":"
			     "8}]}"),
	    .response = SLICE("{\"embeddings\":[{\"values\":[0.5]}],\"usageMetadata\":{"
			      "\"promptTokenCount\":3,\"tot"
			      "alTokenCount\":3}}") },
	  "gemini-embeddings embeddings\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"e\"\n"
	  "dimensions=8\n"
	  "usage in=3\n" },
	{ "embeddings by predict: the sum of what each counts",
	  { .target =
		    "/v1/projects/p/locations/l/publishers/google/models/text-embedding-5:predict",
	    .host = "us-aiplatform.googleapis.com",
	    .request = SLICE("{\"instances\":[{\"content\":\"x\"}],\"parameters\":{"
			     "\"outputDimensionality\":4}}"),
	    .response = SLICE("{\"predictions\":[{\"embeddings\":{\"values\":[1],\"statistics\":{"
			      "\"token_count\":2}"
			      "}},{\"embeddings\":{\"statistics\":{\"token_count\":3}}}]}") },
	  "gemini-embeddings embeddings\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"text-embedding-5\"\n"
	  "dimensions=4\n"
	  "usage in=5\n" },
	{ "an image by predict",
	  { .target = "/v1/publishers/google/models/imagen-4:predict",
	    .host = "gw.example",
	    .request = SLICE(
		    "{\"instances\":[{\"prompt\":\"a cat\"}],\"parameters\":{\"sampleCount\":2}}"),
	    .response = SLICE("{\"predictions\":[{\"mimeType\":\"image/"
			      "png\",\"bytesBase64Encoded\":\"AA\"}]}") },
	  "gemini-embeddings generate_content\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"gw.example\"\n"
	  "status=200\n"
	  "request_model=\"imagen-4\"\n"
	  "choices=2\n"
	  "output_type=\"image\"\n"
	  "input user\n"
	  "  text \"a cat\"\n" },
	{ "the tier that is asked for; thoughts; headers",
	  { .target = "/v1beta/models/gemini-x:generateContent",
	    .host = "generativelanguage.googleapis.com",
	    .response_fields = "content-type: application/json\n"
			       "x-gemini-service-tier: flex\n"
			       "x-goog-request-id: g-1\n",
	    .request = SLICE("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}],"
			     "\"serviceTier"
			     "\":\"flex\"}"),
	    .response = SLICE(
		    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hm\","
		    "\"t"
		    "hought\":true},{\"text\":\"A\"}]},\"finishReason\":\"STOP\"}],\"usageMetadat"
		    "a\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1,\"thoughtsTokenCo"
		    "unt\":2,\"totalTokenCount\":6,\"serviceTier\":\"flex\"},\"modelVersion\":\"g"
		    "emini-x-1\",\"responseId\":\"r\"}") },
	  "gemini generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_id=\"g-1\"\n"
	  "request_model=\"gemini-x\"\n"
	  "request_tier=\"flex\"\n"
	  "id=\"r\"\n"
	  "model=\"gemini-x-1\"\n"
	  "tier=\"flex\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[STOP]\n"
	  "usage in=3 out=3 reasoning=2 total=6\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n" },
	{ "embeddings that are refused",
	  { .target = "/v1beta/models/gemini-embedding-x:embedContent",
	    .host = "generativelanguage.googleapis.com",
	    .status = 400,
	    .request = SLICE("{\"content\":{\"parts\":[{\"text\":\"a\"}]}}"),
	    .response = SLICE("{\"error\":{\"code\":400,\"message\":\"no\",\"status\":\"INVALID_"
			      "ARGUMENT\"}}") },
	  "gemini-embeddings embeddings\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=400\n"
	  "request_model=\"gemini-embedding-x\"\n"
	  "error=\"INVALID_ARGUMENT\"\n"
	  "message=\"no\"\n" },
};

TEST(gemini_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(gemini_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
