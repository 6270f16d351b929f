#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""raw_quic.py PORT SECONDS: the first datagram of a QUIC connection to api.openai.com, as a library of
its own sends it, and nothing else. Prints when."""
import socket
import sys
import time

# Made and sealed by other means: see tests/unit/test_quic_hello.c.
INITIAL = bytes.fromhex(
    "c900000001088394c8f03e51570803616263004117cb1ea7f3d1f1893c8c699f55b9113aba4a772eb6e405e67485e1decefc69bcd8a3346c11362569"
    "c08a4030eca6cb03260ad5d41f14b21fafe31f7bb34a128cb543b2b75e4381477547ecabed3412e69931f1a9de8057e81ded00a08efb807c660f2979"
    "cb05876c2feefcb2df671330c83711b3a043dc02a8ea627f956cf9580bfa26361a98a640c1cefdc300b9b4bf0b088bccbca2be5b977ef09da0123e46"
    "81ebcc052f9d21b6f0b013ded5c10e4ecc26f79f0ec8ed33d0d420a0da1af37ec23c196c119df594cb31b77c75c513b1ea25fd548a6e0961c3e77eb6"
    "4e2686601ac9b36c3fda5ade61a7b5d958df6bb860dbc3d4230e63fd4be1d15fb6a8e5eba0fc3dd60bc8e30c36ca381e2e22bdaac3c039127e90fecd")

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    time.sleep(0.5)
    print(time.time(), flush=True)
    s.sendto(b"\0" * 1300, ("127.0.0.1", int(sys.argv[1])))  # something else
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.sendmsg([INITIAL.ljust(1250, b"\0")], (), 0, ("127.0.0.1", int(sys.argv[1])))
    time.sleep(float(sys.argv[2]))
