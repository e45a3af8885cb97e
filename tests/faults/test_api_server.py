"""An API server that is not there yet, that lets us in no more, or that holds something monstrous: it is said, asked for gently, and survived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterview.observer.shortening import LABELS, MORE
from clusterview.stream import keys
from clusterview.topology.objects import Node
from tests.faults.api import ApiProxy
from tests.faults.requests import AnswerStatus, Match
from tests.faults.tcp import Reset
from tests.lab.cluster import Cluster
from tests.lab.fixtures import stays, wait_until
from tests.observer.reading import access_of
from tests.observer.test_lab import expect_truth, observed
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

FRAME_BYTES = 256 * 1024


@pytest.fixture
def proxy(lab: Cluster) -> Iterator[ApiProxy]:
    with ApiProxy(lab=lab, seed=5) as proxy:
        yield proxy


def test_a_cluster_that_is_not_there_yet_is_asked_for_gently_and_seen_as_soon_as_it_is_f01(
    lab_shop: Cluster, proxy: ApiProxy, redis_server: RedisServer
) -> None:
    away = proxy.add(Reset())  # it is counted who comes, which nobody can where no server listens
    with observed(kubeconfig=proxy.kubeconfig(user="admin"), redis_server=redis_server, state="lost") as page:
        before = away.struck
        stays(lambda: page.positions() == [], seconds=5, what="nothing is shown of it")
        asked = away.struck - before
        proxy.remove(away)
        wait_until(lambda: page.state() == "live", seconds=10, what="the page is live")
        expect_truth(page, lab_shop)
    assert 0 < asked <= 10, f"{asked} connections in five seconds"


def test_a_credential_that_expires_is_said_and_not_tried_again_and_again_f13(lab_shop: Cluster, proxy: ApiProxy, redis_server: RedisServer) -> None:
    with observed(kubeconfig=proxy.kubeconfig(user="admin"), redis_server=redis_server) as page:
        expect_truth(page, lab_shop)
        expired = proxy.add(AnswerStatus(match=Match(path="."), code=401))
        cut = proxy.add(Reset())
        proxy.remove(cut)
        wait_until(lambda: (contact := page.contact()) is not None and contact.reason == "unauthorized", seconds=10, what="it says why")
        stays(lambda: page.state() != "live", seconds=3, what="each row whose line was cut has met the refusal once, or has been told of it")
        before = len(proxy.requests)
        stays(lambda: page.state() != "live" and bool(page.picture().objects), seconds=5, what="it is not live, and the last view stays")
        asked = len(proxy.requests) - before
        proxy.remove(expired)
        proxy.kubeconfig(user="admin")  # the file is written anew, as it is with another credential
        wait_until(lambda: page.state() == "live", seconds=5, what="the page is live again")
        expect_truth(page, lab_shop)
    assert asked <= 1, f"{asked} requests in five seconds"


def test_an_object_of_more_than_a_mebibyte_is_shown_in_a_bounded_frame_f17(lab_shop: Cluster, redis_server: RedisServer) -> None:
    node = "/api/v1/nodes/node-1"
    labels = {f"example.com/label-{number:04}-{'x' * 40}": f"value-{number:04}-{'y' * 50}" for number in range(5_000)}
    with observed(kubeconfig=lab_shop.kubeconfig, redis_server=redis_server) as page:
        expect_truth(page, lab_shop)
        lab_shop.patch(node, {"metadata": {"labels": labels}})
        try:
            expect_truth(page, lab_shop)

            def shown() -> Node | None:
                return next((one for one in page.picture().objects.values() if isinstance(one, Node) and one.name == "node-1"), None)

            wait_until(lambda: (found := shown()) is not None and len(found.labels) > 50, seconds=10, what="it is shown with many labels")
            entries = page.client.xrange(keys.topology(access_of(lab_shop.kubeconfig).id))
            assert (one := shown()) is not None
            assert one.labels[MORE] == f"{len(lab_shop.get(node)['metadata']['labels']) - LABELS} more are not shown"
            assert max(len(fields[keys.FRAME]) for _, fields in entries) <= FRAME_BYTES
        finally:
            lab_shop.patch(node, {"metadata": {"labels": dict.fromkeys(labels)}})


def test_a_certificate_for_another_name_is_refused_in_plain_words_f28(lab: Cluster, redis_server: RedisServer, tmp_path: Path) -> None:
    config = json.loads(lab.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["tls-server-name"] = "another.example"
    other = tmp_path / "config"
    other.write_text(json.dumps(config))
    with observed(kubeconfig=other, redis_server=redis_server, state="lost") as page:
        wait_until(lambda: "certificate" in (page.contact() or pytest.fail("no word")).detail, seconds=10, what="it says why")
        assert page.positions() == []


