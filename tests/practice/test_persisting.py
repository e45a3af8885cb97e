"""A practice cluster outlives its process: the same objects under the same uids, and no version twice."""

from __future__ import annotations

from pathlib import Path

from clusterview.practice import cluster, persisting
from clusterview.practice.cluster import Cluster, Options
from clusterview.practice.objects import is_true
from clusterview.practice.resources import NAMESPACES, PODS, SERVICES
from clusterview.practice.timing import QUICK
from tests.practice.world import BEGUN


class Clock:
    def __init__(self) -> None:
        self.now = BEGUN

    def __call__(self) -> float:
        return self.now


def made(folder: Path, clock: Clock, *, story: str = "shop") -> Cluster:
    return Cluster(Options(folder=folder, port=0, story=story, timing=QUICK), clock=clock)


def settled(one: Cluster, clock: Clock) -> Cluster:
    for _ in range(400):
        one.manager.step(clock.now)
        clock.now += 0.01
    return one


def uids(one: Cluster) -> set[str]:
    return {item["metadata"]["uid"] for resource, item in one.store.everything() if resource in (NAMESPACES, PODS, SERVICES)}


def test_after_a_restart_everything_is_as_it_was_and_nothing_starts_anew(tmp_path: Path) -> None:
    clock = Clock()
    before = settled(made(tmp_path, clock), clock)
    before.keeper.keep(now=clock.now, at_once=True)
    clock.now += 60
    after = settled(made(tmp_path, clock), clock)
    assert uids(after) == uids(before) and after.tokens == before.tokens
    assert all(is_true(pod, "Ready") for pod in after.store.all(PODS))


def test_a_version_is_never_given_out_twice_and_the_past_is_gone(tmp_path: Path) -> None:
    clock = Clock()
    before = settled(made(tmp_path, clock), clock)
    before.keeper.keep(now=clock.now, at_once=True)
    settled(before, clock)
    after = made(tmp_path, clock)
    assert after.store.version > before.store.version
    assert after.store.oldest(PODS) > before.store.version


def test_another_story_is_another_cluster(tmp_path: Path) -> None:
    clock = Clock()
    before = made(tmp_path, clock)
    before.keeper.keep(now=clock.now, at_once=True)
    assert not uids(before) & uids(made(tmp_path, clock, story="empty"))


def test_a_file_that_cannot_be_read_is_no_obstacle(tmp_path: Path) -> None:
    for content in (b"", b"{", b'{"format": 1, "story": "shop"}', b'{"format": 0}'):
        (tmp_path / "cluster.json").write_bytes(content)
        assert persisting.read(tmp_path / "cluster.json", story="shop") is None


def test_heartbeats_alone_are_not_written(tmp_path: Path) -> None:
    clock = Clock()
    one = settled(made(tmp_path, clock), clock)
    one.keeper.keep(now=clock.now)
    (tmp_path / "cluster.json").unlink()
    clock.now += 11
    one.manager.step(clock.now)
    one.keeper.keep(now=clock.now)
    assert not (tmp_path / "cluster.json").exists()


def test_only_the_owner_can_read_what_it_keeps(tmp_path: Path) -> None:
    one = made(tmp_path / "practice", Clock())
    one.keeper.keep(now=BEGUN, at_once=True)
    cluster.write_kubeconfigs(options=one.options, tokens=one.tokens, port=1)
    for name in ("tokens.json", "cluster.json", "kubeconfig", "viewer.kubeconfig", "server.key"):
        assert (tmp_path / "practice" / name).stat().st_mode & 0o077 == 0, name
