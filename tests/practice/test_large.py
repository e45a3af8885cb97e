"""A cluster of any size: everything in it is as its controllers would have made it, and its pods restart as often as somebody wants."""

from __future__ import annotations

import asyncio
import ipaddress
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command

from clusterview.kube import practising, reading
from clusterview.practice import routing, streaming
from clusterview.practice.answering import Asked
from clusterview.practice.churning import LARGEST, Churn
from clusterview.practice.cluster import Cluster, Options
from clusterview.practice.controllers import scheduling
from clusterview.practice.managing import Manager
from clusterview.practice.objects import Object, annotations_of, is_true, labels_of, name_of, namespace_of, uid_of, with_metadata
from clusterview.practice.resources import DEPLOYMENTS, LEASES, NODES, PODS, REPLICA_SETS, SERVICES, SLICES
from clusterview.practice.sizes import Size
from clusterview.practice.store import Event, Store
from clusterview.practice.stories import large, telling
from clusterview.practice.texts import Texts
from tests.contract.subjects import Subject, practice
from tests.practice.world import ADMINISTRATOR, BEGUN, World

ROOT = Path(__file__).parents[2]
SIZE = Size(nodes=14, pods=400)


class Large(World):
    """The mass alone, with controllers that are asked about all of it."""

    def __init__(self, size: Size = SIZE) -> None:
        super().__init__(nodes=0)
        self.store = Store(version=5_000)
        large.fill(self.store, size=size, now=self.now)
        self.manager = Manager(self.store)
        self.heard: list[Event] = []
        self.store.listeners.append(self.heard.append)

    def churn(self) -> Churn:
        return Churn(self.store, pods=[(namespace_of(pod), name_of(pod)) for pod in self.store.all(PODS)], now=self.now)


def test_there_is_as_much_of_everything_as_was_asked_for() -> None:
    store = Large().store
    assert [store.count(one) for one in (NODES, PODS, DEPLOYMENTS, REPLICA_SETS, SERVICES, SLICES)] == [14, 400, 14, 14, 14, 14]
    pods = store.all(PODS)
    assert len({uid_of(pod) for pod in pods}) == len({pod["status"]["podIP"] for pod in pods}) == 400
    assert len({len(store.pods_on(name_of(node))) for node in store.all(NODES)}) <= 2, "spread evenly"
    for pod in pods:
        node = store.get(NODES, "", pod["spec"]["nodeName"])
        assert node is not None and ipaddress.ip_address(pod["status"]["podIP"]) in ipaddress.ip_network(node["spec"]["podCIDR"])


@pytest.mark.parametrize("nodes", [5, 7919, 2 * 7919])
def test_pods_are_spread_over_any_number_of_nodes(nodes: int) -> None:
    size = Size(nodes=nodes, pods=2 * nodes)
    places = [large.varying(number, size=size, version=1)["node"] for number in range(size.pods)]
    assert {places.count(name) for name in set(places[:50])} == {2} and len(set(places)) == nodes


def test_controllers_that_look_at_all_of_it_make_nothing_and_take_nothing_away() -> None:
    world = Large()
    world.manager.begin()
    world.pass_time(30)
    assert not [event for event in world.heard if event.resource in (PODS, REPLICA_SETS, SLICES)]
    assert not {event.type for event in world.heard if event.resource is DEPLOYMENTS} - {"MODIFIED"}, "they say since when they are available"
    assert all(is_true(node, "Ready") for node in world.store.all(NODES))


def test_an_application_can_be_scaled_as_any_other() -> None:
    world = Large()
    app = large.Application(3)
    path = f"/apis/apps/v1/namespaces/{app.namespace}/deployments/{app.name}"
    world.ask("PATCH", path, {"spec": {"replicas": 33}}, kind="merge")
    world.pass_time(20)
    pods = [pod for pod in world.store.all(PODS, app.namespace) if labels_of(pod)["app"] == app.name]
    assert len(pods) == 33 and all(is_true(pod, "Ready") for pod in pods)
    (behind,) = world.store.all(SLICES, app.namespace)
    assert len(behind["endpoints"]) == 33
    assert len({pod["status"]["podIP"] for pod in world.store.all(PODS)}) == 403


def test_a_size_is_judged_with_the_standard_library_alone() -> None:
    """`up` reads its command line before anything is installed."""
    said = subprocess.run([sys.executable, "-S", "-c", "import clusterview.practice.sizes"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("nodes", "pods", "why"), [(10, 1_101, "10 nodes hold 1100 pods"), (3, 10, "at least 5 nodes"), (10, 0, "at least 5 nodes and 1 pod")]
)
def test_a_size_that_cannot_be_is_refused_in_words(nodes: int, pods: int, why: str, tmp_path: Path, settings: Any) -> None:
    settings.STATE_DIR = tmp_path
    with pytest.raises(CommandError, match=why):
        call_command("practice", "up", "--story", "large", "--nodes", str(nodes), "--pods", str(pods))


def test_a_size_is_for_the_large_story_alone(tmp_path: Path, settings: Any) -> None:
    settings.STATE_DIR = tmp_path
    with pytest.raises(CommandError, match="--story large"):
        call_command("practice", "up", "--pods", "5")


def test_as_many_pods_restart_as_are_asked_for_and_nothing_follows_from_it() -> None:
    world = Large()
    world.manager.step(world.now)
    churn = world.churn()
    for _ in range(100):
        world.now += 0.125
        churn.step(per_second=16, now=world.now)
        world.manager.step(world.now)
    assert len(world.heard) == 200 and {(event.type, event.resource) for event in world.heard} == {("MODIFIED", PODS)}
    pods = world.store.all(PODS)
    assert sum(pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods) == 200
    assert all(is_true(pod, "Ready") for pod in pods)
    assert len({event.version for event in world.heard}) == 200


def test_restarts_that_are_late_are_made_up_for_and_not_without_end() -> None:
    world = Large()
    churn = world.churn()
    told = [churn.step(per_second=1_000, now=world.now + 60) for _ in range(5)]
    assert told == [LARGEST, LARGEST, 1_000 - 2 * LARGEST, 0, 0]


def test_a_pod_that_is_gone_restarts_no_more() -> None:
    world = Large(Size(nodes=5, pods=2))
    churn = world.churn()
    gone = world.store.all(PODS)[0]
    world.store.remove(PODS, namespace_of(gone), name_of(gone))
    world.heard.clear()
    assert 0 < churn.step(per_second=50, now=world.now + 1) < 50
    assert uid_of(gone) not in {uid_of(event.object) for event in world.heard}


async def test_what_is_there_is_sent_to_a_watch_in_pieces_that_are_made_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Large()
    monkeypatch.setattr(streaming, "AT_ONCE", 150)
    target = routing.resolve("/api/v1/pods")
    assert target is not None
    query = {"watch": "1", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "1"}
    watch = streaming.Watch(world.store, Asked("GET", target, ADMINISTRATOR, query), clock=time.time, closing=asyncio.Event())
    lines = watch.lines()
    pieces = [await anext(lines) for _ in range(3)]
    world.churn().step(per_second=1, now=world.now + 1)
    rest = await anext(lines)
    assert [piece.count(b"\n") for piece in pieces] == [150, 150, 100] and rest.count(b"\n") == 2
    assert rest.startswith(b'{"type":"BOOKMARK"') and b'\n{"type":"MODIFIED"' in rest
    assert b'"resourceVersion":"5000"' in rest, "the bookmark is of the moment at which the list was made"
    watch.close()


def test_of_many_nodes_only_some_are_looked_at_and_all_where_few_fit() -> None:
    assert [scheduling.looked_for(nodes) for nodes in (5, 100, 200, 5_000, 10_000)] == [5, 100, 100, 500, 500]
    world = Large(Size(nodes=150, pods=150))
    for node in world.store.all(NODES):
        if name_of(node) != "node-77":
            world.ask("PATCH", f"/api/v1/nodes/{name_of(node)}", {"spec": {"unschedulable": True}}, kind="merge")
    app = large.Application(1)
    world.ask("PATCH", f"/apis/apps/v1/namespaces/{app.namespace}/deployments/{app.name}", {"spec": {"replicas": 31}}, kind="merge")
    world.pass_time(5)
    assert len(world.store.pods_on("node-77")) == 2


def test_the_parts_that_pods_share_are_written_once_and_the_lines_are_those_of_the_whole_objects() -> None:
    world = Large()
    pods = world.store.all(PODS)
    world.ask("PATCH", f"/api/v1/namespaces/{namespace_of(pods[1])}/pods/{name_of(pods[1])}", {"metadata": {"labels": {"own": "yes"}}}, kind="merge")
    world.store.put(PODS, with_metadata(pods[2], labels={**labels_of(pods[2]), "own": "too"}))
    world.churn().step(per_second=300, now=world.now + 1)
    events = [event for event in world.heard if event.resource is PODS]
    assert len(events) > 250
    for event in events:
        assert event.line == msgspec.json.encode({"type": event.type, "object": event.object}) + b"\n"
    assert all(is_known(world.store.texts, pod) for pod in pods), "every pod has the parts of its application"


def is_known(texts: Texts, pod: Object) -> bool:
    return id(pod["metadata"]["managedFields"]) in texts._known


class Clock:
    def __init__(self) -> None:
        self.now = BEGUN

    def __call__(self) -> float:
        return self.now


def test_a_large_cluster_is_the_same_one_at_the_next_start_and_gives_no_version_twice(tmp_path: Path) -> None:
    clock = Clock()
    first = Cluster(Options(folder=tmp_path, port=0, story="large", size=SIZE), clock=clock)
    clock.now += 1
    second = Cluster(Options(folder=tmp_path, port=0, story="large", size=SIZE), clock=clock)
    assert second.store.version > first.store.version + 5_000

    def identities(one: Cluster) -> set[str]:
        return {uid_of(item) for _, item in one.store.everything() if uid_of(item) and namespace_of(item) != "store"}

    mass = {uid_of(item) for item in first.store.all(PODS) if namespace_of(item) != "store"}
    assert len(mass) == 400 and mass < identities(first) & identities(second)
    assert first.store.get(telling.NAMESPACES, "", "kube-system")["metadata"]["uid"] in identities(second)  # type: ignore[index]
    assert not (tmp_path / "cluster.json").exists()


def test_every_node_tells_that_it_is_alive_and_one_that_is_killed_does_not(tmp_path: Path) -> None:
    clock = Clock()
    one = Cluster(Options(folder=tmp_path, port=0, story="large", size=SIZE), clock=clock)

    def pass_time(seconds: int) -> None:
        for _ in range(seconds * 2):
            clock.now += 0.5
            one.manager.step(clock.now)

    pass_time(15)
    assert one.store.count(LEASES) == 14 + 2 and all(is_true(pod, "Ready") for pod in one.store.all(PODS, "store"))
    one.server.stage.play("kill-node", now=clock.now)
    pass_time(30)
    assert all(is_true(node, "Ready") for node in one.store.all(NODES))
    pass_time(20)
    assert [name_of(node) for node in one.store.all(NODES) if not is_true(node, "Ready")] == ["node-2"]
    played = one.server.stage.play("reset", now=clock.now)["status"]["changed"]
    assert {"kind": "Node", "namespace": "", "name": "node-2"} in played
    pass_time(20)
    assert all(is_true(node, "Ready") for node in one.store.all(NODES)) and one.store.count(PODS) == 406


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Subject, Cluster]]:
    folder = tmp_path_factory.mktemp("large")
    with practice(folder=folder, story="large", size=Size(nodes=50, pods=1_000)) as made:
        subject = Subject(name="practice", kubeconfigs={"admin": folder / "kubeconfig"}, program=[])
        yield subject, made
        subject.close()


def test_pages_are_of_one_moment_while_pods_restart(served: tuple[Subject, Cluster]) -> None:
    subject, _ = served
    connection = subject.connect()
    practising.play(connection, name="churn-1000")
    page = subject.get("/api/v1/pods", limit="300")
    version, seen = page["metadata"]["resourceVersion"], page["items"]
    subject.wait_for(lambda: int(subject.ask("GET", "/api/v1/pods", limit="1").version) > int(version) + 100, what="pods restart")
    while token := page["metadata"].get("continue"):
        page = subject.get("/api/v1/pods", limit="300", **{"continue": token})
        assert page["metadata"]["resourceVersion"] == version
        seen += page["items"]
    assert len({item["metadata"]["uid"] for item in seen}) == len(seen) == 1_006
    assert all(int(item["metadata"]["resourceVersion"]) <= int(version) for item in seen)
    events = subject.events("/api/v1/pods", until=lambda seen: len(seen) >= 500, resourceVersion=version, timeoutSeconds="30")
    assert len(events) >= 500 and {one["type"] for one in events} == {"MODIFIED"}
    practising.play(connection, name="calm")
    connection.close()


def test_reset_makes_it_quiet_and_leaves_the_mass_alone(served: tuple[Subject, Cluster]) -> None:
    subject, made = served
    connection = subject.connect()
    practising.play(connection, name="churn-20")
    assert made.server.stage.churn_per_second == 20
    assert {one.kind for one in practising.play(connection, name="reset").status.changed} <= {"Service", "Deployment", "ReplicaSet"}
    assert made.server.stage.churn_per_second == 0 and made.store.count(PODS) == 1_006
    assert reading.service(connection, namespace="store", name="shop").spec.type == "LoadBalancer"
    assert not any("practice" in key for pod in made.store.all(PODS) for key in annotations_of(pod))
    connection.close()
