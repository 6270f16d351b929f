# SPDX-License-Identifier: Apache-2.0
"""LLM calls by .NET's own HttpClient, in this process by pythonnet: BASE, CALLS, STREAM and GO as fetch.mjs
does. RUNTIME: the folder of .NET's `dotnet`."""
import os
import sys
import time

import clr_loader
import pythonnet

root = os.environ["RUNTIME"]
pythonnet.set_runtime(clr_loader.get_coreclr(runtime_config=os.path.join(root, "..", "runtimeconfig.json"), dotnet_root=root))
import clr

clr.AddReference("System.Net.Http")
from System.Net.Http import HttpClient, StringContent
from System.Text import Encoding


def main():
    base, more, go = os.environ["BASE"], ',"stream":true,"stream_options":{"include_usage":true}' if os.environ.get("STREAM") else "", os.environ.get("GO")
    client = HttpClient()
    client.DefaultRequestHeaders.Add("x-mock", "cached=7,in=70,out=9")
    for i in range(int(os.environ.get("CALLS") or 1)):
        for _ in range(6000):
            if not i or not go or os.path.exists(go):
                break
            time.sleep(0.02)
        body = '{"model":"dotnet-mock-1","messages":[{"role":"user","content":"hello"}]%s}' % more
        answer = client.PostAsync(base + "/v1/chat/completions", StringContent(body, Encoding.UTF8, "application/json")).Result
        answer.Content.ReadAsStringAsync().Result
        if int(answer.StatusCode) != 200:
            sys.exit("status %d" % int(answer.StatusCode))


main()
