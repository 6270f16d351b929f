#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xAI's chat and Vertex AI's embeddings over gRPC, by grpcio: grpc_provider.py CERT KEY, or
without them in the clear. Prints its port.

The model "ask-N" is answered by "say-N" with id "r-N", N + 1000 input and N + 2000 output
tokens, N of them thoughts; a prediction counts N + 1000 tokens.
"""
import sys
import threading
from concurrent import futures

import grpc
from protobuf import first, message

STOP = 3


def number(model):
    return int(model.decode().rsplit("-", 1)[1])


def usage(n):
    return message((1, 2000), (2, 1000 + n), (3, 3000 + 2 * n), (4, 1000 + n), (6, n))


def whole(data, context):
    n = number(first(data, 2))
    output = message((1, STOP), (2, 0), (3, message((1, "hello"))))
    return message((1, "r-%d" % n), (2, output), (6, "say-%d" % n), (9, usage(n)))


def chunks(data, context):
    n = number(first(data, 2))
    for text in ("hel", "lo"):
        yield message((1, "r-%d" % n), (2, message((1, message((1, text))), (4, 0))), (4, "say-%d" % n))
    yield message((1, "r-%d" % n), (2, message((1, message()), (3, STOP), (4, 0))), (4, "say-%d" % n), (6, usage(n)))


def predict(data, context):
    value = lambda **members: message((5, message(*[(1, message((1, k), (2, v))) for k, v in members.items()])))
    count = message((2, float(1000 + number(first(data, 1)))))
    return message((1, value(embeddings=value(statistics=value(token_count=count)))))


class Service(grpc.GenericRpcHandler):
    def service(self, call):
        return {"/xai_api.Chat/GetCompletion": grpc.unary_unary_rpc_method_handler(whole),
                "/xai_api.Chat/GetCompletionChunk": grpc.unary_stream_rpc_method_handler(chunks),
                "/google.cloud.aiplatform.v1.PredictionService/Predict": grpc.unary_unary_rpc_method_handler(predict)}.get(call.method)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers([Service()])
    if len(sys.argv) > 1:
        cert, key = (open(path, "rb").read() for path in sys.argv[1:3])
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, cert)]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Event().wait()


main()
