#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Web applications that ask a model to answer: POST /api/chat/ID {"message": …, "tag": …}. Both go
on in the prompt; by the tag a test knows whose call is whose.

    chat_server.py flask|gunicorn|uvicorn|fastapi-sync PORT
"""
import os
import sys

import openai


def ask(body):
    return dict(model="gpt-4o", messages=[{"role": "user", "content": "%s tag:%s" % (body["message"], body["tag"])}])


def flask_app():
    import flask
    app, client = flask.Flask("chat"), openai.OpenAI(max_retries=0)

    @app.post("/api/chat/<id>")
    def chat(id):
        return client.chat.completions.create(**ask(flask.request.json)).choices[0].message.content
    return app


def fastapi_app(sync):
    import fastapi
    app = fastapi.FastAPI()
    client = openai.OpenAI(max_retries=0) if sync else openai.AsyncOpenAI(max_retries=0)
    if sync:
        @app.post("/api/chat/{id}")
        def chat(id: str, body: dict):
            return client.chat.completions.create(**ask(body)).choices[0].message.content
    else:
        @app.post("/api/chat/{id}")
        async def chat(id: str, body: dict):
            return (await client.chat.completions.create(**ask(body))).choices[0].message.content
    return app


def main():
    how, port = sys.argv[1], int(sys.argv[2])
    if how == "flask":
        flask_app().run("127.0.0.1", port, threaded=True)
    elif how == "gunicorn":
        os.execvp(sys.executable, [sys.executable, "-m", "gunicorn", "--chdir", os.path.dirname(os.path.abspath(__file__)), "-w", "2",
                                   "--threads", "12", "-b", "127.0.0.1:%d" % port, "chat_server:flask_app()"])
    else:
        import uvicorn
        uvicorn.run(fastapi_app(how == "fastapi-sync"), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main()
