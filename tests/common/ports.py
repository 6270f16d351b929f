# SPDX-License-Identifier: Apache-2.0
"""Ports of the loopback interface that nobody listens on."""
import socket


def free_ports(n):
    """n different ones."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def free_port():
    return free_ports(1)[0]
