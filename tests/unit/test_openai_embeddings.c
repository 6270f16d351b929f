/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "OpenAI",
	  { .target = "/v1/embeddings",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"e\",\"input\":[\"a\"],\"dimensions\":64,"
			     "\"encoding_format\":\"base64\",\"user\":\"u\"}"),
	    .response =
		    SLICE("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"embedding\":"
			  "\"AAAA\",\"index\":0}],\"model\":\"e-1\",\"usage\":{\"prompt_tokens\":3,"
			  "\"total_tokens\":3}}") },
	  "openai-embeddings "
	  "embeddings\nprovider=\"openai\"\nserver=\"api.openai.com\"\nstatus=200\n"
	  "request_model=\"e\"\ndimensions=64\nformats=[base64]\nuser=\"u\"\nmodel=\"e-1\"\n"
	  "usage in=3 total=3\n" },
	{ "Mistral: an output count of 0 is none",
	  { .target = "/v1/embeddings",
	    .host = "api.mistral.ai",
	    .request = SLICE("{\"model\":\"e\",\"input\":\"a\",\"output_dimension\":8}"),
	    .response = SLICE("{\"id\":\"i\",\"model\":\"e\",\"usage\":{\"prompt_tokens\":3,"
			      "\"completion_tokens\":0,\"total_tokens\":3}}") },
	  "openai-embeddings "
	  "embeddings\nprovider=\"mistral_ai\"\nserver=\"api.mistral.ai\"\nstatus=200\n"
	  "request_model=\"e\"\ndimensions=8\nid=\"i\"\nmodel=\"e\"\nusage in=3 total=3\n" },
	{ "Voyage: only the total",
	  { .target = "/v1/embeddings",
	    .host = "api.voyageai.com",
	    .request = SLICE("{\"model\":\"e\",\"input\":\"a\"}"),
	    .response = SLICE("{\"model\":\"e\",\"usage\":{\"total_tokens\":3}}") },
	  "openai-embeddings "
	  "embeddings\nprovider=\"voyage_ai\"\nserver=\"api.voyageai.com\"\nstatus=200\n"
	  "request_model=\"e\"\nmodel=\"e\"\nusage in=3 total=3\n" },
	{ "unknown path",
	  { .target = "/embed",
	    .host = "h.example",
	    .request = SLICE("{\"model\":\"e\",\"input\":[[1,2]]}"),
	    .response = SLICE("{\"data\":[{\"object\":\"embedding\"}]}") },
	  "openai-embeddings embeddings\nprovider=\"openai\"\nserver=\"h.example\"\nstatus=200\n"
	  "request_model=\"e\"\n" },
	{ "failed",
	  { .target = "/v1/embeddings",
	    .host = "api.openai.com",
	    .status = 401,
	    .request = SLICE("{\"model\":\"e\",\"input\":\"a\"}"),
	    .response = SLICE("{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\","
			      "\"code\":\"invalid_api_key\"}}") },
	  "openai-embeddings "
	  "embeddings\nprovider=\"openai\"\nserver=\"api.openai.com\"\nstatus=401\n"
	  "request_model=\"e\"\nerror=\"invalid_api_key\"\nmessage=\"no\"\n" },
	{ "OpenRouter's price",
	  { .target = "/api/v1/embeddings",
	    .host = "openrouter.ai",
	    .request = SLICE("{\"model\":\"m\",\"input\":\"a\"}"),
	    .response = SLICE("{\"object\":\"list\",\"id\":\"e1\",\"model\":\"m\",\"data\":[],"
			      "\"usage\":{\"prompt_"
			      "tokens\":4,\"total_tokens\":4,\"cost\":0.0005}}") },
	  "openai-embeddings embeddings\n"
	  "provider=\"openrouter\"\n"
	  "server=\"openrouter.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"e1\"\n"
	  "model=\"m\"\n"
	  "usage in=4 total=4 cost=0.0005\n" },
};

TEST(embeddings_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(embeddings_rows_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
