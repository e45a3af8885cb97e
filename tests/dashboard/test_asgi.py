"""The web process from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from clusterview.stream import hub
from clusterview.traffic import executing
from dashboard import asgi


async def test_what_is_being_switched_is_handed_over_before_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    heard = iter(["lifespan.startup", "lifespan.shutdown"])

    class Stand:
        """Stands for the threads that carry switches out."""

        def start(self) -> None:
            told.append("hub")

        def stop(self) -> None:
            told.append("handed over")

    async def receive() -> dict[str, Any]:
        return {"type": next(heard)}

    async def send(message: Mapping[str, Any]) -> None:
        told.append(message["type"])

    monkeypatch.setattr(hub, "hub", Stand)
    monkeypatch.setattr(executing, "of_this_process", Stand)
    await asgi.application({"type": "lifespan"}, receive, send)
    assert told == ["hub", "lifespan.startup.complete", "handed over", "lifespan.shutdown.complete"]
