"""HTTP to Django, WebSockets to the consumers; what is being switched is handed over when the process ends."""

from __future__ import annotations

import asyncio
import os
import warnings
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import get_resolver

from dashboard import answering

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
# WhiteNoise hands its files over as ordinary iterators; Django reads each in a thread and warns of it.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
http = answering.application()

from clusterview import garbage  # noqa: E402 (models are ready only now)
from clusterview.routing import websocket_urlpatterns  # noqa: E402
from clusterview.stream import hub  # noqa: E402
from clusterview.traffic import executing  # noqa: E402

get_resolver().url_patterns  # noqa: B018 (what the first request would import)
garbage.return_blocks()
garbage.collect_rarely()
router = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    hub.hub().start()
    await (live if scope["type"] == "lifespan" else router)(scope, receive, send)


async def live(_scope: Any, receive: Any, send: Any) -> None:
    """The process from its start to its end, when nobody is connected any more; what is being switched then is brought to its end or handed over.

    See https://asgi.readthedocs.io/en/latest/specs/lifespan.html.
    """
    executors = executing.of_this_process()  # once, before two first clicks would each begin with it
    keep_tidy()
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await asyncio.to_thread(executors.stop)
    await send({"type": "lifespan.shutdown.complete"})


def keep_tidy() -> None:
    """This will look for garbage now and from time to time."""
    asyncio.get_running_loop().call_later(garbage.tidy(), keep_tidy)
