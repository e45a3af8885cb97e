"""A database that was restored from an older copy while switches ran: the cluster is ahead of it, and nothing is done as if it were not (F63).

Each test has a database of its own in a file, on which another process works. A copy is taken, something happens, and the copy is put back.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clusterview.access import auditing
from clusterview.models import AuditEntry, Cluster, Switch
from clusterview.traffic import engine, requesting, resizing, restoring
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.traffic import clerking
from tests.traffic.executor import Clerk, Place
from tests.traffic.shops import TICKED, Shop, many

pytestmark = pytest.mark.lab


class Desk:
    """A database in a file, and a clerk who works on it; a copy is put back while nobody has it open."""

    def __init__(self, place: Place) -> None:
        self._place, self._clerk = place, Clerk(place)
        self._clerk.ask(clerking.found)

    def ask(self, work: Callable[..., object], *given: object) -> object:
        return self._clerk.ask(work, *given)

    def copy(self) -> Path:
        """As `sqlite3 .backup` does it, while the database is in use."""
        to = self._place.folder / "copy.sqlite3"
        with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(to)) as target:
            source.backup(target)
        return to

    def put_back(self, copy: Path) -> None:
        self._clerk.end()
        for one in self._place.folder.glob(f"{self._file.name}*"):
            one.unlink()
        shutil.copy(copy, self._file)
        self._clerk = Clerk(self._place)

    def end(self) -> None:
        self._clerk.end()

    @property
    def _file(self) -> Path:
        return self._place.folder / "clusterview.sqlite3"


@pytest.fixture
def desk(lab_shop: Lab, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig))
    yield found
    found.end()


@pytest.fixture
def shop(lab_shop: Lab) -> Iterator[Shop]:
    with many(lab=lab_shop, prefix="restored") as more:
        yield more(1)[0]


# What the clerk does


def switch(shop: Shop) -> str:
    """Olga clicks, and the switch is carried out to its end; returns its state, or the code of the refusal."""
    try:
        row = requesting.request_switch(
            person=clerking.OLGA, cluster="lab", namespace=shop.namespace, service=shop.service, to="green", accept=TICKED
        )  # fmt: skip
    except Refused as refused:
        return refused.code
    row.refresh_from_db()
    return row.state


def accept_only(shop: Shop) -> str:
    """Olga clicks, and the process that heard it stands still at once."""
    carry_out, requesting.carry_out = requesting.carry_out, lambda *_, **__: None
    needs_mark, engine.needs_mark = engine.needs_mark, lambda _: True
    try:
        return switch(shop)
    finally:
        requesting.carry_out, engine.needs_mark = carry_out, needs_mark


def move_only(shop: Shop) -> str:
    """Olga clicks, and whoever carries it out ends once the traffic has moved; returns its state."""
    accept_only(shop)
    verify = engine.STEPS[State.VERIFYING]

    def leave(*_: object) -> None:
        raise engine.Later("this process ends")

    engine.STEPS[State.VERIFYING] = leave
    try:
        return finish()
    finally:
        engine.STEPS[State.VERIFYING] = verify


def go_back() -> None:
    """Olga takes the last switch back: while it is open it turns around, and somebody finishes it."""
    row = Switch.objects.latest("requested_at")
    requesting.request_back(switch=row, person=clerking.OLGA)
    if row.open:
        finish()


def finish() -> str:
    """Whoever is free takes up the open switch; returns its state and reason."""
    row = Switch.objects.get()
    Switch.objects.filter(pk=row.pk).update(lease_until=None, holder="", look_again_at=None)
    engine.advance(switch_id=row.pk)
    row.refresh_from_db()
    return f"{row.state} {row.reason}".strip()


def scan() -> None:
    restoring.scan()


def situation() -> tuple[bool, bool, list[str], list[str]]:
    """Whether the cluster is armed and frozen, what the audit says is wrong, and the objects of the lost marks."""
    cluster = Cluster.objects.get()
    return cluster.armed, cluster.frozen_at is not None, auditing.verify(), sorted(cluster.lost_marks.values())


def arm() -> None:
    requesting.arm(cluster="lab", actor="ada", looked=Cluster.objects.get().lost_marks)


def warm_up(shop: Shop) -> str:
    try:
        resizing.warm_up(person=clerking.OLGA, cluster="lab", namespace=shop.namespace, service=shop.service, to="green")
    except Refused as refused:
        return refused.code
    return ""


def lines() -> int:
    return AuditEntry.objects.count()


# What is promised


def version(lab: Lab, shop: Shop) -> str:
    return str(lab.get(shop.path)["metadata"]["resourceVersion"])


def expect_frozen(desk: Desk, shop: Shop) -> None:
    armed, frozen, wrong, objects = desk.ask(situation)  # type: ignore[misc]
    assert (armed, frozen, objects) == (False, True, [f"Service {shop}"])
    assert len(wrong) == 1 and "are missing: the database was restored from an older copy" in wrong[0]


def test_a_click_on_a_service_that_the_database_knows_too_little_of_freezes_the_cluster(desk: Desk, shop: Shop, lab_shop: Lab) -> None:
    copy = desk.copy()
    assert desk.ask(switch, shop) == State.SUCCEEDED
    desk.put_back(copy)
    before = version(lab_shop, shop)
    assert desk.ask(switch, shop) == "frozen"
    assert version(lab_shop, shop) == before
    expect_frozen(desk, shop)
    assert desk.ask(switch, shop) == desk.ask(warm_up, shop) == "frozen"


def test_it_is_found_without_a_click_and_told_once(desk: Desk, shop: Shop, lab_shop: Lab) -> None:
    copy = desk.copy()
    assert desk.ask(switch, shop) == State.SUCCEEDED
    desk.put_back(copy)
    desk.ask(scan)
    expect_frozen(desk, shop)
    told = desk.ask(lines)
    desk.ask(scan)
    assert desk.ask(lines) == told


@pytest.mark.parametrize("is_scanned", [False, True], ids=["taken up at once", "scanned before"])
def test_a_switch_that_ended_after_the_copy_is_not_told_another_end_and_not_done_again(
    is_scanned: bool, desk: Desk, shop: Shop, lab_shop: Lab
) -> None:
    desk.ask(accept_only, shop)
    copy = desk.copy()
    assert desk.ask(finish) == State.SUCCEEDED
    desk.put_back(copy)
    before = version(lab_shop, shop)
    if is_scanned:
        desk.ask(scan)
    assert desk.ask(finish) == f"{State.NEEDS_HUMAN} restored"
    assert version(lab_shop, shop) == before
    expect_frozen(desk, shop)


@pytest.mark.parametrize("steps", [["turned back"], ["finished", "back"], ["finished", "back", "switched again"]], ids=" and ".join)
def test_a_switch_whose_endpoints_were_watched_is_not_told_another_end_either(steps: list[str], desk: Desk, shop: Shop, lab_shop: Lab) -> None:
    """That it had succeeded, or that somebody else had changed the selector: whatever the Service shows was done after the copy."""
    assert desk.ask(move_only, shop) == State.VERIFYING
    copy = desk.copy()
    for step in steps:
        if step == "switched again":
            assert desk.ask(switch, shop) == State.SUCCEEDED
        else:
            desk.ask(finish if step == "finished" else go_back)
    desk.put_back(copy)
    before = version(lab_shop, shop)
    assert desk.ask(finish) == f"{State.NEEDS_HUMAN} restored"
    assert version(lab_shop, shop) == before
    expect_frozen(desk, shop)


def test_whoever_has_looked_arms_the_cluster_again_and_the_gap_stays_told(desk: Desk, shop: Shop, lab_shop: Lab) -> None:
    copy = desk.copy()
    assert desk.ask(switch, shop) == State.SUCCEEDED
    desk.put_back(copy)
    desk.ask(scan)
    desk.ask(arm)
    lab_shop.patch(shop.path, {"spec": {"selector": {"app": "shop", "slot": "blue"}}})
    assert desk.ask(switch, shop) == State.SUCCEEDED
    armed, frozen, wrong, _ = desk.ask(situation)  # type: ignore[misc]
    assert (armed, frozen, len(wrong)) == (True, False, 1)


def test_marks_of_another_installation_and_of_nobody_freeze_nothing(desk: Desk, shop: Shop, lab_shop: Lab) -> None:
    for mark in ("00000000-0000-4000-8000-000000000000:1", "by hand"):
        lab_shop.patch(shop.path, {"metadata": {"annotations": {"clusterview.io/op": mark}}})
        desk.ask(scan)
        assert desk.ask(situation)[:2] == (True, False)  # type: ignore[index]
    assert desk.ask(switch, shop) == State.SUCCEEDED
    desk.ask(scan)
    assert desk.ask(situation) == (True, False, [], [])
