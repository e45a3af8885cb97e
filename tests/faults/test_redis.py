"""Redis behind a wire that fails: the observer finds its way back by itself, and the picture in Redis is the cluster again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.proxy import HOST, Proxy
from tests.faults.tcp import Blackhole, LimitData, Reset
from tests.faults.timeline import Fault
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until
from tests.observer.reading import Page, access_of
from tests.observer.test_lab import expect_truth, observed
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab


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
        proxy.remove(broken)
        wait_until(lambda: page.state() == "live", seconds=10, what="the page is live again")
        expect_truth(page, lab_shop)
        lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "3")
        wait_until(lambda: len(lab_shop.get(pods)["items"]) == 3, seconds=20, what="there are three pods")
        expect_truth(page, lab_shop)
