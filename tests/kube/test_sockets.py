"""Sockets below the connections: none is left open, none goes on after its connection was closed, and a chunked body is given as it was sent."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube.sockets import CHUNK_HEAD_BYTES, Chunked, Register, TLSSocket
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


class Arriving(io.RawIOBase):
    """What a server sent, in these pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = list(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        piece = self._pieces.pop(0) if self._pieces else b""
        if len(piece) > len(into):
            self._pieces.insert(0, piece[len(into) :])
        taken = piece[: len(into)]
        into[: len(taken)] = taken
        return len(taken)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def answer(*pieces: bytes) -> Chunked:
    found = Chunked(cast("socket.socket", Arriving([HEAD, *pieces])), method="GET")
    found.begin()
    return found


def everything(of: Chunked) -> list[bytes]:
    found = []
    while piece := of.read1(128 * 1024):
        found.append(piece)
    return found


def chunked(body: Sequence[bytes], *, extension: bytes = b"") -> bytes:
    return b"".join(b"%x%b\r\n%b\r\n" % (len(one), extension, one) for one in body)


def cut(text: bytes, *, at: Sequence[int]) -> list[bytes]:
    places = sorted({place % len(text) for place in at} - {0})
    return [text[first:last] for first, last in zip([0, *places], [*places, len(text)], strict=True)]


BODIES = st.lists(st.binary(min_size=1, max_size=40) | st.sampled_from([b"\r\n", b"0\r\n\r\n", b"\n" * 9]), max_size=6)
PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@given(body=BODIES, at=PLACES, extension=st.sampled_from([b"", b";a=b", b" "]), trailer=st.sampled_from([b"", b"Expires: never\r\n"]))
def test_a_chunked_body_is_given_as_it_was_sent_however_it_arrives(body: list[bytes], at: list[int], extension: bytes, trailer: bytes) -> None:
    text = chunked(body, extension=extension) + b"0\r\n" + trailer + b"\r\n"
    found = answer(*cut(text, at=at))
    assert b"".join(everything(found)) == b"".join(body)
    assert found.isclosed(), "so its connection can be used again"


@given(body=BODIES, at=PLACES, missing=st.integers(1, 10_000))
def test_a_body_that_breaks_off_is_never_taken_for_a_whole_one(body: list[bytes], at: list[int], missing: int) -> None:
    text = chunked(body)
    kept = text[: max(0, len(text) - missing)]
    found, seen = answer(*cut(kept, at=at) if kept else ()), []
    with pytest.raises(http.client.IncompleteRead):
        while True:
            seen.append(found.read1(128 * 1024))
            assert seen[-1], "an end"
    assert b"".join(body).startswith(b"".join(seen))


def test_all_chunks_that_have_come_are_given_at_once() -> None:
    body = [b"%d" % number * 500 for number in range(10, 40)]
    assert everything(answer(chunked(body) + END))[-1].endswith(body[-1])
    assert len(everything(answer(chunked(body) + END))) == 1


NOT_CHUNKS = [
    b"zz\r\n", b"-5\r\nhello", b"0x5\r\nhello", b"5_0\r\nhello", b"\r\n", b"5\r\nhelloworld\r\n", b"5\r\nhello\n",
    b"1" * 17 + b"\r\n",
]


@pytest.mark.parametrize("text", NOT_CHUNKS)
def test_what_is_no_chunk_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="does not begin a chunk"):
        everything(answer(text))


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ValueError, match="too long"):
        everything(answer(b"5;" + b"a" * CHUNK_HEAD_BYTES, b"a" * CHUNK_HEAD_BYTES))
