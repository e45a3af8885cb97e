"""Parts of the product die one after another; the page tells the truth and comes back by itself."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import pickle
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import redis
from django.test import override_settings
from playwright.sync_api import Page, expect

from clusterview.stream import keys
from tests.faults.api import ApiProxy
from tests.faults.requests import Delay, Match
from tests.journeys.dashboard import Dashboard, chip, ended, wait_for
from tests.lab.fixtures import stays
from tests.ports import free_port
from tests.traffic import judging

pytestmark = [pytest.mark.lab, pytest.mark.browser]


NOTE_STATES = """() => {
  const chip = document.querySelector('[data-testid=freshness]');
  window.states = [];
  const banner = () => document.querySelector('.banner')?.textContent ?? '';
  new MutationObserver(() => window.states.push([chip.dataset.state, banner()])).observe(chip, { attributes: true });
}"""


def expect_told(page: Page) -> None:
    """F72: within two seconds the page says that its server is gone, however soon that is back."""
    gone = ["stale", "Stale: Clusterview does not answer"]
    wait_for(lambda: gone in page.evaluate("window.states"), seconds=2, what="the page says that its server is gone")


def kill_child(dashboard: Dashboard, name: str, *, then: Callable[[], None] = lambda: None) -> None:
    """This will kill a child of `up`, do what has to be done at once, and return when another runs in its place."""
    before = dashboard.children()[name]
    os.kill(before, signal.SIGKILL)
    then()
    wait_for(lambda: dashboard.children()[name] != before, seconds=40, what=f"another {name}")


def redis_of(dashboard: Dashboard) -> redis.Redis:
    return redis.Redis.from_url(json.loads((dashboard.state / "up.json").read_text())["redis_url"])


def naming_as(dashboard: Dashboard) -> override_settings:
    """Names in Redis are those of the dashboard's installation, not of this process."""
    return override_settings(SECRET_KEY=(dashboard.state / "secret-key").read_text())


def pinged(dashboard: Dashboard) -> bool:
    try:
        with redis_of(dashboard) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def epochs_in_redis(dashboard: Dashboard, cluster: str) -> set[int]:
    """The epoch of every entry of the cluster's stream."""
    with redis_of(dashboard) as client, naming_as(dashboard):
        return {keys.position_of(entry).epoch for entry, _ in client.xrange(keys.topology(cluster))}


@pytest.mark.parametrize("child", ["web", "observe", "traffic", "redis"])
def test_a_killed_child_comes_back_and_so_does_the_page(child: str, page: Page, dashboard: Dashboard, lab: Any, lab_shop: Any) -> None:
    chip(page, "live", seconds=40)
    page.evaluate(NOTE_STATES)
    kill_child(dashboard, child, then=lambda: expect_told(page) if child == "web" else None)
    page.get_by_role("button", name="Show as table").click()
    chip(page, "live", seconds=25)
    lab.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
    green = page.locator('tr[data-kind="Pod"]', has_text="shop-green")
    expect(green).to_have_count(4)


def test_killing_up_itself_leaves_no_process_behind_and_the_next_up_goes_on(
    lab: Any, least_rights: Any, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path_factory.mktemp("killed") / "state"
    first = Dashboard(state=state, port=free_port(), kubeconfig=least_rights).start()
    children = first.children()
    token = first.token(name="watcher", role="viewer")
    first.stop(signal_number=signal.SIGKILL)

    def running(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    wait_for(lambda: not any(running(pid) for pid in children.values()), seconds=40, what="every child ended")
    begun = time.monotonic()
    second = Dashboard(state=state, port=free_port(), kubeconfig=least_rights).start()
    page_after = time.monotonic() - begun
    try:
        with second.rest(token=token) as rest:
            wait_for(lambda: rest.get("/clusters").json()[0]["state"] == "live", seconds=60, what="live again")
        live_after = time.monotonic() - begun
    finally:
        second.stop()
    with capsys.disabled():
        print(f"\nsecond start: the page after {page_after:.1f} s (promised: 3), the cluster live after {live_after:.1f} s (promised: 7)")


def test_an_emptied_redis_is_filled_again_and_the_page_is_live_within_five_seconds(
    page: Page, dashboard: Dashboard, operator: httpx.Client, cluster_id: str, lab_shop: Any
) -> None:
    chip(page, "live", seconds=40)
    epoch = operator.get("/clusters").json()[0]["epoch"]
    kept = list((dashboard.state / "redis").rglob("appendonlydir"))
    assert kept, "Redis keeps nothing, so it cannot be emptied"
    for folder in kept:
        shutil.rmtree(folder)
    kill_child(dashboard, "redis")
    wait_for(lambda: pinged(dashboard), seconds=10, what="Redis is back")

    def is_new() -> bool:
        seen = operator.get("/clusters").json()[0]
        return bool(seen["state"] == "live" and seen["epoch"] > epoch)

    def page_is_live() -> bool:
        return page.get_by_test_id("freshness").get_attribute("data-state") == "live"

    wait_for(lambda: is_new() and page_is_live(), seconds=5, what="a picture of a new epoch, live over REST and on the page")
    assert epoch not in epochs_in_redis(dashboard, cluster_id)
    page.get_by_role("button", name="Show as table").click()
    expect(page.locator('tr[data-kind="Pod"]', has_text="shop-")).to_have_count(6)


def test_a_switch_is_asked_for_and_done_while_redis_hangs_f30(
    dashboard: Dashboard, operator: httpx.Client, cluster_id: str, lab: Any, lab_shop: Any
) -> None:
    wait_for(lambda: operator.get("/clusters").json()[0]["state"] == "live", seconds=40, what="live")
    hung = dashboard.children()["redis"]
    os.kill(hung, signal.SIGSTOP)
    try:
        wait_for(lambda: operator.get("/clusters").json()[0]["state"] != "live", seconds=40, what="it is said that the picture is old")
        begun = operator.post(f"/clusters/{cluster_id}/switches", json={"namespace": "store", "service": "shop", "to": "green"})
        assert begun.status_code == 202, begun.text
        assert ended(rest=operator, switch=begun.json()["id"])["state"] == "succeeded"
        assert lab.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"]["slot"] == "green"
    finally:
        os.kill(hung, signal.SIGCONT)
    wait_for(lambda: operator.get("/clusters").json()[0]["state"] == "live", seconds=40, what="live again")


@contextlib.contextmanager
def emptied(dashboard: Dashboard) -> Iterator[None]:
    with redis_of(dashboard) as client:
        client.flushall()
    yield


@contextlib.contextmanager
def frozen(dashboard: Dashboard) -> Iterator[None]:
    pid = dashboard.children()["redis"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def gone(dashboard: Dashboard) -> Iterator[None]:
    kill_child(dashboard, "redis")
    yield


@pytest.mark.parametrize("trouble", [emptied, frozen, gone])
def test_a_switch_ends_by_itself_whatever_redis_does_in_its_middle_and_the_page_is_true_again(
    trouble: Callable[[Dashboard], contextlib.AbstractContextManager[None]],
    page: Page, dashboard: Dashboard, operator: httpx.Client, cluster_id: str, lab: Any, lab_shop: Any,
) -> None:  # fmt: skip
    """Both sides take traffic for two seconds, between its two effects."""
    chip(page, "live", seconds=40)
    wait_for(lambda: operator.get(f"/clusters/{cluster_id}/applications").json()[0]["live"] == "blue", seconds=40, what="blue is live")
    before, service = len(lab.writes()), "/api/v1/namespaces/store/services/shop"
    asked = {"namespace": "store", "service": "shop", "to": "green", "overlap_seconds": 2}
    begun = operator.post(f"/clusters/{cluster_id}/switches", json=asked)
    assert begun.status_code == 202, begun.text
    switch = begun.json()["id"]
    wait_for(lambda: lab.get(service)["spec"]["selector"] == {"app": "shop"}, seconds=10, what="it is in its middle")
    with trouble(dashboard):
        told = ended(rest=operator, switch=switch)
    effects = [dict(one.selector) for one in judging.stored(lab.writes()[before:]) if one.marker.startswith(f"{switch}:")]
    assert (told["state"], effects) == ("succeeded", [{"app": "shop"}, {"app": "shop", "slot": "green"}])
    actions = [entry["action"] for entry in told["entries"]]
    assert (actions[0], actions[-1], actions.count("INTENT"), actions.count("OUTCOME")) == ("REQUESTED", "CLOSED", 2, 2)
    dashboard.manage("audit", "verify")
    page.get_by_role("button", name="Show as table").click()
    lab.patch("/apis/apps/v1/namespaces/store/deployments/shop-green", {"spec": {"replicas": 4}})
    expect(page.locator('tr[data-kind="Pod"]', has_text="shop-green")).to_have_count(4)
    chip(page, "live", seconds=20)


class Crafted:
    """What a pickle would run."""

    def __init__(self, *, touched: pathlib.Path) -> None:
        self._touched = touched

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._touched),)


def test_a_web_process_that_dies_with_its_patch_under_way_is_followed_by_the_worker_and_the_patch_comes_too_late_f44(
    dashboard: Dashboard, lab: Any, lab_shop: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    state, body = tmp_path_factory.mktemp("followed") / "state", {"namespace": "store", "service": "shop", "to": "green"}
    with ApiProxy(lab=lab, seed=1) as wire:
        mine = Dashboard(state=state, port=free_port(), kubeconfig=wire.kubeconfig(user="clusterview")).start()
        try:
            mine.manage("arm", lab.context)
            with mine.rest(token=mine.token(name="olga", role="operator")) as rest:
                cluster = wait_for(lambda: [c for c in rest.get("/clusters").json() if c["state"] == "live"], seconds=30, what="live")[0]["id"]
                late = wire.add(Delay(match=Match(method="PATCH", path=r"/services/shop\?(?!.*dryRun)", body='"/spec/selector"', times=1)))
                started = rest.post(f"/clusters/{cluster}/switches", json=body)
                assert started.status_code == 202, started.text
                wait_for(lambda: late.met, seconds=10, what="the patch is under way")
                kill_child(mine, "web")
                told = ended(rest=rest, switch=started.json()["id"])
            actions = [entry["action"] for entry in told["entries"]]
            assert (told["state"], actions.count("INTENT")) == ("succeeded", actions.count("OUTCOME"))
            assert wire.release(late) in ([409], [422])
            assert lab.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"]["slot"] == "green"
        finally:
            mine.stop()


def test_what_somebody_else_puts_into_redis_runs_nothing_and_writes_nothing_f42(
    dashboard: Dashboard, operator: httpx.Client, lab: Any, lab_shop: Any, tmp_path: pathlib.Path
) -> None:
    children, written = dashboard.children(), len(lab.writes())
    touched = tmp_path / "touched"
    pickled = base64.b64encode(pickle.dumps(Crafted(touched=touched))).decode()
    message = {
        "headers": {"id": "x", "task": "clusterview.traffic.engine.advance", "lang": "py", "argsrepr": "()", "kwargsrepr": "{}"},
        "properties": {"body_encoding": "base64", "delivery_tag": "x", "delivery_info": {"exchange": "", "routing_key": "traffic"}},
        "content-encoding": "binary",
    }
    task = json.dumps(message | {"body": base64.b64encode(b'[["1"], {}, {}]').decode(), "content-type": "application/json"})
    evil = json.dumps(message | {"body": pickled, "content-type": "application/x-python-serialize"})
    with redis_of(dashboard) as client, naming_as(dashboard):
        for queue in ("traffic", "observe", "default"):
            client.lpush(queue, task, evil, "no message at all")
        client.xadd(keys.notices(), {"n": b"\xc1"})
        client.xadd(keys.notices(), {"other": b""})
    epoch = operator.get("/clusters").json()[0]["epoch"]
    stays(lambda: dashboard.children() == children and not touched.exists(), seconds=5, what="no process ends, and nothing runs")
    wait_for(lambda: operator.get("/clusters").json()[0]["state"] == "live", seconds=30, what="live")
    assert operator.get("/clusters").json()[0]["epoch"] == epoch
    assert not touched.exists()
    assert dashboard.children() == children, "no process ended"
    ours = [one for one in lab.writes()[written:] if "clusterview" in one["user"]["username"]]
    assert ours == []
