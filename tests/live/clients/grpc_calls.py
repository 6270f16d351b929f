#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls by grpcio on one channel: grpc_calls.py PORT COUNT [CA]. By turns a whole answer, a
stream and an embedding; without a certificate in the clear."""
import os
import sys

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from protobuf import message

XAI, VERTEX = "/xai_api.Chat/", "/google.cloud.aiplatform.v1.PredictionService/"


def chat(n):
    return message((1, message((1, message((1, "hello"))), (2, 1))), (2, "ask-%d" % n))


def embed(n):
    return message((1, "projects/p/locations/l/publishers/google/models/text-embedding-%d" % n), (2, message((3, "hello"))))


def main():
    target = "localhost:%s" % sys.argv[1]
    if len(sys.argv) > 3:
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(open(sys.argv[3], "rb").read()))
    else:
        channel = grpc.insecure_channel(target)
    with channel:
        for n in range(int(sys.argv[2])):
            if n % 3 == 0:
                channel.unary_unary(XAI + "GetCompletion")(chat(n), timeout=10)
            elif n % 3 == 1:
                assert len(list(channel.unary_stream(XAI + "GetCompletionChunk")(chat(n), timeout=10))) == 3
            else:
                channel.unary_unary(VERTEX + "Predict")(embed(n), timeout=10)


main()
