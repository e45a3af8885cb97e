"""The server goes on, whatever is sent to it and whatever a controller does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterview.kube import errors, practising
from clusterview.kube.connections import Connection
from clusterview.practice.controllers.acts import Controller, Outcome
from clusterview.practice.managing import Manager
from clusterview.practice.resources import NODES
from tests.contract.subjects import Subject, practice
from tests.practice.world import BEGUN, World


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    folder: Path = tmp_path_factory.mktemp("served")
    with practice(folder=folder, story="empty"):
        subject = Subject(name="practice", kubeconfigs={"admin": folder / "kubeconfig"}, program=[])
        yield subject
        subject.close()


@pytest.mark.parametrize(
    "body", [[], "text", 1, None, {"metadata": []}, {"metadata": {"name": 1}}, {"metadata": {"name": "a", "labels": 7}, "spec": "x"}]
)
def test_a_body_of_any_shape_is_answered_with_a_status(served: Subject, body: object) -> None:
    for path in ("services", "pods", "configmaps"):
        reply = served.ask("POST", f"/api/v1/namespaces/store/{path}", body)
        assert reply.body["kind"] in ("Status", "ConfigMap") and reply.status in (201, 400, 422, 500)
        for listed in ("/api/v1/services", "/api/v1/pods"):
            assert served.ask("GET", listed).status == 200
    served.ask("DELETE", "/api/v1/namespaces/store/configmaps")


def test_a_body_that_is_too_large_is_413(served: Subject) -> None:
    reply = served.ask("POST", "/api/v1/namespaces/store/configmaps", b" " * (3 * 1024 * 1024 + 1))
    assert (reply.status, reply.body["reason"]) == (413, "RequestEntityTooLarge")


def test_a_certificate_expires_for_whoever_is_connected_too_and_is_renewed(tmp_path: Path) -> None:
    with practice(folder=tmp_path, story="incident") as cluster:
        subject = Subject(name="practice", kubeconfigs={"admin": tmp_path / "kubeconfig"}, program=[])
        watching = subject.connect().stream("/api/v1/pods", query=[("watch", "1")], silence_seconds=20)
        connection = subject.connect()
        practising.play(connection, name="expire-certificate")
        with pytest.raises(errors.BrokenAnswer, match="closed"):
            list(watching.lines(limit_bytes=4 * 1024 * 1024))
        subject.wait_for(lambda: "expired" in refusal(connection), what="its certificate has expired")
        cluster.server.stage.expired_until = 0.0  # the minute is over
        subject.wait_for(lambda: not refusal(connection), what="it answers again")
        connection.close()


def refusal(connection: Connection) -> str:
    """Why there is no answer. A connection that is only just being closed is no reason."""
    try:
        return "" if connection.request("GET", "/version").status == 200 else "another status"
    except (errors.Untrusted, errors.BrokenAnswer) as problem:
        return str(problem)


def test_a_controller_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    world = World(nodes=1)
    seen: list[str] = []

    def fail(*_: object) -> Outcome:
        raise ZeroDivisionError

    def see(*_: object) -> Outcome:
        seen.append("seen")
        return Outcome()

    found = [
        Controller(name, lambda store, event: [("", "one")] if event.resource is NODES else [], act) for name, act in (("bad", fail), ("good", see))
    ]
    manager = Manager(world.store, controllers=found)
    manager.begin()
    with caplog.at_level(logging.ERROR):
        assert manager.guarded_step(BEGUN) == BEGUN + 1.0
        manager.guarded_step(BEGUN + 1.0)
    assert seen == ["seen"] and len(caplog.records) == 1
