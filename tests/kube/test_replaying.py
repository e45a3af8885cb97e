"""Nothing that an object went through is left out, and what was forgotten is said to be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusterview.kube import errors, kinds, replaying
from tests.kube.scripted import Script, playing, stream

SERVICE = kinds.named("Service")


def version(number: int, *, kind: str = "MODIFIED", op: str = "") -> dict[str, Any]:
    metadata = {"name": "shop", "namespace": "store", "uid": "u-1", "resourceVersion": str(number), "annotations": {"clusterview.io/op": op}}
    return {"type": kind, "object": {"kind": "Service", "metadata": metadata, "spec": {"selector": {"app": "shop"}}}}


def replayed(script: Script, *, until: str = "") -> list[str]:
    found = replaying.versions(script.connection(), SERVICE, namespace="store", name="shop", after="3", until=until)
    return [one.metadata.resource_version for one in found]


def test_every_version_is_read_up_to_the_one_that_is_there_now() -> None:
    with playing(stream(version(4), version(7), version(9), version(12), then="silence")) as script:
        assert replayed(script, until="9") == ["4", "7", "9"]
        assert script.asked[0].query["resourceVersion"] == "3"
        assert script.asked[0].query["fieldSelector"] == "metadata.name=shop"


def test_a_deletion_ends_the_history() -> None:
    with playing(stream(version(4), version(7, kind="DELETED"), version(9, kind="ADDED"), then="silence")) as script:
        assert replayed(script) == ["4", "7"]


def test_what_the_server_has_forgotten_is_gone() -> None:
    expired = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
    with playing(stream(version(4), expired)) as script, pytest.raises(errors.Gone):
        replayed(script, until="9")


def test_a_history_without_its_end_is_no_history() -> None:
    with playing(stream(version(4))) as script, pytest.raises(errors.TimedOut, match="did not come to its end"):
        replayed(script, until="9")


def test_a_line_that_cannot_be_read_is_no_history() -> None:
    with playing(stream(version(4), json.dumps({"type": 5}))) as script, pytest.raises(errors.BrokenAnswer):
        replayed(script, until="9")
