#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An MCP server over the official SDK: mcp_server.py [http|sse PORT]; else its standard streams.
Its log (MCP_LOG) has one JSON line a tool: [name, began_ns, ended_ns]."""
import json
import os
import sys
import time

from mcp.server.mcpserver import Context, MCPServer

how, port = (sys.argv[1:] + ["stdio", "0"])[:2] if len(sys.argv) > 1 else ("stdio", "0")
# Where the package rich is installed, the SDK would paint a traceback of what fails, 0.3 s long.
server = MCPServer("tester", log_level="CRITICAL")


def log(name, began):
    if os.environ.get("MCP_LOG"):
        with open(os.environ["MCP_LOG"], "a") as f:
            f.write(json.dumps([name, began, time.time_ns()]) + "\n")


@server.tool()
async def read(path: str, ctx: Context) -> str:
    import asyncio
    began = time.time_ns()
    await ctx.report_progress(1, 2)
    await asyncio.sleep(0.1)
    log("read", began)
    return "contents of " + path


@server.tool()
async def fail(path: str) -> str:
    log("fail", time.time_ns())
    raise ValueError("no such file: " + path)


@server.tool()
async def big(n: int) -> str:
    return "x" * n


if how == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http" if how == "http" else "sse", host="127.0.0.1", port=int(port))
