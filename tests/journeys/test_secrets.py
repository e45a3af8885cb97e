"""What must never leave the cluster does not: values planted in a Secret, a ConfigMap and the environment are found nowhere, changed ones too."""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
import redis
from playwright.sync_api import BrowserContext, expect

from tests.journeys.dashboard import Dashboard, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.browser]

MARK = "clusterview-marked"  # every planted value of tests/lab/shop begins with it; 18 letters, so base64 of it is whole
FORMS = (MARK.encode(), base64.b64encode(MARK.encode()))


@pytest.fixture
def planted(lab: Any, lab_shop: Any) -> Iterator[None]:
    """The marked values are where they should be; afterwards they are again."""
    plant(lab)
    yield
    plant(lab)
    lab.kubectl("rollout", "status", "deployment", "shop-green", "-n", "store", "--timeout=60s")


def plant(lab: Any, *, also: str = "") -> None:
    """This will write the three values, each with `also` behind it, and see that the cluster holds them."""
    secret, greeting, variable = (f"{MARK}-{name}{also}" for name in ("secret", "configmap", "environment"))
    lab.kubectl("patch", "secret", "shop", "-n", "store", "-p", json.dumps({"stringData": {"password": secret}}))
    lab.kubectl("patch", "configmap", "shop", "-n", "store", "-p", json.dumps({"data": {"GREETING": greeting}}))
    lab.kubectl("set", "env", "deployment", "shop-green", "-n", "store", "-c", "web", f"SHOP_PASSWORD={variable}")

    def held(kind: str, name: str) -> Any:
        return json.loads(lab.kubectl("get", kind, name, "-n", "store", "-o", "json"))

    assert held("secret", "shop")["data"]["password"] == base64.b64encode(secret.encode()).decode()
    assert held("configmap", "shop")["data"]["GREETING"] == greeting
    assert held("deployment", "shop-green")["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "SHOP_PASSWORD", "value": variable}]


def expect_clean(where: str, told: bytes) -> None:
    assert not [form for form in FORMS if form in told], where


def test_planted_values_appear_in_no_frame_log_dump_or_database(
    context: BrowserContext, dashboard: Dashboard, cluster_id: str, operator: httpx.Client, lab: Any, planted: None
) -> None:
    frames: list[bytes] = []
    page = context.new_page()

    def keep(data: bytes | str) -> None:
        frames.append(data if isinstance(data, bytes) else data.encode())

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    page.goto(f"{dashboard.url}/c/{cluster_id}/")
    page.get_by_role("button", name="Show as table").click()
    page.locator('tr[data-kind="Pod"]').first.wait_for()
    plant(lab, also="-changed")
    lab.kubectl("rollout", "status", "deployment", "shop-green", "-n", "store", "--timeout=60s")
    for pod in changed_pods(lab):
        expect(page.locator('tr[data-kind="Pod"]', has_text=pod)).to_have_count(1)
    seen = b"".join(unpacked(frame) for frame in frames)
    assert all(pod.encode() in seen for pod in changed_pods(lab)), "the frames were not read, so this test could not fail"
    expect_clean("frames", seen)

    expect_clean("page", page.content().encode())
    for path in ("topology", "applications?all=true", "preflight?namespace=store&service=shop&to=green"):
        told = operator.get(f"/clusters/{cluster_id}/{path}").content
        assert b"shop-" in told
        expect_clean(path, told)
    expect_clean("log", dashboard.log().encode())
    wait_for(lambda: all(pod.encode() in redis_contents(dashboard) for pod in changed_pods(lab)), seconds=10, what="the change in Redis")
    expect_clean("Redis", redis_contents(dashboard))
    files = [file for file in dashboard.state.rglob("*") if file.is_file()]
    assert {"clusterview.sqlite3", "redis.log"} <= {file.name for file in files}
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # a journal, or what Redis or SQLite writes beside a file
            expect_clean(str(file), file.read_bytes())


def changed_pods(lab: Any) -> list[str]:
    """The names of the pods that carry the changed value."""
    pods = json.loads(lab.kubectl("get", "pods", "-n", "store", "-l", "slot=green", "-o", "json"))["items"]
    found = [pod["metadata"]["name"] for pod in pods if f"{MARK}-environment-changed" in json.dumps(pod)]
    assert found
    return found


def unpacked(frame: bytes) -> bytes:
    """The frame, and what its compressed body holds."""
    message = msgspec.msgpack.decode(frame)
    body = zlib.decompress(message["body"]) if message.get("type") == "snapshot" else b""
    return frame + body


def redis_contents(dashboard: Dashboard) -> bytes:
    """Every key of the product's Redis; snapshots unpacked, since compression would hide what they hold."""
    with redis.Redis.from_url(json.loads((dashboard.state / "up.json").read_text())["redis_url"]) as client:
        held = {key: value_of(client, key) for key in client.scan_iter()}
    assert any(b"topology" in key for key in held), "Redis holds no stream, so this test could not fail"
    assert any(b"snapshot" in key for key in held), "Redis holds no snapshot, so this test could not fail"
    return b"".join(key + value for key, value in held.items())


def value_of(client: redis.Redis, key: bytes) -> bytes:
    kind = client.type(key)
    match kind:
        case b"string":
            value: bytes = client.get(key) or b""  # type: ignore[assignment]
            return unpacked(value) if b"snapshot" in key else value
        case b"stream":
            return b"".join(name + value for _, entry in client.xrange(key) for name, value in entry.items())  # type: ignore[union-attr]
        case b"hash":
            return b"".join(name + value for name, value in client.hgetall(key).items())  # type: ignore[union-attr]
        case b"list":
            return b"".join(client.lrange(key, 0, -1))  # type: ignore[arg-type]
        case b"set":
            return b"".join(client.smembers(key))  # type: ignore[arg-type]
        case b"zset":
            return b"".join(client.zrange(key, 0, -1))  # type: ignore[arg-type]
        case b"none":
            return b""  # it ran out meanwhile
    raise AssertionError(f"{key!r} is a {kind!r}, which nobody looks into")
