"""Sockets below the connections: none is left open, and none goes on after its connection was closed."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator

import pytest

from clusterview.kube.sockets import Register, TLSSocket
from tests.lab.fixtures import wait_until

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's end and a server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=5)
        server, _ = listener.accept()
        with client, server:
            yield client, server


def is_connected(one: socket.socket) -> bool:
    try:
        one.getpeername()
    except OSError:
        return False
    return True


def test_a_server_that_hangs_up_before_the_handshake_leaves_no_socket_open(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    server.close()
    wait_until(lambda: not is_connected(client), seconds=5, what="the connection is reset")
    context = ssl.create_default_context()
    context.sslsocket_class = TLSSocket
    with pytest.raises(ConnectionResetError):
        context.wrap_socket(client, server_hostname="example.org")


def test_a_socket_that_opens_after_the_connection_was_closed_is_ended_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    register = Register()
    register.begin()
    register.shut()
    register.connected(client)
    server.settimeout(5)
    assert server.recv(1) == b""
