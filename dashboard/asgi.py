"""HTTP to Django, WebSockets to the consumers; the first request of all, `up`'s own look at /livez, starts the hub."""

from __future__ import annotations

import gc
import os
import warnings
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
# WhiteNoise hands its files over as ordinary iterators; Django reads each in a thread and warns of it.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
http = get_asgi_application()

from clusterview.routing import websocket_urlpatterns  # noqa: E402 (models are ready only now)
from clusterview.stream import hub  # noqa: E402

# A full collection takes a second where ten thousand are connected, and nothing is sent meanwhile. What the imports made is never garbage, and the
# rest is mostly sockets that stay.
gc.freeze()
gc.set_threshold(10_000, 20, 10)

router = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    hub.hub().start()
    await router(scope, receive, send)
