/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "embed",
	  { .target = "/v2/embed",
	    .host = "api.cohere.com",
	    .request = SLICE("{\"model\":\"embed-x\",\"texts\":[\"x\"],\"embedding_types\":["
			     "\"float\",\"int8\"],\""
			     "output_dimension\":8}"),
	    .response = SLICE("{\"id\":\"e1\",\"embeddings\":{\"float\":[[1]]},\"meta\":{\"billed_"
			      "units\":{\"input_"
			      "tokens\":4}}}") },
	  "cohere-embed embeddings\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"embed-x\"\n"
	  "dimensions=8\n"
	  "formats=[float,int8]\n"
	  "id=\"e1\"\n"
	  "usage in=4\n" },
	{ "rerank",
	  { .target = "/v2/rerank",
	    .host = "api.cohere.com",
	    .request = SLICE("{\"model\":\"rerank-x\",\"query\":\"q\",\"documents\":[\"a\"]}"),
	    .response = SLICE("{\"id\":\"k1\",\"results\":[],\"meta\":{\"billed_units\":{\"search_"
			      "units\":1}}}") },
	  "rerank rerank\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"rerank-x\"\n"
	  "id=\"k1\"\n"
	  "usage units=1\n" },
	{ "Jina's counts the total",
	  { .target = "/v1/rerank",
	    .host = "api.jina.ai",
	    .request = SLICE("{\"model\":\"jina-x\",\"query\":\"q\",\"documents\":[\"a\"]}"),
	    .response =
		    SLICE("{\"model\":\"jina-x\",\"usage\":{\"total_tokens\":9},\"results\":[]}") },
	  "rerank rerank\n"
	  "provider=\"jina_ai\"\n"
	  "server=\"api.jina.ai\"\n"
	  "status=200\n"
	  "request_model=\"jina-x\"\n"
	  "model=\"jina-x\"\n"
	  "usage in=9\n" },
};

TEST(cohere_embed_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(cohere_embed_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
