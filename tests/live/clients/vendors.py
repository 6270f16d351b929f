#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary program with vendors' own SDKs: vendors.py BASE API SPEC, where SPEC is a JSON
list of {"stream": true, "mock": "k=v,k=v"}. Certificates come from the environment."""
import json
import os
import sys

MESSAGES = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "tool_0", "description": "does it",
                                         "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}}
KEY = os.environ["OPENAI_API_KEY"]


def gemini(base):
    from google import genai
    client = genai.Client(api_key=KEY, http_options={"base_url": base})

    def call(stream, mock):
        how = client.models.generate_content_stream if stream else client.models.generate_content
        return how(model="gemini-mock-2", contents="hello", config={"max_output_tokens": 99, "http_options": {"headers": {"x-mock": mock}}})
    return call


def bedrock(base):
    import boto3
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=base, verify=os.environ["SSL_CERT_FILE"],
                          aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key=KEY)
    say = {}
    client.meta.events.register("before-call.bedrock-runtime.*", lambda params, **_: params["headers"].update({"x-mock": say["mock"]}))
    return client, say


def converse(base):
    client, say = bedrock(base)

    def call(stream, mock):
        say["mock"] = mock
        got = (client.converse_stream if stream else client.converse)(
            modelId="us.anthropic.claude-mock-4-v1:0", messages=[{"role": "user", "content": [{"text": "hello"}]}],
            inferenceConfig={"maxTokens": 99})
        return got["stream"] if stream else got
    return call


def invoke(base):
    client, say = bedrock(base)
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": MESSAGES})

    def call(stream, mock):
        say["mock"] = mock
        got = (client.invoke_model_with_response_stream if stream else client.invoke_model)(modelId="anthropic.claude-mock-4", body=body)
        return got["body"] if stream else got["body"].read()
    return call


def cohere(base):
    import cohere as sdk
    client = sdk.ClientV2(api_key=KEY, base_url=base)
    return lambda stream, mock: (client.chat_stream if stream else client.chat)(
        model="command-mock", messages=MESSAGES, request_options={"additional_headers": {"x-mock": mock}})


def mistral(base):
    from mistralai.client import Mistral
    client = Mistral(api_key=KEY, server_url=base + "/mistral")
    return lambda stream, mock: (client.chat.stream if stream else client.chat.complete)(
        model="mistral-mock", messages=MESSAGES, tools=[TOOL], http_headers={"x-mock": mock})


def groq(base):
    from groq import Groq
    client = Groq(api_key=KEY, base_url=base)
    return lambda stream, mock: client.chat.completions.create(
        model="llama-mock", messages=MESSAGES, stream=stream, tools=[TOOL], extra_headers={"x-mock": mock})


def ollama(base):
    import ollama as sdk
    return lambda stream, mock: sdk.Client(host=base, headers={"x-mock": mock}).chat(
        model="llama-mock", messages=MESSAGES, stream=stream, tools=[TOOL])


def langchain(kind, base, **more):
    """A model of its own for each call: headers are the client's."""
    from langchain_core.tools import tool

    @tool
    def tool_0(path: str) -> str:
        """Does it."""
        return path

    def call(stream, mock):
        client = kind(base_url=base, max_retries=0, default_headers={"x-mock": mock}, **more).bind_tools([tool_0])
        return client.stream("hello") if stream else client.invoke("hello")
    return call


def langchain_openai(base):
    from langchain_openai import ChatOpenAI
    return langchain(ChatOpenAI, base + "/v1", model="gpt-mock-4", stream_usage=True)


def langchain_anthropic(base):
    from langchain_anthropic import ChatAnthropic
    return langchain(ChatAnthropic, base, model="claude-mock-4", max_tokens=99)


def main():
    base, api, spec = sys.argv[1:4]
    call = {"gemini": gemini, "converse": converse, "invoke": invoke, "cohere": cohere, "mistral": mistral, "groq": groq,
            "ollama": ollama, "langchain-openai": langchain_openai, "langchain-anthropic": langchain_anthropic}[api](base)
    for one in json.loads(spec):
        got = call(bool(one.get("stream")), one.get("mock", ""))
        for _ in got if one.get("stream") else ():
            pass


main()
