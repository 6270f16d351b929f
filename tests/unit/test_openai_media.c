/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "an image",
	  { .target = "/v1/images/generations",
	    .host = "api.openai.com",
	    .request = SLICE(
		    "{\"model\":\"gpt-image-1\",\"prompt\":\"a cat\",\"n\":2,\"user\":\"u\"}"),
	    .response = SLICE("{\"created\":1,\"data\":[{\"b64_json\":\"AA\"}],\"usage\":{\"input_"
			      "tokens\":3,\"outp"
			      "ut_tokens\":20,\"total_tokens\":23,\"input_tokens_details\":{\"text_"
			      "tokens\":3,\"ima"
			      "ge_tokens\":0}}}") },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"gpt-image-1\"\n"
	  "choices=2\n"
	  "output_type=\"image\"\n"
	  "user=\"u\"\n"
	  "usage in=3 in_text=3 in_image=0 out=20 total=23\n"
	  "input user\n"
	  "  text \"a cat\"\n" },
	{ "an image, streamed",
	  { .target = "/v1/images/generations",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"gpt-image-1\",\"prompt\":\"a cat\",\"stream\":true}"),
	    .response = SLICE(
		    "event: image_generation.partial_image\n"
		    "data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n"
		    "\n"
		    "event: image_generation.completed\n"
		    "data: "
		    "{\"type\":\"image_generation.completed\",\"usage\":{\"input_tokens\":3,\"outpu"
		    "t_tokens\":20,\"total_tokens\":23}}\n"
		    "\n") },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"gpt-image-1\"\n"
	  "stream\n"
	  "output_type=\"image\"\n"
	  "usage in=3 out=20 total=23\n"
	  "input user\n"
	  "  text \"a cat\"\n" },
	{ "a form: its fields, not its file",
	  { .target = "/v1/audio/transcriptions",
	    .host = "api.openai.com",
	    .request = SLICE("------b\r\n"
			     "Content-Disposition: form-data; name=\"model\"\r\n"
			     "\r\n"
			     "gpt-4o-transcribe\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
			     "Content-Type: audio/wav\r\n"
			     "\r\n"
			     "RIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFRIFFR"
			     "IFFRIFFRIFF\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"prompt\"\r\n"
			     "\r\n"
			     "names\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"stream\"\r\n"
			     "\r\n"
			     "false\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"user\"\r\n"
			     "\r\n"
			     "u\r\n"
			     "------b--\r\n"),
	    .request_fields = "content-type: multipart/form-data; boundary=----b\n",
	    .response = SLICE("{\"text\":\"A\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,"
			      "\"output_tokens\""
			      ":2,\"total_tokens\":16,\"input_token_details\":{\"text_tokens\":0,"
			      "\"audio_tokens\":1"
			      "4}}}") },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"gpt-4o-transcribe\"\n"
	  "output_type=\"text\"\n"
	  "user=\"u\"\n"
	  "usage in=14 in_text=0 in_audio=14 out=2 total=16\n"
	  "input user\n"
	  "  text \"names\"\n" },
	{ "counted by the second",
	  { .target = "/openai/v1/audio/transcriptions",
	    .host = "api.groq.com",
	    .request = SLICE("------b\r\n"
			     "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
			     "Content-Type: audio/wav\r\n"
			     "\r\n"
			     "RIFF\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"model\"\r\n"
			     "\r\n"
			     "whisper-1\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"temperature\"\r\n"
			     "\r\n"
			     "0.25\r\n"
			     "------b--\r\n"),
	    .request_fields = "content-type: multipart/form-data; boundary=----b\n",
	    .response = SLICE("{\"text\":\"A\",\"usage\":{\"type\":\"duration\",\"seconds\":3}}") },
	  "openai-media generate_content\n"
	  "provider=\"groq\"\n"
	  "server=\"api.groq.com\"\n"
	  "status=200\n"
	  "request_model=\"whisper-1\"\n"
	  "temperature=0.25\n"
	  "output_type=\"text\"\n"
	  "usage audio_ms=3000\n" },
	{ "plain text",
	  { .target = "/v1/audio/translations",
	    .host = "api.openai.com",
	    .request = SLICE("------b\r\n"
			     "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
			     "Content-Type: audio/wav\r\n"
			     "\r\n"
			     "RIFF\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"model\"\r\n"
			     "\r\n"
			     "whisper-1\r\n"
			     "------b--\r\n"),
	    .request_fields = "content-type: multipart/form-data; boundary=----b\n",
	    .response_fields = "content-type: text/plain\n",
	    .response = SLICE("hello\n") },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"whisper-1\"\n"
	  "output_type=\"text\"\n" },
	{ "transcript, streamed",
	  { .target = "/v1/audio/transcriptions",
	    .host = "api.openai.com",
	    .request = SLICE("------b\r\n"
			     "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
			     "Content-Type: audio/wav\r\n"
			     "\r\n"
			     "RIFF\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"model\"\r\n"
			     "\r\n"
			     "gpt-4o-transcribe\r\n"
			     "------b\r\n"
			     "Content-Disposition: form-data; name=\"stream\"\r\n"
			     "\r\n"
			     "true\r\n"
			     "------b--\r\n"),
	    .request_fields = "content-type: multipart/form-data; boundary=----b\n",
	    .response = SLICE(
		    "event: transcript.text.delta\n"
		    "data: {\"type\":\"transcript.text.delta\",\"delta\":\"A\"}\n"
		    "\n"
		    "event: transcript.text.done\n"
		    "data: "
		    "{\"type\":\"transcript.text.done\",\"text\":\"A\",\"usage\":{\"type\":\"tokens"
		    "\",\"input_tokens\":5,\"output_tokens\":1,\"total_tokens\":6}}\n"
		    "\n") },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"gpt-4o-transcribe\"\n"
	  "stream\n"
	  "output_type=\"text\"\n"
	  "usage in=5 out=1 total=6\n" },
	{ "speech is not read",
	  { .target = "/v1/audio/speech",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"tts-1\",\"input\":\"Hi\",\"voice\":\"v\"}"),
	    .response_fields = "content-type: audio/mpeg\n",
	    .response = SLICE("\177abc\177abc\177abc\177abc\177abc\177abc\177abc\177abc\177abc\177a"
			      "bc\177abc\177abc"
			      "\177abc\177abc\177abc\177abc\177abc\177abc\177abc\177abc") },
	  "openai-media generate_content\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"tts-1\"\n"
	  "output_type=\"speech\"\n"
	  "input user\n"
	  "  text \"Hi\"\n" },
	{ "moderation",
	  { .target = "/v1/moderations",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"omni-moderation\",\"input\":\"x\"}"),
	    .response = SLICE("{\"id\":\"modr-1\",\"model\":\"omni-moderation-1\",\"results\":[{"
			      "\"flagged\":false}]"
			      "}") },
	  "openai-media moderation\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"omni-moderation\"\n"
	  "id=\"modr-1\"\n"
	  "model=\"omni-moderation-1\"\n"
	  "input user\n"
	  "  text \"x\"\n" },
};

TEST(openai_media_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(openai_media_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
