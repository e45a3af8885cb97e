"""What uvicorn's connections write to, and how `up` configures them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import uvicorn
from uvicorn import Config

from dashboard import starting
from dashboard.installing import ROOT
from dashboard.options import Options

LIMITS = ("ws_max_size", "ws_per_message_deflate", "h11_max_incomplete_event_size", "ws", "http")


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.is_closed = bytearray(), False
        self.protocol: Any = None

    def write(self, data: Any) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.written += b"".join(list_of_data)

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        """Whoever tests gives what is read."""

    def resume_reading(self) -> None:
        """Whoever tests gives what is read."""


def configured(application: Callable[[Any, Any, Any], Awaitable[None]]) -> Config:
    """What `up` says to uvicorn, for another application."""
    options = Options(state=ROOT, host="127.0.0.1", port=8000, kubeconfig="", contexts=[], read_only=False)
    (web,) = (child for child in starting.python_children(options=options) if child.name == "web")
    said = uvicorn.main.make_context("uvicorn", web.line[web.line.index("uvicorn") + 1 :]).params
    config = Config(application, interface="asgi3", log_config=None, lifespan="off", **{name: said[name] for name in LIMITS})
    config.load()
    return config
