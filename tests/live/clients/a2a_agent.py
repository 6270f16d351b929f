#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent and its client over the official SDK of A2A: a2a_agent.py serve serves it, its port
stands on stdout; a2a_agent.py ask PORT BINDING asks it, and says on stdout which task that was, and in
which context."""
import asyncio
import socket
import sys

import httpx
from a2a.client import ClientConfig, ClientFactory
from a2a.helpers.proto_helpers import new_task_from_user_message, new_text_message, new_text_part
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, GetTaskRequest, Role, SendMessageRequest


def card(port, streaming=True):
    url = "http://127.0.0.1:%d" % port
    return AgentCard(name="Weather Agent", description="knows it", version="1", default_input_modes=["text/plain"], default_output_modes=["text/plain"],
                     skills=[AgentSkill(id="weather", name="weather", description="tells it", tags=["weather"])],
                     capabilities=AgentCapabilities(streaming=streaming), supported_interfaces=[
                         AgentInterface(protocol_binding="JSONRPC", protocol_version="1.0", url=url + "/rpc"),
                         AgentInterface(protocol_binding="HTTP+JSON", protocol_version="1.0", url=url + "/rest")])


class Weather(AgentExecutor):
    async def execute(self, context, event_queue):
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        await asyncio.sleep(0.1)
        await updater.add_artifact([new_text_part("sunny")])
        await updater.complete()

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def serve():
    import uvicorn
    from starlette.applications import Starlette
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    handler = DefaultRequestHandler(agent_executor=Weather(), task_store=InMemoryTaskStore(), agent_card=card(port))
    app = Starlette(routes=create_jsonrpc_routes(handler, "/rpc") + create_rest_routes(handler, path_prefix="/rest"))
    print(port, flush=True)
    asyncio.run(uvicorn.Server(uvicorn.Config(app, log_level="error")).serve(sockets=[s]))


async def ask(port, binding):
    async with httpx.AsyncClient(timeout=20) as http:
        for streaming in (False, True):
            config = ClientConfig(streaming=streaming, httpx_client=http, supported_protocol_bindings=[binding])
            client = ClientFactory(config).create(card(port, streaming))
            message = new_text_message("what is it like in Paris?", role=Role.ROLE_USER)
            task = None
            async for event in client.send_message(SendMessageRequest(message=message)):
                task = (event.task.id if event.HasField("task") else None) or task
            got = await client.get_task(GetTaskRequest(id=task))
            print(got.id, got.context_id, flush=True)


if sys.argv[1] == "serve":
    serve()
else:
    asyncio.run(ask(int(sys.argv[2]), sys.argv[3]))
