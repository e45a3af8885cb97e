"""What must never leave the cluster does not: values planted in a Secret, a ConfigMap and the environment are found nowhere."""

from __future__ import annotations

import json
import zlib
from typing import Any

import httpx
import msgspec
import pytest
import redis
from playwright.sync_api import BrowserContext

from tests.journeys.dashboard import Dashboard

pytestmark = [pytest.mark.lab, pytest.mark.browser]

MARK = "clusterview-marked"  # every planted value of tests/lab/shop contains it


def test_planted_values_appear_in_no_frame_log_dump_or_database(
    context: BrowserContext, dashboard: Dashboard, cluster_id: str, operator: httpx.Client, lab: Any, lab_shop: Any
) -> None:
    planted = lab.kubectl("get", "secrets,configmaps,pods", "-n", "store", "-o", "yaml")
    assert MARK in planted, "the shop plants no marked values, so this test could not fail"

    frames: list[bytes] = []
    page = context.new_page()

    def keep(data: bytes | str) -> None:
        frames.append(data if isinstance(data, bytes) else data.encode())

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    page.goto(f"{dashboard.url}/c/{cluster_id}/")
    page.get_by_role("button", name="Show as table").click()
    page.locator('tr[data-kind="Pod"]').first.wait_for()
    seen = b"".join(unpacked(frame) for frame in frames)
    assert b"shop-blue" in seen, "the frames were not read, so this test could not fail"
    assert MARK.encode() not in seen

    topology = operator.get(f"/clusters/{cluster_id}/topology").text
    assert "shop-blue" in topology
    assert MARK not in topology
    assert MARK not in dashboard.log()
    assert MARK.encode() not in redis_contents(dashboard)
    for file in dashboard.state.rglob("*"):
        if file.is_file():
            assert MARK.encode() not in file.read_bytes(), file


def unpacked(frame: bytes) -> bytes:
    """The frame, and what its compressed body holds."""
    message = msgspec.msgpack.decode(frame)
    body = zlib.decompress(message["body"]) if message.get("type") == "snapshot" else b""
    return frame + body


def redis_contents(dashboard: Dashboard) -> bytes:
    """Every string and stream of the product's Redis; snapshots unpacked, since compression would hide what they hold."""
    client = redis.Redis.from_url(json.loads((dashboard.state / "up.json").read_text())["redis_url"])
    strings = [(key, client.get(key) or b"") for key in client.scan_iter(_type="string")]
    streams = [repr(client.xrange(key)).encode() for key in client.scan_iter(_type="stream")]
    assert streams, "Redis holds nothing, so this test could not fail"
    return b"".join(unpacked(value) if b"snapshot" in key else value for key, value in strings) + b"".join(streams)
