"""A large cluster is seen at a glance: its map is no roll of paper, and every pod is on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from clusterview.topology.changes import Put
from clusterview.topology.objects import Endpoint, EndpointSlice, Namespace, Node, Pod, Service, Uid
from tests.faults.web import CLUSTER, Web, running

pytestmark = pytest.mark.browser

NODES, EACH, SERVICES = 100, 30, 100
WIDTH, HEIGHT = 1400, 900
SCREENS = 2


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web process, told of a hundred nodes with three thousand pods by a test that stands in for the observer."""
    with running(tmp_path_factory) as web:
        web.publish([Put(record) for record in crowd()])
        yield web


def crowd() -> Iterator[Any]:
    yield Node(uid=Uid("n1"), name="node-1", ready="True", zone="a")  # the one that is there already has a zone like the others
    for number in range(NODES):
        yield Node(uid=Uid(f"n-{number}"), name=f"worker-{number}", ready="True", zone="abc"[number % 3])
        for place in range(EACH):
            name, labels = f"app-{number}-{place}", {} if place else {"app": f"app-{number}"}
            yield Pod(
                uid=Uid(name), name=name, namespace=Namespace("many"), labels=labels, node=f"worker-{number}",
                phase="Running", status="Running", ready=True,
            )  # fmt: skip
    for number in range(SERVICES):
        name, pod = f"app-{number}", Uid(f"app-{number}-0")
        yield Service(uid=Uid(f"s-{number}"), name=name, namespace=Namespace("many"), selector={"app": name})
        endpoint = Endpoint(pod_uid=pod, address="10.0.0.1", node="", ready=True, serving=True, terminating=False)
        yield EndpointSlice(uid=Uid(f"e-{number}"), name=name, namespace=Namespace("many"), service=name, endpoints=(endpoint,))


@pytest.fixture
def page(web: Web, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", viewport={"width": WIDTH, "height": HEIGHT})
    web.sign_in(context)
    page = context.new_page()
    page.goto(f"{web.url}/c/{CLUSTER}/")
    expect(page.get_by_role("button", name="worker-0")).to_be_visible()
    yield page
    context.close()


def drawn(page: Page) -> set[str]:
    return set(page.locator(".stage .pod").evaluate_all("pods => pods.map(pod => pod.dataset.uid)"))


def test_a_hundred_nodes_with_three_thousand_pods_fit_two_screens_and_no_pod_is_left_out(page: Page) -> None:
    expect(page.locator("[data-uid='app-99-0']")).to_be_attached()
    expect(page.get_by_role("button", name=f"{SERVICES} more lead from inside to ready pods")).to_be_visible()  # all has come
    assert page.evaluate("document.documentElement.scrollHeight") <= SCREENS * HEIGHT
    seen = drawn(page)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator("[data-uid='app-99-0']")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight") <= SCREENS * HEIGHT, "it grew on the way"
    assert len(seen | drawn(page)) >= NODES * EACH


def test_a_way_in_that_needs_no_word_is_folded_away_until_it_is_sought_or_leads_nowhere(page: Page, web: Web) -> None:
    ways = page.get_by_role("region", name="Ways in")
    expect(ways.get_by_role("button", name=f"{SERVICES} more lead from inside to ready pods")).to_be_visible()
    expect(ways.locator("[data-uid]")).to_have_count(0)
    page.get_by_role("searchbox").fill("many/app-42")
    expect(ways.locator("[data-uid]")).to_have_count(1)
    page.get_by_role("searchbox").fill("")
    gone = EndpointSlice(uid=Uid("e-7"), name="app-7", namespace=Namespace("many"), service="app-7", endpoints=())
    web.publish([Put(gone)])
    expect(ways.locator("[data-uid='s-7']")).to_contain_text("no ready endpoint")
