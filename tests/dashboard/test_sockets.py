"""What is written to a socket beside uvicorn's own way is the frame that this would have written."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from dashboard import sockets


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 5_000_000])
def test_a_message_has_the_head_that_the_protocol_wants(length: int) -> None:
    payload = b"x" * length
    assert sockets.head(length) + payload == Frame(Opcode.BINARY, payload).serialize(mask=False)
