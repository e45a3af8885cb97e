"""The peer of our fan-out, as an ASGI application: each socket joins a group of a Channels layer, and is sent what is sent to the group."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils.module_loading import import_string

BACKENDS = {"core": "channels_redis.core.RedisChannelLayer", "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer"}
GROUP = "all"


class Listener(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One browser."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without Channels' look at database connections before each message, as in ours."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def told(self, event: dict[str, Any]) -> None:
        """Sends it on."""
        await self.send(bytes_data=event["data"])


def configured(*, backend: str, redis_url: str) -> dict[str, Any]:
    """The setting for one of the backends."""
    return {"default": {"BACKEND": BACKENDS[backend], "CONFIG": {"hosts": [redis_url]}}}


async def send(*, backend: str, redis_url: str, frames: int, per_second: float, size: int) -> None:
    """This will send that many random frames to the group."""
    layer = import_string(BACKENDS[backend])(hosts=[redis_url])
    for _ in range(frames):
        await layer.group_send(GROUP, {"type": "told", "data": os.urandom(size)})
        await asyncio.sleep(1 / per_second)


if "LAYER" in os.environ:  # run by a web server; imported otherwise
    settings.configure(CHANNEL_LAYERS=configured(backend=os.environ["LAYER"], redis_url=os.environ["LAYER_REDIS"]))
    application = Listener.as_asgi()
