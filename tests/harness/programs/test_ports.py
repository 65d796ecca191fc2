"""A port that is called free can be listened on."""

from __future__ import annotations

import socket

from harness.programs.ports import free_port


def test_a_server_can_listen_on_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] not in {free_port() for _ in range(50)}
