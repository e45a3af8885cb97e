"""Patches that arrive a minute after they were sent, in real time: the fault proxy holds them while their switch is decided otherwise (F11).

Each case is a Service of its own, of which one patch or two are held, and what happens to its switch meanwhile. Whatever arrives then has to be
refused by the API server, for it tests a version that is past: the selector stays as it was decided.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.bench import running
from tests.bench.table import Line
from tests.faults.api import ApiProxy
from tests.faults.requests import Delay, Match
from tests.faults.timeline import Handle
from tests.journeys.dashboard import Dashboard, ended, wait_for
from tests.lab.cluster import Cluster
from tests.soak import judged
from tests.traffic import judging
from tests.traffic.shops import BLUE, GREEN, TICKED, Shop, many

LATE_SECONDS = 60.0
EFFECT, MARK_OR_SEAL = '"/spec/selector"', '^(?!.*"/spec/selector")'
RED = {"app": "shop", "slot": "red"}
REFUSED = {httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY}
Selector = dict[str, str]


class Field:
    """Where the cases happen: the lab, the proxy before it, and the product behind that."""

    def __init__(self, *, lab: Cluster, wire: ApiProxy, dashboard: Dashboard, rest: httpx.Client, late_seconds: float) -> None:
        self.lab, self._wire, self._dashboard, self._rest, self._late_seconds = lab, wire, dashboard, rest, late_seconds
        self._cluster = rest.get("/clusters").json()[0]["id"]
        self.held = list[Handle]()

    def hold(self, shop: Shop, what: str, *, hang_up: bool = True) -> Handle:
        """This will hold the next such patch of the Service; whoever sent it is cut off at once, or waits for as long as he wants to."""
        match = Match(method="PATCH", path=rf"/{shop.namespace}/services/{shop.service}\?(?!.*dryRun)", body=what, times=1)
        self.held.append(self._wire.add(Delay(match=match, seconds=self._late_seconds, hang_up=hang_up)))
        return self.held[-1]

    def click(self, shop: Shop, side: str) -> str:
        asked = {"namespace": shop.namespace, "service": shop.service, "to": side, "accept": TICKED}
        return _begun(self._rest.post(f"/clusters/{self._cluster}/switches", json=asked))

    def click_and_hold(self, shop: Shop) -> str:
        """This will ask for a switch to green whose effect is under way from then on, and whoever sent it waits for the answer."""
        held = self.hold(shop, EFFECT, hang_up=False)
        switch = self.click(shop, "green")
        wait_for(lambda: held.met, seconds=10, what="the patch is under way")
        return switch

    def back(self, switch: str) -> str:
        return _begun(self._rest.post(f"/switches/{switch}/back"))

    def end_of(self, switch: str) -> str:
        return str(ended(rest=self._rest, switch=switch)["state"])

    def move(self, shop: Shop, side: str) -> str:
        """This will switch; raises AssertionError where that does not succeed."""
        switch = self.click(shop, side)
        assert self.end_of(switch) == "succeeded", switch
        return switch

    def return_from(self, switch: str) -> None:
        """This will go back after the success."""
        assert self.end_of(self.back(switch)) == "succeeded", switch

    def kill_web(self) -> None:
        pid = self._dashboard.children()["web"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self._dashboard.children()["web"] != pid, seconds=40, what="another web process")


def _begun(answer: httpx.Response) -> str:
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["id"])


# The cases: what each of them returns has to be the selector for ever


def sent_anew(here: Field, shop: Shop) -> Selector:
    """Its answer is lost, so it is locked out and another one is sent; then somebody goes back."""
    here.hold(shop, EFFECT)
    here.return_from(here.move(shop, "green"))
    return BLUE


def turned_around(here: Field, shop: Shop) -> Selector:
    """Somebody goes back while it is under way."""
    switch = here.click_and_hold(shop)
    here.back(switch)
    assert here.end_of(switch) == "cancelled"
    return BLUE


def edited(here: Field, shop: Shop) -> Selector:
    """Somebody writes another selector while it is under way."""
    switch = here.click_and_hold(shop)
    here.lab.patch(shop.path, {"spec": {"selector": RED}})
    assert here.end_of(switch) == "conflict"
    return RED


def made_anew(here: Field, shop: Shop) -> Selector:
    """Somebody deletes the Service and creates it again while it is under way."""
    switch = here.click_and_hold(shop)
    document = here.lab.get(shop.path)
    spec = {key: value for key, value in document["spec"].items() if key in ("selector", "ports", "type")}
    here.lab.delete(shop.path)
    metadata = {"name": shop.service, "namespace": shop.namespace}
    here.lab.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}))
    assert here.end_of(switch) == "conflict"
    return BLUE


def on_the_way_back(here: Field, shop: Shop) -> Selector:
    """It would lead back, and meanwhile somebody has switched once more."""
    switch = here.move(shop, "green")
    here.hold(shop, EFFECT)
    here.return_from(switch)
    here.move(shop, "green")
    return GREEN


def mark(here: Field, shop: Shop) -> Selector:
    """It is the mark before the effect."""
    here.hold(shop, MARK_OR_SEAL)
    here.return_from(here.move(shop, "green"))
    return BLUE


def seal(here: Field, shop: Shop) -> Selector:
    """The effect and the seal that is to lock it out are both under way. On a Service that is marked already no mark is sent before."""
    here.return_from(here.move(shop, "green"))
    here.hold(shop, EFFECT)
    here.hold(shop, MARK_OR_SEAL)
    here.return_from(here.move(shop, "green"))
    return BLUE


def sender_killed(here: Field, shop: Shop) -> Selector:
    """The process that has sent it is killed, and the worker goes on."""
    switch = here.click_and_hold(shop)
    here.kill_web()
    assert here.end_of(switch) == "succeeded"
    here.return_from(switch)
    return BLUE


CASES: Sequence[Callable[[Field, Shop], Selector]] = (
    sent_anew, turned_around, edited, made_anew, on_the_way_back, mark, seal, sender_killed,
)  # fmt: skip


def run(*, late_seconds: float = LATE_SECONDS, tell: Callable[[str], None] = print) -> list[Line]:
    """This will let each case happen, wait for what is late in it, and judge what came of it."""
    with (
        tempfile.TemporaryDirectory(prefix="clusterview-late-") as folder,
        running.shop(folder=Path(folder)) as lab,
        many(lab=lab, prefix="late") as more,
        ApiProxy(lab=lab, seed=2) as wire,
    ):
        shops = more(len(CASES))
        way = wire.kubeconfig(user=running.USER)
        with running.installation(lab, folder=Path(folder), kubeconfig=way, namespace=shops[0].namespace) as (dashboard, rest):
            here = Field(lab=lab, wire=wire, dashboard=dashboard, rest=rest, late_seconds=late_seconds)
            return _lines(here, shops, dashboard=dashboard, tell=tell)


def _lines(here: Field, shops: Sequence[Shop], *, dashboard: Dashboard, tell: Callable[[str], None]) -> list[Line]:
    began, decided, problems = datetime.now(UTC), dict[Shop, Selector](), list[str]()
    for case, shop in zip(CASES, shops, strict=True):
        before = len(here.held)
        decided[shop] = case(here, shop)
        held = [one for one in here.held[before:] if one.met == 1 and not any(orphan.done() for orphan in one.orphans)]
        if held != here.held[before:]:
            problems.append(f"{case.__name__}: what was to be late had not been sent, or was not late")
        tell(f"{case.__name__}: decided as {decided[shop]}")
    orphans = [orphan for one in here.held for orphan in one.orphans]
    while not all(orphan.done() for orphan in orphans):
        time.sleep(1)
    codes = [orphan.result() for orphan in orphans]
    now = {shop: here.lab.get(shop.path)["spec"]["selector"] for shop in shops}
    problems += [f"{shop}: {now[shop]} instead of {decided[shop]}" for shop in shops if now[shop] != decided[shop]]
    problems += judging.problems(judged.record(dashboard=dashboard, lab=here.lab, since=began))
    for problem in problems:
        tell(problem)
    dashboard.manage("audit", "verify")
    refused = [code for code in codes if code in REFUSED]
    return [
        Line("patches that arrived late", len(codes), ""),
        Line("of them refused by the API server", len(refused), "", goal="all", met=len(refused) == len(here.held)),
        Line("problems", len(problems), "", goal="0", met=not problems),
    ]
