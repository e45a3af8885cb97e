"""A list that comes as the beginning of its watch, from a real API server and with what may befall it on the way: in the end it is the truth."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusterview.kube import streaming
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import KINDS, named
from clusterview.kube.watching import Listed, Reflector
from clusterview.observer.keeping import Keeper
from tests.faults.api import ApiProxy
from tests.faults.requests import Match
from tests.faults.tcp import LimitData
from tests.faults.timeline import Fault
from tests.faults.watches import Corrupt, InjectError, Stall, SwallowBookmarks, Truncate
from tests.kube.test_lab import RENEWED, Mirror
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until
from tests.observer.reading import Page, access_of
from tests.observer.test_lab import expect_truth
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

PODS = named("Pod")
STREAMED = Match(path=r"/pods\?.*sendInitialEvents=true")


@pytest.fixture
def proxy(lab_shop: Cluster) -> Iterator[ApiProxy]:
    with ApiProxy(lab=lab_shop, seed=5) as one:
        yield one


@contextmanager
def running(reflectors: list[Reflector]) -> Iterator[None]:
    threads = [threading.Thread(target=one.run) for one in reflectors]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in reflectors:
            one.stop()
        for thread in threads:
            thread.join(5)


def test_every_kind_is_listed_so_by_a_real_api_server_and_followed_from_there(lab_shop: Cluster, proxy: ApiProxy) -> None:
    mirror, connection = Mirror(), Connection(access_of(proxy.kubeconfig(user="admin")))
    still = tuple(spec for spec in KINDS if spec.key not in RENEWED | {"Event"})
    with running([Reflector(connection, spec, mirror.deliver, streams=True) for spec in KINDS]):
        wait_until(lambda: mirror.opened() == {spec.key for spec in KINDS}, seconds=20, what="every watch is open")
        lab_shop.kubectl("delete", "pod", "-n", "store", "-l", "slot=green", "--wait=false")
        wait_until(lambda: mirror.agrees(lab_shop, still), seconds=30, what="every kind is equal by uid and resourceVersion")
    asked = [path for _, path in proxy.requests]
    assert sum("sendInitialEvents=true" in path for path in asked) == len(KINDS)
    assert not any("limit=" in path for path in asked)
    assert mirror.needless == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Truncate(match=STREAMED, event=2), id="cut within an object"),
        pytest.param(LimitData(direction="to_client", limit_bytes=9_000), id="cut on the wire"),
        pytest.param(InjectError(match=STREAMED, event=2, code=410), id="410 among the objects"),
        pytest.param(InjectError(match=STREAMED, event=2, code=500), id="500 among the objects"),
        pytest.param(Corrupt(match=STREAMED, event=2), id="a line that is none"),
        pytest.param(SwallowBookmarks(match=STREAMED), id="a server that never says the end"),
        pytest.param(Stall(match=STREAMED, after=2), id="a server that falls silent"),
    ],
)
def test_a_list_that_did_not_come_to_its_end_is_told_to_nobody_and_the_next_one_is_the_truth(
    fault: Fault, lab_shop: Cluster, proxy: ApiProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SILENCE_SECONDS", 2.0)
    mirror, handle = Mirror(), proxy.add(fault)
    reflector = Reflector(Connection(access_of(proxy.kubeconfig(user="admin"))), PODS, mirror.deliver, streams=True)
    with running([reflector]):
        wait_until(lambda: handle.struck > 0, seconds=10, what="the list met its fault")
        proxy.remove(handle)
        wait_until(lambda: mirror.agrees(lab_shop, (PODS,)), seconds=20, what="the pods are equal by uid and resourceVersion")
    (listed,) = [one for one in mirror.told if isinstance(one, Listed)]
    assert {item.metadata.uid for item in listed.items} <= {one["metadata"]["uid"] for one in lab_shop.get(PODS.path)["items"]}


def test_an_observer_that_asks_for_lists_so_shows_the_cluster_and_is_not_troubled_by_a_new_list(
    lab_shop: Cluster, redis_server: RedisServer, proxy: ApiProxy
) -> None:
    access = access_of(Path(proxy.kubeconfig(user="admin")))
    keeper = Keeper(access=access, redis_url=redis_server.url, streams=True)
    page = Page(url=redis_server.url, cluster=access.id)
    keeper.start()
    try:
        wait_until(lambda: page.state() == "live", seconds=15, what="the page is live")
        expect_truth(page, lab_shop)
        kept, observer, streamed = page.keep(), keeper._observer, _streamed(proxy)
        assert observer is not None
        observer._readers.relist("Deployment")
        wait_until(lambda: _streamed(proxy) > streamed, seconds=10, what="it was asked for again")
        wait_until(lambda: observer.following._sight._rows["Deployment"].state == "open", seconds=10, what="it is followed again")
        assert not [one for one in page.since(kept=kept) if "Deployment" in repr(one)], "a list that finds the same says nothing"
    finally:
        keeper.stop()


def _streamed(proxy: ApiProxy) -> int:
    return sum("sendInitialEvents=true" in path for _, path in proxy.requests)
