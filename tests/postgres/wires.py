"""The tests' database behind a proxy that makes faults; the owner of its tables goes around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections

from tests.faults.proxy import Proxy


@pytest.fixture
def wire(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy. Connections that the test opens go through it."""
    settings = connections["default"].settings_dict
    connections["default"].close()
    with Proxy(target_port=int(settings["PORT"])) as proxy:
        monkeypatch.setitem(settings, "PORT", proxy.port)
        yield proxy
        connections["default"].close()
    monkeypatch.undo()
