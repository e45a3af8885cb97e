"""The product's application, but for its looks at who is connected that no ring asked for: what closes a socket is the ring."""

from __future__ import annotations

from dashboard.asgi import application

from clusterview import consumers  # isort: skip (models are ready only now)

__all__ = ["application"]

consumers.LOOK_AGAIN_SECONDS = 3_600.0
