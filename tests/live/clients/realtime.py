#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OpenAI's own SDK in a Realtime session: realtime.py MODEL TURNS. Endpoint, key and
certificates come from the environment."""
import sys

import openai


def main():
    model, turns = sys.argv[1], int(sys.argv[2])
    with openai.OpenAI().realtime.connect(model=model, extra_headers={"x-mock": "cached=30,reason=3"}) as session:
        for n in range(turns):
            session.conversation.item.create(item={"type": "message", "role": "user",
                                                   "content": [{"type": "input_text", "text": "turn %d" % n}]})
            session.response.create()
            for event in session:
                if event.type == "response.done":
                    break


main()
