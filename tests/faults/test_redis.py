"""A Redis that fails, or the wire to it: the observer finds its way back by itself, and the picture in Redis is the cluster again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from tests.faults.proxy import HOST, Proxy
from tests.faults.tcp import Blackhole, LimitData, Reset
from tests.faults.timeline import Fault
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until
from tests.observer.reading import Page, access_of
from tests.observer.test_lab import expect_truth, observed
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

STALE_SECONDS, BACK_SECONDS = 8.0, 5.0


@dataclass(frozen=True)
class Far:
    """A Redis as it is seen through a proxy."""

    url: str


@pytest.mark.parametrize(
    "fault",
    [Blackhole(direction="to_client"), Reset(), LimitData(limit_bytes=100, direction="to_server")],
    ids=["black hole", "reset", "cut in the middle of a command"],
)
def test_what_happens_while_redis_cannot_be_reached_is_in_the_picture_afterwards(
    lab_shop: Cluster, redis_server: RedisServer, tmp_path: Path, fault: Fault
) -> None:
    port = urlsplit(redis_server.url).port or 0
    page = Page(url=redis_server.url, cluster=access_of(lab_shop.kubeconfig).id)
    with Proxy(target_port=port) as proxy, observed(kubeconfig=lab_shop.kubeconfig, redis_server=Far(f"redis://{HOST}:{proxy.port}/0")):
        expect_truth(page, lab_shop)
        broken = proxy.add(fault)
        lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
        pods = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
        wait_until(lambda: len(lab_shop.get(pods)["items"]) == 4 and broken.struck > 0, seconds=20, what="there are four pods, and the wire failed")
        wait_until(lambda: page.state() == "stale", seconds=STALE_SECONDS, what="the page is stale")
        proxy.remove(broken)
        wait_until(lambda: page.state() == "live", seconds=BACK_SECONDS, what="the page is live again")
        expect_truth(page, lab_shop)
        lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "3")
        wait_until(lambda: len(lab_shop.get(pods)["items"]) == 3, seconds=20, what="there are three pods")
        expect_truth(page, lab_shop)


@dataclass
class Scene:
    """An observer of the lab with a Redis of its own, and its picture the truth."""

    page: Page
    lab: Cluster
    server: RedisServer
    wanted: int = 3

    def happen(self) -> None:
        """A pod comes or goes."""
        self.wanted = 7 - self.wanted
        self.lab.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", str(self.wanted))
        pods = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
        wait_until(lambda: len(self.lab.get(pods)["items"]) == self.wanted, seconds=20, what=f"there are {self.wanted} pods")

    def expect_stale(self) -> None:
        wait_until(lambda: self.page.state() != "live", seconds=STALE_SECONDS, what="the page is not live")

    def expect_live_and_true(self) -> None:
        wait_until(lambda: self.page.state() == "live", seconds=BACK_SECONDS, what="the page is live again")
        expect_truth(self.page, self.lab)


@pytest.fixture
def scene(lab_shop: Cluster, redis_server: RedisServer) -> Iterator[Scene]:
    with observed(kubeconfig=lab_shop.kubeconfig, redis_server=redis_server) as page:
        found = Scene(page=page, lab=lab_shop, server=redis_server)
        found.expect_live_and_true()
        yield found


def test_a_redis_that_is_full_takes_nothing_and_the_picture_is_whole_once_there_is_room_f34(scene: Scene) -> None:
    scene.page.client.config_set("maxmemory", 1)
    scene.happen()
    with pytest.raises(redis.RedisError):
        scene.page.client.set("anything", "more")
    scene.expect_stale()
    scene.page.client.config_set("maxmemory", 0)
    scene.expect_live_and_true()


def test_an_older_copy_that_takes_over_is_noticed_and_replaced_f36(scene: Scene) -> None:
    scene.page.client.save()
    epoch = scene.page.position().epoch
    scene.happen()
    wait_until(lambda: scene.page.position().sequence > 1, seconds=10, what="it was published")
    ahead = scene.page.position()
    scene.server.kill()
    scene.server.start()  # from the file, as a replica that lagged behind would
    wait_until(lambda: scene.page.position().epoch > epoch, seconds=10, what="a new epoch")
    scene.expect_live_and_true()
    assert ahead not in scene.page.positions(), "what the copy had missed is not told as if it had been there"


def test_connections_that_are_killed_again_and_again_are_made_anew_f38(scene: Scene) -> None:
    epoch = scene.page.position().epoch
    for _ in range(10):
        scene.page.client.client_kill_filter(_type="normal", skipme=True)
        scene.happen()
    scene.expect_live_and_true()
    assert scene.page.position().epoch == epoch, "whoever reads along gets no other picture"


def test_a_redis_that_is_killed_and_keeps_what_it_had_goes_on_in_the_same_epoch_f32(lab_shop: Cluster, keeping_redis_server: RedisServer) -> None:
    with observed(kubeconfig=lab_shop.kubeconfig, redis_server=keeping_redis_server) as page:
        scene = Scene(page=page, lab=lab_shop, server=keeping_redis_server)
        scene.expect_live_and_true()
        before = page.position()
        scene.server.kill()
        scene.happen()
        scene.expect_stale()
        scene.server.start()
        scene.expect_live_and_true()
        assert page.position().epoch == before.epoch
        assert page.position().sequence > before.sequence


def test_a_password_that_was_changed_stops_the_picture_and_no_process_f40(scene: Scene) -> None:
    """Whoever has the old one is refused. The page says that nothing comes, and once the old one is valid again everything does."""
    scene.page.client.config_set("requirepass", "another")
    scene.page.client.execute_command("AUTH", "another")
    scene.page.client.client_kill_filter(_type="normal", skipme=True)
    scene.happen()
    before = scene.page.position()
    scene.happen()
    assert scene.page.position() == before
    scene.expect_stale()
    scene.page.client.config_set("requirepass", "")
    scene.expect_live_and_true()


def test_nobody_listens_where_a_full_buffer_would_cut_him_off_f41(scene: Scene) -> None:
    """Streams are asked for, and so there is no subscriber whose buffer grows (`client-output-buffer-limit pubsub`)."""
    scene.happen()
    scene.expect_live_and_true()
    assert [one["cmd"] for one in scene.page.client.client_list() if int(one["sub"]) or int(one["psub"])] == []
