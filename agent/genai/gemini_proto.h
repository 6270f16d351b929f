/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of Google's models over gRPC, as tables for protobuf_json(). Vertex AI's
 * PredictionService and the Gemini API's GenerativeService have the same members under other
 * numbers. Numbers are those of google-cloud-aiplatform 2.7 and google-ai-generativelanguage
 * 0.12; v1 and v1beta agree on them. Data of images, vectors, and signatures of thoughts are
 * left out.
 */
#ifndef GENAI_GEMINI_PROTO_H
#define GENAI_GEMINI_PROTO_H

#include "protobuf_json.h"

enum gemini_layout { GEMINI_VERTEX, GEMINI_API };

extern const struct protobuf_message gemini_generate_request, gemini_generate_response,
	gemini_embed_request, gemini_embed_response, gemini_predict_request,
	gemini_predict_response;

#endif
