/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

#define GRPC "content-type: application/grpc\n"

/* Written by Google's own libraries (google-cloud-aiplatform 2.7.0 and
 * google-ai-generativelanguage 0.12.1). What is generated is in test_gemini_grpc.c. */
static const struct dialect_row rows[] = {
	{ "the Gemini API embeds one text; it counts nothing",
	  { .target = "/google.ai.generativelanguage.v1beta.GenerativeService/EmbedContent",
	    .host = "generativelanguage.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000(\012\033models/gemini-embedding-\060\060\061\022\006"
			     "\012\004\022\002hi(\200\002"),
	    .response =
		    SLICE("\000\000\000\000\014\012\012\012\010\000\000\000\077\000\000\200\277") },
	  "gemini-grpc embeddings\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-embedding-001\"\n"
	  "dimensions=256\n" },
	{ "a batch",
	  { .target = "/google.ai.generativelanguage.v1beta.GenerativeService/BatchEmbedContents",
	    .host = "generativelanguage.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request =
		    SLICE("\000\000\000\000F\012\033models/gemini-embedding-\060\060\061\022'\012"
			  "\033models/gemini-embedding-\060\060\061\022\006\012\004\022\002hi("
			  "@"),
	    .response =
		    SLICE("\000\000\000\000\014\012\012\012\010\000\000\000\077\000\000\200\277") },
	  "gemini-grpc embeddings\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-embedding-001\"\n"
	  "dimensions=64\n" },
	{ "Vertex AI embeds, and counts",
	  { .target = "/google.cloud.aiplatform.v1beta1.PredictionService/EmbedContent",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000O\012Bprojects/p/locations/l/publishers/google/mode"
			     "ls/gemini-embedding-\062\022\006\022\004\012\002hi\060\200\002"),
	    .response = SLICE("\000\000\000\000\016\012\006\012\004\000\000\000\077\022\004\010\007"
			      "\030\007") },
	  "gemini-grpc embeddings\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-embedding-2\"\n"
	  "dimensions=256\n"
	  "usage in=7\n" },
	{ "dimensions in a config",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/EmbedContent",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000\071\012+publishers/google/models/gemini-embedding-"
			     "\062\022\006\022\004\012\002hiB\002 c"),
	    .response = SLICE("\000\000\000\000\016\012\006\012\004\000\000\000\077\022\004\010\007"
			      "\030\007") },
	  "gemini-grpc embeddings\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-embedding-2\"\n"
	  "dimensions=99\n"
	  "usage in=7\n" },
	{ "Predict of an embedding model: the sum of what each counts",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/Predict",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000\230\012Bprojects/p/locations/l/publishers/google/m"
			     "odels/text-embedding-\060\060\065\022\023*\021\012\017\012\007conte"
			     "nt\022\004\032\002hi\022\026*\024\012\022\012\007content\022\007\032"
			     "\005there\032%*#\012!\012\024outputDimensionality\022\011\021\000\000"
			     "\000\000\000\000`@"),
	    .response =
		    SLICE("\000\000\000\000\322\012u*s\012q\012\012embeddings\022c*a\012;\012\012"
			  "statistics\022-*+\012\017\012\011truncated\022\002 \000\012\030\012"
			  "\013token_count\022\011\021\000\000\000\000\000\000\000@\012\042\012"
			  "\006values\022\030\062\026\012\011\021\000\000\000\000\000\000\340\077"
			  "\012\011\021\000\000\000\000\000\000\360\077\012Y*W\012U\012\012emb"
			  "eddings\022G*E\012*\012\012statistics\022\034*\032\012\030\012\013t"
			  "oken_count\022\011\021\000\000\000\000\000\000\010@\012\027\012\006"
			  "values\022\015\062\013\012\011\021\000\000\000\000\000\000\340\077") },
	  "gemini-grpc embeddings\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"text-embedding-005\"\n"
	  "dimensions=128\n"
	  "usage in=5\n" },
	{ "Predict of an image model",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/Predict",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .content = true,
	    .request = SLICE("\000\000\000\000X\012!publishers/google/models/imagen-\064\022\025*"
			     "\023\012\021\012\006prompt\022\007\032\005a cat\032\034*\032\012\030"
			     "\012\013sampleCount\022\011\021\000\000\000\000\000\000\000@"),
	    .response = SLICE("\000\000\000\000;\012\071*\067\012\034\012\022bytesBase\066\064Enco"
			      "ded\022\006\032\004AAAA\012\027\012\010mimeType\022\013\032\011imag"
			      "e/png") },
	  "gemini-grpc generate_content\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"imagen-4\"\n"
	  "choices=2\n"
	  "output_type=\"image\"\n"
	  "input user\n"
	  "  text \"a cat\"\n" },
	{ "Predict of any other model is no operation",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/Predict",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request =
		    SLICE("\000\000\000\000:\012$projects/p/locations/l/endpoints/\061\062\063"
			  "\022\022*\020\012\016\012\001x\022\011\021\000\000\000\000\000\000\360"
			  "\077"),
	    .response =
		    SLICE("\000\000\000\000\030\012\026*\024\012\022\012\005score\022\011\021\000"
			  "\000\000\000\000\000\370\077") },
	  "" },
	{ "Predict whose request was lost: the answer tells",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/Predict",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request_hole_at = 0,
	    .request_hole_len = 5,
	    .request = SLICE("\000\000\000\000\230\012Bprojects/p/locations/l/publishers/google/m"
			     "odels/text-embedding-\060\060\065\022\023*\021\012\017\012\007conte"
			     "nt\022\004\032\002hi\022\026*\024\012\022\012\007content\022\007\032"
			     "\005there\032%*#\012!\012\024outputDimensionality\022\011\021\000\000"
			     "\000\000\000\000`@"),
	    .response =
		    SLICE("\000\000\000\000\322\012u*s\012q\012\012embeddings\022c*a\012;\012\012"
			  "statistics\022-*+\012\017\012\011truncated\022\002 \000\012\030\012"
			  "\013token_count\022\011\021\000\000\000\000\000\000\000@\012\042\012"
			  "\006values\022\030\062\026\012\011\021\000\000\000\000\000\000\340\077"
			  "\012\011\021\000\000\000\000\000\000\360\077\012Y*W\012U\012\012emb"
			  "eddings\022G*E\012*\012\012statistics\022\034*\032\012\030\012\013t"
			  "oken_count\022\011\021\000\000\000\000\000\000\010@\012\027\012\006"
			  "values\022\015\062\013\012\011\021\000\000\000\000\000\000\340\077") },
	  "gemini-grpc embeddings\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "usage in=5\n"
	  "partial lost_records lost=5\n" },
};

TEST(gemini_proto_embeddings)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(gemini_proto_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
