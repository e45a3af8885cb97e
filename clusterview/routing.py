"""Every WebSocket that a browser can open."""

from __future__ import annotations

from django.urls import URLPattern, path

from clusterview.consumers import LiveConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/live", LiveConsumer.as_asgi())]
