#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent whose tools are an MCP server's, over the official SDK:

    mcp_loop.py PLAN SERVER…        the server is started with pipes
    mcp_loop.py PLAN http URL       Streamable HTTP
    mcp_loop.py PLAN sse URL        the transport before it

What it did stands on stdout: {"tools": [[name, failed, began_ns, ended_ns], …]}."""
import asyncio
import contextlib
import json
import os
import sys
import time

import openai
from mcp import ClientSession


async def loop(session, plan):
    client, did = openai.AsyncOpenAI(max_retries=0), []
    tools = [{"type": "function", "function": {"name": t.name, "parameters": {"type": "object"}}} for t in (await session.list_tools()).tools]
    messages = [{"role": "system", "content": "You are Tester. Test."}, {"role": "user", "content": "Please do it. plan:" + plan}]
    while True:
        m = (await client.chat.completions.create(model="gpt-4o", messages=messages, tools=tools)).choices[0].message
        if not m.tool_calls:
            return did
        messages.append(m.model_dump(exclude_none=True))

        async def one(t):
            began = time.time_ns()
            try:
                r = await session.call_tool(t.function.name, json.loads(t.function.arguments))
                failed, text = bool(getattr(r, "is_error", None) or getattr(r, "isError", None)), r.content[0].text if r.content else ""
            except Exception as e:  # an error of the protocol
                failed, text = True, str(e)
            did.append([t.function.name, failed, began, time.time_ns()])
            return {"role": "tool", "tool_call_id": t.id, "content": text}
        messages += await asyncio.gather(*[one(t) for t in m.tool_calls])


@contextlib.asynccontextmanager
async def connect(how):
    if how[0] == "http":
        from mcp.client.streamable_http import streamable_http_client
        async with streamable_http_client(how[1]) as streams:
            yield streams
    elif how[0] == "sse":
        from mcp.client.sse import sse_client
        async with sse_client(how[1]) as streams:
            yield streams
    else:
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client
        async with stdio_client(StdioServerParameters(command=how[0], args=how[1:], env=dict(os.environ))) as streams:
            yield streams


async def main():
    async with connect(sys.argv[2:]) as streams, ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        did = await loop(session, sys.argv[1])
    print(json.dumps({"tools": did}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
